//! Every parameter's value over the generations, coloured by fitness; a line follows the best so far.

use super::canvas::{Canvas, INK, MARGIN, SPINE};
use super::colour::{bar, viridis};
use super::data::Read;
use super::panel::{Grid, Labels, Panel};
use super::scale::Scale;

const COLUMNS: usize = 4;

pub fn sheet(data: &Read) -> Canvas {
    let count = data.space.params.len();
    let grid = Grid::of(count, COLUMNS, (196.0, 112.0), (62.0, 54.0), 62.0);
    let (width, height) = grid.extent();
    let width = width.max(520.0) - grid.gap.0 + MARGIN;
    let mut canvas = Canvas::new(width, height);
    canvas.heading(
        &format!("{}: what became of each parameter", data.name),
        &format!("{}; the line follows the highest so far{}", data.summary(), eras(data)),
    );
    bar(&mut canvas, width - MARGIN, 24.0, "worse", "better");
    let good = data.rank_scale();
    for i in 0..count {
        let y = Scale::of(&data.space.params[i], data.values(i).map(|(x, _)| x));
        let panel = grid.panel(i, Scale::generations(data.last()), y);
        chart(&mut canvas, data, i, &panel, &good);
    }
    canvas
}

/// What the dashed lines are, where there are any: a chart is too small to say it.
fn eras(data: &Read) -> &'static str {
    if data.eras().is_empty() { "" } else { "; dashed: another era" }
}

fn chart(canvas: &mut Canvas, data: &Read, i: usize, panel: &Panel, good: &impl Fn(f64) -> f64) {
    let param = &data.space.params[i];
    panel.frame(canvas, Labels { x: true, y: true });
    panel.title(canvas, &data.title(i), !param.is_free());
    panel.eras(canvas, data);
    if let Some(at) = param.held() {
        let (_, y) = panel.at(panel.x.low, at);
        canvas.line(vec![(panel.left, y), (panel.right(), y)], 1.5, SPINE);
    }
    let mut points: Vec<((f64, f64), f64)> = Vec::new();
    let (mut line, mut best) = (Vec::new(), f64::NEG_INFINITY);
    for t in &data.scored {
        let value = t.genes.get(i).copied().filter(|x| x.is_finite());
        let Some((x, fitness)) = value.zip(t.fitness) else { continue };
        let at = panel.at(t.generation as f64, x);
        points.push((at, good(fitness)));
        if fitness > best {
            best = fitness;
            if let Some((_, before)) = line.last().copied() {
                line.push((at.0, before));
            }
            line.push(at);
        }
    }
    points.sort_by(|a, b| a.1.total_cmp(&b.1));
    for (at, level) in points {
        canvas.dot(at, 2.4, viridis(level));
    }
    if let Some((_, y)) = line.last().copied() {
        line.push((panel.at(data.last() as f64, panel.y.low).0, y));
    }
    canvas.line(line, 1.6, INK);
}
