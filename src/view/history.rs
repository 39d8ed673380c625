//! The page History: a row a generation. One generation in full is in `history/detail.rs`.

mod detail;

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::ink::{Ink, fit, width};
use super::params::first_row;
use super::text;
use crate::app::history::{SortBy, metrics_shown, seconds, word};
use crate::app::{Model, Target};
use crate::session::State;
use crate::trial::{End, Trial};

/// Draws the page into the body.
pub fn draw(ink: &mut Ink, body: Rect, model: &Model) {
    let Some(state) = &model.state else { return };
    if let Some((generation, scroll)) = model.history.open
        && let Some(trial) = state.history.get(generation)
    {
        detail::draw(ink, body, model, state, trial, scroll);
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
    let columns = Columns { metrics: metrics_shown(state, inner.width) };
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
        ink.target(inner, 0, y, inner.width, Target::Generation(trial.generation));
    }
    ink.place(body, first, rows, count);
}

/// Which metrics there is room for.
struct Columns {
    metrics: Vec<usize>,
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
    let room = area.width.saturating_sub(x + 20);
    let changed = ["changed most", "changed"].into_iter().find(|name| width(name) <= room);
    put(x + 20, false, changed.unwrap_or_default(), None);
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
        let value = value.map_or("-".into(), text::metric_value);
        ink.put_right(area, x, y, &value, base.patch(theme.label));
    }
    let time = seconds(trial, state, model.clock()).map_or("-".into(), text::duration);
    ink.put_right(area, x + 9, y, &time, base.patch(theme.label));
    ink.put(area, x + 11, y, &fit(&parents(trial), 8, theme.glyphs.dots), base.patch(theme.label));
    let room = area.width.saturating_sub(x + 21);
    let mean = mean(trial, state).map(|mean| theme.glyphs.own(&mean)).filter(|mean| width(mean) <= room);
    let mean = mean.unwrap_or_default();
    let x = ink.put(area, x + 20, y, &mean, base.patch(theme.text));
    let (x, room) = if mean.is_empty() { (x, room) } else { (x + 2, room.saturating_sub(width(&mean) + 2)) };
    let changed = changed_most(trial, state, room, theme.glyphs.dots);
    // Beside a mean, a name without its number says nothing.
    if mean.is_empty() || changed.contains(' ') {
        ink.put(area, x, y, &changed, base.patch(theme.text));
    }
}

/// `mean 0.7737 ±.0082`, of all trials of its candidate, where there are several.
fn mean(trial: &Trial, state: &State) -> Option<String> {
    let (mean, _) = state.repeated(trial.candidate)?;
    Some(format!("mean {mean:.4}{}", text::give_or_take(state, trial.candidate)))
}

fn parents(trial: &Trial) -> String {
    match (&trial.parents[..], trial.origin) {
        ([one], _) => one.to_string(),
        ([first, rest @ ..], _) => format!("{first}+{}", rest.len()),
        ([], crate::trial::Origin::Repeat) => format!("= {}", trial.candidate),
        ([], origin) => format!("{origin:?}").to_lowercase(),
    }
}

/// The parameters that differ most from the parent, as many as fit whole: `lr0 +8.6%  box -3.0%`.
fn changed_most(trial: &Trial, state: &State, cells: u16, dots: &str) -> String {
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
    let mut line = String::new();
    for (_, i) in changes.iter().take(4) {
        let Some(p) = state.space.params.get(*i) else { continue };
        let piece = format!("{} {}", p.name, text::change(trial.genes[*i], parent.genes[*i]));
        let gap = if line.is_empty() { "" } else { "  " };
        // A name that is too long for its column still says more than nothing.
        if width(&line) + width(gap) + width(&piece) > cells {
            if line.is_empty() {
                line = fit(&p.name, cells, dots);
            }
            break;
        }
        line = line + gap + &piece;
    }
    line
}
