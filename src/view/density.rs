//! The page Density: for every parameter where the good values lie, as points coloured by how they crowd.

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::ink::{Ink, fit, width};
use super::raster::Raster;
use super::text;
use crate::app::Model;
use crate::app::columns::Columns;
use crate::space::{Kind, Param};
use crate::stats::{self, Concentration};

/// The least and the preferred width of a chart in the grid, and its height.
const CHART: (u16, u16) = (24, 8);

/// Charts as they were made last; points are only added while nothing else changed.
#[derive(Debug, Default)]
pub struct DensityCache {
    charts: Vec<Option<Chart>>,
    full: Option<Chart>,
}

/// What a chart was made from.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Key {
    built: u64,
    param: usize,
    until: Option<u64>,
    width: u16,
    height: u16,
    low: f32,
    high: f32,
    x_low: f64,
    x_high: f64,
}

#[derive(Debug)]
struct Chart {
    key: Key,
    /// Points taken in so far.
    taken: usize,
    raster: Raster,
    crowd: Concentration,
    /// Where a point of each cell lies, 0 to 1, for its colour.
    points: Vec<Option<(f32, f32)>>,
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
        small(ink, area, model, i, i == cursor, column == 0, range, &mut cache.charts[i]);
    }
    let theme = ink.theme;
    let when = when(model);
    let place = format!("{}-{} of {count}", first * columns + 1, count.min((first + rows) * columns));
    let y = body.height - 1;
    let x = ink.put(body, 1, y, &when, theme.label);
    ink.put_right(body, body.width - 1, y, &place, theme.dim);
    legend(ink, body, x + 3, y, body.width.saturating_sub(width(&place) + 3));
}

fn when(model: &Model) -> String {
    match model.density.until {
        Some(until) => format!("up to gen {until}  (right goes on, Esc to the last)"),
        None => format!("{} trials", model.columns.len()),
    }
}

/// Thin to dense, in the colours of the points.
fn legend(ink: &mut Ink, area: Rect, x: u16, y: u16, end: u16) {
    let theme = ink.theme;
    if x + 40 > end {
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
    ink.put(area, x, y, " now", theme.dim);
}

/// Whether concentration has to be told by the glyph, since colours alone do not tell it.
fn own_glyphs(ink: &Ink) -> bool {
    ink.theme.glyphs.ascii || ink.theme.depth <= super::Depth::Ansi16
}

/// Fitness at the bottom and at the top of every chart, with room for more, so that charts stay as they are.
fn y_range(columns: &Columns) -> (f32, f32) {
    let (low, high) = columns.range.unwrap_or((0.0, 1.0));
    let size = (high - low).max(high.abs() * 0.01).max(1e-6);
    let step = 10f32.powf((size / 4.0).log10().floor());
    let (low, high) = ((low / step).floor() * step, (high / step + 1e-3).ceil() * step);
    (low, if high > low { high } else { low + step })
}

/// Values at the left and at the right edge, and whether the scale is logarithmic.
struct Scale {
    low: f64,
    high: f64,
    log: bool,
}

impl Scale {
    /// From low to high; logarithmic where that spans more than two decades.
    fn of(p: &Param) -> Self {
        let (low, high) = (p.low.min(p.value), p.high.max(p.value));
        let wide = low > 0.0 && high / low > 100.0;
        let high = if high > low { high } else { low + low.abs().max(1.0) };
        Self { low, high, log: p.kind == Kind::Log && low > 0.0 || wide }
    }

    fn unit(&self, x: f64) -> f64 {
        let u = if self.log {
            (x.max(f64::MIN_POSITIVE).ln() - self.low.ln()) / (self.high.ln() - self.low.ln())
        } else {
            (x - self.low) / (self.high - self.low)
        };
        u.clamp(0.0, 1.0)
    }

    fn ticks(&self, count: usize) -> Vec<f64> {
        if self.log {
            stats::log_ticks(self.low, self.high, count)
        } else {
            stats::ticks(self.low, self.high, count)
        }
    }
}

impl Chart {
    fn new(key: Key) -> Self {
        let cells = usize::from(key.width) * usize::from(key.height);
        Self {
            key,
            taken: 0,
            raster: Raster::new(key.width, key.height),
            crowd: Concentration::default(),
            points: vec![None; cells],
        }
    }

    /// Takes in the points that came since.
    fn follow(&mut self, columns: &Columns, scale: &Scale) {
        let genes = columns.genes.get(self.key.param).map_or(&[][..], Vec::as_slice);
        let up = 1.0 / (self.key.high - self.key.low);
        for i in self.taken..columns.len() {
            let (Some(gene), Some(fitness)) = (genes.get(i), columns.fitness.get(i)) else { continue };
            if gene.is_nan() || self.key.until.is_some_and(|until| u64::from(columns.generation[i]) > until) {
                continue;
            }
            let x = scale.unit(f64::from(*gene));
            let y = f64::from(((fitness - self.key.low) * up).clamp(0.0, 1.0));
            if let Some(cell) = self.raster.set(x, y) {
                self.crowd.add(x, y);
                self.points[cell] = Some((x as f32, y as f32));
            }
        }
        self.taken = columns.len();
    }

    /// Makes the chart for this key, or adds to it what is new.
    fn made<'a>(slot: &'a mut Option<Self>, key: Key, columns: &Columns, scale: &Scale) -> &'a Self {
        let chart = match slot.take() {
            Some(chart) if chart.key == key => chart,
            _ => Self::new(key),
        };
        let chart = slot.insert(chart);
        chart.follow(columns, scale);
        chart
    }
}

fn key(model: &Model, param: usize, plot: Rect, (low, high): (f32, f32), scale: &Scale) -> Key {
    Key {
        built: model.columns.built,
        param,
        until: model.density.until,
        width: plot.width,
        height: plot.height,
        low,
        high,
        x_low: scale.low,
        x_high: scale.high,
    }
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

#[expect(clippy::too_many_arguments, reason = "a chart needs all of it, and only here")]
fn small(
    ink: &mut Ink,
    area: Rect,
    model: &Model,
    i: usize,
    selected: bool,
    labelled: bool,
    range: (f32, f32),
    slot: &mut Option<Chart>,
) {
    let theme = ink.theme;
    let Some(p) = model.space().and_then(|s| s.params.get(i)) else { return };
    let best = best(model, i);
    title(ink, area, p, best.map(|b| b.0), selected);
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
    marks(ink, plot, range, &scale, best, now(model, i), true);
    // Low and high under the axis; the fitness range is said once a row.
    ink.put(area, 1, y + 1, &text::tick(scale.low), theme.dim);
    ink.put_right(area, area.width.saturating_sub(1), y + 1, &text::tick(scale.high), theme.dim);
    if labelled && plot.width > 14 {
        ink.put(plot, 0, 0, &text::tick(f64::from(range.1)), theme.dim);
    }
}

/// `lr0 = 0.0103`: the best value.
fn title(ink: &mut Ink, area: Rect, p: &Param, best: Option<f64>, selected: bool) {
    let theme = ink.theme;
    let value = best.map_or(String::new(), |x| format!(" = {}", p.show(x, 4)));
    let mark = if p.pin.is_some() { " P" } else { "" };
    let name = fit(&p.name, area.width.saturating_sub(width(&value) + width(mark) + 2), theme.glyphs.dots);
    let style = if selected { theme.accent.patch(theme.title) } else { theme.title };
    ink.put(area, 0, 0, if selected { ">" } else { " " }, theme.accent);
    let x = ink.put(area, 1, 0, &name, style);
    let x = ink.put(area, x, 0, &value, theme.label);
    ink.put(area, x, 0, mark, theme.pinned);
}

/// The points in the colours of their concentration, or a line where the parameter was held still.
fn points(ink: &mut Ink, plot: Rect, chart: &Chart, p: &Param, scale: &Scale) {
    let (theme, own) = (ink.theme, own_glyphs(ink));
    if let Some(held) = p.held() {
        let x = ((scale.unit(held) * f64::from(plot.width)) as u16).min(plot.width - 1);
        for y in 0..plot.height {
            ink.put(plot, x, y, theme.glyphs.vertical, theme.pinned);
        }
    }
    for cell in 0..chart.points.len() {
        let Some((x, y)) = chart.points[cell] else { continue };
        let crowd = chart.crowd.at(f64::from(x), f64::from(y));
        let style = theme.concentration(crowd);
        let (column, row) =
            ((cell % usize::from(plot.width)) as u16, (cell / usize::from(plot.width)) as u16);
        let on_line = p.held().is_some_and(|held| {
            ((scale.unit(held) * f64::from(plot.width)) as u16).min(plot.width - 1) == column
        });
        if on_line {
            ink.put(plot, column, row, theme.glyphs.vertical, style);
        } else if own {
            let at = ((crowd * 5.0) as usize).min(4);
            ink.put(plot, column, row, theme.glyphs.concentration[at], style);
        } else if let Some(c) = chart.raster.glyph(cell, false) {
            ink.put(plot, column, row, c.encode_utf8(&mut [0; 4]), style);
        }
    }
}

/// `+` on the best, `^` under the axis at the value now training.
fn marks(
    ink: &mut Ink,
    plot: Rect,
    (low, high): (f32, f32),
    scale: &Scale,
    best: Option<(f64, f64, u64)>,
    now: Option<f64>,
    on_axis: bool,
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
        ink.put(below, column(x), plot.height + u16::from(!on_axis), "^", theme.now);
    }
}

/// One chart at full size, with ticks, quantiles and the marginal.
fn full(ink: &mut Ink, body: Rect, model: &Model, i: usize, slot: &mut Option<Chart>) {
    let theme = ink.theme;
    let Some(p) = model.space().and_then(|s| s.params.get(i)) else { return };
    let inner = ink.frame(body, &format!("{}   {}", p.name, when(model)), theme.border);
    let (marginal, gutter) = (if inner.height >= 14 { 4 } else { 0 }, 8);
    let (Some(width_), Some(height)) =
        (inner.width.checked_sub(gutter + 1), inner.height.checked_sub(marginal + 4))
    else {
        return;
    };
    if width_ < 8 || height < 3 {
        return;
    }
    let plot = Rect::new(inner.x + gutter, inner.y + marginal, width_, height);
    let scale = Scale::of(p);
    let range = y_range(&model.columns);
    let chart = Chart::made(slot, key(model, i, plot, range, &scale), &model.columns, &scale);
    frame_ticks(ink, inner, plot, (f64::from(range.0), f64::from(range.1)), &scale, "fitness");
    points(ink, plot, chart, p, &scale);
    let best = best(model, i);
    marks(ink, plot, range, &scale, best, now(model, i), true);
    let values = values(&model.columns, i, model.density.until);
    if marginal > 0 {
        histogram(ink, Rect::new(plot.x, inner.y, plot.width, marginal - 1), &values, &scale);
    }
    let mut sorted = values;
    let mut quantile = |q| stats::quantile(&mut sorted, q).map_or("-".into(), |x| p.show(f64::from(x), 4));
    let mut says = format!("q10 {}   median {}   q90 {}", quantile(0.1), quantile(0.5), quantile(0.9));
    if let Some((x, fitness, generation)) = best {
        says = format!("best {} ({fitness:.4} at gen {generation})   {says}", p.show(x, 5));
    }
    ink.put(
        inner,
        1,
        inner.height - 1,
        &fit(&says, inner.width.saturating_sub(2), theme.glyphs.dots),
        theme.text,
    );
}

fn values(columns: &Columns, param: usize, until: Option<u64>) -> Vec<f32> {
    let genes = columns.genes.get(param).map_or(&[][..], Vec::as_slice);
    let within = |g: &u32| until.is_none_or(|until| u64::from(*g) <= until);
    columns.generation.iter().zip(genes).filter(|(g, x)| within(g) && !x.is_nan()).map(|(_, x)| *x).collect()
}

/// How often each value was tried, as bars over the plot.
fn histogram(ink: &mut Ink, area: Rect, values: &[f32], scale: &Scale) {
    let mut counts = vec![0u32; usize::from(area.width)];
    for x in values {
        let at = ((scale.unit(f64::from(*x)) * f64::from(area.width)) as usize).min(counts.len() - 1);
        counts[at] += 1;
    }
    let most = counts.iter().max().copied().unwrap_or(0).max(1);
    let (heights, style) = (ink.theme.glyphs.spark, ink.theme.elite);
    let steps = heights.len() as u32 * u32::from(area.height);
    for (x, count) in counts.iter().enumerate().filter(|(_, c)| **c > 0) {
        let filled = (count * steps).div_ceil(most);
        for y in 0..area.height {
            let above = filled.saturating_sub(u32::from(y) * heights.len() as u32).min(heights.len() as u32);
            if above > 0 {
                ink.put(area, x as u16, area.height - 1 - y, heights[above as usize - 1], style);
            }
        }
    }
}

fn frame_ticks(ink: &mut Ink, inner: Rect, plot: Rect, (low, high): (f64, f64), scale: &Scale, y_name: &str) {
    let theme = ink.theme;
    let g = theme.glyphs;
    let (left, top) = (plot.x - inner.x, plot.y - inner.y);
    for y in 0..plot.height {
        ink.put(inner, left - 1, top + y, g.axis[3], theme.border);
    }
    for mark in stats::ticks(low, high, usize::from(plot.height / 3).clamp(1, 8)) {
        let up = (mark - low) / (high - low);
        let y = top + plot.height - 1 - ((up * f64::from(plot.height)) as u16).min(plot.height - 1);
        ink.put_right(inner, left - 1, y, &text::tick(mark), theme.label);
        ink.put(inner, left - 1, y, g.axis[0], theme.border);
    }
    let y = top + plot.height;
    ink.put(inner, left - 1, y, g.axis[1], theme.border);
    for x in 0..plot.width {
        ink.put(inner, left + x, y, g.horizontal, theme.border);
    }
    let mut free_from = 0;
    for mark in scale.ticks(usize::from(plot.width / 10).clamp(1, 12)) {
        let x = left + ((scale.unit(mark) * f64::from(plot.width)) as u16).min(plot.width - 1);
        let label = text::tick(mark);
        let start = x.saturating_sub(width(&label) / 2);
        if start >= free_from && start + width(&label) <= inner.width {
            ink.put(inner, x, y, g.axis[2], theme.border);
            ink.put(inner, start, y + 1, &label, theme.label);
            free_from = start + width(&label) + 1;
        }
    }
    ink.put(inner, 0, top.saturating_sub(1), &fit(y_name, left, g.dots), theme.label);
}

/// Two parameters against each other, cells coloured by their mean fitness.
fn map(ink: &mut Ink, body: Rect, model: &Model, first: usize, second: usize) {
    let theme = ink.theme;
    let Some((p, q)) = model.space().and_then(|s| Some((s.params.get(first)?, s.params.get(second)?))) else {
        return;
    };
    let title = format!("{} (across) and {} (up), mean fitness   {}", p.name, q.name, when(model));
    let inner = ink.frame(body, &title, theme.border);
    let gutter = 9;
    let (Some(width_), Some(height)) = (inner.width.checked_sub(gutter + 1), inner.height.checked_sub(4))
    else {
        return;
    };
    if width_ < 8 || height < 3 {
        return;
    }
    let plot = Rect::new(inner.x + gutter, inner.y + 1, width_, height);
    let (across, up) = (Scale::of(p), Scale::of(q));
    let columns = &model.columns;
    let within =
        |i: &usize| model.density.until.is_none_or(|until| u64::from(columns.generation[*i]) <= until);
    let (cells_x, cells_y) = (usize::from(plot.width / 2).max(1), usize::from(plot.height));
    let points = (0..columns.len()).filter(within).filter_map(|i| {
        let (x, y) = (columns.genes[first].get(i)?, columns.genes[second].get(i)?);
        let both = !x.is_nan() && !y.is_nan();
        both.then(|| (across.unit(f64::from(*x)), up.unit(f64::from(*y)), f64::from(columns.fitness[i])))
    });
    let grid = stats::mean_grid(points, cells_x, cells_y);
    let seen = || grid.iter().flatten().copied();
    let (low, high) = seen().fold((f64::MAX, f64::MIN), |(l, h), x| (l.min(x), h.max(x)));
    frame_ticks(ink, inner, plot, (up.low, up.high), &across, &q.name);
    for (at, mean) in grid.iter().enumerate() {
        let Some(mean) = mean else { continue };
        let (x, y) = ((at % cells_x * 2) as u16, plot.height - 1 - (at / cells_x) as u16);
        let level = if high > low { (mean - low) / (high - low) } else { 1.0 };
        let style = theme.concentration(level);
        let glyph = theme.glyphs.concentration[((level * 5.0) as usize).min(4)];
        let glyph = if own_glyphs(ink) { glyph } else { "█" };
        ink.put(plot, x, y, glyph, style);
        ink.put(plot, x + 1, y, glyph, style);
    }
    let best = best(model, first).zip(best(model, second));
    if let Some(((x, fitness, generation), (y, ..))) = best {
        let column = ((across.unit(x) * cells_x as f64) as u16).min(cells_x as u16 - 1) * 2;
        let row = plot.height - 1 - ((up.unit(y) * f64::from(plot.height)) as u16).min(plot.height - 1);
        ink.put(plot, column, row, theme.glyphs.best, theme.best.patch(Style::new()));
        let says = format!(
            "best {fitness:.4} at gen {generation}: {} = {}, {} = {}",
            p.name,
            p.show(x, 4),
            q.name,
            q.show(y, 4)
        );
        let range = if low <= high {
            format!("   means {} to {}", text::tick(low), text::tick(high))
        } else {
            String::new()
        };
        ink.put(
            inner,
            1,
            inner.height - 1,
            &fit(&(says + &range), inner.width.saturating_sub(2), theme.glyphs.dots),
            theme.text,
        );
    }
    ink.put_right(inner, inner.width, inner.height - 2, &p.name, theme.label);
}
