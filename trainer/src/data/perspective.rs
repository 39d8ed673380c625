//! Rotation, size, shear, shift and perspective as one matrix: drawing it, and moving boxes and outlines by it. Pictures are warped in
//! `warp.rs`.

use rand::{Rng, RngExt as _};

use super::augment::Augment;
use super::boxes::PixelBox;

/// An outline in pixels.
pub type Outline = Vec<[f64; 2]>;

/// Three rows of three.
pub type Matrix = [[f64; 3]; 3];

pub const IDENTITY: Matrix = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];

/// What is drawn by chance for one picture.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Draw {
    pub perspective: (f64, f64),
    /// Degrees.
    pub angle: f64,
    pub scale: f64,
    /// Degrees, along x and y.
    pub shear: (f64, f64),
    /// Fractions of the output.
    pub shift: (f64, f64),
}

impl Draw {
    pub fn new(augment: &Augment, rng: &mut impl Rng) -> Self {
        let mut around = |middle: f64, by: f64| middle + rng.random_range(-1.0..1.0) * by;
        Self {
            perspective: (around(0.0, augment.perspective), around(0.0, augment.perspective)),
            angle: around(0.0, augment.degrees),
            scale: around(1.0, augment.scale),
            shear: (around(0.0, augment.shear), around(0.0, augment.shear)),
            shift: (around(0.5, augment.translate), around(0.5, augment.translate)),
        }
    }

    /// Input of `from` pixels (width, height) to output of `to` pixels.
    pub fn matrix(&self, from: (usize, usize), to: (usize, usize)) -> Matrix {
        let mut centre = IDENTITY;
        centre[0][2] = -(from.0 as f64) / 2.0;
        centre[1][2] = -(from.1 as f64) / 2.0;
        let mut perspective = IDENTITY;
        perspective[2][0] = self.perspective.0;
        perspective[2][1] = self.perspective.1;
        let (sine, cosine) = self.angle.to_radians().sin_cos();
        let mut rotate = IDENTITY;
        rotate[0][0] = self.scale * cosine;
        rotate[0][1] = self.scale * sine;
        rotate[1][0] = -self.scale * sine;
        rotate[1][1] = self.scale * cosine;
        let mut shear = IDENTITY;
        shear[0][1] = self.shear.0.to_radians().tan();
        shear[1][0] = self.shear.1.to_radians().tan();
        let mut shift = IDENTITY;
        shift[0][2] = self.shift.0 * to.0 as f64;
        shift[1][2] = self.shift.1 * to.1 as f64;
        [shear, rotate, perspective, centre].iter().fold(shift, |product, next| times(&product, next))
    }
}

fn times(a: &Matrix, b: &Matrix) -> Matrix {
    std::array::from_fn(|i| std::array::from_fn(|j| (0..3).map(|k| a[i][k] * b[k][j]).sum()))
}

fn moved(matrix: &Matrix, x: f64, y: f64) -> [f64; 2] {
    let [u, v, w] = std::array::from_fn(|i| matrix[i][0] * x + matrix[i][1] * y + matrix[i][2]);
    let plain = matrix[2][0] == 0.0 && matrix[2][1] == 0.0;
    if plain { [u, v] } else { [u / w, v / w] }
}

/// Moves boxes into an output of `to` pixels and drops those of which too little is left. With outlines, the new box is drawn around
/// what is left of the outline. Returns, for each box kept, its place among the given ones.
pub fn move_boxes(
    boxes: &[PixelBox],
    outlines: &[Outline],
    matrix: &Matrix,
    scale: f64,
    to: (usize, usize),
) -> Vec<(usize, PixelBox)> {
    let least_area = if outlines.is_empty() { 0.1 } else { 0.01 };
    let mut kept = Vec::with_capacity(boxes.len());
    for (place, old) in boxes.iter().enumerate() {
        let corners = if outlines.is_empty() {
            around_corners(old, matrix, to)
        } else {
            outlines.get(place).map_or([0.0; 4], |outline| around_outline(outline, matrix, to))
        };
        if is_worth_keeping(old, corners, scale, least_area) {
            let [x1, y1, x2, y2] = corners.map(|v| v as f32);
            kept.push((place, PixelBox { class: old.class, x1, y1, x2, y2 }));
        }
    }
    kept
}

fn around_corners(old: &PixelBox, matrix: &Matrix, to: (usize, usize)) -> [f64; 4] {
    let [x1, y1, x2, y2] = [old.x1, old.y1, old.x2, old.y2].map(f64::from);
    let points = [(x1, y1), (x2, y2), (x1, y2), (x2, y1)].map(|(x, y)| moved(matrix, x, y));
    let [x1, y1, x2, y2] = bounds(&points);
    let (width, height) = (to.0 as f64, to.1 as f64);
    [x1.clamp(0.0, width), y1.clamp(0.0, height), x2.clamp(0.0, width), y2.clamp(0.0, height)]
}

fn bounds(points: &[[f64; 2]]) -> [f64; 4] {
    points.iter().fold([f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY], |b, p| {
        [b[0].min(p[0]), b[1].min(p[1]), b[2].max(p[0]), b[3].max(p[1])]
    })
}

/// The box around those points of an outline that end up inside; nothing where none does.
fn around_outline(outline: &[[f64; 2]], matrix: &Matrix, to: (usize, usize)) -> [f64; 4] {
    let (width, height) = (to.0 as f64, to.1 as f64);
    let inside: Vec<[f64; 2]> = resampled(outline, 1000)
        .into_iter()
        .map(|[x, y]| moved(matrix, x, y))
        .filter(|[x, y]| *x >= 0.0 && *y >= 0.0 && *x <= width && *y <= height)
        .collect();
    if inside.is_empty() { [0.0; 4] } else { bounds(&inside) }
}

/// The outline, closed, as `count` points evenly spread over its own points' numbers (not over its length).
pub fn resampled(outline: &[[f64; 2]], count: usize) -> Outline {
    let Some(first) = outline.first() else { return Outline::new() };
    let closed: Vec<[f64; 2]> = outline.iter().chain([first]).copied().collect();
    let last = closed.len() - 1;
    (0..count)
        .map(|i| {
            let place = last as f64 * i as f64 / (count - 1).max(1) as f64;
            let low = (place as usize).min(last.saturating_sub(1));
            let part = place - low as f64;
            std::array::from_fn(|axis| closed[low][axis] * (1.0 - part) + closed[low + 1][axis] * part)
        })
        .collect()
}

fn is_worth_keeping(old: &PixelBox, new: [f64; 4], scale: f64, least_area: f64) -> bool {
    const EPS: f64 = 1e-16;
    let old_width = f64::from(old.x2 - old.x1) * scale;
    let old_height = f64::from(old.y2 - old.y1) * scale;
    let (width, height) = (new[2] - new[0], new[3] - new[1]);
    let aspect = (width / (height + EPS)).max(height / (width + EPS));
    width > 2.0
        && height > 2.0
        && width * height / (old_width * old_height + EPS) > least_area
        && aspect < 100.0
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;

    use super::*;
    use crate::data::pixels::Pixels;
    use crate::data::warp::warp;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-4 * b.abs().max(1e-2)
    }

    const DRAW: Draw =
        Draw { perspective: (0.0, 0.0), angle: 5.0, scale: 0.75, shear: (4.0, -3.0), shift: (0.52, 0.46) };

    #[test]
    fn fixture_7_perspective() {
        let matrix = DRAW.matrix((128, 128), (64, 64));
        let expected = [[0.742_575, 0.117_612, -21.771_999], [-0.104_523, 0.743_720, -11.468_622]];
        for (row, expected) in matrix.iter().zip(expected) {
            assert!(row.iter().zip(expected).all(|(a, b)| close(*a, b)), "{matrix:?}");
        }
        let boxes = [[20, 30, 60, 90], [100, 100, 120, 110], [60, 64, 64, 68]].map(|b| {
            let [x1, y1, x2, y2] = b.map(|v| v as f32);
            PixelBox { class: 7, x1, y1, x2, y2 }
        });
        let kept = move_boxes(&boxes, &[], &matrix, DRAW.scale, (64, 64));
        assert_eq!(kept.iter().map(|(place, _)| *place).collect::<Vec<_>>(), [0, 2]);
        let expected =
            [[0.0, 4.571_602, 33.367_620, 53.375_743], [30.309_699, 29.44, 33.750_449, 32.832_973]];
        for ((_, got), expected) in kept.iter().zip(expected) {
            let got = [got.x1, got.y1, got.x2, got.y2];
            assert!(got.iter().zip(expected).all(|(a, b)| close(f64::from(*a), b)), "{got:?}");
        }
    }

    #[test]
    fn a_box_stays_by_the_share_of_its_area_its_sides_and_its_shape() {
        let old = PixelBox { class: 0, x1: 0.0, y1: 0.0, x2: 200.0, y2: 200.0 };
        // At half the size it would have 100 x 100 pixels.
        let kept = |width: f64, height: f64, least| {
            is_worth_keeping(&old, [5.0, 5.0, 5.0 + width, 5.0 + height], 0.5, least)
        };
        assert!(!kept(10.0, 100.0, 0.1) && kept(10.1, 100.0, 0.1));
        assert!(!kept(10.0, 10.0, 0.01) && kept(10.1, 10.0, 0.01));
        assert!(!kept(2.0, 90.0, 0.01) && kept(2.1, 90.0, 0.01) && !kept(90.0, 2.0, 0.01));
        assert!(!kept(210.0, 2.1, 0.01) && kept(209.0, 2.1, 0.01));
    }

    #[test]
    fn draws_lie_around_their_middle_and_reach_both_ends() {
        let augment = Augment {
            perspective: 0.001,
            degrees: 10.0,
            scale: 0.5,
            shear: 4.0,
            translate: 0.1,
            ..Augment::default()
        };
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(0);
        let numbers = |d: Draw| {
            let ((p0, p1), (shear_x, shear_y), (right, down)) = (d.perspective, d.shear, d.shift);
            [p0, p1, d.angle, d.scale, shear_x, shear_y, right, down]
        };
        let drawn: Vec<[f64; 8]> = (0..1000).map(|_| numbers(Draw::new(&augment, &mut rng))).collect();
        let middles = [0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.5, 0.5];
        let reach = [0.001, 0.001, 10.0, 0.5, 4.0, 4.0, 0.1, 0.1];
        for i in 0..8 {
            let places = drawn.iter().map(|numbers| (numbers[i] - middles[i]) / reach[i]);
            let (least, most) = places.fold((f64::MAX, f64::MIN), |(a, b), x| (a.min(x), b.max(x)));
            assert!((-1.0..-0.95).contains(&least) && (0.95..1.0).contains(&most), "{i}: {least} {most}");
        }
    }

    #[test]
    fn outlines_are_closed_before_points_are_spread_over_them() {
        let corners = [[0.0, 0.0], [10.0, 0.0], [10.0, 10.0]];
        assert_eq!(resampled(&corners, 4), [[0.0, 0.0], [10.0, 0.0], [10.0, 10.0], [0.0, 0.0]]);
    }

    #[test]
    fn a_box_and_its_picture_move_together() {
        let mut picture = Pixels::grey(128, 128);
        for y in 40..80 {
            picture.row_mut(y)[30 * 3..70 * 3].fill(255);
        }
        let draw = Draw { angle: 0.0, shear: (0.0, 0.0), perspective: (0.0005, -0.0004), ..DRAW };
        let matrix = draw.matrix((128, 128), (64, 64));
        let old = PixelBox { class: 0, x1: 30.0, y1: 40.0, x2: 70.0, y2: 80.0 };
        let kept = move_boxes(&[old], &[], &matrix, draw.scale, (64, 64));
        let mut out = Pixels::default();
        warp(&picture, &matrix, (64, 64), &mut out);
        let white: Vec<(usize, usize)> = (0..64)
            .flat_map(|y| (0..64).map(move |x| (x, y)))
            .filter(|&(x, y)| out.row(y)[x * 3] > 200)
            .collect();
        let left = white.iter().map(|p| p.0).min().unwrap() as f32;
        let right = white.iter().map(|p| p.0).max().unwrap() as f32 + 1.0;
        let top = white.iter().map(|p| p.1).min().unwrap() as f32;
        let bottom = white.iter().map(|p| p.1).max().unwrap() as f32 + 1.0;
        let got = kept[0].1;
        for (seen, said) in [(left, got.x1), (top, got.y1), (right, got.x2), (bottom, got.y2)] {
            assert!((seen - said).abs() < 2.0, "{got:?} but drawn at {left} {top} {right} {bottom}");
        }
    }

    #[test]
    fn nothing_drawn_changes_nothing() {
        let draw = Draw { scale: 1.0, shift: (0.5, 0.5), ..Draw::default() };
        let matrix = draw.matrix((32, 32), (32, 32));
        assert_eq!(matrix, IDENTITY);
    }

    #[test]
    fn outlines_give_tighter_boxes_and_labels_without_one_vanish() {
        let old = PixelBox { class: 0, x1: 0.0, y1: 0.0, x2: 40.0, y2: 40.0 };
        let triangle = vec![[0.0, 0.0], [40.0, 0.0], [0.0, 40.0]];
        let shifted = Draw { scale: 1.0, shift: (0.1, 0.5), ..Draw::default() };
        let matrix = shifted.matrix((64, 64), (64, 64));
        let kept = move_boxes(&[old, old], &[triangle, Outline::new()], &matrix, 1.0, (64, 64));
        assert_eq!(kept.len(), 1);
        // Moved left by 25.6: of the triangle only a tip of 14.4 is left, where the box would be 40 high.
        let got = kept[0].1;
        assert!(got.x1 < 0.2 && (got.x2 - 14.4).abs() < 0.2 && (got.y2 - 14.4).abs() < 0.2, "{got:?}");
    }
}
