//! Which detections are right, at each of ten thresholds of overlap, and the way from a batch's pixels to a picture's own.

use crate::data::Origin;

use super::nms::{Detection, iou};

/// 0.50, 0.55 … 0.95.
pub const THRESHOLDS: usize = 10;

/// What a picture really shows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Truth {
    pub class: u32,
    /// Left, top, right, bottom.
    pub corners: [f32; 4],
}

/// Threshold number `i`, the number nearest to the decimal: computed in `f32`, the last one would lie above it.
pub fn threshold(i: usize) -> f32 {
    (0.5 + 0.05 * i as f64) as f32
}

/// For each detection (most confident first), at which thresholds it is right. A detection goes to the label that it overlaps most; a
/// label keeps the most confident detection that came to it.
pub fn correct(detections: &[Detection], truths: &[Truth]) -> Vec<[bool; THRESHOLDS]> {
    // A detection's best label does not depend on the threshold: only whether it overlaps that label enough does.
    let best: Vec<Option<(usize, f32)>> = detections
        .iter()
        .map(|detection| {
            truths
                .iter()
                .enumerate()
                .filter(|(_, truth)| truth.class == detection.class)
                .map(|(place, truth)| (place, iou(&truth.corners, &detection.corners)))
                .max_by(|a, b| a.1.total_cmp(&b.1))
        })
        .collect();
    let mut right = vec![[false; THRESHOLDS]; detections.len()];
    for i in 0..THRESHOLDS {
        let mut taken = vec![false; truths.len()];
        for (right, best) in right.iter_mut().zip(&best) {
            if let Some((place, _)) = best.filter(|(place, iou)| *iou >= threshold(i) && !taken[*place]) {
                taken[place] = true;
                right[i] = true;
            }
        }
    }
    right
}

/// A box in a batch's pixels, in the picture's own.
pub fn native(corners: [f32; 4], origin: &Origin) -> [f32; 4] {
    let back = |value: f32, pad: f64, side: usize| {
        ((value - pad as f32) / origin.gain as f32).clamp(0.0, side as f32)
    };
    let [x1, y1, x2, y2] = corners;
    [
        back(x1, origin.pad.0, origin.width),
        back(y1, origin.pad.1, origin.height),
        back(x2, origin.pad.0, origin.width),
        back(y2, origin.pad.1, origin.height),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detection(corners: [f32; 4], class: u32) -> Detection {
        Detection { corners, confidence: 0.5, class }
    }

    #[test]
    fn fixture_10_matching() {
        let detections = [
            detection([10., 10., 50., 46.], 0),
            detection([10., 10., 50., 50.], 0),
            detection([100., 100., 140., 160.], 1),
            detection([102., 100., 142., 160.], 0),
        ];
        let truths = [
            Truth { class: 0, corners: [10., 10., 50., 50.] },
            Truth { class: 1, corners: [101., 100., 142., 160.] },
        ];
        let right = correct(&detections, &truths);
        let counts: Vec<usize> = right.iter().map(|r| r.iter().filter(|right| **right).count()).collect();
        assert_eq!(counts, [9, 1, 9, 0]);
        assert!(right[1][9]);
    }

    #[test]
    fn an_overlap_of_exactly_a_threshold_reaches_it() {
        let truth = Truth { class: 0, corners: [0., 0., 100., 100.] };
        for i in 0..THRESHOLDS {
            let height = 50.0 + 5.0 * i as f32;
            let [right] = correct(&[detection([0., 0., 100., height], 0)], &[truth]).try_into().unwrap();
            assert_eq!(right.iter().filter(|right| **right).count(), i + 1, "{height}");
        }
    }

    #[test]
    fn a_label_keeps_the_most_confident_detection_and_a_detection_the_label_that_it_overlaps_most() {
        let truths = [[0., 0., 10., 10.], [4., 0., 14., 10.]].map(|corners| Truth { class: 0, corners });
        // The first two overlap the second label most; the second of them, which fits it exactly, comes too late.
        let detections =
            [[3., 0., 13., 10.], [4., 0., 14., 10.], [0., 0., 10., 10.]].map(|corners| detection(corners, 0));
        let right = correct(&detections, &truths);
        let at_half: Vec<bool> = right.iter().map(|right| right[0]).collect();
        assert_eq!(at_half, [true, false, true]);
        assert!(!right[0][9] && right[1][9], "where the first does not overlap enough, it takes nothing");
    }

    #[test]
    fn fixture_10_native() {
        let origin = Origin { index: 0, width: 640, height: 427, gain: 1.0, pad: (16.0, 10.5) };
        assert_eq!(native([10., 100., 200., 300.], &origin), [0.0, 89.5, 184.0, 289.5]);
    }
}
