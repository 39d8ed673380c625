//! A file as a table: names and rows, with the line of each row; and what was wrong with lines that are no rows.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::records;
use crate::journal::Row;
use crate::space::Scalar;

/// Significant digits of `evolve.txt`, and of `evolve.csv` and the tuner's table.
const TXT_DIGITS: u32 = 3;
const CSV_DIGITS: u32 = 5;

/// A row, and where it stands in the file.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// The line's or the trial's number.
    pub number: usize,
    /// In the order of the names; none where the file has nothing.
    pub cells: Vec<Option<Scalar>>,
    /// Fitness after each epoch, where the file has it.
    pub curve: Row,
}

/// What a file's rows are counted by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Counted {
    #[default]
    Line,
    /// By generation: a JSON file may have no line for each.
    Trial,
}

/// What a file itself says a column is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Result,
    Hyp,
}

/// Named columns.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    pub names: Vec<String>,
    /// Of the columns of which the file says what they are.
    pub parts: HashMap<String, Part>,
    pub rows: Vec<Line>,
    pub counted: Counted,
    /// Whether each row has a value under each name, so that an empty cell is damage.
    pub filled: bool,
    /// To how many significant digits its numbers are written; none where to all of them.
    pub digits: Option<u32>,
    /// What was left out, and why.
    pub notices: Vec<String>,
}

/// Reads comma-separated text whose first line has the names; spaces around cells and CRLF do not matter.
pub fn csv(text: &str) -> Result<Table, String> {
    let mut lines = numbered(text);
    let (_, header) = lines.next().ok_or("it is empty")?;
    let names = split(header);
    if names.iter().any(|name| name.parse::<f64>().is_ok()) {
        return Err(
            "its first line has numbers where names are wanted; a table without names ends in .txt".into()
        );
    }
    if let Some(twice) = names.iter().enumerate().find(|(i, name)| names[..*i].contains(name)) {
        return Err(format!("the column {} is there twice", twice.1));
    }
    // Only evotop's own table for data frames leaves a cell empty where a trial has no value.
    let filled = !names.iter().any(|name| name == "trial_seed");
    let mut table = Table { names, filled, digits: filled.then_some(CSV_DIGITS), ..Table::default() };
    table.take(text, lines.map(|(line, text)| (line, split(text))));
    Ok(table)
}

/// Reads rows of numbers with spaces between, without names: the commonest width is the table's.
pub fn columns(text: &str) -> Result<Table, String> {
    let rows: Vec<(usize, Vec<String>)> = numbered(text)
        .map(|(line, text)| (line, text.split_whitespace().map(str::to_owned).collect()))
        .collect();
    let mut widths: Vec<usize> = rows.iter().map(|(_, cells)| cells.len()).collect();
    widths.sort_unstable();
    let commonest = widths.chunk_by(|a, b| a == b).max_by_key(|same| same.len()).map(|same| same[0]);
    let width = commonest.ok_or("it is empty")?;
    let mut table = Table { names: vec![String::new(); width], digits: Some(TXT_DIGITS), ..Table::default() };
    table.take(text, rows.into_iter());
    Ok(table)
}

/// Reads evotop's own JSON: the list under `trials`.
pub fn json(text: &str) -> Result<Table, String> {
    let whole: Value = serde_json::from_str(text).map_err(|error| format!("it is not JSON: {error}"))?;
    let trials = whole.get("trials").and_then(Value::as_array);
    let mut table = Table { counted: Counted::Trial, ..Table::default() };
    for (i, trial) in trials.ok_or("it has no list of trials")?.iter().enumerate() {
        if let Value::Object(object) = trial {
            let generation = object.get("generation").and_then(Value::as_u64);
            let curve = object.get("curve").and_then(Value::as_array).into_iter().flatten();
            let mut row = Line {
                number: generation.map_or(i, |generation| generation as usize),
                cells: vec![None; table.names.len()],
                curve: curve.map(Value::as_f64).collect(),
            };
            table.open(object, None, &mut row);
            table.rows.push(row);
        }
    }
    let width = table.names.len();
    table.rows.iter_mut().for_each(|row| row.cells.resize(width, None));
    Ok(table)
}

/// Reads a JSON object on every line; objects within are opened (`hyperparameters: {lr0: ...}`).
pub fn json_lines(text: &str) -> Result<Table, String> {
    let mut table = Table::default();
    let mut objects = Vec::new();
    let (mut seen, mut twice) = (HashSet::new(), Vec::new());
    let last = text.lines().count();
    for (line, words) in numbered(text) {
        if !seen.insert(words) {
            twice.push(line.to_string());
        } else if let Some(object) = records::object(words) {
            objects.push((line, object));
        } else {
            let torn = line == last && !text.ends_with('\n');
            let why = if torn { " (it was cut off)" } else { "" };
            table.notices.push(format!("line {line} is not a JSON object{why} and was left out"));
        }
    }
    if objects.is_empty() {
        return Err("no line of it is a JSON object".into());
    }
    table.notices.extend(records::one_result_each(&mut objects));
    for (line, object) in &objects {
        let mut row = Line { number: *line, cells: vec![None; table.names.len()], curve: Row::new() };
        table.open(object, None, &mut row);
        table.rows.push(row);
    }
    table.left_out(&twice);
    let width = table.names.len();
    table.rows.iter_mut().for_each(|row| row.cells.resize(width, None));
    Ok(table)
}

impl Table {
    /// Where a row stands, in words.
    pub fn place(&self, row: &Line) -> String {
        match self.counted {
            Counted::Line => format!("line {}", row.number),
            Counted::Trial => format!("trial {}", row.number),
        }
    }

    fn open(&mut self, object: &Map<String, Value>, part: Option<Part>, row: &mut Line) {
        for (name, value) in object {
            if let Value::Object(within) = value {
                let part = match name.as_str() {
                    "hyperparameters" | "hyp" => Some(Part::Hyp),
                    "datasets" | "metrics" => Some(Part::Result),
                    _ => part,
                };
                self.open(within, part, row);
            } else if let Ok(scalar) = serde_json::from_value::<Scalar>(value.clone()) {
                let at = self.names.iter().position(|known| known == name).unwrap_or_else(|| {
                    self.names.push(name.clone());
                    self.names.len() - 1
                });
                if let Some(part) = part {
                    self.parts.insert(name.clone(), part);
                }
                row.cells.resize(self.names.len().max(row.cells.len()), None);
                row.cells[at] = Some(scalar);
            }
        }
    }

    /// Takes the rows that have as many cells as there are names, each once.
    fn take(&mut self, text: &str, rows: impl Iterator<Item = (usize, Vec<String>)>) {
        let last = text.lines().count();
        let (mut seen, mut twice) = (HashSet::new(), Vec::new());
        for (line, cells) in rows {
            let (found, wanted) = (cells.len(), self.names.len());
            let open = line == last && !text.ends_with('\n');
            let end = text.lines().last().filter(|_| open).map_or(End::Line, |text| end(text, wanted));
            if found != wanted {
                let why = if open && found < wanted { " (it was cut off)" } else { "" };
                self.notices.push(format!(
                    "line {line} has {found} columns instead of {wanted}{why} and was left out"
                ));
            } else if end == End::Unknown {
                self.notices.push(format!(
                    "line {line} has no newline after it, so its last value may have been cut off: it was left out; \
                     if it is whole, write a newline after it"
                ));
            } else if seen.insert(cells.clone()) {
                let cells = cells.iter().map(|text| cell(text)).collect();
                self.rows.push(Line { number: line, cells, curve: Row::new() });
                if end == End::Column {
                    self.notices.push(format!(
                        "line {line} has no newline after it; it was taken, since its last column is as wide as the others"
                    ));
                }
            } else {
                twice.push(line.to_string());
            }
        }
        self.left_out(&twice);
    }

    /// Says which lines were there before.
    fn left_out(&mut self, twice: &[String]) {
        if !twice.is_empty() {
            self.notices.push(format!("there before and left out: line {}", twice.join(", ")));
        }
    }
}

/// What shows that a row was written to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// Its line was ended, or white space stands after its last value.
    Line,
    /// Its columns are filled up with spaces to one width, the last one too.
    Column,
    /// Nothing: digits may be missing.
    Unknown,
}

/// Where a line without a newline ends. It is judged by itself: in lines that are not filled up, a number that was cut
/// off can make one as long as others.
fn end(line: &str, columns: usize) -> End {
    let apart = |c: char| c == ',' || c.is_ascii_whitespace();
    let mut at = 0;
    let mut values = Vec::new();
    for value in line.split(apart) {
        at += value.len();
        if !value.is_empty() {
            values.push((at, value.len()));
        }
        at += 1;
    }
    if values.len() != columns {
        return End::Unknown;
    }
    if line.ends_with(|c: char| c.is_ascii_whitespace()) {
        return End::Line;
    }
    let widths: Vec<usize> = values.windows(2).map(|pair| pair[1].0 - pair[0].0).collect();
    let one_width = widths.windows(2).all(|pair| pair[0] == pair[1]);
    let filled_up = values[1..].windows(2).any(|pair| pair[0].1 != pair[1].1);
    if one_width && filled_up { End::Column } else { End::Unknown }
}

fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.trim_start_matches('\u{feff}').lines().enumerate();
    lines.map(|(i, line)| (i + 1, line.trim())).filter(|(_, line)| !line.is_empty())
}

/// Cells between commas, where quotes hold a comma or a doubled quote together.
fn split(line: &str) -> Vec<String> {
    let (mut cells, mut quoted) = (vec![String::new()], false);
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                cells.last_mut().into_iter().for_each(|cell| cell.push('"'));
            }
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(String::new()),
            c => cells.last_mut().into_iter().for_each(|cell| cell.push(c)),
        }
    }
    cells.iter().map(|cell| cell.trim().to_owned()).collect()
}

fn cell(text: &str) -> Option<Scalar> {
    match text.parse::<f64>() {
        Ok(x) => Some(Scalar::Float(x)),
        Err(_) if text.is_empty() => None,
        Err(_) => Some(Scalar::Text(text.to_owned())),
    }
}
