//! How long things take: a running trial, the trials still running, the whole run.

use super::live::LiveTrials;
use crate::session::{Running, SlotHealth, State};
use crate::trial::End;

/// How many of the last trials tell how long one takes.
const LAST: usize = 10;

/// Seconds that a running trial has trained, frozen time left out.
pub fn elapsed(running: &Running, now: i64) -> f64 {
    let until = running.frozen_since.unwrap_or(now);
    ((until - running.since - running.frozen_for).max(0)) as f64 / 1000.0
}

/// Mean seconds of the last trials that finished.
pub fn trial_seconds(state: &State) -> Option<f64> {
    let finished = state.ended.iter().rev().filter_map(|g| state.history.get(*g));
    let seconds: Vec<f64> =
        finished.filter(|t| t.end == Some(End::Finished)).filter_map(|t| t.seconds()).take(LAST).collect();
    (!seconds.is_empty()).then(|| seconds.iter().sum::<f64>() / seconds.len() as f64)
}

/// Seconds a running trial still takes.
pub fn trial_left(state: &State, live: &LiveTrials, generation: u64, now: i64) -> Option<f64> {
    let running = state.running.get(&generation)?;
    let elapsed = elapsed(running, now);
    match live.done(generation, running) {
        Some(done) if done > 0.02 => Some(elapsed / done * (1.0 - done)),
        _ => trial_seconds(state).map(|whole| (whole - elapsed).max(0.0)),
    }
}

/// Seconds until the last of the running trials has ended.
pub fn drain_left(state: &State, live: &LiveTrials, now: i64) -> Option<f64> {
    state.running.keys().filter_map(|g| trial_left(state, live, *g, now)).reduce(f64::max)
}

/// Seconds the run still takes with the slots that work.
pub fn run_left(state: &State, live: &LiveTrials, now: i64) -> Option<f64> {
    if state.is_complete() {
        return None;
    }
    let mean = trial_seconds(state)?;
    let waiting = (state.left_to_propose() + state.queue.len() as u64) as f64 * mean;
    let running: f64 = state.running.keys().filter_map(|g| trial_left(state, live, *g, now)).sum();
    let slots = state.slots.values().filter(|s| s.health == SlotHealth::Well).count().max(1);
    Some((waiting + running) / slots as f64)
}
