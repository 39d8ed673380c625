//! What `?` lists, in a box over the page.

use ratatui::layout::Rect;

use super::ink::{Ink, fit, fit_words};
use super::overlay::popup;
use crate::app::Model;
use crate::app::help::{Entry, Mark, columns, key_cells, lines, rows};

/// Draws the list from the line `scroll` on.
pub fn draw(ink: &mut Ink, area: Rect, model: &Model, scroll: usize) {
    let lines = lines(model);
    let columns = columns(area.width);
    let keys = key_cells(&lines, columns);
    let inner = popup(ink, area, "Help", columns, rows(area.height, lines.len()) as u16);
    let (theme, g) = (ink.theme, ink.theme.glyphs);
    let key_style = theme.key.patch(theme.accent);
    let first = scroll.min(lines.len().saturating_sub(usize::from(inner.height)));
    for (y, line) in (0..inner.height).zip(lines.iter().skip(first)) {
        let (key, doc) = match line {
            Entry::Blank => continue,
            Entry::Heading(text) => {
                ink.put(inner, 0, y, &fit_words(text, inner.width, g.dots), theme.title);
                continue;
            }
            Entry::Key(key, doc) => (key.as_str(), doc.as_str()),
            Entry::Mark(mark, what) => (glyph(*mark, ink), what.as_str()),
            Entry::More(doc) => ("", doc.as_str()),
        };
        ink.put(inner, 0, y, &fit(key, keys, g.dots), key_style);
        ink.put(
            inner,
            keys + 2,
            y,
            &fit_words(doc, inner.width.saturating_sub(keys + 2), g.dots),
            theme.text,
        );
    }
    let panel = Rect { width: inner.width + 2, height: inner.height + 1, ..inner };
    ink.place(panel, first, usize::from(inner.height), lines.len());
}

fn glyph(mark: Mark, ink: &Ink) -> &'static str {
    let g = ink.theme.glyphs;
    match mark {
        Mark::Now => g.now,
        Mark::Best => g.best,
        Mark::Both => g.both,
        Mark::Elite => g.elite,
        Mark::Letter(letter) => letter,
    }
}
