//! The detection head: one 1×1 convolution a level, and what its numbers mean.

use tch::{Kind, Tensor};

use super::conv::{Role, Visitor};
use super::init;

/// The last layer. A level's logits have the shape `[n, anchors, h, w, 5 + classes]`.
#[derive(Debug)]
pub struct Detect {
    pub classes: i64,
    /// Anchors a level.
    pub anchors_per_level: i64,
    /// `[levels, anchors, 2]` in grid cells.
    pub anchors: Tensor,
    /// Pixels a cell, for each level.
    pub strides: Vec<f64>,
    heads: Vec<Head>,
}

#[derive(Debug)]
struct Head {
    weight: Tensor,
    bias: Tensor,
}

impl Detect {
    /// With anchors in pixels and strides of 1; [`Detect::finish`] puts both right.
    pub fn new(classes: i64, anchors: &[Vec<f64>], from: &[i64]) -> Self {
        let anchors_per_level = anchors.first().map_or(0, Vec::len) as i64 / 2;
        let out = anchors_per_level * (classes + 5);
        let heads = from
            .iter()
            .map(|c| Head { weight: init::uniform(&[out, *c, 1, 1], *c), bias: init::uniform(&[out], *c) })
            .collect();
        let flat: Vec<f32> = anchors.iter().flatten().map(|x| *x as f32).collect();
        let anchors = Tensor::from_slice(&flat).view([-1, anchors_per_level, 2]);
        Self { classes, anchors_per_level, anchors, strides: vec![1.0; from.len()], heads }
    }

    /// Puts anchors into the order of the strides and into grid cells, and sets the first biases.
    pub fn finish(&mut self, strides: Vec<f64>) {
        self.strides = strides;
        self.anchors = self.to_grid(&ordered(&self.anchors, &self.strides));
        for (head, stride) in self.heads.iter_mut().zip(&self.strides) {
            let bias = head.bias.view([self.anchors_per_level, -1]);
            let mut object = bias.slice(1, Some(4), Some(5), 1);
            let _ = object.g_add_scalar_(init::object_bias(*stride));
            let mut class = bias.slice(1, Some(5), None, 1);
            let _ = class.g_add_scalar_(init::class_bias(self.classes));
        }
    }

    /// Pixel anchors `[levels, anchors, 2]` in grid cells.
    pub fn to_grid(&self, pixels: &Tensor) -> Tensor {
        pixels / self.strides_like(pixels)
    }

    /// The anchors in pixels.
    pub fn anchors_in_pixels(&self) -> Tensor {
        &self.anchors * self.strides_like(&self.anchors)
    }

    /// Whether anchors are still to be found: a mere number of them stands for the sides 0, 1, 2, 3, ...
    pub fn has_placeholders(&self) -> bool {
        self.anchors.min().double_value(&[]) <= 0.0
    }

    fn strides_like(&self, like: &Tensor) -> Tensor {
        let strides: Vec<f32> = self.strides.iter().map(|s| *s as f32).collect();
        Tensor::from_slice(&strides).view([-1, 1, 1]).to_device(like.device())
    }

    /// The logits of each level.
    pub fn forward(&self, inputs: &[&Tensor]) -> Vec<Tensor> {
        inputs
            .iter()
            .zip(&self.heads)
            .map(|(x, head)| {
                let x = x.conv2d(&head.weight, Some(&head.bias), [1, 1], [0, 0], [1, 1], 1);
                let (n, _, h, w) = x.size4().unwrap_or_default();
                // In channels-last memory this is a view: the loss reads rows of one cell without a copy.
                x.permute([0, 2, 3, 1])
                    .reshape([n, h, w, self.anchors_per_level, self.classes + 5])
                    .permute([0, 3, 1, 2, 4])
            })
            .collect()
    }

    /// `[n, all cells, 5 + classes]`: centre x, centre y, width, height in pixels, then probabilities.
    pub fn decode(&self, logits: &[Tensor]) -> Tensor {
        let levels: Vec<Tensor> =
            logits.iter().enumerate().map(|(level, x)| self.decode_level(level, x)).collect();
        Tensor::cat(&levels, 1)
    }

    fn decode_level(&self, level: usize, logits: &Tensor) -> Tensor {
        let (n, anchors, h, w, out) = logits.size5().unwrap_or_default();
        let options = (Kind::Float, logits.device());
        let y = logits.to_kind(Kind::Float).sigmoid();
        let column = Tensor::arange(w, options).view([1, 1, 1, w, 1]).expand([1, 1, h, w, 1], false);
        let row = Tensor::arange(h, options).view([1, 1, h, 1, 1]).expand([1, 1, h, w, 1], false);
        let grid = Tensor::cat(&[column, row], 4) - 0.5;
        let stride = self.strides[level];
        let anchor = self.anchors.get(level as i64).view([1, anchors, 1, 1, 2]) * stride;
        let centre = (y.slice(4, 0, 2, 1) * 2.0 + grid) * stride;
        let size = (y.slice(4, 2, 4, 1) * 2.0).square() * anchor;
        Tensor::cat(&[centre, size, y.slice(4, 4, None, 1)], 4).reshape([n, anchors * h * w, out])
    }

    /// Shows every tensor in state order.
    pub fn visit(&mut self, path: &str, see: &mut Visitor) {
        see(&format!("{path}.anchors"), Role::Buffer, &mut self.anchors);
        for (i, head) in self.heads.iter_mut().enumerate() {
            see(&format!("{path}.m.{i}.weight"), Role::Weight, &mut head.weight);
            see(&format!("{path}.m.{i}.bias"), Role::Bias, &mut head.bias);
        }
    }
}

/// The levels reversed if their mean areas do not rise or fall as the strides do.
pub fn ordered(pixels: &Tensor, strides: &[f64]) -> Tensor {
    let area = pixels.prod_dim_int(-1, false, Kind::Float).mean_dim(-1, false, Kind::Float);
    let last = pixels.size()[0] - 1;
    let rise = area.double_value(&[last]) - area.double_value(&[0]);
    let strides = strides.last().copied().unwrap_or(0.0) - strides.first().copied().unwrap_or(0.0);
    if rise != 0.0 && rise * strides <= 0.0 { pixels.flip([0]) } else { pixels.copy() }
}
