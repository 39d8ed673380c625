//! The page Log: where it stands, what it says before there is anything, and how it is left.

use std::path::PathBuf;

use evotop::app::{Effect, News};
use evotop::journal::Event;

use crate::fixture::Run;
use crate::look::text;

/// The lines inside the page's box.
fn body(run: &Run, columns: u16, rows: u16) -> Vec<String> {
    let shown = text(&run.model, columns, rows);
    let lines = shown.lines().skip(3).take(usize::from(rows) - 6);
    lines.map(|line| line.trim_matches(['│', ' ']).to_owned()).collect()
}

fn wanted(run: &mut Run) -> Option<(PathBuf, u64)> {
    run.effects.extend(run.model.wants());
    run.effects.drain(..).rev().find_map(|e| match e {
        Effect::ReadLog { path, from } => Some((path, from)),
        _ => None,
    })
}

#[test]
fn g_shows_the_first_screenful_from_the_top_and_one_step_leaves_it() {
    for (columns, rows) in [(60, 16), (80, 24), (120, 40)] {
        let mut run = Run::mid_run(1).sized(columns, rows);
        run.keys("4g");
        let shown = body(&run, columns, rows);
        assert!(shown[0].contains("created by evotop"), "{shown:#?}");
        assert!(shown.iter().all(|line| !line.is_empty()), "{shown:#?}");
        run.keys("j");
        assert!(!body(&run, columns, rows)[0].contains("created by evotop"), "a step is seen at once");
        run.keys("k/gen 0 finished<enter>");
        let shown = body(&run, columns, rows);
        assert!(shown.iter().any(|line| line.contains("gen 0 finished")), "{shown:#?}");
        assert!(shown.iter().all(|line| !line.is_empty()), "{shown:#?}");
    }
}

#[test]
fn what_is_held_stays_in_view_while_events_come_and_the_oldest_go() {
    let mut run = Run::new(1).sized(80, 24);
    run.trials(20);
    // More lines than are kept come in the second round.
    for more in [20, 700] {
        run.keys("4F/<ctrl-u>gen 19 bred<enter>");
        let held = body(&run, 80, 24);
        let found = |run: &Run| {
            let at = run.model.log.found.and_then(|at| run.model.log.line(at, &run.state));
            at.map(ToOwned::to_owned)
        };
        assert!(held.iter().any(|line| line.contains("gen 19 bred")) && found(&run).is_some());
        run.trials(3);
        assert_eq!(body(&run, 80, 24), held);
        assert!(found(&run).unwrap().contains("gen 19 bred"));
        run.trials(more);
    }
    assert!(run.model.log.back < run.state.log.len());
    assert_eq!(run.model.log.found, None, "what was found is gone");
}

#[test]
fn a_raw_log_is_not_called_empty_before_it_was_read_and_is_looked_into_again_soon() {
    let mut run = Run::mid_run(1);
    run.type_keys("4<tab>");
    let (path, from) = wanted(&mut run).unwrap();
    let shown = text(&run.model, 80, 24);
    assert!(shown.contains("reading the log") && !shown.contains("nothing in the log"), "{shown}");
    run.model.log_read(&path, from, Ok(Vec::new()));
    assert!(text(&run.model, 80, 24).contains("nothing in the log yet"));
    let wakes = run.model.wakes_at().unwrap();
    assert!(wakes <= run.now + 250, "{}", wakes - run.now);
    run.wait(wakes - run.now);
    let (path, from) = wanted(&mut run).unwrap();
    run.model.log_read(&path, from, Ok(b"epoch 1\n".to_vec()));
    assert!(text(&run.model, 80, 24).contains("epoch 1"));
    assert!(run.model.wakes_at().unwrap() <= run.now + 500);
    // The next trial's log is asked for with its start, whenever the last one was read.
    let running = *run.state.running.keys().next().unwrap();
    run.finish(running);
    let next = run.propose();
    run.start(next, 0);
    let (path, _) = wanted(&mut run).unwrap();
    assert!(path.to_string_lossy().contains(&format!("{next:06}")), "{path:?}");
    assert!(text(&run.model, 80, 24).contains("reading the log"));
}

#[test]
fn a_raw_log_that_is_held_stays_that_trial_s_until_the_end_is_followed_again() {
    let mut run = Run::mid_run(2).sized(80, 24);
    run.type_keys("4<tab>");
    let (path, from) = wanted(&mut run).unwrap();
    run.model.log_read(&path, from, Ok(b"a line like many others\n".repeat(50)));
    run.keys("kkk");
    let held = body(&run, 80, 24);
    run.finish(37);
    let next = run.propose();
    run.start(next, 0);
    run.wait(1000);
    assert_eq!(wanted(&mut run).unwrap().0, path, "it is read on, should more have come");
    assert_eq!(body(&run, 80, 24), held);
    assert!(text(&run.model, 80, 24).contains("Log of cuda:0: gen 37, attempt 1  held"));
    run.keys("F");
    assert!(text(&run.model, 80, 24).contains(&format!("Log of cuda:0: gen {next}, attempt 1")));
    // Another slot is another log, held or not.
    run.keys("]");
    assert!(text(&run.model, 80, 24).contains("Log of cuda:1: gen 38, attempt 1"));
}

#[test]
fn q_leaves_where_a_search_stands_and_esc_takes_the_search_back_first() {
    let mut run = Run::mid_run(1);
    run.keys("4/started<enter>q");
    assert!(run.model.overlay.is_some(), "q asks whether to leave");
    assert!(run.model.log.search == "started");
    run.keys("<esc>");
    run.keys("<esc>");
    assert!(run.model.log.search.is_empty() && run.model.overlay.is_none());
    run.keys("<esc>");
    assert!(run.model.overlay.is_some(), "Esc at the top asks as well");
    let mut run = Run::mid_run(1);
    run.keys("3<enter><esc>");
    assert!(run.model.history.open.is_none() && run.model.overlay.is_none());
}

#[test]
fn a_session_that_was_told_to_stop_and_went_away_is_stopped_and_not_lost() {
    let header = |run: &Run| text(&run.model, 120, 40).lines().next().unwrap_or_default().to_owned();
    let mut run = Run::mid_run(1);
    run.journal(Event::Note { text: "stopping now, by ada: running trials start again on resume".into() });
    run.tell(News::Lost { why: "the session went away".into() });
    assert!(header(&run).contains("stopped") && !header(&run).contains("lost"), "{}", header(&run));
    // One that drains and is killed meanwhile was not stopped.
    let mut run = Run::mid_run(1);
    run.journal(Event::Note { text: "stopping after the running trials, by ada".into() });
    run.tell(News::Lost { why: "the session went away".into() });
    assert!(header(&run).contains("connection lost"));
}
