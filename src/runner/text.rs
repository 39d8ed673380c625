//! What a trainer prints, made harmless: without escape sequences and other control characters.

/// The text without control characters and escape sequences (colours, titles, cursor moves); tabs become spaces.
pub fn clean(text: &str) -> String {
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
            // Characters that turn the direction of what follows could make a line lie.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
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

/// The last lines of a text: at most so many bytes, cut between characters.
pub fn push_bounded(text: &mut String, line: &str, bytes: usize) {
    text.push_str(line);
    text.push('\n');
    let excess = text.len().saturating_sub(bytes);
    let cut = (excess..text.len()).find(|i| text.is_char_boundary(*i)).unwrap_or(0);
    text.drain(..cut);
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

    proptest! {
        #[test]
        fn nothing_a_trainer_prints_can_steer_a_terminal(text in "(\\PC|[\\x00-\\x1f\\x7f-\\x9f]){0,80}") {
            prop_assert!(clean(&text).chars().all(|c| !c.is_control()));
        }

        #[test]
        fn printable_text_is_left_alone(text in "[ -~äöü█]{0,80}") {
            prop_assert_eq!(clean(&text), text);
        }

        #[test]
        fn last_words_stay_short(lines in prop::collection::vec("[a-zä]{0,50}", 0..50)) {
            let mut words = String::new();
            for line in &lines {
                push_bounded(&mut words, line, 100);
            }
            prop_assert!(words.len() <= 100);
            if let Some(last) = lines.last() {
                let (words, last) = (words.trim_end(), last.as_str());
                prop_assert!(words.ends_with(last));
            }
        }
    }
}
