//! AutoAnchor: whether anchors suit a data set's boxes, and better ones by k-means and evolution where they do not. Which anchors a
//! model has and in which unit it keeps them is the model's business; here all sizes are pixels of a loaded picture.

use rand::seq::index;
use rand::{Rng, RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};
use rayon::prelude::*;

use crate::data::Dataset;

/// Width and height in pixels.
pub type Size = [f64; 2];

/// Best possible recall from which on anchors are kept.
const GOOD: f64 = 0.98;
/// Restarts of k-means.
const RESTARTS: usize = 30;
/// Generations of the evolution that follows it.
const GENERATIONS: usize = 1000;

/// What AutoAnchor found.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    /// Best possible recall of the given anchors.
    pub bpr: f64,
    /// Better anchors of all levels together, by area, and their recall; none where the given ones are kept.
    pub better: Option<(Vec<Size>, f64)>,
}

impl Fit {
    /// One line for the log.
    pub fn summary(&self) -> String {
        match &self.better {
            Some((anchors, bpr)) => {
                let sizes: Vec<String> = anchors.iter().map(|[w, h]| format!("{w:.0},{h:.0}")).collect();
                let sizes = sizes.join(" ");
                format!(
                    "anchors: best possible recall {:.4} before, {bpr:.4} with new ones: {sizes}",
                    self.bpr
                )
            }
            None if self.bpr > GOOD => format!("anchors: best possible recall {:.4}, kept", self.bpr),
            None => format!("anchors: best possible recall {:.4}, and none better found; kept", self.bpr),
        }
    }
}

/// Checks `anchors` (of all levels) against the labels of a data set and looks for better ones where fewer than 98 % of the labels can be
/// matched with sides differing by a factor of up to `anchor_t`.
pub fn fit(dataset: &Dataset, anchors: &[Size], anchor_t: f64, seed: u64) -> Fit {
    let img = dataset.options().img as f64;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut jittered = Vec::new();
    let mut plain = Vec::new();
    for item in dataset.items() {
        let scale = rng.random_range(0.9..1.1);
        let (width, height) = (item.size.0 as f64, item.size.1 as f64);
        let ratio = img / width.max(height);
        for label in &item.labels.boxes {
            let size = [f64::from(label.w) * width * ratio, f64::from(label.h) * height * ratio];
            plain.push(size);
            jittered.push(size.map(|side| side * scale));
        }
    }
    let bpr = best_possible_recall(&jittered, anchors, anchor_t);
    if bpr > GOOD || plain.is_empty() {
        return Fit { bpr, better: None };
    }
    let found = search(&plain, anchors.len(), img, anchor_t, &mut rng);
    let new = best_possible_recall(&jittered, &found, anchor_t);
    Fit { bpr, better: (new > bpr).then_some((found, new)) }
}

/// How well the best of the anchors fits a box: the worst ratio of sides, 1 being equal.
fn best(size: Size, anchors: &[Size]) -> f64 {
    let ratio = |a: f64, b: f64| (a / b).min(b / a);
    anchors.iter().map(|anchor| ratio(size[0], anchor[0]).min(ratio(size[1], anchor[1]))).fold(0.0, f64::max)
}

/// The share of boxes that some anchor fits.
pub fn best_possible_recall(sizes: &[Size], anchors: &[Size], anchor_t: f64) -> f64 {
    let fitting = sizes.par_iter().filter(|size| best(**size, anchors) > 1.0 / anchor_t).count();
    fitting as f64 / sizes.len().max(1) as f64
}

/// What evolution raises: the mean fit, boxes that no anchor fits counting zero.
fn fitness(sizes: &[Size], anchors: &[Size], anchor_t: f64) -> f64 {
    // Summed in pieces of fixed size, so that the number of threads does not change the sum.
    let sums: Vec<f64> = sizes
        .par_chunks(4096)
        .map(|part| part.iter().map(|size| best(*size, anchors)).filter(|fit| *fit > 1.0 / anchor_t).sum())
        .collect();
    sums.iter().sum::<f64>() / sizes.len().max(1) as f64
}

fn search(sizes: &[Size], count: usize, img: f64, anchor_t: f64, rng: &mut ChaCha8Rng) -> Vec<Size> {
    let sizes: Vec<Size> = sizes.iter().copied().filter(|size| size[0] >= 2.0 || size[1] >= 2.0).collect();
    let mut anchors = clusters(&sizes, count, rng).unwrap_or_else(|| scattered(count, img, rng));
    let mut reached = fitness(&sizes, &anchors, anchor_t);
    for _ in 0..GENERATIONS {
        let child = mutated(&anchors, rng);
        let score = fitness(&sizes, &child, anchor_t);
        if score > reached {
            (anchors, reached) = (child, score);
        }
    }
    anchors.sort_by(|a, b| (a[0] * a[1]).total_cmp(&(b[0] * b[1])));
    anchors
}

/// Without enough boxes to find clusters in: sizes by chance, small to large.
fn scattered(count: usize, img: f64, rng: &mut impl Rng) -> Vec<Size> {
    let mut sides: Vec<f64> = (0..2 * count).map(|_| rng.random::<f64>() * img).collect();
    sides.sort_by(f64::total_cmp);
    sides.chunks_exact(2).map(|pair| [pair[0], pair[1]]).collect()
}

fn mutated(anchors: &[Size], rng: &mut impl Rng) -> Vec<Size> {
    loop {
        let strength: f64 = rng.random();
        let factors: Vec<Size> = anchors
            .iter()
            .map(|_| {
                std::array::from_fn(|_| {
                    let by: f64 = StandardNormal.sample(rng);
                    let on = rng.random::<f64>() < 0.9;
                    if on { (strength * by * 0.1 + 1.0).clamp(0.3, 3.0) } else { 1.0 }
                })
            })
            .collect();
        if factors.iter().flatten().any(|factor| *factor != 1.0) {
            let grown = |(anchor, factor): (&Size, &Size)| {
                std::array::from_fn(|axis| (anchor[axis] * factor[axis]).max(2.0))
            };
            return anchors.iter().zip(&factors).map(grown).collect();
        }
    }
}

/// The centres of `count` clusters, the best of many tries; none where there are too few boxes or clusters ran empty.
fn clusters(sizes: &[Size], count: usize, rng: &mut impl Rng) -> Option<Vec<Size>> {
    if sizes.len() < count || count == 0 {
        return None;
    }
    let spread = deviation(sizes);
    if spread.contains(&0.0) {
        return None;
    }
    let points: Vec<Size> = sizes.iter().map(|size| [size[0] / spread[0], size[1] / spread[1]]).collect();
    let tries = (0..RESTARTS).map(|_| {
        let start = index::sample(rng, points.len(), count).iter().map(|i| points[i]).collect();
        one_clustering(&points, start)
    });
    let (centres, _) = tries.min_by(|a, b| a.1.total_cmp(&b.1))?;
    (centres.len() == count)
        .then(|| centres.iter().map(|centre| [centre[0] * spread[0], centre[1] * spread[1]]).collect())
}

fn deviation(sizes: &[Size]) -> Size {
    let count = sizes.len() as f64;
    std::array::from_fn(|axis| {
        let mean = sizes.iter().map(|size| size[axis]).sum::<f64>() / count;
        (sizes.iter().map(|size| (size[axis] - mean).powi(2)).sum::<f64>() / count).sqrt()
    })
}

/// Moves centres to the middle of what is nearest to them until that brings nothing; returns them with the mean distance. Centres with
/// nothing near are left out.
fn one_clustering(points: &[Size], mut centres: Vec<Size>) -> (Vec<Size>, f64) {
    let mut before = f64::INFINITY;
    loop {
        let mut sums = vec![([0.0; 2], 0.0); centres.len()];
        let mut distance = 0.0;
        for point in points {
            let (nearest, squared) = nearest(*point, &centres);
            distance += squared.sqrt();
            let (sum, count) = &mut sums[nearest];
            *sum = [sum[0] + point[0], sum[1] + point[1]];
            *count += 1.0;
        }
        distance /= points.len() as f64;
        centres = sums
            .into_iter()
            .filter(|(_, count)| *count > 0.0)
            .map(|(sum, count)| sum.map(|value: f64| value / count))
            .collect();
        if before - distance <= 1e-5 {
            return (centres, distance);
        }
        before = distance;
    }
}

fn nearest(point: Size, centres: &[Size]) -> (usize, f64) {
    centres
        .iter()
        .map(|centre| (centre[0] - point[0]).powi(2) + (centre[1] - point[1]).powi(2))
        .enumerate()
        .fold((0, f64::INFINITY), |best, (i, d)| if d < best.1 { (i, d) } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::tests::set;
    use crate::data::{Cache, DataYaml, Options, Split};

    const COCO: [Size; 9] = [
        [10., 13.],
        [16., 30.],
        [33., 23.],
        [30., 61.],
        [62., 45.],
        [59., 119.],
        [116., 90.],
        [156., 198.],
        [373., 326.],
    ];

    #[test]
    fn fixture_14_bpr() {
        let sizes = [[12., 15.], [40., 20.], [100., 300.], [5., 4.], [600., 40.], [33., 23.]];
        let expected = [0.833_333, 0.825, 0.641_026, 0.307_692, 0.202_020, 1.0];
        for (size, expected) in sizes.iter().zip(expected) {
            assert!((best(*size, &COCO) - expected).abs() < 1e-6, "{size:?}");
        }
        assert!((best_possible_recall(&sizes, &COCO, 4.0) - 0.833_333).abs() < 1e-6);
        assert!((fitness(&sizes, &COCO, 4.0) - 0.601_175).abs() < 1e-6);
    }

    fn digits() -> Dataset {
        let folder = tempfile::tempdir().unwrap();
        let file = crate::digits::write(&folder.path().join("d"), 40, 1, 0).unwrap();
        let options = Options { img: 160, single_class: false, cache: Cache::Ram };
        Dataset::open(&DataYaml::read(&file).unwrap(), Split::Train, options).unwrap()
    }

    #[test]
    fn anchors_that_suit_are_kept() {
        let fit = fit(&digits(), &COCO, 4.0, 0);
        assert!(fit.bpr > 0.98 && fit.better.is_none(), "{fit:?}");
        assert!(fit.summary().contains("kept"));
    }

    #[test]
    fn anchors_that_do_not_suit_are_replaced_by_better_ones_the_same_for_the_same_seed() {
        let dataset = digits();
        // What a hyp file's `anchors: 3` leaves in the model: 0,1 2,3 … for every level.
        let placeholder: Vec<Size> =
            (0..9).map(|i| [f64::from(i % 3 * 2), f64::from(i % 3 * 2 + 1)]).collect();
        let found = fit(&dataset, &placeholder, 4.0, 7);
        let (anchors, bpr) = found.better.clone().unwrap();
        assert!(bpr > 0.98 && bpr > found.bpr, "{found:?}");
        assert!(anchors.is_sorted_by(|a, b| a[0] * a[1] <= b[0] * b[1]) && anchors.len() == 9);
        assert!(anchors.iter().all(|[w, h]| *w > 5.0 && *w < 60.0 && *h > 10.0 && *h < 70.0), "{anchors:?}");
        assert_eq!(found, fit(&dataset, &placeholder, 4.0, 7));
    }

    #[test]
    fn a_box_at_the_very_limit_is_not_matched() {
        let sizes = [[40.0, 13.0], [39.9, 13.0], [10.0, 3.25]];
        let anchor = [[10.0, 13.0]];
        let matched = sizes
            .map(|size| (best_possible_recall(&[size], &anchor, 4.0), fitness(&[size], &anchor, 4.0) > 0.0));
        assert_eq!(matched, [(0.0, false), (1.0, true), (0.0, false)]);
    }

    /// A picture of 64 x 32 pixels with so many boxes of 16 x 8 pixels and of 2 x 16.
    fn boxes(lying: usize, standing: usize) -> Dataset {
        let line = |i: usize, w: f64, h: f64| format!("0 0.5 {} {w} {h}\n", 0.3 + 0.001 * i as f64);
        let lines =
            (0..lying).map(|i| line(i, 0.25, 0.25)).chain((0..standing).map(|i| line(i, 0.03125, 0.5)));
        let (_folder, yaml) = set(&[("a.png", Some(&lines.collect::<String>()))]);
        let options = Options { img: 64, single_class: false, cache: Cache::Ram };
        Dataset::open(&yaml, Split::Train, options).unwrap()
    }

    #[test]
    fn anchors_are_kept_only_above_98_percent() {
        let anchors = [[16.0, 8.0], [15.0, 8.0]];
        let [kept, sought] =
            [(50, 1), (49, 1)].map(|(lying, standing)| fit(&boxes(lying, standing), &anchors, 4.0, 0));
        assert!(kept.bpr > 0.98 && kept.better.is_none(), "{kept:?}");
        assert!((sought.bpr - 0.98).abs() < 1e-12 && sought.better.is_some_and(|(_, bpr)| bpr > 0.999));
    }

    #[test]
    fn recall_is_that_of_boxes_a_tenth_larger_or_smaller_by_chance() {
        let dataset = boxes(1, 0);
        // Just four times the anchor: matched where chance makes it smaller.
        let recalls: Vec<f64> = (0..20).map(|seed| fit(&dataset, &[[4.0, 8.0]], 4.0, seed).bpr).collect();
        assert!(recalls.contains(&0.0) && recalls.contains(&1.0), "{recalls:?}");
        assert!((0..20).all(|seed| fit(&dataset, &[[4.5, 8.0]], 4.0, seed).bpr > 0.0));
    }

    #[test]
    fn mutation_changes_nine_sides_of_ten_by_a_little_and_makes_none_shorter_than_two_pixels() {
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let (mut same, mut least) = (0, f64::INFINITY);
        for _ in 0..1000 {
            let [[w, h]] = mutated(&[[100.0, 2.0]], &mut rng).try_into().unwrap();
            same += u32::from(w == 100.0);
            assert!((30.0..=300.0).contains(&w), "{w}");
            least = least.min(h);
        }
        assert!((50..150).contains(&same) && least == 2.0, "{same} {least}");
    }

    #[test]
    fn boxes_that_are_tiny_both_ways_have_no_say_in_new_anchors() {
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let large = (0..40).map(|i| [30.0 + f64::from(i), 80.0 - f64::from(i)]);
        let sizes: Vec<Size> = large.chain([[1.9, 1.9]; 200]).collect();
        let anchors = search(&sizes, 3, 160.0, 4.0, &mut rng);
        assert!(anchors.iter().flatten().all(|side| *side > 20.0), "{anchors:?}");
        let narrow: Vec<Size> = (0..40).map(|i| [1.0 + f64::from(i) / 80.0, 30.0 + f64::from(i)]).collect();
        let anchors = search(&narrow, 3, 160.0, 4.0, &mut rng);
        assert!(anchors.iter().all(|[w, h]| *w < 4.0 && *h > 20.0), "{anchors:?}");
    }

    #[test]
    fn a_handful_of_boxes_does_not_break_the_search() {
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        for sizes in [vec![], vec![[30.0, 40.0]; 3], vec![[30.0, 40.0]; 20]] {
            let anchors = search(&sizes, 9, 160.0, 4.0, &mut rng);
            assert_eq!(anchors.len(), 9);
            assert!(anchors.iter().flatten().all(|side| side.is_finite()));
        }
    }
}
