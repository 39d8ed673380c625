//! The slots: one row each, what it trains, how far it is, how it compares, how fast, or why it stands still.
//!
//! The rows share their columns, so that numbers of a kind stand under each other; columns fall away from the right
//! where there is no room. What a device does is in `device.rs`.

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::ink::{Ink, fit_name, fit_words, width};
use super::params::first_row;
use super::trial::{against_best, gauge};
use super::{device, text};
use crate::app::{Model, Target, estimate};
use crate::evolve::{ROUND, StrategyKind};
use crate::journal::Mode;
use crate::session::{Running, Slot, SlotHealth, State};
use crate::size;

/// Bars are no longer than this, and shorter only where that makes room for a column.
const GAUGE: (u16, u16) = (8, 30);
/// The shortest one.
const TIGHT: u16 = 5;
/// Time left, comparison with the best, rate, memory, how busy the device is, epoch.
const COLUMNS: usize = 6;

/// Draws the slots in their box.
pub fn draw(ink: &mut Ink, area: Rect, model: &Model) {
    let Some(state) = &model.state else { return };
    let inner = ink.frame(area, &title(state, area.width.saturating_sub(6)), ink.theme.border);
    let total = state.slots.len();
    if total == 0 {
        let style = ink.theme.dim;
        ink.put(inner, 1, 0, "no slot: the session is not running", style);
        return;
    }
    let rows = usize::from(inner.height);
    let first = first_row(model.slot_index(), rows, total);
    let shown = state.slots.iter().enumerate().skip(first).take(rows);
    let shown: Vec<Row> =
        shown.map(|(at, (name, slot))| Row::of(ink, model, state, at, name, slot)).collect();
    let columns = Columns::for_rows(&shown, inner.width);
    let names = state.slots.keys().map(String::as_str);
    for (y, row) in shown.iter().enumerate() {
        let name = fit_name(&row.name, &names, columns.name, ink.theme.glyphs.dots);
        draw_row(ink, inner, y as u16, row, &name, &columns);
        ink.target(inner, 0, y as u16, inner.width, Target::Slot(first + y));
    }
    // What the rows leave says more of the selected slot's device.
    if rows > total
        && let Some((_, slot)) = state.slots.get_index(model.slot_index())
        && let Some(known) = device::of(model, &slot.spec.device)
    {
        let label = if total > 1 { format!("{} ", known.device) } else { String::new() };
        let line = Rect { x: inner.x + 1, y: inner.y + total as u16, width: inner.width - 1, height: 1 };
        device::draw(ink, line, &label, known);
    }
    ink.place(area, first, rows, total);
}

/// What the box says of all slots, in as many cells.
fn title(state: &State, cells: u16) -> String {
    let frozen = state.frozen_count();
    let (slots, running, waiting) = (state.slots.len(), state.running.len() - frozen, state.queue.len());
    if slots < 2 {
        return "Device".into();
    }
    let training = format!("Slots  {running} of {slots} training");
    let brief = format!("Slots  {running} of {slots}");
    let more = |n: usize, what: &str| if n > 0 { format!(", {n} {what}") } else { String::new() };
    let (held, waits) = (more(frozen, "frozen"), more(waiting, "waiting"));
    let choices = [
        format!("{training}{held}{waits}"),
        format!("{brief}{held}{waits}"),
        format!("{training}{held}"),
        format!("{brief}{held}"),
    ];
    choices.into_iter().find(|text| width(text) <= cells).unwrap_or(training)
}

/// One column of a row.
struct Cell {
    text: String,
    /// The same in fewer cells.
    brief: String,
    style: Style,
    /// Whether it is so; else it is what the text will be like, and only keeps its place.
    known: bool,
}

impl Cell {
    fn text(&self, brief: bool) -> &str {
        if brief { &self.brief } else { &self.text }
    }
}

/// One slot, in words.
struct Row {
    name: String,
    selected: bool,
    generation: Option<u64>,
    what: What,
}

enum What {
    /// Why it stands still: the first of these that fits.
    Says(Vec<String>, Style),
    /// How far it is, and the columns in their order; an empty one is not known.
    Trains { done: f64, cells: Vec<Cell> },
    /// How far it was, and since when nothing was heard.
    Silent { done: f64, says: String },
}

impl Row {
    fn of(ink: &Ink, model: &Model, state: &State, at: usize, name: &str, slot: &Slot) -> Self {
        let running = state.running.iter().find(|(_, r)| r.slot == name);
        Self {
            name: name.to_owned(),
            selected: state.slots.len() > 1 && at == model.slot_index(),
            generation: running.map(|(g, _)| *g),
            what: match running {
                None => idle(ink, model, state, slot),
                Some((generation, running)) => trains(ink, model, state, slot, *generation, running),
            },
        }
    }
}

fn trains(ink: &Ink, model: &Model, state: &State, slot: &Slot, generation: u64, running: &Running) -> What {
    let theme = ink.theme;
    if let Some(since) = running.frozen_since {
        let time = text::time_of_day(since, &model.zone);
        let says = [
            format!("frozen since {time}, its memory stays taken"),
            format!("frozen since {time}"),
            format!("frozen {time}"),
            "frozen".to_owned(),
        ];
        return What::Says(says.to_vec(), theme.warn);
    }
    let done = model.live.done(generation, running).unwrap_or(0.0);
    if let Some(says) = silence(model, generation) {
        return What::Silent { done, says };
    }
    let progress = model.live.get(generation).map(|live| &live.progress);
    let left = estimate::trial_left(state, &model.live, generation, model.clock()).map(text::duration);
    // Where nobody knows how long it will take: how long it has taken, which counts the other way.
    let left = left.unwrap_or_else(|| format!("+{}", text::duration(running.trained(model.clock()))));
    let compared = state.history.get(generation).and_then(|t| against_best(state, t));
    let (compared, ahead) = compared.map_or((String::new(), true), |(text, ahead)| {
        (
            text.rsplit(' ').next().filter(|last| last.starts_with(['+', '-'])).unwrap_or("best").to_owned(),
            ahead,
        )
    });
    // Before a trial has said anything, its columns have the room that they will need: nothing moves when it does.
    let known = progress.is_some();
    let progress = progress.or_else(|| model.live.last());
    let unit = progress.and_then(|p| p.unit.as_deref()).unwrap_or("img/s");
    let rate = progress.and_then(|p| p.rate);
    let reached = model.live.epoch(generation, running);
    let (epoch, epochs) = match progress {
        Some(last) if !known && reached == (0, 0) => (last.epoch, last.epochs),
        _ => reached,
    };
    let busy = device::of(model, &slot.spec.device).and_then(|d| d.utilisation);
    let memory = progress.and_then(|p| p.memory).map_or(String::new(), size::short);
    let cell = |text: String, style, known| Cell { brief: text.clone(), text, style, known };
    let brief = |text: String, brief: String, style| Cell { text, brief, style, known };
    let is_compared = !compared.is_empty();
    let compared = if is_compared || state.history.best().is_none() { compared } else { "+0.000".into() };
    let show = |rate: f64, unit: &str| {
        if rate < 10.0 { format!("{rate:.1}{unit}") } else { format!("{rate:.0}{unit}") }
    };
    let cells = vec![
        cell(left, theme.text, true),
        cell(compared, if ahead { theme.good } else { theme.warn }, is_compared),
        brief(
            rate.map_or(String::new(), |rate| show(rate, &format!(" {unit}"))),
            rate.map_or(String::new(), |rate| show(rate, "/s")),
            theme.text,
        ),
        brief(
            memory.clone(),
            memory.replace(" GB", "G").replace(" MB", "M").replace(" KB", "K"),
            theme.label,
        ),
        cell(busy.map_or(String::new(), |busy| format!("{:.0}%", busy * 100.0)), theme.label, true),
        cell(text::epoch(epoch, epochs).unwrap_or_default(), theme.label, known || reached != (0, 0)),
    ];
    What::Trains { done, cells }
}

/// That nothing is heard of a trial, and for how long.
pub(super) fn silence(model: &Model, generation: u64) -> Option<String> {
    let silence = model.figures.silent.iter().find(|s| s.generation == generation)?;
    let quiet = (model.clock() - silence.since).max(0) as f64 / 1000.0;
    Some(format!("silent {}", text::short_duration(quiet)))
}

/// Where the columns are, the same in every row.
struct Columns {
    name: u16,
    generation: u16,
    /// `gen ` stands before its number.
    named: bool,
    gauge: u16,
    brief: bool,
    /// How wide each column is; 0 where it is left out.
    cells: Vec<u16>,
}

impl Columns {
    /// As many columns as fit, the first ones before the later; the rest of the room is the bar's.
    fn for_rows(rows: &[Row], area: u16) -> Self {
        let name = rows.iter().map(|r| width(&r.name)).max().unwrap_or(4).min(12);
        let number = rows.iter().filter_map(|r| r.generation).max().map_or(1, |g| g.to_string().len() as u16);
        let widths = |brief: bool| -> Vec<u16> {
            let mut widths = vec![0; COLUMNS];
            for row in rows {
                let What::Trains { cells, .. } = &row.what else { continue };
                for (widest, cell) in widths.iter_mut().zip(cells) {
                    *widest = (*widest).max(width(cell.text(brief)));
                }
            }
            widths
        };
        // A time that grows by a digit, or loses one, is not to move the rest.
        let steady = |mut widths: Vec<u16>| {
            widths[0] = widths[0].max(5).min(widths[0] + 3);
            widths
        };
        let least = |count: usize, named: bool, widths: &[u16]| {
            let generation = number + if named { 4 } else { 0 };
            let cells: u16 = widths.iter().take(count).filter(|w| **w > 0).map(|w| w + 2).sum();
            1 + name + 2 + generation + 2 + cells + 1
        };
        let mut chosen = (1, false, true, TIGHT);
        'found: for count in (1..=COLUMNS).rev() {
            for (named, short, gauge) in
                [(true, false, GAUGE.0), (true, true, GAUGE.0), (true, true, TIGHT), (false, true, TIGHT)]
            {
                if least(count, named, &steady(widths(short))) + gauge <= area {
                    chosen = (count, named, short, gauge);
                    break 'found;
                }
            }
        }
        let (count, named, brief, least_gauge) = chosen;
        let mut cells = steady(widths(brief));
        cells.truncate(count);
        let gauge = area.saturating_sub(least(count, named, &cells)).clamp(least_gauge, GAUGE.1);
        Self { name, generation: number + if named { 4 } else { 0 }, named, gauge, brief, cells }
    }
}

fn draw_row(ink: &mut Ink, area: Rect, y: u16, row: &Row, name: &str, columns: &Columns) {
    let theme = ink.theme;
    let base = if row.selected { theme.cursor } else { Style::new() };
    if row.selected {
        ink.tint(Rect::new(area.x, area.y + y, area.width, 1), theme.cursor);
    }
    ink.put(area, 0, y, if row.selected { ">" } else { " " }, base.patch(theme.accent));
    ink.put(area, 1, y, name, base.patch(theme.text));
    let mut x = columns.name + 3;
    if let Some(generation) = row.generation {
        let text = if columns.named { format!("gen {generation}") } else { generation.to_string() };
        ink.put(area, x, y, &text, base.patch(theme.text));
        x += columns.generation + 2;
    }
    match &row.what {
        What::Says(says, style) => {
            let room = area.width.saturating_sub(x);
            let fitting = says.iter().find(|text| width(text) <= room).or(says.last());
            let text = fitting.map_or(String::new(), |text| fit_words(text, room, theme.glyphs.dots));
            ink.put(area, x, y, &text, base.patch(*style));
        }
        What::Silent { done, says } => {
            // The bar gives way to the time.
            let room = area.width.saturating_sub(x);
            let cells = columns.gauge.min(room.saturating_sub(width(says) + 2));
            let cells = if cells < 3 { 0 } else { cells };
            gauge(ink, area, x, y, cells, *done, true);
            let x = if cells > 0 { x + cells + 2 } else { x };
            ink.put(
                area,
                x,
                y,
                &fit_words(says, area.width.saturating_sub(x), theme.glyphs.dots),
                base.patch(theme.warn),
            );
        }
        What::Trains { done, cells } => {
            gauge(ink, area, x, y, columns.gauge, *done, false);
            x += columns.gauge;
            for (cell, wide) in cells.iter().zip(&columns.cells).filter(|(_, wide)| **wide > 0) {
                x += 2 + wide;
                let text = if cell.known { cell.text(columns.brief) } else { "" };
                ink.put_right(area, x, y, text, base.patch(cell.style));
            }
        }
    }
    if row.selected {
        ink.tint(Rect::new(area.x, area.y + y, area.width, 1), Style { fg: None, ..theme.cursor });
    }
}

/// Why a slot trains nothing.
fn idle(ink: &Ink, model: &Model, state: &State, slot: &Slot) -> What {
    let (warn, dim) = (ink.theme.warn, ink.theme.dim);
    // Nothing is bred before the round's last trial has ended.
    let waits_for_round = || {
        model.settings().is_some_and(|s| s.strategy == StrategyKind::Population)
            && state.history.last_round().is_some_and(|(_, members)| members.len() >= ROUND)
    };
    let (says, style) = match &slot.health {
        SlotHealth::Quarantined { reason, retry_at } => {
            let left = text::short_duration(((retry_at - model.clock()) as f64 / 1000.0).max(0.0));
            let next = format!("quarantined, next try {left}");
            return What::Says(vec![format!("{next}: {reason}"), next, "quarantined".into()], warn);
        }
        SlotHealth::Leaving => ("leaving".into(), dim),
        SlotHealth::Well if state.mode != Mode::Running => ("paused".into(), warn),
        SlotHealth::Well if state.is_complete() => ("done".into(), dim),
        SlotHealth::Well if state.left_to_propose() == 0 => ("nothing left to start".into(), dim),
        SlotHealth::Well if waits_for_round() => {
            let left = format!("{} of {ROUND} left", state.history.open().len());
            let says = [format!("waiting for round: {left}"), format!("round: {left}"), "waiting".to_owned()];
            return What::Says(says.to_vec(), dim);
        }
        SlotHealth::Well => ("free".into(), dim),
    };
    What::Says(vec![says], style)
}
