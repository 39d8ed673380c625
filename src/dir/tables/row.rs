//! A trial as a row: metrics, then hyperparameters.

use std::fmt::Write;

use crate::session::State;
use crate::space::{Scalar, Space, number};
use crate::trial::{End, Trial, YOLO_METRICS};

/// Whether a trial has a row: it has a result.
pub(super) fn has_row(trial: &Trial) -> bool {
    matches!(trial.end, Some(End::Finished | End::Imported))
}

/// After the name of a metric's column that would else be taken for something other than a result: it is called as a
/// hyperparameter is, or stands after them.
pub const RESULT: &str = " (result)";

/// Which columns a session's tables have.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Columns {
    /// Names of the metrics, and where each stands among the session's metrics.
    pub metrics: Vec<(String, Option<usize>)>,
    pub space: Space,
    /// Metrics after the hyperparameters, where those that read the table look for none: what fitness is made of beside the
    /// seven, and the single score of imported trials.
    pub more: Vec<(String, usize)>,
}

impl Columns {
    /// The seven of YOLO for its trainers, the trainer's own otherwise.
    pub fn of(state: &State) -> Self {
        let known = |name: &str| state.metrics.iter().position(|m| m == name);
        let all = || state.metrics.iter().cloned().enumerate().map(|(i, name)| (name, i));
        let space = state.space.clone();
        if !state.spec.trainer.is_yolo() {
            return Self {
                metrics: all().map(|(name, i)| (name, Some(i))).collect(),
                space,
                more: Vec::new(),
            };
        }
        let metrics = YOLO_METRICS.iter().map(|name| ((*name).to_owned(), known(name))).collect();
        let weight = |name: &String| state.settings.fitness.0.get(name).is_some_and(|weight| *weight != 0.0);
        let scores = |name: &String| name == "fitness" || weight(name);
        let more = all().filter(|(name, _)| scores(name) && !YOLO_METRICS.contains(&name.as_str()));
        Self { metrics, space, more: more.collect() }
    }

    /// The names over the columns, as in `evolve.csv`.
    pub fn header(&self) -> String {
        let hyps = || self.space.params.iter().map(|p| &p.name).chain(self.space.fixed.keys());
        let told =
            |name: &String| name == "fitness" || name.starts_with("metrics/") || name.starts_with("val/");
        let column =
            |name: &String, clear: bool| if clear { name.clone() } else { format!("{name}{RESULT}") };
        let metrics = self.metrics.iter().map(|(name, _)| column(name, hyps().all(|hyp| hyp != name)));
        let more = self.more.iter().map(|(name, _)| column(name, told(name)));
        joined(metrics.chain(hyps().cloned()).chain(more).map(|name| format!("{:>20}", quoted(&name))))
    }

    /// A trial's metrics; NaN where it has none of that name.
    pub fn metrics<'a>(&'a self, trial: &'a Trial) -> impl Iterator<Item = f64> + 'a {
        let value = |at: Option<usize>| at.and_then(|at| trial.metrics.get(at)).copied();
        self.metrics.iter().map(move |(_, at)| value(*at).unwrap_or(f64::NAN))
    }

    /// A trial's hyperparameters: the searched ones, then the fixed ones.
    pub fn values<'a>(&'a self, trial: &'a Trial) -> impl Iterator<Item = Scalar> + 'a {
        let searched = self.space.params.iter().zip(&trial.genes).map(|(p, x)| {
            // Where a gene is not known, the start value stands for it, as it does in its children.
            p.scalar(if x.is_nan() { p.value } else { *x })
        });
        searched.chain(self.space.fixed.values().cloned())
    }

    /// A line of `evolve.csv`.
    pub fn csv(&self, trial: &Trial) -> String {
        let metrics = self.metrics(trial).map(metric);
        let more =
            self.more.iter().map(|(_, at)| metric(trial.metrics.get(*at).copied().unwrap_or(f64::NAN)));
        joined(metrics.chain(self.values(trial).map(|value| cell(&value))).chain(more))
    }
}

/// A metric's cell, without even a space where it is not known: to the reader of YOLOv5's plot that is no number, where
/// `nan` after spaces is a word, which makes words of the whole column.
fn metric(x: f64) -> String {
    if x.is_finite() { cell(&Scalar::Float(x)) } else { String::new() }
}

/// One cell of `evolve.csv`: `%20.5g`.
fn cell(value: &Scalar) -> String {
    match value {
        Scalar::Text(text) => format!("{:>20}", quoted(text)),
        other => format!("{:>20}", number::general(other.as_number().unwrap_or(f64::NAN), 5)),
    }
}

/// A cell of a CSV file: in quotes where a comma or a quote is in it. A table has a line for each trial, so an end of line
/// is a space.
pub fn quoted(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if line.contains(['"', ',']) { format!("\"{}\"", line.replace('"', "\"\"")) } else { line }
}

fn joined(cells: impl Iterator<Item = String>) -> String {
    let mut line = String::new();
    for (i, cell) in cells.enumerate() {
        let comma = if i == 0 { "" } else { "," };
        let _ = write!(line, "{comma}{cell}");
    }
    line.push('\n');
    line
}
