//! One generation in full: how it ended, where it came from, the settings in force, every parameter, and the end of its
//! log if it failed.

use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::app::Model;
use crate::app::history::{seconds, word};
use crate::session::State;
use crate::space::Param;
use crate::trial::{Change, End, Origin, Trial};
use crate::view::ink::{Ink, fit, fit_name, width, wrap};
use crate::view::text;

/// Cells of a label in front of its value.
const LABEL: u16 = 14;

/// Draws it, scrolled by `scroll` lines.
pub(super) fn draw(ink: &mut Ink, body: Rect, model: &Model, state: &State, trial: &Trial, scroll: usize) {
    let title = format!("Generation {}  {}", trial.generation, word(trial, state));
    let inner = ink.frame(body, &title, ink.theme.border);
    let lines = lines(ink, model, state, trial, inner.width.saturating_sub(2));
    let rows = usize::from(inner.height);
    let first = scroll.min(lines.len().saturating_sub(rows));
    for (y, pieces) in lines.iter().skip(first).take(rows).enumerate() {
        let mut x = 1;
        for (text, style) in pieces {
            x = ink.put(inner, x, y as u16, text, *style);
        }
    }
    ink.place(body, first, rows, lines.len());
}

/// A line, piece by piece.
type Pieces = Vec<(String, Style)>;

fn lines(ink: &Ink, model: &Model, state: &State, trial: &Trial, cells: u16) -> Vec<Pieces> {
    let theme = ink.theme;
    let mut lines: Vec<Pieces> = Vec::new();
    for (label, value) in facts(model, state, trial) {
        let value = theme.glyphs.own(&value);
        for (i, line) in wrap(&value, cells.saturating_sub(LABEL), theme.glyphs.dots).into_iter().enumerate()
        {
            let label = if i == 0 { label } else { "" };
            lines.push(vec![(format!("{label:<14}"), theme.label), (line, theme.text)]);
        }
    }
    if trial.curve.len() > 1 {
        let bars = bars(ink, &trial.curve, usize::from(cells.saturating_sub(LABEL + 24)));
        let ends = trial.curve.first().zip(trial.curve.last());
        let ends = ends.map_or(String::new(), |(a, b)| format!("  {a:.4} to {b:.4}"));
        let label = format!("{:<14}", "epochs");
        lines.push(vec![(label, theme.label), (bars, theme.elite), (ends, theme.text)]);
    }
    lines.push(Vec::new());
    if let Some((_, end)) = model.history.log_end.as_ref().filter(|(g, _)| *g == trial.generation) {
        // What went wrong is what one came for: it stands before the parameters.
        lines.push(vec![("the end of its log".to_owned(), theme.title)]);
        match end {
            Ok(end) if end.is_empty() => lines.push(vec![("it is empty".into(), theme.dim)]),
            Ok(end) => {
                let last = end.iter().skip(end.len().saturating_sub(12));
                lines.extend(last.map(|l| vec![(fit(l, cells, theme.glyphs.dots), theme.text)]));
            }
            Err(why) => lines.push(vec![(format!("it cannot be read: {why}"), theme.dim)]),
        }
        lines.push(Vec::new());
    }
    parameters(ink, state, trial, cells, &mut lines);
    lines
}

/// What there is to say of it, under a label each.
fn facts(model: &Model, state: &State, trial: &Trial) -> Vec<(&'static str, String)> {
    let mut facts = vec![("fitness", trial.fitness.map_or("none".into(), |f| format!("{f:.5}")))];
    facts.extend(candidate(trial, state).map(|text| ("candidate", text)));
    facts.extend(how_it_ended(trial));
    let metrics = state.metrics.iter().zip(&trial.metrics).filter(|(_, v)| v.is_finite());
    let metrics: Vec<String> =
        metrics.map(|(n, v)| format!("{}\u{a0}{}", text::metric(n), text::metric_value(*v))).collect();
    if !metrics.is_empty() {
        facts.push(("metrics", metrics.join(", ")));
    }
    let time = seconds(trial, state, model.clock()).map_or("-".into(), text::duration);
    let started = trial.started_at.map_or("not yet".into(), |t| text::date_and_time(t, &model.zone));
    let slot = trial.slot.as_deref().map(|s| format!(" on {s}")).unwrap_or_default();
    facts.push(("time", format!("{time}, started {started}{slot}, attempt {}", trial.attempts)));
    if trial.cost.for_nothing() + trial.cost.saved > 0.0 {
        facts.push(("cost", trial.cost.to_string()));
    }
    let origin = format!("{:?}", trial.origin).to_lowercase();
    facts.push(("origin", format!("{origin}, trial seed {}, era {}", trial.seed, trial.era)));
    facts.push(("lineage", lineage(trial, state, 60)));
    facts.push(("settings", settings_then(state, trial)));
    facts.extend(changed_since(state, trial).map(|text| ("changed since", text)));
    facts
}

/// What the trials of its candidate say together, where there are several.
fn candidate(trial: &Trial, state: &State) -> Option<String> {
    let standing = state.history.standing(trial.candidate).filter(|standing| standing.trials > 1)?;
    let error = state.give_or_take(trial.candidate);
    Some(format!("gen {}: mean {:.5}{error}", trial.candidate, standing.mean))
}

/// How it ended, where there is more to say than the word.
fn how_it_ended(trial: &Trial) -> Option<(&'static str, String)> {
    match trial.end.as_ref()? {
        End::Failed { class, detail } => Some(("failed", format!("{class}: {detail}"))),
        End::Diverged { epoch, what } => Some(("diverged", format!("in epoch {epoch}: {what}"))),
        End::Pruned { epoch } => Some(("pruned", format!("after epoch {epoch}"))),
        _ => None,
    }
}

/// Fitness after each epoch as bars; the middle of many is thinned.
fn bars(ink: &Ink, curve: &[f32], cells: usize) -> String {
    let heights = ink.theme.glyphs.spark;
    let count = curve.len().min(cells.max(1));
    let shown: Vec<f32> = (0..count).map(|i| curve[(i + 1) * curve.len() / count - 1]).collect();
    let finite = || shown.iter().copied().filter(|x| x.is_finite());
    let (low, high) = (finite().fold(f32::MAX, f32::min), finite().fold(f32::MIN, f32::max));
    let bar = |x: &f32| {
        let up = if high > low { (x - low) / (high - low) } else { 0.5 };
        if x.is_finite() {
            heights[((up * heights.len() as f32) as usize).min(heights.len() - 1)]
        } else {
            " "
        }
    };
    shown.iter().map(bar).collect()
}

/// Every parameter against its parent and the best.
fn parameters(ink: &Ink, state: &State, trial: &Trial, cells: u16, lines: &mut Vec<Pieces>) {
    let theme = ink.theme;
    let longest = state.space.params.iter().map(|p| width(&p.name)).max().unwrap_or(4).max(9);
    // Wide enough for names and words, or as narrow as numbers allow.
    let (name, value, change) = if cells >= 92 { (longest + 2, 13, 9) } else { (longest.min(16), 10, 8) };
    let name = usize::from(name);
    let parent = trial.parents.first().and_then(|g| state.history.get(*g)).map(AsRef::as_ref);
    let best = state.history.best().map(|(t, _)| t.as_ref());
    let named = |label: &str, t: Option<u64>| {
        let names = t.map(|g| [format!("{label} {g}"), format!("gen {g}"), g.to_string()]);
        names.and_then(|names| names.into_iter().find(|name| name.len() < value)).unwrap_or("-".into())
    };
    let columns = |a: &str, b: &str, c: &str, d: &str, e: &str| {
        format!("{a:>value$}{b:>value$}{c:>change$}{d:>value$}{e:>change$}  ")
    };
    let (of_parent, of_best) =
        (named("parent", parent.map(|t| t.generation)), named("best", best.map(|t| t.generation)));
    let names = state.space.params.iter().map(|p| p.name.as_str());
    let heading = columns("value", &of_parent, "change", &of_best, "change");
    lines.push(vec![(format!("{:<name$}{heading}made by", "parameter"), theme.label)]);
    for (i, p) in state.space.params.iter().enumerate() {
        let Some(x) = trial.genes.get(i).copied() else { continue };
        let of = |t: Option<&Trial>| t.and_then(|t| t.genes.get(i).copied());
        let show = |x: Option<f64>| shown(p, x, value - 1, theme.glyphs.dots);
        let changed = |then: Option<f64>| then.map_or(String::new(), |then| text::change(x, then));
        let by = trial.changes.get(i).map_or("", |c| made_by(*c, trial.parents.len() > 1));
        let from_parent = changed(of(parent));
        let strong = if matches!(from_parent.as_str(), "." | "") { theme.dim } else { theme.text };
        lines.push(vec![
            (format!("{:<name$}", fit_name(&p.name, &names, name as u16 - 1, theme.glyphs.dots)), theme.text),
            (format!("{:>value$}", show(Some(x))), theme.now),
            (format!("{:>value$}", show(of(parent))), theme.label),
            (format!("{from_parent:>change$}"), strong),
            (format!("{:>value$}", show(of(best))), theme.label),
            (format!("{:>change$}", changed(of(best))), theme.dim),
            (format!("  {by}"), theme.dim),
        ]);
    }
}

fn shown(p: &Param, x: Option<f64>, cells: usize, dots: &str) -> String {
    x.map_or("-".into(), |x| fit(&text::gene(p, x), cells as u16, dots))
}

/// `mean`: it has several parents, so that what was kept is their weighted mean's value and not the first one's.
fn made_by(change: Change, mean: bool) -> &'static str {
    match change {
        Change::Kept if mean => "kept from mean",
        Change::Kept => "kept",
        Change::Mutated => "mutated",
        Change::Bounded => "mutated, bound",
        Change::Crossed => "second parent",
        Change::Held => "held",
        Change::Set => "set by hand",
        Change::New => "drawn anew",
    }
}

/// `37 < 31 < 12 < 3 < 0`: first parents back to the beginning, shortened in the middle.
fn lineage(trial: &Trial, state: &State, most: usize) -> String {
    let mut chain = vec![trial.generation];
    let mut at = trial;
    while let Some(parent) = at.parents.first().and_then(|g| state.history.get(*g)) {
        if parent.generation >= at.generation {
            break;
        }
        chain.push(parent.generation);
        at = parent;
    }
    let mut words: Vec<String> = chain.iter().map(u64::to_string).collect();
    // Before any trial had finished, children were made of the start candidate itself.
    if at.origin == Origin::Bred && at.parents.is_empty() && at.round.is_none() {
        words.push("start".into());
    }
    let count = words.len() - 1;
    let shown = if words.len() > most {
        format!("{} < ... < {}", words[..most / 2].join(" < "), words[words.len() - most / 4..].join(" < "))
    } else {
        words.join(" < ")
    };
    match count {
        0 => format!("{shown} (no parent)"),
        1 => format!("{shown} (1 step)"),
        _ => format!("{shown} ({count} steps)"),
    }
}

/// The settings in force when it was proposed.
fn settings_then(state: &State, trial: &Trial) -> String {
    let then = state.settings_at(trial.revision);
    let has = crate::app::knobs(then.strategy);
    let mut parts = vec![then.strategy.name().to_owned()];
    if has.method {
        parts.push(format!("method {}", then.method));
    }
    if has.parent {
        parts.push(format!("parent {} of {}", then.parent.name(), then.top));
    }
    if has.sigma {
        parts.push(format!("sigma {}", then.sigma));
    }
    if has.probability {
        parts.push(format!("mutation {}", then.probability));
    }
    if then.fitness != state.settings.fitness {
        let terms: Vec<String> =
            then.fitness.0.iter().map(|(name, w)| format!("{w} {}", text::metric(name))).collect();
        parts.push(format!("fitness {}", terms.join(" + ")));
    }
    parts.join(", ")
}

/// What was changed since it was proposed: settings, pins, gains, bounds.
fn changed_since(state: &State, trial: &Trial) -> Option<String> {
    let since = |(_, (revision, _)): &(&String, &(u32, crate::journal::Who))| *revision > trial.revision;
    let mut changed: Vec<&str> =
        state.touched.iter().filter(since).map(|(subject, _)| subject.as_str()).collect();
    changed.sort_unstable();
    (!changed.is_empty()).then(|| changed.join(", "))
}
