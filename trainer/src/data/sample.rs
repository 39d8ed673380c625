//! One training sample: pictures of a data set drawn, combined and changed by chance until one picture with its labels is left.

use rand::{Rng, RngExt as _, seq::SliceRandom as _};
use rand_distr::{Beta, Distribution as _};

use super::augment::Augment;
use super::boxes::PixelBox;
use super::dataset::Dataset;
use super::hsv::Tables;
use super::labels::Label;
use super::letterbox;
use super::mosaic::{self, Tile};
use super::perspective::{Draw, move_boxes};
use super::pixels::Pixels;
use super::warp::warp;
use super::{DataError, copy_paste};

/// Memory that one thread uses again for every sample.
#[derive(Default)]
pub struct Scratch {
    canvas: Pixels,
    second: Pixels,
    /// The finished picture.
    pub picture: Pixels,
}

/// Makes sample `index`, `width` x `height` pixels large, in `scratch.picture`; returns its labels. `mosaic` says whether mosaics (which
/// are square) are made at all.
pub fn make(
    dataset: &Dataset,
    augment: &Augment,
    index: usize,
    (width, height): (usize, usize),
    mosaic: bool,
    rng: &mut impl Rng,
    scratch: &mut Scratch,
) -> Result<Vec<Label>, DataError> {
    let boxes = if mosaic && rng.random::<f64>() < augment.mosaic {
        let Scratch { canvas, second, picture } = scratch;
        let mut boxes = one_mosaic(dataset, augment, index, width, rng, canvas, picture)?;
        if rng.random::<f64>() < augment.mixup {
            let other = rng.random_range(0..dataset.len());
            boxes.extend(one_mosaic(dataset, augment, other, width, rng, canvas, second)?);
            mosaic::mix(picture, second, share(rng));
        }
        boxes
    } else {
        one_picture(dataset, augment, index, (width, height), rng, scratch)?
    };
    let mut labels: Vec<Label> =
        boxes.into_iter().map(|b| b.normalised(width as f32, height as f32)).collect();
    if let Some(tables) = Tables::new(augment, rng) {
        tables.apply(&mut scratch.picture);
    }
    if rng.random::<f64>() < augment.flipud {
        flip_up_down(&mut scratch.picture);
        for label in &mut labels {
            label.y = 1.0 - label.y;
        }
    }
    if rng.random::<f64>() < augment.fliplr {
        flip_left_right(&mut scratch.picture);
        for label in &mut labels {
            label.x = 1.0 - label.x;
        }
    }
    Ok(labels)
}

/// How much the first of two mixed pictures counts.
fn share(rng: &mut impl Rng) -> f64 {
    Beta::new(32.0, 32.0).map_or(0.5, |beta| beta.sample(rng))
}

fn one_mosaic(
    dataset: &Dataset,
    augment: &Augment,
    index: usize,
    side: usize,
    rng: &mut impl Rng,
    canvas: &mut Pixels,
    into: &mut Pixels,
) -> Result<Vec<PixelBox>, DataError> {
    let mut centre = || (rng.random_range(0.5..1.5) * side as f64) as usize;
    let (yc, xc) = (centre(), centre());
    let mut chosen = [index, 0, 0, 0];
    chosen[1..].fill_with(|| rng.random_range(0..dataset.len()));
    chosen.shuffle(rng);
    let pictures = [
        dataset.picture(chosen[0])?,
        dataset.picture(chosen[1])?,
        dataset.picture(chosen[2])?,
        dataset.picture(chosen[3])?,
    ];
    let tiles = std::array::from_fn(|i| {
        let item = &dataset.items()[chosen[i]];
        Tile { pixels: &pictures[i], labels: &item.labels.boxes, polygons: &item.labels.polygons }
    });
    let mut scene = mosaic::four(&tiles, side, (xc, yc), canvas);
    if augment.copy_paste > 0.0 {
        copy_paste::apply(canvas, &mut scene, augment.copy_paste, rng);
    }
    let draw = Draw::new(augment, rng);
    let matrix = draw.matrix((2 * side, 2 * side), (side, side));
    warp(canvas, &matrix, (side, side), into);
    let kept = move_boxes(&scene.boxes, &scene.outlines, &matrix, draw.scale, (side, side));
    Ok(kept.into_iter().map(|(_, moved)| moved).collect())
}

fn one_picture(
    dataset: &Dataset,
    augment: &Augment,
    index: usize,
    (width, height): (usize, usize),
    rng: &mut impl Rng,
    scratch: &mut Scratch,
) -> Result<Vec<PixelBox>, DataError> {
    let picture = dataset.picture(index)?;
    let fit = letterbox::fit(picture.width, picture.height, width, height, true);
    letterbox::draw(&picture, &fit, width, height, &mut scratch.canvas);
    let scaled = |side: usize| (fit.ratio * side as f64) as f32;
    let boxes: Vec<PixelBox> = dataset.items()[index]
        .labels
        .boxes
        .iter()
        .map(|label| {
            let (left, top) = (fit.pad.0 as f32, fit.pad.1 as f32);
            PixelBox::place(label, scaled(picture.width), scaled(picture.height), left, top)
        })
        .collect();
    let draw = Draw::new(augment, rng);
    let matrix = draw.matrix((width, height), (width, height));
    warp(&scratch.canvas, &matrix, (width, height), &mut scratch.picture);
    let kept = move_boxes(&boxes, &[], &matrix, draw.scale, (width, height));
    Ok(kept.into_iter().map(|(_, moved)| moved).collect())
}

fn flip_up_down(pixels: &mut Pixels) {
    let stride = pixels.width * 3;
    let half = pixels.height / 2;
    let (upper, lower) = pixels.rgb.split_at_mut(half * stride);
    for (a, b) in upper.chunks_exact_mut(stride).zip(lower.chunks_exact_mut(stride).rev()) {
        a.swap_with_slice(b);
    }
}

fn flip_left_right(pixels: &mut Pixels) {
    for row in pixels.rgb.chunks_exact_mut(pixels.width * 3) {
        let (mut left, mut right) = (0, row.len() - 3);
        while left < right {
            for channel in 0..3 {
                row.swap(left + channel, right + channel);
            }
            left += 3;
            right -= 3;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use rand::SeedableRng as _;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::data::dataset::tests::{BOX, OPTIONS, set};
    use crate::data::{Split, dataset};

    #[test]
    fn a_mosaic_has_its_own_picture_at_any_place_beside_three_that_may_repeat() {
        let names = ["a.png", "b.png", "c.png", "d.png", "e.png", "f.png"];
        let (folder, yaml) = set(&names.map(|name| (name, BOX)));
        for (i, name) in names.iter().enumerate() {
            let picture = image::RgbImage::from_pixel(64, 64, image::Rgb([20 * i as u8; 3]));
            picture.save(folder.path().join("images").join(name)).unwrap();
        }
        let dataset = Dataset::open(&yaml, Split::Train, dataset::Options { img: 64, ..OPTIONS }).unwrap();
        let augment = Augment { mosaic: 1.0, ..Augment::default() };
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let (mut scratch, mut places, mut repeated) = (Scratch::default(), HashSet::new(), 0);
        for _ in 0..40 {
            make(&dataset, &augment, 2, (64, 64), true, &mut rng, &mut scratch).unwrap();
            let red = |x: usize, y: usize| scratch.picture.row(y)[x * 3];
            let corners = [red(0, 0), red(63, 0), red(0, 63), red(63, 63)];
            // Chance may choose it once more; then nobody knows which of the two was its own.
            if let [place] = (0..4).filter(|&place| corners[place] == 40).collect::<Vec<_>>()[..] {
                places.insert(place);
            }
            let distinct: HashSet<u8> = corners.into_iter().collect();
            assert!(distinct.contains(&40), "{corners:?}");
            repeated += usize::from(distinct.len() < 4);
        }
        assert_eq!(places.len(), 4, "its own picture was only at {places:?}");
        assert!((10..40).contains(&repeated), "{repeated}");
    }

    #[test]
    fn two_mixed_pictures_count_about_alike() {
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let shares: Vec<f64> = (0..4000).map(|_| share(&mut rng)).collect();
        let mean = shares.iter().sum::<f64>() / 4000.0;
        let spread = (shares.iter().map(|share| (share - mean).powi(2)).sum::<f64>() / 4000.0).sqrt();
        // Of Beta(32, 32): 0.5 and 0.0620.
        assert!((mean - 0.5).abs() < 0.005 && (spread - 0.062).abs() < 0.004, "{mean} {spread}");
    }

    #[test]
    fn flips_turn_pictures_of_odd_and_even_sides() {
        for (width, height) in [(3, 2), (4, 5)] {
            let rgb = (0..width * height * 3).map(|v| v as u8).collect();
            let original = Pixels { width, height, rgb };
            let mut up_down = original.clone();
            flip_up_down(&mut up_down);
            let mut left_right = original.clone();
            flip_left_right(&mut left_right);
            for y in 0..height {
                assert_eq!(up_down.row(y), original.row(height - 1 - y));
                for x in 0..width {
                    assert_eq!(left_right.row(y)[x * 3..][..3], original.row(y)[(width - 1 - x) * 3..][..3]);
                }
            }
        }
    }
}
