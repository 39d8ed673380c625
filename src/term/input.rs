//! Bytes as keys, pastes and replies. An escape sequence that arrives in pieces is joined.

use crate::app::Mouse;
use crate::app::key::{Code, Input, Key};

/// What the bytes were.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    Input(Input),
    /// The mouse did something in this cell, counted from 0.
    Mouse {
        what: Mouse,
        column: u16,
        row: u16,
    },
    /// The terminal's answer to a question: the sequence without its introducer, which comes first.
    Reply(char, String),
}

/// Takes bytes as they come.
#[derive(Debug, Default)]
pub struct Decoder {
    held: Vec<u8>,
    paste: Option<Vec<u8>>,
}

/// The most that is held for one sequence; beyond it the bytes are dropped.
const LONGEST: usize = 4096;
const PASTE_END: &[u8] = b"\x1b[201~";
/// Longer pastes are cut: no line here needs more.
const LONGEST_PASTE: usize = 64 * 1024;

/// The first piece of the held bytes.
enum Piece {
    Is(Option<Heard>, usize),
    /// More bytes are needed.
    Open,
    PasteStart(usize),
}

impl Decoder {
    /// Takes bytes, returns what is whole.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<Heard> {
        let mut heard = Vec::new();
        self.held.extend_from_slice(bytes);
        loop {
            if self.paste.is_some() && !self.pasting(&mut heard) {
                return heard;
            }
            if self.held.is_empty() {
                return heard;
            }
            match first(&self.held) {
                Piece::Is(what, length) => {
                    self.held.drain(..length);
                    heard.extend(what);
                }
                Piece::PasteStart(length) => {
                    self.held.drain(..length);
                    self.paste = Some(Vec::new());
                }
                Piece::Open => {
                    if self.held.len() > LONGEST {
                        self.held.clear();
                    }
                    return heard;
                }
            }
        }
    }

    /// Whether a sequence is begun and not ended: time to wait for its rest.
    pub fn is_open(&self) -> bool {
        !self.held.is_empty() && self.paste.is_none()
    }

    /// No more came in time: what is held is taken as the keys it looks like.
    pub fn time_out(&mut self) -> Vec<Heard> {
        if self.paste.is_some() {
            return Vec::new();
        }
        let held = std::mem::take(&mut self.held);
        let Some((first, rest)) = held.split_first() else { return Vec::new() };
        // A begun OSC, DCS or CSI with parameters is a reply that got lost, never keys.
        if *first == 0x1b && matches!(rest, [b']' | b'P' | b'_' | b'^' | b'[', _, ..]) {
            return Vec::new();
        }
        if *first != 0x1b {
            return Vec::new();
        }
        let mut heard = vec![key(Code::Esc)];
        heard.extend(rest.iter().map(|b| key(Code::Char(char::from(*b)))));
        heard
    }

    /// Collects a paste; true once it is whole.
    fn pasting(&mut self, heard: &mut Vec<Heard>) -> bool {
        let Some(text) = &mut self.paste else { return true };
        let end = self.held.windows(PASTE_END.len()).position(|w| w == PASTE_END);
        let take = end.unwrap_or_else(|| self.held.len().saturating_sub(PASTE_END.len() - 1));
        text.extend(self.held.drain(..take).take(LONGEST_PASTE));
        text.truncate(LONGEST_PASTE);
        if end.is_none() {
            return false;
        }
        self.held.drain(..PASTE_END.len());
        let text = self.paste.take().unwrap_or_default();
        heard.push(Heard::Input(Input::Paste(String::from_utf8_lossy(&text).into_owned())));
        true
    }
}

fn key(code: Code) -> Heard {
    Heard::Input(Input::Key(Key::plain(code)))
}

fn first(bytes: &[u8]) -> Piece {
    match bytes {
        [0x1b] | [0x1b, b'O'] => Piece::Open,
        [0x1b, b'[', rest @ ..] => csi(rest),
        [0x1b, b'O', c, ..] => Piece::Is(letter(*c).map(key), 3),
        [0x1b, kind @ (b']' | b'P' | b'_' | b'^'), rest @ ..] => string(*kind, rest),
        [0x1b, 0x1b, ..] => Piece::Is(Some(key(Code::Esc)), 1),
        [0x1b, rest @ ..] => match first(rest) {
            Piece::Is(Some(Heard::Input(Input::Key(k))), length) => {
                Piece::Is(Some(Heard::Input(Input::Key(Key { alt: true, ..k }))), length + 1)
            }
            Piece::Is(_, length) => Piece::Is(None, length + 1),
            open => open,
        },
        _ => plain(bytes),
    }
}

/// A control character, or one UTF-8 character.
fn plain(bytes: &[u8]) -> Piece {
    let Some(b) = bytes.first().copied() else { return Piece::Open };
    let one = |code| Piece::Is(Some(key(code)), 1);
    match b {
        b'\r' | b'\n' => one(Code::Enter),
        b'\t' => one(Code::Tab),
        0x7f | 0x08 => one(Code::Backspace),
        0 => Piece::Is(Some(Heard::Input(Input::Key(Key { ctrl: true, ..Key::char(' ') }))), 1),
        1..0x1b => {
            let c = char::from(b - 1 + b'a');
            Piece::Is(Some(Heard::Input(Input::Key(Key { ctrl: true, ..Key::char(c) }))), 1)
        }
        0x1b..0x20 => Piece::Is(None, 1),
        0x20..0x80 => one(Code::Char(char::from(b))),
        _ => {
            let length = match b {
                0xc2..0xe0 => 2,
                0xe0..0xf0 => 3,
                0xf0..0xf5 => 4,
                _ => return Piece::Is(None, 1),
            };
            match bytes.get(..length) {
                None => Piece::Open,
                Some(text) => match std::str::from_utf8(text).ok().and_then(|t| t.chars().next()) {
                    Some(c) => Piece::Is(Some(key(Code::Char(c))), length),
                    None => Piece::Is(None, 1),
                },
            }
        }
    }
}

/// A control sequence: parameters, then the letter that ends it.
fn csi(rest: &[u8]) -> Piece {
    let Some(end) = rest.iter().position(|b| (0x40..0x7f).contains(b)) else {
        // Anything but a parameter in it: not a sequence after all.
        return if rest.iter().all(|b| (0x20..0x40).contains(b)) { Piece::Open } else { Piece::Is(None, 2) };
    };
    if !rest[..end].iter().all(|b| (0x20..0x40).contains(b)) {
        return Piece::Is(None, 2);
    }
    let length = end + 3;
    let parameters = std::str::from_utf8(&rest[..end]).unwrap_or_default();
    let last = rest[end];
    if last == b'M' && parameters.is_empty() {
        // Three bytes follow, each with 32 on it.
        let Some(&[button, column, row]) = rest.get(1..4) else { return Piece::Open };
        let place = |b: u8| u32::from(b.saturating_sub(32));
        return Piece::Is(mouse(place(button), place(column), place(row)), length + 3);
    }
    if let Some(parameters) = parameters.strip_prefix('<') {
        let mut numbers = parameters.split(';').map(|n| n.parse().unwrap_or(u32::MAX));
        let mut next = || numbers.next().unwrap_or(u32::MAX);
        let (button, column, row) = (next(), next(), next());
        // A small m is a button that is let go.
        let heard = if last == b'M' { mouse(button, column, row) } else { None };
        return Piece::Is(heard, length);
    }
    if parameters == "200" && last == b'~' {
        return Piece::PasteStart(length);
    }
    if parameters.starts_with(['?', '>', '=']) || matches!(last, b'c' | b'n' | b'y' | b't') {
        let reply = format!("{parameters}{}", char::from(last));
        return Piece::Is(Some(Heard::Reply('[', reply)), length);
    }
    let mut numbers = parameters.split(';').map(|n| n.parse::<u32>().unwrap_or(1));
    let (first, modifier) = (numbers.next().unwrap_or(1), numbers.next().unwrap_or(1));
    let code = match last {
        b'~' => numbered(first),
        b'Z' => Some(Code::BackTab),
        c => letter(c),
    };
    // The modifier is one more than a sum of 1 for shift, 2 for alt, 4 for ctrl.
    let bits = modifier.saturating_sub(1);
    let heard =
        code.map(|code| Heard::Input(Input::Key(Key { code, ctrl: bits & 4 != 0, alt: bits & 2 != 0 })));
    Piece::Is(heard, length)
}

/// What a button's number means: 4, 8 and 16 are shift, alt and ctrl, 32 is a move.
fn mouse(button: u32, column: u32, row: u32) -> Option<Heard> {
    let what = match button & !0b1_1100 {
        0 => Mouse::Press,
        64 => Mouse::WheelUp,
        65 => Mouse::WheelDown,
        _ => return None,
    };
    let from_0 = |n: u32| u16::try_from(n.checked_sub(1)?).ok();
    Some(Heard::Mouse { what, column: from_0(column)?, row: from_0(row)? })
}

fn letter(c: u8) -> Option<Code> {
    Some(match c {
        b'A' => Code::Up,
        b'B' => Code::Down,
        b'C' => Code::Right,
        b'D' => Code::Left,
        b'H' => Code::Home,
        b'F' => Code::End,
        b'M' => Code::Enter,
        b'P'..=b'S' => Code::F(c - b'P' + 1),
        _ => return None,
    })
}

fn numbered(n: u32) -> Option<Code> {
    Some(match n {
        1 | 7 => Code::Home,
        2 => Code::Insert,
        3 => Code::Delete,
        4 | 8 => Code::End,
        5 => Code::PageUp,
        6 => Code::PageDown,
        11..=15 => Code::F(n as u8 - 10),
        17..=21 => Code::F(n as u8 - 11),
        23 | 24 => Code::F(n as u8 - 12),
        _ => return None,
    })
}

/// A string the terminal sends: up to BEL or ESC \.
fn string(kind: u8, rest: &[u8]) -> Piece {
    let bell = rest.iter().position(|b| *b == 0x07);
    let st = rest.windows(2).position(|w| w == b"\x1b\\");
    let (end, after) = match (bell, st) {
        (Some(b), Some(s)) if s < b => (s, 2),
        (Some(b), _) => (b, 1),
        (None, Some(s)) => (s, 2),
        (None, None) => return Piece::Open,
    };
    let text = String::from_utf8_lossy(&rest[..end]).into_owned();
    Piece::Is(Some(Heard::Reply(char::from(kind), text)), end + after + 2)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names(heard: &[Heard]) -> Vec<String> {
        let name = |h: &Heard| match h {
            Heard::Input(Input::Key(key)) => key.to_string(),
            other => format!("{other:?}"),
        };
        heard.iter().map(name).collect()
    }

    #[test]
    fn an_arrow_sent_byte_by_byte_is_one_key() {
        let mut d = Decoder::default();
        assert!(d.feed(b"\x1b").is_empty() && d.is_open());
        assert!(d.feed(b"[").is_empty() && d.is_open());
        assert_eq!(names(&d.feed(b"A")), ["up"]);
        assert!(!d.is_open());
    }

    #[test]
    fn a_lone_escape_is_the_escape_key_once_its_time_is_over() {
        let mut d = Decoder::default();
        assert!(d.feed(b"\x1b").is_empty());
        assert_eq!(names(&d.time_out()), ["esc"]);
        d.feed(b"\x1b[");
        assert_eq!(names(&d.time_out()), ["esc", "["]);
        assert!(d.time_out().is_empty());
    }

    #[test]
    fn keys_with_modifiers_and_other_alphabets_are_read() {
        let mut d = Decoder::default();
        let heard = d.feed("\x1b[1;5C\x1b[5~\x1bOH\x1b[Z\x03ä\x1bx\x1b[15~\x1b[24~".as_bytes());
        assert_eq!(
            names(&heard),
            ["ctrl-right", "pgup", "home", "shift-tab", "ctrl-c", "ä", "alt-x", "f5", "f12"]
        );
    }

    #[test]
    fn the_mouse_is_read_in_both_its_notations_and_never_as_keys() {
        let mut d = Decoder::default();
        let at = |what, column, row| Heard::Mouse { what, column, row };
        assert_eq!(d.feed(b"\x1b[<0;10;5M"), [at(Mouse::Press, 9, 4)]);
        assert!(
            d.feed(b"\x1b[<0;10;5m\x1b[<35;10;5M\x1b[<2;1;1M\x1b[<0;0;1M\x1b[<M").is_empty(),
            "let go, moved, another button"
        );
        assert_eq!(
            d.feed(b"\x1b[<64;1;1M\x1b[<69;300;2M"),
            [at(Mouse::WheelUp, 0, 0), at(Mouse::WheelDown, 299, 1)]
        );
        assert!(d.feed(b"\x1b[M q").is_empty() && d.is_open());
        assert_eq!(d.feed(b"!"), [at(Mouse::Press, 80, 0)]);
    }

    #[test]
    fn a_paste_is_text_even_with_escapes_and_keys_in_it() {
        let mut d = Decoder::default();
        assert!(d.feed(b"\x1b[200~pq\x1b[Ax").is_empty());
        let heard = d.feed(b"y\x1b[201~z");
        assert_eq!(heard[0], Heard::Input(Input::Paste("pq\x1b[Axy".into())));
        assert_eq!(names(&heard[1..]), ["z"]);
    }

    #[test]
    fn late_answers_of_the_terminal_are_no_keys() {
        let mut d = Decoder::default();
        let heard =
            d.feed(b"\x1b[?2026;2$y\x1b[?62;22c\x1b]11;rgb:1e1e/1e1e/1e1e\x1b\\\x1bP>|tmux 3.4\x1b\\q");
        assert_eq!(heard[0], Heard::Reply('[', "?2026;2$y".into()));
        assert_eq!(heard[2], Heard::Reply(']', "11;rgb:1e1e/1e1e/1e1e".into()));
        assert_eq!(names(&heard[4..]), ["q"]);
        d.feed(b"\x1b]11;rgb:1e1e");
        assert!(d.time_out().is_empty(), "half an answer is no keys either");
    }

    proptest! {
        #[test]
        fn however_the_bytes_are_cut_the_same_is_heard(
            bytes in proptest::collection::vec(prop_oneof![Just(0x1bu8), Just(b'['), Just(b'A'), Just(b'2'), Just(b'0'), Just(b'~'), Just(b';'), any::<u8>()], 0..60),
            cut in 1usize..8,
        ) {
            let mut whole = Decoder::default();
            let mut pieces = Decoder::default();
            let at_once = whole.feed(&bytes);
            let piecewise: Vec<Heard> = bytes.chunks(cut).flat_map(|c| pieces.feed(c)).collect();
            prop_assert_eq!(at_once, piecewise);
        }
    }
}
