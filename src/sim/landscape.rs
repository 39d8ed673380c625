//! What a candidate is worth in the simulation.
//!
//! Every parameter has an optimum `o` (0.15 to 0.85 of its range) and a weight `w`, both from its name; `u` is the
//! value's position in YOLOv5's range (yolov3's where there is a `giou`), or for another name `0.5 + atan(x) / pi`. With
//! the weighted mean square distance `S = sum w (u - o)^2 / sum w` the trained value is
//!
//! ```text
//! mAP_0.5:0.95 = 0.95 exp(-6 S) + noise N(0,1)        mAP_0.5 = mAP_0.5:0.95 ^ 0.6
//! ```
//!
//! cut to 0..1. After epoch e of E it is `(1 - exp(-r e/E)) / (1 - exp(-r))` of that, with `r = 2 + 4 u(lr0)`: a
//! higher learning rate is quicker, so curves cross. Noise is drawn anew for every epoch from trial seed and values.

use std::sync::OnceLock;

use indexmap::IndexMap;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::StandardNormal;

use crate::hash::fnv1a;
use crate::space::{Range, Scalar, builtin, read_ranges};
use crate::trial::{Metrics, YOLO_METRICS};

/// Weights of the parameters that matter most; any other weighs 0.02 to 0.1.
const WEIGHTS: [(&str, f64); 8] = [
    ("lr0", 1.0),
    ("momentum", 0.7),
    ("weight_decay", 0.5),
    ("cls", 0.4),
    ("mosaic", 0.3),
    ("box", 0.25),
    ("scale", 0.2),
    ("lrf", 0.15),
];

/// One training, known before it begins.
#[derive(Debug, Clone)]
pub struct Landscape {
    map: f64,
    rate: f64,
    noise: f64,
    rng: ChaCha8Rng,
}

impl Landscape {
    /// The training of these values under this trial seed.
    pub fn new(hyp: &IndexMap<String, Scalar>, seed: u64, noise: f64) -> Self {
        let (mut sum, mut total, mut hash) =
            (0.0, 0.0, fnv1a(b"evotop") ^ seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let ranges = ranges(hyp);
        for (name, value) in hyp {
            let Some(x) = value.number() else { continue };
            let w = weight(name);
            sum += w * (position(ranges, name, x) - optimum(name)).powi(2);
            total += w;
            hash = hash.rotate_left(7) ^ fnv1a(name.as_bytes()) ^ x.to_bits();
        }
        let distance = if total > 0.0 { sum / total } else { 0.0 };
        let lr = hyp.get("lr0").and_then(Scalar::number).map_or(0.3, |x| position(ranges, "lr0", x));
        Self {
            map: 0.95 * (-6.0 * distance).exp(),
            rate: 2.0 + 4.0 * lr,
            noise,
            rng: ChaCha8Rng::seed_from_u64(hash),
        }
    }

    /// A draw in 0..1 that belongs to this training, for what happens on request.
    pub fn chance(&mut self) -> f64 {
        self.rng.random()
    }

    /// The metrics after epoch `epoch` of `epochs`, counted from 1.
    pub fn after(&mut self, epoch: u32, epochs: u32) -> Metrics {
        let noise: f64 = self.rng.sample(StandardNormal);
        let map = (self.map * self.trained(f64::from(epoch), epochs) + self.noise * noise).clamp(0.0, 1.0);
        let losses = self.losses(f64::from(epoch), epochs);
        let values = [map.powf(0.4), map.powf(0.7), map.powf(0.6), map, losses[0], losses[1], losses[2]];
        YOLO_METRICS.into_iter().zip(values).collect()
    }

    /// Box, objectness and class loss after so many epochs.
    pub fn losses(&self, epochs_done: f64, epochs: u32) -> [f64; 3] {
        let left = 1.0 - self.map * self.trained(epochs_done, epochs);
        [0.02 + 0.08 * left, 0.01 + 0.05 * left, 0.005 + 0.06 * left]
    }

    fn trained(&self, epochs_done: f64, epochs: u32) -> f64 {
        let part = epochs_done / f64::from(epochs.max(1));
        (1.0 - (-self.rate * part).exp()) / (1.0 - (-self.rate).exp())
    }
}

/// Where a parameter is best, as a part of its range.
pub fn optimum(name: &str) -> f64 {
    0.15 + 0.7 * part(fnv1a(name.as_bytes()))
}

/// How much a parameter matters.
pub fn weight(name: &str) -> f64 {
    let known = WEIGHTS.iter().find(|(known, _)| *known == name).map(|(_, w)| *w);
    known.unwrap_or_else(|| 0.02 + 0.08 * part(fnv1a(name.as_bytes()).rotate_left(32)))
}

/// The ranges that these hyperparameters have.
fn ranges(hyp: &IndexMap<String, Scalar>) -> &'static [Range] {
    static YOLOV5: OnceLock<Vec<Range>> = OnceLock::new();
    static YOLOV3: OnceLock<Vec<Range>> = OnceLock::new();
    let (ranges, name) = if hyp.contains_key("giou") { (&YOLOV3, "yolov3") } else { (&YOLOV5, "yolov5") };
    ranges
        .get_or_init(|| builtin::space(name).and_then(|source| read_ranges(&source).ok()).unwrap_or_default())
}

fn position(ranges: &[Range], name: &str, x: f64) -> f64 {
    match ranges.iter().find(|range| range.name == name) {
        Some(range) => (x - range.low) / (range.high - range.low),
        None => 0.5 + x.atan() / std::f64::consts::PI,
    }
}

/// A hash as a number in 0..1.
fn part(hash: u64) -> f64 {
    (hash.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 11) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hyp(lr0: f64) -> IndexMap<String, Scalar> {
        [("lr0".to_owned(), Scalar::Float(lr0)), ("momentum".to_owned(), Scalar::Float(0.9))]
            .into_iter()
            .collect()
    }

    #[test]
    fn the_same_training_gives_the_same_metrics_and_another_seed_others() {
        let run = |seed, noise| Landscape::new(&hyp(0.01), seed, noise).after(3, 3);
        assert_eq!(run(0, 0.1), run(0, 0.1));
        assert_ne!(run(0, 0.1), run(1, 0.1));
        assert_eq!(run(0, 0.0), run(1, 0.0));
    }

    #[test]
    fn the_start_values_of_yolov3_stand_in_their_own_ranges() {
        let hyp = serde_yaml::from_str(&builtin::hyp("yolov3-2020-01").unwrap().text).unwrap();
        assert!(Landscape::new(&hyp, 0, 0.0).after(1, 1).get("metrics/mAP_0.5").unwrap() > 0.1);
    }

    #[test]
    fn nearer_to_the_optimum_is_fitter_and_later_epochs_are_better() {
        let map = |lr0: f64, epoch| {
            Landscape::new(&hyp(lr0), 0, 0.0).after(epoch, 3).get("metrics/mAP_0.5:0.95").unwrap()
        };
        let best = 1e-5 + optimum("lr0") * (0.1 - 1e-5);
        assert!(map(best, 3) > map(best * 0.5, 3));
        assert!(map(best, 1) < map(best, 2) && map(best, 2) < map(best, 3));
    }
}
