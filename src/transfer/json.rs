//! Files of JSON as tables: evotop's own, and a tuner's lines.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::table::{Counted, Line, Part, Table, numbered};
use super::{records, told};
use crate::space::Scalar;

/// Reads evotop's own JSON: the list under `trials`.
pub fn whole(text: &str) -> Result<Table, String> {
    let whole: Value = serde_json::from_str(text).map_err(|error| format!("it is not JSON: {error}"))?;
    let trials = whole.get("trials").and_then(Value::as_array);
    let mut table = Table { counted: Counted::Trial, ..Table::default() };
    let (mut seen, mut twice) = (HashSet::new(), Vec::new());
    for (i, trial) in trials.ok_or("it has no list of trials")?.iter().enumerate() {
        let Value::Object(object) = trial else { continue };
        let generation = object.get("generation").and_then(Value::as_u64);
        let number = generation.map_or(i, |generation| generation as usize);
        if !seen.insert(trial.to_string()) {
            twice.push(number);
            continue;
        }
        let list = |name: &str| object.get(name).and_then(Value::as_array).into_iter().flatten();
        let row = Line { number, curve: list("curve").map(Value::as_f64).collect(), ..Line::default() };
        let parents: Vec<u64> = list(told::PARENTS).filter_map(Value::as_u64).collect();
        let mut object = object.clone();
        object.insert(told::PARENTS.into(), Value::String(told::of_parents(&parents)));
        table.add(row, &object, Some(Part::Trial));
    }
    table.were_left_out(&twice);
    table.fill_up();
    Ok(table)
}

/// Reads a JSON object on every line; objects within are opened (`hyperparameters: {lr0: ...}`).
pub fn lines(text: &str) -> Result<Table, String> {
    let mut table = Table::default();
    let mut objects = Vec::new();
    let (mut seen, mut twice) = (HashSet::new(), Vec::new());
    let last = text.lines().count();
    for (line, words) in numbered(text) {
        if !seen.insert(words) {
            // Each record has its own number, `iteration`.
            twice.push(line);
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
        table.add(Line { number: *line, ..Line::default() }, object, None);
    }
    table.were_left_out(&twice);
    table.fill_up();
    Ok(table)
}

impl Table {
    /// Adds an object as a row.
    fn add(&mut self, mut row: Line, object: &Map<String, Value>, part: Option<Part>) {
        self.open(object, part, &mut row);
        self.rows.push(row);
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
                continue;
            }
            let scalar = serde_json::from_value::<Scalar>(value.clone()).ok();
            // What is not known has its column all the same, so that columns keep their order.
            if scalar.is_some() || value.is_null() {
                let at = self.at(name, part);
                row.cells.resize(self.names.len().max(row.cells.len()), None);
                row.cells[at] = scalar;
            }
        }
    }

    /// Where this column is, now or from now on.
    fn at(&mut self, name: &str, part: Option<Part>) -> usize {
        let known = (0..self.names.len()).find(|at| self.column(*at) == (name, part));
        known.unwrap_or_else(|| {
            self.names.push(name.to_owned());
            self.parts.push(part);
            self.names.len() - 1
        })
    }

    /// Gives every row as many cells as there are names.
    fn fill_up(&mut self) {
        let width = self.names.len();
        self.rows.iter_mut().for_each(|row| row.cells.resize(width, None));
    }
}
