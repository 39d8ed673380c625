//! The fitness chart: every trial a dot, the best so far a line, eras as dashed verticals.

use ratatui::layout::Rect;

use super::ink::{Ink, width};
use super::raster::Raster;
use super::text;
use crate::app::Model;
use crate::app::columns::Columns;
use crate::stats;

/// The chart as it was made last: made again only when size or data changed.
#[derive(Debug, Default)]
pub struct FitnessCache {
    key: Option<(u64, usize, u64, u16, u16)>,
    raster: Raster,
    /// Few enough points for a mark each.
    sparse: bool,
    /// The row of the best so far in each column of cells, from the top.
    line: Vec<Option<u16>>,
    low: f64,
    high: f64,
}

/// The chart's title: where the present era began, if it is not the first one.
pub fn title(glyphs: &super::Glyphs, model: &Model) -> String {
    match model.columns.eras.last() {
        Some((era, generation)) if model.columns.eras.len() > 1 => {
            format!("Fitness  {} era {era} from gen {generation}", glyphs.era)
        }
        _ => "Fitness".into(),
    }
}

/// Draws the chart with its axes into the area.
pub fn draw(ink: &mut Ink, area: Rect, model: &Model, cache: &mut FitnessCache) {
    let Some(state) = &model.state else { return };
    let columns = &model.columns;
    if area.width < 12 || area.height < 3 {
        return;
    }
    if columns.is_empty() {
        let style = ink.theme.dim;
        ink.put(area, 2, area.height / 2, "no trial has finished yet", style);
        return;
    }
    let last = state.history.next_generation().saturating_sub(1).max(1);
    let bottom = u16::from(area.height >= 5) * 2;
    let (low, high) = cache.range(columns);
    let marks = stats::ticks(low, high, usize::from((area.height - bottom) / 2).clamp(1, 6));
    let labels: Vec<String> = marks.iter().map(|x| text::tick(*x)).collect();
    let gutter = labels.iter().map(|l| width(l)).max().unwrap_or(0) + 2;
    let plot = Rect::new(area.x + gutter, area.y, area.width.saturating_sub(gutter), area.height - bottom);
    if plot.width < 4 || plot.height == 0 {
        return;
    }
    cache.make(columns, last, plot.width, plot.height);
    axis(ink, area, gutter, plot, &marks, &labels, (low, high));
    if bottom > 0 {
        generations(ink, area, gutter, plot.width, last);
    }
    eras(ink, plot, model, last);
    dots(ink, plot, cache);
    line(ink, plot, &cache.line);
}

impl FitnessCache {
    /// The fitness at the bottom and at the top; far outliers below are left to the bottom row.
    fn range(&self, columns: &Columns) -> (f64, f64) {
        if self.key.is_some_and(|k| (k.0, k.1) == (columns.built, columns.len())) {
            return (self.low, self.high);
        }
        let (low, high) = columns.range.map_or((0.0, 1.0), |(l, h)| (f64::from(l), f64::from(h)));
        // Of many a sample is enough to say what is typical.
        let every = columns.len() / 5000 + 1;
        let mut sample: Vec<f32> = columns.fitness.iter().copied().step_by(every).collect();
        let typical = f64::from(stats::quantile(&mut sample, 0.1).unwrap_or(0.0));
        let low = low.max(typical - 1.5 * (high - typical));
        let room = if high > low { (high - low) * 0.04 } else { high.abs().max(1e-3) * 0.05 };
        (low - room, high + room)
    }

    fn make(&mut self, columns: &Columns, last: u64, width: u16, height: u16) {
        let key = (columns.built, columns.len(), last, width, height);
        if self.key == Some(key) {
            return;
        }
        (self.low, self.high) = self.range(columns);
        self.key = Some(key);
        self.raster = Raster::new(width, height);
        self.sparse = columns.len() * 4 < usize::from(width) * usize::from(height);
        let mut best: Vec<f32> = vec![f32::NEG_INFINITY; usize::from(width)];
        let (across, up) = (1.0 / (last as f64 + 1.0), 1.0 / (self.high - self.low));
        for (generation, fitness) in columns.generation.iter().zip(&columns.fitness) {
            let x = (f64::from(*generation) + 0.5) * across;
            let y = ((f64::from(*fitness) - self.low) * up).clamp(0.0, 1.0);
            self.raster.set(x, y);
            let column = ((x * f64::from(width)) as usize).min(usize::from(width) - 1);
            best[column] = best[column].max(*fitness);
        }
        let mut so_far = f32::NEG_INFINITY;
        self.line = best
            .into_iter()
            .map(|fitness| {
                so_far = so_far.max(fitness);
                let y = ((f64::from(so_far) - self.low) * up).clamp(0.0, 1.0);
                so_far.is_finite().then(|| height - 1 - ((y * f64::from(height)) as u16).min(height - 1))
            })
            .collect();
    }
}

fn axis(
    ink: &mut Ink,
    area: Rect,
    gutter: u16,
    plot: Rect,
    marks: &[f64],
    labels: &[String],
    (low, high): (f64, f64),
) {
    let (g, border, label) = (ink.theme.glyphs, ink.theme.border, ink.theme.label);
    for y in 0..plot.height {
        ink.put(area, gutter - 1, y, g.axis[3], border);
    }
    for (x, text) in marks.iter().zip(labels) {
        let up = (x - low) / (high - low);
        let y = plot.height - 1 - ((up * f64::from(plot.height)) as u16).min(plot.height - 1);
        ink.put_right(area, gutter - 1, y, text, label);
        ink.put(area, gutter - 1, y, g.axis[0], border);
    }
}

fn generations(ink: &mut Ink, area: Rect, gutter: u16, plot_width: u16, last: u64) {
    let (g, border, label) = (ink.theme.glyphs, ink.theme.border, ink.theme.label);
    let y = area.height - 2;
    ink.put(area, gutter - 1, y, g.axis[1], border);
    for x in 0..plot_width {
        ink.put(area, gutter + x, y, g.horizontal, border);
    }
    let mut free_from = 0;
    let end = area.width.saturating_sub(4);
    for mark in stats::ticks(0.0, last as f64, usize::from(plot_width / 9).clamp(1, 12)) {
        if mark.fract() != 0.0 {
            continue;
        }
        let x = gutter
            + (((mark + 0.5) / (last as f64 + 1.0) * f64::from(plot_width)) as u16).min(plot_width - 1);
        let text = format!("{mark:.0}");
        let start = x.saturating_sub((width(&text) - 1) / 2);
        if start >= free_from && start + width(&text) <= end {
            ink.put(area, x, y, g.axis[2], border);
            ink.put(area, start, y + 1, &text, label);
            free_from = start + width(&text) + 1;
        }
    }
    ink.put_right(area, area.width, y + 1, "gen", label);
}

fn eras(ink: &mut Ink, plot: Rect, model: &Model, last: u64) {
    let style = ink.theme.warn;
    for (_, generation) in model.columns.eras.iter().skip(1) {
        let x = ((f64::from(*generation) / (last as f64 + 1.0)) * f64::from(plot.width)) as u16;
        for y in (0..plot.height).step_by(2) {
            ink.put(plot, x.min(plot.width - 1), y, ink.theme.glyphs.era, style);
        }
    }
}

fn dots(ink: &mut Ink, plot: Rect, cache: &FitnessCache) {
    let (ascii, style) = (ink.theme.glyphs.ascii, ink.theme.scatter);
    let (width, height) = (cache.raster.width, cache.raster.height);
    for y in 0..height {
        for x in 0..width {
            let cell = usize::from(y) * usize::from(width) + usize::from(x);
            if let Some(c) = cache.raster.glyph(cell, ascii) {
                let c = if cache.sparse && !ascii { '•' } else { c };
                ink.put(plot, x, y, c.encode_utf8(&mut [0; 4]), style);
            }
        }
    }
}

/// The best so far: flat where nothing improved, up in one column where it did.
fn line(ink: &mut Ink, plot: Rect, rows: &[Option<u16>]) {
    let (g, style) = (ink.theme.glyphs, ink.theme.line);
    let mut before: Option<u16> = None;
    for (x, row) in rows.iter().enumerate() {
        let x = x as u16;
        let Some(row) = *row else { continue };
        match before {
            Some(from) if from > row => {
                ink.put(plot, x, from, g.rise[0], style);
                for y in row + 1..from {
                    ink.put(plot, x, y, g.vertical, style);
                }
                ink.put(plot, x, row, g.rise[1], style);
            }
            _ => {
                ink.put(plot, x, row, g.horizontal, style);
            }
        }
        before = Some(row);
    }
}
