//! How much room a text takes, and a text in as many lines as it needs: what scrolling counts in and drawing draws.

use ratatui::text::Span;

/// Cells that a text takes.
pub fn width(text: &str) -> u16 {
    // Most of what is drawn is plain, and need not be taken apart.
    if text.is_ascii() {
        return text.len().min(usize::from(u16::MAX)) as u16;
    }
    Span::raw(text).width().min(usize::from(u16::MAX)) as u16
}

/// The text if it fits, else its beginning and the mark for more.
pub fn fit(text: &str, cells: u16, dots: &str) -> String {
    if width(text) <= cells {
        return text.to_owned();
    }
    if cells == 0 {
        return String::new();
    }
    let (mut cut, mut used) = (String::new(), 1);
    for c in text.chars() {
        used += width(c.encode_utf8(&mut [0; 4]));
        if used > cells {
            break;
        }
        cut.push(c);
    }
    cut + dots
}

/// The words in lines of at most this many cells; a longer word is cut. A space that does not break is drawn as one.
pub fn wrap(text: &str, cells: u16, dots: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let breaks = |c: char| c.is_whitespace() && c != '\u{a0}';
    for word in text.split(breaks).filter(|word| !word.is_empty()) {
        let word = &word.replace('\u{a0}', " ");
        match lines.last_mut() {
            Some(line) if width(line) + 1 + width(word) <= cells => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(fit(word, cells, dots)),
        }
    }
    lines
}

/// The text as it is, in lines of at most this many cells; broken at a space where there is one in the second half.
pub fn fold(text: &str, cells: u16) -> Vec<String> {
    let (mut lines, mut line, mut used) = (Vec::new(), String::new(), 0);
    for c in text.chars() {
        let wide = width(c.encode_utf8(&mut [0; 4]));
        if used + wide > cells && !line.is_empty() {
            let at = line.rfind(' ').map(|at| at + 1).filter(|at| at * 2 > line.len() && *at < line.len());
            let rest = at.map_or_else(String::new, |at| line.split_off(at));
            lines.push(std::mem::replace(&mut line, rest));
            used = width(&line);
        }
        line.push(c);
        used += wide;
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_wrapped_whole() {
        assert_eq!(wrap("a bad edit changes nothing", 10, "~"), ["a bad edit", "changes", "nothing"]);
    }

    #[test]
    fn a_folded_line_keeps_every_character() {
        assert_eq!(fold("", 8), [""]);
        assert_eq!(fold("epoch 1/3   box 0.1", 14), ["epoch 1/3   ", "box 0.1"]);
        assert_eq!(fold("/a/long/path", 5), ["/a/lo", "ng/pa", "th"]);
        for cells in 1..30 {
            let text = "  Epoch   GPU_mem   box_loss  100%|██████| 3/3 [00:01<00:00]";
            assert_eq!(fold(text, cells).concat(), text);
            assert!(fold(text, cells).iter().all(|line| width(line) <= cells));
        }
    }
}
