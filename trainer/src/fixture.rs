//! What the spec's fixtures are computed from (tests only): numbers made of names and places.

use tch::{Kind, Tensor};

use crate::assign::{Target, targets};
use crate::model::{Model, Role};

/// The targets of fixture 4.
pub fn scene() -> Vec<Target> {
    targets(&[
        0., 0., 0.5, 0.5, 0.3, 0.4, //
        0., 1., 0.26, 0.71, 0.15, 0.2, //
        1., 2., 0.98, 0.03, 0.04, 0.06, //
        1., 1., 0.4, 0.6, 0.9, 0.8,
    ])
}

/// A number in 0..1 made of its place, by the splitmix64 mixer.
pub fn unit(k: u64) -> f64 {
    let mut z = k.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^= z >> 31;
    (z >> 11) as f64 / 9_007_199_254_740_992.0
}

/// The number that a tensor's name stands for.
fn seed(name: &str) -> u64 {
    name.bytes().enumerate().map(|(i, b)| (i as u64 + 1) * u64::from(b)).sum()
}

/// Gives every tensor the numbers its name stands for.
pub fn fill(model: &mut Model) {
    let entries: Vec<(String, Role, Vec<i64>)> = model
        .arena()
        .entries()
        .iter()
        .map(|entry| (entry.name.clone(), entry.role, entry.view.size()))
        .filter(|(name, ..)| !name.contains("anchors"))
        .collect();
    for (name, role, shape) in entries {
        let seed = seed(&name);
        let count: i64 = shape.iter().product();
        let fan_in: i64 = shape[1..].iter().product();
        let numbers: Vec<f32> = (0..count as u64)
            .map(|k| {
                let c = 2.0 * unit(k.wrapping_add(1_000_003 * seed)) - 1.0;
                (match role {
                    Role::Weight => c * (6.0 / fan_in as f64).sqrt(),
                    Role::NormWeight => 1.0 + 0.1 * c,
                    Role::Buffer if name.ends_with("running_var") => 1.0 + 0.2 * c,
                    Role::Bias | Role::Buffer => 0.1 * c,
                }) as f32
            })
            .collect();
        assert!(model.load_entry(&name, &Tensor::from_slice(&numbers).view(shape.as_slice())), "{name}");
    }
}

/// `0.5 + 0.5 sin(0.01 k)`, `[n, 3, h, w]`.
pub fn input(n: i64, h: i64, w: i64) -> Tensor {
    let numbers: Vec<f32> =
        (0..n * 3 * h * w).map(|k| (0.5 + 0.5 * (0.01 * k as f64).sin()) as f32).collect();
    Tensor::from_slice(&numbers).view([n, 3, h, w])
}

/// Each number within this relative distance of what is expected.
pub fn close(got: &Tensor, expected: &[f64], tolerance: f64) {
    let got: Vec<f64> = Vec::try_from(got.to_kind(Kind::Double).reshape([-1])).unwrap();
    near(&got, expected, tolerance);
}

/// As [`close`], for plain numbers.
pub fn near(got: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(got.len(), expected.len());
    for (i, (a, b)) in got.iter().zip(expected).enumerate() {
        assert!((a - b).abs() <= tolerance * b.abs().max(1e-3), "number {i}: {a}, not {b}");
    }
}

#[test]
fn fixture_2_a_name_stands_for_the_number_of_the_spec() {
    assert_eq!(seed("model.0.conv.weight"), 18_468);
}

#[test]
fn fixture_2_the_mixer_is_the_one_of_the_spec() {
    near(&[unit(0), unit(1), unit(2)], &[0.883_310_808, 0.431_527_997, 0.026_433_772], 2e-8);
}
