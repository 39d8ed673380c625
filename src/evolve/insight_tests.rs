//! Importance and hints, on landscapes whose truth is known.

use rand::RngExt;
use rand_distr::StandardNormal;

use super::{Ask, Hint, History, Importance, NextValues, Settings, StrategyKind, Weights};
use super::{hints, importance, propose, stream};
use crate::space::{Kind, Param, Space};
use crate::trial::{End, Origin, Trial};

const WEIGHTS: [f64; 6] = [1.0, 0.6, 0.35, 0.2, 0.05, 0.0];

fn space() -> Space {
    let param = |i: usize| Param {
        name: format!("p{i}"),
        value: 0.5,
        gain: 1.0,
        low: 0.0,
        high: 1.0,
        kind: Kind::Float,
        pin: None,
    };
    Space { params: (0..WEIGHTS.len()).map(param).collect(), ..Space::default() }
}

fn settings(kind: StrategyKind) -> Settings {
    Settings::for_strategy(kind, Weights::yolov5())
}

fn finished(generation: u64, genes: &[f64], parents: &[u64], fitness: f64) -> Trial {
    let (end, fitness, parents) = (Some(End::Finished), Some(fitness), parents.into());
    Trial { parents, end, fitness, ..Trial::new(generation, Origin::Bred, genes.into()) }
}

/// An evolution on a landscape with its top at 0.3 to 0.8 of each range, every parameter weighing as said.
fn evolution(space: &Space, seed: u64, trials: u64, noise: f64) -> History {
    let (settings, next, mut history) =
        (settings(StrategyKind::Normal), NextValues::new(), History::default());
    let mut rng = stream(seed, u64::MAX);
    for generation in 0..trials {
        let (genes, parents) = if generation == 0 {
            (space.start(), Box::default())
        } else {
            let ask = Ask { space, settings: &settings, history: &history, next: &next, seed, generation };
            let bred = propose(&ask).unwrap();
            (bred.genes, bred.parents)
        };
        let terms = genes.iter().zip(WEIGHTS).enumerate();
        let distance: f64 = terms.map(|(i, (x, w))| w * (x - 0.3 - 0.1 * i as f64).powi(2)).sum();
        let fitness = (-3.0 * distance).exp() + noise * rng.sample::<f64, _>(StandardNormal);
        history.push(finished(generation, &genes, &parents, fitness));
    }
    history
}

fn shares(space: &Space, history: &History) -> (f64, Vec<(f64, bool)>) {
    match importance(space, history) {
        Importance::Known { explained, params } => {
            (explained, params.iter().map(|p| (p.share, p.clear)).collect())
        }
        Importance::TooFew { needed } => panic!("{needed} needed"),
    }
}

#[test]
fn importance_ranks_known_weights_with_300_trials_over_ten_seeds() {
    let space = space();
    let (mut right, mut pairs) = (0, 0);
    for seed in 0..10 {
        let (explained, shares) = shares(&space, &evolution(&space, seed, 300, 0.005));
        assert!(explained > 0.5, "seed {seed}: {explained}");
        for i in 0..WEIGHTS.len() {
            for j in i + 1..WEIGHTS.len() {
                pairs += 1;
                right += u32::from(shares[i].0 > shares[j].0);
            }
        }
        assert!((shares.iter().map(|s| s.0).sum::<f64>() - 1.0).abs() < 1e-9);
    }
    assert!(f64::from(right) > 0.85 * f64::from(pairs), "{right} of {pairs} pairs in the right order");
}

#[test]
fn what_was_hardly_varied_is_not_what_mattered() {
    // Like lrf in YOLO's rules: it starts at its lower bound and stays within a hundredth of its range.
    let space = space();
    for seed in 0..10 {
        let mut rng = stream(seed, 3);
        let mut history = History::default();
        for generation in 0..60 {
            let mut genes: Vec<f64> = (0..6).map(|_| rng.random()).collect();
            genes[5] *= 0.01;
            let noise: f64 = rng.sample(StandardNormal);
            let fitness = genes[0] + 0.5 * genes[1] + 0.01 * noise;
            history.push(finished(generation, &genes, &[], fitness));
        }
        let (_, shares) = shares(&space, &history);
        assert!(shares[0].0 > shares[1].0 && shares[5].0 < 0.05, "seed {seed}: {shares:?}");
    }
}

#[test]
fn importance_says_when_it_cannot_know() {
    let space = space();
    assert!(matches!(importance(&space, &evolution(&space, 1, 8, 0.0)), Importance::TooFew { .. }));
    let mut noise = History::default();
    let mut rng = stream(5, 5);
    for generation in 0..200 {
        let genes: Vec<f64> = (0..6).map(|_| rng.random()).collect();
        noise.push(finished(generation, &genes, &[], rng.random()));
    }
    let (explained, shares) = shares(&space, &noise);
    assert!(explained < 0.1, "{explained}");
    assert!(shares.iter().filter(|s| s.1).count() <= 1, "{shares:?}");
}

#[test]
fn a_parameter_that_never_varied_has_no_importance() {
    let mut space = space();
    space.params[0].pin = Some(0.5);
    let (_, shares) = shares(&space, &evolution(&space, 2, 100, 0.001));
    assert_eq!(shares[0], (0.0, false));
    assert!(shares[1].1);
}

#[test]
fn a_best_on_its_bound_and_a_zero_that_cannot_move_are_hinted_at() {
    let mut space = space();
    space.params[1].value = 0.0;
    let mut history = History::default();
    for g in 0..12 {
        let x = g as f64 / 11.0;
        history.push(finished(g, &[x, 0.0, 0.5, 0.5, 0.5, 0.5], &[], x));
    }
    let told = hints(&space, &settings(StrategyKind::Yolov5), &history);
    let bound = Hint::OnBound { param: "p0".into(), value: "1".into(), low: false };
    let zero = Hint::ZeroCannotMove { param: "p1".into(), strategy: "yolov5" };
    assert_eq!(told, [bound.clone(), zero]);
    assert_eq!(hints(&space, &settings(StrategyKind::Normal), &history), [bound]);
    assert!(told[0].to_string().contains("p0.high"));
}

#[test]
fn five_cousins_are_one_lineage() {
    let space = space();
    let history = |parents: [u64; 5]| {
        let mut history = History::default();
        for g in 0..10 {
            let from: &[u64] = if g == 0 { &[] } else { &[0] };
            history.push(finished(g, &[0.4; 6], from, 0.1));
        }
        for (g, parent) in (10..).zip(parents) {
            history.push(finished(g, &[0.5; 6], &[parent], 0.5));
        }
        history
    };
    let settings = settings(StrategyKind::Normal);
    assert_eq!(hints(&space, &settings, &history([4, 4, 4, 4, 4])), [Hint::OneLineage { ancestor: 4 }]);
    assert_eq!(hints(&space, &settings, &history([4, 4, 3, 4, 4])), []);
}
