//! What all blocks are made of: convolution, batch norm and activation, run alone or two beside each other. Shapes are `[n, c, h, w]`.

use tch::{Device, Tensor};

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

    /// One norm for the channels of both.
    fn beside(&self, other: &Self) -> Self {
        Self {
            weight: joined(&self.weight, &other.weight),
            bias: joined(&self.bias, &other.bias),
            mean: joined(&self.mean, &other.mean),
            variance: joined(&self.variance, &other.variance),
        }
    }

    /// Gives statistics learnt beside each other back to whom they belong.
    fn teach(&self, two: [&Self; 2]) {
        for (own, half) in two.into_iter().zip(0..) {
            for (own, both) in [(&own.mean, &self.mean), (&own.variance, &self.variance)] {
                // Not in sight of autograd: it keeps these for the way back, where nothing of a training norm reads them.
                own.data().copy_(&halves(both, 0)[half]);
            }
        }
    }

    fn visit(&mut self, path: &str, see: &mut Visitor) {
        see(&format!("{path}.weight"), Role::NormWeight, &mut self.weight);
        see(&format!("{path}.bias"), Role::Bias, &mut self.bias);
        see(&format!("{path}.running_mean"), Role::Buffer, &mut self.mean);
        see(&format!("{path}.running_var"), Role::Buffer, &mut self.variance);
    }
}

impl Conv {
    pub fn new(from: i64, to: i64, kernel: i64, activation: Activation) -> Self {
        Self::full(from, to, kernel, 1, kernel / 2, 1, activation)
    }

    pub fn full(
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

    pub fn forward(&self, x: &Tensor, pass: Pass) -> Tensor {
        let (stride, padding) = ([self.stride; 2], [self.padding; 2]);
        let x = x.conv2d(&self.weight, None::<&Tensor>, stride, padding, [1, 1], self.groups);
        self.activation.apply(self.norm.forward(&x, pass))
    }

    /// What this convolution and another of its kind, with as many channels, make of the same input: computed as one convolution with
    /// the channels of both where that is known to be faster.
    pub fn forward_beside(&self, other: &Self, x: &Tensor, pass: Pass) -> [Tensor; 2] {
        if !pass.train || x.device() != Device::Cpu {
            return [self.forward(x, pass), other.forward(x, pass)];
        }
        let weight = joined(&self.weight, &other.weight);
        let both = Self { weight, norm: self.norm.beside(&other.norm), ..*self };
        let y = both.forward(x, pass);
        both.norm.teach([&self.norm, &other.norm]);
        halves(&y, 1)
    }

    /// Shows every tensor in state order.
    pub fn visit(&mut self, path: &str, see: &mut Visitor) {
        see(&format!("{path}.conv.weight"), Role::Weight, &mut self.weight);
        self.norm.visit(&format!("{path}.bn"), see);
    }
}

fn joined(a: &Tensor, b: &Tensor) -> Tensor {
    Tensor::cat(&[a, b], 0)
}

/// Cut by `chunk`: on the way back, a window would be zeros for the whole of it, half filled in.
fn halves(x: &Tensor, dim: i64) -> [Tensor; 2] {
    let mut parts = x.chunk(2, dim).into_iter();
    [parts.next().unwrap_or_default(), parts.next().unwrap_or_default()]
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

    /// Numbers without an order, always the same; in double precision, so that the order of a sum is of no account.
    fn numbers(shape: &[i64], from: i64) -> Tensor {
        let count: i64 = shape.iter().product();
        (Tensor::arange_start(from, from + count, (Kind::Double, Device::Cpu)) * 12.9898).sin().view(shape)
    }

    /// A convolution whose numbers are all its own.
    fn conv(from: i64, to: i64, seed: i64) -> Conv {
        let mut conv = Conv::new(from, to, 1, Activation::Silu);
        conv.weight = numbers(&[to, from, 1, 1], seed);
        let [weight, bias, mean, variance] = [1, 2, 3, 4].map(|i| numbers(&[to], seed + 100 * i) + 1.5);
        conv.norm = Norm { weight, bias, mean, variance };
        conv
    }

    #[test]
    fn two_convolutions_computed_as_one_give_learn_and_are_taught_the_same() {
        let x = numbers(&[2, 6, 5, 4], 0);
        let pass = Pass { train: true, momentum: 0.03, eps: 1e-3 };
        let run = |together: bool| {
            let mut convs = [conv(6, 3, 1000), conv(6, 3, 2000)];
            let mut leaves = Vec::new();
            for conv in &mut convs {
                conv.visit("", &mut |_, role, tensor| {
                    if role != Role::Buffer {
                        *tensor = tensor.set_requires_grad(true);
                        leaves.push(tensor.shallow_clone());
                    }
                });
            }
            let [a, b] = &convs;
            let [y, z] = if together {
                a.forward_beside(b, &x, pass)
            } else {
                [a.forward(&x, pass), b.forward(&x, pass)]
            };
            let loss = (&y * 2.0 + z.square()).sum(Kind::Double);
            let gradients = Tensor::run_backward(&[&loss], &leaves, false, false);
            let statistics = convs.iter().flat_map(|conv| [&conv.norm.mean, &conv.norm.variance]);
            let statistics: Vec<Tensor> = statistics.map(Tensor::copy).collect();
            [y, z].into_iter().chain(gradients).chain(statistics).collect::<Vec<_>>()
        };
        for (i, (apart, together)) in run(false).iter().zip(&run(true)).enumerate() {
            assert_eq!(apart.size(), together.size());
            assert!(apart.allclose(together, 1e-9, 1e-9, false), "{i}: {apart:?} {together:?}");
        }
    }
}
