//! `evolve.txt`, the table of 2021: rows without names, made unique, the best first.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::sync::Arc;

use super::row::{Columns, has_row};
use crate::dir::{DirError, SessionDir, replace};
use crate::journal::Access;
use crate::session::State;
use crate::space::number::general;
use crate::trial::Trial;

/// Where the mAP stands among the seven results, and how many they are.
const MAP: (usize, usize) = (2, 2);

/// What the table is made from: cheap to take, and to be written off the loop.
#[derive(Debug, Clone)]
pub struct EvolveText {
    columns: Columns,
    trials: Vec<Arc<Trial>>,
    /// Trials with a result whose mAP is not known: a table of numbers alone has no way of saying so.
    pub unknown: usize,
}

impl EvolveText {
    /// Takes what is needed; none for a trainer without YOLO's seven metrics, which this table cannot name.
    pub fn of(state: &State) -> Option<Self> {
        let columns = Columns::of(state);
        let known = |trial: &Trial| columns.metrics(trial).skip(MAP.0).take(MAP.1).all(f64::is_finite);
        let with_row = state.history.trials().iter().filter(|trial| has_row(trial));
        let (trials, unknown): (Vec<_>, Vec<_>) = with_row.cloned().partition(|trial| known(trial));
        let unknown = unknown.len();
        state.spec.trainer.is_yolo().then_some(Self { columns, trials, unknown })
    }

    /// Whether it has no row; such a file could not be read as a table.
    pub fn is_empty(&self) -> bool {
        self.trials.is_empty()
    }

    /// Writes the table anew, where it has a row.
    ///
    /// # Errors
    /// Where it cannot be written; the old one stays.
    pub fn write(&self, dir: &SessionDir, access: Access) -> Result<(), DirError> {
        if self.is_empty() {
            return Ok(());
        }
        replace(&dir.evolve_txt(), self.text().as_bytes(), access)
    }

    /// The whole table as text.
    pub fn text(&self) -> String {
        let mut order: Vec<&Arc<Trial>> = self.trials.iter().collect();
        let fitness = |trial: &Trial| trial.fitness.unwrap_or(f64::NEG_INFINITY);
        order.sort_by(|a, b| fitness(b).total_cmp(&fitness(a)));
        let mut seen = BTreeSet::new();
        let lines = order.into_iter().map(|trial| self.line(trial));
        lines.filter(|line| seen.insert(line.clone())).collect()
    }

    /// The original appends metrics as `%10.4g` and the rest as `%10.3g`, then writes the whole file again as `%10.3g`
    /// with a space between.
    fn line(&self, trial: &Trial) -> String {
        let metrics = self.columns.metrics(trial).map(|x| general(reread(x), 3));
        let values =
            self.columns.values(trial).map(|value| general(value.as_number().unwrap_or(f64::NAN), 3));
        let mut line = String::new();
        for (i, cell) in metrics.chain(values).enumerate() {
            let space = if i == 0 { "" } else { " " };
            let _ = write!(line, "{space}{cell:>10}");
        }
        line + "\n"
    }
}

/// A metric as it is read back from `%10.4g`.
fn reread(x: f64) -> f64 {
    general(x, 4).parse().unwrap_or(x)
}
