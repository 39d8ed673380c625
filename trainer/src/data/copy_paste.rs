//! Copying objects, cut out along their outlines, to the mirrored place of the same picture.

use rand::{Rng, seq::index};

use super::boxes::PixelBox;
use super::mosaic::Scene;
use super::perspective::Outline;
use super::pixels::Pixels;

/// Mirrors a share of `probability` of the objects that have an outline into free places.
pub fn apply(pixels: &mut Pixels, scene: &mut Scene, probability: f64, rng: &mut impl Rng) {
    let outlined: Vec<usize> = (0..scene.outlines.len()).filter(|&i| !scene.outlines[i].is_empty()).collect();
    let wanted = (probability * outlined.len() as f64).round_ties_even() as usize;
    if wanted == 0 {
        return;
    }
    let width = pixels.width;
    let mut mask = vec![false; width * pixels.height];
    for chosen in index::sample(rng, outlined.len(), wanted.min(outlined.len())) {
        let place = outlined[chosen];
        let old = scene.boxes[place];
        let mirrored = PixelBox { x1: width as f32 - old.x2, x2: width as f32 - old.x1, ..old };
        if scene.boxes.iter().all(|other| covered(&mirrored, other) < 0.30) {
            let outline = &scene.outlines[place];
            fill(&mut mask, width, pixels.height, outline);
            let outline = outline.iter().map(|[x, y]| [width as f64 - x, *y]).collect();
            scene.boxes.push(mirrored);
            scene.outlines.push(outline);
        }
    }
    let original = pixels.clone();
    for y in 0..pixels.height {
        let row = pixels.row_mut(y);
        for x in (0..width).filter(|x| mask[y * width + x]) {
            let there = width - 1 - x;
            row[there * 3..][..3].copy_from_slice(&original.row(y)[x * 3..][..3]);
        }
    }
}

/// The share of `other` that lies under `over`.
fn covered(over: &PixelBox, other: &PixelBox) -> f32 {
    let width = (over.x2.min(other.x2) - over.x1.max(other.x1)).max(0.0);
    let height = (over.y2.min(other.y2) - over.y1.max(other.y1)).max(0.0);
    width * height / ((other.x2 - other.x1) * (other.y2 - other.y1) + 1e-16)
}

/// Sets an outline's edges and what lies inside by the even-odd rule, as OpenCV fills a contour.
fn fill(mask: &mut [bool], width: usize, height: usize, outline: &Outline) {
    let points: Vec<[i64; 2]> = outline.iter().map(|p| p.map(|x| x as i64)).collect();
    let edges: Vec<_> = points.iter().copied().zip(points.iter().copied().cycle().skip(1)).collect();
    for y in 0..height {
        let line = y as i64;
        let mut crossings = Vec::new();
        for (a, b) in &edges {
            let (low, high) = if a[1] <= b[1] { (a, b) } else { (b, a) };
            if low[1] <= line && line < high[1] {
                let part = (line - low[1]) as f64 / (high[1] - low[1]) as f64;
                crossings.push(low[0] as f64 + part * (high[0] - low[0]) as f64);
            }
        }
        crossings.sort_by(f64::total_cmp);
        for pair in crossings.chunks_exact(2) {
            let (from, to) = (pair[0].ceil().max(0.0) as usize, pair[1].floor().max(0.0) as usize);
            if from < width && from <= to {
                mask[y * width + from..=y * width + to.min(width - 1)].fill(true);
            }
        }
    }
    for (a, b) in edges {
        draw(a, b, |[x, y]| {
            if (0..width as i64).contains(&x) && (0..height as i64).contains(&y) {
                mask[y as usize * width + x as usize] = true;
            }
        });
    }
}

/// The pixels of a line, from its left end (Bresenham); of two that are as near, the one on the level of the pixel before.
fn draw(a: [i64; 2], b: [i64; 2], mut pixel: impl FnMut([i64; 2])) {
    let ([mut at, end], steep) =
        (if b[0] < a[0] { [b, a] } else { [a, b] }, b[1].abs_diff(a[1]) > b[0].abs_diff(a[0]));
    let (along, across) = if steep { (1, 0) } else { (0, 1) };
    let step = [0, 1].map(|axis| (end[axis] - at[axis]).signum());
    let (length, width) = ((end[along] - at[along]).abs(), (end[across] - at[across]).abs());
    let mut error = length - 2 * width;
    for _ in 0..=length {
        pixel(at);
        at[along] += step[along];
        if error < 0 {
            at[across] += step[across];
            error += 2 * length;
        }
        error -= 2 * width;
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    fn scene(x: f64) -> (Pixels, Scene) {
        let mut pixels = Pixels::grey(40, 20);
        for y in 5..15 {
            pixels.row_mut(y)[x as usize * 3..(x as usize + 10) * 3].fill(250);
        }
        let old = PixelBox { class: 3, x1: x as f32, y1: 5.0, x2: x as f32 + 10.0, y2: 15.0 };
        let outline = vec![[x, 5.0], [x + 10.0, 5.0], [x + 10.0, 15.0], [x, 15.0]];
        (pixels, Scene { boxes: vec![old], outlines: vec![outline] })
    }

    #[test]
    fn an_object_appears_mirrored_where_there_is_room() {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(0);
        let (mut pixels, mut objects) = scene(2.0);
        apply(&mut pixels, &mut objects, 1.0, &mut rng);
        assert_eq!(objects.boxes[1], PixelBox { class: 3, x1: 28.0, y1: 5.0, x2: 38.0, y2: 15.0 });
        assert_eq!(objects.outlines.len(), 2);
        assert_eq!([pixels.row(10)[33 * 3], pixels.row(2)[33 * 3], pixels.row(10)[20 * 3]], [250, 114, 114]);
    }

    #[test]
    fn a_copy_may_cover_less_than_three_tenths_of_an_object() {
        // Of an object at 11 its mirrored copy covers two tenths, at 11.5 three, at 12 four.
        let copies = [11.0, 11.5, 12.0].map(|x| {
            let (mut pixels, mut objects) = scene(x);
            apply(&mut pixels, &mut objects, 1.0, &mut rand_chacha::ChaCha8Rng::seed_from_u64(0));
            objects.boxes.len() - 1
        });
        assert_eq!(copies, [1, 0, 0]);
    }

    #[test]
    fn the_number_of_copies_is_the_nearest_to_the_share_of_objects_and_a_half_the_even_one() {
        let copies = |objects: usize, probability: f64| {
            let mut pixels = Pixels::grey(400, 20);
            let (_, one) = scene(2.0);
            let mut all = Scene::default();
            for i in 0..objects {
                let shift = 20 * i;
                let old = one.boxes[0];
                all.boxes.push(PixelBox { x1: old.x1 + shift as f32, x2: old.x2 + shift as f32, ..old });
                all.outlines.push(one.outlines[0].iter().map(|[x, y]| [x + shift as f64, *y]).collect());
            }
            apply(&mut pixels, &mut all, probability, &mut rand_chacha::ChaCha8Rng::seed_from_u64(0));
            all.boxes.len() - objects
        };
        assert_eq!(
            [copies(1, 0.5), copies(1, 0.51), copies(3, 0.5), copies(5, 0.5), copies(5, 1.0)],
            [0, 1, 2, 2, 5]
        );
    }

    #[test]
    fn nothing_is_pasted_over_another_object_or_at_probability_zero() {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(0);
        for (x, probability) in [(15.0, 1.0), (2.0, 0.0)] {
            let (mut pixels, mut objects) = scene(x);
            let before = pixels.clone();
            apply(&mut pixels, &mut objects, probability, &mut rng);
            assert_eq!((objects.boxes.len(), pixels == before), (1, true));
        }
    }

    #[test]
    fn an_outline_is_filled_as_opencv_fills_it() {
        // Drawn by cv2.drawContours 5.0 with FILLED.
        let outline =
            [[1., 1.], [20., 3.], [22., 12.], [9., 6.], [3., 14.]].map(|p: [f64; 2]| p.map(|x| x + 0.9));
        let expected = "
            ........................
            .#####..................
            .###############........
            .####################...
            .####################...
            ..###################...
            ..####################..
            ..#######..###########..
            ..######.....#########..
            ..######.......#######..
            ..#####..........######.
            ...###.............####.
            ...##................##.
            ...##...................
            ...#....................
            ........................";
        let mut mask = vec![false; 24 * 16];
        fill(&mut mask, 24, 16, &outline.to_vec());
        let rows =
            mask.chunks(24).map(|row| row.iter().map(|set| if *set { '#' } else { '.' }).collect::<String>());
        let expected: Vec<&str> = expected.split_whitespace().collect();
        assert_eq!(rows.collect::<Vec<_>>(), expected);
    }
}
