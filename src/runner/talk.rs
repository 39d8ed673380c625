//! What a line of a worker means.

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
    match serde_json::from_str::<FromWorker>(text) {
        Ok(said) => Line::Said(said),
        Err(_) if !text.contains("\"type\"") => Line::Printed,
        Err(error) => {
            let shown: String = text.chars().take(200).collect();
            Line::Garbage { why: format!("the worker said {shown}: {error}") }
        }
    }
}

/// A trainer's text without control characters; tabs become spaces.
pub fn clean(text: &str) -> String {
    text.chars().filter_map(|c| if c == '\t' { Some(' ') } else { (!c.is_control()).then_some(c) }).collect()
}

/// Whether a trainer's last words speak of memory that ran out.
pub fn speaks_of_memory(text: &str) -> bool {
    let text = text.to_lowercase();
    ["out of memory", "outofmemoryerror", "cannot allocate memory", "bad_alloc", "oom-kill", "memoryerror"]
        .iter()
        .any(|sign| text.contains(sign))
}

/// Whether they speak of a full disk.
pub fn speaks_of_space(text: &str) -> bool {
    let text = text.to_lowercase();
    ["no space left on device", "disk quota exceeded", "enospc", "errno 28"]
        .iter()
        .any(|sign| text.contains(sign))
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
    fn nothing_a_trainer_prints_can_steer_a_terminal() {
        assert_eq!(clean("\x1b]0;title\x07a\tb\x1b[2J\u{9b}c"), "]0;titlea b[2Jc");
    }
}
