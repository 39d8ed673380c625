//! One contract for every strategy: bounds, pins, determinism, and what it does with little or odd history.

use proptest::prelude::*;

use super::{Ask, History, NextValues, ParentMode, Settings, StrategyKind, Weights, propose};
use crate::space::{Kind, Param, Scalar, Space};
use crate::trial::{Change, End, FailureClass, Origin, Trial};

fn param(name: &str, value: f64, (gain, low, high): (f64, f64, f64), kind: Kind) -> Param {
    Param { name: name.into(), value, gain, low, high, kind, pin: None }
}

fn space() -> Space {
    let options = ["SGD", "Adam", "AdamW"].map(|o| Scalar::Text(o.into()));
    let params = vec![
        param("lr0", 0.01, (1.0, 1e-5, 0.1), Kind::Float),
        param("momentum", 0.937, (0.3, 0.6, 0.98), Kind::Float),
        param("degrees", 0.0, (1.0, 0.0, 45.0), Kind::Float),
        param("iou_t", 0.2, (0.0, 0.1, 0.7), Kind::Float),
        param("lr", 3e-4, (1.0, 1e-6, 1e-2), Kind::Log),
        param("layers", 3.0, (1.0, 1.0, 8.0), Kind::Int),
        param("optimizer", 0.0, (1.0, 0.0, 2.0), Kind::Choice(options.into())),
    ];
    Space { params, ..Space::default() }
}

fn trial(generation: u64, genes: Box<[f64]>, fitness: Option<f64>) -> Trial {
    let end = fitness.map(|_| End::Finished);
    Trial { end, fitness, ..Trial::new(generation, Origin::Bred, genes) }
}

fn settings(kind: StrategyKind, parent: ParentMode) -> Settings {
    Settings { parent, ..Settings::for_strategy(kind, Weights::yolov5()) }
}

/// A history of random candidates; a fitness of none has not ended.
fn history(space: &Space, rows: &[(Vec<f64>, Option<f64>)]) -> History {
    let mut history = History::default();
    for (i, (units, fitness)) in rows.iter().enumerate() {
        let genes = space.params.iter().zip(units).map(|(p, u)| p.from_unit(*u)).collect();
        history.push(trial(i as u64, genes, *fitness));
    }
    history
}

/// Proposals for one generation after the other of a fixed history.
fn children<'a>(
    space: &'a Space,
    settings: &'a Settings,
    history: &'a History,
    n: u64,
) -> impl Iterator<Item = super::Bred> + 'a {
    let next = NextValues::new();
    (1000..1000 + n).map(move |generation| {
        propose(&Ask { space, settings, history, next: &next, seed: 3, generation }).unwrap()
    })
}

/// Every strategy in every mode.
fn all() -> impl Iterator<Item = (StrategyKind, ParentMode)> {
    StrategyKind::ALL.into_iter().flat_map(|kind| ParentMode::ALL.map(|mode| (kind, mode)))
}

fn admitted(space: &Space, child: &super::Bred) -> bool {
    child.genes.len() == space.params.len()
        && space.params.iter().zip(&child.genes).all(|(p, x)| p.admits(*x) || p.held() == Some(*x))
}

fn rows() -> impl Strategy<Value = Vec<(Vec<f64>, Option<f64>)>> {
    let fitness = prop_oneof![Just(None), Just(Some(0.0)), (0.0..1.0).prop_map(Some)];
    prop::collection::vec((prop::collection::vec(0.0..1.0, 7), fitness), 0..12)
}

fn modes() -> impl Strategy<Value = (StrategyKind, ParentMode)> {
    let parents = prop_oneof![Just(ParentMode::Single), Just(ParentMode::Weighted)];
    (prop::sample::select(StrategyKind::ALL.to_vec()), parents)
}

proptest! {
    #[test]
    fn a_child_stays_within_bounds_and_holds_what_is_held(
        rows in rows(), (kind, parent) in modes(), pins in prop::collection::vec(prop::option::of(0.0..1.0), 7),
        seed: u64, generation in 1u64..10_000,
    ) {
        let mut space = space();
        for (param, pin) in space.params.iter_mut().zip(&pins) {
            param.pin = pin.map(|u: f64| param.from_unit(u));
        }
        let (settings, history, next) = (settings(kind, parent), history(&space, &rows), NextValues::new());
        let ask = Ask { space: &space, settings: &settings, history: &history, next: &next, seed, generation };
        let Ok(child) = propose(&ask) else { return Ok(()) };
        prop_assert_eq!(&child, &propose(&ask).unwrap());
        prop_assert_eq!(child.genes.len(), space.params.len());
        let mut moved = 0;
        for ((param, x), change) in space.params.iter().zip(&child.genes).zip(&child.changes) {
            if let Some(held) = param.held() {
                prop_assert_eq!(*x, held);
                prop_assert_eq!(*change, Change::Held);
            } else {
                prop_assert!(param.admits(*x), "{} = {} is outside its bounds", param.name, x);
                moved += u32::from(!matches!(change, Change::Kept));
            }
        }
        // A multiplied zero cannot move; everything else does, however much is pinned.
        let can_move = space.params.iter().any(|p| p.is_free() && p.name != "degrees");
        if can_move || matches!(kind, StrategyKind::Normal | StrategyKind::Population) {
            prop_assert!(moved > 0, "a copy was bred");
        }
        for parent in &child.parents {
            prop_assert!(history.get(*parent).is_some_and(|t| t.is_parent()));
        }
    }

    #[test]
    fn a_value_for_the_next_proposal_only_is_what_the_child_gets(
        rows in rows(), (kind, parent) in modes(), u in 0.0f64..1.0, seed: u64,
    ) {
        let space = space();
        let value = space.params[0].from_unit(u);
        let (settings, history) = (settings(kind, parent), history(&space, &rows));
        let next = NextValues::from([("lr0".to_owned(), value)]);
        let child = propose(&Ask { space: &space, settings: &settings, history: &history, next: &next, seed, generation: 40 });
        let child = child.unwrap();
        prop_assert_eq!(child.genes[0], value);
        prop_assert_eq!(child.changes[0], Change::Set);
    }
}

#[test]
fn nothing_is_proposed_where_everything_is_held() {
    let mut space = space();
    for param in &mut space.params {
        param.pin = Some(param.value);
    }
    let (history, next) = (History::default(), NextValues::new());
    for kind in StrategyKind::ALL {
        let settings = settings(kind, ParentMode::Single);
        let ask = Ask {
            space: &space,
            settings: &settings,
            history: &history,
            next: &next,
            seed: 0,
            generation: 1,
        };
        assert_eq!(propose(&ask), Err(super::Refusal::NothingFree));
    }
}

#[test]
fn a_zero_moves_under_normal_and_never_under_yolov5() {
    let space = space();
    let (history, next) = (History::default(), NextValues::new());
    let zeros = |kind| {
        let settings = settings(kind, ParentMode::Single);
        let degrees = (1..200).map(|generation| {
            let ask = Ask {
                space: &space,
                settings: &settings,
                history: &history,
                next: &next,
                seed: 1,
                generation,
            };
            propose(&ask).unwrap().genes[2]
        });
        degrees.filter(|x| *x == 0.0).count()
    };
    assert_eq!(zeros(StrategyKind::Yolov5), 199);
    assert!(zeros(StrategyKind::Normal) < 160);
}

#[test]
fn one_free_parameter_is_bred_and_every_other_stays() {
    for kind in StrategyKind::ALL {
        let mut space = space();
        for param in &mut space.params[1..] {
            param.pin = Some(param.value);
        }
        let history = history(&space, &[(vec![0.3; 7], Some(0.4))]);
        for child in children(&space, &settings(kind, ParentMode::Single), &history, 50) {
            assert_ne!(child.genes[0], history.get(0).unwrap().genes[0], "{}", kind.name());
            assert_eq!(child.genes[1..], space.start()[1..]);
        }
    }
}

#[test]
fn equal_fitness_draws_every_parent_alike() {
    let space = space();
    let rows: Vec<_> = (1..=5).map(|i| (vec![f64::from(i) / 6.0; 7], Some(0.5))).collect();
    let history = history(&space, &rows);
    for kind in [StrategyKind::Yolov5, StrategyKind::Yolov5March2021, StrategyKind::Normal] {
        let mut drawn = [0; 5];
        for child in children(&space, &settings(kind, ParentMode::Single), &history, 2000) {
            drawn[child.parents[0] as usize] += 1;
        }
        assert!(drawn.iter().all(|n| (320..480).contains(n)), "{}: {drawn:?}", kind.name());
    }
}

#[test]
fn of_equal_fitness_yolov3_takes_the_latest_and_a_mean_takes_all_alike() {
    let space = space();
    let rows: Vec<_> = (1..=5).map(|i| (vec![f64::from(i) / 6.0; 7], Some(0.5))).collect();
    let history = history(&space, &rows);
    for child in children(&space, &settings(StrategyKind::Yolov3, ParentMode::Single), &history, 50) {
        assert_eq!(*child.parents, [4]);
    }
    for kind in StrategyKind::ALL.into_iter().filter(|kind| *kind != StrategyKind::Population) {
        let mut kept = 0;
        for child in children(&space, &settings(kind, ParentMode::Weighted), &history, 100) {
            assert_eq!(*child.parents, [4, 3, 2, 1, 0]);
            if child.changes[1] == Change::Kept {
                kept += 1;
                // The middle of its bounds; the originals' parents carry three digits.
                assert!((child.genes[1] - 0.79).abs() < 1e-3, "{}: {}", kind.name(), child.genes[1]);
            }
        }
        assert!(kept > 5, "{}", kind.name());
    }
}

#[test]
fn equal_fitness_breeds_a_population_from_every_member_alike() {
    let space = space();
    let units = |i: u32| vec![f64::from(i) / 51.0; 7];
    let mut history = History::default();
    for i in 1..=50 {
        let genes = space.params.iter().zip(units(i)).map(|(p, u)| p.from_unit(u)).collect();
        history.push(Trial { round: Some(0), ..trial(u64::from(i) - 1, genes, Some(0.5)) });
    }
    let mut drawn = [0.0; 50];
    for child in children(&space, &settings(StrategyKind::Population, ParentMode::Single), &history, 10_000) {
        drawn[child.parents[0] as usize] += 1.0;
    }
    // Of the 50 that breed, 48 won a tournament, and the elite is the first two of those that are all the highest.
    for (i, n) in drawn.iter().enumerate() {
        let share = (48.0 / 50.0 + if i < 2 { 1.0 } else { 0.0 }) / 50.0;
        let (mean, deviation) = (10_000.0 * share, (10_000.0f64 * share).sqrt());
        assert!((n - mean).abs() < 5.0 * deviation, "{i}: {n} is not {mean}");
    }
}

#[test]
fn genes_that_an_imported_row_lacked_are_the_start_value() {
    let space = space();
    let mut history = History::default();
    let genes = vec![0.02, f64::NAN, 10.0, 0.2, 1e-4, f64::NAN, 1.0];
    let imported = Trial { end: Some(End::Imported), ..trial(0, genes.into(), Some(0.7)) };
    history.push(imported);
    for kind in StrategyKind::ALL {
        for mode in [ParentMode::Single, ParentMode::Weighted] {
            for child in children(&space, &settings(kind, mode), &history, 20) {
                assert!(child.genes.iter().all(|x| x.is_finite()), "{}", kind.name());
            }
        }
    }
}

#[test]
fn metrics_without_a_weight_and_genes_of_parameters_that_are_gone_change_nothing() {
    let space = space();
    let rows: Vec<_> = (1..=60).map(|i| (vec![f64::from(i) / 61.0; 7], Some(f64::from(i) / 100.0))).collect();
    let plain = history(&space, &rows);
    let mut more = History::default();
    for trial in plain.trials() {
        // The row of an older search, with a parameter more, and metrics that nothing weighs.
        let genes = trial.genes.iter().copied().chain([0.123, f64::NAN]).collect();
        let metrics = [0.1, 0.2, 0.3, f64::NAN, f64::INFINITY].into();
        more.push(Trial { genes, metrics, ..(**trial).clone() });
    }
    for (kind, mode) in all() {
        let settings = settings(kind, mode);
        for (plain, more) in
            children(&space, &settings, &plain, 20).zip(children(&space, &settings, &more, 20))
        {
            assert_eq!(plain, more, "{}", kind.name());
            assert!(!more.parents.is_empty() && more.genes.len() == 7, "{}", kind.name());
        }
    }
}

#[test]
fn a_fitness_that_is_no_finite_number_is_no_parents() {
    let space = space();
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let mut history = History::default();
        for i in 0..60u32 {
            let fitness = if i == 7 { 0.4 } else { bad };
            let genes = space.params.iter().map(|p| p.from_unit(f64::from(i) / 61.0)).collect();
            history.push(trial(u64::from(i), genes, Some(fitness)));
        }
        for (kind, mode) in all() {
            for child in children(&space, &settings(kind, mode), &history, 20) {
                assert!(admitted(&space, &child), "{}: {child:?}", kind.name());
                // A population waits for fifty of them.
                let parents: &[u64] = if kind == StrategyKind::Population { &[] } else { &[7] };
                assert_eq!(*child.parents, *parents, "{} with {bad}", kind.name());
            }
        }
    }
}

#[test]
fn none_finished_and_some_pending_breeds_as_if_there_were_none() {
    let (space, empty) = (space(), History::default());
    for pending in [1, 2, 8, 49] {
        for round in [None, Some(0)] {
            let mut history = History::default();
            for i in 0..pending {
                history.push(Trial { round, ..trial(i, vec![0.05; 7].into(), None) });
            }
            for (kind, mode) in all() {
                let settings = settings(kind, mode);
                let none = children(&space, &settings, &empty, 20);
                let mut different = std::collections::HashSet::new();
                for (child, alone) in children(&space, &settings, &history, 20).zip(none) {
                    assert_eq!(child, alone, "{} with {pending} pending", kind.name());
                    assert!(child.parents.is_empty() && admitted(&space, &child), "{}", kind.name());
                    assert_ne!(child.genes, space.start(), "{}", kind.name());
                    different.insert(format!("{:?}", child.genes));
                }
                assert!(different.len() > 15, "{}: {}", kind.name(), different.len());
            }
        }
    }
}

/// A trial that may be no parent, of every sort; the first 25 of them have a fitness that would make it the best.
fn no_parent(space: &Space, generation: u64) -> Trial {
    let what = || "loss is NaN".into();
    let end = match generation % 5 {
        0 => End::Diverged { epoch: 1, what: what() },
        1 => End::Failed { class: FailureClass::Crash, detail: what() },
        2 => End::Aborted,
        3 => End::Pruned { epoch: 3 },
        _ => End::Finished,
    };
    let genes = space.params.iter().map(|p| p.from_unit(generation as f64 / 60.0)).collect();
    let excluded = end == End::Finished;
    let fitness = (generation < 25).then_some(0.9);
    Trial { end: Some(end), fitness, excluded, ..trial(generation, genes, None) }
}

#[test]
fn where_nothing_may_be_a_parent_the_start_candidate_or_the_whole_range_is() {
    let space = space();
    for round in [None, Some(0)] {
        let mut history = History::default();
        for generation in 0..50 {
            history.push(Trial { round, ..no_parent(&space, generation) });
        }
        for (kind, mode) in all() {
            for child in children(&space, &settings(kind, mode), &history, 50) {
                assert!(child.parents.is_empty() && admitted(&space, &child), "{}", kind.name());
                if kind == StrategyKind::Population {
                    assert_eq!(child.round, Some(round.map_or(0, |round: u32| round + 1)));
                    assert!(
                        child.changes.iter().all(|change| *change == Change::New || *change == Change::Held)
                    );
                } else {
                    let kept = child.genes.iter().zip(space.start()).zip(&child.changes);
                    let mut kept = kept.filter(|(_, change)| **change == Change::Kept).map(|(pair, _)| pair);
                    assert!(kept.all(|(x, start)| *x == start), "{}", kind.name());
                }
            }
        }
    }
}

#[test]
fn trials_that_diverged_or_are_excluded_or_not_ended_are_no_parents() {
    let space = space();
    let mut history = history(&space, &[(vec![0.2; 7], Some(0.1)), (vec![0.9; 7], None)]);
    for generation in 2..52 {
        history.push(no_parent(&space, generation));
    }
    for (kind, mode) in all().filter(|(kind, _)| *kind != StrategyKind::Population) {
        for child in children(&space, &settings(kind, mode), &history, 50) {
            assert_eq!(*child.parents, [0], "{}", kind.name());
        }
    }
    // A population that waits for nobody, of whose members one may be a parent.
    history.update(1, |trial| trial.end = Some(End::Aborted));
    for generation in 0..50 {
        history.update(generation, |trial| trial.round = Some(0));
    }
    let history = History::from_trials(history.trials().to_vec());
    for child in children(&space, &settings(StrategyKind::Population, ParentMode::Single), &history, 50) {
        assert_eq!((&*child.parents, child.round), (&[0][..], Some(1)));
    }
}
