//! The trials that count, as columns of numbers: what charts are made from. Grows as trials end.

use crate::session::State;
use crate::trial::Trial;

/// Trials with a fitness that may be parents, in the order in which they ended.
#[derive(Debug, Clone, Default)]
pub struct Columns {
    pub generation: Vec<u32>,
    pub fitness: Vec<f32>,
    pub era: Vec<u32>,
    /// One column for each parameter of the space. NaN: an imported row lacked it.
    pub genes: Vec<Vec<f32>>,
    /// Least and greatest fitness.
    pub range: Option<(f32, f32)>,
    /// Each era's number and the first generation in it.
    pub eras: Vec<(u32, u32)>,
    /// Raised whenever the columns were built anew, not only added to.
    pub built: u64,
    rewrites: Option<u64>,
    ended: usize,
}

impl Columns {
    /// Takes in what ended since; builds everything anew after a rewrite.
    pub fn follow(&mut self, state: &State, rewrites: u64) {
        if self.rewrites != Some(rewrites) || self.genes.len() != state.space.params.len() {
            *self = Self { built: self.built + 1, rewrites: Some(rewrites), ..Self::default() };
            self.genes = vec![Vec::with_capacity(state.history.trials().len()); state.space.params.len()];
            for trial in state.history.trials() {
                self.add(trial);
            }
        } else {
            for trial in
                state.ended.get(self.ended..).unwrap_or(&[]).iter().filter_map(|g| state.history.get(*g))
            {
                self.add(trial);
            }
        }
        self.ended = state.ended.len();
    }

    fn add(&mut self, trial: &Trial) {
        if self.eras.last().is_none_or(|(era, _)| *era < trial.era) {
            self.eras.push((trial.era, trial.generation as u32));
        }
        let Some(fitness) = trial.fitness.filter(|f| trial.is_parent() && f.is_finite()) else { return };
        let fitness = fitness as f32;
        self.generation.push(trial.generation as u32);
        self.fitness.push(fitness);
        self.era.push(trial.era);
        for (column, gene) in self.genes.iter_mut().zip(&trial.genes) {
            column.push(*gene as f32);
        }
        let (low, high) = self.range.unwrap_or((fitness, fitness));
        self.range = Some((low.min(fitness), high.max(fitness)));
    }

    /// The last era that has trials up to this generation (none: all of them).
    pub fn era(&self, until: Option<u64>) -> u32 {
        let within = |first: u32| until.is_none_or(|until| u64::from(first) <= until);
        self.eras.iter().rev().find(|(_, first)| within(*first)).map_or(0, |(era, _)| *era)
    }

    pub fn len(&self) -> usize {
        self.generation.len()
    }

    pub fn is_empty(&self) -> bool {
        self.generation.is_empty()
    }
}
