//! What the pruning rules save and cost on the simulated trainer's learning curves, and whom the ranking picks where fitness
//! is noisy. The tables of docs/evolution.md come from the same evolutions (`make study`).

use crate::common::{World, rows};
use crate::evolution::{EPOCHS, Evolution, Plan, run, space};
use crate::sim::sim;
use evotop::evolve::{Prune, StrategyKind};

/// Epochs that an evolution has: 300 whole trainings.
const BUDGET: u32 = 300 * EPOCHS;
const SEEDS: u64 = 10;

fn over_seeds(rule: Prune, noise: f64, repeat_best: Option<u64>) -> Vec<Evolution> {
    let space = space();
    let plan = |seed| Plan { kind: StrategyKind::Normal, rule, seed, noise, repeat_best, budget: BUDGET };
    (0..SEEDS).map(|seed| run(&space, plan(seed))).collect()
}

fn mean(runs: &[Evolution], of: fn(&Evolution) -> f64) -> f64 {
    runs.iter().map(of).sum::<f64>() / runs.len() as f64
}

#[test]
fn with_the_same_epochs_pruned_evolutions_try_more_and_find_better() {
    let begun = |run: &Evolution| run.history.trials().len() as f64;
    let off = over_seeds(Prune::Off, 0.0, None);
    assert_eq!(mean(&off, begun), 300.0);
    for rule in [Prune::Median, Prune::Asha] {
        let pruned = over_seeds(rule, 0.0, None);
        let (tried, found) = (mean(&pruned, begun), mean(&pruned, Evolution::picked));
        let best = mean(&off, Evolution::picked);
        assert!(tried > 400.0 && found > best + 0.005, "{rule:?}: {tried} trials, {found} against {best}");
    }
}

#[test]
fn where_fitness_is_noisy_the_shrunken_mean_picks_truly_better_candidates_than_the_highest_result() {
    let raw = over_seeds(Prune::Off, 0.03, None);
    let repeated = over_seeds(Prune::Off, 0.03, Some(5));
    let (raw, picked) = (mean(&raw, Evolution::luckiest), mean(&repeated, Evolution::picked));
    let lucky = mean(&repeated, Evolution::luckiest);
    assert!(picked > raw && picked > lucky, "{picked} against {raw} and {lucky}");
}

#[test]
fn a_real_run_stops_hopeless_trials_and_counts_them() {
    let world = World::new();
    let more = ["--epochs", "10", "--generations", "60", "--seed", "3", "--prune", "median", "--dir", "d"];
    world.good(&sim("--headless", "5", &more));
    assert!(world.good(&["status", "d"]).contains("rules     prune median"));
    let status = world.status("d");
    let pruned = status["ends"]["pruned"].as_u64().unwrap_or(0);
    assert!(pruned >= 5, "{pruned} of 60 trials were stopped");
    assert_eq!(status["done"], 60);
    assert_eq!(rows(&world.path("d")) as u64, 60 - pruned, "a pruned trial has no row");
    world.good(&["verify", "d"]);
}
