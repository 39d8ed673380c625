//! The slots: one row each, what it trains, how far it is, how fast, how it compares, or why it stands still.

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::ink::{Ink, fit, width};
use super::params::first_row;
use super::text;
use super::trial::{against_best, gauge};
use crate::app::{DeviceUse, Model, estimate};
use crate::journal::Mode;
use crate::session::{Slot, SlotHealth, State};

/// A trial is called silent after this many times the usual gap between its signs of life, and this many seconds.
const SILENT_TIMES: f64 = 3.0;
const SILENT_LEAST: f64 = 60.0;

/// Draws the slots in their box.
pub fn draw(ink: &mut Ink, area: Rect, model: &Model) {
    let Some(state) = &model.state else { return };
    let waiting = state.queue.len();
    let title = match (state.slots.len(), waiting) {
        (n, 0) if n > 1 => format!("Slots  {} of {n} training", state.running.len()),
        (n, _) if n > 1 => format!("Slots  {} of {n} training, {waiting} waiting", state.running.len()),
        _ => "Devices".into(),
    };
    let inner = ink.frame(area, &title, ink.theme.border);
    let total = state.slots.len();
    if total == 0 {
        let style = ink.theme.dim;
        ink.put(inner, 1, 0, "no slot: the session is not running", style);
        return;
    }
    let rows = usize::from(inner.height);
    let first = first_row(model.slot_index(), rows, total);
    let name_cells = state.slots.keys().map(|n| width(n)).max().unwrap_or(4).min(12);
    for (y, at) in (first..total.min(first + rows)).enumerate() {
        if let Some((name, slot)) = state.slots.get_index(at) {
            let selected = total > 1 && at == model.slot_index();
            row(ink, inner, y as u16, model, state, (name, slot), name_cells, selected);
        }
    }
    // The rows below say more of a single device.
    if total == 1
        && rows > 1
        && let Some(device) = state.slots.get_index(0).and_then(|(_, s)| device(model, &s.spec.device))
    {
        let style = ink.theme.label;
        ink.put(
            inner,
            1,
            1,
            &fit(&device_text(device, true), inner.width.saturating_sub(2), ink.theme.glyphs.dots),
            style,
        );
    }
    if total > rows {
        let more = format!(" {}-{} of {total} ", first + 1, (first + rows).min(total));
        let style = ink.theme.dim;
        ink.put_right(area, area.width.saturating_sub(2), area.height.saturating_sub(1), &more, style);
    }
}

fn device<'a>(model: &'a Model, name: &str) -> Option<&'a DeviceUse> {
    model.devices.iter().find(|d| d.device == name)
}

#[expect(clippy::too_many_arguments, reason = "a row needs all of it, and only here")]
fn row(
    ink: &mut Ink,
    area: Rect,
    y: u16,
    model: &Model,
    state: &State,
    (name, slot): (&String, &Slot),
    name_cells: u16,
    selected: bool,
) {
    let theme = ink.theme;
    if selected {
        ink.tint(Rect::new(area.x, area.y + y, area.width, 1), theme.cursor);
    }
    let base = if selected { theme.cursor } else { Style::new() };
    ink.put(area, 0, y, if selected { ">" } else { " " }, base.patch(theme.accent));
    ink.put(area, 1, y, &fit(name, name_cells, theme.glyphs.dots), base.patch(theme.text));
    let x = name_cells + 3;
    let running = state.running.iter().find(|(_, r)| r.slot == *name);
    let Some((generation, running)) = running else {
        let (text, style) = idle(model, state, slot, theme.warn, theme.dim);
        let room = area.width.saturating_sub(x + 1);
        ink.put(area, x, y, &fit(&text, room, theme.glyphs.dots), base.patch(style));
        return;
    };
    let generation = *generation;
    let x = ink.put(area, x, y, &format!("gen {generation}"), base.patch(theme.text)) + 2;
    if let Some(since) = running.frozen_since {
        let time = text::time_of_day(since, &model.zone);
        let says = [
            format!("frozen since {time}, memory stays taken"),
            format!("frozen since {time}"),
            format!("frozen {time}"),
            "frozen".to_owned(),
        ];
        let fitting = says.iter().find(|text| x + width(text) <= area.width).unwrap_or(&says[3]);
        ink.put(area, x, y, fitting, base.patch(theme.warn));
        return;
    }
    let live = model.live.get(generation);
    let silent = silent(model, running.since, running.epoch_at, running.epoch, live.map(|l| l.at));
    let mut pieces: Vec<(String, Style)> = Vec::new();
    let left = estimate::trial_left(state, &model.live, generation, model.clock()).map(text::duration);
    let (epoch, epochs) =
        live.map_or((running.epoch, running.epochs), |l| (l.progress.epoch, l.progress.epochs));
    pieces.push((left.unwrap_or_else(|| text::duration(running.trained(model.clock()))), theme.text));
    if let Some(silent) = silent {
        pieces.insert(0, (format!("silent {}", text::short_duration(silent)), theme.warn));
    }
    let device = device(model, &slot.spec.device);
    if let Some(rate) = live.and_then(|l| l.progress.rate) {
        let unit = live.and_then(|l| l.progress.unit.clone()).unwrap_or_else(|| "img/s".into());
        pieces.push((format!("{rate:.0} {unit}"), theme.text));
    }
    let compared = state.history.get(generation).and_then(|t| against_best(state, t));
    if let Some((text, ahead)) = compared {
        let short = text.replace(" of best", "").replace(" best", "");
        pieces.push((short, if ahead { theme.good } else { theme.warn }));
    }
    if let Some(memory) = live.and_then(|l| l.progress.memory) {
        pieces.push((text::bytes(memory), theme.label));
    }
    if let Some(use_) = device.and_then(|d| d.utilisation) {
        pieces.push((format!("{:.0}%", use_ * 100.0), theme.label));
    }
    if epochs > 0 {
        pieces.push((format!("epoch {epoch}/{epochs}"), theme.label));
    }
    // A bar of the same length in every row, and as many pieces beside it as fit whole.
    let cells = (area.width.saturating_sub(x + 1) * 2 / 5).clamp(8, 30).min(area.width.saturating_sub(x + 8));
    let room = area.width.saturating_sub(x + cells + 1);
    let mut used = 0;
    let fitting: Vec<_> = pieces
        .into_iter()
        .take_while(|(text, _)| {
            used += width(text) + 2;
            used <= room + 1
        })
        .collect();
    let done = model.live.done(generation, running).unwrap_or(0.0);
    gauge(ink, area, x, y, cells, done, false);
    let mut x = x + cells + 2;
    for (text, style) in fitting {
        x = ink.put(area, x, y, &text, base.patch(style)) + 2;
    }
    if selected {
        ink.tint(Rect::new(area.x, area.y + y, area.width, 1), Style { fg: None, ..theme.cursor });
    }
}

/// Seconds since the last sign of life, where that is unusual.
fn silent(model: &Model, since: i64, epoch_at: i64, epoch: u32, heard: Option<i64>) -> Option<f64> {
    let last = heard.unwrap_or(epoch_at).max(epoch_at);
    let quiet = (model.clock() - last) as f64 / 1000.0;
    let usual = if epoch > 0 { (epoch_at - since) as f64 / 1000.0 / f64::from(epoch) } else { f64::INFINITY };
    let usual = if heard.is_some() { usual.min(20.0) } else { usual };
    (quiet > SILENT_LEAST && quiet > usual * SILENT_TIMES).then_some(quiet)
}

/// Why a slot trains nothing.
fn idle(model: &Model, state: &State, slot: &Slot, warn: Style, dim: Style) -> (String, Style) {
    match &slot.health {
        SlotHealth::Quarantined { reason, retry_at } => {
            let left = text::short_duration(((retry_at - model.clock()) as f64 / 1000.0).max(0.0));
            (format!("quarantined, next try {left}: {reason}"), warn)
        }
        SlotHealth::Leaving => ("leaving".into(), dim),
        SlotHealth::Well if state.mode != Mode::Running => ("paused".into(), warn),
        SlotHealth::Well if state.is_complete() => ("done".into(), dim),
        SlotHealth::Well if state.left_to_propose() == 0 => ("nothing left to start".into(), dim),
        SlotHealth::Well
            if model.settings().is_some_and(|s| s.strategy == crate::evolve::StrategyKind::Population) =>
        {
            let left = state.history.open().len();
            (format!("waiting for the round: {left} left"), dim)
        }
        SlotHealth::Well => ("free".into(), dim),
    }
}

/// A device's figures in a line.
pub fn device_text(device: &DeviceUse, with_name: bool) -> String {
    let mut parts = Vec::new();
    parts.extend(device.name.clone().filter(|_| with_name));
    parts.extend(device.utilisation.map(|u| format!("{:.0}% busy", u * 100.0)));
    parts.extend(device.memory.map(|(used, all)| format!("{} of {}", text::bytes(used), text::bytes(all))));
    parts.extend(device.temperature.map(|t| format!("{t:.0} C")));
    parts.extend(device.watts.map(|w| format!("{w:.0} W")));
    parts.join("  ")
}
