//! Who ranks where: candidates by the shrunken mean of their trials.
//!
//! One lucky training should not win over a candidate that was repeated and held. Repeats tell how much fitness scatters
//! between trials of one candidate (variance s2, pooled over all that were repeated) and the spread of the candidates'
//! means how much candidates differ (variance t2, what s2 explains taken off, at least a tenth of it). A candidate with n
//! trials then stands at
//!
//! ```text
//! m + (mean - m) * n t2 / (n t2 + s2)        m: the mean of all candidates
//! ```
//!
//! (empirical Bayes; Efron and Morris 1975). Without a repeat nothing is known of s2, and the mean stands as it is.
//! Candidates with the same number of trials keep the order of their means, so the ranking is a set for each number,
//! merged when it is read: a proposal costs the same after 100,000 trials as after 300.

use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A candidate's place: better mean first; of equals the later one first.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Place {
    mean: f64,
    candidate: u64,
}

impl Eq for Place {}

impl Ord for Place {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        other.mean.total_cmp(&self.mean).then(other.candidate.cmp(&self.candidate))
    }
}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// What a candidate's trials say together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Standing {
    /// The mean fitness of its trials.
    pub mean: f64,
    /// How many trials that is.
    pub trials: u32,
    /// Of the mean; none while no candidate was repeated. From the scatter within all repeated candidates, since
    /// that of two or three trials of one says little.
    pub standard_error: Option<f64>,
    /// What it ranks by.
    pub shrunken: f64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Entry {
    mean: f64,
    trials: u32,
    /// Squared deviations from the mean.
    squares: f64,
}

/// The candidates that may be parents.
#[derive(Debug, Clone, Default)]
pub struct Ranking {
    by_trials: BTreeMap<u32, BTreeSet<Place>>,
    entries: HashMap<u64, Entry>,
    /// The first mean ever entered: sums are of differences from it, so that they keep their digits.
    pivot: Option<f64>,
    sums: Sums,
}

/// Sums over the candidates, means taken from the pivot.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    means: f64,
    squared_means: f64,
    /// Of 1 / trials.
    inverse: f64,
    /// Squared deviations within candidates, and their degrees of freedom.
    within: f64,
    freedom: u64,
}

/// What is known of the whole: mean, variance between candidates, variance within.
#[derive(Debug, Clone, Copy)]
struct Prior {
    mean: f64,
    between: f64,
    within: f64,
}

impl Ranking {
    /// How many candidates rank.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Sets a candidate's results; with none it leaves the ranking.
    pub fn set(&mut self, candidate: u64, fitness: &[f64]) {
        let mean = fitness.iter().sum::<f64>() / fitness.len() as f64;
        let squares = fitness.iter().map(|x| (x - mean).powi(2)).sum();
        let entry = Entry { mean, trials: fitness.len() as u32, squares };
        // Sums are left alone where nothing changed: taking out and putting in again would cost them digits.
        if self.entries.get(&candidate) == Some(&entry) {
            return;
        }
        self.remove(candidate);
        if !fitness.is_empty() {
            self.pivot.get_or_insert(mean);
            self.count(entry, true);
            self.entries.insert(candidate, entry);
            self.by_trials.entry(entry.trials).or_default().insert(Place { mean, candidate });
        }
    }

    fn remove(&mut self, candidate: u64) {
        let Some(entry) = self.entries.remove(&candidate) else { return };
        if let Some(set) = self.by_trials.get_mut(&entry.trials) {
            set.remove(&Place { mean: entry.mean, candidate });
            if set.is_empty() {
                self.by_trials.remove(&entry.trials);
            }
        }
        self.count(entry, false);
    }

    fn count(&mut self, entry: Entry, in_or_out: bool) {
        let sign = if in_or_out { 1.0 } else { -1.0 };
        let x = entry.mean - self.pivot.unwrap_or_default();
        self.sums.means += sign * x;
        self.sums.squared_means += sign * x * x;
        self.sums.inverse += sign / f64::from(entry.trials);
        let freedom = u64::from(entry.trials - 1);
        if freedom > 0 {
            self.sums.within += sign * entry.squares;
            self.sums.freedom =
                if in_or_out { self.sums.freedom + freedom } else { self.sums.freedom - freedom };
        }
    }

    /// None while no candidate was repeated.
    fn prior(&self) -> Option<Prior> {
        let Sums { means, squared_means, inverse, within, freedom } = self.sums;
        let count = self.entries.len() as f64;
        if freedom == 0 || count < 2.0 {
            return None;
        }
        let within = (within / freedom as f64).max(0.0);
        let mean = means / count;
        let spread = ((squared_means - count * mean * mean) / (count - 1.0)).max(0.0);
        let between = (spread - within * inverse / count).max(0.1 * spread);
        Some(Prior { mean: self.pivot.unwrap_or_default() + mean, between, within })
    }

    /// What a candidate's trials say together; none where it does not rank.
    pub fn standing(&self, candidate: u64) -> Option<Standing> {
        let entry = self.entries.get(&candidate)?;
        let prior = self.prior();
        let standard_error = prior.map(|prior| (prior.within / f64::from(entry.trials)).sqrt());
        let shrunken = shrunken(entry.mean, entry.trials, prior);
        Some(Standing { mean: entry.mean, trials: entry.trials, standard_error, shrunken })
    }

    /// The candidates, best first, each with its shrunken mean.
    pub fn iter(&self) -> impl Iterator<Item = (u64, f64)> + '_ {
        let prior = self.prior();
        let mut sets: Vec<_> = self.by_trials.iter().map(|(n, set)| (*n, set.iter().peekable())).collect();
        std::iter::from_fn(move || {
            let mut best: Option<(usize, Place)> = None;
            for (at, (n, set)) in sets.iter_mut().enumerate() {
                let Some(place) = set.peek() else { continue };
                let next = Place { mean: shrunken(place.mean, *n, prior), candidate: place.candidate };
                if best.is_none_or(|(_, place)| next < place) {
                    best = Some((at, next));
                }
            }
            let (at, place) = best?;
            sets[at].1.next();
            Some((place.candidate, place.mean))
        })
    }
}

fn shrunken(mean: f64, trials: u32, prior: Option<Prior>) -> f64 {
    let Some(prior) = prior else { return mean };
    let signal = f64::from(trials) * prior.between;
    let all = signal + prior.within;
    if all > 0.0 { prior.mean + (mean - prior.mean) * signal / all } else { mean }
}

#[cfg(test)]
mod tests {
    use rand::RngExt;
    use rand_distr::StandardNormal;

    use super::*;
    use crate::evolve::stream;

    fn order(ranking: &Ranking) -> Vec<u64> {
        ranking.iter().map(|(candidate, _)| candidate).collect()
    }

    #[test]
    fn without_repeats_the_order_is_that_of_the_fitness() {
        let mut ranking = Ranking::default();
        for (candidate, fitness) in [(0, 0.3), (1, 0.5), (2, 0.1), (3, 0.5)] {
            ranking.set(candidate, &[fitness]);
        }
        assert_eq!(order(&ranking), [3, 1, 0, 2]);
        let standing = ranking.standing(1).unwrap();
        assert_eq!((standing.mean, standing.shrunken, standing.standard_error), (0.5, 0.5, None));
    }

    #[test]
    fn a_lucky_trial_ranks_below_a_candidate_that_held() {
        let mut ranking = Ranking::default();
        for candidate in 0..20 {
            ranking.set(candidate, &[0.3 + 0.005 * candidate as f64]);
        }
        ranking.set(20, &[0.58]);
        ranking.set(21, &[0.45, 0.62, 0.6, 0.48, 0.57, 0.58]);
        assert_eq!(order(&ranking)[..2], [21, 20]);
        let (held, lucky) = (ranking.standing(21).unwrap(), ranking.standing(20).unwrap());
        assert!(held.mean < lucky.mean && held.shrunken > lucky.shrunken);
        assert!(held.standard_error.unwrap() < lucky.standard_error.unwrap());
    }

    #[test]
    fn what_leaves_leaves_nothing_behind() {
        let mut ranking = Ranking::default();
        for candidate in 0..50 {
            ranking.set(candidate, &[1e6 + 0.001 * candidate as f64]);
        }
        let before = ranking.standing(7).unwrap();
        ranking.set(50, &[1e6, 1e6 + 5.0]);
        assert_ne!(ranking.standing(7).unwrap(), before);
        ranking.set(50, &[]);
        assert_eq!((ranking.standing(7).unwrap(), ranking.len()), (before, 50));
    }

    #[test]
    fn with_noise_the_shrunken_best_is_truly_better_than_the_raw_best() {
        let (mut raw, mut shrunken) = (0.0, 0.0);
        for seed in 0..600 {
            let mut rng = stream(seed, 0);
            let mut ranking = Ranking::default();
            let truth: Vec<f64> =
                (0..60).map(|_| 0.4 + 0.05 * rng.sample::<f64, _>(StandardNormal)).collect();
            let mut means = Vec::new();
            for (candidate, x) in truth.iter().enumerate() {
                let trials = if candidate % 6 == 0 { 5 } else { 1 };
                let fitness: Vec<f64> =
                    (0..trials).map(|_| x + 0.05 * rng.sample::<f64, _>(StandardNormal)).collect();
                means.push(fitness.iter().sum::<f64>() / f64::from(trials));
                ranking.set(candidate as u64, &fitness);
            }
            let best = (0..60).max_by(|a, b| means[*a].total_cmp(&means[*b])).unwrap();
            raw += truth[best] / 600.0;
            shrunken += truth[order(&ranking)[0] as usize] / 600.0;
        }
        assert!(shrunken > raw + 0.001, "{shrunken} against {raw}");
    }
}
