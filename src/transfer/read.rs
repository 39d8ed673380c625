//! A file or a session's directory as a table.

use std::path::Path;

use super::import::{EXCLUDED, ImportError, SEED};
use super::table::{self, Counted, Line, Part, Table};
use super::{formats, json, told};
use crate::dir::SessionDir;
use crate::session::{State, recover};
use crate::space::{Scalar, Space};
use crate::trial::Trial;

/// What the file's ending says, read as a table.
pub fn read(path: &Path, space: &Space) -> Result<Table, ImportError> {
    if path.is_dir() {
        return session(path);
    }
    let bytes = std::fs::read(path).map_err(|error| ImportError::Io { path: path.into(), error })?;
    let wrong = |what: String| ImportError::Table { path: path.into(), what };
    let text = String::from_utf8(bytes).map_err(|_| wrong("it is not text".into()))?;
    match path.extension().and_then(|e| e.to_str()) {
        Some("json") => json::whole(&text).map_err(wrong),
        Some("ndjson" | "jsonl") => json::lines(&text).map_err(wrong),
        Some("txt") => {
            let mut table = table::columns(&text).map_err(wrong)?;
            formats::name(&mut table, space).map_err(wrong)?;
            Ok(table)
        }
        Some("csv") => table::csv(&text).map_err(wrong),
        _ => Err(wrong(
            "evolve.csv, evolve.txt, tune_results.csv, .ndjson, .json or a session directory is wanted"
                .into(),
        )),
    }
}

/// The trials of another session that have ended.
fn session(path: &Path) -> Result<Table, ImportError> {
    let state = recover(&SessionDir::new(path).journal())?.state;
    let metrics = state.metrics.iter().map(|name| (name.clone(), Some(Part::Result)));
    let params = state.space.params.iter().map(|p| &p.name).chain(state.space.fixed.keys());
    let params = params.map(|name| (name.clone(), Some(Part::Hyp)));
    let more =
        [told::GENERATION, told::PARENTS, SEED, EXCLUDED, told::END, told::EPOCH, told::CLASS, told::DETAIL];
    let more = more.into_iter().chain(told::COST).map(|name| (name.to_owned(), Some(Part::Trial)));
    let (names, parts) = metrics.chain(params).chain(more).unzip();
    let ended = state.history.trials().iter().filter(|t| t.end.is_some());
    let rows = ended.map(|trial| row(&state, trial)).collect();
    Ok(Table { names, parts, counted: Counted::Trial, rows, ..Table::default() })
}

fn row(state: &State, trial: &Trial) -> Line {
    let number = |x: &f64| x.is_finite().then_some(Scalar::Float(*x));
    let missing = state.metrics.len().saturating_sub(trial.metrics.len());
    let metrics = trial.metrics.iter().map(number).chain(std::iter::repeat_n(None, missing));
    let genes = state.space.params.iter().zip(&trial.genes);
    let genes = genes.map(|(p, x)| x.is_finite().then(|| p.scalar(*x)));
    let fixed = state.space.fixed.values().cloned().map(Some);
    let word = trial.end.as_ref().map(|end| Scalar::Text(end.word().into()));
    let more = [
        Some(Scalar::Float(trial.generation as f64)),
        Some(Scalar::Text(told::of_parents(&trial.parents))),
        Some(Scalar::Float(trial.seed as f64)),
        Some(Scalar::Bool(trial.excluded)),
        word,
    ];
    let told = told::of_end(trial).into_iter().chain(told::of_cost(trial.cost)).map(|(_, told)| told);
    let cells = metrics.chain(genes).chain(fixed).chain(more).chain(told).collect();
    let curve = trial.curve.iter().map(|x| x.is_finite().then_some(f64::from(*x))).collect();
    Line { number: trial.generation as usize, cells, curve }
}
