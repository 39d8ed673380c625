//! Whether a running trial is hopeless, from the learning curves of the trials before it: pure, as all of `evolve`.
//!
//! - `median`: its best epoch so far is below the median of what the others had after this epoch (after Golovin and
//!   others 2017, and Optuna's rule of that name).
//! - `asha`: after the warm-up, 3 times, 9 times ... as many epochs, its best epoch so far is not among the best third (the
//!   stopping form of Li and others 2020).
//!
//! The others are all of the same era that came so far: finished, pruned or running. For `median`, one that was pruned
//! before counts with what it had last. Were pruned ones left out, as is usual, the median of a late epoch would be that of
//! the survivors, and climb with every trial that is stopped: with noise, until none finishes any more. A repeat is none of
//! the others, since its candidate is.
//!
//! With a patience of n epochs a trial is stopped where the same holds after each of the n + 1 epochs from the one that the
//! rule asked after.
//!
//! A repeat is never stopped, since it is there to be measured; nor is a trial in its last epoch, which would save
//! nothing, or one whose fitness is not known after every epoch. What follows from the answer is for others to say.

use super::{History, Prune, Pruning};
use crate::trial::{End, Origin, Trial};

/// Every trial gets one in so many epochs where no warm-up is said.
const WARM_UP: usize = 5;
/// Trials looked at: the last ones, so that the answer takes as long after 100,000 trials as after 1,000.
const LAST: usize = 1000;
/// `asha` keeps one of so many, and asks again after so many times the epochs.
const REDUCTION: usize = 3;

/// Whether the trial `generation` is stopped after `epoch`, counted from 1.
///
/// How many epochs there are is known from the trials that finished; before one did, nothing is stopped.
pub fn prune(pruning: impl Into<Pruning>, history: &History, generation: u64, epoch: u32) -> bool {
    let pruning: Pruning = pruning.into();
    let (epoch, patience) = (epoch as usize, pruning.patience as usize);
    let Some(trial) = history.get(generation).filter(|t| pruning.rule != Prune::Off && may_stop(t)) else {
        return false;
    };
    let is_other = |t: &&Trial| t.generation != generation && t.origin != Origin::Repeat;
    let others: Vec<&Trial> = last(history, trial.era).filter(is_other).collect();
    let epochs = epochs(history, trial.era);
    let warm_up = pruning.warm_up.map_or(epochs / WARM_UP, |n| n as usize).max(1);
    let Some(first) = epoch.checked_sub(patience).filter(|first| *first >= warm_up && epoch < epochs) else {
        return false;
    };
    let asked = pruning.rule == Prune::Median || is_rung(first, warm_up);
    asked && (first..=epoch).all(|epoch| hopeless(pruning, trial, &others, epoch))
}

/// Epochs of a whole training in this era, from the trials that finished; 0 before one did.
pub fn epochs(history: &History, era: u32) -> usize {
    let finished = last(history, era).filter(|t| t.end == Some(End::Finished));
    finished.map(|t| t.curve.len()).max().unwrap_or(0)
}

fn last(history: &History, era: u32) -> impl Iterator<Item = &Trial> {
    let last = history.trials().iter().rev().take(LAST).map(AsRef::as_ref);
    last.filter(move |t: &&Trial| t.era == era && !t.excluded)
}

/// Whether the trial is behind the others after this epoch.
fn hopeless(pruning: Pruning, trial: &Trial, others: &[&Trial], epoch: usize) -> bool {
    let Some(own) = best_until(trial, epoch) else { return false };
    match pruning.rule {
        Prune::Off => false,
        Prune::Median => {
            let known: Vec<f32> = others.iter().filter_map(|t| had(t, epoch)).collect();
            known.len() >= pruning.trials && median(known).is_some_and(|median| own < median)
        }
        Prune::Asha => {
            let known: Vec<f32> = others.iter().filter_map(|t| best_until(t, epoch)).collect();
            let better = known.iter().filter(|x| **x > own).count();
            // The trial itself is one of those that came so far.
            known.len() >= pruning.trials && better >= (known.len() + 1).div_ceil(REDUCTION)
        }
    }
}

/// Whether `asha` asks after this epoch.
fn is_rung(epoch: usize, first: usize) -> bool {
    std::iter::successors(Some(first), |rung| rung.checked_mul(REDUCTION))
        .take_while(|rung| *rung <= epoch)
        .any(|rung| rung == epoch)
}

fn may_stop(trial: &Trial) -> bool {
    trial.end.is_none() && trial.origin != Origin::Repeat
}

/// The fitness after this epoch, or the last one of a trial that was pruned before.
fn had(trial: &Trial, epoch: usize) -> Option<f32> {
    let stopped = matches!(trial.end, Some(End::Pruned { .. }));
    let last = trial.curve.last().filter(|_| stopped);
    trial.curve.get(epoch - 1).or(last).copied().filter(|x| x.is_finite())
}

/// The best fitness up to this epoch; none where the trial did not come so far, or an epoch is not known.
fn best_until(trial: &Trial, epoch: usize) -> Option<f32> {
    let curve = trial.curve.get(..epoch)?;
    let known = curve.iter().all(|x| x.is_finite());
    curve.iter().copied().filter(|_| known).reduce(f32::max)
}

/// The median, none of nothing.
fn median(mut values: Vec<f32>) -> Option<f32> {
    if values.is_empty() {
        return None;
    }
    values.sort_by(f32::total_cmp);
    let middle = values.len() / 2;
    let even = values.len().is_multiple_of(2);
    Some(if even { f32::midpoint(values[middle - 1], values[middle]) } else { values[middle] })
}
