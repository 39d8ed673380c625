//! Scaling pictures: bilinear in fixed point (11 bits, pixel centres aligned) and area averaging.

use super::pixels::Pixels;

/// How a picture is scaled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Interpolation {
    Bilinear,
    Area,
}

/// Width and height at which a picture of native `width` x `height` is loaded for the size `img`: the long side becomes `img`, and
/// both are cut to whole pixels with the float error that the original has.
pub fn load_size(width: usize, height: usize, img: usize) -> (usize, usize) {
    let ratio = img as f64 / width.max(height) as f64;
    if width.max(height) == img {
        return (width, height);
    }
    (((width as f64 * ratio) as usize).max(1), ((height as f64 * ratio) as usize).max(1))
}

pub fn resize(from: &Pixels, width: usize, height: usize, how: Interpolation) -> Pixels {
    if (from.width, from.height) == (width, height) {
        return from.clone();
    }
    match how {
        // Area averaging is for shrinking; along an axis that grows there is nothing to average.
        Interpolation::Area if width <= from.width && height <= from.height => area(from, width, height),
        _ => bilinear(from, width, height),
    }
}

const BITS: u32 = 11;
const ONE: f32 = (1 << BITS) as f32;

/// Per output pixel of one axis: the two source pixels and their weights.
struct Tap {
    low: usize,
    high: usize,
    low_weight: i32,
    high_weight: i32,
}

fn taps(from: usize, to: usize) -> Vec<Tap> {
    let scale = from as f64 / to as f64;
    (0..to)
        .map(|i| {
            let place = ((i as f64 + 0.5) * scale - 0.5) as f32;
            let floor = place.floor();
            let (mut low, mut part) = (floor as i64, place - floor);
            if low < 0 {
                (low, part) = (0, 0.0);
            }
            if low >= from as i64 - 1 {
                (low, part) = (from as i64 - 1, 0.0);
            }
            let low = low as usize;
            Tap {
                low,
                high: (low + 1).min(from - 1),
                low_weight: ((1.0 - part) * ONE).round_ties_even() as i32,
                high_weight: (part * ONE).round_ties_even() as i32,
            }
        })
        .collect()
}

fn bilinear(from: &Pixels, width: usize, height: usize) -> Pixels {
    let columns = taps(from.width, width);
    let mut out = Pixels { width, height, rgb: vec![0; width * height * 3] };
    // The two source rows scaled sideways last; going down, the lower one becomes the upper one.
    let mut rows = [(usize::MAX, vec![0_i32; width * 3]), (usize::MAX, vec![0_i32; width * 3])];
    for (y, tap) in taps(from.height, height).iter().enumerate() {
        if rows[0].0 != tap.low {
            rows.swap(0, 1);
        }
        for (row, wanted) in rows.iter_mut().zip([tap.low, tap.high]) {
            if row.0 != wanted {
                sideways(from.row(wanted), &columns, &mut row.1);
                row.0 = wanted;
            }
        }
        let (upper, lower) = (&rows[0].1, &rows[1].1);
        for ((out, a), b) in out.row_mut(y).iter_mut().zip(upper).zip(lower) {
            let sum = ((tap.low_weight * (a >> 4)) >> 16) + ((tap.high_weight * (b >> 4)) >> 16);
            *out = ((sum + 2) >> 2).clamp(0, 255) as u8;
        }
    }
    out
}

fn sideways(row: &[u8], columns: &[Tap], out: &mut [i32]) {
    for (out, tap) in out.chunks_exact_mut(3).zip(columns) {
        let (low, high) = (&row[tap.low * 3..][..3], &row[tap.high * 3..][..3]);
        for channel in 0..3 {
            out[channel] =
                i32::from(low[channel]) * tap.low_weight + i32::from(high[channel]) * tap.high_weight;
        }
    }
}

/// Per output pixel of one axis: the source pixels that it covers and the share of each.
fn covers(from: usize, to: usize) -> Vec<Vec<(usize, f32)>> {
    let scale = from as f64 / to as f64;
    (0..to)
        .map(|i| {
            let (start, end) = (i as f64 * scale, ((i + 1) as f64 * scale).min(from as f64));
            (start as usize..(end.ceil() as usize).min(from))
                .map(|source| {
                    let covered = end.min(source as f64 + 1.0) - start.max(source as f64);
                    (source, (covered / (end - start)) as f32)
                })
                .filter(|(_, share)| *share > 1e-6)
                .collect()
        })
        .collect()
}

fn area(from: &Pixels, width: usize, height: usize) -> Pixels {
    // As the original's library: just halved it rounds halves up, by any other factor to even.
    let is_halved = (from.width, from.height) == (2 * width, 2 * height);
    let rounded = |mean: f32| if is_halved { (mean + 0.5).floor() } else { mean.round_ties_even() };
    let columns = covers(from.width, width);
    let mut out = Pixels { width, height, rgb: vec![0; width * height * 3] };
    let mut sums = vec![0.0_f32; width * 3];
    for (y, rows) in covers(from.height, height).iter().enumerate() {
        sums.fill(0.0);
        for &(source, share) in rows {
            let row = from.row(source);
            for (sum, column) in sums.chunks_exact_mut(3).zip(&columns) {
                let mut part = [0.0_f32; 3];
                for &(x, share) in column {
                    for channel in 0..3 {
                        part[channel] += f32::from(row[x * 3 + channel]) * share;
                    }
                }
                for channel in 0..3 {
                    sum[channel] += part[channel] * share;
                }
            }
        }
        for (out, sum) in out.row_mut(y).iter_mut().zip(&sums) {
            *out = rounded(*sum).clamp(0.0, 255.0) as u8;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixture_6_shapes_loading() {
        assert_eq!(load_size(640, 427, 320), (320, 213));
        assert_eq!(load_size(500, 333, 640), (640, 426));
        for side in [77, 154, 303, 319, 638, 1077] {
            assert_eq!(load_size(side, side, 640), (639, 639), "{side}");
        }
        assert_eq!(load_size(640, 480, 640), (640, 480));
    }

    fn ramp(width: usize, height: usize) -> Pixels {
        let rgb = (0..height)
            .flat_map(|y| (0..width).flat_map(move |x| [x * 10, y * 10, (x + y) * 5]))
            .map(|v| v as u8)
            .collect();
        Pixels { width, height, rgb }
    }

    #[test]
    fn bilinear_doubling_aligns_pixel_centres() {
        let out = resize(&ramp(4, 4), 8, 8, Interpolation::Bilinear);
        // Quarter and three-quarter positions between 0, 10, 20, 30 (2.5 rounds to 2 or 3).
        let reds: Vec<u8> = (0..8).map(|x| out.row(0)[x * 3]).collect();
        assert_eq!(reds, [0, 3, 8, 13, 18, 23, 28, 30]);
    }

    #[test]
    fn area_shrinking_averages_what_is_covered() {
        let out = resize(&ramp(6, 6), 2, 2, Interpolation::Area);
        assert_eq!(out.row(0)[..3], [10, 10, 10]);
        assert_eq!(out.row(1)[3..6], [40, 40, 40]);
        // A share of 2/3 and 1/3: (0·2 + 10)/3 and (10 + 20·2)/3.
        let out = resize(&ramp(3, 3), 2, 2, Interpolation::Area);
        assert_eq!([out.row(0)[0], out.row(0)[3]], [3, 17]);
    }

    #[test]
    fn halves_are_rounded_as_the_originals_library_rounds_them() {
        let shrunk = |side: usize, white: usize| {
            let rgb = (0..side * side * 3).map(|i| u8::from(i / 3 < white)).collect();
            resize(&Pixels { width: side, height: side, rgb }, 1, 1, Interpolation::Area).rgb[0]
        };
        // As OpenCV 5 does it: half a step is a whole one where four pixels become one, and none where 16 do.
        assert_eq!([shrunk(2, 1), shrunk(2, 2), shrunk(4, 8), shrunk(4, 9)], [0, 1, 0, 1]);
    }

    #[test]
    fn a_flat_picture_stays_flat() {
        let flat = Pixels { width: 13, height: 7, rgb: vec![201; 13 * 7 * 3] };
        for how in [Interpolation::Bilinear, Interpolation::Area] {
            for (width, height) in [(5, 3), (26, 14), (13, 9), (1, 1)] {
                assert!(resize(&flat, width, height, how).rgb.iter().all(|v| *v == 201));
            }
        }
    }
}
