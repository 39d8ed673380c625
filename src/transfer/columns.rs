//! What the columns of a file are for a search space: matched by name.

use super::import::FITNESS;
use super::table::{Line, Part, Table};
use crate::space::{Scalar, Space};

/// What a column is for this space.
pub enum Column {
    Metric,
    Gene(usize),
    Fixed(Scalar),
    /// Known, and of no use here.
    Passed,
    Unknown,
}

/// Where evotop's own column of this name is.
pub fn own(table: &Table, wanted: &str) -> Option<usize> {
    (0..table.names.len()).find(|at| table.column(*at) == (wanted, Some(Part::Trial)))
}

pub fn columns(table: &Table, space: &Space) -> Vec<Column> {
    let hyp = |at: &usize| {
        let (name, part) = table.column(*at);
        part.is_none() && space.get(name).is_some()
    };
    let first = (0..table.names.len()).find(hyp);
    let column = |at: usize| {
        let (name, part) = table.column(at);
        let known = match (space.index(name), space.fixed.get(name)) {
            (Some(i), _) => Some(Column::Gene(i)),
            (None, fixed) => fixed.map(|value| Column::Fixed(value.clone())),
        };
        let result = name == FITNESS || name.starts_with("metrics/") || name.starts_with("val/");
        // A trainer's own names for its results stand before the hyperparameters.
        let result = result || first.is_some_and(|first| at < first);
        match (part, known) {
            (Some(Part::Trial), _) => Column::Passed,
            (Some(Part::Result), _) => Column::Metric,
            (Some(Part::Hyp), known) => known.unwrap_or(Column::Unknown),
            (None, Some(known)) => known,
            (None, None) if result => Column::Metric,
            (None, None) => Column::Unknown,
        }
    };
    (0..table.names.len()).map(column).collect()
}

pub fn metric_names(table: &Table, columns: &[Column]) -> Vec<String> {
    let named = table.names.iter().zip(columns);
    named.filter(|(_, c)| matches!(c, Column::Metric)).map(|(name, _)| name.clone()).collect()
}

/// What of the file has no counterpart here, or another one.
pub fn unmatched(table: &Table, columns: &[Column]) -> Vec<String> {
    let mut notices = Vec::new();
    let named = || table.names.iter().zip(columns);
    let unknown: Vec<&str> =
        named().filter(|(_, c)| matches!(c, Column::Unknown)).map(|(name, _)| name.as_str()).collect();
    if !unknown.is_empty() {
        notices.push(format!("not searched here, so not taken over: {}", unknown.join(", ")));
    }
    for (at, (name, column)) in named().enumerate() {
        if let Column::Fixed(here) = column
            && let Some(there) = table.rows.iter().filter_map(|row| row.cells[at].as_ref()).find(|there| {
                let numbers = there.as_number().zip(here.as_number());
                numbers.map_or(*there != here, |(a, b)| (a - b).abs() > 1e-4 * b.abs())
            })
        {
            notices.push(format!("{name} is fixed at {here} here and was {there} there"));
        }
    }
    notices
}

pub fn number_at(row: &Line, at: usize) -> Option<f64> {
    row.cells[at].as_ref().and_then(Scalar::number).filter(|x| x.is_finite())
}
