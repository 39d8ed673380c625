//! One chart at full size, and the map of two parameters.

use ratatui::layout::Rect;

use super::{Chart, Scale, best, key, marks, now, own_glyphs, points, when, y_range};
use crate::app::Model;
use crate::app::columns::Columns;
use crate::stats;
use crate::view::ink::{Ink, fit, fit_words, width};
use crate::view::text;

/// One chart at full size, with ticks, quantiles and the marginal.
pub(super) fn full(ink: &mut Ink, body: Rect, model: &Model, i: usize, slot: &mut Option<Chart>) {
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
    let fitness = Scale { low: f64::from(range.0), high: f64::from(range.1), log: false, names: Vec::new() };
    frame_ticks(ink, inner, plot, &fitness, &scale, "fitness", 0);
    points(ink, plot, chart, p, &scale);
    let best = best(model, i);
    marks(ink, plot, range, &scale, best, now(model, i), p.held());
    let values = values(&model.columns, i, model.density.until);
    if marginal > 0 {
        histogram(ink, Rect::new(plot.x, inner.y, plot.width, marginal - 1), &values, &scale);
        ink.put_right(inner, gutter - 1, 1, "tried", theme.label);
    }
    let mut sorted = values;
    let mut quantile = |q| stats::quantile(&mut sorted, q).map_or("-".into(), |x| p.show(f64::from(x), 4));
    let says = format!("q10 {}   median {}   q90 {}", quantile(0.1), quantile(0.5), quantile(0.9));
    let room = inner.width.saturating_sub(2);
    let lines = best.map_or_else(Vec::new, |(x, fitness, generation)| {
        let error = theme.glyphs.own(&error(model, generation));
        let best = |at: &str| format!("best {} ({fitness:.4}{error}{at})   {says}", p.show(x, 5));
        // The page History knows the generation as well; a mean without its error would be another figure.
        vec![best(&format!(" at gen {generation}")), best("")]
    });
    // What does not fit whole falls away whole.
    let line = lines.into_iter().find(|line| width(line) <= room).unwrap_or(says);
    ink.put(inner, 1, inner.height - 1, &fit_words(&line, room, theme.glyphs.dots), theme.text);
}

/// How sure the best's mean is. Of the past only the highest result is known, which is no mean.
fn error(model: &Model, generation: u64) -> String {
    let state = model.state.as_ref().filter(|_| model.density.until.is_none());
    let trial = state.and_then(|state| Some((state, state.history.get(generation)?)));
    trial.map_or_else(String::new, |(state, trial)| text::give_or_take(state, trial.candidate))
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

/// Axes and their numbers; so many cells at the right of the lower ones are left for the name of what lies across.
fn frame_ticks(
    ink: &mut Ink,
    inner: Rect,
    plot: Rect,
    upwards: &Scale,
    scale: &Scale,
    y_name: &str,
    name_cells: u16,
) {
    let theme = ink.theme;
    let g = theme.glyphs;
    let (left, top) = (plot.x - inner.x, plot.y - inner.y);
    for y in 0..plot.height {
        ink.put(inner, left - 1, top + y, g.axis[3], theme.border);
    }
    let mut free_to = top + plot.height;
    for mark in upwards.ticks(usize::from(plot.height / 3).clamp(1, 8)) {
        let up = upwards.unit(mark);
        let y = top + plot.height - 1 - ((up * f64::from(plot.height)) as u16).min(plot.height - 1);
        // A row stays free between two labels.
        if y < free_to {
            ink.put_right(inner, left - 1, y, &fit(&upwards.label(mark), left - 1, g.dots), theme.label);
            ink.put(inner, left - 1, y, g.axis[0], theme.border);
            free_to = y.saturating_sub(1);
        }
    }
    let y = top + plot.height;
    ink.put(inner, left - 1, y, g.axis[1], theme.border);
    for x in 0..plot.width {
        ink.put(inner, left + x, y, g.horizontal, theme.border);
    }
    let mut free_from = 0;
    for mark in scale.ticks(usize::from(plot.width / 10).clamp(1, 12)) {
        let x = left + ((scale.unit(mark) * f64::from(plot.width)) as u16).min(plot.width - 1);
        let label = scale.label(mark);
        // In the middle under its mark, or as far to the left as the edge asks for while it is still under it.
        let most = inner.width.saturating_sub(width(&label) + name_cells);
        let start = x.saturating_sub(width(&label) / 2).min(most);
        if start >= free_from && start + width(&label) > x {
            ink.put(inner, x, y, g.axis[2], theme.border);
            ink.put(inner, start, y + 1, &label, theme.label);
            free_from = start + width(&label) + 1;
        }
    }
    ink.put(inner, 0, top.saturating_sub(1), &fit(y_name, left, g.dots), theme.label);
}

/// Two parameters against each other, cells coloured by their mean fitness.
pub(super) fn map(ink: &mut Ink, body: Rect, model: &Model, first: usize, second: usize) {
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
    frame_ticks(ink, inner, plot, &up, &across, &q.name, width(&p.name) + 2);
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
        ink.put(plot, column, row, theme.glyphs.best, theme.best);
        let error = theme.glyphs.own(&error(model, generation));
        let says = format!(
            "best {fitness:.4}{error} at gen {generation}: {} = {}, {} = {}",
            p.name,
            p.show(x, 4),
            q.name,
            q.show(y, 4)
        );
        ink.put(
            inner,
            1,
            inner.height - 1,
            &fit_words(&says, inner.width.saturating_sub(2), theme.glyphs.dots),
            theme.text,
        );
    }
    ink.put_right(inner, inner.width, inner.height - 2, &p.name, theme.label);
    let hint = " up and down take another parameter, v ends ";
    if width(hint) + 4 < body.width {
        ink.put_right(body, body.width - 2, body.height - 1, hint, theme.dim);
    }
    if low <= high {
        scale_of(ink, inner, (low, high));
    }
}

/// The colours from the least to the greatest mean, in the map's upper right.
fn scale_of(ink: &mut Ink, inner: Rect, (low, high): (f64, f64)) {
    let theme = ink.theme;
    let (low, high) = (text::tick(low), text::tick(high));
    let cells = theme.glyphs.concentration.len() as u16 * 2;
    let Some(start) = inner.width.checked_sub(width(&low) + width(&high) + cells + 4) else { return };
    let mut x = ink.put(inner, start, 0, &low, theme.label) + 1;
    for (i, glyph) in theme.glyphs.concentration.iter().enumerate() {
        let glyph = if own_glyphs(ink) { glyph } else { "█" };
        let style = theme.concentration(i as f64 / 4.0);
        x = ink.put(inner, x, 0, glyph, style);
        x = ink.put(inner, x, 0, glyph, style);
    }
    ink.put(inner, x + 1, 0, &high, theme.label);
}
