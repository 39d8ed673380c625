//! What lies over the page: dialogues, knob, command line, help.

use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use super::ink::{Ink, fit, fit_words, width, wrap};
use super::text;
use crate::app::edit_form::{EditForm, FIELDS};
use crate::app::line::Line;
use crate::app::overlay::{Knob, Overlay};
use crate::app::{Model, choice_name, choices, estimate};
use crate::journal::Mode;
use crate::session::steer;
use crate::shell;

/// Draws what lies over the page, if anything does.
pub fn draw(ink: &mut Ink, area: Rect, model: &Model) {
    match &model.overlay {
        None => {}
        Some(Overlay::Help { scroll }) => super::help::draw(ink, area, model, *scroll),
        Some(Overlay::Leave) => leave(ink, area, model),
        Some(Overlay::Abort { generation, slot, .. }) => abort(ink, area, model, *generation, slot),
        Some(Overlay::Another { redo, why, .. }) => {
            let word = if *redo { "redo it" } else { "take it back" };
            ask(
                ink,
                area,
                if *redo { "Redo" } else { "Undo" },
                &[why.as_str()],
                &[("y", word), ("Esc", "leave it")],
            );
        }
        Some(Overlay::Knob { knob, value }) => self::knob(ink, area, model, *knob, *value),
        Some(Overlay::Edit(form)) => edit(ink, area, model, form),
        Some(Overlay::Strategy { cursor }) => strategy(ink, area, model, *cursor),
        Some(Overlay::Fitness { line, error }) => {
            let known = model.state.as_ref().map(|s| s.metrics.join("  ")).unwrap_or_default();
            prompt(ink, area, "fitness ", line, error.as_deref(), &format!("metrics: {known}"));
        }
        Some(Overlay::Command(c)) => {
            let hint = match (&c.completion, c.error.is_some()) {
                (Some((_, words, at)), _) => {
                    let rest = words.iter().cycle().skip(*at).take(words.len().min(8));
                    rest.cloned().collect::<Vec<_>>().join("  ")
                }
                _ => usage(&c.line.text()),
            };
            prompt(ink, area, ":", &c.line, c.error.as_deref(), &hint);
        }
        Some(Overlay::Filter { page, line, .. }) => {
            let hint = match page {
                crate::app::Page::History => "words and comparisons: finished  cuda:1  fitness>0.5  lr0<0.01",
                crate::app::Page::Log => "Enter keeps it; n and N go on",
                _ => "a part of the name; Enter keeps it, Esc leaves it",
            };
            prompt(ink, area, "/", line, None, hint);
        }
    }
}

fn usage(line: &str) -> String {
    let word = line.split_whitespace().next().unwrap_or_default();
    match steer::VERBS.iter().find(|v| v.name == word) {
        Some(verb) => format!("{} {}: {}", verb.name, verb.takes, verb.doc),
        None => "Tab completes, up and down recall, Enter does it, Esc leaves it".into(),
    }
}

/// A box in the middle, as wide and high as asked where there is room; returns its inside.
pub(super) fn popup(ink: &mut Ink, area: Rect, title: &str, columns: u16, rows: u16) -> Rect {
    let (columns, rows) = ((columns + 4).min(area.width), (rows.max(1) + 2).min(area.height));
    let corner = (area.x + (area.width - columns) / 2, area.y + (area.height - rows) / 2);
    let panel = Rect::new(corner.0, corner.1, columns, rows);
    ink.clear(panel);
    ink.tint(panel, ink.theme.text);
    let inner = ink.frame(panel, title, ink.theme.accent);
    Rect::new(inner.x + 1.min(inner.width), inner.y, inner.width.saturating_sub(2), inner.height)
}

/// A question: lines of text, and the keys that answer it.
fn ask(ink: &mut Ink, area: Rect, title: &str, says: &[&str], answers: &[(&str, &str)]) {
    let most = area.width.saturating_sub(8).min(64);
    let lines: Vec<String> = says.iter().flat_map(|t| wrap(t, most, ink.theme.glyphs.dots)).collect();
    let answer_cells: u16 = answers.iter().map(|(k, w)| width(k) + width(w) + 4).sum();
    let columns = lines.iter().map(|l| width(l)).max().unwrap_or(0).max(answer_cells.min(most)).max(24);
    // Answers that do not fit in one row stand under each other.
    let one_row = answer_cells <= columns + 3;
    let answer_rows = if one_row { 1 } else { answers.len() as u16 };
    // Where there is no room for all of it, the answers stay and the words give way.
    let room = area.height.saturating_sub(2 + answer_rows);
    let said = (lines.len() as u16).min(room);
    let gap = u16::from(said > 0 && said < room);
    let inner = popup(ink, area, title, columns, said + gap + answer_rows);
    let (text_style, key, dim) = (ink.theme.text, ink.theme.key, ink.theme.label);
    for (y, line) in (0..said).zip(&lines) {
        ink.put(inner, 0, y, line, text_style);
    }
    let (mut x, mut y) = (0, said + gap);
    for (k, word) in answers {
        let end = ink.put(inner, x, y, k, key.patch(ink.theme.accent)) + 1;
        let word = fit_words(word, inner.width.saturating_sub(end), ink.theme.glyphs.dots);
        let end = ink.put(inner, end, y, &word, dim);
        if one_row { x = end + 3 } else { y += 1 }
    }
}

fn leave(ink: &mut Ink, area: Rect, model: &Model) {
    let Some(state) = &model.state else { return };
    let running = state.running.len();
    let says = match &state.mode {
        Mode::Paused(_) => {
            format!("{} is paused and stays paused: nothing new starts until somebody goes on.", state.name)
        }
        Mode::Running if running == 0 => format!("{} goes on without you.", state.name),
        Mode::Running => {
            let left = estimate::run_left(state, &model.live, model.clock());
            let left = left.map(|s| format!(", for about {}", text::duration(s))).unwrap_or_default();
            format!("{} goes on without you{left}.", state.name)
        }
    };
    let again = format!("evotop attach {} comes back to it.", shell::word(&state.name));
    let paused = matches!(state.mode, Mode::Paused(_));
    let leave = ("Enter", if paused { "leave, the run stays paused" } else { "leave, the run goes on" });
    let stop = ("s", "stop after the running trials, then leave");
    let stop_now = ("S", "stop now, then leave");
    let stay = ("Esc", "stay");
    let answers = if model.demo { [stop_now, stop, leave, stay] } else { [leave, stop, stop_now, stay] };
    ask(ink, area, "Leave", &[&says, &again], &answers);
}

fn abort(ink: &mut Ink, area: Rect, model: &Model, generation: u64, slot: &str) {
    let done = model
        .state
        .as_ref()
        .and_then(|s| s.running.get(&generation))
        .and_then(|r| model.live.done(generation, r));
    let done = done.map(|d| format!(" It is {:.0}% done.", d * 100.0)).unwrap_or_default();
    let says = format!("Abort gen {generation} on {slot}?{done}");
    ask(
        ink,
        area,
        &format!("Abort gen {generation}"),
        &[&says],
        &[("y", "abort it"), ("r", "put it back in the queue"), ("Esc", "let it train")],
    );
}

fn knob(ink: &mut Ink, area: Rect, model: &Model, knob: Knob, value: f64) {
    let (title, now, shown, most) = match (knob, model.settings()) {
        (Knob::Sigma, s) => ("sigma", s.map_or(0.0, |s| s.sigma), format!("{value:.2}"), 1.0),
        (Knob::Top, s) => ("top n", s.map_or(0.0, |s| f64::from(s.top)), format!("{value:.0}"), 20.0),
    };
    let inner = popup(ink, area, title, 40, 4);
    let theme = ink.theme;
    let x = ink.put(inner, 0, 0, &shown, theme.now);
    let from = match knob {
        Knob::Sigma => format!("{now:.2}"),
        Knob::Top => format!("{now:.0}"),
    };
    ink.put(inner, x + 2, 0, &format!("now {from}"), theme.dim);
    let from_gen = model.state.as_ref().map_or(0, |s| s.next_proposal());
    ink.put_right(inner, inner.width, 0, &format!("from gen {from_gen}"), theme.dim);
    super::trial::gauge(ink, inner, 0, 1, inner.width, (value / most).min(1.0), false);
    let hints = [("arrows", "change"), ("Enter", "set"), ("Esc", "leave it")];
    answers(ink, inner, 3, &hints);
}

fn answers(ink: &mut Ink, inner: Rect, y: u16, hints: &[(&str, &str)]) {
    let theme = ink.theme;
    let mut x = 0;
    for (key, word) in hints {
        if x + width(key) + 1 + width(word) > inner.width {
            break;
        }
        x = ink.put(inner, x, y, key, theme.key.patch(theme.accent));
        x = ink.put(inner, x + 1, y, word, theme.label) + 3;
    }
}

fn edit(ink: &mut Ink, area: Rect, model: &Model, form: &EditForm) {
    let Some(p) = model.space().and_then(|s| s.get(&form.param)) else { return };
    let meaning = match (p.pin.is_some(), p.is_free(), form.pin) {
        (true, ..) => "moves the pin",
        (_, false, false) => "held there (gain 0)",
        (_, _, true) => "pinned there",
        (_, true, false) => "in the next proposal only",
    };
    let error = form.error.as_deref().map(|e| wrap(e, 50, ink.theme.glyphs.dots)).unwrap_or_default();
    let inner = popup(ink, area, &format!("Edit {}", form.param), 56, 7 + error.len() as u16);
    let theme = ink.theme;
    for (i, (name, line)) in FIELDS.iter().zip(&form.fields).enumerate() {
        let (y, selected) = (i as u16, form.cursor == i);
        let style = if selected { theme.cursor } else { Style::new() };
        ink.put(inner, 0, y, if selected { ">" } else { " " }, theme.accent);
        ink.put(inner, 2, y, name, theme.label);
        field(
            ink,
            Rect::new(inner.x + 8.min(inner.width), inner.y + y, inner.width.saturating_sub(8).min(20), 1),
            line,
            style,
            selected,
        );
        if i == 0 {
            ink.put(
                inner,
                30,
                y,
                &fit(meaning, inner.width.saturating_sub(30), theme.glyphs.dots),
                theme.pending,
            );
        }
    }
    for (i, line) in error.iter().enumerate() {
        ink.put(inner, 0, 4 + i as u16, line, theme.error);
    }
    let y = 5 + error.len() as u16;
    let pin = if form.pin { "not pinned" } else { "pin here" };
    let pin = Some(("ctrl-p", pin)).filter(|_| p.pin.is_none());
    let hints: Vec<(&str, &str)> =
        [Some(("Enter", "set")), pin, Some(("Tab", "next")), Some(("Esc", "leave it"))]
            .into_iter()
            .flatten()
            .collect();
    answers(ink, inner, y, &hints);
    let from = model.state.as_ref().map_or(0, |s| s.next_proposal());
    ink.put(inner, 0, y + 1, &format!("applies from gen {from}"), theme.dim);
}

/// A line being typed, its cursor in view.
fn field(ink: &mut Ink, area: Rect, line: &Line, style: Style, cursor: bool) {
    ink.tint(area, style);
    let chars: Vec<char> = line.text().chars().collect();
    let room = usize::from(area.width.max(1));
    let first = (line.cursor() + 1).saturating_sub(room);
    let shown: String = chars.iter().skip(first).take(room).collect();
    ink.put(area, 0, 0, &shown, style);
    if cursor {
        let before: String = chars.iter().skip(first).take(line.cursor() - first).collect();
        let at = width(&before);
        if at < area.width {
            let cell = Rect::new(area.x + at, area.y, 1, 1);
            ink.tint(cell, Style::new().add_modifier(Modifier::REVERSED));
        }
    }
}

fn strategy(ink: &mut Ink, area: Rect, model: &Model, cursor: usize) {
    let choices = choices();
    let inner = popup(ink, area, "Strategy", 44, choices.len() as u16 + 3);
    let theme = ink.theme;
    let now = model.settings().map(|s| (s.strategy, s.method));
    for (i, (kind, method)) in choices.iter().enumerate() {
        let selected = i == cursor;
        let in_force = now.is_some_and(|(k, m)| k == *kind && method.is_none_or(|method| method == m));
        let style = if selected { theme.cursor } else { theme.text };
        if selected {
            ink.tint(Rect::new(inner.x, inner.y + i as u16, inner.width, 1), theme.cursor);
        }
        ink.put(inner, 0, i as u16, if selected { ">" } else { " " }, style.patch(theme.accent));
        let x = ink.put(inner, 2, i as u16, &choice_name(*kind, *method), style);
        if in_force {
            ink.put(inner, x + 2, i as u16, "now", style.patch(theme.good));
        }
    }
    let y = choices.len() as u16 + 1;
    answers(ink, inner, y, &[("arrows", "choose"), ("Enter", "set"), ("Esc", "leave it")]);
    ink.put(inner, 0, y + 1, "the history is kept", theme.dim);
}

/// A line at the bottom of the screen, over settings and keys.
fn prompt(ink: &mut Ink, area: Rect, label: &str, line: &Line, error: Option<&str>, hint: &str) {
    let theme = ink.theme;
    let errors = error.map(|e| wrap(e, area.width.saturating_sub(2), theme.glyphs.dots)).unwrap_or_default();
    let errors = &errors[..errors.len().min(usize::from(area.height.saturating_sub(2)).min(4))];
    let extra = errors.len().saturating_sub(1) as u16;
    let top = area.height.saturating_sub(2 + extra);
    let panel = Rect::new(area.x, area.y + top, area.width, area.height - top);
    ink.clear(panel);
    let x = ink.put(panel, 1, 0, label, theme.key.patch(theme.accent));
    let room = panel.width.saturating_sub(x + 1);
    field(ink, Rect::new(panel.x + x.min(panel.width), panel.y, room, 1), line, theme.text, true);
    if errors.is_empty() {
        ink.put(panel, 1, 1, &fit_words(hint, panel.width.saturating_sub(2), theme.glyphs.dots), theme.dim);
    }
    for (i, text) in errors.iter().enumerate() {
        ink.put(panel, 1, 1 + i as u16, text, theme.error);
    }
}
