//! A YAML mapping with the line of each key: so that an error can say where.

use std::path::{Path, PathBuf};

use serde_yaml::{Mapping, Value};
use thiserror::Error;

/// Why a hyp or space file is refused.
#[derive(Debug, Error)]
pub enum SpaceError {
    #[error("{path}: {error}", path = path.display())]
    Io { path: PathBuf, error: std::io::Error },
    #[error("{file}{line}: {what}", line = line.map(|n| format!(":{n}")).unwrap_or_default())]
    File { file: String, line: Option<usize>, what: String },
    #[error("{0}")]
    Param(String),
}

/// The text of a file, and what to call it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    pub name: String,
    pub text: String,
}

impl Source {
    /// A file on disk.
    ///
    /// # Errors
    /// Where it cannot be read as UTF-8 text.
    pub fn read(path: &Path) -> Result<Self, SpaceError> {
        let text = std::fs::read_to_string(path);
        let text = text.map_err(|error| SpaceError::Io { path: path.into(), error })?;
        Ok(Self { name: path.display().to_string(), text })
    }

    /// Its keys in order, with their values.
    ///
    /// # Errors
    /// Where it is not a YAML mapping of names, or a name stands twice.
    pub fn entries(&self) -> Result<Vec<(String, Value)>, SpaceError> {
        let value: Value = serde_yaml::from_str(&self.text).map_err(|error| {
            let line = error.location().map(|at| at.line());
            self.error(line, format!("not YAML: {error}"))
        })?;
        let mapping = match value {
            Value::Mapping(mapping) => mapping,
            Value::Null => Mapping::new(),
            _ => return Err(self.error(None, "a list of `name: value` lines is wanted".into())),
        };
        let named = |(key, value): (Value, Value)| match key {
            Value::String(name) => Ok((name, value)),
            other => Err(self.error(None, format!("the name {other:?} is not text; write it in quotes"))),
        };
        mapping.into_iter().map(named).collect()
    }

    /// The line on which a top-level key stands, counted from 1.
    pub fn line_of(&self, key: &str) -> Option<usize> {
        let starts = |line: &str| {
            let line = line.trim_start_matches(['"', '\'']);
            line.strip_prefix(key)
                .is_some_and(|rest| rest.trim_start_matches(['"', '\'']).trim_start().starts_with(':'))
        };
        self.text.lines().position(starts).map(|at| at + 1)
    }

    /// An error about a key.
    pub fn wrong(&self, key: &str, what: impl Into<String>) -> SpaceError {
        self.error(self.line_of(key), what.into())
    }

    fn error(&self, line: Option<usize>, what: String) -> SpaceError {
        SpaceError::File { file: self.name.clone(), line, what }
    }
}
