//! A network while it learns: what a batch adds to its gradient and what a step makes of that. Where batches come from and when a step
//! is due is decided elsewhere.

use tch::{Kind, Tensor};

use crate::assign::Target;
use crate::device::autocast;
use crate::ema::Ema;
use crate::loss::{Criterion, Loss};
use crate::model::Model;
use crate::optim::{Optimizer, clip};
use crate::scaler::Scaler;
use crate::schedule::Rates;

/// A network with all that follows it.
#[derive(Debug)]
pub struct Learner {
    pub model: Model,
    pub ema: Ema,
    pub criterion: Criterion,
    optimizer: Optimizer,
    /// Where half precision is used.
    scaler: Option<Scaler>,
    /// Of the batches since the last step.
    gradient: Option<Tensor>,
}

impl Learner {
    /// `ema` was made of the network as it was before its anchors were fitted; it comes near them step by step, as the reference's does.
    pub fn new(model: Model, ema: Ema, criterion: Criterion, optimizer: Optimizer) -> Self {
        let scaler = Scaler::for_device(model.device()).filter(|_| half_suffices(&model));
        Self { model, ema, criterion, optimizer, scaler, gradient: None }
    }

    /// Whether it computes in half precision.
    pub fn is_mixed(&self) -> bool {
        self.scaler.is_some()
    }

    /// What a batch loses: pictures `[n, 3, h, w]` as fractions, on the network's device.
    pub fn forward(&self, pictures: &Tensor, targets: &[Target]) -> Loss {
        let logits = autocast(self.is_mixed(), || self.model.train_forward(pictures));
        self.criterion.loss(&logits, targets)
    }

    /// Adds a batch's gradient.
    pub fn backward(&mut self, loss: &Loss) {
        let total =
            self.scaler.as_ref().map_or_else(|| loss.total.shallow_clone(), |s| s.scaled(&loss.total));
        let new = self.model.arena().gradient(&total);
        // Not by `tch::no_grad`: a panic, as libtorch's errors are, would leave this thread without gradients for good.
        let _guard = tch::no_grad_guard();
        self.gradient = Some(match self.gradient.take() {
            Some(mut sum) => sum.g_add_(&new),
            None => new,
        });
    }

    /// Makes a step of what the batches since the last one gave.
    pub fn step(&mut self, rates: Rates) {
        let Some(gradient) = self.gradient.take() else { return };
        let (gradient, skip) = match &mut self.scaler {
            Some(scaler) => {
                let (gradient, overflowed) = scaler.unscaled(&gradient);
                (gradient, Some(overflowed))
            }
            None => (gradient, None),
        };
        self.optimizer.step(self.model.arena_mut(), clip(gradient), rates, skip.as_ref());
        self.ema.update(&self.model);
    }

    /// Drops what no step was made of.
    pub fn forget(&mut self) {
        self.gradient = None;
    }
}

/// Whether a network says of a picture in half precision what it says in single precision: there are GPUs that make NaN of it.
fn half_suffices(model: &Model) -> bool {
    let _guard = tch::no_grad_guard();
    let picture = Tensor::arange(3 * 256 * 256, (Kind::Float, model.device())).view([1, 3, 256, 256]);
    let picture = (picture * 0.01).sin() * 0.5 + 0.5;
    let [half, single] = [true, false].map(|mixed| autocast(mixed, || model.eval_forward(&picture).0));
    agree(&half, &single)
}

/// Whether no number is further off than a tenth of the largest; rounding is not a hundredth. Weights that are no numbers themselves are
/// not half precision's fault.
fn agree(half: &Tensor, single: &Tensor) -> bool {
    let most = |x: &Tensor| x.abs().max().double_value(&[]);
    let largest = most(single);
    !largest.is_finite() || most(&(half - single)) <= 0.1 * largest
}

#[cfg(test)]
mod tests {
    use tch::{Device, Tensor};

    use super::*;
    use crate::failure;
    use crate::fixture::{close, fill, input, near, scene};
    use crate::hyp::Hyp;
    use crate::model::Config;
    use crate::optim::Rule;
    use crate::schedule::{Fall, Schedule, Stepper};
    use crate::threads;

    /// As the numbers in the file were made.
    const EPOCHS: u64 = 4;
    const BATCHES: u64 = 5;
    const BATCH: i64 = 4;
    const IMG: i64 = 128;

    fn pictures(ni: u64) -> Tensor {
        let numbers: Vec<f32> = (0..BATCH * 3 * IMG * IMG)
            .map(|k| (0.5 + 0.5 * (0.01 * (k + 1000 * ni as i64) as f64).sin()) as f32)
            .collect();
        Tensor::from_slice(&numbers).view([BATCH, 3, IMG, IMG])
    }

    fn numbers(value: &serde_json::Value) -> Vec<f64> {
        value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
    }

    /// How far a batch's losses may be off. Each step makes a rounding several times as large, here as in the reference: its own
    /// single precision is 6e-3 from its double after ten batches.
    fn tolerance(ni: usize) -> f64 {
        1e-4 * 4_f64.powi(ni.saturating_sub(3) as i32)
    }

    /// Trains as the reference did and compares.
    fn follows(rule: Rule, name: &str) {
        let golden: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/data/chained.json")).unwrap();
        let golden = &golden[name];
        // As many as the numbers were made with: others round otherwise, and Adam makes a whole step of a gradient near zero.
        threads::compute_with(2);
        let hyp = Hyp { warmup_bias_lr: 0.02, ..Hyp::default() };
        let schedule = Schedule::new(&hyp, EPOCHS, BATCHES, BATCH as u64, Fall::Linear);
        let mut model =
            Model::new(&Config { nc: 3, ..Config::find("yolov5n").unwrap() }, Device::Cpu).unwrap();
        fill(&mut model);
        let criterion = Criterion::new(&hyp, model.detect(), IMG, 0.0);
        let optimizer = Optimizer::new(rule, model.arena(), hyp.momentum, schedule.weight_decay());
        let ema = Ema::new(&model).unwrap();
        let mut learner = Learner::new(model, ema, criterion, optimizer);
        let mut stepper = Stepper::default();
        let targets = scene();
        for (ni, losses) in golden["losses"].as_array().unwrap().iter().enumerate() {
            if (ni as u64).is_multiple_of(BATCHES) {
                learner.forget();
            }
            let rates = schedule.at(ni as u64);
            let loss = learner.forward(&pictures(ni as u64), &targets);
            learner.backward(&loss);
            let parts = Vec::<f32>::try_from(&loss.parts).unwrap();
            let got: Vec<f64> = parts.iter().map(|x| f64::from(*x)).collect();
            println!("{name}, batch {ni}: {got:?}, expected {losses}");
            near(&got, &numbers(losses), tolerance(ni));
            if stepper.steps(ni as u64, rates.accumulate) {
                learner.step(rates);
            }
        }
        let state = learner.ema.model.state();
        for (entry, sum) in golden["sums"].as_object().unwrap() {
            let (_, tensor) = state.iter().find(|(n, _)| n == entry).unwrap();
            close(&tensor.to_kind(Kind::Double).abs().sum(Kind::Double), &[sum.as_f64().unwrap()], 2e-3);
        }
        let (z, _) = learner.ema.model.eval_forward(&input(1, 64, 96));
        close(&z.mean(Kind::Double), &[golden["z"].as_f64().unwrap()], 5e-4);
    }

    fn small(rule: Rule) -> Learner {
        tch::manual_seed(0);
        let mut model =
            Model::new(&Config { nc: 3, ..Config::find("yolov5p").unwrap() }, Device::Cpu).unwrap();
        fill(&mut model);
        let criterion = Criterion::new(&Hyp::default(), model.detect(), 64, 0.0);
        let optimizer = Optimizer::new(rule, model.arena(), 0.9, 5e-4);
        let ema = Ema::new(&model).unwrap();
        Learner::new(model, ema, criterion, optimizer)
    }

    #[test]
    fn half_precision_is_used_where_it_says_the_same() {
        let single = Tensor::from_slice(&[640.0_f32, -3.0, 0.5]);
        assert!(agree(&single.to_kind(Kind::Half).to_kind(Kind::Float), &single));
        for broken in [f32::NAN, f32::INFINITY, 100.0] {
            assert!(!agree(&Tensor::from_slice(&[640.0, broken, 0.5]), &single), "{broken}");
        }
        assert!(agree(&single, &(&single * f64::NAN)));
        assert!(
            half_suffices(&small(Rule::Sgd).model),
            "a CPU computes in single precision whatever it is told"
        );
    }

    #[test]
    fn a_scaled_loss_makes_the_same_steps_and_an_overflow_none() {
        let rates = Rates { accumulate: 1, bias_lr: 0.01, lr: 0.01, momentum: 0.9 };
        for rule in [Rule::Sgd, Rule::AdamW] {
            let (mut plain, mut scaled) = (small(rule), small(rule));
            scaled.scaler = Some(Scaler::new(Device::Cpu));
            assert!(scaled.is_mixed() && !plain.is_mixed());
            let learn = |learner: &mut Learner, overflows: bool| {
                for _ in 0..2 {
                    let loss = learner.forward(&input(2, 64, 64), &scene());
                    let total = &loss.total * if overflows { f64::INFINITY } else { 1.0 };
                    learner.backward(&Loss { total, ..loss });
                }
                learner.step(rates);
            };
            let far = |a: &Learner, b: &Learner| {
                (&a.model.arena().params - &b.model.arena().params).abs().max().double_value(&[])
            };
            learn(&mut plain, false);
            learn(&mut scaled, false);
            assert!(far(&plain, &scaled) < 1e-6, "{}", far(&plain, &scaled));
            let before = scaled.model.arena().params.copy();
            let average = scaled.ema.model.arena().params.copy();
            learn(&mut scaled, true);
            assert!(before.equal(&scaled.model.arena().params));
            assert!(
                !average.equal(&scaled.ema.model.arena().params),
                "the average goes on, as the reference's"
            );
        }
    }

    #[test]
    fn an_error_within_a_training_leaves_the_next_one_its_gradients() {
        let mut learner = small(Rule::Sgd);
        learner.gradient = Some(Tensor::zeros([2], (Kind::Float, Device::Cpu)));
        let loss = learner.forward(&input(2, 64, 64), &scene());
        let failed = failure::catch(|| learner.backward(&loss));
        assert!(failed.unwrap_err().contains("size"), "two numbers are no gradient of this network");
        learner.forget();
        let loss = learner.forward(&input(2, 64, 64), &scene());
        assert!(loss.total.requires_grad());
        learner.backward(&loss);
    }

    #[test]
    fn fixtures_2_5_12_13_chained_follow_the_reference_step_by_step() {
        follows(Rule::Sgd, "SGD");
    }

    #[test]
    fn fixtures_2_5_12_13_chained_with_adam_and_adamw() {
        for (rule, name) in [(Rule::Adam, "Adam"), (Rule::AdamW, "AdamW")] {
            follows(rule, name);
        }
    }
}
