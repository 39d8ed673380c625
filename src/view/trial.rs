//! This trial: how far it is, its losses, its metrics, and whether it is ahead of the best.

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::ink::{Ink, width};
use super::text;
use crate::app::{Model, estimate};
use crate::session::{Running, State};
use crate::size;
use crate::trial::{Origin, Trial};

/// Draws the selected slot's trial in its box.
pub fn draw(ink: &mut Ink, area: Rect, model: &Model) {
    let Some(state) = &model.state else { return };
    let shown = model.shown_trial().and_then(|g| state.history.get(g));
    let Some(trial) = shown else {
        let inner = ink.frame(area, "This trial", ink.theme.border);
        let style = ink.theme.dim;
        ink.put(inner, 1, 0, "none yet", style);
        return;
    };
    let mut title = title(trial, state);
    if width(&title) + 6 > area.width {
        title = title.split_once(": ").map_or(title.clone(), |(_, short)| short.to_owned());
    }
    let inner = ink.frame(area, &title, ink.theme.border);
    if let Some(running) = state.running.get(&trial.generation) {
        // One that is held has no speed.
        if running.frozen_since.is_none() {
            throughput(ink, area, width(&title) + 4, model, trial.generation);
        }
        progress(ink, inner, model, trial, running);
        losses(ink, inner, model, trial);
        metrics(ink, inner, inner.height.min(3).saturating_sub(1), state, trial, running.epochs_done.last());
    } else {
        let word = crate::app::history::word(trial, state);
        let (style, dim) = (ink.theme.text, ink.theme.dim);
        let x = ink.put(inner, 1, 0, word, style);
        let fitness = trial.fitness.map_or(String::new(), |f| format!("fitness {f:.4}"));
        let x = ink.put(inner, x + 2, 0, &fitness, dim);
        let took = trial.seconds().map_or(String::new(), |s| format!("took {}", text::duration(s)));
        // A number that is cut would be another one.
        if x + 3 + width(&took) <= inner.width {
            ink.put(inner, x + 3, 0, &took, dim);
        }
        if inner.height > 1 {
            metrics(ink, inner, 1, state, trial, None);
        }
    }
}

/// How fast it trains and what memory it takes, in the box's upper edge.
fn throughput(ink: &mut Ink, area: Rect, from: u16, model: &Model, generation: u64) {
    let Some(progress) = model.live.get(generation).map(|live| &live.progress) else { return };
    let unit = progress.unit.as_deref().unwrap_or("img/s");
    let rate = progress.rate.map(|rate| format!("{rate:.0} {unit}"));
    let memory = progress.memory.map(size::short);
    let both: Vec<String> = rate.into_iter().chain(memory).collect();
    for count in (1..=both.len()).rev() {
        let text = format!(" {} ", both[..count].join("  "));
        if from + width(&text) + 2 <= area.width {
            let style = ink.theme.label;
            ink.put_right(area, area.width - 1, 0, &text, style);
            return;
        }
    }
}

fn title(trial: &Trial, state: &State) -> String {
    let which = if state.running.contains_key(&trial.generation) { "This trial" } else { "Last trial" };
    let origin = match (trial.origin, &trial.parents[..]) {
        (Origin::Bred, [one]) => format!("child of {one}"),
        (Origin::Bred, [first, rest @ ..]) => format!("child of {first} and {} more", rest.len()),
        (Origin::Bred, []) if trial.round.is_some() => "of the first population".into(),
        (Origin::Bred, []) => "child of the start".into(),
        (Origin::Start, _) => "the start candidate".into(),
        (Origin::Hand, _) => "made by hand".into(),
        (Origin::Repeat, _) => format!("repeats {}", trial.candidate),
        (Origin::Import, _) => "imported".into(),
    };
    let attempt = if trial.attempts > 1 { format!(", attempt {}", trial.attempts) } else { String::new() };
    format!("{which}: gen {}, {origin}{attempt}", trial.generation)
}

fn progress(ink: &mut Ink, area: Rect, model: &Model, trial: &Trial, running: &Running) {
    let theme = ink.theme;
    let (epoch, epochs) = model.live.epoch(trial.generation, running);
    let label = text::epoch(epoch, epochs).unwrap_or_else(|| "starting".into()) + " ";
    let left = match running.frozen_since {
        Some(since) => format!("frozen since {}", text::time_of_day(since, &model.zone)),
        None => model
            .state
            .as_ref()
            .and_then(|s| estimate::trial_left(s, &model.live, trial.generation, model.clock()))
            .map_or_else(
                || text::duration(running.trained(model.clock())),
                |s| format!("left {}", text::duration(s)),
            ),
    };
    let done = model.live.done(trial.generation, running);
    let percent = done.map_or(String::new(), |d| format!(" {:3.0}%", d * 100.0));
    let x = ink.put(area, 1, 0, &label, theme.text);
    let right = format!("{percent}  {left}");
    let cells = area.width.saturating_sub(x + width(&right) + 2);
    gauge(ink, area, x, 0, cells, done.unwrap_or(0.0), running.frozen_since.is_some());
    let style = if running.frozen_since.is_some() { theme.warn } else { theme.text };
    ink.put_right(area, area.width.saturating_sub(1), 0, &right, style);
}

/// A bar that is filled to `done`, 0 to 1.
pub fn gauge(ink: &mut Ink, area: Rect, x: u16, y: u16, cells: u16, done: f64, held: bool) {
    let (g, theme) = (ink.theme.glyphs, ink.theme);
    let halves = (done.clamp(0.0, 1.0) * f64::from(cells) * 2.0).round() as u16;
    let style = if held { theme.warn } else { theme.gauge };
    for i in 0..cells {
        let (glyph, style) = match halves.saturating_sub(i * 2) {
            0 => (g.bar_rest, theme.gauge_rest),
            1 => (g.bar_half, style),
            _ => (g.bar, style),
        };
        ink.put(area, x + i, y, glyph, style);
    }
}

/// A number that changes while one looks: always as long as it was.
fn steady(x: f64) -> String {
    match x.abs() {
        0.0995..1000.0 => format!("{x:.3}"),
        0.001..0.0995 => format!("{x:.4}"),
        _ => text::tick(x),
    }
}

/// Each loss with its short past: `box 0.0512 ▇▆▅▄▃`.
fn losses(ink: &mut Ink, area: Rect, model: &Model, trial: &Trial) {
    let theme = ink.theme;
    if area.height < 3 {
        return;
    }
    let Some(live) = model.live.get(trial.generation).filter(|live| !live.losses.is_empty()) else {
        curve(ink, area, trial);
        return;
    };
    let count = live.losses.len().clamp(1, 4) as u16;
    let each = area.width.saturating_sub(2) / count;
    let value = |name: &str, x: f64| format!("{} {} ", text::metric(name), steady(x));
    let lasts = || live.losses.iter().filter_map(|(n, c)| Some((n, *c.points.last()?)));
    // Too narrow for the past: only the values.
    if lasts().any(|(n, x)| width(&value(n, x)) + 4 > each) {
        let mut x = 1;
        for (name, last) in lasts() {
            let value = value(name, last);
            if x + width(value.trim_end()) > area.width {
                break;
            }
            x = ink.put(area, x, 1, &value, theme.text);
        }
        return;
    }
    for (i, (name, curve)) in live.losses.iter().take(4).enumerate() {
        let Some(last) = curve.points.last() else { continue };
        let value = value(name, *last);
        let start = 1 + i as u16 * each;
        if start + width(&value) > area.width {
            break;
        }
        let x = ink.put(area, start, 1, &value, theme.text);
        let cells = (start + each).saturating_sub(x + 1).min(16);
        let style = theme.elite;
        spark(ink, area, x, 1, cells, &curve.points, style);
    }
}

/// Of a trainer that tells no losses, the fitness after each epoch.
fn curve(ink: &mut Ink, area: Rect, trial: &Trial) {
    let points: Vec<f64> = trial.curve.iter().map(|x| f64::from(*x)).filter(|x| x.is_finite()).collect();
    let Some(last) = points.last() else { return };
    let (label, text_style, style) = (ink.theme.label, ink.theme.text, ink.theme.elite);
    let x = ink.put(area, 1, 1, "fitness after each epoch", label);
    let x = ink.put(area, x + 1, 1, &steady(*last), text_style) + 1;
    let cells = area.width.saturating_sub(x + 1).min(24);
    spark(ink, area, x, 1, cells, &points, style);
}

/// The points as bars of eight heights, the last ones where there are more than cells.
pub fn spark(ink: &mut Ink, area: Rect, x: u16, y: u16, cells: u16, points: &[f64], style: Style) {
    let heights = ink.theme.glyphs.spark;
    let shown: Vec<f64> = (0..usize::from(cells).min(points.len()))
        .map(|i| points[i * points.len() / usize::from(cells).min(points.len())])
        .collect();
    let (low, high) = shown.iter().fold((f64::MAX, f64::MIN), |(l, h), x| (l.min(*x), h.max(*x)));
    for (i, point) in shown.iter().enumerate() {
        let up = if high > low { (point - low) / (high - low) } else { 0.5 };
        let at = ((up * heights.len() as f64) as usize).min(heights.len() - 1);
        ink.put(area, x + i as u16, y, heights[at], style);
    }
}

/// The metrics so far, and how they compare with the best trial at the same epoch.
fn metrics(
    ink: &mut Ink,
    area: Rect,
    y: u16,
    state: &State,
    trial: &Trial,
    last: Option<&crate::trial::Metrics>,
) {
    if y >= area.height {
        return;
    }
    let theme = ink.theme;
    let brief =
        |text: String| if area.width < 44 { text.replace(" best", "").replace(" of", "") } else { text };
    let compared = against_best(state, trial).map(|(text, ahead)| (brief(text), ahead));
    let room = area.width.saturating_sub(2 + compared.as_ref().map_or(0, |(text, _)| width(text) + 2));
    let mut x = 1;
    for i in crate::app::history::by_weight(state) {
        let name = &state.metrics[i];
        let value = match last {
            Some(metrics) => metrics.get(name),
            None => trial.metrics.get(i).copied(),
        };
        let Some(value) = value.filter(|v| v.is_finite()) else { continue };
        let shown = steady(value);
        let piece = format!("{} {shown}", text::metric(name));
        if x + width(&piece) > room {
            break;
        }
        let named = ink.put(area, x, y, text::metric(name), theme.label);
        x = ink.put(area, named + 1, y, &shown, theme.text) + 2;
    }
    if let Some((text, ahead)) = compared {
        let style = if ahead { theme.good } else { theme.warn };
        ink.put_right(area, area.width.saturating_sub(1), y, &text, style);
    }
}

/// Ahead of the best trial at the same epoch, or behind it by how much.
pub fn against_best(state: &State, trial: &Trial) -> Option<(String, bool)> {
    let (best, _) = state.history.best()?;
    let epoch = trial.curve.len().checked_sub(1)?;
    if best.generation == trial.generation {
        return Some(("the best so far".into(), true));
    }
    let (now, then) = (f64::from(trial.curve[epoch]), f64::from(*best.curve.get(epoch)?));
    if !now.is_finite() || !then.is_finite() {
        return None;
    }
    // As it is shown: what rounds to nothing is not behind.
    let difference = ((now - then) * 1e3).round() / 1e3 + 0.0;
    let ahead = difference >= 0.0;
    Some((format!("{} {difference:+.3}", if ahead { "ahead of best" } else { "behind best" }), ahead))
}
