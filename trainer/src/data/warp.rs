//! Drawing a picture through a matrix. Where matrices come from, and what becomes of boxes, is in `perspective.rs`.

use super::perspective::{IDENTITY, Matrix};
use super::pixels::{GREY, Pixels};

/// Warps `from` into `into`, which becomes `to` pixels large.
pub fn warp(from: &Pixels, matrix: &Matrix, to: (usize, usize), into: &mut Pixels) {
    if *matrix == IDENTITY && (from.width, from.height) == to {
        into.clone_from(from);
        return;
    }
    into.reset(to.0, to.1);
    let back = inverse(matrix);
    let plain = matrix[2][0] == 0.0 && matrix[2][1] == 0.0;
    if plain && back[0][1] == 0.0 && back[1][0] == 0.0 {
        upright(from, &back, into);
    } else {
        slanted(from, &back, plain, into);
    }
}

/// The inverse; of a matrix that squeezes everything flat, the identity (such a picture loses all its boxes anyway).
fn inverse(m: &Matrix) -> Matrix {
    let minor = |r0: usize, r1: usize, c0: usize, c1: usize| m[r0][c0] * m[r1][c1] - m[r0][c1] * m[r1][c0];
    let determinant = m[0][0] * minor(1, 2, 1, 2) - m[0][1] * minor(1, 2, 0, 2) + m[0][2] * minor(1, 2, 0, 1);
    if determinant.abs() < 1e-12 {
        return IDENTITY;
    }
    let d = 1.0 / determinant;
    [
        [minor(1, 2, 1, 2) * d, -minor(0, 2, 1, 2) * d, minor(0, 1, 1, 2) * d],
        [-minor(1, 2, 0, 2) * d, minor(0, 2, 0, 2) * d, -minor(0, 1, 0, 2) * d],
        [minor(1, 2, 0, 1) * d, -minor(0, 2, 0, 1) * d, minor(0, 1, 0, 1) * d],
    ]
}

/// Where pictures are turned, sheared or seen in perspective: pixel by pixel.
fn slanted(from: &Pixels, back: &Matrix, plain: bool, into: &mut Pixels) {
    for y in 0..into.height {
        let [u0, v0, w0] = std::array::from_fn(|i| back[i][1] * y as f64 + back[i][2]);
        let along = |x: usize| (u0 + back[0][0] * x as f64, v0 + back[1][0] * x as f64);
        let pixels = into.row_mut(y).chunks_exact_mut(3).enumerate();
        if plain {
            for (x, out) in pixels {
                let (u, v) = along(x);
                sample(from, fixed(u), fixed(v), out);
            }
        } else {
            for (x, out) in pixels {
                let ((u, v), w) = (along(x), w0 + back[2][0] * x as f64);
                let w = if w == 0.0 { 0.0 } else { 1.0 / w };
                sample(from, fixed(u * w), fixed(v * w), out);
            }
        }
    }
}

/// Where nothing is turned or sheared, as in most trainings, all rows lie between the same columns: a row of `from` is stretched once
/// for the two rows beside it. The same to the bit as pixel by pixel, sums being of whole numbers, in a fifth of the time.
fn upright(from: &Pixels, back: &Matrix, into: &mut Pixels) {
    let columns: Vec<i64> = (0..into.width).map(|x| fixed(back[0][2] + back[0][0] * x as f64)).collect();
    // They rise or fall all the way.
    let first = columns.iter().position(|u| between_two(*u, from.width)).unwrap_or(0);
    let last = columns.iter().rposition(|u| between_two(*u, from.width)).map_or(0, |x| x + 1);
    let mut lines = [Line::default(), Line::default()];
    for y in 0..into.height {
        let v = fixed(back[1][1] * y as f64 + back[1][2]);
        let inner = if between_two(v, from.height) { first..last } else { 0..0 };
        let row = into.row_mut(y);
        for x in (0..inner.start).chain(inner.end..columns.len()) {
            sample_edge(from, columns[x], v, &mut row[3 * x..][..3]);
        }
        if inner.is_empty() {
            continue;
        }
        let above = (v >> 16) as usize;
        if lines[1].number == Some(above) {
            lines.swap(0, 1);
        }
        for (line, number) in lines.iter_mut().zip(above..) {
            line.stretch(from, number, &columns[inner.clone()]);
        }
        let [upper, lower] = &lines;
        let values = upper.values.iter().zip(&lower.values);
        for (out, (upper, lower)) in row[3 * inner.start..3 * inner.end].iter_mut().zip(values) {
            *out = mixed(*upper, *lower, share(v));
        }
    }
}

/// A row of a picture as stretched over the columns of another, with 10 bits after the point.
#[derive(Default)]
struct Line {
    number: Option<usize>,
    values: Vec<i32>,
}

impl Line {
    fn stretch(&mut self, from: &Pixels, number: usize, columns: &[i64]) {
        if self.number == Some(number) {
            return;
        }
        self.number = Some(number);
        self.values.resize(3 * columns.len(), 0);
        let row = from.row(number);
        for (out, u) in self.values.chunks_exact_mut(3).zip(columns) {
            let two = &row[(u >> 16) as usize * 3..][..6];
            for channel in 0..3 {
                out[channel] = between(two[channel], two[channel + 3], share(*u));
            }
        }
    }
}

/// Coordinates with 16 bits after the point, the nearest, halves away from zero; far outside stays far outside. As `f64::round` does it,
/// but that is a call of the C library, twice a pixel: a twelfth of a loader's time.
fn fixed(value: f64) -> i64 {
    let wanted = (value * 65536.0).clamp(-1e15, 1e15);
    let whole = wanted as i64;
    // Exact: so small a number and its whole part differ by a fraction that fits.
    let rest = wanted - whole as f64;
    whole + i64::from(rest >= 0.5) - i64::from(rest <= -0.5)
}

/// Whether there are pixels on both sides.
fn between_two(at: i64, length: usize) -> bool {
    at >= 0 && (at >> 16) + 1 < length as i64
}

/// How much the second of two neighbours counts, in 1024ths.
fn share(at: i64) -> i32 {
    ((at & 0xFFFF) >> 6) as i32
}

/// Between two pixels of a row, with 10 bits after the point.
fn between(left: u8, right: u8, share: i32) -> i32 {
    (i32::from(left) << 10) + (i32::from(right) - i32::from(left)) * share
}

/// Between two rows, rounded. All of it fits into 29 bits; unchecked, several are computed at once.
fn mixed(upper: i32, lower: i32, share: i32) -> u8 {
    let sum = (upper << 10).wrapping_add(lower.wrapping_sub(upper).wrapping_mul(share));
    (sum.wrapping_add(1 << 19) >> 20) as u8
}

/// One pixel between four.
#[inline]
fn sample(from: &Pixels, u: i64, v: i64, out: &mut [u8]) {
    if !(between_two(u, from.width) && between_two(v, from.height)) {
        return sample_edge(from, u, v, out);
    }
    let below = from.width * 3;
    let four = &from.rgb[(v >> 16) as usize * below + (u >> 16) as usize * 3..][..below + 6];
    let (upper, lower) = (&four[..6], &four[below..]);
    for channel in 0..3 {
        let upper = between(upper[channel], upper[channel + 3], share(u));
        let lower = between(lower[channel], lower[channel + 3], share(u));
        out[channel] = mixed(upper, lower, share(v));
    }
}

/// One pixel between four of which some may be outside: those are grey. `out` is grey already.
#[inline(never)]
fn sample_edge(from: &Pixels, u: i64, v: i64, out: &mut [u8]) {
    let (x, y) = (u >> 16, v >> 16);
    let (width, height) = (from.width as i64, from.height as i64);
    if x < -1 || y < -1 || x >= width || y >= height {
        return;
    }
    for (channel, out) in out.iter_mut().enumerate() {
        let at = |x: i64, y: i64| {
            let inside = x >= 0 && y >= 0 && x < width && y < height;
            if inside { from.rgb[(y * width + x) as usize * 3 + channel] } else { GREY }
        };
        let upper = between(at(x, y), at(x + 1, y), share(u));
        let lower = between(at(x, y + 1), at(x + 1, y + 1), share(u));
        *out = mixed(upper, lower, share(v));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn coordinates_are_rounded_as_the_library_does() {
        let edges =
            [0.0, -0.0, 0.5, 0.499_999_999_999_999_94, 1.5, 2.5, 1e11, 1e300, f64::INFINITY, f64::NAN];
        let many = (0..10_000).map(|i| f64::from(i).sin() * 1e7 + f64::from(i % 4) / 4.0);
        for wanted in edges.into_iter().chain(many).flat_map(|x| [x, -x]) {
            let expected = wanted.round().clamp(-1e15, 1e15) as i64;
            assert_eq!(fixed(wanted / 65536.0), expected, "{wanted}");
        }
    }

    /// What lies between four pixels, from the definition: each of them by its share of the area, grey where there is none.
    fn defined(from: &Pixels, u: f64, v: f64, channel: usize) -> u8 {
        let [u, v] = [u, v].map(|at| (at * 65536.0).round() as i64);
        let [fx, fy] = [u, v].map(|at| at.rem_euclid(65536) / 64);
        let at = |x: i64, y: i64| {
            let inside = (0..from.width as i64).contains(&x) && (0..from.height as i64).contains(&y);
            i64::from(if inside { from.row(y as usize)[3 * x as usize + channel] } else { GREY })
        };
        let (x, y) = (u.div_euclid(65536), v.div_euclid(65536));
        let sum = at(x, y) * (1024 - fx) * (1024 - fy)
            + at(x + 1, y) * fx * (1024 - fy)
            + at(x, y + 1) * (1024 - fx) * fy
            + at(x + 1, y + 1) * fx * fy;
        ((sum + (1 << 19)) >> 20) as u8
    }

    proptest! {
        #[test]
        fn each_pixel_lies_where_the_matrix_says_be_the_picture_turned_or_upright(
            (width, height, seed) in (1..40_usize, 1..40_usize, 0..1000_usize),
            to in (1..40_usize, 1..40_usize),
            scale in prop::sample::select(vec![
                (1.0, 1.0), (0.5, 1.7), (3.0, 0.31), (-1.0, 1.0), (0.8, -2.0), (1e300, 1e-300), (f64::NAN, 1.0),
            ]),
            shift in (-30.0..60.0_f64, -30.0..60.0_f64),
            turn in prop::sample::select(vec![0.0, -0.0, 0.2]),
        ) {
            let rgb = (0..width * height * 3).map(|i| ((i + seed) * 7919 % 251) as u8).collect();
            let from = Pixels { width, height, rgb };
            let matrix = [[scale.0, turn, shift.0], [-turn, scale.1, shift.1], [0.0, 0.0, 1.0]];
            let mut into = Pixels::default();
            warp(&from, &matrix, to, &mut into);
            let back = inverse(&matrix);
            for y in 0..to.1 {
                for x in 0..to.0 {
                    let place = |i: usize| back[i][1] * y as f64 + back[i][2] + back[i][0] * x as f64;
                    for channel in 0..3 {
                        let expected = defined(&from, place(0), place(1), channel);
                        prop_assert_eq!(into.row(y)[3 * x + channel], expected, "at {}, {}", x, y);
                    }
                }
            }
        }
    }
}
