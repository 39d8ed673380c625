//! What a line of a worker means.

use crate::clean::clean_json;
use crate::trial::protocol::FromWorker;

/// A line from a worker's standard output.
#[derive(Debug, Clone, PartialEq)]
pub enum Line {
    Said(FromWorker),
    /// Something printed: it goes to the trial's log.
    Printed,
    /// Meant as a message, and not understood.
    Garbage {
        why: String,
    },
}

/// Reads a line. What does not look like a message is output like any other: libraries print.
pub fn line(text: &str) -> Line {
    let text = text.trim();
    if !text.starts_with('{') {
        return Line::Printed;
    }
    match serde_json::from_str::<FromWorker>(&clean_json(text)) {
        Ok(said) => Line::Said(said),
        Err(_) if !text.contains("\"type\"") => Line::Printed,
        Err(error) => {
            let shown: String = text.chars().take(200).collect();
            Line::Garbage { why: format!("the worker said {shown}: {error}") }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_are_output_and_broken_messages_are_named() {
        assert_eq!(line("Epoch 1/3"), Line::Printed);
        assert_eq!(line("{'lr': 0.1}"), Line::Printed);
        assert!(matches!(
            line(r#"{"type":"paused","trial":3}"#),
            Line::Said(FromWorker::Paused { trial: 3 })
        ));
        assert!(matches!(line(r#"{"type":"result","trial":"#), Line::Garbage { .. }));
    }
}
