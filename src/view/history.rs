//! The page History: a row a generation, or one generation in full.

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::ink::{Ink, fit};
use super::params::first_row;
use super::text;
use crate::app::Model;
use crate::app::history::{SortBy, seconds, word};
use crate::session::State;
use crate::trial::{Change, End, Trial};

/// Draws the page into the body.
pub fn draw(ink: &mut Ink, body: Rect, model: &Model) {
    let Some(state) = &model.state else { return };
    if let Some((generation, scroll)) = model.history.open
        && let Some(trial) = state.history.get(generation)
    {
        detail(ink, body, model, state, trial, scroll);
        return;
    }
    let count = model.history.len(state);
    let filter =
        if model.history.filter.is_empty() { String::new() } else { format!("  /{}", model.history.filter) };
    let cost = if state.cost.used > 0.0 { format!("  {}", state.cost) } else { String::new() };
    let inner = ink.frame(
        body,
        &format!("History  {count} of {}{filter}{cost}", state.history.trials().len()),
        ink.theme.border,
    );
    if inner.height < 2 {
        return;
    }
    let columns = columns(state, inner.width);
    heading(ink, inner, model, state, &columns);
    if count == 0 {
        let style = ink.theme.dim;
        let text = if filter.is_empty() { "no generation yet" } else { "nothing fits the filter" };
        ink.put(inner, 2, 2, text, style);
        return;
    }
    let rows = usize::from(inner.height - 1);
    let cursor = model.history.at(state);
    let first = first_row(cursor, rows, count);
    let best = state.history.best().map(|(t, _)| t.generation);
    for (y, at) in (first..count.min(first + rows)).enumerate() {
        let Some(trial) = model.history.row(at, state).and_then(|g| state.history.get(g)) else { continue };
        let y = y as u16 + 1;
        let base = if at == cursor { ink.theme.cursor } else { Style::new() };
        if at == cursor {
            ink.tint(Rect::new(inner.x, inner.y + y, inner.width, 1), base);
            let style = base.patch(ink.theme.accent);
            ink.put(inner, 0, y, ">", style);
        }
        row(ink, inner, y, model, state, trial, &columns, base, best == Some(trial.generation));
    }
    if count > rows {
        let style = ink.theme.dim;
        let more = format!(" {}-{} of {count} ", first + 1, (first + rows).min(count));
        ink.put_right(body, body.width.saturating_sub(2), body.height - 1, &more, style);
    }
}

/// Which metrics there is room for, and whether what changed most has any.
struct Columns {
    metrics: Vec<usize>,
    changed: u16,
}

const FIXED: u16 = 2 + 7 + 10 + 9 + 9 + 9;

fn columns(state: &State, cells: u16) -> Columns {
    let room = cells.saturating_sub(FIXED);
    // What changed most keeps 18 cells where it can.
    let count = usize::from(room.saturating_sub(18) / 8);
    let mut metrics: Vec<usize> = by_weight(state).into_iter().take(count).collect();
    metrics.sort_unstable();
    let changed = room - metrics.len() as u16 * 8;
    Columns { metrics, changed }
}

/// The metrics by how much they count, the rest as they come.
pub fn by_weight(state: &State) -> Vec<usize> {
    let weight = |i: &usize| state.settings.fitness.0.get(&state.metrics[*i]).map_or(0.0, |w| w.abs());
    let mut order: Vec<usize> = (0..state.metrics.len()).collect();
    order.sort_by(|a, b| weight(b).total_cmp(&weight(a)));
    order
}

fn heading(ink: &mut Ink, area: Rect, model: &Model, state: &State, columns: &Columns) {
    let theme = ink.theme;
    let view = &model.history;
    let arrow = match (view.ascending, theme.glyphs.ascii) {
        (true, false) => "▴",
        (false, false) => "▾",
        (true, true) => "^",
        (false, true) => "v",
    };
    let mut put = |x: u16, right: bool, name: &str, sort: Option<SortBy>| {
        let sorted = sort == Some(view.sort);
        let text = if sorted { format!("{name}{arrow}") } else { name.to_owned() };
        let style = if sorted { theme.accent } else { theme.label };
        if right {
            ink.put_right(area, x, 0, &text, style);
        } else {
            ink.put(area, x, 0, &text, style);
        }
    };
    put(8, true, "gen", Some(SortBy::Generation));
    put(10, false, "state", Some(SortBy::State));
    put(28, true, "fitness", Some(SortBy::Fitness));
    let mut x = 28;
    for i in &columns.metrics {
        x += 8;
        put(x, true, &fit(text::metric(&state.metrics[*i]), 7, "."), Some(SortBy::Metric(*i)));
    }
    put(x + 9, true, "time", Some(SortBy::Duration));
    put(x + 11, false, "parent", None);
    put(x + 20, false, "changed most", None);
}

#[expect(clippy::too_many_arguments, reason = "a row needs all of it, and only here")]
fn row(
    ink: &mut Ink,
    area: Rect,
    y: u16,
    model: &Model,
    state: &State,
    trial: &Trial,
    columns: &Columns,
    base: Style,
    best: bool,
) {
    let theme = ink.theme;
    let word = word(trial, state);
    let style = match &trial.end {
        Some(End::Failed { .. }) => theme.bad,
        Some(End::Diverged { .. } | End::Pruned { .. } | End::Aborted) => theme.dim,
        Some(_) if trial.excluded => theme.dim,
        Some(_) => theme.text,
        None => theme.now,
    };
    let base_style = if best { theme.best } else { theme.text };
    ink.put_right(area, 8, y, &trial.generation.to_string(), base.patch(base_style));
    if best {
        ink.put(area, 8, y, theme.glyphs.best, base.patch(theme.best));
    }
    ink.put(area, 10, y, word, base.patch(style));
    let fitness = trial.fitness.map_or("-".into(), |f| format!("{f:.4}"));
    ink.put_right(area, 28, y, &fitness, base.patch(base_style));
    let mut x = 28;
    for i in &columns.metrics {
        x += 8;
        let value = trial.metrics.get(*i).copied().filter(|v| v.is_finite());
        let value = value.map_or("-".into(), |v| match v.abs() {
            0.001..10.0 => format!("{v:.4}"),
            _ => fit(&text::number(v), 7, ""),
        });
        ink.put_right(area, x, y, &value, base.patch(theme.label));
    }
    let time = seconds(trial, state, &model.live, model.clock()).map_or("-".into(), text::duration);
    ink.put_right(area, x + 9, y, &time, base.patch(theme.label));
    ink.put(area, x + 11, y, &fit(&parents(trial), 8, theme.glyphs.dots), base.patch(theme.label));
    let changed = changed_most(trial, state, usize::from(columns.changed / 16).clamp(1, 4));
    let room = area.width.saturating_sub(x + 21);
    ink.put(area, x + 20, y, &fit(&changed, room, theme.glyphs.dots), base.patch(theme.text));
}

fn parents(trial: &Trial) -> String {
    match (&trial.parents[..], trial.origin) {
        ([one], _) => one.to_string(),
        ([first, rest @ ..], _) => format!("{first}+{}", rest.len()),
        ([], crate::trial::Origin::Repeat) => format!("= {}", trial.candidate),
        ([], origin) => format!("{origin:?}").to_lowercase(),
    }
}

/// The parameters that differ most from the parent: `lr0 +8.6%  box -3.0%`.
fn changed_most(trial: &Trial, state: &State, count: usize) -> String {
    let Some(parent) = trial.parents.first().and_then(|g| state.history.get(*g)) else {
        return String::new();
    };
    let mut changes: Vec<(f64, usize)> = trial
        .genes
        .iter()
        .zip(&parent.genes)
        .enumerate()
        .filter(|(_, (now, then))| now != then && now.is_finite() && then.is_finite())
        .filter_map(|(i, (now, then))| {
            let p = state.space.params.get(i)?;
            Some(((p.to_unit(*now) - p.to_unit(*then)).abs(), i))
        })
        .collect();
    changes.sort_by(|a, b| b.0.total_cmp(&a.0));
    let pieces = changes.iter().take(count).filter_map(|(_, i)| {
        let p = state.space.params.get(*i)?;
        Some(format!("{} {}", p.name, text::change(trial.genes[*i], parent.genes[*i])))
    });
    pieces.collect::<Vec<_>>().join("  ")
}

/// One generation in full, scrolled by `scroll` lines.
fn detail(ink: &mut Ink, body: Rect, model: &Model, state: &State, trial: &Trial, scroll: usize) {
    let inner = ink.frame(
        body,
        &format!("Generation {}  {}", trial.generation, word(trial, state)),
        ink.theme.border,
    );
    let lines = detail_lines(ink, model, state, trial, inner.width.saturating_sub(2));
    let rows = usize::from(inner.height);
    let first = scroll.min(lines.len().saturating_sub(rows));
    for (y, pieces) in lines.iter().skip(first).take(rows).enumerate() {
        let mut x = 1;
        for (text, style) in pieces {
            x = ink.put(inner, x, y as u16, text, *style);
        }
    }
    if lines.len() > rows {
        let style = ink.theme.dim;
        let more = format!(" {}-{} of {} ", first + 1, first + rows, lines.len());
        ink.put_right(body, body.width.saturating_sub(2), body.height - 1, &more, style);
    }
}

type Pieces = Vec<(String, Style)>;

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

fn detail_lines(ink: &Ink, model: &Model, state: &State, trial: &Trial, cells: u16) -> Vec<Pieces> {
    let theme = ink.theme;
    let mut lines: Vec<Pieces> = Vec::new();
    let mut pair = |label: &str, value: String| {
        lines.push(vec![(format!("{label:<12}"), theme.label), (value, theme.text)]);
    };
    let fitness = trial.fitness.map_or("none".into(), |f| format!("{f:.5}"));
    pair("fitness", fitness);
    if let Some(candidate) = candidate(trial, state) {
        pair("candidate", theme.glyphs.own(&candidate));
    }
    if let Some((how, detail)) = how_it_ended(trial) {
        pair(how, detail);
    }
    let metrics = state.metrics.iter().zip(&trial.metrics).filter(|(_, v)| v.is_finite());
    let metrics: Vec<String> =
        metrics.map(|(n, v)| format!("{} {}", text::metric(n), text::tick(*v))).collect();
    if !metrics.is_empty() {
        for (i, line) in
            super::ink::wrap(&metrics.join("  "), cells.saturating_sub(12), "~").into_iter().enumerate()
        {
            pair(if i == 0 { "metrics" } else { "" }, line);
        }
    }
    let time = seconds(trial, state, &model.live, model.clock()).map_or("-".into(), text::duration);
    let started = trial.started_at.map_or("not yet".into(), |t| text::date_and_time(t, &model.zone));
    let slot = trial.slot.as_deref().map(|s| format!(" on {s}")).unwrap_or_default();
    pair("time", format!("{time}, started {started}{slot}, attempt {}", trial.attempts));
    if trial.cost.lost + trial.cost.saved > 0.0 {
        pair("cost", trial.cost.to_string());
    }
    let origin = format!("{:?}", trial.origin).to_lowercase();
    pair("origin", format!("{origin}, trial seed {}, era {}", trial.seed, trial.era));
    for (i, line) in
        super::ink::wrap(&lineage(trial, state, 60), cells.saturating_sub(12), "~").into_iter().enumerate()
    {
        pair(if i == 0 { "lineage" } else { "" }, line);
    }
    pair("settings", settings_then(state, trial));
    lines.push(Vec::new());
    let parameters = lines.len();
    let parent = trial.parents.first().and_then(|g| state.history.get(*g));
    let best = state.history.best().map(|(t, _)| t);
    let named = |label: &str, t: Option<u64>| t.map_or("-".to_owned(), |g| format!("{label} {g}"));
    lines.push(vec![(
        format!(
            "{:<18}{:>12}{:>14}{:>9}{:>14}{:>9}  {}",
            "parameter",
            "value",
            named("parent", parent.map(|t| t.generation)),
            "change",
            named("best", best.map(|t| t.generation)),
            "change",
            "made by"
        ),
        theme.label,
    )]);
    for (i, p) in state.space.params.iter().enumerate() {
        let Some(x) = trial.genes.get(i).copied() else { continue };
        let of = |t: Option<&std::sync::Arc<Trial>>| t.and_then(|t| t.genes.get(i).copied());
        let show = |x: Option<f64>| x.map_or("-".into(), |x| fit(&text::gene(p, x), 12, "~"));
        let change = |then: Option<f64>| then.map_or(String::new(), |then| text::change(x, then));
        let by = trial.changes.get(i).map_or("", |c| match c {
            Change::Kept => "kept",
            Change::Mutated => "mutated",
            Change::Bounded => "mutated, stopped by a bound",
            Change::Crossed => "from the second parent",
            Change::Held => "held",
            Change::Set => "set by hand",
            Change::New => "drawn anew",
        });
        let (from_parent, from_best) = (change(of(parent)), change(of(best)));
        let changed = from_parent != "." && !from_parent.is_empty();
        let strong = if changed { theme.text } else { theme.dim };
        lines.push(vec![
            (format!("{:<18}", fit(&p.name, 17, theme.glyphs.dots)), theme.text),
            (format!("{:>12}", show(Some(x))), theme.now),
            (format!("{:>14}", show(of(parent))), theme.label),
            (format!("{from_parent:>9}"), strong),
            (format!("{:>14}", show(of(best))), theme.label),
            (format!("{from_best:>9}"), theme.dim),
            (format!("  {by}"), theme.dim),
        ]);
    }
    if let Some((_, end)) = model.history.log_end.as_ref().filter(|(g, _)| *g == trial.generation) {
        // What went wrong is what one came for: it stands before the parameters.
        let mut said = vec![vec![("the end of its log".to_owned(), theme.title)]];
        match end {
            Ok(end) if end.is_empty() => said.push(vec![("it is empty".into(), theme.dim)]),
            Ok(end) => {
                let last = end.iter().skip(end.len().saturating_sub(12));
                said.extend(last.map(|l| vec![(fit(l, cells, theme.glyphs.dots), theme.text)]));
            }
            Err(why) => said.push(vec![(format!("it cannot be read: {why}"), theme.dim)]),
        }
        said.push(Vec::new());
        lines.splice(parameters..parameters, said);
    }
    lines
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
    let count = chain.len() - 1;
    let words: Vec<String> = chain.iter().map(u64::to_string).collect();
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

/// The settings in force when it was proposed; undone step by step from the present ones where they differ.
fn settings_then(state: &State, trial: &Trial) -> String {
    let now = &state.settings;
    if trial.revision == state.revision {
        return format!(
            "parent {} of {}, sigma {}, mutation {}, {} (revision {})",
            now.parent.name(),
            now.top,
            now.sigma,
            now.probability,
            now.strategy.name(),
            trial.revision
        );
    }
    let changed: Vec<&str> = state
        .touched
        .iter()
        .filter(|(_, (revision, _))| *revision > trial.revision)
        .map(|(subject, _)| subject.as_str())
        .collect();
    let mut changed: Vec<String> = changed.into_iter().map(str::to_owned).collect();
    changed.sort_unstable();
    let what = if changed.is_empty() { "nothing that still differs".into() } else { changed.join(", ") };
    format!("revision {}; changed since: {what}", trial.revision)
}
