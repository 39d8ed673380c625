//! The blocks networks are made of: how each is built, run, and how its tensors are named. Shapes are `[n, c, h, w]`. The convolution
//! that all are made of is in `conv.rs`.

use tch::Tensor;

use super::conv::{Activation, Conv, Pass, Visitor};
use super::plan::Module;

/// Two convolutions, with the input added where it fits.
#[derive(Debug)]
pub struct Bottleneck {
    cv1: Conv,
    cv2: Conv,
    add: bool,
}

impl Bottleneck {
    fn new(from: i64, to: i64, shortcut: bool, hidden: i64, activation: Activation) -> Self {
        let (cv1, cv2) = (Conv::new(from, hidden, 1, activation), Conv::new(hidden, to, 3, activation));
        Self { cv1, cv2, add: shortcut && from == to }
    }

    fn forward(&self, x: &Tensor, pass: Pass) -> Tensor {
        let y = self.cv2.forward(&self.cv1.forward(x, pass), pass);
        if self.add { x + y } else { y }
    }

    fn visit(&mut self, path: &str, see: &mut Visitor) {
        self.cv1.visit(&format!("{path}.cv1"), see);
        self.cv2.visit(&format!("{path}.cv2"), see);
    }
}

/// A split path: bottlenecks on one half, the other left as it is.
#[derive(Debug)]
pub struct C3 {
    cv1: Conv,
    cv2: Conv,
    cv3: Conv,
    m: Vec<Bottleneck>,
}

/// Pooled at several sizes at once (`chained` false) or one pool several times (`chained` true).
#[derive(Debug)]
pub struct Pyramid {
    cv1: Conv,
    cv2: Conv,
    kernels: Vec<i64>,
    chained: bool,
}

impl Pyramid {
    fn forward(&self, x: &Tensor, pass: Pass) -> Tensor {
        let mut levels = vec![self.cv1.forward(x, pass)];
        for k in &self.kernels {
            let source = if self.chained { levels.last() } else { levels.first() };
            if let Some(source) = source {
                levels.push(source.max_pool2d([*k; 2], [1, 1], [k / 2; 2], [1, 1], false));
            }
        }
        self.cv2.forward(&Tensor::cat(&levels, 1), pass)
    }
}

/// Anything but Detect.
#[derive(Debug)]
pub enum Block {
    Conv(Conv),
    Bottleneck(Bottleneck),
    C3(C3),
    Pyramid(Pyramid),
    /// Space to depth, then a convolution.
    Focus(Conv),
    Sequence(Vec<Block>),
    Upsample(i64),
    Concat,
    MaxPool {
        kernel: i64,
        stride: i64,
        padding: i64,
    },
    ZeroPad([i64; 4]),
}

impl Block {
    /// Builds a block with first values; `None` for Detect.
    pub fn new(module: &Module, repeats: i64, activation: Activation) -> Option<Self> {
        if repeats > 1 {
            let first = std::iter::once(Self::new(module, 1, activation));
            let then = module.chained();
            return first
                .chain((1..repeats).map(|_| Self::new(&then, 1, activation)))
                .collect::<Option<Vec<_>>>()
                .map(Self::Sequence);
        }
        let a = activation;
        Some(match *module {
            Module::Conv { from, to, kernel, stride, padding, groups } => {
                Self::Conv(Conv::full(from, to, kernel, stride, padding.unwrap_or(kernel / 2), groups, a))
            }
            Module::Bottleneck { from, to, shortcut } => {
                Self::Bottleneck(Bottleneck::new(from, to, shortcut, to / 2, a))
            }
            Module::C3 { from, to, bottlenecks, shortcut } => {
                let h = to / 2;
                Self::C3(C3 {
                    cv1: Conv::new(from, h, 1, a),
                    cv2: Conv::new(from, h, 1, a),
                    cv3: Conv::new(2 * h, to, 1, a),
                    m: (0..bottlenecks).map(|_| Bottleneck::new(h, h, shortcut, h, a)).collect(),
                })
            }
            Module::Spp { from, to, ref kernels } => Self::pyramid(from, to, kernels.clone(), false, a),
            Module::Sppf { from, to, kernel } => Self::pyramid(from, to, vec![kernel; 3], true, a),
            Module::Focus { from, to, kernel } => Self::Focus(Conv::new(4 * from, to, kernel, a)),
            Module::Upsample { factor } => Self::Upsample(factor),
            Module::Concat => Self::Concat,
            Module::MaxPool { kernel, stride, padding } => Self::MaxPool { kernel, stride, padding },
            Module::ZeroPad { left, right, top, bottom } => Self::ZeroPad([left, right, top, bottom]),
            Module::Detect { .. } => return None,
        })
    }

    fn pyramid(from: i64, to: i64, kernels: Vec<i64>, chained: bool, activation: Activation) -> Self {
        let h = from / 2;
        let cv1 = Conv::new(from, h, 1, activation);
        let cv2 = Conv::new(h * (kernels.len() as i64 + 1), to, 1, activation);
        Self::Pyramid(Pyramid { cv1, cv2, kernels, chained })
    }

    /// The output for the inputs of this layer (one, but for Concat).
    pub fn forward(&self, inputs: &[&Tensor], pass: Pass) -> Tensor {
        let x = inputs[0];
        match self {
            Self::Conv(conv) => conv.forward(x, pass),
            Self::Bottleneck(bottleneck) => bottleneck.forward(x, pass),
            Self::C3(c3) => {
                let [mut y, beside] = c3.cv1.forward_beside(&c3.cv2, x, pass);
                for bottleneck in &c3.m {
                    y = bottleneck.forward(&y, pass);
                }
                c3.cv3.forward(&Tensor::cat(&[y, beside], 1), pass)
            }
            Self::Pyramid(pyramid) => pyramid.forward(x, pass),
            Self::Focus(conv) => conv.forward(&space_to_depth(x), pass),
            Self::Sequence(blocks) => {
                let mut y = x.shallow_clone();
                for block in blocks {
                    y = block.forward(&[&y], pass);
                }
                y
            }
            Self::Upsample(factor) => {
                let (_, _, h, w) = x.size4().unwrap_or_default();
                x.upsample_nearest2d([h * factor, w * factor], None, None)
            }
            Self::Concat => Tensor::cat(inputs, 1),
            Self::MaxPool { kernel, stride, padding } => {
                x.max_pool2d([*kernel; 2], [*stride; 2], [*padding; 2], [1, 1], false)
            }
            Self::ZeroPad(sides) => x.constant_pad_nd(sides),
        }
    }

    /// Shows every tensor in state order.
    pub fn visit(&mut self, path: &str, see: &mut Visitor) {
        match self {
            Self::Conv(conv) => conv.visit(path, see),
            Self::Bottleneck(bottleneck) => bottleneck.visit(path, see),
            Self::C3(c3) => {
                c3.cv1.visit(&format!("{path}.cv1"), see);
                c3.cv2.visit(&format!("{path}.cv2"), see);
                c3.cv3.visit(&format!("{path}.cv3"), see);
                for (i, bottleneck) in c3.m.iter_mut().enumerate() {
                    bottleneck.visit(&format!("{path}.m.{i}"), see);
                }
            }
            Self::Pyramid(pyramid) => {
                pyramid.cv1.visit(&format!("{path}.cv1"), see);
                pyramid.cv2.visit(&format!("{path}.cv2"), see);
            }
            Self::Focus(conv) => conv.visit(&format!("{path}.conv"), see),
            Self::Sequence(blocks) => {
                for (i, block) in blocks.iter_mut().enumerate() {
                    block.visit(&format!("{path}.{i}"), see);
                }
            }
            Self::Upsample(_) | Self::Concat | Self::MaxPool { .. } | Self::ZeroPad(_) => {}
        }
    }
}

/// `[n, c, h, w]` to `[n, 4c, h/2, w/2]`: (even row, even column), (odd, even), (even, odd), (odd, odd).
fn space_to_depth(x: &Tensor) -> Tensor {
    let part = |row: i64, column: i64| x.slice(2, Some(row), None, 2).slice(3, Some(column), None, 2);
    Tensor::cat(&[part(0, 0), part(1, 0), part(0, 1), part(1, 1)], 1)
}

#[cfg(test)]
mod tests {
    use tch::Kind;

    use super::*;
    use crate::fixture::close;

    #[test]
    fn focus_puts_even_and_odd_rows_and_columns_side_by_side_in_the_order_of_the_reference() {
        let x = Tensor::arange(16, (Kind::Float, tch::Device::Cpu)).view([1, 1, 4, 4]);
        let expected =
            [[0., 2., 8., 10.], [4., 6., 12., 14.], [1., 3., 9., 11.], [5., 7., 13., 15.]].concat();
        close(&space_to_depth(&x), &expected, 1e-9);
    }
}
