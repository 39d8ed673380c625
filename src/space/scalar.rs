//! A plain YAML or JSON value: what a hyp file may hold for a key, and what a `choice` chooses among.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One scalar. Numbers keep the difference between `3` and `3.0`, so that a fixed key is passed on as it came.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Scalar {
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
}

impl Scalar {
    /// The number in it, if it is one.
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Int(n) => Some(*n as f64),
            Self::Float(x) => Some(*x),
            Self::Bool(_) | Self::Text(_) => None,
        }
    }

    /// The number that stands for it in a table that keeps numbers alone: 1 for true, 16 for a text "16".
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Self::Bool(flag) => Some(f64::from(u8::from(*flag))),
            Self::Text(text) => text.parse().ok(),
            Self::Int(_) | Self::Float(_) => self.number(),
        }
    }
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(b) => write!(f, "{b}"),
            Self::Int(n) => write!(f, "{n}"),
            Self::Float(x) => f.write_str(&super::number::yaml(*x)),
            Self::Text(t) => f.write_str(t),
        }
    }
}
