//! An evolution on the simulated trainer's learning curves, one trial after the other, without processes.

#![expect(clippy::expect_used, reason = "it is built in, and fits")]

use evotop::evolve::{Ask, History, NextValues, Prune, Settings, StrategyKind, Weights, propose, prune};
use evotop::sim::Landscape;
use evotop::space::{Defaults, OutOfBounds, Space, builtin, load};
use evotop::trial::{End, Metrics, Origin, Trial};

/// Epochs of a whole training.
pub const EPOCHS: u32 = 20;

/// What is run.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    pub kind: StrategyKind,
    pub rule: Prune,
    pub seed: u64,
    /// Standard deviation of the fitness after every epoch.
    pub noise: f64,
    /// Every so many generations the best candidate is trained again.
    pub repeat_best: Option<u64>,
    /// Epochs that may be trained, all trials together.
    pub budget: u32,
}

/// What came of it.
pub struct Evolution {
    pub history: History,
    /// The fitness of every trial's candidate without noise.
    pub truth: Vec<f64>,
    /// Epochs trained when a trial had ended, and the true fitness of the best candidate then.
    pub best: Vec<(u32, f64)>,
}

/// The search space of YOLOv5.
pub fn space() -> Space {
    let hyp = builtin::hyp("scratch-low").expect("it is built in");
    let ranges = builtin::space("yolov5").expect("it is built in");
    load(&hyp, &ranges, Defaults::Yolov5, OutOfBounds::Abort).expect("they fit").0
}

/// Runs it.
pub fn run(space: &Space, plan: Plan) -> Evolution {
    let (weights, next) = (Weights::yolov5(), NextValues::new());
    let mut settings = Settings::for_strategy(plan.kind, weights.clone());
    settings.prune = plan.rule;
    let fitness = |metrics: Metrics| {
        let (names, values): (Vec<String>, Vec<f64>) = metrics.0.into_iter().unzip();
        weights.fitness(&names, &values).unwrap_or_default()
    };
    let (mut history, mut truth, mut best) = (History::default(), Vec::new(), Vec::new());
    let mut trained = 0;
    while trained < plan.budget {
        let generation = history.next_generation();
        let again = plan.repeat_best.filter(|every| generation > 0 && generation.is_multiple_of(*every));
        let again = again.and_then(|_| history.best()).map(|(trial, _)| trial.clone());
        let trial = if let Some(first) = again {
            let seed = history.trials_of(first.candidate).map(|t| t.seed).max().unwrap_or(0) + 1;
            let genes = first.genes.clone();
            Trial { candidate: first.candidate, seed, ..Trial::new(generation, Origin::Repeat, genes) }
        } else {
            let ask = Ask {
                space,
                settings: &settings,
                history: &history,
                next: &next,
                seed: plan.seed,
                generation,
            };
            let genes =
                if generation == 0 { space.start() } else { propose(&ask).expect("it is free").genes };
            Trial::new(generation, Origin::Bred, genes)
        };
        let hyp =
            space.params.iter().zip(&trial.genes).map(|(p, x)| (p.name.clone(), p.scalar(*x))).collect();
        truth.push(fitness(Landscape::new(&hyp, 0, 0.0).after(EPOCHS, EPOCHS)));
        // Another seed of the evolution is another run: its trainings scatter otherwise.
        let mut training = Landscape::new(&hyp, trial.seed + 1000 * plan.seed, plan.noise);
        history.push(trial);
        for epoch in 1..=EPOCHS {
            let x = fitness(training.after(epoch, EPOCHS));
            trained += 1;
            history.update(generation, |t| {
                t.curve.push(x as f32);
                t.fitness = Some(x);
            });
            if prune(settings.pruning(), &history, generation, epoch) {
                history.update(generation, |t| t.end = Some(End::Pruned { epoch }));
                break;
            }
        }
        if history.get(generation).is_some_and(|t| t.end.is_none()) {
            history.update(generation, |t| t.end = Some(End::Finished));
        }
        if let Some((trial, _)) = history.best() {
            best.push((trained, truth[trial.generation as usize]));
        }
    }
    Evolution { history, truth, best }
}

impl Evolution {
    /// The true fitness of the best candidate, as ranked.
    pub fn picked(&self) -> f64 {
        self.best.last().map_or(0.0, |(_, truth)| *truth)
    }

    /// The true fitness of the candidate with the highest single result.
    pub fn luckiest(&self) -> f64 {
        let finished = self.history.trials().iter().filter(|t| t.end == Some(End::Finished));
        let best = finished.max_by(|a, b| a.fitness.unwrap_or(0.0).total_cmp(&b.fitness.unwrap_or(0.0)));
        best.map_or(0.0, |trial| self.truth[trial.generation as usize])
    }
}
