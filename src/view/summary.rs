//! The run in as many lines as there are, where there is no room for pages.

use ratatui::layout::Rect;

use super::ink::{Ink, fit};
use super::text;
use crate::app::{Model, Status, estimate};

/// Draws the summary: state, best, generation, slots, in this order of importance.
pub fn draw(ink: &mut Ink, area: Rect, model: &Model) {
    let theme = ink.theme;
    let Some(state) = &model.state else {
        ink.put(area, 0, 0, &fit("connecting", area.width, theme.glyphs.dots), theme.dim);
        return;
    };
    let status = match model.status() {
        Status::Training => "training".into(),
        Status::Starting | Status::Connecting => "starting".into(),
        Status::Lost(why) => format!("lost: {why}"),
        Status::Pausing { running, .. } => format!("pausing, {running} running"),
        Status::Paused(why) => why,
        Status::Frozen { since } => format!("frozen since {}", text::time_of_day(since, &model.zone)),
        Status::Complete => "complete".into(),
        Status::Closed => "session ended".into(),
    };
    let last = state.history.next_generation().saturating_sub(1);
    let mut lines = vec![(format!("{}  {status}", state.name), theme.title)];
    if let Some((trial, fitness)) = state.history.best() {
        lines.push((format!("best {fitness:.4} at gen {}", trial.generation), theme.best));
    }
    let left = estimate::run_left(state, &model.live, model.clock())
        .map(|s| format!("  left {}", text::duration(s)));
    lines
        .push((format!("gen {last}/{}{}", state.settings.generations, left.unwrap_or_default()), theme.text));
    for (name, _) in &state.slots {
        let running = state.running.iter().find(|(_, r)| r.slot == *name);
        let what = match running {
            Some((_, r)) if r.frozen_since.is_some() => "frozen".into(),
            Some((g, r)) => {
                let done = model.live.done(*g, r).map_or(String::new(), |d| format!(" {:.0}%", d * 100.0));
                format!("gen {g}{done}")
            }
            None => "-".into(),
        };
        lines.push((format!("{name}  {what}"), theme.label));
    }
    if let Some(toast) = model.toasts.shown().last() {
        lines.insert(
            1.min(lines.len()),
            (toast.text.clone(), if toast.error { theme.error } else { theme.good }),
        );
    }
    for (y, (line, style)) in lines.iter().take(usize::from(area.height)).enumerate() {
        ink.put(area, 0, y as u16, &fit(line, area.width, theme.glyphs.dots), *style);
    }
    if model.overlay.is_some() {
        super::overlay::draw(ink, area, model);
    }
}
