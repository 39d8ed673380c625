//! The batches of one epoch.

use std::time::Instant;

use tch::{Device, Tensor};

use super::clock::{Clock, Phase, Shares};
use super::{BatchReport, Flow, REPORT, TrainError, Trainer, Watch};
use crate::assign::{Target, targets};
use crate::data::Batch;
use crate::device::resident_bytes;

/// How the batches ended.
pub(super) enum Trained {
    Whole(Numbers),
    Diverged(String),
    Cancelled,
}

/// What is known of an epoch's training.
pub(super) struct Numbers {
    /// Means: boxes, objectness, classes.
    pub losses: [f64; 3],
    /// Of biases, decayed weights, norm weights, at the end.
    pub rates: [f64; 3],
    pub shares: Shares,
}

impl Trainer<'_> {
    /// Trains on all batches once. `epoch` is 1 for the first.
    pub(super) fn epoch(&mut self, epoch: u32, watch: &mut dyn Watch) -> Result<Trained, TrainError> {
        let mut began = Instant::now();
        let mut clock = Clock::start();
        let batches = self.schedule.batches;
        let mut means = Means::default();
        let mut reported = Instant::now();
        let mut pictures = 0;
        // What an epoch leaves unstepped is lost, as in the reference.
        self.learner.forget();
        let mut rates = self.schedule.at(0);
        for i in 0..batches {
            let asked = Instant::now();
            if watch.flow() == Flow::Cancel {
                return Ok(Trained::Cancelled);
            }
            // A pause is spent in there; neither speed nor outlook shall suffer from it.
            let held = asked.elapsed();
            (began, reported) = (began + held, reported + held);
            clock.held(held);
            let batch = self.loader.next_batch()?;
            clock.was(Phase::Waiting);
            let ni = i + batches * u64::from(epoch - 1);
            rates = self.schedule.at(ni);
            let loss = self.learner.forward(&batch.floats(self.run.device), &targets_of(&batch));
            clock.was(Phase::Forward);
            self.learner.backward(&loss);
            clock.was(Phase::Backward);
            means.add(&loss.parts);
            pictures += batch.len();
            if self.stepper.steps(ni, rates.accumulate) {
                self.learner.step(rates);
                clock.was(Phase::Step);
            }
            if reported.elapsed() >= REPORT {
                let losses = means.read();
                let rate = pictures as f64 / reported.elapsed().as_secs_f64();
                if let Some(what) = diverged(losses) {
                    return Ok(Trained::Diverged(what));
                }
                let (batch, batches) = (i as u32 + 1, batches as u32);
                watch.batch(&BatchReport {
                    epoch,
                    epochs: self.run.epochs,
                    batch,
                    batches,
                    rate,
                    seconds_a_batch: began.elapsed().as_secs_f64() / f64::from(batch),
                    memory: if self.run.device == Device::Cpu { resident_bytes() } else { None },
                    losses,
                });
                (reported, pictures) = (Instant::now(), 0);
            }
        }
        let losses = means.read();
        Ok(match diverged(losses) {
            Some(what) => Trained::Diverged(what),
            None => Trained::Whole(Numbers {
                losses,
                rates: [rates.bias_lr, rates.lr, rates.lr],
                shares: clock.shares(),
            }),
        })
    }
}

/// The targets of a batch as plain numbers.
pub(super) fn targets_of(batch: &Batch) -> Vec<Target> {
    let rows: Vec<f32> = Vec::try_from(batch.targets.reshape([-1])).unwrap_or_default();
    targets(&rows)
}

/// A running mean that stays on the device until it is read.
#[derive(Default)]
struct Means {
    sum: Option<Tensor>,
    count: u32,
}

impl Means {
    fn add(&mut self, parts: &Tensor) {
        self.count += 1;
        self.sum = Some(match self.sum.take() {
            Some(mut sum) => sum.g_add_(parts),
            None => parts.copy(),
        });
    }

    fn read(&self) -> [f64; 3] {
        let sum: Option<Vec<f32>> = self.sum.as_ref().and_then(|sum| Vec::try_from(sum).ok());
        match sum.as_deref() {
            Some(&[a, b, c]) => [a, b, c].map(|x| f64::from(x) / f64::from(self.count)),
            _ => [0.0; 3],
        }
    }
}

fn diverged(losses: [f64; 3]) -> Option<String> {
    let names = ["train/box_loss", "train/obj_loss", "train/cls_loss"];
    let at = losses.iter().position(|x| !x.is_finite())?;
    Some(format!("{} is {}", names[at], losses[at]))
}
