//! A key as a person names it: `p`, `P`, `space`, `ctrl-c`, `shift-tab`. Bytes are not here: see `term/input.rs`.

use std::fmt;

use super::mouse::{Mouse, Target};

/// One press of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    pub code: Code,
    pub ctrl: bool,
    pub alt: bool,
}

/// Which key. A shifted letter is another character; a shifted Tab is [`Code::BackTab`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    Char(char),
    Enter,
    Esc,
    Tab,
    BackTab,
    Backspace,
    Delete,
    Insert,
    Up,
    Down,
    Left,
    Right,
    Home,
    End,
    PageUp,
    PageDown,
    F(u8),
}

/// What comes in from the terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    Key(Key),
    /// A bracketed paste: text, never keys.
    Paste(String),
    /// The terminal has this many columns and rows now.
    Resize(u16, u16),
    /// The mouse, and what lies under it.
    Mouse(Mouse, Option<Target>),
}

const NAMES: [(&str, Code); 17] = [
    ("space", Code::Char(' ')),
    ("enter", Code::Enter),
    ("esc", Code::Esc),
    ("tab", Code::Tab),
    ("shift-tab", Code::BackTab),
    ("backspace", Code::Backspace),
    ("delete", Code::Delete),
    ("insert", Code::Insert),
    ("up", Code::Up),
    ("down", Code::Down),
    ("left", Code::Left),
    ("right", Code::Right),
    ("home", Code::Home),
    ("end", Code::End),
    ("pgup", Code::PageUp),
    ("pgdn", Code::PageDown),
    ("minus", Code::Char('-')),
];

impl Key {
    /// A key without modifiers.
    pub const fn plain(code: Code) -> Self {
        Self { code, ctrl: false, alt: false }
    }

    /// Whether it is Ctrl-C: out of anything, whatever the keys file says.
    pub const fn interrupts(self) -> bool {
        self.ctrl && matches!(self.code, Code::Char('c'))
    }

    /// A character's key.
    pub const fn char(c: char) -> Self {
        Self::plain(Code::Char(c))
    }

    /// The key of this name: a character, a word such as `enter` or `f5`, with `ctrl-` or `alt-` before it.
    pub fn parse(name: &str) -> Option<Self> {
        let (mut rest, mut ctrl, mut alt) = (name, false, false);
        loop {
            let lower = rest.to_ascii_lowercase();
            if lower.len() > 5 && lower.starts_with("ctrl-") {
                (ctrl, rest) = (true, &rest[5..]);
            } else if lower.len() > 4 && lower.starts_with("alt-") {
                (alt, rest) = (true, &rest[4..]);
            } else {
                break;
            }
        }
        let mut chars = rest.chars();
        let code = if let (Some(c), None) = (chars.next(), chars.next()) {
            Code::Char(c)
        } else {
            let word = rest.to_ascii_lowercase();
            let function =
                word.strip_prefix('f').and_then(|n| n.parse().ok()).filter(|n| (1..=24).contains(n));
            match function {
                Some(n) => Code::F(n),
                None => NAMES.iter().find(|(name, _)| *name == word)?.1,
            }
        };
        Some(Self { code, ctrl, alt })
    }

    /// The keys of a line such as `p++:sigma 0.1<enter>`: characters, and names in angle brackets.
    pub fn sequence(line: &str) -> Vec<Self> {
        let (mut keys, mut rest) = (Vec::new(), line);
        while let Some(c) = rest.chars().next() {
            let named = rest.strip_prefix('<').and_then(|r| r.split_once('>'));
            let named = named.and_then(|(name, after)| Some((Self::parse(name)?, after)));
            let (key, after) = named.unwrap_or((Self::char(c), &rest[c.len_utf8()..]));
            keys.push(key);
            rest = after;
        }
        keys
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ctrl {
            f.write_str("ctrl-")?;
        }
        if self.alt {
            f.write_str("alt-")?;
        }
        if let Code::F(n) = self.code {
            return write!(f, "f{n}");
        }
        match (self.code, NAMES.iter().find(|(_, code)| *code == self.code)) {
            (Code::Char('-'), _) => f.write_str("-"),
            (_, Some((name, _))) => f.write_str(name),
            (Code::Char(c), None) => write!(f, "{c}"),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_reads_back_from_its_name() {
        for name in ["p", "P", "space", "ctrl-c", "alt-ctrl-x", "shift-tab", "f12", "pgdn", "-", ",", "<"] {
            let key = Key::parse(name).unwrap();
            assert_eq!(Key::parse(&key.to_string()), Some(key), "{name}");
        }
        assert_eq!(Key::parse("hyper-p"), None);
        assert_eq!(Key::parse("ctrl-"), None);
    }

    #[test]
    fn a_sequence_holds_characters_and_names() {
        let keys = Key::sequence(":a<0<enter><ctrl-c>");
        let names: Vec<String> = keys.iter().map(Key::to_string).collect();
        assert_eq!(names, [":", "a", "<", "0", "enter", "ctrl-c"]);
    }
}
