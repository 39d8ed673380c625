//! A file as a table: names and rows, with the line of each row; and what was wrong with lines that are no rows. Files of
//! JSON are in `json.rs`.

use std::collections::HashSet;

use super::export::FRAME;
use super::import::SEED;
use crate::dir::RESULT;
use crate::journal::Row;
use crate::space::Scalar;

/// Significant digits of `evolve.txt`, and of `evolve.csv` and the tuner's table.
const TXT_DIGITS: u32 = 3;
const CSV_DIGITS: u32 = 5;

/// A row, and where it stands in the file.
#[derive(Debug, Clone, Default, PartialEq)]
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
    /// What evotop says of a trial besides: its end, its seed.
    Trial,
}

/// What rows are to each other that are equal to the last character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Equal {
    /// Trials of one candidate with one result: the table has a row for each trial and no number that tells them apart.
    Trials,
    /// The same trial once more.
    Twice,
}

/// Named columns.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    pub names: Vec<String>,
    /// Of each column, where the file says what it is; as long as the names, or shorter.
    pub parts: Vec<Option<Part>>,
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
    if let [only] = names.as_slice() {
        return Err(format!(
            "its first line has no comma, so that {only} is its one column; commas are wanted between names and cells"
        ));
    }
    // Only evotop's own table for data frames leaves a cell empty where a trial has no value, and numbers its rows.
    let frame = names.iter().any(|name| name == SEED);
    let (names, parts) = with_parts(names, frame);
    let mut table = Table { names, parts, filled: !frame, ..Table::default() };
    table.digits = table.filled.then_some(CSV_DIGITS);
    let twice =
        (0..table.names.len()).find(|at| (0..*at).any(|before| table.column(before) == table.column(*at)));
    if let Some(at) = twice {
        return Err(format!("the column {} is there twice", table.names[at]));
    }
    let equal = if frame { Equal::Twice } else { Equal::Trials };
    table.take(text, lines.map(|(line, text)| (line, split(text))), equal);
    Ok(table)
}

/// The names of columns, and what evotop's own tables say with them.
fn with_parts(names: Vec<String>, frame: bool) -> (Vec<String>, Vec<Option<Part>>) {
    let mut of_trial = if frame { FRAME.to_vec() } else { Vec::new() };
    let told = names.into_iter().map(|name| match name.strip_suffix(RESULT) {
        Some(result) => (result.to_owned(), Some(Part::Result)),
        // A hyperparameter may have such a name, too; it stands after them.
        None => match of_trial.iter().position(|own| *own == name) {
            Some(at) => (of_trial.swap_remove(at).to_owned(), Some(Part::Trial)),
            None => (name, None),
        },
    });
    told.unzip()
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
    table.take(text, rows.into_iter(), Equal::Twice);
    Ok(table)
}

impl Table {
    /// Where a row stands, in words.
    pub fn place(&self, row: &Line) -> String {
        self.listed(&[row.number])
    }

    /// What a column is called, and what the file says it is: no two are the same.
    pub fn column(&self, at: usize) -> (&str, Option<Part>) {
        (&self.names[at], self.parts.get(at).copied().flatten())
    }

    /// Takes the rows that have as many cells as there are names.
    fn take(&mut self, text: &str, rows: impl Iterator<Item = (usize, Vec<String>)>, equal: Equal) {
        let last = text.lines().count();
        let (mut seen, mut before) = (HashSet::new(), Vec::new());
        for (line, cells) in rows {
            let (found, wanted) = (cells.len(), self.names.len());
            let open = line == last && !text.ends_with('\n');
            let end = text.lines().last().filter(|_| open).map_or(End::Line, |text| end(text, wanted));
            if found != wanted {
                let why = if open && found < wanted { " (it was cut off)" } else { "" };
                self.notices.push(format!(
                    "line {line} has {found} columns instead of {wanted}{why} and was left out"
                ));
                continue;
            }
            if end == End::Unknown {
                self.notices.push(format!(
                    "line {line} has no newline after it, so its last value may have been cut off: it was left out; \
                     if it is whole, write a newline after it"
                ));
                continue;
            }
            if end == End::Column {
                self.notices.push(format!(
                    "line {line} has no newline after it; it was taken, since its last column is as wide as the others"
                ));
            }
            let values = cells.iter().map(|text| cell(text)).collect();
            let new = seen.insert(cells);
            if !new {
                before.push(line);
            }
            if new || equal == Equal::Trials {
                self.rows.push(Line { number: line, cells: values, ..Line::default() });
            }
        }
        match equal {
            Equal::Trials => self.were_taken_again(&before),
            Equal::Twice => self.were_left_out(&before),
        }
    }

    /// Says which rows were there before, and are not taken twice.
    pub fn were_left_out(&mut self, rows: &[usize]) {
        if !rows.is_empty() {
            let rows = self.listed(rows);
            self.notices.push(format!("there before and left out: {rows}"));
        }
    }

    /// Says which rows equal another one, and are taken all the same.
    fn were_taken_again(&mut self, rows: &[usize]) {
        if !rows.is_empty() {
            let rows = self.listed(rows);
            self.notices.push(format!(
                "equal to a line before: {rows}; such a table has a line for each trial, so each was taken as one more trial \
                 of its candidate"
            ));
        }
    }

    fn listed(&self, rows: &[usize]) -> String {
        let what = match self.counted {
            Counted::Line => "line",
            Counted::Trial => "trial",
        };
        let rows: Vec<String> = rows.iter().map(ToString::to_string).collect();
        format!("{what} {}", rows.join(", "))
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

pub fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
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
