//! Fitness over the generations: every trial, the best so far, repeats with their error, and what did not finish.

use super::canvas::{Anchor, Canvas, FAINT, HEAD, INK, LABEL, MARGIN, Rgb, SMALL, width_of};
use super::data::Read;
use super::panel::Panel;
use crate::trial::{End, Origin};

const SIZE: (f64, f64) = (960.0, 540.0);
const BRED: Rgb = (86, 132, 178);
const REPEAT: Rgb = (230, 145, 56);
const IMPORT: Rgb = (150, 120, 180);
const PRUNED: Rgb = (190, 190, 190);
const DIVERGED: Rgb = (200, 150, 40);
const FAILED: Rgb = (180, 40, 60);

pub fn chart(data: &Read) -> Canvas {
    let mut canvas = Canvas::new(SIZE.0, SIZE.1);
    canvas.heading(&format!("{}: fitness over the generations", data.name), &data.summary());
    let panel = Panel::over_generations(&mut canvas, data, SIZE, HEAD + 34.0);
    for x in panel.eras(&mut canvas, data) {
        // Above the strokes at the foot.
        canvas.text((x + 4.0, panel.bottom() - 18.0), "another era", SMALL, Anchor::Left, FAINT);
    }
    let shown = trials(&mut canvas, data, &panel);
    errors(&mut canvas, data, &panel);
    let line = best_so_far(data, &panel);
    canvas.line(line, 2.2, INK);
    let best = panel.at(data.best.generation as f64, data.best_fitness);
    canvas.cross(best, 9.0);
    legend(&mut canvas, &shown);
    canvas
}

/// Draws the marks; which of them there are.
fn trials(canvas: &mut Canvas, data: &Read, panel: &Panel) -> Vec<(&'static str, Rgb)> {
    let mut shown: Vec<(&'static str, Rgb)> = Vec::new();
    let mut all: Vec<_> = data.history.trials().iter().collect();
    // What finished lies on top.
    all.sort_by_key(|t| t.is_parent());
    for t in all {
        let mark = match (&t.end, t.origin) {
            (Some(End::Pruned { .. }), _) => ("pruned", PRUNED),
            (Some(End::Imported), _) => ("imported", IMPORT),
            (Some(End::Finished), Origin::Repeat) => ("repeat", REPEAT),
            (Some(End::Finished), _) => ("finished", BRED),
            (Some(End::Diverged { .. }), _) => ("diverged", DIVERGED),
            (Some(End::Failed { .. }), _) => ("failed", FAILED),
            (Some(End::Aborted) | None, _) => continue,
        };
        let x = t.generation as f64;
        // What is below is a stroke at the foot, as what has no fitness: a part of a training is not to be compared.
        if let Some(fitness) = t.fitness.filter(|f| f.is_finite() && *f >= panel.y.low) {
            canvas.dot(panel.at(x, fitness), 3.2, mark.1);
        } else {
            let (x, foot) = panel.at(x, panel.y.low);
            canvas.line(vec![(x, foot - 9.0), (x, foot)], 2.0, mark.1);
        }
        if !shown.contains(&mark) {
            shown.push(mark);
        }
    }
    shown
}

/// Mean and standard error of every candidate that was trained more than once.
fn errors(canvas: &mut Canvas, data: &Read, panel: &Panel) {
    for (trial, _) in data.history.ranked() {
        let standing = data.history.standing(trial.candidate).filter(|s| s.trials > 1);
        let Some((mean, error)) = standing.and_then(|s| Some((s.mean, s.standard_error?))) else { continue };
        let x = trial.generation as f64;
        let (low, high) = (panel.at(x, mean - error), panel.at(x, mean + error));
        canvas.line(vec![low, high], 1.6, REPEAT);
        for end in [low, high] {
            canvas.line(vec![(end.0 - 4.0, end.1), (end.0 + 4.0, end.1)], 1.6, REPEAT);
        }
        canvas.dot(panel.at(x, mean), 3.6, REPEAT);
    }
}

/// The highest fitness of a single trial so far, as steps.
fn best_so_far(data: &Read, panel: &Panel) -> Vec<(f64, f64)> {
    let mut points: Vec<(f64, f64)> = Vec::new();
    let mut best = f64::NEG_INFINITY;
    for t in &data.scored {
        let Some(fitness) = t.fitness.filter(|f| *f > best) else { continue };
        let at = panel.at(t.generation as f64, fitness);
        if let Some(last) = points.last().copied() {
            points.push((at.0, last.1));
        }
        points.push(at);
        best = fitness;
    }
    if let Some(last) = points.last().copied() {
        points.push((panel.at(data.last() as f64, best).0, last.1));
    }
    points
}

fn legend(canvas: &mut Canvas, shown: &[(&'static str, Rgb)]) {
    let y = HEAD + 8.0;
    let mut x = MARGIN + 6.0;
    let entry = |canvas: &mut Canvas, name: &str, x: &mut f64| {
        canvas.text((*x + 12.0, y), name, LABEL, Anchor::Left, INK);
        *x += 12.0 + width_of(name, LABEL) + 26.0;
    };
    for (name, colour) in shown {
        canvas.dot((x, y), 4.0, *colour);
        entry(canvas, name, &mut x);
    }
    canvas.line(vec![(x - 8.0, y), (x + 6.0, y)], 2.2, INK);
    entry(canvas, "highest so far", &mut x);
    canvas.cross((x, y), 6.0);
    entry(canvas, "best candidate (mean)", &mut x);
}
