//! A line of text being typed: characters and a cursor.

use super::key::{Code, Key};

/// The text, and the cursor as a character index.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    chars: Vec<char>,
    cursor: usize,
}

impl Line {
    /// A line with the cursor at its end.
    pub fn new(text: &str) -> Self {
        let chars: Vec<char> = text.chars().collect();
        Self { cursor: chars.len(), chars }
    }

    pub fn text(&self) -> String {
        self.chars.iter().collect()
    }

    pub fn cursor(&self) -> usize {
        self.cursor
    }

    pub fn is_empty(&self) -> bool {
        self.chars.is_empty()
    }

    /// Puts text in at the cursor; control characters become spaces.
    pub fn insert(&mut self, text: &str) {
        for c in text.trim_end_matches(['\r', '\n']).chars() {
            self.chars.insert(self.cursor, if c.is_control() { ' ' } else { c });
            self.cursor += 1;
        }
    }

    /// Edits the line; false if the key is none of its own.
    pub fn key(&mut self, key: Key) -> bool {
        match (key.code, key.ctrl, key.alt) {
            (Code::Char('a'), true, _) | (Code::Home, ..) => self.cursor = 0,
            (Code::Char('e'), true, _) | (Code::End, ..) => self.cursor = self.chars.len(),
            (Code::Char('u'), true, _) => {
                self.chars.drain(..self.cursor);
                self.cursor = 0;
            }
            (Code::Char('k'), true, _) => self.chars.truncate(self.cursor),
            (Code::Char('w'), true, _) | (Code::Backspace, _, true) => {
                let start = self.word_start();
                self.chars.drain(start..self.cursor);
                self.cursor = start;
            }
            (Code::Char('d'), false, true) => {
                let end = self.word_end();
                self.chars.drain(self.cursor..end);
            }
            (Code::Char('b'), false, true) | (Code::Left, true, _) => self.cursor = self.word_start(),
            (Code::Char('f'), false, true) | (Code::Right, true, _) => self.cursor = self.word_end(),
            (Code::Char('h'), true, _) | (Code::Backspace, ..) => {
                if self.cursor > 0 {
                    self.cursor -= 1;
                    self.chars.remove(self.cursor);
                }
            }
            (Code::Delete, ..) => {
                if self.cursor < self.chars.len() {
                    self.chars.remove(self.cursor);
                }
            }
            (Code::Left, ..) => self.cursor = self.cursor.saturating_sub(1),
            (Code::Right, ..) => self.cursor = (self.cursor + 1).min(self.chars.len()),
            (Code::Char(c), false, false) => self.insert(&c.to_string()),
            _ => return false,
        }
        true
    }

    fn word_end(&self) -> usize {
        let after = &self.chars[self.cursor..];
        let start = after.iter().position(|c| *c != ' ').unwrap_or(after.len());
        let length = after[start..].iter().position(|c| *c == ' ').unwrap_or(after.len() - start);
        self.cursor + start + length
    }

    fn word_start(&self) -> usize {
        let before = &self.chars[..self.cursor];
        let end = before.iter().rposition(|c| *c != ' ').map_or(0, |i| i + 1);
        before[..end].iter().rposition(|c| *c == ' ').map_or(0, |i| i + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_edited_as_in_a_shell() {
        let mut line = Line::new("set sigma 0.2");
        for key in Key::sequence("<ctrl-w>0.15<ctrl-a><right><delete>E<end><backspace>") {
            assert!(line.key(key));
        }
        assert_eq!(line.text(), "sEt sigma 0.1");
        line.insert("\t5\n");
        assert_eq!(line.text(), "sEt sigma 0.1 5");
        assert!(!line.key(Key::parse("up").unwrap()));
        for key in Key::sequence("<alt-b><alt-b>0.<ctrl-left><alt-d><ctrl-right><alt-backspace>") {
            assert!(line.key(key));
        }
        assert_eq!(line.text(), "sEt sigma  ");
    }
}
