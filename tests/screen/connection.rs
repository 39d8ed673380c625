//! The connection to the session: lost, closed, and there again.

use evotop::app::action::{Context, ROWS};
use evotop::app::{Model, News, Options, Status};
use evotop::journal::Event;

use crate::fixture::Run;
use crate::look::text;

fn run() -> Run {
    Run::mid_run(1)
}

/// Hours, minutes and seconds in the screen's upper right.
fn clock(run: &Run) -> String {
    let shown = text(&run.model, 120, 40);
    shown.lines().next().unwrap().split_whitespace().last().unwrap().to_owned()
}

#[test]
fn a_lost_connection_is_said_and_nothing_is_asked_until_it_is_back() {
    let mut run = run();
    run.tell(News::Lost { why: "the session closed the socket".into() });
    assert!(text(&run.model, 120, 40).contains("connection lost"));
    assert!(text(&run.model, 80, 24).contains("trying to connect again"), "{}", text(&run.model, 80, 24));
    run.keys("+");
    assert!(run.model.pending.is_empty() && run.effects.is_empty());
    run.tell(News::Connected { read_only: false, dir: "/tmp".into(), demo: false });
    run.keys("+");
    assert_eq!(run.state.settings.sigma, 0.21);
}

#[test]
fn the_last_line_offers_only_what_can_be_done() {
    let last = |model: &Model| text(model, 200, 24).lines().last().unwrap().trim().to_owned();
    let mut model = Model::new(Options::default(), 0);
    assert_eq!(last(&model), "? help  q leave");
    let connected = |read_only| News::Connected { read_only, dir: "/tmp/digits".into(), demo: false };
    let _ = model.news(connected(false), 0);
    assert_eq!(last(&model), "? help  q leave", "nothing is known yet");
    let mut run = run();
    assert!(last(&run.model).starts_with("e edit  p pin"));
    run.tell(connected(true));
    assert_eq!(last(&run.model), "/ filter  ? help  q leave");
}

#[test]
fn another_try_that_failed_changes_nothing_on_the_screen() {
    let mut run = run();
    run.tell(News::Lost { why: "no session runs in /tmp/digits".into() });
    let drawn = run.model.changes;
    for _ in 0..3 {
        run.wait(1000);
        run.tell(News::Lost { why: "no session runs in /tmp/digits".into() });
    }
    assert_eq!(run.model.changes, drawn);
}

#[test]
fn the_clock_counts_the_time_that_a_process_had_the_session_open() {
    let mut run = run();
    let opened = run.entries.iter().find(|e| matches!(e.event, Event::Opened(_))).unwrap().event.clone();
    run.finish(37);
    run.wait(1000);
    run.journal(Event::Closed { why: "stopped".into() });
    run.tell(News::Lost { why: "no session runs in /tmp/digits".into() });
    let closed = clock(&run);
    run.wait(3_600_000);
    assert_eq!((clock(&run), run.model.status()), (closed.clone(), Status::Closed));
    // It is started again, and killed: what it did until its last word counts.
    run.journal(opened.clone());
    run.tell(News::Connected { read_only: false, dir: "/tmp/digits".into(), demo: false });
    run.tell(News::Snapshot(Box::new(run.state.clone())));
    assert!(text(&run.model, 120, 40).contains("connected again"));
    assert_eq!(clock(&run), closed);
    run.trials(1);
    run.tell(News::Lost { why: "the session closed the socket".into() });
    let killed = clock(&run);
    assert_ne!(killed, closed);
    run.wait(3_600_000);
    assert_eq!(clock(&run), killed, "nobody knows that it lives");
    run.journal(opened);
    run.tell(News::Connected { read_only: false, dir: "/tmp/digits".into(), demo: false });
    assert_eq!(clock(&run), killed);
}

#[test]
fn with_read_only_no_key_changes_the_run_and_each_one_says_why() {
    for row in ROWS.iter().filter(|row| row.steers) {
        let mut run = run();
        run.tell(News::Connected { read_only: true, dir: "/tmp".into(), demo: false });
        run.keys(match row.context {
            Context::Everywhere | Context::Live => "1",
            Context::Density => "2",
            Context::History => "3",
            Context::Log => "4",
        });
        let key = row.keys[0];
        run.type_keys(&if key.len() == 1 { key.to_owned() } else { format!("<{key}>") });
        assert!(run.model.pending.is_empty() && run.model.overlay.is_none(), "{}", row.name);
        let shown = text(&run.model, 120, 40);
        assert!(shown.contains("read-only: nothing can be changed from here"), "{}:\n{shown}", row.name);
    }
}

#[test]
fn a_notice_goes_off_the_screen_by_itself() {
    let mut run = run();
    let shown = |run: &Run| text(&run.model, 80, 24).contains("the run waits");
    run.tell(News::Notice { text: "the disk is full, the run waits".into() });
    run.wait(1000);
    assert!(shown(&run));
    run.wait(60_000);
    assert!(!shown(&run));
}
