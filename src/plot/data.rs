//! What a picture is made from.

use std::sync::Arc;

use crate::evolve::History;
use crate::session::State;
use crate::space::{Param, Space};
use crate::trial::Trial;

/// Taken from a state at one moment: references, no copies of trials.
#[derive(Debug, Clone)]
pub struct Data {
    name: String,
    space: Space,
    trials: Vec<Arc<Trial>>,
}

/// The same, ready to be drawn.
pub struct Read {
    pub name: String,
    pub space: Space,
    pub history: History,
    /// Finished or imported trials with a fitness, oldest first.
    pub scored: Vec<Arc<Trial>>,
    pub best: Arc<Trial>,
    /// The mean of its trials.
    pub best_fitness: f64,
}

impl Data {
    /// What is needed of a state.
    pub fn of(state: &State) -> Self {
        Self { name: state.name.clone(), space: state.space.clone(), trials: state.history.trials().to_vec() }
    }

    /// None where no trial has a fitness.
    pub(super) fn read(&self) -> Option<Read> {
        let history = History::from_trials(self.trials.clone());
        let (best, best_fitness) = history.best().map(|(trial, fitness)| (Arc::clone(trial), fitness))?;
        let scored = self.trials.iter().filter(|t| t.is_parent()).cloned().collect();
        Some(Read { name: self.name.clone(), space: self.space.clone(), history, scored, best, best_fitness })
    }
}

impl Read {
    /// The values of a parameter, with the fitness of each.
    pub fn values(&self, i: usize) -> impl Iterator<Item = (f64, f64)> + '_ {
        let pairs = self.scored.iter().filter_map(move |t| Some((*t.genes.get(i)?, t.fitness?)));
        pairs.filter(|(x, _)| x.is_finite())
    }

    /// The best candidate's value of a parameter.
    pub fn best_value(&self, i: usize) -> Option<f64> {
        self.best.genes.get(i).copied().filter(|x| x.is_finite())
    }

    /// The mean fitness of a trial's candidate.
    pub fn mean(&self, trial: &Trial) -> Option<f64> {
        self.history.standing(trial.candidate).map_or(trial.fitness, |standing| Some(standing.mean))
    }

    /// `lr0 = 0.0103`, and what else is to be known of it.
    pub fn title(&self, i: usize) -> String {
        let param = &self.space.params[i];
        let at = self.best_value(i).map_or_else(|| "?".to_owned(), |x| param.show(x, 3));
        let held = if param.is_free() { "" } else { " held" };
        format!("{} = {at}{held}", param.name)
    }

    /// Whether the best rests on a bound, as the tables on the screen mark it.
    pub fn rests(&self, i: usize) -> bool {
        let param: &Param = &self.space.params[i];
        self.best_value(i).is_some_and(|x| param.is_free() && param.on_bound(x))
    }

    /// `300 trials, best 0.6123 at gen 37`.
    pub fn summary(&self) -> String {
        let ended = self.history.trials().iter().filter(|t| t.end.is_some()).count();
        let standing = self.history.standing(self.best.candidate).filter(|s| s.trials > 1);
        let error = standing.and_then(|s| s.standard_error);
        let error = error.map_or_else(String::new, |error| format!(" ± {error:.4}"));
        format!(
            "{}, best fitness {:.4}{error} at gen {}",
            crate::trial::count(ended),
            self.best_fitness,
            self.best.generation
        )
    }

    /// Generations with which another era begins.
    pub fn eras(&self) -> Vec<u64> {
        let mut trials = self.history.trials().iter();
        let mut present = trials.next().map_or(0, |first| first.era);
        // A trial that ran while an era began ends in the one before.
        let begins = |t: &&Arc<Trial>| {
            let later = t.era > present;
            present = present.max(t.era);
            later
        };
        trials.filter(begins).map(|t| t.generation).collect()
    }

    /// How good a fitness is among all of them: 0 for the worst tenth, 1 for the best.
    pub fn rank_scale(&self) -> impl Fn(f64) -> f64 + use<> {
        let mut all: Vec<f64> = self.scored.iter().filter_map(|t| t.fitness).collect();
        all.sort_by(f64::total_cmp);
        let low = all.get(all.len() / 10).copied().unwrap_or(0.0);
        let high = all.last().copied().unwrap_or(1.0);
        move |fitness| if high > low { ((fitness - low) / (high - low)).clamp(0.0, 1.0) } else { 1.0 }
    }

    /// The last generation.
    pub fn last(&self) -> u64 {
        self.history.next_generation().saturating_sub(1)
    }
}
