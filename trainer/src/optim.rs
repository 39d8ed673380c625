//! The optimisers, on the arena's one long tensor of parameters. Rates come from `schedule.rs`.

use tch::{Kind, Tensor};

use crate::model::{Arena, Group};
use crate::schedule::Rates;

/// Which rule makes a step of a gradient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Rule {
    /// With Nesterov momentum.
    #[default]
    Sgd,
    /// Decay is part of the gradient.
    Adam,
    /// Decay apart from the gradient.
    AdamW,
}

/// A rule with its memory.
#[derive(Debug)]
pub struct Optimizer {
    rule: Rule,
    weight_decay: f64,
    /// Adam's first beta; its second is 0.999.
    beta1: f64,
    first: Tensor,
    second: Tensor,
    steps: i32,
    /// Where gradients may overflow, only the device knows how many of the steps were made: `[1]`, there.
    made: Option<Tensor>,
}

const BETA2: f64 = 0.999;
const ADAM_EPS: f64 = 1e-8;
/// Longer gradients are shortened to this norm.
const LONGEST_GRADIENT: f64 = 10.0;

impl Optimizer {
    /// `momentum` is Adam's first beta; SGD takes its momentum from the rates.
    pub fn new(rule: Rule, arena: &Arena, momentum: f64, weight_decay: f64) -> Self {
        let zeros = |length| Tensor::zeros([length], (Kind::Float, arena.params.device()));
        let length = arena.trained();
        let second = zeros(if rule == Rule::Sgd { 0 } else { length });
        Self { rule, weight_decay, beta1: momentum, first: zeros(length), second, steps: 0, made: None }
    }

    /// One step with a gradient laid out as the trained part of the arena. Where `skip` (a scalar 0 or 1 on the device) is 1,
    /// nothing changes: the gradient of a half-precision pass had overflowed.
    pub fn step(&mut self, arena: &mut Arena, gradient: Tensor, rates: Rates, skip: Option<&Tensor>) {
        let _guard = tch::no_grad_guard();
        self.steps += 1;
        let Some(skip) = skip else { return self.make_step(arena, gradient, rates) };
        let good = skip.eq(0.0);
        let counts = good.to_kind(Kind::Double);
        self.made = Some(self.made.take().map_or_else(|| counts.copy(), |made| made + &counts));
        let trained = arena.params.narrow(0, 0, arena.trained());
        let before = [&trained, &self.first, &self.second].map(Tensor::copy);
        self.make_step(arena, gradient, rates);
        for (mut now, before) in
            [trained, self.first.shallow_clone(), self.second.shallow_clone()].into_iter().zip(before)
        {
            let kept = now.where_self(&good, &before);
            now.copy_(&kept);
        }
    }

    fn make_step(&mut self, arena: &mut Arena, mut gradient: Tensor, rates: Rates) {
        let groups = Group::TRAINED.map(|group| arena.range(group));
        let lr = |group: Group| if group == Group::Biases { rates.bias_lr } else { rates.lr };
        let piece = |t: &Tensor, at: &std::ops::Range<i64>| t.narrow(0, at.start, at.end - at.start);
        let decayed = &groups[Group::Decayed as usize];
        if self.rule != Rule::AdamW && self.weight_decay != 0.0 {
            let _ =
                add_times(&mut piece(&gradient, decayed), &piece(&arena.params, decayed), self.weight_decay);
        }
        let step = match self.rule {
            Rule::Sgd => {
                let _ = self.first.g_mul_scalar_(rates.momentum).g_add_(&gradient);
                add_times(&mut gradient, &self.first, rates.momentum)
            }
            Rule::Adam | Rule::AdamW => self.adam(&gradient),
        };
        for (group, range) in Group::TRAINED.into_iter().zip(&groups) {
            let mut params = piece(&arena.params, range);
            if self.rule == Rule::AdamW && group == Group::Decayed {
                let _ = params.g_mul_scalar_(1.0 - lr(group) * self.weight_decay);
            }
            let _ = add_times(&mut params, &piece(&step, range), -lr(group));
        }
    }

    fn adam(&mut self, gradient: &Tensor) -> Tensor {
        let _ = self.first.lerp_(gradient, 1.0 - self.beta1);
        let _ = self.second.g_mul_scalar_(BETA2).g_add_(&(gradient.square() * (1.0 - BETA2)));
        self.unbiased(&self.first, self.beta1) / (self.unbiased(&self.second, BETA2).sqrt() + ADAM_EPS)
    }

    /// A running mean that began with zeros, as if it had not.
    fn unbiased(&self, mean: &Tensor, beta: f64) -> Tensor {
        match &self.made {
            Some(made) => {
                let share: Tensor = 1.0 - Tensor::pow_scalar(beta, made);
                mean / share.to_kind(mean.kind())
            }
            None => mean / (1.0 - beta.powi(self.steps)),
        }
    }
}

/// Adds so many times another vector, in one pass.
fn add_times(to: &mut Tensor, other: &Tensor, times: f64) -> Tensor {
    // What single precision cannot hold is infinite there, as in any product; a tensor of it would be refused.
    let times = f64::from(times as f32);
    to.addcmul_(other, &Tensor::full([], times, (other.kind(), other.device())))
}

/// The norm of a long vector. The sum adds in pairs: libtorch's own norm in single precision is off by 3e-4 at two million numbers.
pub fn length(x: &Tensor) -> Tensor {
    x.square().sum(Kind::Float).sqrt()
}

/// Shortens a gradient to norm 10 if it is longer; never waits for the device.
pub fn clip(mut gradient: Tensor) -> Tensor {
    let _guard = tch::no_grad_guard();
    let factor = ((length(&gradient) + 1e-6).reciprocal() * LONGEST_GRADIENT).clamp_max(1.0);
    gradient.g_mul_(&factor)
}

#[cfg(test)]
mod tests {
    use tch::Device;

    use super::*;
    use crate::fixture::close;
    use crate::model::{Role, Visitor};

    /// One decayed parameter of value 1.
    fn one() -> Arena {
        let mut weight = Tensor::ones([1], (Kind::Float, Device::Cpu));
        Arena::adopt(&mut |see: &mut Visitor| see("w", Role::Weight, &mut weight), &|_| false, Device::Cpu)
    }

    #[test]
    fn fixture_13_steps_of_each_optimiser() {
        for (rule, expected) in [
            (Rule::Sgd, [0.990_305_3, 0.989_775_5, 0.981_589_1]),
            (Rule::Adam, [0.990_000_0, 0.986_347_9, 0.980_831_5]),
            (Rule::AdamW, [0.989_995_0, 0.986_349_2, 0.980_837_4]),
        ] {
            let mut arena = one();
            let mut optimizer = Optimizer::new(rule, &arena, 0.937, 5e-4);
            let rates = Rates { accumulate: 1, bias_lr: 0.5, lr: 0.01, momentum: 0.937 };
            for (gradient, expected) in [0.5_f32, -0.2, 0.3].into_iter().zip(expected) {
                optimizer.step(&mut arena, Tensor::from_slice(&[gradient]), rates, None);
                close(&arena.params, &[expected], 2e-7);
            }
        }
    }

    #[test]
    fn a_rate_beyond_single_precision_makes_parameters_infinite_and_is_no_error() {
        for rule in [Rule::Sgd, Rule::Adam, Rule::AdamW] {
            let mut arena = one();
            let rates = Rates { accumulate: 1, bias_lr: 0.5, lr: f64::MAX, momentum: 0.937 };
            Optimizer::new(rule, &arena, 0.937, 0.0).step(
                &mut arena,
                Tensor::from_slice(&[0.5_f32]),
                rates,
                None,
            );
            assert!(!arena.params.double_value(&[0]).is_finite(), "{rule:?}");
        }
    }

    #[test]
    fn fixture_13_a_long_gradient_is_clipped() {
        let clipped = clip(Tensor::from_slice(&[3.0_f32, 4.0, 12.0]));
        close(&clipped, &[2.307_692, 3.076_923, 9.230_768], 1e-6);
        close(&clip(Tensor::from_slice(&[0.3_f32, 0.4])), &[0.3, 0.4], 1e-6);
    }

    #[test]
    fn an_overflowed_gradient_changes_nothing() {
        for rule in [Rule::Sgd, Rule::Adam, Rule::AdamW] {
            let mut arena = one();
            let mut optimizer = Optimizer::new(rule, &arena, 0.937, 5e-4);
            let rates = Rates { accumulate: 1, bias_lr: 0.5, lr: 0.01, momentum: 0.937 };
            let skip = Tensor::from_slice(&[1.0_f32]);
            optimizer.step(&mut arena, Tensor::from_slice(&[f32::INFINITY]), rates, Some(&skip));
            close(&arena.params, &[1.0], 1e-9);
            close(&optimizer.first, &[0.0], 1e-9);
        }
    }

    #[test]
    fn after_overflows_the_first_good_gradient_makes_the_first_step() {
        for rule in [Rule::Sgd, Rule::Adam, Rule::AdamW] {
            let rates = Rates { accumulate: 1, bias_lr: 0.5, lr: 0.01, momentum: 0.937 };
            let gradients = [0.5_f32, -0.2, 0.3].map(|x| Tensor::from_slice(&[x]));
            let mut plain = one();
            let mut optimizer = Optimizer::new(rule, &plain, 0.937, 5e-4);
            for gradient in &gradients {
                optimizer.step(&mut plain, gradient.copy(), rates, None);
            }
            let mut scaled = one();
            let mut optimizer = Optimizer::new(rule, &scaled, 0.937, 5e-4);
            let [good, bad] = [0.0_f32, 1.0].map(|x| Tensor::from_slice(&[x]));
            for gradient in &gradients {
                for _ in 0..2 {
                    optimizer.step(&mut scaled, Tensor::from_slice(&[f32::NAN]), rates, Some(&bad));
                }
                optimizer.step(&mut scaled, gradient.copy(), rates, Some(&good));
            }
            close(&scaled.params, &[plain.params.double_value(&[0])], 1e-7);
        }
    }
}
