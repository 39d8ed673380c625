//! Any keys at any size: nothing panics, nothing is drawn outside.

use evotop::app::{Input, Mouse};
use evotop::journal::Event;
use evotop::view::{Cache, Depth, Theme, draw};
use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::fixture::Run;

const KEYS: &[&str] = &[
    "1",
    "2",
    "3",
    "4",
    "<tab>",
    "j",
    "k",
    "g",
    "G",
    "<pgup>",
    "<pgdn>",
    "<left>",
    "<right>",
    "<enter>",
    "<esc>",
    "p",
    "P",
    "e",
    "/",
    "n",
    "N",
    "-",
    "+",
    ",",
    ".",
    "w",
    "s",
    "t",
    "m",
    "f",
    " ",
    "z",
    "x",
    "u",
    "U",
    "[",
    "]",
    "r",
    "d",
    "v",
    "o",
    "O",
    "S",
    "F",
    "y",
    ":",
    "?",
    "q",
    "<ctrl-c>",
    "<ctrl-p>",
    "<backspace>",
    "0",
    "a",
    "lr0",
    "<up>",
    "<down>",
    "M",
];

#[derive(Debug, Clone)]
enum Step {
    Key(usize),
    Size(u16, u16),
    Paste(String),
    Trial,
    Time(i64),
    Mouse(u16, u16, Mouse),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => (0..KEYS.len()).prop_map(Step::Key),
        2 => (1u16..=250, 1u16..=80).prop_map(|(c, r)| Step::Size(c, r)),
        1 => (1u16..=20, 1u16..=8).prop_map(|(c, r)| Step::Size(c, r)),
        1 => ".{0,12}".prop_map(Step::Paste),
        1 => Just(Step::Trial),
        1 => (0i64..100_000).prop_map(Step::Time),
        2 => (0u16..260, 0u16..90, prop_oneof![Just(Mouse::Press), Just(Mouse::WheelUp), Just(Mouse::WheelDown)])
            .prop_map(|(c, r, what)| Step::Mouse(c, r, what)),
    ]
}

/// Draws into the middle of a larger buffer of the same size as the screen: what lies outside is caught by the
/// buffer itself, which panics.
fn check(run: &Run, caches: &mut [(Theme, Cache); 3], columns: u16, rows: u16) {
    for (theme, cache) in caches {
        let mut buf = Buffer::empty(Rect::new(0, 0, columns, rows));
        draw(&run.model, theme, cache, &mut buf);
        if theme.glyphs.ascii {
            let odd = buf.content().iter().find(|c| !c.symbol().is_ascii());
            // What the session itself says may hold anything; the screen's own marks may not.
            assert!(odd.is_none(), "{odd:?}");
        }
        if theme.depth == Depth::Mono {
            assert!(
                buf.content().iter().all(|c| {
                    c.fg == ratatui::style::Color::Reset && c.bg == ratatui::style::Color::Reset
                })
            );
        }
    }
}

fn themes() -> [(Theme, Cache); 3] {
    let theme = |name, depth, light, ascii| {
        (Theme::named(name, depth, light, ascii).unwrap_or_else(|_| Theme::plain(ascii)), Cache::default())
    };
    [
        theme("dusk", Depth::True, true, false),
        theme("terminal", Depth::Ansi16, false, false),
        theme("auto", Depth::Mono, false, true),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn any_keys_at_any_size_neither_panic_nor_draw_outside(
        slots in prop_oneof![Just(0usize), Just(1), Just(4), Just(8)],
        trials in 0u64..12,
        steps in proptest::collection::vec(step(), 1..60),
    ) {
        let mut run = Run::new(slots);
        if slots > 0 {
            run.trials(trials);
            let generation = run.propose();
            run.start(generation, 0);
            run.progress(generation, 1, 3, 2, 20);
        }
        let (mut columns, mut rows) = (80, 24);
        let mut caches = themes();
        for step in steps {
            match step {
                Step::Key(i) => { run.keys(KEYS[i]); }
                Step::Size(c, r) => {
                    (columns, rows) = (c, r);
                    let _ = run.model.input(Input::Resize(c, r), run.now);
                }
                Step::Paste(text) => {
                    let ascii: String = text.chars().filter(char::is_ascii).collect();
                    let _ = run.model.input(Input::Paste(ascii), run.now);
                }
                Step::Trial => {
                    if let Some(g) = run.state.running.keys().next().copied() {
                        run.finish(g);
                    }
                    if slots > 0 && run.state.running.is_empty() {
                        let g = run.propose();
                        run.start(g, 0);
                        run.journal(Event::Note { text: "a note".into() });
                    }
                }
                Step::Time(ms) => run.wait(ms),
                Step::Mouse(column, row, what) => {
                    let target = caches[0].1.target(column, row);
                    let _ = run.model.input(Input::Mouse(what, target), run.now);
                }
            }
            check(&run, &mut caches, columns, rows);
        }
    }
}

#[test]
fn every_page_and_dialogue_can_be_drawn_at_every_small_size() {
    let mut caches = themes();
    for keys in [
        "", "2", "2<enter>", "2v", "3", "3<enter>", "4", "4<tab>", "x", "q", "?", "e", "s", "m", "f", ":set",
        "/lr",
    ] {
        let mut run = Run::mid_run(4);
        run.keys(keys);
        for (columns, rows) in (1..=90).step_by(7).flat_map(|c| (1..=30).step_by(3).map(move |r| (c, r))) {
            let _ = run.model.input(Input::Resize(columns, rows), run.now);
            check(&run, &mut caches, columns, rows);
        }
    }
}

#[test]
fn a_summary_is_cut_between_words() {
    let run = Run::mid_run(4);
    let whole = crate::look::text(&run.model, 59, 15);
    for columns in 12..59 {
        let shown = crate::look::text(&run.model, columns, 15);
        for (line, whole) in shown.lines().zip(whole.lines()).skip(1).take(2) {
            let kept = line.strip_suffix('…').unwrap_or(line).trim_end();
            let rest = whole.strip_prefix(kept).unwrap_or("?");
            assert!(rest.is_empty() || rest.starts_with(' '), "{columns}: {line}");
        }
    }
}
