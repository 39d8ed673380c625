//! Precision, recall and average precision per class, from detections that are known to be right or wrong.

use super::matching::THRESHOLDS;

/// All detections and labels of a validation, picture by picture.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub confidence: Vec<f32>,
    pub class: Vec<u32>,
    pub right: Vec<[bool; THRESHOLDS]>,
    /// Labels' classes.
    pub labels: Vec<u32>,
}

/// One class that has labels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClassResult {
    pub class: u32,
    pub instances: usize,
    /// At the confidence where the mean F1 over all classes is best.
    pub precision: f64,
    pub recall: f64,
    /// Average precision at each threshold.
    pub ap: [f64; THRESHOLDS],
}

impl ClassResult {
    pub fn ap50(&self) -> f64 {
        self.ap[0]
    }

    /// Mean over all thresholds.
    pub fn mean_ap(&self) -> f64 {
        self.ap.iter().sum::<f64>() / THRESHOLDS as f64
    }
}

/// Points of confidence at which precision and recall are looked at.
const POINTS: usize = 1000;
/// Width of the box that smooths F1 over confidence: a tenth of the points, odd.
const TAPS: usize = 101;
const EPS: f64 = 1e-16;

/// The classes that have labels, ascending.
pub fn per_class(tally: &Tally) -> Vec<ClassResult> {
    with_best_point(tally).0
}

/// With the point of confidence, of [`POINTS`], at which their precision and recall are.
fn with_best_point(tally: &Tally) -> (Vec<ClassResult>, usize) {
    let mut order: Vec<usize> = (0..tally.confidence.len()).collect();
    order.sort_by(|&a, &b| tally.confidence[b].total_cmp(&tally.confidence[a]));
    let mut classes = tally.labels.clone();
    classes.sort_unstable();
    classes.dedup();
    let curves: Vec<(ClassResult, Curves)> = classes.iter().map(|&c| one_class(tally, &order, c)).collect();
    let best = best_point(&curves);
    let at_best = |(result, curves): (ClassResult, Curves)| ClassResult {
        precision: curves.precision[best],
        recall: curves.recall[best],
        ..result
    };
    (curves.into_iter().map(at_best).collect(), best)
}

/// Precision and recall at an overlap of 0.5, over confidence 0 to 1.
struct Curves {
    precision: Vec<f64>,
    recall: Vec<f64>,
}

fn one_class(tally: &Tally, order: &[usize], class: u32) -> (ClassResult, Curves) {
    let instances = tally.labels.iter().filter(|label| **label == class).count();
    let found: Vec<usize> = order.iter().copied().filter(|&i| tally.class[i] == class).collect();
    let mut result = ClassResult { class, instances, precision: 0.0, recall: 0.0, ap: [0.0; THRESHOLDS] };
    let mut curves = Curves { precision: vec![0.0; POINTS], recall: vec![0.0; POINTS] };
    if found.is_empty() {
        return (result, curves);
    }
    for i in 0..THRESHOLDS {
        let mut hits = 0.0;
        let (mut recall, mut precision) = (Vec::with_capacity(found.len()), Vec::with_capacity(found.len()));
        for (place, &detection) in found.iter().enumerate() {
            hits += f64::from(u8::from(tally.right[detection][i]));
            recall.push(hits / (instances as f64 + EPS));
            precision.push(hits / (place + 1) as f64);
        }
        result.ap[i] = average_precision(&recall, &precision);
        if i == 0 {
            let place: Vec<f64> = found.iter().map(|&d| -f64::from(tally.confidence[d])).collect();
            let at = |values: &[f64], above: f64| {
                (0..POINTS)
                    .map(|p| interpolate(-(p as f64) / (POINTS - 1) as f64, &place, values, above))
                    .collect()
            };
            curves = Curves { recall: at(&recall, 0.0), precision: at(&precision, 1.0) };
        }
    }
    (result, curves)
}

/// The value at `x` of a line through points whose `places` ascend; `before` the first point, the last value after the last. At repeated
/// places the last point counts.
fn interpolate(x: f64, places: &[f64], values: &[f64], before: f64) -> f64 {
    let next = places.partition_point(|place| *place <= x);
    if next == 0 {
        return before;
    }
    if next == places.len() {
        return values[next - 1];
    }
    let (x0, x1, y0, y1) = (places[next - 1], places[next], values[next - 1], values[next]);
    (y1 - y0) / (x1 - x0) * (x - x0) + y0
}

/// The area under the envelope of precision over recall, at 101 points.
pub fn average_precision(recall: &[f64], precision: &[f64]) -> f64 {
    let places: Vec<f64> = [0.0].iter().chain(recall).chain(&[1.0]).copied().collect();
    let mut envelope: Vec<f64> = [1.0].iter().chain(precision).chain(&[0.0]).copied().collect();
    for i in (0..envelope.len() - 1).rev() {
        envelope[i] = envelope[i].max(envelope[i + 1]);
    }
    let at = |i: usize| interpolate(i as f64 / 100.0, &places, &envelope, 1.0);
    (0..100).map(|i| f64::midpoint(at(i), at(i + 1)) / 100.0).sum()
}

/// The point of confidence at which the classes' mean F1, smoothed, is best.
fn best_point(curves: &[(ClassResult, Curves)]) -> usize {
    let f1: Vec<f64> = (0..POINTS)
        .map(|p| {
            let sum: f64 = curves
                .iter()
                .map(|(_, c)| 2.0 * c.precision[p] * c.recall[p] / (c.precision[p] + c.recall[p] + EPS))
                .sum();
            sum / curves.len().max(1) as f64
        })
        .collect();
    let smooth = |p: usize| -> f64 {
        let first = p as i64 - (TAPS / 2) as i64;
        (first..first + TAPS as i64).map(|i| f1[i.clamp(0, POINTS as i64 - 1) as usize]).sum()
    };
    (0..POINTS)
        .map(smooth)
        .enumerate()
        .fold((0, f64::NEG_INFINITY), |best, (p, value)| if value > best.1 { (p, value) } else { best })
        .0
}

#[cfg(test)]
mod tests {
    use super::super::matching::threshold;
    use super::*;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() <= 1e-4 * b.abs().max(1e-2)
    }

    fn fixture() -> Tally {
        let ious = [0.97, 0.71, 0.62, 0.4, 0.93, 0.56, 0.81, 0.1_f32];
        Tally {
            confidence: vec![0.95, 0.9, 0.8, 0.75, 0.6, 0.5, 0.4, 0.3],
            class: vec![0, 1, 0, 0, 1, 0, 1, 0],
            right: ious.iter().map(|iou| std::array::from_fn(|i| *iou >= threshold(i))).collect(),
            labels: vec![0, 0, 0, 0, 1, 1, 1, 2],
        }
    }

    #[test]
    fn fixture_11_ap() {
        let (results, best) = with_best_point(&fixture());
        assert_eq!(best, 398);
        let ap50: Vec<f64> = results.iter().map(ClassResult::ap50).collect();
        assert!(ap50.iter().zip([0.7605, 0.995, 0.0]).all(|(a, b)| close(*a, b)), "{ap50:?}");
        let class_1 = [0.995, 0.995, 0.995, 0.995, 0.995, 0.555_533, 0.555_533, 0.278_05, 0.278_05, 0.0];
        assert!(results[1].ap.iter().zip(class_1).all(|(a, b)| close(*a, b)), "{:?}", results[1].ap);
        let precision: Vec<f64> = results.iter().map(|r| r.precision).collect();
        let recall: Vec<f64> = results.iter().map(|r| r.recall).collect();
        assert!(precision.iter().zip([0.673_799, 1.0, 0.0]).all(|(a, b)| close(*a, b)), "{precision:?}");
        assert!(recall.iter().zip([0.75, 1.0, 0.0]).all(|(a, b)| close(*a, b)), "{recall:?}");
        let means = [precision, recall, ap50, results.iter().map(ClassResult::mean_ap).collect()]
            .map(|of_classes: Vec<f64>| of_classes.iter().sum::<f64>() / 3.0);
        for (mean, expected) in means.iter().zip([0.557_933, 0.583_333, 0.585_167, 0.366_906]) {
            assert!(close(*mean, expected), "{means:?}");
        }
    }

    #[test]
    fn fixture_11_ap_of_one_curve_and_of_a_perfect_one() {
        let recall = [0.25, 0.5, 0.5, 0.75];
        assert!(close(average_precision(&recall, &[1.0, 1.0, 0.666_667, 0.75]), 0.78));
        assert!(close(average_precision(&[0.5, 1.0], &[1.0, 1.0]), 0.995));
    }
}
