//! An earlier run's trials, matched with the search space by name.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::export::FRAME;
use super::formats;
use super::table::{self, Line, Part, Table};
use crate::dir::SessionDir;
use crate::journal::{Imported, Row};
use crate::session::{RecoverError, recover};
use crate::space::{OutOfBounds, Scalar, Space, within};
use crate::trial::End;

/// The single score that a table may have instead of metrics.
const FITNESS: &str = "fitness";

/// The trial seed, in evotop's own tables.
const SEED: &str = "trial_seed";

/// Whether a trial was excluded, in evotop's own tables.
const EXCLUDED: &str = "excluded";

/// Why nothing was taken from a file. Nothing has changed.
#[derive(Debug, Error)]
pub enum ImportError {
    #[error("{path}: {error}", path = path.display())]
    Io { path: PathBuf, error: std::io::Error },
    #[error("{path}: {what}", path = path.display())]
    Table { path: PathBuf, what: String },
    #[error(transparent)]
    Session(#[from] RecoverError),
    #[error("{path}:{line}: {what}", path = path.display())]
    Outside { path: PathBuf, line: usize, what: String },
}

/// What was taken, and what is to be told about it.
#[derive(Debug)]
pub struct Report {
    pub imported: Imported,
    pub notices: Vec<String>,
}

/// Reads `evolve.txt` (2021, 2020), `evolve.csv` (v6 to today, and evotop's own), Ultralytics' `tune_results.csv` and
/// `.ndjson`, evotop's own JSON and data-frame CSV, or a session directory. With [`OutOfBounds::Widen`], bounds of the space may move.
///
/// # Errors
/// Names file, line, value and remedy; the space has not changed then.
pub fn import(path: &Path, space: &mut Space, outside: OutOfBounds) -> Result<Report, ImportError> {
    let table = read(path, space)?;
    let mut widened = space.clone();
    let report = matched(path, &table, &mut widened, outside)?;
    *space = widened;
    Ok(report)
}

fn read(path: &Path, space: &Space) -> Result<Table, ImportError> {
    if path.is_dir() {
        return session(path);
    }
    let bytes = std::fs::read(path).map_err(|error| ImportError::Io { path: path.into(), error })?;
    let wrong = |what: String| ImportError::Table { path: path.into(), what };
    let text = String::from_utf8(bytes).map_err(|_| wrong("it is not text".into()))?;
    match path.extension().and_then(|e| e.to_str()) {
        Some("json") => table::json(&text).map_err(wrong),
        Some("ndjson" | "jsonl") => table::json_lines(&text).map_err(wrong),
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

/// The trials with a result of another session.
fn session(path: &Path) -> Result<Table, ImportError> {
    let state = recover(&SessionDir::new(path).journal())?.state;
    let params = state.space.params.iter().map(|p| p.name.clone());
    let fixed = state.space.fixed.keys().cloned();
    let mut names: Vec<String> =
        state.metrics.iter().cloned().chain(params.clone()).chain(fixed.clone()).collect();
    names.extend([SEED.into(), EXCLUDED.into()]);
    let with_result =
        state.history.trials().iter().filter(|t| matches!(t.end, Some(End::Finished | End::Imported)));
    let rows = with_result.map(|trial| {
        let number = |x: &f64| x.is_finite().then_some(Scalar::Float(*x));
        let missing = state.metrics.len().saturating_sub(trial.metrics.len());
        let metrics = trial.metrics.iter().map(number).chain(std::iter::repeat_n(None, missing));
        let genes = state.space.params.iter().zip(&trial.genes);
        let genes = genes.map(|(p, x)| x.is_finite().then(|| p.scalar(*x)));
        let fixed = state.space.fixed.values().cloned().map(Some);
        let more = [Scalar::Float(trial.seed as f64), Scalar::Bool(trial.excluded)].map(Some);
        let cells = metrics.chain(genes).chain(fixed).chain(more).collect();
        Line { line: trial.generation as usize, cells }
    });
    let hyps = params.chain(fixed).map(|name| (name, Part::Hyp));
    let parts = state.metrics.iter().map(|name| (name.clone(), Part::Result)).chain(hyps).collect();
    Ok(Table { names, parts, rows: rows.collect(), ..Table::default() })
}

/// What a column is for this space.
enum Column {
    Metric,
    Gene(usize),
    Fixed(Scalar),
    /// Known, and of no use here.
    Passed,
    Unknown,
}

fn matched(
    path: &Path,
    table: &Table,
    space: &mut Space,
    outside: OutOfBounds,
) -> Result<Report, ImportError> {
    let columns = columns(table, space);
    let metrics = metric_names(table, &columns);
    if metrics.is_empty() {
        let what = format!("no column of it is a result; its columns are {}", table.names.join(", "));
        return Err(ImportError::Table { path: path.into(), what });
    }
    let mut notices = table.notices.clone();
    notices.extend(unmatched(table, &columns, space));
    let mut rows = Vec::new();
    for line in &table.rows {
        match row(line, table, &columns, space) {
            Ok((genes, metrics)) => rows.push((line, genes, metrics)),
            Err(why) => notices.push(format!("line {}: {why}; it was left out", line.line)),
        }
    }
    for (line, genes, _) in &mut rows {
        for (i, gene) in genes.iter_mut().enumerate() {
            if let Some(x) = gene {
                let param = &mut space.params[i];
                let (inside, said) = within(param, *x, outside).map_err(|what| ImportError::Outside {
                    path: path.into(),
                    line: line.line,
                    what,
                })?;
                *x = inside;
                notices.extend(said.map(|said| format!("line {}: {said}", line.line)));
            }
        }
    }
    let count = rows.len();
    notices.insert(0, format!("{count} trials taken over"));
    if count == 0 {
        return Err(ImportError::Table {
            path: path.into(),
            what: format!("no row of it can be used: {}", notices[1..].join("; ")),
        });
    }
    let seeds = seeds(table, &columns, &rows);
    let excluded = excluded(table, &columns, &rows);
    let no_parents = excluded.iter().filter(|excluded| **excluded).count();
    if no_parents > 0 {
        notices.push(format!("{no_parents} of them were excluded there, and stay so"));
    }
    let rows = rows.into_iter().map(|(_, genes, metrics)| (genes, metrics)).collect();
    let imported = Imported { source: path.display().to_string(), metrics, rows, seeds, excluded };
    Ok(Report { imported, notices })
}

/// Each row's trial seed. Where the table has none, trials of one candidate were trained with one seed after the other:
/// a repeat of it is to train another one than theirs.
fn seeds(table: &Table, columns: &[Column], rows: &[(&Line, Row, Row)]) -> Vec<u64> {
    let column = passed(table, columns, SEED);
    let mut next: HashMap<Vec<Option<u64>>, u64> = HashMap::new();
    let seed = |(line, genes, _): &(&Line, Row, Row)| {
        let next = next.entry(genes.iter().map(|x| x.map(f64::to_bits)).collect()).or_default();
        let seed = column.and_then(|at| number_at(line, at)).map_or(*next, |x| x as u64);
        *next = (*next).max(seed.saturating_add(1));
        seed
    };
    rows.iter().map(seed).collect()
}

/// Which rows were excluded; empty where none was.
fn excluded(table: &Table, columns: &[Column], rows: &[(&Line, Row, Row)]) -> Vec<bool> {
    let Some(at) = passed(table, columns, EXCLUDED) else { return Vec::new() };
    let excluded = |line: &Line| line.cells[at].as_ref().is_some_and(|cell| cell.to_string() == "true");
    let each: Vec<bool> = rows.iter().map(|(line, _, _)| excluded(line)).collect();
    if each.contains(&true) { each } else { Vec::new() }
}

/// Where evotop's own column of this name is.
fn passed(table: &Table, columns: &[Column], wanted: &str) -> Option<usize> {
    let mut named = table.names.iter().zip(columns);
    named.position(|(name, column)| name == wanted && matches!(column, Column::Passed))
}

fn columns(table: &Table, space: &Space) -> Vec<Column> {
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

fn metric_names(table: &Table, columns: &[Column]) -> Vec<String> {
    let named = table.names.iter().zip(columns);
    named.filter(|(_, c)| matches!(c, Column::Metric)).map(|(name, _)| name.clone()).collect()
}

/// What has no counterpart, on either side.
fn unmatched(table: &Table, columns: &[Column], space: &Space) -> Vec<String> {
    let mut notices = Vec::new();
    let named = || table.names.iter().zip(columns);
    let unknown: Vec<&str> =
        named().filter(|(_, c)| matches!(c, Column::Unknown)).map(|(name, _)| name.as_str()).collect();
    if !unknown.is_empty() {
        notices.push(format!("not searched here, so not taken over: {}", unknown.join(", ")));
    }
    let lacking: Vec<&str> = space
        .params
        .iter()
        .map(|p| p.name.as_str())
        .filter(|n| !table.names.iter().any(|t| t == n))
        .collect();
    if !lacking.is_empty() {
        notices.push(format!("not there, so the start value stands for it: {}", lacking.join(", ")));
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

/// A row's genes and metrics.
fn row(line: &Line, table: &Table, columns: &[Column], space: &Space) -> Result<(Row, Row), String> {
    let mut genes: Row = vec![None; space.params.len()];
    let mut metrics = Row::new();
    for (at, ((name, column), cell)) in table.names.iter().zip(columns).zip(&line.cells).enumerate() {
        if let ("end", Column::Passed, Some(end)) = (name.as_str(), column, cell)
            && !["finished", "imported"].contains(&end.to_string().as_str())
        {
            return Err(format!("it {end}"));
        }
        match (column, cell) {
            (Column::Metric, cell) => {
                let number = cell.as_ref().and_then(Scalar::number);
                // A column that no row has a number in was not reported; one that this row alone lacks diverged.
                let used = name == FITNESS || name.starts_with("metrics/");
                let reported = || table.rows.iter().any(|row| number_at(row, at).is_some());
                if used && cell.is_some() && !number.is_some_and(f64::is_finite) && reported() {
                    return Err(format!("{name} is not a number"));
                }
                metrics.push(number.filter(|x| x.is_finite()));
            }
            (Column::Gene(i), Some(cell)) => {
                let param = &space.params[*i];
                let x = param.read(cell);
                genes[*i] =
                    Some(x.ok_or_else(|| {
                        format!("{0} = {cell} is not a value that {0} can have", param.name)
                    })?);
            }
            (Column::Gene(_), None) if table.filled => return Err(format!("{name} is empty")),
            _ => {}
        }
    }
    if metrics.iter().all(Option::is_none) { Err("it has no result".into()) } else { Ok((genes, metrics)) }
}

fn number_at(row: &Line, at: usize) -> Option<f64> {
    row.cells[at].as_ref().and_then(Scalar::number).filter(|x| x.is_finite())
}
