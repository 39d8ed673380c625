//! Words and paths as a shell needs them, for command lines that a person copies from a message. Nothing here is run.

use std::borrow::Cow;
use std::path::Path;

/// A word in quotes, where a shell would make something else of it.
pub fn word(word: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+%@".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.into()
    } else {
        format!("'{}'", word.replace('\'', r"'\''")).into()
    }
}

/// A path, likewise. One that is no text is shown as well as it can be.
pub fn path(path: &Path) -> String {
    word(&path.to_string_lossy()).into_owned()
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_shell_reads_back_the_word_that_was_meant() {
        for meant in [
            "",
            "a b",
            "it's",
            "$HOME `ls` \"x\" \\",
            "*.yaml; rm x",
            "~",
            "#1",
            "{a,b}",
            "zwei\nZeilen",
            "é",
        ] {
            let line = format!("printf %s {}", word(meant));
            let read = Command::new("sh").args(["-c", &line]).output().unwrap().stdout;
            assert_eq!(String::from_utf8_lossy(&read), meant, "{line}");
        }
        assert_eq!(word("--lr=1e-3,x:y@z"), "--lr=1e-3,x:y@z", "no quotes where none are needed");
    }
}
