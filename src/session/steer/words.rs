//! A line as words, taken one after the other; why a line is not a command.

use thiserror::Error;

use super::Verb;
use crate::session::State;

/// Why a line is not a command.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum GrammarError {
    #[error("an empty command; one of: {0}")]
    Empty(String),
    #[error("there is no command {word}; one of: {known}")]
    NoVerb { word: String, known: String },
    #[error("{verb} takes {takes}: {what}")]
    Words { verb: &'static str, takes: &'static str, what: String },
    #[error("there is no parameter or setting {word}; parameters: {params}; settings: {settings}")]
    NoSubject { word: String, params: String, settings: String },
    #[error("{word} is not {wanted}")]
    Value { word: String, wanted: String },
    #[error("nothing has finished yet, so there is no best trial")]
    NoBest,
}

/// The words of a line, taken one after the other.
pub(super) struct Words<'a> {
    words: std::collections::VecDeque<&'a str>,
    pub verb: Option<&'static Verb>,
}

impl<'a> Words<'a> {
    pub fn new(line: &'a str) -> Self {
        Self { words: line.split_whitespace().collect(), verb: None }
    }

    pub fn next(&mut self) -> Option<&'a str> {
        self.words.pop_front()
    }

    pub fn peek(&self) -> Option<&'a str> {
        self.words.front().copied()
    }

    pub fn rest(&mut self) -> Vec<&'a str> {
        self.words.drain(..).collect()
    }

    pub fn wrong(&self, what: impl Into<String>) -> GrammarError {
        let (verb, takes) = self.verb.map_or(("", ""), |v| (v.name, v.takes));
        GrammarError::Words { verb, takes, what: what.into() }
    }

    pub fn want(&mut self, what: &str) -> Result<&'a str, GrammarError> {
        self.next().ok_or_else(|| self.wrong(format!("{what} is missing")))
    }

    /// A trial's number, or `best`.
    pub fn generation(&mut self, state: &State) -> Result<u64, GrammarError> {
        let word = self.want("a generation")?;
        if word == "best" {
            return state.history.best().map(|(t, _)| t.generation).ok_or(GrammarError::NoBest);
        }
        number(word, "a generation (0, 1, 2 ... or best)")
    }

    pub fn optional_generation(&mut self, state: &State) -> Result<Option<u64>, GrammarError> {
        if self.peek().is_none() { Ok(None) } else { self.generation(state).map(Some) }
    }

    pub fn bang(&mut self) -> bool {
        self.peek() == Some("!") && self.next().is_some()
    }
}

/// A number. What is set is the new value itself: `+20` would be read as 20, and is meant as 20 more.
pub(super) fn number<T: std::str::FromStr>(word: &str, wanted: &str) -> Result<T, GrammarError> {
    if word.starts_with('+') {
        let wanted = format!("{wanted}: it is the new value that is said, not what is added");
        return Err(GrammarError::Value { word: word.into(), wanted });
    }
    word.parse().map_err(|_| GrammarError::Value { word: word.into(), wanted: wanted.into() })
}

pub(super) fn finite(word: &str) -> Result<f64, GrammarError> {
    number(word, "a number").and_then(|x: f64| {
        if x.is_finite() {
            Ok(x)
        } else {
            Err(GrammarError::Value { word: word.into(), wanted: "a number".into() })
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_to_be_added_is_not_taken_for_the_new_value() {
        for word in ["+20", "+0.5"] {
            let said = finite(word).unwrap_err().to_string();
            assert!(said.contains(word) && said.contains("not what is added"), "{said}");
        }
        assert_eq!(finite("1e+3"), Ok(1000.0));
    }
}
