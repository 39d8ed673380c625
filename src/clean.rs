//! Text from outside, made harmless: without escape sequences and other control characters.
//!
//! What a trainer prints or reports is cleaned where it comes in; lines of the log, messages and everything that goes to
//! a terminal without the screen are cleaned where they go out as well, since a name in a file can hold anything.

/// The text without control characters and escape sequences (colours, titles, cursor moves); tabs become spaces.
pub fn clean(text: &str) -> String {
    if !text.chars().any(is_harmful) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\t' => out.push(' '),
            '\u{1b}' => match chars.next() {
                Some('[') => control_sequence(&mut chars),
                Some(']' | 'P' | '^' | '_' | 'X') => string(&mut chars),
                // Intermediate bytes, then a final one: character sets.
                Some(' '..='/') => {
                    while chars.next_if(|c| matches!(c, ' '..='/')).is_some() {}
                    chars.next();
                }
                _ => {}
            },
            '\u{9b}' => control_sequence(&mut chars),
            '\u{90}' | '\u{98}' | '\u{9d}'..='\u{9f}' => string(&mut chars),
            c if is_harmful(c) => {}
            c => out.push(c),
        }
    }
    out
}

/// As [`clean`], line by line: the ends of lines stay.
pub fn clean_lines(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(clean).collect();
    lines.join("\n")
}

/// A line of JSON without the escapes that stand for control characters, whose raw form is cleaned away already.
pub fn clean_json(text: &str) -> String {
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let escape = &rest[at..];
        let hex = escape.strip_prefix("\\u").and_then(|hex| hex.get(..4));
        let code = hex.and_then(|hex| u32::from_str_radix(hex, 16).ok());
        // `\u` with four digits; otherwise the backslash and the character behind it.
        let length = match code {
            Some(_) => 6,
            None => 1 + escape.chars().nth(1).map_or(0, char::len_utf8),
        };
        let short = matches!(&escape[1..length], "b" | "f" | "n" | "r" | "t");
        if short {
            out.push(' ');
        } else if !code.and_then(char::from_u32).is_some_and(is_harmful) {
            out.push_str(&escape[..length]);
        }
        rest = &escape[length..];
    }
    out + rest
}

/// Control characters, and those that turn the direction of what follows and could make a line lie.
fn is_harmful(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

type Chars<'a> = std::iter::Peekable<std::str::Chars<'a>>;

/// Parameters, then one final byte.
fn control_sequence(chars: &mut Chars) {
    while chars.next_if(|c| matches!(c, ' '..='?')).is_some() {}
    chars.next_if(|c| matches!(c, '@'..='~'));
}

/// Anything up to a bell or a string terminator.
fn string(chars: &mut Chars) {
    while let Some(c) = chars.next() {
        if matches!(c, '\u{7}' | '\u{9c}') || (c == '\u{1b}' && chars.next_if_eq(&'\\').is_some()) {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn colours_titles_and_cursor_moves_leave_no_trace() {
        assert_eq!(clean("val acc \x1b[1;32m0.93\x1b[0m\tok"), "val acc 0.93 ok");
        assert_eq!(
            clean("\x1b]0;title\x07a\x1b[2Jb\u{9b}31mc\x1b]8;;http://x\x1b\\d\x1b(Be\x1b7f"),
            "abcdef"
        );
        assert_eq!(clean("100%|\u{2588}\u{2588}| 8/8\u{0}\u{8}"), "100%|\u{2588}\u{2588}| 8/8");
        assert_eq!(clean("unfinished \x1b["), "unfinished ");
    }

    #[test]
    fn escapes_in_json_cannot_bring_control_characters_back() {
        let said =
            |text: &str| serde_json::from_str::<serde_json::Value>(&clean_json(text)).unwrap()["a"].clone();
        assert_eq!(said(r#"{"a":"x\u001b[31my\u009bz\u202e"}"#), "x[31myz");
        assert_eq!(said(r#"{"a":"one\ntwo \"q\" c:\\u001b \u00e9"}"#), "one two \"q\" c:\\u001b \u{e9}");
        assert_eq!(clean_json(r#"{"a":"torn\"#), r#"{"a":"torn\"#);
    }

    #[test]
    fn lines_stay_lines() {
        assert_eq!(clean_lines("a\x1b[2J\nb\n"), "a\nb\n");
    }

    proptest! {
        #[test]
        fn cleaned_json_is_json_without_control_characters(text in "(\\PC|[\\x00-\\x1f\\x7f-\\x9f\"\\\\]){0,60}") {
            // As Python writes it.
            let ascii = |c: char| if is_harmful(c) { format!("\\u{:04x}", c as u32) } else { c.to_string() };
            let line: String = serde_json::to_string(&text).unwrap().chars().map(ascii).collect();
            let said: String = serde_json::from_str(&clean_json(&line)).unwrap();
            prop_assert!(!said.chars().any(is_harmful), "{said:?}");
        }

        #[test]
        fn nothing_a_trainer_prints_can_steer_a_terminal(text in "(\\PC|[\\x00-\\x1f\\x7f-\\x9f]){0,80}") {
            prop_assert!(clean(&text).chars().all(|c| !c.is_control()));
        }

        #[test]
        fn printable_text_is_left_alone(text in "[ -~äöü█]{0,80}") {
            prop_assert_eq!(clean(&text), text);
        }
    }
}
