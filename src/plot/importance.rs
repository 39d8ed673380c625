//! How much each parameter mattered, as bars; what does not stand out from chance is grey.

use super::PlotError;
use super::canvas::{Anchor, Canvas, FAINT, GRID, HEAD, INK, LABEL, MARGIN, Rgb, SMALL, SPINE, width_of};
use super::data::Read;
use crate::evolve::{Importance, importance};

const ROW: f64 = 22.0;
const WIDTH: f64 = 760.0;
const CLEAR: Rgb = (57, 86, 140);
const UNCLEAR: Rgb = (200, 200, 200);

pub fn bars(data: &Read) -> Result<Canvas, PlotError> {
    let (explained, shares) = match importance(&data.space, &data.history) {
        Importance::Known { explained, params } => (explained, params),
        Importance::TooFew { needed } => return Err(PlotError::TooFew { needed }),
    };
    let mut rows: Vec<(&str, f64, bool)> = data
        .space
        .params
        .iter()
        .zip(&shares)
        .filter(|(_, s)| s.share > 0.0)
        .map(|(p, s)| (p.name.as_str(), s.share, s.clear))
        .collect();
    rows.sort_by(|a, b| b.1.total_cmp(&a.1));
    let height = HEAD + 26.0 + rows.len() as f64 * ROW + 34.0;
    let mut canvas = Canvas::new(WIDTH, height);
    let explained = (explained * 100.0).max(0.0);
    canvas.heading(
        &format!("{}: what mattered", data.name),
        &format!("{explained:.0}% of the variance of fitness explained, from {} trials", data.scored.len()),
    );
    let names = rows.iter().map(|(name, ..)| width_of(name, LABEL)).fold(60.0, f64::max);
    let left = MARGIN + names + 12.0;
    let top = HEAD + 22.0;
    let bottom = top + rows.len() as f64 * ROW;
    let most = rows.first().map_or(1.0, |row| row.1);
    let scale = (WIDTH - left - 70.0) / most;
    for (share, label) in steps(most) {
        let x = left + share * scale;
        canvas.line(vec![(x, top), (x, bottom)], 1.0, GRID);
        canvas.text((x, bottom + 12.0), label, SMALL, Anchor::Middle, FAINT);
    }
    for (i, (name, share, clear)) in rows.iter().enumerate() {
        let middle = top + (i as f64 + 0.5) * ROW;
        let colour = if *clear { CLEAR } else { UNCLEAR };
        canvas.rect((left, middle - 7.0), ((share * scale).max(1.0), 14.0), colour);
        canvas.text((left - 8.0, middle), *name, LABEL, Anchor::Right, if *clear { INK } else { FAINT });
        let text = format!("{:.1}%", share * 100.0);
        canvas.text((left + share * scale + 7.0, middle), text, SMALL, Anchor::Left, FAINT);
    }
    canvas.line(vec![(left, top), (left, bottom)], 1.2, SPINE);
    legend(&mut canvas);
    Ok(canvas)
}

fn legend(canvas: &mut Canvas) {
    let mut right = WIDTH - MARGIN;
    for (name, colour) in [("may be chance", UNCLEAR), ("stands out", CLEAR)] {
        canvas.text((right, HEAD + 6.0), name, LABEL, Anchor::Right, INK);
        let left = right - width_of(name, LABEL) - 16.0;
        canvas.rect((left - 6.0, HEAD), (14.0, 12.0), colour);
        right = left - 26.0;
    }
}

/// Round shares up to the largest.
fn steps(most: f64) -> Vec<(f64, String)> {
    let ticks = crate::stats::ticks(0.0, most * 100.0, 6);
    ticks.into_iter().map(|x| (x / 100.0, format!("{x}%"))).collect()
}
