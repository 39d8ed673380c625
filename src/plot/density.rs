//! The sheet of the seeds' evolve.png: for every parameter its value against fitness, every point coloured by how many lie
//! around it (a 20 by 20 histogram, on a logarithmic scale), a cross on the best.

use std::collections::HashMap;

use super::canvas::{Canvas, MARGIN, SPINE};
use super::colour::{bar, viridis};
use super::data::Read;
use super::panel::{Grid, Labels, Panel};
use super::scale::Scale;
use crate::space::Kind;
use crate::stats::Concentration;

const COLUMNS: usize = 5;
/// Points of one pixel are one: a hundred thousand trials take no longer to draw than fill the panel.
const CELL: f64 = 1.0;

pub fn sheet(data: &Read) -> Canvas {
    let count = data.space.params.len();
    let grid = Grid::of(count, COLUMNS, (176.0, 132.0), (20.0, 56.0), 44.0);
    let (width, height) = grid.extent();
    let mut canvas = Canvas::new(width.max(520.0), height);
    canvas.heading(&format!("{}: where the good values lie", data.name), &data.summary());
    bar(&mut canvas, width.max(520.0) - MARGIN, 24.0, "few trials", "many");
    let y = Scale::around(data.scored.iter().filter_map(|t| t.fitness));
    for i in 0..count {
        let x = Scale::of(&data.space.params[i], data.values(i).map(|(x, _)| x));
        let panel = grid.panel(i, x, y);
        chart(&mut canvas, data, i, &panel, i % grid.columns == 0);
    }
    canvas
}

fn chart(canvas: &mut Canvas, data: &Read, i: usize, panel: &Panel<'_>, first: bool) {
    let param = &data.space.params[i];
    panel.frame(canvas, Labels { x: true, y: first });
    panel.title(canvas, &data.title(i), !param.is_free());
    let rests = data.rests(i);
    let best = data.best_value(i);
    let bounds = if matches!(param.kind, Kind::Choice(_)) { &[][..] } else { &[param.low, param.high][..] };
    for bound in bounds.iter().copied() {
        let there = best.is_some_and(|x| if bound == param.low { x <= bound } else { x >= bound });
        panel.bound(canvas, bound, rests && there);
    }
    if let Some(at) = param.held() {
        let (x, _) = panel.at(at, panel.y.low);
        canvas.line(vec![(x, panel.top), (x, panel.bottom())], 1.5, SPINE);
    }
    for (at, level) in points(data, i, panel) {
        canvas.dot(at, 3.0, viridis(level));
    }
    if let Some(x) = best {
        canvas.cross(panel.at(x, data.best_fitness), 8.0);
    }
}

/// Places and how crowded they are, the least crowded first.
fn points(data: &Read, i: usize, panel: &Panel<'_>) -> Vec<((f64, f64), f64)> {
    let mut crowd = Concentration::default();
    let unit = |x: f64, y: f64| (panel.x.unit(x), panel.y.unit(y));
    for (x, y) in data.values(i) {
        let (u, v) = unit(x, y);
        crowd.add(u, v);
    }
    let mut cells = HashMap::new();
    for (x, y) in data.values(i) {
        let (at, (u, v)) = (panel.at(x, y), unit(x, y));
        let cell = ((at.0 / CELL) as i64, (at.1 / CELL) as i64);
        cells.insert(cell, (at, crowd.log_at(u, v)));
    }
    let mut points: Vec<((f64, f64), f64)> = cells.into_values().collect();
    points.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.0.total_cmp(&b.0.0)).then(a.0.1.total_cmp(&b.0.1)));
    points
}
