//! What is known of running trials beyond the journal: the latest progress, and the losses' short past.

use std::collections::HashMap;

use indexmap::IndexMap;

use crate::session::{Running, State};
use crate::trial::protocol::Progress;

/// Points of a loss that are kept; beyond, every two become one.
const POINTS: usize = 64;

/// One running trial.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LiveTrial {
    pub progress: Progress,
    /// When the last progress came, milliseconds since 1970-01-01 UTC.
    pub at: i64,
    pub losses: IndexMap<String, Curve>,
}

/// The past of one loss, evenly thinned.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Curve {
    pub points: Vec<f64>,
    stride: u32,
    sum: f64,
    count: u32,
}

impl Curve {
    /// Adds a value.
    pub fn push(&mut self, x: f64) {
        self.sum += x;
        self.count += 1;
        if self.count < self.stride.max(1) {
            return;
        }
        self.points.push(self.sum / f64::from(self.count));
        (self.sum, self.count) = (0.0, 0);
        if self.points.len() > POINTS {
            self.points =
                self.points.chunks(2).map(|pair| pair.iter().sum::<f64>() / pair.len() as f64).collect();
            self.stride = self.stride.max(1) * 2;
        }
    }
}

/// The running trials by generation.
#[derive(Debug, Clone, Default)]
pub struct LiveTrials {
    trials: HashMap<u64, LiveTrial>,
    last: Option<Progress>,
}

impl LiveTrials {
    pub fn get(&self, generation: u64) -> Option<&LiveTrial> {
        self.trials.get(&generation)
    }

    /// The latest progress of any trial, ended ones included: what the next one will be like.
    pub fn last(&self) -> Option<&Progress> {
        self.last.as_ref()
    }

    /// Takes news of a trial in.
    pub fn progress(&mut self, generation: u64, progress: Progress, now: i64) {
        let trial = self.trials.entry(generation).or_default();
        for (name, x) in progress.losses.0.iter().filter(|(_, x)| x.is_finite()) {
            trial.losses.entry(name.clone()).or_default().push(*x);
        }
        self.last = Some(progress.clone());
        (trial.progress, trial.at) = (progress, now);
    }

    /// Forgets what runs no more.
    pub fn keep(&mut self, state: &State) {
        self.trials.retain(|generation, _| state.running.contains_key(generation));
    }

    /// Forgets a trial: another attempt starts at the beginning.
    pub fn forget(&mut self, generation: u64) {
        self.trials.remove(&generation);
    }

    /// The epoch that a running trial is in or has ended last, and how many there are; 0 where that is not known.
    pub fn epoch(&self, generation: u64, running: &Running) -> (u32, u32) {
        let (epoch, epochs) = self.get(generation).map_or((0, 0), |l| (l.progress.epoch, l.progress.epochs));
        (epoch.max(running.epoch), epochs.max(running.epochs))
    }

    /// How much of a running trial is done, 0 to 1; none while nothing is known.
    pub fn done(&self, generation: u64, running: &Running) -> Option<f64> {
        let after_epochs = (running.epochs > 0).then(|| f64::from(running.epoch) / f64::from(running.epochs));
        let within = self.get(generation).and_then(|live| {
            let p = &live.progress;
            let batch = if p.batches > 0 { f64::from(p.batch) / f64::from(p.batches) } else { 0.0 };
            (p.epochs > 0)
                .then(|| ((f64::from(p.epoch.max(1)) - 1.0 + batch) / f64::from(p.epochs)).clamp(0.0, 1.0))
        });
        match (after_epochs, within) {
            (Some(a), Some(b)) => Some(a.max(b)),
            (a, b) => a.or(b),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_past_is_thinned_and_keeps_its_shape() {
        let mut curve = Curve::default();
        for i in 0..10_000 {
            curve.push(f64::from(i));
        }
        assert!(curve.points.len() <= POINTS && curve.points.len() >= POINTS / 2);
        assert!(curve.points.windows(2).all(|w| w[0] < w[1]));
    }
}
