//! The trials so far, and who ranks where.
//!
//! Parents are candidates, not trials: a candidate that was repeated stands once, with the shrunken mean
//! of its finished trials (`ranking.rs`). The ranking is kept up as trials end, so that a proposal costs the same after 300 trials as
//! after 100,000.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::ranking::{Ranking, Standing};
use crate::trial::Trial;

/// Every trial, by generation, and the ranking of the candidates that may be parents.
#[derive(Debug, Clone, Default)]
pub struct History {
    trials: Vec<Arc<Trial>>,
    /// Trials of a candidate beyond its first.
    repeats: HashMap<u64, Vec<u64>>,
    ranking: Ranking,
    /// Trials whose end counts to `--generations`, and those that have not ended.
    counted: u64,
    open: BTreeSet<u64>,
    /// Members of the rounds of a generational strategy.
    rounds: BTreeMap<u32, Vec<u64>>,
}

impl History {
    /// The history of these trials, the first being generation 0.
    pub fn from_trials(trials: Vec<Arc<Trial>>) -> Self {
        let mut history = Self::default();
        history.extend(trials);
        history
    }

    /// Adds the trials that come next.
    pub fn extend(&mut self, trials: Vec<Arc<Trial>>) {
        self.trials.reserve(trials.len());
        for trial in trials {
            self.trials.push(Arc::clone(&trial));
            self.note(&trial);
        }
    }

    /// Every trial; the index is the generation.
    pub fn trials(&self) -> &[Arc<Trial>] {
        &self.trials
    }

    /// The trial of this generation.
    pub fn get(&self, generation: u64) -> Option<&Arc<Trial>> {
        self.trials.get(usize::try_from(generation).ok()?)
    }

    /// The number the next trial gets.
    pub fn next_generation(&self) -> u64 {
        self.trials.len() as u64
    }

    /// Trials that ended in a way that counts to `--generations`.
    pub fn counted(&self) -> u64 {
        self.counted
    }

    /// Generations of the trials that have not ended, oldest first.
    pub fn open(&self) -> impl ExactSizeIterator<Item = u64> + '_ {
        self.open.iter().copied()
    }

    /// Candidates that may be parents, best first: the first trial of each and its shrunken mean fitness.
    pub fn ranked(&self) -> impl Iterator<Item = (&Arc<Trial>, f64)> + '_ {
        self.ranking.iter().filter_map(|(candidate, fitness)| Some((self.get(candidate)?, fitness)))
    }

    /// What the trials of a candidate say together; none where it may not be a parent.
    pub fn standing(&self, candidate: u64) -> Option<Standing> {
        self.ranking.standing(candidate)
    }

    /// How many candidates may be parents.
    pub fn parents(&self) -> usize {
        self.ranking.len()
    }

    /// The best candidate's first trial and its mean fitness.
    pub fn best(&self) -> Option<(&Arc<Trial>, f64)> {
        let (trial, _) = self.ranked().next()?;
        Some((trial, self.standing(trial.candidate)?.mean))
    }

    /// The last round of a generational strategy, and the generations of its members.
    pub fn last_round(&self) -> Option<(u32, &[u64])> {
        self.rounds.last_key_value().map(|(round, members)| (*round, members.as_slice()))
    }

    /// The generations of a round's members.
    pub fn round(&self, round: u32) -> &[u64] {
        self.rounds.get(&round).map_or(&[], Vec::as_slice)
    }

    /// Adds the next trial.
    pub fn push(&mut self, trial: Trial) {
        debug_assert_eq!(trial.generation, self.next_generation());
        let trial = Arc::new(trial);
        self.trials.push(Arc::clone(&trial));
        self.note(&trial);
    }

    /// Counts and ranks a trial that was just added.
    fn note(&mut self, trial: &Trial) {
        let (generation, candidate) = (trial.generation, trial.candidate);
        if candidate != generation {
            self.repeats.entry(candidate).or_default().push(generation);
        }
        if let Some(round) = trial.round {
            self.rounds.entry(round).or_default().push(generation);
        }
        self.counted += u64::from(trial.counts());
        if trial.end.is_none() {
            self.open.insert(generation);
        }
        self.rank(candidate);
    }

    /// Changes the trial of this generation, and the ranking with it. Does nothing if there is none.
    pub fn update(&mut self, generation: u64, change: impl FnOnce(&mut Trial)) {
        let Some(slot) = usize::try_from(generation).ok().and_then(|i| self.trials.get_mut(i)) else {
            return;
        };
        let before = slot.counts();
        change(Arc::make_mut(slot));
        let (candidate, ended) = (slot.candidate, slot.end.is_some());
        let after = slot.counts();
        self.counted = self.counted + u64::from(after) - u64::from(before);
        if ended {
            self.open.remove(&generation);
        } else {
            self.open.insert(generation);
        }
        self.rank(candidate);
    }

    /// Scores every trial again.
    pub fn rescore(&mut self, fitness: impl Fn(&Trial) -> Option<f64>) {
        for slot in &mut self.trials {
            let new = fitness(slot);
            if new != slot.fitness {
                Arc::make_mut(slot).fitness = new;
            }
        }
        self.ranking = Ranking::default();
        let firsts: Vec<u64> =
            self.trials.iter().filter(|t| t.candidate == t.generation).map(|t| t.generation).collect();
        for candidate in firsts {
            self.rank(candidate);
        }
    }

    /// Every trial of this candidate, the first one first.
    pub fn trials_of(&self, candidate: u64) -> impl Iterator<Item = &Arc<Trial>> + '_ {
        let repeats = self.repeats.get(&candidate).map_or(&[][..], Vec::as_slice);
        std::iter::once(candidate).chain(repeats.iter().copied()).filter_map(|g| self.get(g))
    }

    fn rank(&mut self, candidate: u64) {
        let parents = self.trials_of(candidate).filter(|t| t.is_parent());
        let fitness: Vec<f64> = parents.filter_map(|t| t.fitness).collect();
        self.ranking.set(candidate, &fitness);
    }
}
