//! Learning rates, momentum and accumulation over a training. Pure numbers.

use std::f64::consts::PI;

use crate::hyp::Hyp;

/// The batch that rates and decay are meant for.
const NOMINAL_BATCH: f64 = 64.0;
/// Warm-up is never shorter, in iterations.
const SHORTEST_WARMUP: u64 = 100;

/// How rates fall over the epochs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fall {
    #[default]
    Linear,
    Cosine,
}

/// The schedule of one training.
#[derive(Debug, Clone)]
pub struct Schedule {
    lr0: f64,
    lrf: f64,
    momentum: f64,
    warmup_momentum: f64,
    warmup_bias_lr: f64,
    weight_decay: f64,
    /// Epochs of the whole training.
    pub epochs: u64,
    /// Batches an epoch.
    pub batches: u64,
    accumulate: f64,
    warmup: u64,
    fall: Fall,
}

/// What holds at one iteration.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates {
    /// Batches whose gradients make one step.
    pub accumulate: u64,
    pub bias_lr: f64,
    pub lr: f64,
    /// Of SGD; Adam's betas stay.
    pub momentum: f64,
}

impl Schedule {
    /// `batch` pictures a batch, `batches` an epoch.
    pub fn new(hyp: &Hyp, epochs: u64, batches: u64, batch: u64, fall: Fall) -> Self {
        let warmup = (hyp.warmup_epochs * batches as f64).round_ties_even() as u64;
        Self {
            lr0: hyp.lr0,
            lrf: hyp.lrf,
            momentum: hyp.momentum,
            warmup_momentum: hyp.warmup_momentum,
            warmup_bias_lr: hyp.warmup_bias_lr,
            weight_decay: scaled_decay(hyp.weight_decay, batch),
            epochs,
            batches,
            accumulate: NOMINAL_BATCH / batch as f64,
            warmup: warmup.max(SHORTEST_WARMUP),
            fall,
        }
    }

    /// Decay at this batch and its accumulation.
    pub fn weight_decay(&self) -> f64 {
        self.weight_decay
    }

    /// The last iteration of warm-up.
    pub fn warmup(&self) -> u64 {
        self.warmup
    }

    fn factor(&self, epoch: u64) -> f64 {
        let (e, all) = (epoch as f64, self.epochs as f64);
        match self.fall {
            Fall::Linear => (1.0 - e / all) * (1.0 - self.lrf) + self.lrf,
            Fall::Cosine => (1.0 - (PI * e / all).cos()) / 2.0 * (self.lrf - 1.0) + 1.0,
        }
    }

    /// The rates of iteration `ni`, counted over all epochs from 0.
    pub fn at(&self, ni: u64) -> Rates {
        let epoch = ni / self.batches;
        if ni <= self.warmup {
            let t = ni as f64 / self.warmup as f64;
            let lerp = |from: f64, to: f64| from + (to - from) * t;
            let full = self.lr0 * self.factor(epoch);
            return Rates {
                accumulate: (lerp(1.0, self.accumulate).round_ties_even() as u64).max(1),
                bias_lr: lerp(self.warmup_bias_lr, full),
                lr: lerp(0.0, full),
                momentum: lerp(self.warmup_momentum, self.momentum),
            };
        }
        // Warm-up set this epoch's rate if it ended in it; otherwise the scheduler did, which runs one epoch behind.
        let set_in = if self.warmup >= epoch * self.batches { epoch } else { epoch.saturating_sub(1) };
        let lr = self.lr0 * self.factor(set_in);
        let accumulate = (self.accumulate.round_ties_even() as u64).max(1);
        Rates { accumulate, bias_lr: lr, lr, momentum: self.momentum }
    }
}

fn scaled_decay(weight_decay: f64, batch: u64) -> f64 {
    let accumulate = (NOMINAL_BATCH / batch as f64).round_ties_even().max(1.0);
    weight_decay * batch as f64 * accumulate / NOMINAL_BATCH
}

/// Decides at which iterations the optimiser steps.
#[derive(Debug, Clone)]
pub struct Stepper {
    last: i64,
}

impl Default for Stepper {
    fn default() -> Self {
        Self { last: -1 }
    }
}

impl Stepper {
    /// Whether iteration `ni` ends with a step.
    pub fn steps(&mut self, ni: u64, accumulate: u64) -> bool {
        let due = ni as i64 - self.last >= accumulate as i64;
        if due {
            self.last = ni as i64;
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::near;

    fn low(fall: Fall) -> Schedule {
        Schedule::new(&Hyp::default(), 5, 40, 16, fall)
    }

    #[test]
    fn fixture_12_rates_with_the_schedulers_off_by_one() {
        let schedule = low(Fall::Linear);
        assert_eq!(schedule.warmup(), 120);
        for (ni, accumulate, rates) in [
            (0, 1, [0.1, 0.0, 0.8]),
            (39, 2, [0.070_750, 0.003_250, 0.844_525]),
            (40, 2, [0.069_340, 0.002_673, 0.845_667]),
            (100, 4, [0.0217, 0.005_033, 0.914_167]),
            (121, 4, [0.00406, 0.00406, 0.937]),
            (199, 4, [0.00406, 0.00406, 0.937]),
        ] {
            let at = schedule.at(ni);
            assert_eq!(at.accumulate, accumulate, "{ni}");
            near(&[at.bias_lr, at.lr, at.momentum], &rates, 2e-4);
        }
        near(&[low(Fall::Cosine).at(121).lr], &[0.003_520], 2e-4);
    }

    #[test]
    fn fixture_12_optimiser_steps() {
        let schedule = low(Fall::Linear);
        let mut stepper = Stepper::default();
        let steps: Vec<u64> = (0..200).filter(|ni| stepper.steps(*ni, schedule.at(*ni).accumulate)).collect();
        assert_eq!(steps.len(), 78);
        assert_eq!(steps[74..], [186, 190, 194, 198]);
        assert_eq!(steps[0], 0);
    }

    #[test]
    fn fixture_12_decay_follows_the_batch() {
        let decay = |batch| Schedule::new(&Hyp::default(), 5, 40, batch, Fall::Linear).weight_decay();
        near(&[decay(20), decay(96), decay(16)], &[0.000_468_75, 0.00075, 0.0005], 1e-9);
    }

    /// The reference's loop: rates are kept from batch to batch, and its scheduler, which counts from -1, sets them after each epoch.
    #[test]
    fn rates_are_those_of_a_scheduler_that_acts_after_each_epoch() {
        for (warmup_epochs, batches, epochs) in
            [(3.0, 40, 6), (2.6, 50, 7), (0.0, 7, 40), (3.0, 34, 5), (1.0, 100, 3)]
        {
            let hyp = Hyp { warmup_epochs, lrf: 0.1, ..Hyp::default() };
            for fall in [Fall::Linear, Fall::Cosine] {
                let schedule = Schedule::new(&hyp, epochs, batches, 16, fall);
                let mut lr = hyp.lr0;
                for epoch in 0..epochs {
                    let target = hyp.lr0 * schedule.factor(epoch);
                    for ni in epoch * batches..(epoch + 1) * batches {
                        if ni <= schedule.warmup() {
                            lr = target * ni as f64 / schedule.warmup() as f64;
                        }
                        near(&[schedule.at(ni).lr], &[lr], 1e-9);
                    }
                    lr = target;
                }
            }
        }
    }

    #[test]
    fn a_run_shorter_than_the_shortest_warm_up_is_all_warm_up() {
        let schedule = Schedule::new(&Hyp { warmup_epochs: 0.0, ..Hyp::default() }, 2, 10, 16, Fall::Linear);
        assert_eq!(schedule.warmup(), 100);
        assert!(schedule.at(19).lr < 0.002);
    }
}
