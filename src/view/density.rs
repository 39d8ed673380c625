//! The page Density: for every parameter where the good values lie, as points coloured by how they crowd.
//!
//! The grid is here, one chart at full size and the map of two parameters in `full.rs`; `chart.rs` keeps a chart's points,
//! `scale.rs` knows its axes.

mod chart;
mod full;
mod scale;

use ratatui::layout::Rect;

use super::ink::{Ink, fit, fit_name, width};
use super::text;
use crate::app::{Model, Target};
use crate::space::{Param, Space};
use crate::trial;
use chart::{Chart, key};
use full::{full, map};
use scale::{Scale, y_range};

/// The least and the preferred width of a chart in the grid, and its height.
const CHART: (u16, u16) = (24, 8);

/// Charts as they were made last; points are only added while nothing else changed.
#[derive(Debug, Default)]
pub struct DensityCache {
    charts: Vec<Option<Chart>>,
    full: Option<Chart>,
}

/// Draws the page into the body.
pub fn draw(ink: &mut Ink, body: Rect, model: &Model, cache: &mut DensityCache) {
    let Some(state) = &model.state else { return };
    let count = state.space.params.len();
    if count == 0 || model.columns.is_empty() {
        let inner = ink.frame(body, "Density", ink.theme.border);
        let style = ink.theme.dim;
        ink.put(inner, 2, inner.height / 2, "no trial has finished yet", style);
        return;
    }
    let cursor = model.density.cursor.min(count - 1);
    if let Some(second) = model.density.second.filter(|s| *s < count) {
        map(ink, body, model, cursor, second);
    } else if model.density.open {
        full(ink, body, model, cursor, &mut cache.full);
    } else {
        grid(ink, body, model, cursor, cache);
    }
}

fn grid(ink: &mut Ink, body: Rect, model: &Model, cursor: usize, cache: &mut DensityCache) {
    let Some(space) = model.space() else { return };
    let count = space.params.len();
    let columns = usize::from((body.width / CHART.0).max(1)).min(count);
    let rows = usize::from(((body.height.saturating_sub(1)) / CHART.1).max(1));
    let total_rows = count.div_ceil(columns);
    let first = super::params::first_row(cursor / columns, rows, total_rows);
    let cell_width = body.width / columns as u16;
    let shown_rows = rows.min(total_rows - first.min(total_rows));
    let cell_height = ((body.height - 1) / shown_rows.max(1) as u16).min(14);
    cache.charts.resize_with(count, || None);
    let range = y_range(&model.columns);
    for (slot, i) in (first * columns..count.min((first + rows) * columns)).enumerate() {
        let (column, row) = ((slot % columns) as u16, (slot / columns) as u16);
        let area =
            Rect::new(body.x + column * cell_width, body.y + row * cell_height, cell_width - 1, cell_height);
        ink.targets.push((area, Target::Param(i)));
        small(ink, area, model, i, i == cursor, range, &mut cache.charts[i]);
    }
    let theme = ink.theme;
    let when = when(model);
    let place = format!("{}-{} of {count}", first * columns + 1, count.min((first + rows) * columns));
    let y = body.height - 1;
    let (low, high) = (text::tick(f64::from(range.0)), text::tick(f64::from(range.1)));
    let x = ink.put(body, 1, y, &format!("{when}, fitness {low} to {high}"), theme.label);
    ink.put_right(body, body.width - 1, y, &place, theme.dim);
    let eras = model.columns.era(model.density.until) > model.columns.eras.first().map_or(0, |(era, _)| *era);
    legend(ink, body, x + 2, y, body.width.saturating_sub(width(&place) + 3), eras);
}

fn when(model: &Model) -> String {
    match model.density.until {
        Some(until) => format!("up to gen {until}"),
        None => trial::count(model.columns.len()),
    }
}

/// Thin to dense, in the colours of the points, and the marks. `eras`: there are points of an earlier era.
fn legend(ink: &mut Ink, area: Rect, x: u16, y: u16, end: u16, eras: bool) {
    let theme = ink.theme;
    if x + 32 > end {
        return;
    }
    let mut x = ink.put(area, x, y, "thin ", theme.dim);
    for (i, glyph) in theme.glyphs.concentration.iter().enumerate() {
        let style = theme.concentration(i as f64 / 4.0);
        x = ink.put(area, x, y, if own_glyphs(ink) { glyph } else { "⣿" }, style);
    }
    x = ink.put(area, x, y, " dense  ", theme.dim);
    x = ink.put(area, x, y, theme.glyphs.best, theme.best);
    x = ink.put(area, x, y, " best  ", theme.dim);
    x = ink.put(area, x, y, "^", theme.now);
    x = ink.put(area, x, y, " now", theme.dim);
    if eras && x + 17 <= end {
        x = ink.put(area, x + 2, y, theme.glyphs.earlier, theme.dim);
        ink.put(area, x, y, " earlier era", theme.dim);
    }
}

/// Whether concentration has to be told by the glyph, since colours alone do not tell it.
fn own_glyphs(ink: &Ink) -> bool {
    ink.theme.glyphs.ascii || ink.theme.depth <= super::Depth::Ansi16
}

/// The best trial up to the generation that is shown, as gene and fitness.
fn best(model: &Model, param: usize) -> Option<(f64, f64, u64)> {
    let state = model.state.as_ref()?;
    match model.density.until {
        None => state.history.best().and_then(|(t, f)| Some((*t.genes.get(param)?, f, t.generation))),
        Some(until) => {
            let columns = &model.columns;
            let within = (0..columns.len()).filter(|i| u64::from(columns.generation[*i]) <= until);
            let i = within.max_by(|a, b| columns.fitness[*a].total_cmp(&columns.fitness[*b]))?;
            let gene = columns.genes.get(param)?.get(i)?;
            Some((f64::from(*gene), f64::from(columns.fitness[i]), u64::from(columns.generation[i])))
        }
    }
}

/// The value now training.
fn now(model: &Model, param: usize) -> Option<f64> {
    let state = model.state.as_ref()?;
    let (generation, _) = model.selected_trial()?;
    state.history.get(generation)?.genes.get(param).copied().filter(|x| x.is_finite())
}

fn small(
    ink: &mut Ink,
    area: Rect,
    model: &Model,
    i: usize,
    selected: bool,
    range: (f32, f32),
    slot: &mut Option<Chart>,
) {
    let theme = ink.theme;
    let Some(space) = model.space() else { return };
    let Some(p) = space.params.get(i) else { return };
    let best = best(model, i);
    title(ink, area, space, p, best.map(|b| b.0), selected);
    let plot = Rect::new(area.x + 1, area.y + 1, area.width.saturating_sub(2), area.height.saturating_sub(3));
    if plot.width < 4 || plot.height < 2 {
        return;
    }
    let scale = Scale::of(p);
    let chart = Chart::made(slot, key(model, i, plot, range, &scale), &model.columns, &scale);
    let border = if selected { theme.accent } else { theme.border };
    for y in 0..plot.height {
        ink.put(area, 0, y + 1, theme.glyphs.axis[3], border);
    }
    let y = area.height - 2;
    ink.put(area, 0, y, theme.glyphs.axis[1], border);
    for x in 0..plot.width {
        ink.put(area, 1 + x, y, theme.glyphs.horizontal, border);
    }
    points(ink, plot, chart, p, &scale);
    // Low and high under the axis; the range of fitness is that of all, and said at the bottom.
    let x =
        ink.put(area, 1, y + 1, &fit(&scale.label(scale.low), plot.width / 2, theme.glyphs.dots), theme.dim);
    let room = area.width.saturating_sub(x + 2);
    let high = fit(&scale.label(scale.high), room, theme.glyphs.dots);
    ink.put_right(area, area.width.saturating_sub(1), y + 1, &high, theme.dim);
    marks(ink, plot, range, &scale, best, now(model, i), p.held());
}

/// `lr0 = 0.0103`: the best value, marked where it rests on a bound.
fn title(ink: &mut Ink, area: Rect, space: &Space, p: &Param, best: Option<f64>, selected: bool) {
    let theme = ink.theme;
    let mark = if p.pin.is_some() { " P" } else { "" };
    let bound = best.is_some_and(|x| p.is_free() && p.on_bound(x));
    let value =
        |(is, digits): (&str, usize)| best.map_or(String::new(), |x| format!("{is}{}", p.show(x, digits)));
    let room = |value: &str| area.width.saturating_sub(width(value) + width(mark) + u16::from(bound) + 1);
    // A digit and spaces give way to a long name.
    let choices = [(" = ", 4), (" = ", 3), ("=", 4), ("=", 3)].map(value);
    let whole = choices.iter().find(|value| width(&p.name) <= room(value));
    let value = whole.unwrap_or(&choices[1]);
    let names = space.params.iter().map(|p| p.name.as_str());
    let name = fit_name(&p.name, &names, room(value), theme.glyphs.dots);
    let style = if selected { theme.accent.patch(theme.title) } else { theme.title };
    ink.put(area, 0, 0, if selected { ">" } else { " " }, theme.accent);
    let x = ink.put(area, 1, 0, &name, style);
    let x = ink.put(area, x, 0, value, theme.label);
    let x = ink.put(area, x, 0, if bound { "!" } else { "" }, theme.warn);
    ink.put(area, x, 0, mark, theme.pinned);
}

/// The points in the colours of their concentration, over a line where the parameter is held still: what it hides is
/// seen in the cells above and below, and where nothing was tried.
fn points(ink: &mut Ink, plot: Rect, chart: &Chart, p: &Param, scale: &Scale) {
    let (theme, own) = (ink.theme, own_glyphs(ink));
    if let Some(held) = p.held() {
        let x = ((scale.unit(held) * f64::from(plot.width)) as u16).min(plot.width - 1);
        for y in 0..plot.height {
            ink.put(plot, x, y, theme.glyphs.vertical, theme.pinned);
        }
        // On the axis it is seen under any number of points.
        ink.put(Rect { height: plot.height + 1, ..plot }, x, plot.height, theme.glyphs.pin, theme.pinned);
    }
    for cell in 0..chart.points.len() {
        let Some(dot) = chart.points[cell] else { continue };
        let crowd = chart.crowd.at(f64::from(dot.x), f64::from(dot.y));
        let style = if dot.present { theme.concentration(crowd) } else { theme.dim };
        let (column, row) =
            ((cell % usize::from(plot.width)) as u16, (cell / usize::from(plot.width)) as u16);
        if !dot.present {
            ink.put(plot, column, row, theme.glyphs.earlier, style);
        } else if own {
            let at = ((crowd * 5.0) as usize).min(4);
            ink.put(plot, column, row, theme.glyphs.concentration[at], style);
        } else if let Some(c) = chart.raster.glyph(cell, false) {
            ink.put(plot, column, row, c.encode_utf8(&mut [0; 4]), style);
        }
    }
}

/// `+` on the best, `^` at the value now training: under the axis, or on it where a number stands there, unless the mark of
/// what is held does.
fn marks(
    ink: &mut Ink,
    plot: Rect,
    (low, high): (f32, f32),
    scale: &Scale,
    best: Option<(f64, f64, u64)>,
    now: Option<f64>,
    held: Option<f64>,
) {
    let theme = ink.theme;
    let column = |x: f64| ((scale.unit(x) * f64::from(plot.width)) as u16).min(plot.width - 1);
    if let Some((x, fitness, _)) = best {
        let up = ((fitness as f32 - low) / (high - low)).clamp(0.0, 1.0);
        let y = plot.height - 1 - ((up * f32::from(plot.height)) as u16).min(plot.height - 1);
        ink.put(plot, column(x), y, theme.glyphs.best, theme.best);
    }
    if let Some(x) = now {
        let below = Rect { height: plot.height + 2, ..plot };
        let under = ink.is_blank(below, column(x), plot.height + 1);
        if under || held != Some(x) {
            ink.put(below, column(x), plot.height + u16::from(under), "^", theme.now);
        }
    }
}
