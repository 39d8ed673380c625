//! Hyp files: `name: value` lines, read and written.

use std::fmt::Write;

use indexmap::IndexMap;
use serde_yaml::Value;

use super::yaml::{Source, SpaceError};
use super::{Scalar, number};

/// A hyp file: names and values in the file's order.
pub type Hyp = IndexMap<String, Scalar>;

/// Reads a hyp file.
///
/// # Errors
/// Names file and line of what is not a plain value.
pub fn read(source: &Source) -> Result<Hyp, SpaceError> {
    let scalar = |(name, value): (String, Value)| {
        let scalar = match value {
            Value::Bool(flag) => Scalar::Bool(flag),
            Value::String(text) => Scalar::Text(text),
            Value::Number(n) => match n.as_i64() {
                Some(n) => Scalar::Int(n),
                None => Scalar::Float(n.as_f64().unwrap_or(f64::NAN)),
            },
            Value::Null => {
                return Err(
                    source.wrong(&name, format!("{name} has no value; write one, or leave the line out"))
                );
            }
            _ => {
                return Err(source.wrong(
                    &name,
                    format!("{name} is not a plain value: a number, a text, true or false is wanted"),
                ));
            }
        };
        match scalar.number() {
            Some(x) if !x.is_finite() => {
                Err(source.wrong(&name, format!("{name} is {x}; a finite number is wanted")))
            }
            _ => Ok((name, scalar)),
        }
    };
    source.entries()?.into_iter().map(scalar).collect()
}

/// A hyp file's text, as PyYAML reads it.
pub fn write(hyp: &Hyp) -> String {
    let mut text = String::new();
    for (name, value) in hyp {
        let _ = writeln!(text, "{name}: {}", in_yaml(value));
    }
    text
}

/// A value as YAML 1.1 reads it back: texts in quotes where they would be taken for something else.
pub fn in_yaml(value: &Scalar) -> String {
    match value {
        Scalar::Float(x) => number::yaml(*x),
        Scalar::Int(n) => n.to_string(),
        Scalar::Bool(flag) => flag.to_string(),
        Scalar::Text(text) => {
            let plain =
                !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-./".contains(c));
            let words = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"];
            let other = text.parse::<f64>().is_ok() || words.contains(&text.to_lowercase().as_str());
            let starts = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
            match text {
                _ if plain && starts && !other => text.clone(),
                _ if text.contains(must_be_escaped) => escaped(text),
                _ => format!("'{}'", text.replace('\'', "''")),
            }
        }
    }
}

/// Whether YAML would take a character for the end of a line, or not at all, where it stands as it is.
fn must_be_escaped(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}')
}

fn escaped(text: &str) -> String {
    let character = |c: char| match c {
        '"' | '\\' => format!("\\{c}"),
        _ if must_be_escaped(c) => format!("\\u{:04x}", u32::from(c)),
        _ => c.to_string(),
    };
    format!("\"{}\"", text.chars().map(character).collect::<String>())
}
