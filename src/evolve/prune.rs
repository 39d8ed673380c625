//! Whether a running trial is hopeless, from the learning curves of the trials before it: pure, as all of `evolve`.
//!
//! - `median`: its best epoch so far is below the median of what the others had after this epoch (after Golovin and
//!   others 2017, and Optuna's rule of that name).
//! - `asha`: after the warm-up, 3 times, 9 times ... as many epochs, its best epoch so far is not among the best third (the
//!   stopping form of Li and others 2020).
//!
//! The others are all of the same era that came so far: finished, pruned or running. Were pruned ones left out, as is usual
//! for `median`, the median would climb with every trial that is stopped, until nearly all are.
//!
//! A repeat is never stopped, since it is there to be measured; nor is a trial in its last epoch, which would save
//! nothing, or one whose fitness is not known after every epoch. What follows from the answer is for others to say.

use super::{History, Prune};
use crate::trial::{End, Origin, Trial};

/// Every trial gets one in so many epochs, and at least one.
const WARM_UP: usize = 5;
/// Trials to compare with, before anything is stopped.
const TRIALS: usize = 10;
/// Trials looked at: the last ones, so that the answer takes as long after 100,000 trials as after 1,000.
const LAST: usize = 1000;
/// `asha` keeps one of so many, and asks again after so many times the epochs.
const REDUCTION: usize = 3;

/// Whether `rule` stops the trial `generation` after `epoch`, counted from 1.
///
/// How many epochs there are is known from the trials that finished; before one did, nothing is stopped.
pub fn prune(rule: Prune, history: &History, generation: u64, epoch: u32) -> bool {
    let epoch = epoch as usize;
    let Some(trial) = history.get(generation).filter(|t| rule != Prune::Off && may_stop(t)) else {
        return false;
    };
    let Some(own) = best_until(trial, epoch) else { return false };
    let last = history.trials().iter().rev().take(LAST);
    let others: Vec<&Trial> = last
        .map(AsRef::as_ref)
        .filter(|t| t.generation != generation && t.era == trial.era && !t.excluded)
        .collect();
    let finished = others.iter().filter(|t| t.end == Some(End::Finished));
    let epochs = finished.map(|t| t.curve.len()).max().unwrap_or(0);
    let warm_up = (epochs / WARM_UP).max(1);
    if epoch < warm_up || epoch >= epochs {
        return false;
    }
    match rule {
        Prune::Off => false,
        Prune::Median => {
            let at = |t: &&Trial| t.curve.get(epoch - 1).copied().filter(|x| x.is_finite());
            median(others.iter().filter_map(at).collect()).is_some_and(|median| own < median)
        }
        Prune::Asha => {
            is_rung(epoch, warm_up) && {
                let known: Vec<f32> = others.iter().filter_map(|t| best_until(t, epoch)).collect();
                let better = known.iter().filter(|x| **x > own).count();
                // The trial itself is one of those that came so far.
                known.len() >= TRIALS && better >= (known.len() + 1).div_ceil(REDUCTION)
            }
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

/// The best fitness up to this epoch; none where the trial did not come so far, or an epoch is not known.
fn best_until(trial: &Trial, epoch: usize) -> Option<f32> {
    let curve = trial.curve.get(..epoch)?;
    let known = curve.iter().all(|x| x.is_finite());
    curve.iter().copied().filter(|_| known).reduce(f32::max)
}

/// The median, none of too few.
fn median(mut values: Vec<f32>) -> Option<f32> {
    if values.len() < TRIALS {
        return None;
    }
    values.sort_by(f32::total_cmp);
    let middle = values.len() / 2;
    let even = values.len().is_multiple_of(2);
    Some(if even { f32::midpoint(values[middle - 1], values[middle]) } else { values[middle] })
}
