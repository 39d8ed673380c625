//! The page Log: the events, or the raw log of a slot's trial.

use std::collections::VecDeque;

use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use super::ink::{Ink, fit, fold, wrap};
use super::text;
use crate::app::Model;
use crate::app::log::{INDENT, Source, event_cells, raw_cells};
use crate::session::State;

/// Draws the page into the body.
pub fn draw(ink: &mut Ink, body: Rect, model: &Model) {
    let Some(state) = &model.state else { return };
    let theme = ink.theme;
    let log = &model.log;
    let follow = if log.back == 0 { "following" } else { "held" };
    let title = match &log.source {
        Source::Events => format!("Events  {follow}"),
        Source::Slot(slot) if log.raw.title.is_empty() => format!("Log of {slot}"),
        Source::Slot(_) => format!("Log of {}  {follow}", log.raw.title),
    };
    let search = if log.search.is_empty() { String::new() } else { format!("  /{}", log.search) };
    let inner = ink.frame(body, &(title + &search), theme.border);
    let count = log.len(state);
    if count == 0 {
        let text = match (&log.source, &log.raw.error) {
            (Source::Slot(_), Some(why)) => format!("the log cannot be read: {why}"),
            (Source::Slot(_), None) if !log.raw.looked => "reading the log".into(),
            (Source::Slot(_), None) => "nothing in the log yet".into(),
            (Source::Events, _) => "nothing has happened yet".into(),
        };
        ink.put(inner, 1, 0, &fit(&text, inner.width.saturating_sub(2), theme.glyphs.dots), theme.dim);
        return;
    }
    // From the last line shown upwards, each over as many rows as it needs; what the first ones leave is for later ones.
    let dots = theme.glyphs.dots;
    let rows = usize::from(inner.height);
    let last = count.saturating_sub(log.back + 1);
    let mut shown: VecDeque<(usize, Line)> = VecDeque::new();
    for at in (0..=last).rev() {
        for line in lines(model, state, at, inner.width, dots).into_iter().rev() {
            shown.push_front((at, line));
        }
        if shown.len() >= rows {
            break;
        }
    }
    let over = shown.len().saturating_sub(rows);
    shown.drain(..over);
    for at in last + 1..count {
        if shown.len() >= rows {
            break;
        }
        shown.extend(lines(model, state, at, inner.width, dots).into_iter().map(|line| (at, line)));
    }
    for (y, (at, line)) in (0..inner.height).zip(&shown) {
        put(ink, inner, y, line, model, log.found == Some(*at));
    }
    if log.back > 0 {
        ink.put_right(
            body,
            body.width.saturating_sub(2),
            body.height - 1,
            &format!(" {} of {count} ", count - log.back),
            theme.dim,
        );
    }
}

struct Line {
    time: Option<String>,
    indent: u16,
    text: String,
}

fn lines(model: &Model, state: &State, at: usize, cells: u16, dots: &str) -> Vec<Line> {
    match model.log.source {
        Source::Events => {
            let Some(entry) = state.log.get(at) else { return Vec::new() };
            let time = text::date_and_time(entry.time, &model.zone)
                + &text::time_with_seconds(entry.time, &model.zone)[5..];
            let indent = INDENT;
            let wrapped = wrap(&entry.text, event_cells(cells), dots);
            wrapped
                .into_iter()
                .enumerate()
                .map(|(i, text)| Line { time: (i == 0).then(|| time.clone()), indent, text })
                .collect()
        }
        Source::Slot(_) => {
            let text = model.log.raw.lines.get(at).map_or("", String::as_str);
            let folded = fold(text, raw_cells(cells)).into_iter();
            folded.map(|text| Line { time: None, indent: 1, text }).collect()
        }
    }
}

fn put(ink: &mut Ink, area: Rect, y: u16, line: &Line, model: &Model, found: bool) {
    let theme = ink.theme;
    if let Some(time) = &line.time {
        ink.put(area, 1, y, time, theme.dim);
    }
    let style = style_of(&line.text, theme.text, theme.bad, theme.warn, theme.now);
    ink.put(area, line.indent, y, &line.text, style);
    let wanted = model.log.search.to_lowercase();
    if wanted.is_empty() {
        return;
    }
    // Marks what was searched for.
    let lower = line.text.to_lowercase();
    if lower.len() == line.text.len() {
        for (start, hit) in lower.match_indices(&wanted) {
            let x = line.indent + super::ink::width(&lower[..start]);
            let cell = Rect::new(area.x + x, area.y + y, super::ink::width(hit), 1).intersection(area);
            ink.tint(
                cell,
                if found {
                    Style::new().add_modifier(Modifier::REVERSED)
                } else {
                    theme.warn.add_modifier(Modifier::UNDERLINED)
                },
            );
        }
    }
}

/// Failures and steering stand out.
fn style_of(text: &str, plain: Style, bad: Style, warn: Style, now: Style) -> Style {
    let has = |words: &[&str]| words.iter().any(|w| text.contains(w));
    if has(&[" failed: ", "quarantined", "disk full"]) {
        bad
    } else if has(&[" diverged", "paused", "frozen", "aborted", "goes back to the queue"]) {
        warn
    } else if has(&["applies from gen"]) {
        now
    } else {
        plain
    }
}
