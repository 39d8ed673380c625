//! Every key of every row of the table, driven through the real model, with the effect that its doc promises.

use evotop::app::action::{Context, ROWS};
use evotop::app::log::Source;
use evotop::app::overlay::{Knob, Overlay};
use evotop::app::{Effect, Keymap, Page};
use evotop::evolve::ParentMode;
use evotop::journal::Mode;

use crate::fixture::Run;

/// What stands before the key is pressed: its page, and keys that make its effect possible.
fn before(name: &str) -> &'static str {
    match name {
        "undo" => "w",
        "redo" => "wu",
        "previous-match" | "up" | "page-up" | "first" => "jjj",
        "previous-slot" => "]]",
        "follow" => "<pgup>",
        "previous-page" | "left" => "2",
        "down" | "page-down" | "last" => "g",
        _ => "",
    }
}

/// Whether the effect is there; `was` is the run before the key was pressed.
fn holds(name: &str, was: &Run, run: &Run) -> bool {
    let (model, state) = (&run.model, &run.state);
    let selected = |run: &Run| run.model.params.cursor;
    let effect = |wanted: fn(&Effect) -> bool| run.effects.iter().any(wanted);
    match name {
        "pin" => state.space.params[0].pin == state.history.best().map(|(t, _)| t.genes[0]),
        "pin-here" => state.space.params[0].pin == state.history.get(37).map(|t| t.genes[0]),
        "edit" | "edit-chart" => matches!(&model.overlay, Some(Overlay::Edit(form)) if form.param == "lr0"),
        "open" => model.history.open.is_some(),
        "open-chart" => model.density.open,
        "second-parameter" => model.density.second == Some(1),
        "sort" => model.history.sort != was.model.history.sort,
        "reverse" => model.history.ascending,
        "edit-copy" => {
            matches!(&model.overlay, Some(Overlay::Command(c)) if c.line.text().starts_with("enqueue from 40"))
        }
        // The row on top still runs: it can be left out as soon as it has ended.
        "exclude" => state.history.get(40).is_some_and(|t| t.excluded),
        "save" => effect(|e| matches!(e, Effect::Save { .. })),
        "source" => matches!(model.log.source, Source::Slot(_)),
        "follow" => was.model.log.back > 0 && model.log.back == 0,
        "sigma-down" => state.settings.sigma == 0.19,
        "sigma-up" => state.settings.sigma == 0.21,
        "mutation-down" => state.settings.probability == 0.75,
        "mutation-up" => state.settings.probability == 0.85,
        "parent" | "redo" => state.settings.parent == ParentMode::Weighted,
        "pause" => matches!(state.mode, Mode::Paused(_)),
        "freeze" => state.running[&37].frozen_since.is_some(),
        "abort" => matches!(model.overlay, Some(Overlay::Abort { generation: 37, .. })),
        "undo" => {
            was.state.settings.parent == ParentMode::Weighted && state.settings.parent == ParentMode::Single
        }
        "sigma-knob" => matches!(model.overlay, Some(Overlay::Knob { knob: Knob::Sigma, .. })),
        "top-knob" => matches!(model.overlay, Some(Overlay::Knob { knob: Knob::Top, .. })),
        "strategy" => matches!(model.overlay, Some(Overlay::Strategy { .. })),
        "fitness" => matches!(model.overlay, Some(Overlay::Fitness { .. })),
        "repeat" => state.history.trials().last().is_some_and(|t| t.candidate == 37 && t.seed == 1),
        "previous-slot" => was.model.slot_index() == 2 && model.slot_index() == 1,
        "next-slot" => model.slot_index() == 1,
        "filter" => matches!(model.overlay, Some(Overlay::Filter { .. })),
        "next-match" | "down" => selected(run) == 1,
        "previous-match" | "up" => selected(was) == 3 && selected(run) == 2,
        "copy" => effect(|e| matches!(e, Effect::Copy(text) if text.starts_with("lr0: "))),
        "command-line" => matches!(model.overlay, Some(Overlay::Command(_))),
        "live" => model.page == Page::Live,
        "density" | "next-page" => model.page == Page::Density,
        "history" => model.page == Page::History,
        "log" => model.page == Page::Log,
        "previous-page" => was.model.page == Page::Density && model.page == Page::Live,
        "left" => model.density.until == Some(39),
        // Forth from where the page stands, which is the last generation already.
        "right" => model.density.until.is_none() && model.overlay.is_none(),
        "page-up" | "first" => selected(was) == 3 && selected(run) == 0,
        "page-down" => selected(run) > 10,
        "last" => selected(run) == 28,
        "help" => matches!(model.overlay, Some(Overlay::Help { .. })),
        "leave" | "back" | "interrupt" => matches!(model.overlay, Some(Overlay::Leave)),
        "suspend" => effect(|e| *e == Effect::Suspend),
        "mouse" => effect(|e| *e == Effect::Mouse(true)),
        "redraw" => effect(|e| *e == Effect::Redraw),
        unknown => panic!("the row {unknown} has no test: say here what its keys do"),
    }
}

fn page(context: Context) -> &'static str {
    match context {
        Context::Everywhere | Context::Live => "",
        Context::Density => "2",
        Context::History => "3",
        Context::Log => "4",
    }
}

#[test]
fn each_key_of_each_row_does_what_the_row_says() {
    for row in ROWS {
        for key in row.keys {
            let ready = || {
                let mut run = Run::mid_run(4);
                run.keys(page(row.context)).keys(before(row.name));
                if row.name == "exclude" {
                    run.finish(40);
                }
                run.effects.clear();
                run
            };
            let (was, mut run) = (ready(), ready());
            let key = if key.chars().count() > 1 { format!("<{key}>") } else { (*key).to_owned() };
            run.keys(&key);
            assert!(
                holds(row.name, &was, &run),
                "{key} of the row {} has not the effect: {}",
                row.name,
                row.doc
            );
        }
    }
}

#[test]
fn a_key_file_moves_every_row_to_a_key_of_its_own() {
    // Each row on a function key with alt and ctrl, which no row has by default.
    for (i, row) in ROWS.iter().enumerate() {
        let key = if i < 24 { format!("alt-f{}", i + 1) } else { format!("ctrl-alt-f{}", i % 24 + 1) };
        let keymap = Keymap::with(&format!("{}: {key}\n", row.name)).unwrap();
        assert_eq!(keymap.keys(i).iter().map(ToString::to_string).collect::<Vec<_>>(), [key], "{}", row.name);
    }
}
