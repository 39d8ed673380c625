//! The blocks networks are made of: how each is built, run, and how its tensors are named. Shapes are `[n, c, h, w]`.

use tch::Tensor;

use super::plan::Module;

/// What holds for one run through the network.
#[derive(Debug, Clone, Copy)]
pub struct Pass {
    /// Batch norms use and update the batch's own statistics.
    pub train: bool,
    pub momentum: f64,
    pub eps: f64,
}

/// What a tensor of the state is, which decides its optimiser group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Any bias: not decayed.
    Bias,
    /// Any other weight: decayed.
    Weight,
    /// The weight of a batch norm: not decayed.
    NormWeight,
    /// Not trained, but averaged.
    Buffer,
}

/// Sees every tensor of a block in state order: name, role, tensor. What it leaves in place is used from then on.
pub type Visitor<'a> = dyn FnMut(&str, Role, &mut Tensor) + 'a;

/// The activations a model YAML may name.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Activation {
    Silu,
    Relu,
    /// With this slope below 0.
    Leaky(f64),
    Identity,
}

impl Activation {
    /// `nn.SiLU()`, `SiLU`, `nn.LeakyReLU(0.1)`, ...
    pub fn named(name: &str) -> Option<Self> {
        let bare = name.trim().trim_start_matches("torch.").trim_start_matches("nn.");
        let (kind, arguments) = bare.split_once('(').unwrap_or((bare, ""));
        match kind.to_ascii_lowercase().as_str() {
            "silu" => Some(Self::Silu),
            "relu" => Some(Self::Relu),
            "leakyrelu" => slope(arguments).map(Self::Leaky),
            "identity" => Some(Self::Identity),
            _ => None,
        }
    }

    fn apply(self, x: Tensor) -> Tensor {
        match self {
            Self::Silu => x.silu(),
            Self::Relu => x.relu(),
            Self::Leaky(slope) => x.maximum(&(&x * slope)),
            Self::Identity => x,
        }
    }
}

/// The slope in the rest of `LeakyReLU(0.1, inplace=True)`; PyTorch's own where none is given.
fn slope(arguments: &str) -> Option<f64> {
    let first = arguments.trim_end_matches(')').split(',').next()?.trim();
    match first.trim_start_matches("negative_slope=") {
        "" => Some(0.01),
        number => number.parse().ok().filter(|slope| (0.0..1.0).contains(slope)),
    }
}

/// Convolution without bias, batch norm, activation.
#[derive(Debug)]
pub struct Conv {
    weight: Tensor,
    norm: Norm,
    stride: i64,
    padding: i64,
    groups: i64,
    activation: Activation,
}

#[derive(Debug)]
struct Norm {
    weight: Tensor,
    bias: Tensor,
    mean: Tensor,
    variance: Tensor,
}

impl Norm {
    fn new(channels: i64) -> Self {
        let (zeros, ones) = (
            || Tensor::zeros([channels], super::init::OPTIONS),
            || Tensor::ones([channels], super::init::OPTIONS),
        );
        Self { weight: ones(), bias: zeros(), mean: zeros(), variance: ones() }
    }

    fn forward(&self, x: &Tensor, pass: Pass) -> Tensor {
        x.batch_norm(
            Some(&self.weight),
            Some(&self.bias),
            Some(&self.mean),
            Some(&self.variance),
            pass.train,
            pass.momentum,
            pass.eps,
            true,
        )
    }

    fn visit(&mut self, path: &str, see: &mut Visitor) {
        see(&format!("{path}.weight"), Role::NormWeight, &mut self.weight);
        see(&format!("{path}.bias"), Role::Bias, &mut self.bias);
        see(&format!("{path}.running_mean"), Role::Buffer, &mut self.mean);
        see(&format!("{path}.running_var"), Role::Buffer, &mut self.variance);
    }
}

impl Conv {
    fn new(from: i64, to: i64, kernel: i64, activation: Activation) -> Self {
        Self::full(from, to, kernel, 1, kernel / 2, 1, activation)
    }

    fn full(
        from: i64,
        to: i64,
        kernel: i64,
        stride: i64,
        padding: i64,
        groups: i64,
        activation: Activation,
    ) -> Self {
        let weight =
            super::init::uniform(&[to, from / groups, kernel, kernel], from / groups * kernel * kernel);
        Self { weight, norm: Norm::new(to), stride, padding, groups, activation }
    }

    fn forward(&self, x: &Tensor, pass: Pass) -> Tensor {
        let (stride, padding) = ([self.stride; 2], [self.padding; 2]);
        let x = x.conv2d(&self.weight, None::<&Tensor>, stride, padding, [1, 1], self.groups);
        self.activation.apply(self.norm.forward(&x, pass))
    }

    fn visit(&mut self, path: &str, see: &mut Visitor) {
        see(&format!("{path}.conv.weight"), Role::Weight, &mut self.weight);
        self.norm.visit(&format!("{path}.bn"), see);
    }
}

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
                let mut y = c3.cv1.forward(x, pass);
                for bottleneck in &c3.m {
                    y = bottleneck.forward(&y, pass);
                }
                c3.cv3.forward(&Tensor::cat(&[y, c3.cv2.forward(x, pass)], 1), pass)
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
    fn activations_are_known_by_name_and_a_leak_by_its_slope() {
        for (name, expected) in [
            ("nn.SiLU()", Some(Activation::Silu)),
            ("torch.nn.ReLU(inplace=True)", Some(Activation::Relu)),
            ("nn.LeakyReLU(0.1)", Some(Activation::Leaky(0.1))),
            ("nn.LeakyReLU(negative_slope=0.2, inplace=True)", Some(Activation::Leaky(0.2))),
            ("nn.LeakyReLU()", Some(Activation::Leaky(0.01))),
            ("nn.LeakyReLU(steep)", None),
            ("nn.Mish()", None),
        ] {
            assert_eq!(Activation::named(name), expected, "{name}");
        }
        let x = Tensor::from_slice(&[-2.0_f32, 3.0]);
        close(&Activation::Leaky(0.2).apply(x), &[-0.4, 3.0], 1e-6);
    }

    #[test]
    fn focus_puts_even_and_odd_rows_and_columns_side_by_side_in_the_order_of_the_reference() {
        let x = Tensor::arange(16, (Kind::Float, tch::Device::Cpu)).view([1, 1, 4, 4]);
        let expected =
            [[0., 2., 8., 10.], [4., 6., 12., 14.], [1., 3., 9., 11.], [5., 7., 13., 15.]].concat();
        close(&space_to_depth(&x), &expected, 1e-9);
    }
}
