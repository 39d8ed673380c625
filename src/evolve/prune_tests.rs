//! The rules against curves whose right answer is plain.

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::{History, Prune, Pruning, prune};
use crate::trial::{End, Origin, Trial};

fn trial(generation: u64, end: Option<End>, curve: &[f32]) -> Trial {
    let fitness = end.is_some().then(|| f64::from(curve.last().copied().unwrap_or(0.0)));
    Trial { end, fitness, curve: curve.to_vec(), ..Trial::new(generation, Origin::Bred, Box::from([0.5])) }
}

/// Twelve finished trials of 10 epochs; trial i gains i + 1 an epoch.
fn history() -> History {
    let curve = |i: u64| (1..=10).map(|epoch| (i + 1) as f32 * epoch as f32).collect::<Vec<f32>>();
    History::from_trials((0..12).map(|i| trial(i, Some(End::Finished), &curve(i)).into()).collect())
}

/// What both rules, median first, say of one more trial with this curve after its last epoch.
fn told(mut history: History, curve: &[f32], change: impl FnOnce(&mut Trial)) -> (bool, bool) {
    let mut last = trial(history.next_generation(), None, curve);
    change(&mut last);
    let generation = last.generation;
    history.push(last);
    let ask = |rule| prune(rule, &history, generation, curve.len() as u32);
    assert!(!ask(Prune::Off));
    (ask(Prune::Median), ask(Prune::Asha))
}

fn same(_: &mut Trial) {}

#[test]
fn median_stops_what_is_below_the_median_at_its_epoch() {
    // After 2 epochs the twelve have 2, 4 ... 24: the median is 13.
    assert!(told(history(), &[6.0, 12.9], same).0);
    assert!(!told(history(), &[6.0, 13.0], same).0);
    // Its best epoch counts, not its last.
    assert!(!told(history(), &[13.0, 2.0], same).0);
}

#[test]
fn asha_stops_what_is_not_in_the_best_third_and_asks_at_its_rungs_only() {
    // Of 10 epochs it asks after 2 and 6. Of thirteen, five go on: four may be better. After 2 epochs the twelve have
    // 2, 4 ... 24, after 6 they have 6, 12 ... 72.
    assert!(!told(history(), &[1.0, 16.5], same).1);
    assert!(told(history(), &[1.0, 15.9], same).1);
    assert!(!told(history(), &[1.0; 3], same).1);
    assert!(told(history(), &[47.0; 6], same).1 && !told(history(), &[49.0; 6], same).1);
}

#[test]
fn pruned_and_running_trials_are_compared_with_as_far_as_they_came() {
    assert_eq!(told(history(), &[1.0, 1.5], same), (true, true));
    let mut history = history();
    for generation in 12..60 {
        let end = (generation % 2 == 0).then_some(End::Pruned { epoch: 2 });
        history.push(trial(generation, end, &[0.5, 1.0]));
    }
    assert_eq!(told(history.clone(), &[1.0, 1.5], same), (false, false));
    // After 3 epochs there are the twelve, and the 24 that were pruned with what they had.
    assert!(!told(history.clone(), &[0.9, 1.0, 1.0], same).0);
    assert!(told(history, &[0.5, 0.9, 0.9], same).0);
}

#[test]
fn a_repeat_is_not_another_trial_to_be_compared_with() {
    let mut history = history();
    for generation in 12..60 {
        let again = trial(generation, Some(End::Finished), &[12.0, 24.0, 36.0]);
        history.push(Trial { origin: Origin::Repeat, candidate: 11, ..again });
    }
    assert_eq!(told(history, &[8.0, 17.0], same), (false, false));
}

#[test]
fn with_noise_some_of_all_trials_finish_for_ever() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    // `asha` asks after 4 and 12 of 20 epochs and keeps a third of a third.
    for (rule, least) in [(Prune::Median, 20), (Prune::Asha, 5)] {
        let mut history = History::default();
        for generation in 0..600 {
            history.push(trial(generation, None, &[]));
            let good = rng.random_range(0.7..0.72_f32);
            let mut end = End::Finished;
            for epoch in 1..=20_u8 {
                let fitness =
                    good - 0.7 * (-0.2 * f32::from(epoch)).exp() + rng.random_range(-0.02..0.02_f32);
                history.update(generation, |t| t.curve.push(fitness));
                if prune(rule, &history, generation, epoch.into()) {
                    end = End::Pruned { epoch: epoch.into() };
                    break;
                }
            }
            history.update(generation, |t| t.end = Some(end));
        }
        let last = history.trials().iter().rev().take(100);
        let finished = last.filter(|t| t.end == Some(End::Finished)).count();
        assert!(finished >= least, "{rule:?}: {finished} of the last hundred");
    }
}

#[test]
fn every_trial_gets_a_fifth_of_the_epochs() {
    assert_eq!(told(history(), &[0.0], same), (false, false));
    assert_eq!(told(history(), &[0.0; 2], same), (true, true));
}

#[test]
fn a_repeat_a_last_epoch_and_a_trial_that_has_ended_are_never_stopped() {
    let hopeless = [0.0; 6];
    assert_eq!(told(history(), &hopeless, same), (true, true));
    assert_eq!(told(history(), &hopeless, |t| t.origin = Origin::Repeat), (false, false));
    assert_eq!(told(history(), &hopeless, |t| t.end = Some(End::Aborted)), (false, false));
    assert_eq!(told(history(), &[0.0; 10], same), (false, false));
    assert!(!prune(Prune::Median, &history(), 99, 2));
    assert!(!prune(Prune::Median, &history(), 0, 0));
}

#[test]
fn few_trials_or_another_era_s_stop_nothing() {
    let few = History::from_trials(history().trials()[..9].to_vec());
    assert_eq!(told(few, &[0.0; 2], same), (false, false));
    assert_eq!(told(History::default(), &[0.0; 2], same), (false, false));
    assert_eq!(told(history(), &[0.0; 2], |t| t.era = 1), (false, false));
    let mut excluded = history();
    for generation in 0..12 {
        excluded.update(generation, |t| t.excluded = true);
    }
    assert_eq!(told(excluded, &[0.0; 2], same), (false, false));
}

#[test]
fn a_trial_whose_fitness_is_not_known_after_every_epoch_goes_on() {
    assert_eq!(told(history(), &[f32::NAN; 2], same), (false, false));
    assert_eq!(told(history(), &[f32::NAN, 0.0, 0.0], same), (false, false));
    // Others' unknown epochs are not compared with.
    let mut history = history();
    for generation in 0..12 {
        history.update(generation, |t| t.curve[1] = f32::NAN);
    }
    assert_eq!(told(history, &[0.0; 2], same), (false, false));
}

#[test]
fn equal_curves_go_on() {
    let equal = (0..12).map(|i| trial(i, Some(End::Finished), &[1.0, 2.0, 3.0]).into()).collect();
    assert_eq!(told(History::from_trials(equal), &[1.0], same), (false, false));
}

#[test]
fn warm_up_trials_and_patience_can_be_set() {
    let ask = |history: &History, curve: &[f32], pruning: Pruning| {
        let mut history = history.clone();
        let generation = history.next_generation();
        history.push(trial(generation, None, curve));
        prune(pruning, &history, generation, curve.len() as u32)
    };
    let median = Pruning::from(Prune::Median);
    // By itself two of ten epochs; said otherwise, one or five.
    let all = history();
    assert!(!ask(&all, &[0.0], median) && ask(&all, &[0.0], Pruning { warm_up: Some(1), ..median }));
    let five = Pruning { warm_up: Some(5), ..median };
    assert!(!ask(&all, &[0.0; 4], five) && ask(&all, &[0.0; 5], five));
    // Ten trials by itself; twenty are not there, four are of four.
    assert!(!ask(&all, &[0.0; 2], Pruning { trials: 20, ..median }));
    let few = History::from_trials(history().trials()[..4].to_vec());
    assert!(!ask(&few, &[0.0; 2], median) && ask(&few, &[0.0; 2], Pruning { trials: 4, ..median }));
    // Patience: hopeless after each of three epochs, not after two of them.
    let patient = Pruning { patience: 2, ..median };
    assert!(!ask(&all, &[0.0; 3], patient) && ask(&all, &[0.0; 4], patient));
    assert!(!ask(&all, &[0.0, 0.0, 50.0, 50.0], patient), "it caught up");
    // asha asks after 2 and 6 of 10 epochs; with patience the verdict of that rung has to hold.
    let asha = Pruning { patience: 1, ..Pruning::from(Prune::Asha) };
    assert!(!ask(&all, &[0.0; 2], asha) && ask(&all, &[0.0; 3], asha) && !ask(&all, &[0.0; 4], asha));
    assert!(!ask(&all, &[0.0, 0.0, 90.0], asha), "it caught up");
}
