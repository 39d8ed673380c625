//! The tables of docs/evolution.md: what pruning saves, and whom the ranking picks. `make study` prints them.
//!
//! Simulated learning curves, 20 epochs a training, ten seeds; the same program gives the same numbers.

#![expect(clippy::expect_used, reason = "an example: what cannot be is no outside input")]

mod evolution;

use evolution::{EPOCHS, Evolution, Plan, run, space};
use evotop::evolve::{Prune, StrategyKind};
use evotop::space::Space;

const SEEDS: u64 = 10;
const KINDS: [StrategyKind; 2] = [StrategyKind::Yolov5, StrategyKind::Normal];
/// Whole trainings of a run without pruning.
const TRAININGS: u32 = 300;

fn main() {
    let space = space();
    println!(
        "| strategy, noise | rule | best true fitness | trials begun | part of the epochs until the fitness that `off` ends with | reached |"
    );
    println!("|---|---|---|---|---|---|");
    for kind in KINDS {
        for noise in [0.0, 0.01] {
            pruning(&space, kind, noise);
        }
    }
    println!(
        "\n| strategy, noise | highest result, no repeats | shrunken mean, best repeated every 5 | highest result of the same trials |"
    );
    println!("|---|---|---|---|");
    for kind in KINDS {
        for noise in [0.01, 0.03] {
            picking(&space, kind, noise);
        }
    }
}

/// The same plan for every seed, on two threads.
fn all(space: &Space, plan: Plan) -> Vec<Evolution> {
    let of = |part: u64| {
        (0..SEEDS).filter(|seed| seed % 2 == part).map(|seed| run(space, Plan { seed, ..plan })).collect()
    };
    let (even, odd): (Vec<Evolution>, Vec<Evolution>) = std::thread::scope(|scope| {
        let odd = scope.spawn(|| of(1));
        (of(0), odd.join().expect("it does not panic"))
    });
    even.into_iter().zip(odd).flat_map(|(a, b)| [a, b]).collect()
}

fn pruning(space: &Space, kind: StrategyKind, noise: f64) {
    let budget = TRAININGS * EPOCHS;
    let plan = Plan { kind, rule: Prune::Off, seed: 0, noise, repeat_best: None, budget };
    let off = all(space, plan);
    for rule in Prune::ALL {
        let pruned = if rule == Prune::Off {
            Vec::new()
        } else {
            all(space, Plan { rule, budget: 2 * budget, ..plan })
        };
        let runs = if rule == Prune::Off { &off } else { &pruned };
        let within =
            |run: &Evolution| run.best.iter().filter(|(epochs, _)| *epochs < budget + EPOCHS).count();
        let best: Vec<f64> = runs.iter().map(|run| run.best[within(run) - 1].1).collect();
        let begun: Vec<f64> = runs.iter().map(|run| within(run) as f64).collect();
        // What the same seed ends with without pruning is the target, its epochs are the measure.
        let targets = off.iter().map(Evolution::picked);
        let reached = runs.iter().zip(targets).filter_map(|(run, target)| epochs_until(run, target));
        let parts: Vec<f64> = reached.map(|epochs| f64::from(epochs) / f64::from(budget)).collect();
        println!(
            "| `{}`, {noise} | {} | {} | {:.0} | {} | {} of {SEEDS} |",
            kind.name(),
            rule.name(),
            spread(&best, 3),
            mean(&begun),
            spread(&parts, 2),
            parts.len()
        );
    }
}

/// Epochs until the best candidate was truly this good.
fn epochs_until(run: &Evolution, target: f64) -> Option<u32> {
    run.best.iter().find(|(_, truth)| *truth >= target).map(|(epochs, _)| *epochs)
}

fn picking(space: &Space, kind: StrategyKind, noise: f64) {
    let budget = TRAININGS * EPOCHS;
    let plan = Plan { kind, rule: Prune::Off, seed: 0, noise, repeat_best: None, budget };
    let raw: Vec<f64> = all(space, plan).iter().map(Evolution::luckiest).collect();
    let repeated = all(space, Plan { repeat_best: Some(5), ..plan });
    let (picked, lucky): (Vec<f64>, Vec<f64>) =
        repeated.iter().map(|run| (run.picked(), run.luckiest())).unzip();
    println!(
        "| `{}`, {noise} | {} | {} | {} |",
        kind.name(),
        spread(&raw, 3),
        spread(&picked, 3),
        spread(&lucky, 3)
    );
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Mean and standard deviation.
fn spread(values: &[f64], digits: usize) -> String {
    let mean = mean(values);
    let squares: f64 = values.iter().map(|x| (x - mean).powi(2)).sum();
    let deviation = (squares / (values.len().max(2) - 1) as f64).sqrt();
    format!("{mean:.digits$} ± {deviation:.digits$}")
}
