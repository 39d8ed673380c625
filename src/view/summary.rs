//! The run in as many lines as there are, where there is no room for pages.

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::glyphs::Glyphs;
use super::header::status;
use super::ink::{Ink, fit, fit_words, width};
use super::params::first_row;
use super::slots::silence;
use super::text;
use super::trial::gauge;
use crate::app::{Model, estimate};
use crate::session::State;

/// Draws the summary: state, best, generation, slots, in this order of importance.
pub fn draw(ink: &mut Ink, area: Rect, model: &Model) {
    let (theme, dots) = (ink.theme, ink.theme.glyphs.dots);
    let (status, status_style) = status(ink, model);
    let Some(state) = &model.state else {
        ink.put(area, 0, 0, &fit(&status, area.width, dots), status_style);
        return;
    };
    ink.tint(Rect { height: area.height.min(1), ..area }, theme.header);
    let x = ink.put(area, 0, 0, &fit(&state.name, area.width / 2, dots), theme.header.patch(theme.title));
    let room = area.width.saturating_sub(x + 2);
    ink.put(area, x + 2, 0, &fit_words(&status, room, dots), theme.header.patch(status_style));
    let mut y = 1;
    if let Some(toast) = model.toasts.shown().last() {
        let style = if toast.error { theme.error } else { theme.good };
        ink.put(area, 0, y, &fit_words(&toast.text, area.width, dots), style);
        y += 1;
    }
    for (text, style) in lines(state, model, &theme.glyphs, theme.best, theme.text) {
        ink.put(area, 0, y, &fit_words(&text, area.width, dots), style);
        y += 1;
    }
    let names = state.slots.keys().map(|n| width(n)).max().unwrap_or(0).min(area.width / 3);
    let rows = usize::from(area.height.saturating_sub(y));
    let first = first_row(model.slot_index(), rows, state.slots.len());
    for (at, name) in state.slots.keys().enumerate().skip(first).take(rows) {
        let row = Rect { y: area.y + y, height: 1, ..area };
        if state.slots.len() > 1 && at == model.slot_index() {
            ink.tint(row, theme.cursor);
            ink.put(row, 0, 0, ">", theme.cursor.patch(theme.accent));
        }
        slot(ink, row, model, state, name, names);
        y += 1;
    }
    if model.overlay.is_some() {
        super::overlay::draw(ink, area, model);
    }
}

/// The best, and how far the run is.
fn lines(state: &State, model: &Model, glyphs: &Glyphs, best: Style, plain: Style) -> Vec<(String, Style)> {
    let mut lines = Vec::new();
    if let Some((trial, fitness)) = state.history.best() {
        let error = glyphs.own(&text::give_or_take(state, trial.candidate));
        lines.push((format!("best {fitness:.4}{error} at gen {}", trial.generation), best));
    }
    let last = state.history.next_generation().saturating_sub(1);
    let left = estimate::run_left(state, &model.live, model.clock())
        .map(|s| format!("  left {}", text::duration(s)));
    lines.push((format!("gen {last}/{}{}", state.generations(), left.unwrap_or_default()), plain));
    lines
}

/// A slot: its name, what it trains, and how far that is.
fn slot(ink: &mut Ink, row: Rect, model: &Model, state: &State, name: &str, names: u16) {
    let theme = ink.theme;
    ink.put(row, 1, 0, &fit(name, names, theme.glyphs.dots), theme.label);
    let x = names + 3;
    let Some((generation, running)) = state.running.iter().find(|(_, r)| r.slot == name) else {
        ink.put(row, x, 0, "-", theme.dim);
        return;
    };
    let x = ink.put(row, x, 0, &format!("gen {generation}"), theme.text) + 2;
    if let Some(since) = running.frozen_since {
        let frozen = format!("frozen since {}", text::time_of_day(since, &model.zone));
        ink.put(row, x, 0, &fit_words(&frozen, row.width.saturating_sub(x), theme.glyphs.dots), theme.warn);
        return;
    }
    if let Some(silent) = silence(model, *generation) {
        ink.put(row, x, 0, &fit_words(&silent, row.width.saturating_sub(x), theme.glyphs.dots), theme.warn);
        return;
    }
    let done = model.live.done(*generation, running).unwrap_or(0.0);
    let percent = format!("{:.0}%", done * 100.0);
    let cells = row.width.saturating_sub(x + 6).min(20);
    gauge(ink, row, x, 0, cells, done, false);
    ink.put(row, x + cells + u16::from(cells > 0), 0, &percent, theme.text);
}
