//! What a walk through all pages met: help, History, Density, header and dialogues as they read.

use evotop::app::{News, ReplayAt};
use evotop::evolve::ParentMode;
use evotop::journal::{Event, Mode, PauseWhy, Proposed};
use evotop::trial::{Change, Origin};

use crate::fixture::Run;
use crate::look::text;

const SIZES: [(u16, u16); 3] = [(60, 16), (80, 24), (120, 40)];

fn replayed(speed: f64) -> Run {
    let mut run = Run::mid_run(1);
    let time = run.now;
    run.tell(News::Replay(ReplayAt { at: 155, of: 400, speed, playing: true, time }));
    run
}

#[test]
fn help_moves_by_the_keys_that_move_everywhere() {
    for (columns, rows) in SIZES {
        let mut run = Run::mid_run(1).sized(columns, rows);
        let top = text(&run.keys("?").model, columns, rows);
        let end = text(&run.keys("G").model, columns, rows);
        assert!(end.contains("asked for, not yet answered") && end.contains("chance"), "{end}");
        assert_eq!(text(&run.keys("g").model, columns, rows), top);
        assert_eq!(text(&run.keys("<end>").model, columns, rows), end);
        assert_eq!(text(&run.keys("<home>").model, columns, rows), top);
        let page = text(&run.keys("<ctrl-f>").model, columns, rows);
        // The last line of a page is the first of the next one.
        let inside = |shown: &str, y: usize| {
            let boxed = shown.lines().nth(y).and_then(|l| l.split('│').max_by_key(|part| part.len()));
            boxed.map(|part| part.trim().to_owned())
        };
        assert_eq!(inside(&page, 2), inside(&top, usize::from(rows) - 3), "{top}\n{page}");
        assert_eq!(text(&run.keys("<ctrl-b>").model, columns, rows), top);
    }
}

#[test]
fn help_is_not_scrolled_past_its_end_unseen() {
    let mut run = Run::mid_run(1).sized(120, 40);
    run.keys("?");
    run.keys(&"j".repeat(150));
    let end = text(&run.model, 120, 40);
    assert_ne!(text(&run.keys("k").model, 120, 40), end, "one step back is seen");
}

#[test]
fn help_leaves_no_half_words_of_the_page_beside_it() {
    for columns in 60..=100 {
        let mut run = Run::mid_run(1).sized(columns, 24);
        let shown = text(&run.keys("?").model, columns, 24);
        let box_line = shown.lines().nth(5).unwrap().trim_start().to_owned();
        let beside = usize::from(columns) - box_line.chars().count().min(usize::from(columns));
        assert!(box_line.starts_with('│') || beside > 4 || columns > 91, "{columns}: {shown}");
    }
    let mut run = Run::mid_run(1).sized(10, 3);
    let shown = text(&run.keys("?").model, 10, 3);
    assert!(shown.lines().count() == 3 && shown.lines().all(|l| l.starts_with(['┌', '│', '└'])), "{shown}");
}

#[test]
fn a_replay_s_help_lists_its_own_keys_and_words_and_none_that_it_refuses() {
    let mut run = replayed(8.0).sized(120, 130);
    let shown = text(&run.keys("?").model, 120, 130);
    for own in ["play on, or hold", "half or twice the speed", "ten trials back or forth", "goto GENERATION"]
    {
        assert!(shown.contains(own), "{own}: {shown}");
    }
    for refused in ["pin the parameter", "abort the selected trial", "knob for sigma", "mutation probability"]
    {
        assert!(!shown.contains(refused), "{refused}: {shown}");
    }
    let footer = text(&replayed(8.0).sized(120, 40).model, 120, 40);
    assert!(footer.lines().last().unwrap_or_default().contains(": start, end, goto"), "{footer}");
}

#[test]
fn a_replay_slower_than_the_run_says_how_slow() {
    for (speed, says) in [(0.25, "x0.25 "), (0.5, "x0.5 "), (1.0, "x1 "), (64.0, "x64 ")] {
        let run = replayed(speed);
        assert!(text(&run.model, 80, 24).contains(says), "{says}");
    }
}

#[test]
fn history_is_sorted_by_the_next_column_that_is_on_the_screen() {
    for (columns, rows) in SIZES {
        let mut run = Run::mid_run(1).sized(columns, rows);
        run.keys("3");
        let arrow = |run: &Run| text(&run.model, columns, rows).lines().nth(3).and_then(|l| l.find('▾'));
        let first = arrow(&run).unwrap();
        let mut last = first;
        for _ in 0..20 {
            let at = arrow(run.keys("o")).expect("the column is marked");
            if at == first {
                last = first;
                break;
            }
            assert!(at > last, "the next one stands further right");
            last = at;
        }
        assert_eq!(last, first, "after the last column the first one again");
    }
}

#[test]
fn no_title_of_history_s_columns_is_cut() {
    for columns in 60..=130 {
        let mut run = Run::mid_run(1).sized(columns, 16);
        let shown = text(&run.keys("3").model, columns, 16);
        let heading = shown.lines().nth(3).unwrap().trim_end_matches(['│', ' ']).to_owned();
        assert!(
            ["parent", "changed", "changed most"].iter().any(|last| heading.ends_with(last)),
            "{heading}"
        );
    }
}

#[test]
fn what_a_child_of_several_kept_is_their_mean_s() {
    let mut run = Run::mid_run(1);
    run.journal(Event::Proposed(Proposed {
        generation: run.state.history.next_generation(),
        candidate: None,
        origin: Origin::Bred,
        seed: 0,
        revision: run.state.revision,
        settings: 0,
        genes: run.state.space.start(),
        parents: [30, 28].into(),
        changes: vec![Change::Kept; 29].into(),
        round: None,
        who: None,
    }));
    assert_eq!(run.state.settings.parent, ParentMode::Single);
    let shown = text(&run.keys("3<enter>").model, 120, 60);
    assert!(shown.contains("kept from mean"), "{shown}");
    // The metrics have the digits that they have in the table.
    let shown = text(&run.keys("<esc>/finished<enter>").model, 120, 60);
    let row: Vec<&str> = shown.lines().nth(4).unwrap().split_whitespace().collect();
    let metric = row.iter().filter(|w| w.starts_with("0.")).nth(1).unwrap().to_string();
    let open = text(&run.keys("<enter>").model, 120, 60);
    assert!(open.contains(&metric), "{metric}: {open}");
}

#[test]
fn a_pinned_parameter_s_points_are_seen_through_its_line() {
    let dots = |shown: &str| shown.chars().filter(|c| ('\u{2801}'..='\u{28ff}').contains(c)).count();
    for (columns, rows) in [(80, 24), (120, 40)] {
        let mut run = Run::mid_run(1).sized(columns, rows);
        run.keys("2<enter>");
        let free = dots(&text(&run.model, columns, rows));
        run.keys("p");
        let pinned = text(&run.model, columns, rows);
        assert_eq!(dots(&pinned), free, "{pinned}");
        assert!(pinned.contains('│'));
    }
}

#[test]
fn the_map_s_axis_keeps_its_name_apart_from_its_numbers() {
    for (columns, rows) in [(80, 24), (120, 40)] {
        for down in 0..28 {
            let mut run = Run::mid_run(1).sized(columns, rows);
            run.keys(&format!("2{}v", "j".repeat(down)));
            let name = run.model.param().unwrap().name.clone();
            let shown = text(&run.model, columns, rows);
            let axis = shown.lines().rev().nth(4).unwrap().trim_end_matches(['│', ' ']).to_owned();
            assert!(axis.ends_with(&format!(" {name}")), "{axis:?}\n{shown}");
        }
    }
}

#[test]
fn a_long_reason_leaves_the_session_s_name_and_the_best_in_the_header() {
    let last = "crash: a failure was asked for by somebody".to_owned();
    for (columns, rows) in [(80, 24), (120, 40)] {
        let mut run = Run::mid_run(1).sized(columns, rows);
        let running = *run.state.running.keys().next().unwrap();
        run.finish(running);
        let why = PauseWhy::Failures { count: 3, last: last.clone() };
        run.journal(Event::Mode { mode: Mode::Paused(why), who: None });
        let shown = text(&run.model, columns, rows);
        let header = shown.lines().next().unwrap_or_default();
        assert!(
            header.contains(" digits") && header.contains("best 0.") && header.contains("paused: 3"),
            "{header}"
        );
    }
}

#[test]
fn the_answers_of_a_question_stay_where_there_is_room_for_little_else() {
    let mut run = Run::mid_run(1).sized(20, 5);
    let shown = text(&run.keys("x").model, 20, 5);
    assert!(["y abort it", "r put", "Esc let"].iter().all(|answer| shown.contains(answer)), "{shown}");
    let mut run = Run::mid_run(1).sized(40, 10);
    let shown = text(&run.keys("q").model, 40, 10);
    assert!(["Enter leave", "s stop", "S stop now", "Esc stay"].iter().all(|a| shown.contains(a)), "{shown}");
}

#[test]
fn one_generation_is_left_out_as_a_parent() {
    let mut run = Run::mid_run(1);
    run.keys("3jd");
    let last = |run: &Run| run.state.log.back().map(|line| line.text.clone()).unwrap_or_default();
    assert_eq!(last(&run), "gen 36 left out as a parent, by key (ada)");
    run.keys("d");
    assert_eq!(last(&run), "gen 36 taken back in as a parent, by key (ada)");
}

#[test]
fn a_line_that_the_session_would_refuse_stays_with_the_reason_to_be_mended() {
    let mut run = Run::mid_run(1);
    run.keys(":sigma 99<enter>");
    let shown = text(&run.model, 120, 40);
    assert!(shown.contains(":sigma 99") && run.model.overlay.is_some(), "{shown}");
    run.keys("<ctrl-u>sigma 0.3<enter>");
    assert_eq!((run.state.settings.sigma, run.model.overlay.is_none()), (0.3, true));
    run.keys("f<ctrl-u>foo<enter>");
    let shown = text(&run.model, 120, 40);
    assert!(shown.contains("fitness foo") && run.model.overlay.is_some(), "{shown}");
}

#[test]
fn who_leaves_a_paused_run_is_not_told_that_it_goes_on() {
    let mut run = Run::mid_run(1);
    let shown = text(&run.keys(" q").model, 80, 24);
    assert!(shown.contains("leave, the run stays paused") && !shown.contains("the run goes on"), "{shown}");
}

#[test]
fn rows_of_history_stay_in_order_as_trials_end() {
    for keys in ["3oo", "3o", "3/finished<enter>oo", "3oooo"] {
        let mut run = Run::mid_run(1);
        run.keys(keys);
        run.finish(37);
        run.trials(30);
        let shown: Vec<u64> = (0..).map_while(|at| run.model.history.row(at, &run.state)).collect();
        let mut again = run.model.history.clone();
        again.changed(&run.state);
        let sorted: Vec<u64> = (0..).map_while(|at| again.row(at, &run.state)).collect();
        assert_eq!(shown, sorted, "{keys}");
    }
}
