//! The parameters that matter most against each other, coloured by fitness; on the diagonal how often each value was tried.

use super::PlotError;
use super::canvas::{Anchor, Canvas, HEAD, INK, LABEL, MARGIN, Rgb};
use super::colour::{bar, viridis};
use super::data::Read;
use super::panel::{Grid, Labels, Panel};
use super::scale::Scale;
use crate::evolve::{Importance, importance};

/// Parameters shown.
const MOST: usize = 5;
const BARS: usize = 20;
/// Room for a title beside its panel.
const BESIDE: f64 = 26.0;
const BAR: Rgb = (170, 184, 200);

pub fn matrix(data: &Read) -> Result<Canvas, PlotError> {
    let chosen = chosen(data);
    if chosen.len() < 2 {
        return Err(PlotError::NoPair);
    }
    let count = chosen.len();
    let grid =
        Grid { columns: count, rows: count, size: (168.0, 150.0), gap: (18.0, 42.0), left: 66.0, top: HEAD };
    let (width, height) = grid.extent();
    let width = width.max(520.0);
    let mut canvas = Canvas::new(width, height);
    canvas.heading(&format!("{}: pairs of parameters", data.name), &data.summary());
    bar(&mut canvas, width - MARGIN, 24.0, "worse", "better");
    let scale = |i: &usize| Scale::of(&data.space.params[*i], data.values(*i).map(|(x, _)| x));
    let scales: Vec<Scale> = chosen.iter().map(scale).collect();
    for row in 0..count {
        for column in 0..=row {
            let panel = grid.panel(row * count + column, scales[column], scales[row]);
            if row == column {
                diagonal(&mut canvas, data, chosen[row], &panel);
            } else {
                cloud(&mut canvas, data, (chosen[column], chosen[row]), &panel, column == 0);
                if column == 0 {
                    let at = (panel.left, panel.top - 12.0);
                    let name = format!("↑ {}", data.space.params[chosen[row]].name);
                    canvas.text(at, name, LABEL, Anchor::Left, INK);
                }
            }
        }
    }
    Ok(canvas)
}

/// The most important parameters; where that is not known, those that varied most.
fn chosen(data: &Read) -> Vec<usize> {
    let spread = |i: usize| {
        let units: Vec<f64> = data.values(i).map(|(x, _)| data.space.params[i].to_unit(x)).collect();
        let mean = units.iter().sum::<f64>() / units.len().max(1) as f64;
        units.iter().map(|u| (u - mean).powi(2)).sum::<f64>() / units.len().max(1) as f64
    };
    let mut weighted: Vec<(f64, usize)> = match importance(&data.space, &data.history) {
        Importance::Known { params, .. } => params.iter().enumerate().map(|(i, s)| (s.share, i)).collect(),
        Importance::TooFew { .. } => (0..data.space.params.len()).map(|i| (spread(i), i)).collect(),
    };
    weighted.retain(|(weight, i)| *weight > 0.0 && spread(*i) > 0.0);
    weighted.sort_by(|a, b| b.0.total_cmp(&a.0));
    weighted.into_iter().take(MOST).map(|(_, i)| i).collect()
}

fn cloud(canvas: &mut Canvas, data: &Read, (across, up): (usize, usize), panel: &Panel, first: bool) {
    panel.frame(canvas, Labels { x: true, y: first });
    let good = data.rank_scale();
    let pairs = data.scored.iter().filter_map(|t| {
        let (x, y) = (*t.genes.get(across)?, *t.genes.get(up)?);
        (x.is_finite() && y.is_finite()).then_some((x, y, good(t.fitness?)))
    });
    let mut points: Vec<(f64, f64, f64)> = pairs.collect();
    points.sort_by(|a, b| a.2.total_cmp(&b.2));
    for (x, y, level) in points {
        canvas.dot(panel.at(x, y), 2.8, viridis(level));
    }
    if let Some((x, y)) = data.best_value(across).zip(data.best_value(up)) {
        canvas.cross(panel.at(x, y), 8.0);
    }
}

fn diagonal(canvas: &mut Canvas, data: &Read, i: usize, panel: &Panel) {
    let mut counts = [0u32; BARS];
    for (x, _) in data.values(i) {
        counts[((panel.x.unit(x) * BARS as f64) as usize).min(BARS - 1)] += 1;
    }
    let most = f64::from(counts.iter().copied().max().unwrap_or(1).max(1));
    let y = Scale { high: most * 1.08, ..Scale::default() };
    let panel = Panel { y, ..*panel };
    panel.frame(canvas, Labels { x: true, y: false });
    let width = panel.width / BARS as f64;
    for (bar, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let height = panel.height * panel.y.unit(f64::from(*count));
        let at = (panel.left + bar as f64 * width + 0.6, panel.bottom() - height);
        canvas.rect(at, (width - 1.2, height), BAR);
    }
    // Beside a title of the diagonal there is nothing but the gaps.
    panel.title_within(canvas, &data.title(i), false, panel.width + 2.0 * BESIDE);
}
