//! How long things take, from what trials took.

use super::{Running, SlotHealth, State};
use crate::trial::{Cost, End};

/// How many of the last trials tell how long one takes.
const LAST: usize = 10;

impl Running {
    /// Seconds that it has trained, frozen time left out.
    pub fn trained(&self, now: i64) -> f64 {
        let until = self.frozen_since.unwrap_or(now);
        ((until - self.since - self.frozen_for).max(0)) as f64 / 1000.0
    }

    /// Seconds that the epochs after this one would have taken, at the pace of those before. A program that does not say
    /// how many there are trains as many as `usual`.
    pub fn left_after(&self, epoch: u32, usual: usize, now: i64) -> f64 {
        let epochs = self.epochs.max(u32::try_from(usual).unwrap_or(0));
        let left = f64::from(epochs.saturating_sub(epoch));
        self.pace().unwrap_or_else(|| self.trained(now) / f64::from(epoch.max(1))) * left
    }

    /// Seconds an epoch, from the end of the first to that of the last: what comes before, a program's start and its
    /// reading of data, would not have come again. None before two have ended.
    fn pace(&self) -> Option<f64> {
        let (first, last) = self.first.zip(self.last)?;
        let epochs = last.epoch.checked_sub(first.epoch).filter(|epochs| *epochs > 0)?;
        Some((last.trained - first.trained) / f64::from(epochs))
    }
}

impl State {
    /// Seconds that slots trained, those of the attempts under way with them.
    pub fn used(&self, now: i64) -> f64 {
        self.cost.used + self.running.values().map(|r| r.trained(now)).sum::<f64>()
    }

    /// What all attempts cost, those under way with them.
    pub fn cost_so_far(&self) -> Cost {
        Cost { used: self.used(self.time), ..self.cost }
    }

    /// Mean seconds of the last trials that finished, without attempts that came to nothing.
    pub fn trial_seconds(&self) -> Option<f64> {
        let finished = self.ended.iter().rev().filter_map(|g| self.history.get(*g));
        let finished = finished.filter(|t| t.end == Some(End::Finished));
        let seconds: Vec<f64> = finished.map(|t| t.cost.used - t.cost.for_nothing()).take(LAST).collect();
        (!seconds.is_empty()).then(|| seconds.iter().sum::<f64>() / seconds.len() as f64)
    }

    /// Seconds until the run is complete on the slots that work; none where it is, or nothing has finished yet.
    /// `trial_left` says what a running trial still takes.
    pub fn run_left(&self, trial_left: impl Fn(u64) -> Option<f64>) -> Option<f64> {
        if self.is_complete() {
            return None;
        }
        let waiting = (self.left_to_propose() + self.queue.len() as u64) as f64 * self.trial_seconds()?;
        let running: f64 = self.running.keys().filter_map(|g| trial_left(*g)).sum();
        let slots = self.slots.values().filter(|s| s.health == SlotHealth::Well).count().max(1);
        Some((waiting + running) / slots as f64)
    }

    /// Seconds that a running trial still takes if it takes as long as others did.
    pub fn trial_left(&self, generation: u64, now: i64) -> Option<f64> {
        let trained = self.running.get(&generation)?.trained(now);
        self.trial_seconds().map(|whole| (whole - trained).max(0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::sample::{created, trial};
    use crate::journal::{Entry, Event};
    use crate::trial::{Metrics, YOLO_METRICS};

    /// A trial whose program takes `start` milliseconds to begin, reports this many epochs, one a second, and never how
    /// many there will be.
    fn train(state: &mut State, generation: u64, start: i64, epochs: u32, end: End) {
        let metrics: Metrics = YOLO_METRICS.iter().map(|name| (*name, 0.5)).collect();
        let [proposed, started, ..] = trial(generation);
        let mut time = state.time;
        let mut apply = |event, time| state.apply(&Entry { seq: state.seq + 1, time, event });
        apply(proposed, time);
        apply(started, time);
        time += start;
        for epoch in 1..=epochs {
            time += 1000;
            let metrics = metrics.clone();
            apply(Event::Epoch { generation, epoch, epochs: 0, metrics, seconds: 1.0 }, time);
        }
        apply(Event::Ended { generation, end, metrics, who: None }, time);
    }

    #[test]
    fn what_a_stopped_trial_saves_is_known_of_a_program_that_never_says_how_many_epochs_there_are() {
        let mut state = State::new(&created(), 0);
        train(&mut state, 0, 0, 10, End::Finished);
        train(&mut state, 1, 0, 4, End::Pruned { epoch: 4 });
        assert!((state.cost.saved - 6.0).abs() < 1e-9, "{:?}", state.cost);
    }

    #[test]
    fn a_stopped_trial_saves_no_more_than_its_epochs_however_long_its_program_takes_to_begin() {
        let saved = |stopped_after| {
            let mut state = State::new(&created(), 0);
            train(&mut state, 0, 20_000, 10, End::Finished);
            train(&mut state, 1, 20_000, stopped_after, End::Pruned { epoch: stopped_after });
            state.cost.saved
        };
        assert!((saved(2) - 8.0).abs() < 1e-9, "{}", saved(2));
        assert!((saved(4) - 6.0).abs() < 1e-9, "{}", saved(4));
        // One epoch tells no pace of its own.
        assert!((saved(1) - 9.0 * 21.0).abs() < 1e-9, "{}", saved(1));
    }

    #[test]
    fn what_a_trial_was_frozen_between_two_epochs_is_not_saved_again_with_each_that_is_left() {
        let mut state = State::new(&created(), 0);
        train(&mut state, 0, 0, 10, End::Finished);
        let [proposed, started, ..] = trial(1);
        let epoch = |epoch| Event::Epoch {
            generation: 1,
            epoch,
            epochs: 0,
            metrics: Metrics::default(),
            seconds: 1.0,
        };
        let frozen = |frozen| Event::Frozen { generation: 1, frozen, who: None };
        let ended = Event::Ended {
            generation: 1,
            end: End::Pruned { epoch: 2 },
            metrics: Metrics::default(),
            who: None,
        };
        let events = [
            (0, proposed),
            (0, started),
            (21, epoch(1)),
            (21, frozen(true)),
            (90, frozen(false)),
            (91, epoch(2)),
            (91, ended),
        ];
        let begun = state.time;
        for (seconds, event) in events {
            state.apply(&Entry { seq: state.seq + 1, time: begun + seconds * 1000, event });
        }
        assert!((state.cost.saved - 8.0).abs() < 1e-9, "{:?}", state.cost);
    }
}
