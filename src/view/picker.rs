//! The picker as cells.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::Theme;
use super::footer::hint_line;
use super::ink::{Ink, fit, width};
use super::params::first_row;
use crate::app::picker::{Picker, Standing};

/// Draws the list.
pub fn draw_picker(picker: &Picker, theme: &Theme, buf: &mut Buffer) {
    let mut ink = Ink::new(buf, theme);
    let area = ink.area();
    ink.tint(area, theme.text);
    let body = Rect { height: area.height.saturating_sub(1), ..area };
    let inner = ink.frame(body, "evotop  sessions", theme.border);
    let names = picker.choices.iter().map(|c| width(&c.name)).max().unwrap_or(4).min(inner.width / 3);
    let rows = usize::from(inner.height);
    let first = first_row(picker.cursor, rows, picker.choices.len());
    for (y, (i, choice)) in picker.choices.iter().enumerate().skip(first).take(rows).enumerate() {
        let y = y as u16;
        let base = if i == picker.cursor { theme.cursor } else { Style::new() };
        ink.tint(Rect::new(inner.x, inner.y + y, inner.width, 1), base);
        ink.put(inner, 0, y, if i == picker.cursor { ">" } else { " " }, base.patch(theme.accent));
        ink.put(inner, 2, y, &fit(&choice.name, names, theme.glyphs.dots), base.patch(theme.text));
        let style = match choice.standing {
            Standing::Running => theme.good,
            Standing::Interrupted => theme.warn,
            Standing::Finished => theme.label,
        };
        let x = names + 4;
        ink.put(inner, x, y, choice.standing.word(), base.patch(style));
        let x = x + 13;
        let end = ink.put(
            inner,
            x,
            y,
            &fit(&choice.detail, inner.width.saturating_sub(x), theme.glyphs.dots),
            base,
        );
        let room = inner.width.saturating_sub(end + 3);
        if room > 8 {
            ink.put_right(
                inner,
                inner.width - 1,
                y,
                &fit(&choice.place, room, theme.glyphs.dots),
                base.patch(theme.dim),
            );
        }
    }
    let y = area.height.saturating_sub(1);
    let chosen = picker.choices.get(picker.cursor);
    if let (true, Some(chosen)) = (picker.asks, chosen) {
        let x = ink.put(
            area,
            1,
            y,
            &format!("{} {}: resume it?  ", chosen.name, chosen.standing.word()),
            theme.warn,
        );
        ink.put(area, x, y, "y yes   Esc no", theme.key);
        return;
    }
    let enter = match chosen.map(|c| c.standing) {
        Some(Standing::Running) => "attach",
        Some(Standing::Interrupted) => "resume",
        _ => "look at it",
    };
    let hints = [("enter", enter), ("v", "replay"), ("r", "resume"), ("q", "leave")];
    hint_line(&mut ink, area, y, &hints.map(|(k, w)| (k.to_owned(), w.to_owned())));
}
