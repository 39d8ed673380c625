//! What the pruning rules save and cost on the simulated trainer's learning curves: evolutions that may train as many epochs as 300
//! whole trainings of 20, one trial after the other, without processes.

use crate::common::{World, rows};
use evotop::evolve::{Ask, History, NextValues, Prune, Settings, StrategyKind, Weights, propose, prune};
use evotop::sim::Landscape;
use evotop::space::{Defaults, OutOfBounds, Space, builtin, load};
use evotop::trial::{End, Metrics, Origin, Trial};

const EPOCHS: u32 = 20;
/// Epochs that an evolution has: 300 whole trainings.
const BUDGET: u32 = 300 * EPOCHS;
const SEEDS: u64 = 10;

fn space() -> Space {
    let (hyp, ranges) = (builtin::hyp("scratch-low").unwrap(), builtin::space("yolov5").unwrap());
    load(&hyp, &ranges, Defaults::Yolov5, OutOfBounds::Abort).unwrap().0
}

/// An evolution's best true fitness among what finished, and how many trials it began.
fn evolution(space: &Space, kind: StrategyKind, rule: Prune, seed: u64, noise: f64) -> (f64, f64) {
    let (weights, next) = (Weights::yolov5(), NextValues::new());
    let settings = Settings::for_strategy(kind, weights.clone());
    let fitness = |metrics: Metrics| {
        let (names, values): (Vec<String>, Vec<f64>) = metrics.0.into_iter().unzip();
        weights.fitness(&names, &values).unwrap()
    };
    let (mut history, mut best, mut trained) = (History::default(), 0f64, 0);
    while trained < BUDGET {
        let generation = history.next_generation();
        let ask = Ask { space, settings: &settings, history: &history, next: &next, seed, generation };
        let genes = if generation == 0 { space.start() } else { propose(&ask).unwrap().genes };
        let hyp = space.params.iter().zip(&genes).map(|(p, x)| (p.name.clone(), p.scalar(*x))).collect();
        let truth = fitness(Landscape::new(&hyp, 0, 0.0).after(EPOCHS, EPOCHS));
        let mut training = Landscape::new(&hyp, 0, noise);
        history.push(Trial::new(generation, Origin::Bred, genes));
        for epoch in 1..=EPOCHS {
            let x = fitness(training.after(epoch, EPOCHS));
            trained += 1;
            history.update(generation, |t| {
                t.curve.push(x as f32);
                t.fitness = Some(x);
            });
            if prune(rule, &history, generation, epoch) {
                history.update(generation, |t| t.end = Some(End::Pruned { epoch }));
                break;
            }
        }
        if history.get(generation).unwrap().end.is_none() {
            best = best.max(truth);
            history.update(generation, |t| t.end = Some(End::Finished));
        }
    }
    (best, history.trials().len() as f64)
}

/// Means over ten seeds.
fn over_seeds(kind: StrategyKind, rule: Prune, noise: f64) -> (f64, f64) {
    let space = space();
    let all: Vec<_> = (0..SEEDS).map(|seed| evolution(&space, kind, rule, seed, noise)).collect();
    let mean = |of: fn(&(f64, f64)) -> f64| all.iter().map(of).sum::<f64>() / all.len() as f64;
    (mean(|x| x.0), mean(|x| x.1))
}

#[test]
fn with_the_same_epochs_pruned_evolutions_try_more_and_find_better() {
    let off = over_seeds(StrategyKind::Normal, Prune::Off, 0.0);
    assert_eq!(off.1, 300.0);
    for rule in [Prune::Median, Prune::Asha] {
        let pruned = over_seeds(StrategyKind::Normal, rule, 0.0);
        assert!(pruned.1 > 400.0 && pruned.0 > off.0 + 0.005, "{rule:?}: {pruned:?}, off: {off:?}");
    }
}

#[test]
fn a_real_run_stops_hopeless_trials_and_counts_them() {
    let world = World::new();
    world.good(&[
        "run",
        "--headless",
        "--trainer",
        "sim",
        "--sim-epoch-ms",
        "5",
        "--epochs",
        "10",
        "--devices",
        "cpu",
        "--generations",
        "60",
        "--seed",
        "3",
        "--prune",
        "median",
        "--dir",
        "d",
    ]);
    let status = world.status("d");
    let pruned = status["ends"]["pruned"].as_u64().unwrap_or(0);
    assert!(pruned >= 5, "{pruned} of 60 trials were stopped");
    assert_eq!(status["done"], 60);
    assert_eq!(rows(&world.path("d")) as u64, 60 - pruned, "a pruned trial has no row");
    world.good(&["verify", "d"]);
}
