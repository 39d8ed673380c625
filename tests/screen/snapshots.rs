//! Every page and dialogue at 80x24 and 120x40, with 1, 4 and 8 slots, from a fixed journal.

use evotop::app::News;
use evotop::app::picker::{Choice, Picker, Standing};
use evotop::app::{ReplayAt, Request};
use evotop::journal::How;
use evotop::view::{Depth, Theme, draw_picker};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::fixture::{Run, me};
use crate::look::text;

const SIZES: [(u16, u16); 2] = [(80, 24), (120, 40)];

/// The screen after these keys, at each size with each number of slots.
fn check(name: &str, keys: &str) {
    check_after(name, |_| {}, keys);
}

fn check_after(name: &str, before: impl Fn(&mut Run), keys: &str) {
    for (columns, rows) in SIZES {
        let mut screens = Vec::new();
        for slots in [1, 4, 8] {
            let mut run = Run::mid_run(slots).sized(columns, rows);
            before(&mut run);
            run.keys(keys);
            screens.push(format!("{slots} slots\n{}", text(&run.model, columns, rows)));
        }
        insta::assert_snapshot!(format!("{name}_{columns}x{rows}"), screens.join("\n\n"));
    }
}

#[test]
fn live() {
    check("live", "");
    check("live_frozen_and_pinned", "jp]z[");
    check("live_pausing", " ");
}

#[test]
fn density() {
    check("density", "2j");
    check("density_open", "2<enter>");
    check("density_map", "2v");
    check("density_back", "2<left><left><left><left><left><left>");
}

#[test]
fn history() {
    check("history", "3jjjjj");
    check("history_best", "3oo/finished lr0<0.0125<enter>");
    check("generation", "3<pgdn><enter>");
}

#[test]
fn log() {
    check("log", "+4/started<enter>");
    check("log_raw", "4<tab>");
}

#[test]
fn help() {
    check("help", "?");
}

#[test]
fn dialogues() {
    check("abort", "x");
    check("leave", "q");
    check("leave_paused", " q");
    check("edit", "jje");
    check("edit_wrong", "jje<ctrl-u>much<enter>");
    check("strategy", "m");
    let theirs = |run: &mut Run| {
        let who = evotop::journal::Who { user: "grace".into(), ..me(How::Shell) };
        let command = evotop::session::steer::parse("sigma 0.5", &run.state).unwrap();
        for event in run.state.decide(&command, &who).unwrap() {
            run.journal(event);
        }
    };
    check_after("another", theirs, "u");
}

#[test]
fn lines_and_knobs() {
    check("knob_sigma", "s<up>");
    check("knob_top", "t<up><up>");
    check("command", ":set lr0.");
    check("command_completed", ":set <tab>");
    check("command_error", ":set lr1 0.1<enter>");
    check("fitness", "f");
    check("filter", "/hsv");
}

#[test]
fn toasts_and_a_lost_connection() {
    check_after(
        "toast",
        |run| run.tell(News::Notice { text: "the disk is full, the run waits".into() }),
        "+y",
    );
    check_after("lost", |run| run.tell(News::Lost { why: "the session went away".into() }), "");
}

#[test]
fn replay() {
    let replay = |run: &mut Run| {
        let time = run.now;
        run.tell(News::Replay(ReplayAt { at: 155, of: 400, speed: 8.0, playing: true, time }));
    };
    check_after("replay", replay, "");
    let mut run = Run::mid_run(1);
    replay(&mut run);
    run.type_keys(" ");
    let asked = run.effects.iter().any(|e| matches!(e, evotop::app::Effect::Send(Request::Replay(_))));
    assert!(asked, "space is the replay's");
}

#[test]
fn the_picker() {
    let theme = Theme::named("dusk", Depth::True, false, false).unwrap();
    let choice = |name: &str, standing, done, best, place: &str| Choice {
        name: name.into(),
        standing,
        done,
        best,
        dir: place.into(),
    };
    let mut picker = Picker::default();
    let choices = vec![
        choice("digits", Standing::Complete, (300, 300), Some(0.7123), "/home/ada/runs/evolve/digits"),
        choice(
            "coco",
            Standing::Running,
            (37, 300),
            Some(0.5659),
            "/data/a/rather/long/way/down/runs/evolve/coco",
        ),
        choice("night", Standing::Interrupted, (0, 50), None, "/home/ada/runs/evolve/night"),
    ];
    picker.renew(choices, false);
    for (columns, rows) in SIZES {
        let mut buf = Buffer::empty(Rect::new(0, 0, columns, rows));
        draw_picker(&picker, &theme, &mut buf);
        let line = |y| (0..columns).map(|x| buf[(x, y)].symbol()).collect::<String>().trim_end().to_owned();
        let shown: Vec<String> = (0..rows).map(line).collect();
        insta::assert_snapshot!(format!("picker_{columns}x{rows}"), shown.join("\n"));
    }
}
