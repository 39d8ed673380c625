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

/// Reads a line. What does not look like a message is output like any other: libraries print. Some end what they print
/// without a newline, so that a message stands behind it on the same line.
pub fn line(text: &str) -> Line {
    let text = text.trim();
    let behind = text.rfind("{\"type\"").filter(|at| *at > 0).and_then(|at| message(&text[at..]).ok());
    if let Some(said) = behind {
        return Line::Said(said);
    }
    if !text.starts_with('{') {
        return Line::Printed;
    }
    match message(text) {
        Ok(said) => Line::Said(said),
        Err(_) if !text.contains("\"type\"") => Line::Printed,
        Err(error) => {
            let shown: String = text.chars().take(200).collect();
            Line::Garbage { why: format!("the worker said {shown}: {error}") }
        }
    }
}

fn message(text: &str) -> Result<FromWorker, serde_json::Error> {
    serde_json::from_str(&clean_json(text))
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

    #[test]
    fn a_message_behind_a_print_without_a_newline_is_heard() {
        let paused = Line::Said(FromWorker::Paused { trial: 3 });
        for before in ["100%|####| 5/5", "{", r#"{"type":"resul"#, "\u{1b}[2J"] {
            assert_eq!(line(&format!(r#"{before}{{"type":"paused","trial":3}}"#)), paused);
        }
        let log = r#"{"type":"log","text":"said {\"type\":\"paused\",\"trial\":3}"}"#;
        assert!(matches!(line(log), Line::Said(FromWorker::Log { .. })));
    }
}
