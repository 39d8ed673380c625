//! The table of hyperparameters: this trial's value, the best one's, the change, and where both lie.

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::ink::{Ink, fit, fit_name, width};
use super::text;
use crate::app::{Model, Target};
use crate::session::State;
use crate::space::{Param, Space};

/// Where the columns begin.
struct Columns {
    name: u16,
    value: u16,
    change: u16,
    matters: u16,
    range: u16,
}

/// Draws the table in its box.
pub fn draw(ink: &mut Ink, area: Rect, model: &Model) {
    let (Some(state), Some(space)) = (&model.state, model.space()) else { return };
    let inner = ink.frame(area, &title(model, space), ink.theme.border);
    if inner.height < 2 {
        return;
    }
    let columns = columns(space, inner.width, model.insight.explained().is_some());
    heading(ink, inner, &columns, model);
    let shown = model.params.shown(space);
    let fixed: Vec<(&String, String)> = space.fixed.iter().map(|(k, v)| (k, v.to_string())).collect();
    let fixed = if model.params.filter.is_empty() { fixed } else { Vec::new() };
    let rows = usize::from(inner.height - 1);
    let cursor = shown.iter().position(|i| *i == model.params.cursor).unwrap_or(0);
    let total = shown.len() + fixed.len();
    let first = first_row(cursor, rows, total);
    let spread = Spread::new(state, space);
    for row in 0..rows.min(total.saturating_sub(first)) {
        let (at, y) = (first + row, row as u16 + 1);
        if let Some(i) = shown.get(at) {
            parameter(ink, inner, y, &columns, model, state, *i, &spread);
            ink.target(inner, 0, y, inner.width, Target::Param(*i));
        } else if let Some((name, value)) = fixed.get(at - shown.len()) {
            let style = ink.theme.dim;
            let value = fit(value, columns.value, ink.theme.glyphs.dots);
            // The name may be longer than those that are searched: it takes what the value leaves.
            let room = columns.name + columns.value.saturating_sub(width(&value));
            ink.put(inner, 2, y, &fit(name, room, ink.theme.glyphs.dots), style);
            ink.put_right(inner, columns.name + 3 + columns.value, y, &value, style);
            ink.put(inner, columns.name + 5 + columns.value, y, "not searched", style);
        }
    }
    if rows > total {
        hint(ink, inner, model);
    }
    if let Some(explained) = model.insight.explained().filter(|_| columns.matters > 0) {
        let text = format!(" what matters explains {:.0}% of the fitness ", explained * 100.0);
        let style = ink.theme.dim;
        ink.put(area, 2, area.height - 1, &text, style);
    }
    ink.place(area, first, rows, total);
}

/// A hint on the last row, which no parameter needs: with what changes it where that fits, or else without; never cut.
fn hint(ink: &mut Ink, area: Rect, model: &Model) {
    let room = area.width.saturating_sub(4);
    let fits = |text: &String| width(text) <= room;
    let hints = model.insight.hints();
    let line = hints.iter().find_map(|hint| [hint.to_string(), hint.fact()].into_iter().find(fits));
    let Some(line) = line else { return };
    let others = hints.len() - 1;
    let more = format!("{line}  (+{others}: evotop status)");
    let line = if others > 0 && fits(&more) { more } else { line };
    let style = ink.theme.label;
    ink.put(area, 2, area.height - 1, &line, style);
}

/// The first row shown, so that the cursor is in view with some rows around it.
pub fn first_row(cursor: usize, rows: usize, total: usize) -> usize {
    let margin = (rows / 4).min(3);
    let most = total.saturating_sub(rows);
    if cursor + margin < rows { 0 } else { (cursor + margin + 1 - rows).min(most) }
}

fn title(model: &Model, space: &Space) -> String {
    let pinned = space.params.iter().filter(|p| p.pin.is_some()).count();
    let count = space.params.len();
    let mut title = if pinned > 0 {
        format!("Hyperparameters  {pinned} of {count} pinned")
    } else {
        format!("Hyperparameters  {} of {count} free", space.free())
    };
    if !model.params.filter.is_empty() {
        title = format!("{title}  /{}", model.params.filter);
    }
    title
}

/// `known`: which parameters mattered has been worked out.
fn columns(space: &Space, width_: u16, known: bool) -> Columns {
    let longest = space.params.iter().map(|p| width(&p.name)).max().unwrap_or(4).max(4);
    let matters = if known && width_ >= 62 { 8 } else { 0 };
    let roomy = width_ >= longest.min(22) + if matters > 0 { 60 } else { 26 };
    let value = if roomy { 10 } else { 9 };
    let change = if width_ >= 50 { 8 } else { 0 };
    let least = 3 + value * 2 + 3 + change + matters;
    let name = longest.min(width_.saturating_sub(least).clamp(6, 22));
    let used = least + name + 2;
    let range = width_.saturating_sub(used);
    Columns { name, value, change, matters, range: if range >= 9 { range } else { 0 } }
}

fn heading(ink: &mut Ink, area: Rect, c: &Columns, model: &Model) {
    let style = ink.theme.label;
    let this = match (model.selected_trial(), model.shown_trial()) {
        (Some(_), _) => if c.value >= 10 { "this trial" } else { "this" }.to_owned(),
        (None, Some(g)) => format!("gen {g}"),
        (None, None) => "start".into(),
    };
    ink.put(area, 2, 0, "name", style);
    let mut x = c.name + 3 + c.value;
    ink.put_right(area, x, 0, &fit(&this, c.value, "."), style);
    x += c.value + 1;
    ink.put_right(area, x, 0, "best", style);
    if c.change > 0 {
        x += c.change + 1;
        ink.put_right(area, x, 0, "change", style);
    }
    if c.matters > 0 {
        x += c.matters;
        ink.put_right(area, x, 0, "matters", style);
    }
    if c.range > 0 {
        let (x, dash) = (x + 2, ink.theme.glyphs.horizontal);
        let middle = c.range.saturating_sub(10);
        ink.put(area, x, 0, &format!("low {} high", dash.repeat(usize::from(middle))), style);
    }
}

/// The lowest and highest value of each parameter among the candidates that may be parents now.
struct Spread(Vec<Option<(f64, f64)>>);

impl Spread {
    fn new(state: &State, space: &Space) -> Self {
        let mut spread = vec![None; space.params.len()];
        let top: Vec<_> = state.history.ranked().take(state.settings.top.min(50) as usize).collect();
        if top.len() > 1 {
            for (trial, _) in &top {
                for (range, x) in spread.iter_mut().zip(&trial.genes) {
                    let (low, high) = range.unwrap_or((*x, *x));
                    *range = Some((x.min(low), x.max(high)));
                }
            }
        }
        Self(spread)
    }
}

#[expect(clippy::too_many_arguments, reason = "a row needs all of it, and only here")]
fn parameter(
    ink: &mut Ink,
    area: Rect,
    y: u16,
    c: &Columns,
    model: &Model,
    state: &State,
    i: usize,
    spread: &Spread,
) {
    let theme = ink.theme;
    let Some(space) = model.space() else { return };
    let Some(p) = space.params.get(i) else { return };
    let names = space.params.iter().map(|p| p.name.as_str());
    let selected = model.params.cursor == i;
    if selected {
        ink.tint(Rect::new(area.x, area.y + y, area.width, 1), theme.cursor);
    }
    let base = if selected { theme.cursor } else { Style::new() };
    let pending = model.is_pending(&p.name)
        || model.is_pending(&format!("{}.gain", p.name))
        || model.is_pending(&format!("{} bounds", p.name));
    let (mark, mark_style) = mark(p, pending, theme.pinned, theme.dim, theme.pending);
    let gene = |generation: Option<u64>| {
        generation
            .and_then(|g| state.history.get(g))
            .and_then(|t| t.genes.get(i).copied())
            .filter(|x| x.is_finite())
    };
    let now = gene(model.shown_trial()).or(p.held()).unwrap_or(p.value);
    let best = gene(state.history.best().map(|(t, _)| t.generation));
    let next = model.next_values().and_then(|n| n.get(&p.name).copied());
    ink.put(
        area,
        0,
        y,
        if selected { ">" } else { mark },
        base.patch(if selected { theme.accent } else { mark_style }),
    );
    if selected && mark != " " {
        ink.put(area, 1, y, mark, base.patch(mark_style));
    }
    let name_style = if p.pin.is_some() {
        theme.pinned
    } else if p.is_free() {
        theme.text
    } else {
        theme.dim
    };
    let name_style = if pending { theme.pending } else { name_style };
    ink.put(area, 2, y, &fit_name(&p.name, &names, c.name, theme.glyphs.dots), base.patch(name_style));
    let mut x = c.name + 3 + c.value;
    let value = text::gene(p, now);
    let bound = p.is_free() && p.on_bound(now);
    ink.put_right(
        area,
        x,
        y,
        &fit(&value, c.value, theme.glyphs.dots),
        base.patch(if bound { theme.warn } else { theme.text }),
    );
    if bound {
        ink.put(area, x, y, "!", base.patch(theme.warn));
    }
    x += c.value + 1;
    let best_text = best.map_or("-".into(), |x| text::gene(p, x));
    ink.put_right(area, x, y, &fit(&best_text, c.value, theme.glyphs.dots), base.patch(theme.label));
    if c.change > 0 {
        x += c.change + 1;
        let change = best.map_or("-".into(), |best| text::change(now, best));
        let style = if change == "." || change == "-" { theme.dim } else { theme.text };
        ink.put_right(area, x, y, &change, base.patch(style));
    }
    if c.matters > 0 {
        x += c.matters;
        let (text, style) = match model.insight.share(i) {
            Some((share, clear)) if share >= 0.005 => {
                (format!("{:.0}%", share * 100.0), if clear { theme.accent } else { theme.dim })
            }
            _ => ("-".into(), theme.dim),
        };
        ink.put_right(area, x, y, &text, base.patch(style));
    }
    if c.range > 0 {
        let range = Rect::new(area.x + x + 2, area.y, c.range, area.height);
        let held_by_gain = p.pin.is_none() && !p.is_free();
        if held_by_gain {
            let why = if range.width >= 14 { "fixed (gain 0)" } else { "fixed" };
            ink.put(range, 0, y, why, base.patch(theme.dim));
        } else {
            bar(ink, range, y, p, base, now, best, next, spread.0.get(i).copied().flatten());
        }
    }
}

fn mark(p: &Param, pending: bool, pinned: Style, dim: Style, pending_style: Style) -> (&'static str, Style) {
    match (pending, p.pin.is_some(), p.is_free()) {
        (true, ..) => ("~", pending_style),
        (_, true, _) => ("P", pinned),
        (_, _, false) => ("=", dim),
        _ => (" ", dim),
    }
}

/// Where the values lie between the bounds: `├──━━o━+───┤`.
#[expect(clippy::too_many_arguments, reason = "what a bar shows, and only here")]
fn bar(
    ink: &mut Ink,
    area: Rect,
    y: u16,
    p: &Param,
    base: Style,
    now: f64,
    best: Option<f64>,
    next: Option<f64>,
    spread: Option<(f64, f64)>,
) {
    let (theme, g) = (ink.theme, ink.theme.glyphs);
    let inside = area.width.saturating_sub(2);
    let cell = |x: f64| 1 + ((p.to_unit(x) * f64::from(inside)) as u16).min(inside.saturating_sub(1));
    ink.put(area, 0, y, g.range[0], base.patch(theme.border));
    ink.put(area, area.width - 1, y, g.range[1], base.patch(theme.border));
    for x in 1..=inside {
        ink.put(area, x, y, g.horizontal, base.patch(theme.border));
    }
    if let Some(pin) = p.pin {
        ink.put(area, cell(pin), y, g.pin, base.patch(theme.pinned));
        return;
    }
    if let Some((low, high)) = spread {
        for x in cell(low)..=cell(high) {
            ink.put(area, x, y, g.elite, base.patch(theme.elite));
        }
    }
    if let Some(next) = next {
        ink.put(area, cell(next), y, "x", base.patch(theme.pending));
    }
    match best.map(cell) {
        Some(at) if at == cell(now) => {
            ink.put(area, at, y, g.both, base.patch(theme.best));
        }
        at => {
            if let Some(at) = at {
                ink.put(area, at, y, g.best, base.patch(theme.best));
            }
            ink.put(area, cell(now), y, g.now, base.patch(theme.now));
        }
    }
}
