//! From a model's rows to detections: confidence, classes, and non-maximum suppression.

/// What counts as a detection.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NmsOptions {
    pub confidence: f32,
    /// Overlap above which the less confident of two detections of a class goes. In double
    /// precision: 0.6 rounded to single precision lies above 0.6, so that an overlap of exactly that is too much, as for the reference.
    pub iou: f64,
    /// Detections kept per picture.
    pub most: usize,
    /// Classes do not keep detections apart.
    pub single_class: bool,
}

impl Default for NmsOptions {
    fn default() -> Self {
        Self { confidence: 0.001, iou: 0.6, most: 300, single_class: false }
    }
}

/// Candidates per picture, the most confident ones.
const CANDIDATES: usize = 30_000;
/// Shift per class, so that boxes of different classes never meet; what it costs in precision is the original's too.
const CLASS_SHIFT: f32 = 7680.0;

/// A box in pixels, with its confidence and class.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Detection {
    /// Left, top, right, bottom.
    pub corners: [f32; 4],
    pub confidence: f32,
    pub class: u32,
}

/// Detections of one picture, most confident first. `rows` are `[5 + classes]` each: centre x, y, width, height in pixels,
/// objectness, class scores.
pub fn suppress(rows: &[f32], classes: usize, options: &NmsOptions) -> Vec<Detection> {
    let mut candidates = candidates(rows, classes, options.confidence);
    candidates.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    candidates.truncate(CANDIDATES);
    let mut kept: Vec<Detection> = Vec::new();
    // Kept boxes by class, shifted.
    let mut by_class: Vec<Vec<[f32; 4]>> = vec![Vec::new(); classes.max(1)];
    for candidate in candidates {
        if kept.len() == options.most {
            break;
        }
        let group = if options.single_class { 0 } else { candidate.class as usize };
        let shifted = candidate.corners.map(|v| v + group as f32 * CLASS_SHIFT);
        if by_class[group].iter().all(|other| f64::from(overlap(&shifted, other)) <= options.iou) {
            by_class[group].push(shifted);
            kept.push(candidate);
        }
    }
    kept
}

fn candidates(rows: &[f32], classes: usize, confidence: f32) -> Vec<Detection> {
    let mut found = Vec::new();
    for row in rows.chunks_exact(5 + classes).filter(|row| row[4] > confidence) {
        let [x, y, w, h, objectness] = [row[0], row[1], row[2], row[3], row[4]];
        let corners = [x - w / 2.0, y - h / 2.0, x + w / 2.0, y + h / 2.0];
        let scores = row[5..].iter().enumerate().map(|(class, score)| (class as u32, score * objectness));
        // With several classes a row may be a detection of each of them; with one there is only that.
        found.extend(scores.filter(|(_, score)| *score > confidence).map(|(class, confidence)| Detection {
            corners,
            confidence,
            class,
        }));
    }
    found
}

fn area(b: &[f32; 4]) -> f32 {
    (b[2] - b[0]) * (b[3] - b[1])
}

fn intersection(a: &[f32; 4], b: &[f32; 4]) -> f32 {
    let width = (a[2].min(b[2]) - a[0].max(b[0])).max(0.0);
    let height = (a[3].min(b[3]) - a[1].max(b[1])).max(0.0);
    width * height
}

fn overlap(a: &[f32; 4], b: &[f32; 4]) -> f32 {
    let both = intersection(a, b);
    both / (area(a) + area(b) - both)
}

/// Intersection over union of two boxes (left, top, right, bottom).
pub fn iou(a: &[f32; 4], b: &[f32; 4]) -> f32 {
    let both = intersection(a, b);
    both / (area(a) + area(b) - both + 1e-7)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixture_10_nms() {
        #[rustfmt::skip]
        let rows = [
            50., 50., 40., 40., 0.9, 0.8, 0.1,
            52., 51., 40., 40., 0.8, 0.85, 0.3,
            50., 50., 40., 40., 0.6, 0.05, 0.91,
            150., 150., 30., 60., 0.5, 0.0015, 0.7,
            152., 150., 30., 60., 0.4, 0.1, 0.001,
            10., 10., 5., 5., 0.0009, 1., 1.,
            90., 50., 40., 40., 0.7, 0.52, 0.49_f32,
        ];
        let expected: [(f32, f32, u32); 6] = [
            (30., 0.72, 0),
            (30., 0.546, 1),
            (70., 0.364, 0),
            (135., 0.35, 1),
            (70., 0.343, 1),
            (137., 0.04, 0),
        ];
        let kept = suppress(&rows, 2, &NmsOptions::default());
        assert_eq!(kept.len(), expected.len(), "{kept:?}");
        for (got, (x1, score, class)) in kept.iter().zip(expected) {
            assert!((got.corners[0] - x1).abs() < 1e-4 && (got.confidence - score).abs() < 1e-6, "{got:?}");
            assert_eq!(got.class, class);
        }
    }

    #[test]
    fn the_30000_most_confident_candidates_are_looked_at_and_300_detections_are_left() {
        let row = |x: f32, confidence: f32| [x, 50., 10., 10., confidence, 1.0];
        let many = |same: usize| {
            let rows: Vec<[f32; 6]> =
                std::iter::once(row(500., 0.5)).chain((0..same).map(|_| row(50., 0.9))).collect();
            suppress(&rows.concat(), 1, &NmsOptions::default()).len()
        };
        assert_eq!([many(29_999), many(30_000)], [2, 1]);
        let apart: Vec<[f32; 6]> =
            (0..301_u16).map(|i| row(20. * f32::from(i), 0.9 - f32::from(i) / 1000.)).collect();
        let kept = suppress(&apart.concat(), 1, &NmsOptions::default());
        assert_eq!((kept.len(), kept[299].corners[0]), (300, 20. * 299. - 5.));
    }

    #[test]
    fn an_overlap_of_exactly_the_limit_is_too_much() {
        let two = |height: f32| {
            [[50., 50., 100., 100., 0.9, 1.0], [50., height / 2., 100., height, 0.8, 1.0]].concat()
        };
        let left = [59.0, 60.0].map(|height| suppress(&two(height), 1, &NmsOptions::default()).len());
        assert_eq!(left, [2, 1]);
    }

    #[test]
    fn one_class_alone_suppresses_all_that_overlap_and_the_most_bounds_them() {
        let rows = [[50., 50., 40., 40., 0.9, 0.8, 0.7], [90., 50., 40., 40., 0.9, 0.6, 0.1]].concat();
        let single = NmsOptions { single_class: true, ..NmsOptions::default() };
        assert_eq!(suppress(&rows, 2, &single).len(), 2);
        assert_eq!(suppress(&rows, 2, &NmsOptions { most: 3, ..NmsOptions::default() }).len(), 3);
        assert_eq!(suppress(&rows, 2, &NmsOptions::default()).len(), 4);
        assert!(suppress(&[f32::NAN; 14], 2, &NmsOptions::default()).is_empty());
    }
}
