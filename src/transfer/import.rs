//! An earlier run's trials, matched with the search space by name.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use thiserror::Error;

use super::columns::{Column, columns, metric_names, number_at, own, unmatched};
use super::read::read;
use super::seen::{ROUNDED, last_digit};
use super::table::{Counted, Line, Table};
use super::told;
use crate::journal::{Imported, More, Row};
use crate::session::RecoverError;
use crate::space::{OutOfBounds, Param, Scalar, Space, within};
use crate::trial::{self, Cost, End};

/// The single score that a table may have instead of metrics.
pub(super) const FITNESS: &str = "fitness";

/// The trial seed, in evotop's own tables.
pub(super) const SEED: &str = "trial_seed";

/// Whether a trial was excluded, in evotop's own tables.
pub(super) const EXCLUDED: &str = "excluded";

/// Results that no original's fitness is made of: a row is one without them, too.
const UNUSED: [&str; 2] = ["metrics/precision", "metrics/recall"];

/// As many reasons are told why no row can be used.
const REASONS: usize = 5;

/// Why nothing was taken from a file. Nothing has changed.
#[derive(Debug, Error)]
pub enum ImportError {
    #[error("{path}: {error}", path = path.display())]
    Io { path: PathBuf, error: std::io::Error },
    #[error("{path}: {what}", path = path.display())]
    Table { path: PathBuf, what: String },
    #[error(transparent)]
    Session(#[from] RecoverError),
    #[error("{path}:{place}: {what}", path = path.display())]
    Outside { path: PathBuf, place: String, what: String },
}

/// What was taken, and what is to be told about it.
#[derive(Debug)]
pub struct Report {
    pub imported: Imported,
    pub notices: Vec<String>,
    /// To how many significant digits the file's numbers are written; none where to all of them.
    pub digits: Option<u32>,
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

/// A row that is taken over.
struct Taken<'a> {
    line: &'a Line,
    genes: Row,
    metrics: Row,
    /// How the trial ended, where it was not with a result.
    end: Option<End>,
    cost: Cost,
}

fn matched(
    path: &Path,
    table: &Table,
    space: &mut Space,
    outside: OutOfBounds,
) -> Result<Report, ImportError> {
    let refused = |what: String| ImportError::Table { path: path.into(), what };
    let columns = columns(table, space);
    let metrics = metric_names(table, &columns);
    if metrics.is_empty() {
        let columns = table.names.join(", ");
        return Err(refused(format!("no column of it is a result; its columns are {columns}")));
    }
    if table.rows.is_empty() && table.notices.is_empty() {
        return Err(refused("it has names of columns, and no row below them".into()));
    }
    let mut notices = table.notices.clone();
    notices.extend(unmatched(table, &columns));
    let mut rows = Vec::new();
    for line in &table.rows {
        match row(line, table, &columns, space) {
            Ok(taken) => rows.push(taken),
            Err(why) => notices.push(format!("{}: {why}; it was left out", table.place(line))),
        }
    }
    notices.extend(brought_within(path, table, &mut rows, space, outside)?);
    notices.extend(filled_up(&mut rows, space));
    if rows.iter().all(|row| row.end.is_some()) {
        let none = if rows.is_empty() { "no row of it can be used" } else { "no trial of it has a result" };
        let more = notices.len().saturating_sub(REASONS);
        notices.truncate(REASONS);
        notices.extend((more > 0).then(|| format!("and {more} more of the kind")));
        let why = if notices.is_empty() { String::new() } else { format!(": {}", notices.join("; ")) };
        return Err(refused(format!("{none}{why}")));
    }
    notices.insert(0, taken_over(&rows));
    let (seeds, guessed) = seeds(table, &rows);
    notices.extend(guessed);
    let excluded = excluded(table, &rows);
    notices.extend(stay_excluded(&excluded, &rows));
    let mut parents = parents(table, &rows).into_iter();
    let more = rows.iter().enumerate();
    let more = more.filter_map(|(at, row)| row.more(at, parents.next().unwrap_or_default())).collect();
    let rows = rows.into_iter().map(Taken::row).collect();
    let imported = Imported { source: path.display().to_string(), metrics, rows, seeds, excluded, more };
    Ok(Report { imported, notices, digits: table.digits })
}

/// Brings every value and its bounds together, as asked; what is to be said about it.
fn brought_within(
    path: &Path,
    table: &Table,
    rows: &mut [Taken],
    space: &mut Space,
    outside: OutOfBounds,
) -> Result<Vec<String>, ImportError> {
    let mut notices = Vec::new();
    for row in rows {
        for (gene, param) in row.genes.iter_mut().zip(&mut space.params) {
            let Some(x) = gene else { continue };
            *x = unrounded(*x, param, table.digits);
            let (inside, said) = within(param, *x, outside).map_err(|what| {
                let place = match table.counted {
                    Counted::Line => row.line.number.to_string(),
                    Counted::Trial => format!(" {}", table.place(row.line)),
                };
                ImportError::Outside { path: path.into(), place, what }
            })?;
            *x = inside;
            notices.extend(said.map(|said| format!("{}: {said}", table.place(row.line))));
        }
    }
    Ok(notices)
}

/// The bound that a value rests on, where it is outside of it by no more than the file's digits may have moved it.
fn unrounded(x: f64, param: &Param, digits: Option<u32>) -> f64 {
    let inside = param.clip(x);
    match digits {
        Some(digits) if (x - inside).abs() <= ROUNDED * last_digit(x, digits) => inside,
        _ => x,
    }
}

/// Gives the hyperparameters that rows lack their start values, with which such a row's children begin; which they are.
fn filled_up(rows: &mut [Taken], space: &Space) -> Option<String> {
    let mut lacking = vec![false; space.params.len()];
    for row in rows {
        for ((gene, param), lacking) in row.genes.iter_mut().zip(&space.params).zip(&mut lacking) {
            *lacking |= gene.is_none();
            gene.get_or_insert(param.value);
        }
    }
    let lacking = space.params.iter().zip(lacking).filter(|(_, lacking)| *lacking);
    let names: Vec<String> = lacking.map(|(p, _)| format!("{} = {}", p.name, p.show(p.value, 5))).collect();
    (!names.is_empty()).then(|| format!("not there, so the start value stands for it: {}", names.join(", ")))
}

/// How many trials were taken over, and of these how many for what is known of them alone.
fn taken_over(rows: &[Taken]) -> String {
    let mut ends: IndexMap<&str, usize> = IndexMap::new();
    for end in rows.iter().filter_map(|row| row.end.as_ref()) {
        *ends.entry(end.word()).or_default() += 1;
    }
    let ends: Vec<String> = ends.iter().map(|(word, count)| format!("{count} {word}")).collect();
    let without = if ends.is_empty() { String::new() } else { format!(", of them {}", ends.join(", ")) };
    format!("{} taken over{without}", trial::count(rows.len()))
}

/// What is to be said of trials that were excluded.
fn stay_excluded(excluded: &[bool], rows: &[Taken]) -> Option<String> {
    let results = excluded.iter().zip(rows).filter(|(_, row)| row.end.is_none());
    let count = results.clone().filter(|(excluded, _)| **excluded).count();
    let all = count == results.count();
    match count {
        0 => None,
        _ if all => Some(
            "all of them were excluded there, so none is a parent, and the run begins as without them; \
             include takes them back in"
                .into(),
        ),
        _ => Some(format!("{count} of them were excluded there, and stay so")),
    }
}

/// Each row's trial seed, and what is to be said of them. Where the table has none, trials of one candidate were trained
/// with one seed after the other: a repeat of it is to train another one than theirs.
fn seeds(table: &Table, rows: &[Taken]) -> (Vec<u64>, Option<String>) {
    let column = own(table, SEED);
    let mut next: HashMap<Vec<Option<u64>>, (u64, u32)> = HashMap::new();
    let seed = |row: &Taken| {
        let (next, times) = next.entry(row.genes.iter().map(|x| x.map(f64::to_bits)).collect()).or_default();
        let seed = column.and_then(|at| number_at(row.line, at)).map_or(*next, |x| x as u64);
        *next = (*next).max(seed.saturating_add(1));
        *times += 1;
        seed
    };
    let seeds = rows.iter().map(seed).collect();
    let repeated = next.values().filter(|(_, times)| *times > 1).count();
    let s = if repeated == 1 { "" } else { "s" };
    let said = format!(
        "it has no trial seeds: the trials of each of {repeated} candidate{s} that came more than once count as seeds \
         0, 1, 2 and so on, whatever they were trained with"
    );
    (seeds, (column.is_none() && repeated > 0).then_some(said))
}

/// Which rows each row's parents are, in evotop's own tables. What two rows tell of one number means the later of them.
fn parents(table: &Table, rows: &[Taken]) -> Vec<Vec<usize>> {
    let columns = own(table, told::GENERATION).zip(own(table, told::PARENTS));
    let Some((generation, parents)) = columns else { return Vec::new() };
    let mut known = HashMap::new();
    let of = |(at, row): (usize, &Taken)| {
        let named = row.line.cells[parents].as_ref().map(told::parents).unwrap_or_default();
        let found = named.iter().filter_map(|parent| known.get(parent).copied()).collect();
        if let Some(own) = number_at(row.line, generation) {
            known.insert(own as u64, at);
        }
        found
    };
    rows.iter().enumerate().map(of).collect()
}

/// Which rows were excluded; empty where none was.
fn excluded(table: &Table, rows: &[Taken]) -> Vec<bool> {
    let Some(at) = own(table, EXCLUDED) else { return Vec::new() };
    let excluded = |line: &Line| line.cells[at].as_ref().is_some_and(|cell| cell.to_string() == "true");
    let each: Vec<bool> = rows.iter().map(|row| excluded(row.line)).collect();
    if each.contains(&true) { each } else { Vec::new() }
}

impl Taken<'_> {
    /// As it stands among the rows: without what is no result.
    fn row(self) -> (Row, Row) {
        let result = self.end.is_none();
        (self.genes, self.metrics.into_iter().map(|x| x.filter(|_| result)).collect())
    }

    /// What else is known of it.
    fn more(&self, row: usize, parents: Vec<usize>) -> Option<More> {
        let metrics = if self.end.is_some() { self.metrics.clone() } else { Row::new() };
        let metrics = if metrics.iter().any(Option::is_some) { metrics } else { Row::new() };
        let (end, curve) = (self.end.clone(), self.line.curve.clone());
        let more = More { row, end, metrics, parents, curve, cost: self.cost };
        let nothing = More { row, ..More::default() };
        (more != nothing).then_some(more)
    }
}

/// What a row says of a trial.
fn row<'a>(line: &'a Line, table: &Table, columns: &[Column], space: &Space) -> Result<Taken<'a>, String> {
    let end = how_it_ended(line, table)?;
    let mut genes: Row = vec![None; space.params.len()];
    let mut metrics = Row::new();
    for (at, ((name, column), cell)) in table.names.iter().zip(columns).zip(&line.cells).enumerate() {
        match (column, cell) {
            (Column::Metric, cell) => {
                let number = cell.as_ref().and_then(Scalar::number);
                // A column that no row has a number in was not reported; one that this row alone lacks diverged.
                let used =
                    name == FITNESS || name.starts_with("metrics/") && !UNUSED.contains(&name.as_str());
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
    if end.is_none() && metrics.iter().all(Option::is_none) {
        return Err("it has no result".into());
    }
    Ok(Taken { line, genes, metrics, end, cost: told::cost(|name| number_at(line, own(table, name)?)) })
}

/// In evotop's own tables; everywhere else a row is a result.
fn how_it_ended(line: &Line, table: &Table) -> Result<Option<End>, String> {
    let Some(word) = own(table, told::END) else { return Ok(None) };
    match line.cells[word].as_ref().map(ToString::to_string) {
        Some(word) => told::end(&word, |name| line.cells[own(table, name)?].as_ref()),
        None => Err("it had not ended".into()),
    }
}
