//! Changing hue, saturation and value of whole pictures, on bytes, hue being 0 to 179.

use rand::{Rng, RngExt as _};

use super::augment::Augment;
use super::pixels::Pixels;

/// What a change of colour does to each byte of hue, saturation and value.
pub struct Tables {
    hue: [u8; 256],
    saturation: [u8; 256],
    value: [u8; 256],
}

impl Tables {
    /// Draws a change; none where all gains are zero.
    pub fn new(augment: &Augment, rng: &mut impl Rng) -> Option<Self> {
        let gains = [augment.hsv_h, augment.hsv_s, augment.hsv_v];
        (gains != [0.0; 3]).then(|| Self::with(gains.map(|gain| factor(gain, rng))))
    }

    /// For given factors of hue, saturation and value.
    pub fn with([hue, saturation, value]: [f64; 3]) -> Self {
        let scaled =
            |factor: f64| std::array::from_fn(|x: usize| (x as f64 * factor).clamp(0.0, 255.0) as u8);
        Self {
            hue: std::array::from_fn(|x| (x as f64 * hue).rem_euclid(180.0) as u8),
            saturation: scaled(saturation),
            value: scaled(value),
        }
    }

    pub fn apply(&self, pixels: &mut Pixels) {
        for pixel in pixels.rgb.chunks_exact_mut(3) {
            let [h, s, v] = to_hsv([pixel[0], pixel[1], pixel[2]]);
            let changed = [self.hue[h as usize], self.saturation[s as usize], self.value[v as usize]];
            let [r, g, b] = to_rgb(changed);
            (pixel[0], pixel[1], pixel[2]) = (r, g, b);
        }
    }
}

/// Uniform between `1 - gain` and `1 + gain`.
fn factor(gain: f64, rng: &mut impl Rng) -> f64 {
    1.0 + rng.random_range(-1.0_f64..1.0) * gain
}

/// Divisions by value and by spread, as multiplications with 12 bits after the point.
struct Reciprocals {
    saturation: [i32; 256],
    hue: [i32; 256],
}

static RECIPROCALS: Reciprocals = reciprocals();

const fn reciprocals() -> Reciprocals {
    let mut table = Reciprocals { saturation: [0; 256], hue: [0; 256] };
    let mut i = 1;
    while i < 256 {
        let n = i as i32;
        // Rounded: (2·a + b) / 2b.
        table.saturation[i] = (2 * (255 << 12) + n) / (2 * n);
        table.hue[i] = (2 * (180 << 12) + 6 * n) / (12 * n);
        i += 1;
    }
    table
}

pub fn to_hsv([r, g, b]: [u8; 3]) -> [u8; 3] {
    let [r, g, b] = [r, g, b].map(i32::from);
    let value = r.max(g).max(b);
    let spread = value - r.min(g).min(b);
    let saturation = (spread * RECIPROCALS.saturation[value as usize] + (1 << 11)) >> 12;
    let (difference, third) = if value == r {
        (g - b, 0)
    } else if value == g {
        (b - r, 2)
    } else {
        (r - g, 4)
    };
    let sixth = difference + third * spread;
    let hue = (sixth * RECIPROCALS.hue[spread as usize] + (1 << 11)) >> 12;
    let hue = if hue < 0 { hue + 180 } else { hue };
    [hue as u8, saturation as u8, value as u8]
}

/// Sixths of the circle are 30 apart, so this is a common denominator of all products.
const WHOLE: i32 = 255 * 30;

pub fn to_rgb([h, s, v]: [u8; 3]) -> [u8; 3] {
    let Hue { part, shifts } = HUES[h as usize];
    let (s, value) = (i32::from(s), i32::from(v));
    let dimmed = |by: i32| ((value * (WHOLE - by) + WHOLE / 2) / WHOLE) as u32;
    let all = u32::from(v) | dimmed(s * 30) << LOW | dimmed(s * i32::from(part)) << BETWEEN;
    shifts.map(|by| (all >> by) as u8)
}

/// What a hue makes of a value: the largest of the three colours is it, the smallest lacks all of the saturation, the one between them a
/// part of it. A table, since what is chosen by chance for each pixel is no good for a processor to guess.
#[derive(Clone, Copy)]
struct Hue {
    /// In 30ths.
    part: u8,
    /// Where red, green and blue are to be found among the three: bits.
    shifts: [u8; 3],
}

const TOP: u8 = 0;
const LOW: u8 = 8;
const BETWEEN: u8 = 16;

static HUES: [Hue; 256] = hues();

const fn hues() -> [Hue; 256] {
    const ORDERS: [[u8; 3]; 6] = [
        [TOP, BETWEEN, LOW],
        [BETWEEN, TOP, LOW],
        [LOW, TOP, BETWEEN],
        [LOW, BETWEEN, TOP],
        [BETWEEN, LOW, TOP],
        [TOP, LOW, BETWEEN],
    ];
    let mut hues = [Hue { part: 0, shifts: [0; 3] }; 256];
    let mut h = 0;
    while h < 256 {
        let (sector, part) = (h / 30 % 6, (h % 30) as u8);
        // In each second sixth it falls from the top, in the others it rises to it.
        let part = if sector % 2 == 0 { 30 - part } else { part };
        hues[h] = Hue { part, shifts: ORDERS[sector] };
        h += 1;
    }
    hues
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn fixture_9_hsv() {
        let tables = Tables::with([1.01, 0.7, 1.3]);
        for (x, expected) in
            [(10, [10, 7, 13]), (179, [0, 125, 232]), (200, [22, 140, 255]), (255, [77, 178, 255])]
        {
            assert_eq!([tables.hue[x], tables.saturation[x], tables.value[x]], expected);
        }
        let sum = |table: &[u8; 256]| table.iter().map(|v| u32::from(*v)).sum::<u32>();
        assert_eq!([sum(&tables.hue), sum(&tables.saturation), sum(&tables.value)], [18992, 22730, 40054]);
        assert_eq!(to_hsv([90, 200, 10]), [47, 242, 200]);
        let mut pixels = Pixels { width: 1, height: 1, rgb: vec![90, 200, 10] };
        tables.apply(&mut pixels);
        assert_eq!(pixels.rgb, [159, 255, 86]);
    }

    #[test]
    fn factors_are_spread_evenly_over_what_the_gain_allows() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let (gain, count) = (0.4, 10_000);
        let mut quarters = [0; 4];
        for _ in 0..count {
            let part = (factor(gain, &mut rng) - (1.0 - gain)) / (2.0 * gain);
            quarters[(part * 4.0) as usize] += 1;
        }
        // 2,500 each; five standard deviations are 217.
        assert!(quarters.iter().all(|n: &i32| n.abs_diff(count / 4) < 217), "{quarters:?}");
    }

    #[test]
    fn colours_survive_the_way_there_and_back() {
        for r in (0..=255).step_by(15) {
            for g in (0..=255).step_by(15) {
                for b in (0..=255).step_by(15) {
                    let rgb = [r, g, b].map(|v| v as u8);
                    let back = to_rgb(to_hsv(rgb));
                    let off = rgb.iter().zip(back).map(|(a, b)| a.abs_diff(b)).max().unwrap();
                    // Hue in steps of two degrees costs up to a 60th of the spread.
                    assert!(off <= 5, "{rgb:?} came back as {back:?}");
                }
            }
        }
    }
}
