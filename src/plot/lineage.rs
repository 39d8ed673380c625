//! Who came from whom: generations across, the mean fitness of each candidate up, a line from parent to child; the best candidate's ancestors stand out.

use super::canvas::{Anchor, Canvas, HEAD, INK, MARGIN, Rgb, SMALL};
use super::colour::{bar, viridis};
use super::data::Read;
use super::panel::Panel;
use crate::trial::Trial;

const SIZE: (f64, f64) = (960.0, 600.0);
const EDGE: Rgb = (214, 218, 224);
const ANCESTOR: Rgb = (211, 67, 47);

pub fn tree(data: &Read) -> Canvas {
    let mut canvas = Canvas::new(SIZE.0, SIZE.1);
    let line = ancestors(data);
    canvas.heading(
        &format!("{}: who came from whom", data.name),
        &format!("{}, {} steps from its first ancestor", data.summary(), line.len().saturating_sub(1)),
    );
    bar(&mut canvas, SIZE.0 - MARGIN, 24.0, "few children", "many");
    let panel = Panel::over_generations(&mut canvas, data, SIZE, HEAD + 10.0);
    let tried: Vec<&Trial> =
        data.scored.iter().map(AsRef::as_ref).filter(|t| t.candidate == t.generation).collect();
    let place = |t: &Trial| Some(panel.at(t.generation as f64, data.mean(t)?));
    let mut children = vec![0u32; data.history.trials().len()];
    for child in &tried {
        let parent = child.parents.first().and_then(|g| data.history.get(*g));
        let Some((from, to)) = parent.and_then(|p| place(p)).zip(place(child)) else { continue };
        canvas.line(vec![from, to], 1.0, EDGE);
        if let Some(count) = child.parents.first().and_then(|g| children.get_mut(*g as usize)) {
            *count += 1;
        }
    }
    let steps: Vec<(f64, f64)> = line.iter().filter_map(|t| place(t)).collect();
    canvas.line(steps, 2.6, ANCESTOR);
    let most = f64::from(children.iter().copied().max().unwrap_or(1).max(1)).ln_1p();
    for t in &tried {
        let Some(at) = place(t) else { continue };
        let count = f64::from(children.get(t.generation as usize).copied().unwrap_or(0)).ln_1p();
        canvas.dot(at, 2.6 + 3.4 * count / most, viridis(count / most));
    }
    labels(&mut canvas, &line, place);
    if let Some(at) = place(&data.best) {
        canvas.cross(at, 9.0);
    }
    canvas
}

/// From the first ancestor to the best, along first parents.
fn ancestors(data: &Read) -> Vec<&Trial> {
    let parent = |t: &&Trial| {
        let parent = t.parents.first().filter(|p| **p < t.generation)?;
        data.history.get(*parent).map(AsRef::as_ref)
    };
    let mut line: Vec<&Trial> = std::iter::successors(Some(data.best.as_ref()), parent).collect();
    line.reverse();
    line
}

/// The generations of the ancestors, where there is room between them.
fn labels(canvas: &mut Canvas, line: &[&Trial], place: impl Fn(&Trial) -> Option<(f64, f64)>) {
    let mut taken: Vec<(f64, f64)> = Vec::new();
    for t in line.iter().rev() {
        let Some((x, y)) = place(t) else { continue };
        if taken.iter().all(|(a, b)| (a - x).abs() > 34.0 || (b - y).abs() > 16.0) {
            canvas.text((x, y - 14.0), t.generation.to_string(), SMALL, Anchor::Middle, INK);
            taken.push((x, y));
        }
    }
}
