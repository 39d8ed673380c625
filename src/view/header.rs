//! The two lines on top: the run in one line, and the pages.

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::ink::{Ink, fit, fit_words, width};
use super::text;
use crate::app::{Connection, Model, Page, Status, Target, estimate};
use crate::session::State;
use crate::trial::Trainer;

/// Cells that a reason is sure of.
const REASON: u16 = 30;

/// Draws header and tabs into the first two rows.
pub fn draw(ink: &mut Ink, area: Rect, model: &Model) {
    let theme = ink.theme;
    ink.tint(Rect::new(area.x, area.y, area.width, 1), theme.header);
    let x = ink.put(area, 1, 0, "evotop", theme.header.patch(theme.title));
    if let Some(state) = &model.state {
        run(ink, area, x, model, state);
    }
    tabs(ink, area, model);
}

/// What the run is, what it does, and how far it is. Parts fall away from the least important on.
fn run(ink: &mut Ink, area: Rect, x: u16, model: &Model, state: &State) {
    let theme = ink.theme;
    let base = theme.header;
    let what = what(state);
    let (status, status_style) = status(ink, model);
    let generation = generation(state);
    let epoch = model.selected_trial().filter(|_| state.slots.len() <= 1).and_then(|(g, r)| {
        let epochs = model.live.get(g).map_or((r.epoch, r.epochs), |l| (l.progress.epoch, l.progress.epochs));
        (epochs.1 > 0).then(|| format!("epoch {}/{}", epochs.0, epochs.1))
    });
    let best = state.history.best().map(|(t, fitness)| {
        let error = theme.glyphs.own(&text::give_or_take(state, t.candidate));
        (format!("best {fitness:.4}"), error, format!(" at gen {}", t.generation))
    });
    let left = estimate::run_left(state, &model.live, model.clock());
    let left = left.map(|s| format!("left {}", text::duration(s)));
    let clock = text::clock(model.open_for(state) as f64 / 1000.0);

    // Right: best, time left, clock. Left: name, generation, status, epoch.
    let right = |error_too: bool, at: bool, left_too: bool, clock_too: bool| {
        let best = best.as_ref().map(|(best, error, gen_at)| {
            let error = if error_too { error } else { "" };
            format!("{best}{error}{}", if at { gen_at } else { "" })
        });
        let left = left.clone().filter(|_| left_too);
        let clock = Some(clock.clone()).filter(|_| clock_too);
        [best, left, clock].into_iter().flatten().collect::<Vec<String>>()
    };
    let status_cells = width(&status);
    let need = |status_cells: u16, (right, name, epoch): &(Vec<String>, String, String)| {
        let right_cells: u16 = right.iter().map(|p| width(p) + 3).sum();
        x + 2 + width(name) + 3 + width(&generation) + 2 + status_cells + 2 + width(epoch) + right_cells + 1
    };
    let epoch = epoch.unwrap_or_default();
    let (short, long) = (fit(&state.name, 20, theme.glyphs.dots), theme.glyphs.own(&what));
    let choices = [
        (right(true, true, true, true), long.clone(), epoch.clone()),
        (right(true, true, true, true), short.clone(), epoch.clone()),
        (right(true, true, true, true), short.clone(), String::new()),
        (right(true, false, true, true), short.clone(), String::new()),
        (right(true, false, true, false), short.clone(), String::new()),
        (right(false, false, true, false), short.clone(), String::new()),
        (right(false, false, false, false), short.clone(), String::new()),
        (Vec::new(), short.clone(), String::new()),
        (Vec::new(), String::new(), String::new()),
    ];
    let fits = |cells: u16| move |choice: &&(Vec<String>, String, String)| need(cells, choice) <= area.width;
    // A long reason of a pause is cut before the name and the best give way; the log has it whole.
    let with_best = &choices[..7];
    let reason = matches!(model.status(), Status::Paused(_)).then_some(REASON.min(status_cells));
    let cut = reason.and_then(|cells| with_best[2..].iter().find(fits(cells)));
    let fitting =
        with_best.iter().find(fits(status_cells)).or(cut).or_else(|| choices.iter().find(fits(status_cells)));
    let (right, name, epoch) = fitting.unwrap_or(&choices[choices.len() - 1]);
    let mut at = ink.put(area, x + 2, 0, name, base.patch(theme.accent));
    at = ink.put(area, at + if name.is_empty() { 0 } else { 3 }, 0, &generation, base);
    let room = area.width.saturating_sub(at + 3 + right.iter().map(|p| width(p) + 3).sum::<u16>());
    at = ink.put(
        area,
        at + 2,
        0,
        &fit_words(&status, room.max(8), theme.glyphs.dots),
        base.patch(status_style),
    );
    ink.put(area, at + 2, 0, epoch, base);
    let mut end = area.width.saturating_sub(1);
    for (i, part) in right.iter().enumerate().rev() {
        let style = if i == 0 && part.starts_with("best") { base.patch(theme.best) } else { base };
        ink.put_right(area, end, 0, part, style);
        end = end.saturating_sub(width(part) + 3);
    }
}

/// `37/300`.
fn generation(state: &State) -> String {
    let now =
        state.running.keys().next_back().copied().or_else(|| state.history.next_generation().checked_sub(1));
    format!("gen {}/{}", now.unwrap_or(0), state.generations())
}

/// `digits · yolov5p · cpu`.
fn what(state: &State) -> String {
    let option = |key: &str| state.spec.options.get(key);
    let model = option("cfg").or_else(|| option("weights")).or_else(|| option("model")).map(|m| {
        let file = m.rsplit('/').next().unwrap_or(m);
        file.split('.').next().unwrap_or(file).to_owned()
    });
    let trainer = model.unwrap_or_else(|| match &state.spec.trainer {
        Trainer::Sim => "sim".into(),
        Trainer::Yolo => "yolo".into(),
        Trainer::Worker { argv } | Trainer::Command { argv, .. } => {
            let words: Vec<&str> = argv.iter().map(|w| w.rsplit('/').next().unwrap_or(w)).collect();
            words
                .iter()
                .find(|w| w.contains('.') && !w.starts_with('-'))
                .or(words.first())
                .map_or("command", |w| w)
                .to_owned()
        }
    });
    let devices: Vec<&str> = state.slots.keys().map(String::as_str).collect();
    let devices = match devices[..] {
        [] => state.spec.devices.clone(),
        [one] => one.to_owned(),
        _ => format!("{} slots", devices.len()),
    };
    [fit(&state.name, 24, "…"), fit(&trainer, 20, "…"), devices].join(" · ")
}

/// What the run does, in words, and how they look.
pub(super) fn status(ink: &Ink, model: &Model) -> (String, Style) {
    let theme = ink.theme;
    let frozen = model.state.as_ref().map_or(0, |state| state.frozen_count());
    let frozen = if frozen > 0 { format!(", {frozen} frozen") } else { String::new() };
    match model.status() {
        Status::Connecting => ("connecting".into(), theme.dim),
        Status::Lost(why) => (format!("connection lost: {why}"), theme.error),
        Status::Training => {
            let n = model.state.as_ref().map_or(0, |s| s.running.len() - s.frozen_count());
            if let Some(stopped) = model.state.as_ref().and_then(|state| state.stopped()) {
                return (format!("{}: {n} still running", stopped.why), theme.warn);
            }
            let training = if n > 1 { format!("training {n}") } else { "training".into() };
            (training + &frozen, theme.good)
        }
        Status::Starting => (format!("starting{frozen}"), theme.good),
        Status::Pausing { running, left } => {
            let left = left.map(|s| format!(", last in {}", text::short_duration(s))).unwrap_or_default();
            (format!("pausing: {running} still running{left}{frozen}"), theme.warn)
        }
        Status::Paused(why) => (why, theme.warn),
        Status::PausedFrozen { frozen, since } => {
            (format!("paused, {frozen} frozen since {}", text::time_of_day(since, &model.zone)), theme.warn)
        }
        Status::Frozen { since } => {
            (format!("frozen since {}", text::time_of_day(since, &model.zone)), theme.warn)
        }
        Status::Complete => {
            let by = model.state.as_ref().and_then(|state| state.stopped());
            (by.map_or("complete".into(), |stopped| format!("complete: {}", stopped.why)), theme.good)
        }
        Status::Stopped => ("stopped".into(), theme.dim),
        Status::Closed => ("session ended".into(), theme.dim),
    }
}

fn tabs(ink: &mut Ink, area: Rect, model: &Model) {
    let theme = ink.theme;
    let mut x = 1;
    for (i, page) in Page::ALL.into_iter().enumerate() {
        let style = if page == model.page {
            theme.accent.patch(theme.title).add_modifier(ratatui::style::Modifier::UNDERLINED)
        } else {
            theme.dim
        };
        let end = ink.put(area, x, 1, &format!("{} {}", i + 1, page.name()), style);
        ink.target(area, x, 1, end - x, Target::Page(page));
        x = end + 3;
    }
    let mut hints = vec![format!("{} help", hint(model, crate::app::action::Action::Help))];
    hints.push(format!("{} leave", hint(model, crate::app::action::Action::Leave)));
    match &model.tailing {
        Some(host) => hints.insert(0, format!("following the journal of {host}, read-only")),
        None if model.read_only => hints.insert(0, "read-only".into()),
        None => {}
    }
    let right = hints.join("  ");
    if x + width(&right) + 1 < area.width {
        ink.put_right(area, area.width - 1, 1, &right, theme.dim);
        let mut end = area.width - 1;
        for (hint, target) in hints.iter().rev().zip([Target::Leave, Target::Help]) {
            ink.target(area, end - width(hint), 1, width(hint), target);
            end -= width(hint) + 2;
        }
    }
}

fn hint(model: &Model, action: crate::app::action::Action) -> String {
    model.keymap.hint(action)
}

/// The body while nothing is known yet.
pub fn waiting(ink: &mut Ink, body: Rect, model: &Model) {
    let text = match &model.connection {
        Connection::Connecting => "connecting to the session".into(),
        Connection::Connected => "reading what has happened so far".into(),
        Connection::Lost { why, since } => {
            format!(
                "connection lost {} ago, trying again: {why}",
                text::duration((model.now - since) as f64 / 1000.0)
            )
        }
    };
    let style = ink.theme.dim;
    let x = body.width.saturating_sub(width(&text)) / 2;
    ink.put(body, x, body.height / 2, &text, style);
}
