//! What the columns of a file are for a search space: matched by name.

use super::export::FRAME;
use super::import::{FITNESS, SEED};
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
pub fn passed(table: &Table, columns: &[Column], wanted: &str) -> Option<usize> {
    let mut named = table.names.iter().zip(columns);
    named.position(|(name, column)| name == wanted && matches!(column, Column::Passed))
}

pub fn columns(table: &Table, space: &Space) -> Vec<Column> {
    let first = table.names.iter().position(|name| space.get(name).is_some());
    let made = fitness_is_made_of_metrics(table);
    let column = |(at, name): (usize, &String)| {
        let part = table.parts.get(name);
        let passed = ["iteration", "proposed", "started", "ended", "round"].contains(&name.as_str())
            || (FRAME.contains(&name.as_str()) && (name != FITNESS || made));
        if passed && part.is_none() {
            return Column::Passed;
        }
        let result = name == FITNESS || name.starts_with("metrics/") || name.starts_with("val/");
        match (space.index(name), space.fixed.get(name)) {
            _ if part == Some(&Part::Result) => Column::Metric,
            (Some(i), _) => Column::Gene(i),
            (None, Some(value)) => Column::Fixed(value.clone()),
            (None, None) if part == Some(&Part::Hyp) => Column::Unknown,
            (None, None) if result => Column::Metric,
            // A trainer's own names for its results stand before the hyperparameters.
            (None, None) if first.is_some_and(|first| at < first) => Column::Metric,
            (None, None) => Column::Unknown,
        }
    };
    table.names.iter().enumerate().map(column).collect()
}

/// Whether the fitness of every row is made of metrics beside it, as in evotop's own tables.
fn fitness_is_made_of_metrics(table: &Table) -> bool {
    let own = table.names.iter().any(|name| name == SEED);
    let has = |row: &Line, wanted: fn(&str) -> bool| {
        let mut named = table.names.iter().enumerate();
        named.any(|(at, name)| wanted(name) && number_at(row, at).is_some())
    };
    let made = |row| !has(row, |name| name == FITNESS) || has(row, |name| name.starts_with("metrics/"));
    own && table.names.iter().any(|name| name.starts_with("metrics/")) && table.rows.iter().all(made)
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
                there
                    .number()
                    .zip(here.number())
                    .map_or(*there != here, |(a, b)| (a - b).abs() > 1e-4 * b.abs())
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
