//! How long things take, with what is known of trials between two epochs.

use super::live::LiveTrials;
use crate::session::State;

/// Seconds a running trial still takes.
pub fn trial_left(state: &State, live: &LiveTrials, generation: u64, now: i64) -> Option<f64> {
    let running = state.running.get(&generation)?;
    match live.done(generation, running) {
        Some(done) if done > 0.02 => Some(running.trained(now) / done * (1.0 - done)),
        // One that takes longer than those before does not end now: nobody knows when.
        _ => state.trial_left(generation, now).filter(|left| *left > 0.0),
    }
}

/// Seconds until the last of the running trials has ended; those that are held end when they are let go.
pub fn drain_left(state: &State, live: &LiveTrials, now: i64) -> Option<f64> {
    let trains = state.running.iter().filter(|(_, r)| r.frozen_since.is_none()).map(|(g, _)| g);
    let left: Option<Vec<f64>> = trains.map(|g| trial_left(state, live, *g, now)).collect();
    left?.into_iter().reduce(f64::max)
}

/// Seconds the run still takes with the slots that work; of one that no process has open nobody knows when it goes on.
pub fn run_left(state: &State, live: &LiveTrials, now: i64) -> Option<f64> {
    state.open.as_ref()?;
    state.run_left(|generation| trial_left(state, live, generation, now))
}
