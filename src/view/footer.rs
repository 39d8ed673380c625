//! The two lines at the bottom: the settings in force, and keys worth knowing here. Messages stand above them.

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::Theme;
use super::ink::{Ink, fit_words, width, wrap};
use crate::app::action::{Action, Context, ROWS};
use crate::app::help::{REPLAY, REPLAY_WORDS};
use crate::app::{Model, Page, Status};
use crate::evolve::{ParentMode, Prune, Rule, Settings};
use crate::session::State;

/// Draws settings, keys and messages.
pub fn draw(ink: &mut Ink, area: Rect, model: &Model) {
    settings(ink, area, area.height - 2, model);
    keys(ink, area, area.height - 1, model);
    toasts(ink, area, model);
}

fn settings(ink: &mut Ink, area: Rect, y: u16, model: &Model) {
    let (Some(state), Some(settings)) = (&model.state, model.settings()) else { return };
    let theme = ink.theme;
    if let Some(at) = model.replay {
        replay(ink, area, y, at);
        return;
    }
    let (text, brief, style) = outlook(theme, model, state);
    let mut x = 1;
    for (label, value, value_style) in parts(theme, model, settings, area.width < 100) {
        let cells = width(label) + u16::from(!label.is_empty()) + width(&value);
        // What comes next is always said.
        if x + cells + 3 + width(&brief) > area.width.saturating_sub(1) {
            break;
        }
        if !label.is_empty() {
            x = ink.put(area, x, y, label, theme.label) + 1;
        }
        x = ink.put(area, x, y, &value, value_style) + 3;
    }
    let room = area.width.saturating_sub(x + 1);
    let (shown, style) = match model.pending.last() {
        Some(asked) => {
            let text = theme.glyphs.own(&format!("{} …", asked.text));
            (fit_words(&text, room, theme.glyphs.dots), theme.pending)
        }
        None => ([text, brief].into_iter().find(|text| width(text) <= room).unwrap_or_default(), style),
    };
    ink.put_right(area, area.width - 1, y, &shown, style);
}

/// What comes next, at length and in brief: from when on a change would hold, or why it would not.
fn outlook(theme: &Theme, model: &Model, state: &State) -> (String, String, Style) {
    let from = state.next_proposal();
    if matches!(model.status(), Status::Lost(_)) {
        ("trying to connect again".to_owned(), "trying again".to_owned(), theme.warn)
    } else if state.open.is_none() {
        ("stopped: the same command goes on".to_owned(), "stopped".to_owned(), theme.dim)
    } else if state.is_complete() {
        ("complete: more generations go on".to_owned(), "complete".to_owned(), theme.dim)
    } else {
        (format!("changes apply from gen {from}"), format!("from gen {from}"), theme.dim)
    }
}

/// The settings in force, each under its name, the most important first.
fn parts(
    theme: &Theme,
    model: &Model,
    settings: &Settings,
    short: bool,
) -> Vec<(&'static str, String, Style)> {
    let has = crate::app::knobs(settings.strategy);
    let style = |has: bool, subject: &str| {
        if !has {
            theme.dim
        } else if model.is_pending(subject) {
            theme.pending
        } else {
            theme.text
        }
    };
    // What a strategy has not got is not told by its colour alone.
    let or_none = |has: bool, value: String| if has { value } else { "-".to_owned() };
    let parent = match settings.parent {
        ParentMode::Single => format!("single of {}", settings.top),
        ParentMode::Weighted => format!("weighted of {}", settings.top),
    };
    let parent_style = if model.is_pending("top") { theme.pending } else { style(has.parent, "parent") };
    let mut strategy = settings.strategy.name().to_owned();
    if has.method {
        strategy = format!("{strategy} method {}", settings.method);
    }
    let name = |long: &'static str, brief: &'static str| if short { brief } else { long };
    let mut parts = vec![
        ("parent", or_none(has.parent, parent), parent_style),
        ("sigma", or_none(has.sigma, format!("{:.2}", settings.sigma)), style(has.sigma, "sigma")),
        (
            name("mutation", "mut"),
            or_none(has.probability, format!("{:.2}", settings.probability)),
            style(has.probability, "mutation"),
        ),
        (name("strategy", ""), strategy, style(true, "strategy")),
    ];
    if settings.prune != Prune::Off {
        parts.push(("prune", settings.prune.name().to_owned(), style(true, "prune")));
    }
    for rule in [Rule::Target, Rule::Patience, Rule::MaxHours, Rule::RepeatBest] {
        if let Some(value) = settings.rules.get(rule) {
            parts.push((rule.name(), rule.show(Some(value)), style(true, rule.name())));
        }
    }
    parts
}

/// Where a replay stands: a slider, and how fast it goes.
fn replay(ink: &mut Ink, area: Rect, y: u16, at: crate::app::ReplayAt) {
    let theme = ink.theme;
    let word = if at.playing { "playing" } else { "held" };
    let x = ink.put(area, 1, y, &format!("replay  {word} x{}  ", at.speed), theme.warn);
    let count = format!("  {} of {}", at.at, at.of);
    let cells = area.width.saturating_sub(x + width(&count) + 1);
    let done = if at.of > 0 { at.at as f64 / at.of as f64 } else { 0.0 };
    super::trial::gauge(ink, area, x, y, cells, done, false);
    ink.put_right(area, area.width - 1, y, &count, theme.text);
}

/// As many hints as fit whole: the page's own first, then those that hold everywhere.
fn keys(ink: &mut Ink, area: Rect, y: u16, model: &Model) {
    if model.replay.is_some() {
        let keys =
            |actions: &[Action]| actions.iter().map(|a| model.keymap.hint(*a)).collect::<Vec<_>>().join(" ");
        let own = REPLAY.iter().map(|(actions, short, _)| (keys(actions), (*short).to_owned()));
        let words: Vec<&str> = REPLAY_WORDS.iter().filter_map(|(w, _)| w.split(' ').next()).collect();
        let rest = [
            (keys(&[Action::Help]), "help".to_owned()),
            (keys(&[Action::Leave]), "leave".to_owned()),
            (keys(&[Action::CommandLine]), words.join(", ")),
        ];
        hint_line(ink, area, y, &own.chain(rest).collect::<Vec<_>>());
        return;
    }
    let here = model.page.context();
    let pages = [Page::Live, Page::Density];
    let useful = |action: Action| {
        let here = match action {
            Action::Pin => pages.contains(&model.page),
            Action::Repeat => model.page == Page::History,
            Action::NextSlot => model.state.as_ref().is_some_and(|s| s.slots.len() > 1),
            _ => true,
        };
        // Before anything is known there is nothing to act on.
        let known = model.state.is_some() || [Action::Help, Action::Leave].contains(&action);
        here && known && !(model.read_only && action.steers())
    };
    let rows = ROWS.iter().enumerate().filter(|(_, row)| !row.short.is_empty() && useful(row.action));
    let (own, other): (Vec<_>, Vec<_>) = rows
        .filter(|(_, r)| r.context == here || r.context == Context::Everywhere)
        .partition(|(_, r)| r.context == here);
    let key = |index: usize| model.keymap.keys(index).first().map(ToString::to_string).unwrap_or_default();
    let keys = |index: usize, action: Action| {
        let other = match action {
            Action::SigmaUp => Action::SigmaDown,
            Action::ProbabilityUp => Action::ProbabilityDown,
            Action::NextSlot => Action::PreviousSlot,
            _ => return key(index),
        };
        format!("{} {}", model.keymap.hint(other), key(index)).trim().to_owned()
    };
    let hints: Vec<(String, String)> = own
        .into_iter()
        .chain(other)
        .map(|(i, row)| (keys(i, row.action), row.short.to_owned()))
        .filter(|(key, _)| !key.is_empty())
        .collect();
    hint_line(ink, area, y, &hints);
}

/// Keys and what they do, as many as fit whole.
pub fn hint_line(ink: &mut Ink, area: Rect, y: u16, hints: &[(String, String)]) {
    let theme = ink.theme;
    let mut x = 1;
    for (key, word) in hints {
        if x + width(key) + 1 + width(word) > area.width.saturating_sub(1) {
            break;
        }
        x = ink.put(area, x, y, key, theme.key) + 1;
        x = ink.put(area, x, y, word, theme.dim) + 2;
    }
}

fn toasts(ink: &mut Ink, area: Rect, model: &Model) {
    let theme = ink.theme;
    let cells = area.width.saturating_sub(6).min(76);
    let mut bottom = area.height - 2;
    let wrapped = |text: &str| wrap(text, cells, theme.glyphs.dots).into_iter().take(6).collect::<Vec<_>>();
    let most = model.toasts.shown().iter().flat_map(|toast| wrapped(&toast.text)).map(|l| width(&l)).max();
    let most = most.unwrap_or(0);
    for toast in model.toasts.shown().iter().rev() {
        let lines = wrapped(&toast.text);
        let height = lines.len() as u16;
        if bottom < height + 3 {
            break;
        }
        bottom -= height;
        let panel =
            Rect::new(area.x + area.width.saturating_sub(most + 4), area.y + bottom, most + 4, height);
        ink.clear(panel);
        ink.tint(panel, theme.header);
        let style =
            theme.header.patch(if toast.error { theme.error } else { Style { bg: None, ..theme.good } });
        let mark = if toast.error { "! " } else { "  " };
        for (y, line) in lines.iter().enumerate() {
            ink.put(panel, 0, y as u16, if y == 0 { mark } else { "  " }, style);
            ink.put(panel, 2, y as u16, line, style);
        }
    }
}
