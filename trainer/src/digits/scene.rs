//! One picture: a textured background with a few digits of varying size and colour, none over another.

use rand::{Rng, RngExt as _};

use crate::data::{Label, Pixels};

use super::source::{Digit, SIDE};

/// Side of a scene in pixels.
pub const SCENE: usize = 160;
/// Heights of digits in pixels. With smaller ones a training from nothing is still learning to tell them apart when 40 epochs are
/// over, and where it stands then is the seed's chance.
const HEIGHTS: std::ops::RangeInclusive<usize> = 32..=72;
/// How much brighter or darker than what lies under it a digit is, of 255.
const CONTRAST: f32 = 100.0;
/// Ink from here on counts as part of the digit.
const VISIBLE: f32 = 0.5;

/// A picture and what is to be seen on it.
pub struct Scene {
    pub pixels: Pixels,
    pub labels: Vec<Label>,
}

/// Composes a scene of two to five of the given digits.
pub fn compose(digits: &[Digit], rng: &mut impl Rng) -> Scene {
    let mut pixels = background(rng);
    let count = rng.random_range(2..=5);
    let mut taken: Vec<Area> = Vec::new();
    let mut labels = Vec::new();
    // Enough tries that the wanted number is nearly always reached; two small ones find room in any case.
    for _ in 0..200 {
        if labels.len() == count || digits.is_empty() {
            break;
        }
        let digit = &digits[rng.random_range(0..digits.len())];
        let stamp = Stamp::new(digit, rng);
        let Some(spot) = stamp.spot(rng).filter(|spot| taken.iter().all(|area| !spot.meets(area))) else {
            continue;
        };
        let colour = colour(&pixels, &spot, rng);
        if let Some(label) = stamp.draw(&mut pixels, &spot, digit.class, colour) {
            labels.push(label);
            taken.push(spot);
        }
    }
    Scene { pixels, labels }
}

/// A rectangle in pixels.
#[derive(Clone, Copy)]
struct Area {
    left: usize,
    top: usize,
    width: usize,
    height: usize,
}

impl Area {
    /// Whether two areas overlap or nearly touch.
    fn meets(&self, other: &Self) -> bool {
        const GAP: usize = 2;
        self.left < other.left + other.width + GAP
            && other.left < self.left + self.width + GAP
            && self.top < other.top + other.height + GAP
            && other.top < self.top + self.height + GAP
    }
}

/// A digit at its final size, as cover from 0 to 1.
struct Stamp {
    width: usize,
    height: usize,
    cover: Vec<f32>,
}

impl Stamp {
    fn new(digit: &Digit, rng: &mut impl Rng) -> Self {
        let height = rng.random_range(HEIGHTS);
        let core = (height as f32 * rng.random_range(0.8_f32..1.15)) as usize;
        let slant: f32 = rng.random_range(-0.25..0.25);
        let lean = (slant.abs() * height as f32) as usize;
        let width = core + lean;
        let scale = SIDE as f32 / height as f32;
        let cover = (0..height)
            .flat_map(|y| (0..width).map(move |x| (x as f32 + 0.5, y as f32 + 0.5)))
            .map(|(x, y)| {
                let shift = slant * (height as f32 / 2.0 - y) + lean as f32 / 2.0;
                let u = (x - shift) * SIDE as f32 / core as f32 - 0.5;
                edge(between(&digit.ink, u, y * scale - 0.5))
            })
            .collect();
        Self { width, height, cover }
    }

    /// A place for it within the scene; none where it is too wide.
    fn spot(&self, rng: &mut impl Rng) -> Option<Area> {
        let (across, down) = (SCENE.checked_sub(self.width)?, SCENE.checked_sub(self.height)?);
        let (left, top) = (rng.random_range(0..=across), rng.random_range(0..=down));
        Some(Area { left, top, width: self.width, height: self.height })
    }

    /// Draws the digit and returns the box around what is visible of it.
    fn draw(&self, pixels: &mut Pixels, spot: &Area, class: u32, colour: [f32; 3]) -> Option<Label> {
        let (mut low, mut high) = ([usize::MAX; 2], [0_usize; 2]);
        for y in 0..self.height {
            let row = &mut pixels.row_mut(spot.top + y)[spot.left * 3..][..self.width * 3];
            let cover = &self.cover[y * self.width..][..self.width];
            for ((x, pixel), &cover) in row.chunks_exact_mut(3).enumerate().zip(cover) {
                for (value, wanted) in pixel.iter_mut().zip(colour) {
                    *value = (f32::from(*value) * (1.0 - cover) + wanted * cover) as u8;
                }
                if cover >= VISIBLE {
                    low = [low[0].min(x), low[1].min(y)];
                    high = [high[0].max(x + 1), high[1].max(y + 1)];
                }
            }
        }
        let whole = SCENE as f32;
        (high[0] > 0).then(|| Label {
            class,
            x: (spot.left as f32 + (low[0] + high[0]) as f32 / 2.0) / whole,
            y: (spot.top as f32 + (low[1] + high[1]) as f32 / 2.0) / whole,
            w: (high[0] - low[0]) as f32 / whole,
            h: (high[1] - low[1]) as f32 / whole,
        })
    }
}

/// Ink between the source's pixels; outside there is none.
fn between(ink: &[[f32; SIDE]; SIDE], u: f32, v: f32) -> f32 {
    let at = |x: i32, y: i32| {
        let inside = (0..SIDE as i32).contains(&x) && (0..SIDE as i32).contains(&y);
        if inside { ink[y as usize][x as usize] } else { 0.0 }
    };
    let (x, y) = (u.floor(), v.floor());
    let (fx, fy) = (u - x, v - y);
    let (x, y) = (x as i32, y as i32);
    let upper = at(x, y) * (1.0 - fx) + at(x + 1, y) * fx;
    let lower = at(x, y + 1) * (1.0 - fx) + at(x + 1, y + 1) * fx;
    upper * (1.0 - fy) + lower * fy
}

/// Soft ink to a stroke with an edge.
fn edge(ink: f32) -> f32 {
    let t = ((ink - 0.2) / 0.45).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// Three layers of smooth noise, coarse to fine, and a grain, around a colour.
fn background(rng: &mut impl Rng) -> Pixels {
    let base: [f32; 3] = std::array::from_fn(|_| rng.random_range(30.0..225.0));
    let layers = [(40, 22.5), (14, 12.5), (5, 7.0)]
        .map(|(cell, strength)| Noise::new(cell, strength * rng.random_range(0.3_f32..1.0), rng));
    let mut pixels = Pixels::grey(SCENE, SCENE);
    for y in 0..SCENE {
        for (x, pixel) in pixels.row_mut(y).chunks_exact_mut(3).enumerate() {
            let grain: f32 = rng.random_range(-5.0..5.0);
            for (channel, value) in pixel.iter_mut().enumerate() {
                let texture: f32 = layers.iter().map(|noise| noise.at(x, y, channel)).sum();
                *value = (base[channel] + texture + grain).clamp(0.0, 255.0) as u8;
            }
        }
    }
    pixels
}

/// Random values on a grid, smooth between.
struct Noise {
    cell: usize,
    across: usize,
    values: Vec<[f32; 3]>,
}

impl Noise {
    fn new(cell: usize, strength: f32, rng: &mut impl Rng) -> Self {
        let across = SCENE / cell + 2;
        let values = (0..across * across)
            .map(|_| {
                let common: f32 = rng.random_range(-1.0..1.0);
                std::array::from_fn(|_| (common + rng.random_range(-0.4_f32..0.4)) * strength)
            })
            .collect();
        Self { cell, across, values }
    }

    fn at(&self, x: usize, y: usize, channel: usize) -> f32 {
        let part = |v: usize| {
            let t = (v % self.cell) as f32 / self.cell as f32;
            t * t * (3.0 - 2.0 * t)
        };
        let (fx, fy, first) = (part(x), part(y), y / self.cell * self.across + x / self.cell);
        let value = |offset: usize| self.values[first + offset][channel];
        let upper = value(0) * (1.0 - fx) + value(1) * fx;
        let lower = value(self.across) * (1.0 - fx) + value(self.across + 1) * fx;
        upper * (1.0 - fy) + lower * fy
    }
}

/// A colour that stands out from what lies under it.
fn colour(pixels: &Pixels, spot: &Area, rng: &mut impl Rng) -> [f32; 3] {
    let brightness = |rgb: [f32; 3]| 0.3 * rgb[0] + 0.6 * rgb[1] + 0.1 * rgb[2];
    let mut sum = [0.0_f32; 3];
    for y in spot.top..spot.top + spot.height {
        for pixel in pixels.row(y)[spot.left * 3..][..spot.width * 3].chunks_exact(3) {
            for (sum, value) in sum.iter_mut().zip(pixel) {
                *sum += f32::from(*value);
            }
        }
    }
    let under = brightness(sum.map(|v| v / (spot.width * spot.height) as f32));
    for _ in 0..20 {
        let drawn = std::array::from_fn(|_| rng.random_range(0.0_f32..255.0));
        if (brightness(drawn) - under).abs() > CONTRAST {
            return drawn;
        }
    }
    if under > 127.0 { [0.0; 3] } else { [255.0; 3] }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::super::source::digits;
    use super::*;
    use crate::data::Split;

    #[test]
    fn scenes_hold_two_to_five_visible_digits_that_do_not_overlap() {
        let digits = digits(Split::Train).unwrap();
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
        let mut counts = [0; 6];
        for _ in 0..50 {
            let scene = compose(&digits, &mut rng);
            counts[scene.labels.len()] += 1;
            for (i, a) in scene.labels.iter().enumerate() {
                assert!(
                    a.w > 0.02 && a.h > 0.08 && a.x + a.w / 2.0 <= 1.0 && a.y - a.h / 2.0 >= 0.0,
                    "{a:?}"
                );
                for b in &scene.labels[..i] {
                    let apart = (a.x - b.x).abs() * 2.0 > a.w + b.w || (a.y - b.y).abs() * 2.0 > a.h + b.h;
                    assert!(apart, "{a:?} {b:?}");
                }
            }
        }
        assert_eq!(counts[..2], [0, 0]);
        assert!(counts[2..].iter().all(|count| *count > 0), "{counts:?}");
    }
}
