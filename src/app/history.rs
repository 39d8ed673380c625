//! Where the page History stands: which trials are shown, in which order, and which is open.

use std::cmp::Ordering;

use super::measure::width;
use crate::session::State;
use crate::trial::{End, Trial};

/// What rows are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SortBy {
    #[default]
    Generation,
    Fitness,
    Duration,
    State,
    /// A metric, by its index.
    Metric(usize),
}

/// The page's state.
#[derive(Debug, Clone, Default)]
pub struct HistoryView {
    pub sort: SortBy,
    /// Smallest first; the newest or greatest are first otherwise.
    pub ascending: bool,
    pub filter: String,
    /// The generation under the cursor; none is the first row, whatever it is.
    pub cursor: Option<u64>,
    /// The generation that is shown in full, and how far its text is scrolled.
    pub open: Option<(u64, usize)>,
    /// The end of a failed trial's log: its generation, and the lines or why there are none.
    pub log_end: Option<(u64, Result<Vec<String>, String>)>,
    rows: Rows,
}

/// Generations in the order of the rows.
#[derive(Debug, Clone, Default)]
enum Rows {
    /// Every generation, the last one first.
    #[default]
    All,
    Some {
        rows: Vec<u64>,
        of: (u64, usize, usize),
    },
}

impl HistoryView {
    /// Brings the rows into line with the state.
    pub fn follow(&mut self, state: &State, rewrites: u64) {
        if self.sort == SortBy::Generation && self.filter.is_empty() {
            self.rows = Rows::All;
            return;
        }
        let of = (rewrites, state.ended.len(), state.history.trials().len());
        if !matches!(&self.rows, Rows::Some { of: have, .. } if *have == of) {
            let before = match std::mem::take(&mut self.rows) {
                Rows::All => Vec::new(),
                Rows::Some { rows, .. } => rows,
            };
            self.rows = Rows::Some { rows: self.sorted(state, &before), of };
        }
    }

    /// The sort or the filter changed.
    pub fn changed(&mut self, state: &State) {
        self.rows = Rows::Some { rows: Vec::new(), of: (0, 0, usize::MAX) };
        self.follow(state, u64::MAX);
    }

    /// The rows in order. From the order `before` this takes one pass, and not a sort of everything at each trial that
    /// ends.
    fn sorted(&self, state: &State, before: &[u64]) -> Vec<u64> {
        let filter = Filter::parse(&self.filter, state);
        let mut known = vec![false; state.history.trials().len()];
        for generation in before {
            if let Some(known) = known.get_mut(*generation as usize) {
                *known = true;
            }
        }
        let new =
            state.history.trials().iter().filter(|t| !known.get(t.generation as usize).is_some_and(|k| *k));
        let all = before.iter().filter_map(|g| state.history.get(*g)).chain(new).map(AsRef::as_ref);
        let mut rows: Vec<&Trial> = all.filter(|t| filter.admits(t, state)).collect();
        rows.sort_by(|a, b| self.order(a, b, state));
        rows.iter().map(|t| t.generation).collect()
    }

    /// Which of two rows stands first.
    fn order(&self, a: &Trial, b: &Trial, state: &State) -> Ordering {
        if self.sort == SortBy::State {
            return word(a, state).cmp(word(b, state)).then(b.generation.cmp(&a.generation));
        }
        let key = |t: &Trial| match self.sort {
            SortBy::Generation => t.generation as f64,
            SortBy::Fitness => t.fitness.unwrap_or(f64::NEG_INFINITY),
            SortBy::Duration => t.seconds().unwrap_or(f64::NEG_INFINITY),
            SortBy::State => 0.0,
            SortBy::Metric(i) => {
                t.metrics.get(i).copied().filter(|x| !x.is_nan()).unwrap_or(f64::NEG_INFINITY)
            }
        };
        // A trial that was stopped ranks below every one that finished.
        let last = |t: &Trial| self.sort == SortBy::Fitness && matches!(t.end, Some(End::Pruned { .. }));
        last(a).cmp(&last(b)).then(key(b).total_cmp(&key(a))).then(b.generation.cmp(&a.generation))
    }

    /// How many rows there are.
    pub fn len(&self, state: &State) -> usize {
        match &self.rows {
            Rows::All => state.history.trials().len(),
            Rows::Some { rows, .. } => rows.len(),
        }
    }

    /// The generation in this row.
    pub fn row(&self, at: usize, state: &State) -> Option<u64> {
        let count = self.len(state);
        let at = if self.ascending { count.checked_sub(at + 1)? } else { at };
        match &self.rows {
            Rows::All => (count as u64).checked_sub(at as u64 + 1),
            Rows::Some { rows, .. } => rows.get(at).copied(),
        }
    }

    /// The row of the cursor.
    pub fn at(&self, state: &State) -> usize {
        let Some(cursor) = self.cursor else { return 0 };
        let count = self.len(state);
        let at = match &self.rows {
            Rows::All => (count as u64).saturating_sub(cursor + 1) as usize,
            Rows::Some { rows, .. } => rows.iter().position(|g| *g == cursor).unwrap_or(0),
        };
        if self.ascending { count.saturating_sub(at + 1) } else { at.min(count.saturating_sub(1)) }
    }

    /// The generation under the cursor.
    pub fn selected(&self, state: &State) -> Option<u64> {
        self.open.map(|(g, _)| g).or_else(|| self.row(self.at(state), state))
    }

    /// Moves the cursor by rows, or what is open to its neighbour.
    pub fn by(&mut self, rows: i64, state: &State) {
        let to = (self.at(state) as i64 + rows).clamp(0, self.len(state).saturating_sub(1) as i64);
        // On the very first row the cursor stays there as new rows come in.
        self.cursor = if to == 0 && !self.ascending { None } else { self.row(to as usize, state) };
    }

    /// Sorts by the next column, of those that are on a screen of this width.
    pub fn next_sort(&mut self, state: &State, screen: u16) {
        let metrics = metrics_shown(state, screen.saturating_sub(2)).into_iter().map(SortBy::Metric);
        let mut ring = vec![SortBy::Generation, SortBy::State, SortBy::Fitness];
        ring.extend(metrics);
        ring.push(SortBy::Duration);
        let at = ring.iter().position(|sort| *sort == self.sort).unwrap_or(ring.len() - 1);
        self.sort = ring[(at + 1) % ring.len()];
        self.changed(state);
    }
}

/// Cells of the columns that are always there.
pub const FIXED: u16 = 2 + 7 + 10 + 9 + 9 + 9;
/// Cells of `mean 0.7737 ±.0082`.
const MEAN: u16 = 18;

/// Which metrics have a column in a table of this width, in their order.
pub fn metrics_shown(state: &State, cells: u16) -> Vec<usize> {
    let room = cells.saturating_sub(FIXED);
    // What changed most keeps the room that the longest name needs, or the mean of a candidate that was repeated.
    let longest = state.space.params.iter().map(|p| width(&p.name)).max().unwrap_or(8).min(20);
    let count = usize::from(room.saturating_sub((longest + 9).max(MEAN)) / 8);
    let mut metrics: Vec<usize> = by_weight(state).into_iter().take(count).collect();
    metrics.sort_unstable();
    metrics
}

/// The metrics by how much they count, the rest as they come.
pub fn by_weight(state: &State) -> Vec<usize> {
    let weight = |i: &usize| state.settings.fitness.0.get(&state.metrics[*i]).map_or(0.0, |w| w.abs());
    let mut order: Vec<usize> = (0..state.metrics.len()).collect();
    order.sort_by(|a, b| weight(b).total_cmp(&weight(a)));
    order
}

/// A trial's state in one word.
pub fn word(trial: &Trial, state: &State) -> &'static str {
    match &trial.end {
        Some(_) if trial.excluded => "left out",
        Some(end) => end.word(),
        None if state.running.get(&trial.generation).is_some_and(|r| r.frozen_since.is_some()) => "frozen",
        None if state.running.contains_key(&trial.generation) => "running",
        None => "waiting",
    }
}

/// Seconds a trial has taken so far.
pub fn seconds(trial: &Trial, state: &State, now: i64) -> Option<f64> {
    let running = || state.running.get(&trial.generation).map(|r| r.trained(now));
    trial.seconds().or_else(running)
}

/// Words that all have to fit: `finished`, `cuda:1`, `37`, `lr0<0.01`, `fitness>=0.5`.
struct Filter(Vec<Term>);

enum Term {
    Word(String),
    Compare(What, Ordering, bool, f64),
}

enum What {
    Generation,
    Fitness,
    Seconds,
    Gene(usize),
    Metric(usize),
}

impl Filter {
    fn parse(text: &str, state: &State) -> Self {
        Self(
            text.split_whitespace()
                .map(|word| compare(word, state).unwrap_or_else(|| Term::Word(word.to_lowercase())))
                .collect(),
        )
    }

    fn admits(&self, trial: &Trial, state: &State) -> bool {
        self.0.iter().all(|term| match term {
            Term::Word(wanted) => {
                let number =
                    wanted.parse::<u64>().is_ok_and(|g| g == trial.generation || trial.parents.contains(&g));
                let origin = format!("{:?}", trial.origin).to_lowercase();
                number
                    || word(trial, state).starts_with(wanted.as_str())
                    || origin.starts_with(wanted.as_str())
                    || trial.slot.as_ref().is_some_and(|s| s.to_lowercase().contains(wanted.as_str()))
            }
            Term::Compare(what, order, or_equal, than) => {
                let x = match what {
                    What::Generation => Some(trial.generation as f64),
                    What::Fitness => trial.fitness,
                    What::Seconds => trial.seconds(),
                    What::Gene(i) => trial.genes.get(*i).copied(),
                    What::Metric(i) => trial.metrics.get(*i).copied(),
                };
                x.and_then(|x| x.partial_cmp(than)).is_some_and(|o| o == *order || (*or_equal && o.is_eq()))
            }
        })
    }
}

fn compare(word: &str, state: &State) -> Option<Term> {
    let at = word.find(['<', '>', '='])?;
    let (name, rest) = word.split_at(at);
    let order = match rest.as_bytes().first()? {
        b'<' => std::cmp::Ordering::Less,
        b'>' => std::cmp::Ordering::Greater,
        _ => std::cmp::Ordering::Equal,
    };
    let or_equal = rest[1..].starts_with('=');
    let than = rest[1..].trim_start_matches('=').parse().ok()?;
    let what = match name {
        "gen" | "generation" => What::Generation,
        "fitness" => What::Fitness,
        "seconds" | "time" => What::Seconds,
        _ => match state.space.index(name) {
            Some(i) => What::Gene(i),
            None => What::Metric(
                state.metrics.iter().position(|m| m == name || m.ends_with(&format!("/{name}")))?,
            ),
        },
    };
    Some(Term::Compare(what, order, or_equal, than))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::sample::{created, trial};
    use crate::journal::{Entry, Event};

    #[test]
    fn rows_that_follow_a_run_stand_as_if_they_were_sorted_at_its_end() {
        let mut state = State::new(&created(), 0);
        let mut views = [SortBy::Fitness, SortBy::Duration, SortBy::State, SortBy::Metric(0)]
            .map(|sort| HistoryView { sort, filter: "finished".into(), ..HistoryView::default() });
        for generation in 0..40 {
            for event in trial(generation) {
                state.apply(&Entry { seq: state.seq + 1, time: state.seq as i64 * 7919 % 5000, event });
                for view in &mut views {
                    view.follow(&state, 1);
                }
            }
            if generation % 5 == 3 {
                let excluded = Event::Excluded {
                    first: generation - 2,
                    last: generation - 2,
                    excluded: true,
                    who: None,
                };
                state.apply(&Entry { seq: state.seq + 1, time: 0, event: excluded });
                for view in &mut views {
                    view.follow(&state, generation);
                }
            }
        }
        for view in &mut views {
            let rows =
                |view: &HistoryView| (0..view.len(&state)).map(|at| view.row(at, &state)).collect::<Vec<_>>();
            let followed = rows(view);
            view.changed(&state);
            assert!(followed.len() > 30 && followed == rows(view), "{:?}: {followed:?}", view.sort);
        }
    }
}
