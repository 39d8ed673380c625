//! The training loss: boxes, objectness, classes.

use std::f64::consts::PI;

use tch::{Device, Kind, Reduction, Tensor};

use crate::assign::{Matches, Target, assign};
use crate::device::sent;
use crate::hyp::Hyp;
use crate::model::Detect;

/// What a loss depends on besides logits and targets; fixed for a training.
#[derive(Debug, Clone)]
pub struct Criterion {
    /// Of boxes, objectness, classes.
    pub gains: [f64; 3],
    pub cls_pw: f64,
    pub obj_pw: f64,
    pub fl_gamma: f64,
    pub anchor_t: f64,
    pub label_smoothing: f64,
    pub classes: i64,
    /// Width and height in cells, level by level.
    pub anchors: Vec<Vec<[f32; 2]>>,
}

/// A loss with its parts.
#[derive(Debug)]
pub struct Loss {
    /// The scalar to differentiate: the sum of the parts, times the pictures of the batch.
    pub total: Tensor,
    /// `[3]`: boxes, objectness, classes, with their gains, without gradient, on the device.
    pub parts: Tensor,
}

/// Weight of each level's objectness.
fn balance(levels: usize) -> &'static [f64] {
    if levels == 3 { &[4.0, 1.0, 0.4] } else { &[4.0, 1.0, 0.25, 0.06, 0.02] }
}

impl Criterion {
    /// The criterion of a training of this network with this picture size.
    pub fn new(hyp: &Hyp, detect: &Detect, img: i64, label_smoothing: f64) -> Self {
        Self {
            gains: hyp.scaled_gains(detect.strides.len(), detect.classes, img),
            cls_pw: hyp.cls_pw,
            obj_pw: hyp.obj_pw,
            fl_gamma: hyp.fl_gamma,
            anchor_t: hyp.anchor_t,
            label_smoothing,
            classes: detect.classes,
            anchors: anchor_sizes(&detect.anchors),
        }
    }

    /// The loss of logits `[n, anchors, h, w, 5 + classes]` a level.
    pub fn loss(&self, logits: &[Tensor], targets: &[Target]) -> Loss {
        let device = logits[0].device();
        let zero = || Tensor::zeros([1], (Kind::Float, device));
        let (mut boxes, mut objects, mut classes) = (zero(), zero(), zero());
        for (i, x) in logits.iter().enumerate() {
            let (n, anchors, ny, nx, out) = x.size5().unwrap_or_default();
            // Cells in the order of memory, so that this is no copy: image, row, column, anchor.
            let rows = x.permute([0, 2, 3, 1, 4]).reshape([-1, out]);
            let mut wanted = Tensor::zeros([rows.size()[0]], (Kind::Float, device));
            let matches = assign(targets, [ny, nx], &self.anchors[i], self.anchor_t as f32);
            if !matches.is_empty() {
                let at = cell_numbers(&matches, [ny, nx, anchors], device);
                let found = rows.index_select(0, &at).to_kind(Kind::Float);
                let ciou = ciou(&decoded(&found, &matches), &table(&matches.boxes, device));
                boxes += 1.0 - ciou.mean(Kind::Float);
                let last = sent(&Tensor::from_slice(&matches.last_rows()), device);
                let quality = ciou.detach().clamp_min(0.0).index_select(0, &last);
                let _ = wanted.index_put_(&[Some(at.index_select(0, &last))], &quality, false);
                if self.classes > 1 {
                    classes += self.class_loss(&found, &matches);
                }
            }
            let object = rows.select(1, 4).to_kind(Kind::Float);
            let level = self.binary(&object, &wanted, self.obj_pw);
            objects += level * balance(logits.len()).get(i).copied().unwrap_or(0.02);
            debug_assert_eq!(n * ny * nx * anchors, rows.size()[0]);
        }
        let gains = sent(&Tensor::from_slice(&self.gains.map(|gain| gain as f32)), device);
        let parts = Tensor::cat(&[boxes, objects, classes], 0) * gains;
        Loss { total: parts.sum(Kind::Float) * logits[0].size()[0], parts: parts.detach() }
    }

    fn class_loss(&self, found: &Tensor, matches: &Matches) -> Tensor {
        let logits = found.slice(1, 5, None, 1);
        let (positive, negative) = (1.0 - self.label_smoothing / 2.0, self.label_smoothing / 2.0);
        let class = sent(&Tensor::from_slice(&matches.classes), found.device()).unsqueeze(1);
        let wanted = logits.full_like(negative).scatter_value(1, &class, positive);
        self.binary(&logits, &wanted, self.cls_pw)
    }

    /// Mean binary cross entropy, focal if asked for.
    fn binary(&self, logits: &Tensor, wanted: &Tensor, positive_weight: f64) -> Tensor {
        // A weight of 1 is none, and costs nothing.
        let weight = (positive_weight != 1.0)
            .then(|| sent(&Tensor::from_slice(&[positive_weight as f32]), logits.device()));
        if self.fl_gamma <= 0.0 {
            return logits.binary_cross_entropy_with_logits(wanted, None, weight, Reduction::Mean);
        }
        let each = logits.binary_cross_entropy_with_logits(wanted, None, weight, Reduction::None);
        let p = logits.sigmoid();
        let not_wanted: Tensor = 1.0 - wanted;
        let wrong: Tensor = 1.0 - (wanted * &p + &not_wanted * (1.0 - &p));
        let alpha: Tensor = wanted * 0.25 + not_wanted * 0.75;
        let focal: Tensor = each * alpha * wrong.pow_tensor_scalar(self.fl_gamma);
        focal.mean(Kind::Float)
    }
}

/// `[levels, anchors, 2]` as numbers.
pub fn anchor_sizes(anchors: &Tensor) -> Vec<Vec<[f32; 2]>> {
    let per_level = anchors.size().get(1).copied().unwrap_or(1).max(1) as usize;
    let flat: Vec<f32> =
        Vec::try_from(anchors.detach().to_device(Device::Cpu).reshape([-1])).unwrap_or_default();
    let pairs: Vec<[f32; 2]> = flat.chunks_exact(2).map(|wh| [wh[0], wh[1]]).collect();
    pairs.chunks(per_level).map(<[_]>::to_vec).collect()
}

fn cell_numbers(matches: &Matches, [ny, nx, anchors]: [i64; 3], device: Device) -> Tensor {
    let numbers: Vec<i64> = matches
        .cells
        .iter()
        .map(|[image, anchor, row, column]| ((image * ny + row) * nx + column) * anchors + anchor)
        .collect();
    sent(&Tensor::from_slice(&numbers), device)
}

fn table<const N: usize>(rows: &[[f32; N]], device: Device) -> Tensor {
    sent(&Tensor::from_slice(rows.as_flattened()).view([-1, N as i64]), device)
}

/// Boxes in cells from the first four logits of each row.
fn decoded(found: &Tensor, matches: &Matches) -> Tensor {
    let p = found.slice(1, 0, 4, 1).sigmoid() * 2.0;
    let size = p.slice(1, 2, 4, 1).square() * table(&matches.anchors, found.device());
    Tensor::cat(&[p.slice(1, 0, 2, 1) - 0.5, size], 1)
}

/// CIoU of boxes `[n, 4]` in centre form, row by row: `[n]`.
pub fn ciou(a: &Tensor, b: &Tensor) -> Tensor {
    ciou_and_iou(a, b).0
}

/// With the plain overlap (intersection over union) it is made from.
fn ciou_and_iou(a: &Tensor, b: &Tensor) -> (Tensor, Tensor) {
    const EPS: f64 = 1e-7;
    let columns = |t: &Tensor| t.unbind(1);
    let [a, b] = [columns(a), columns(b)];
    let low = |t: &[Tensor], axis: usize| &t[axis] - &t[axis + 2] / 2.0;
    let high = |t: &[Tensor], axis: usize| &t[axis] + &t[axis + 2] / 2.0;
    let mut inter = None;
    let mut diagonal = None;
    let mut distance = None;
    for axis in 0..2 {
        let (a0, a1, b0, b1) = (low(&a, axis), high(&a, axis), low(&b, axis), high(&b, axis));
        let overlap = (a1.minimum(&b1) - a0.maximum(&b0)).clamp_min(0.0);
        let hull = (a1.maximum(&b1) - a0.minimum(&b0)).square();
        let apart = (&b[axis] - &a[axis]).square();
        inter = Some(inter.map_or(overlap.shallow_clone(), |x: Tensor| x * overlap));
        diagonal = Some(diagonal.map_or(hull.shallow_clone(), |x: Tensor| x + hull));
        distance = Some(distance.map_or(apart.shallow_clone(), |x: Tensor| x + apart));
    }
    let (inter, diagonal, distance) =
        (inter.unwrap_or_default(), diagonal.unwrap_or_default() + EPS, distance.unwrap_or_default());
    let union = &a[2] * &a[3] + &b[2] * &b[3] - &inter + EPS;
    let iou = inter / union;
    let v = ((&b[2] / &b[3]).atan() - (&a[2] / &a[3]).atan()).square() * (4.0 / (PI * PI));
    let alpha = {
        let _guard = tch::no_grad_guard();
        &v / (&v - &iou + (1.0 + EPS))
    };
    (&iou - (distance / diagonal + v * alpha), iou)
}

#[cfg(test)]
mod tests;
