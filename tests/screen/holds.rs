//! Held trials and paused runs: what the screen says of them, and what space and z do.

use evotop::app::Status;
use evotop::journal::Mode;
use evotop::trial::End;

use crate::fixture::Run;
use crate::look::text;

fn held(run: &Run) -> usize {
    run.state.running.values().filter(|r| r.frozen_since.is_some()).count()
}

#[test]
fn a_frozen_trial_of_eight_is_not_counted_as_training() {
    for (columns, rows) in [(80, 24), (120, 40)] {
        let mut run = Run::mid_run(8).sized(columns, rows);
        run.keys("]z");
        let shown = text(&run.model, columns, rows);
        assert!(shown.contains("training 7, 1 frozen"), "{shown}");
        assert!(shown.contains("7 of 8") && !shown.contains("8 of 8"), "{shown}");
    }
    let mut run = Run::mid_run(8);
    run.keys("]z");
    assert!(text(&run.model, 120, 40).contains("7 of 8 training, 1 frozen"));
}

#[test]
fn space_drains_a_run_while_one_of_its_trials_is_held_and_lets_go_of_nothing() {
    let mut run = Run::mid_run(8);
    run.keys("]z ");
    assert!(matches!(run.state.mode, Mode::Paused(_)));
    assert_eq!(held(&run), 1);
    let shown = text(&run.model, 120, 40);
    assert!(shown.contains("pausing: 7 still running") && shown.contains("1 frozen"), "{shown}");
    run.keys(" ");
    assert_eq!((&run.state.mode, held(&run)), (&Mode::Running, 1), "going on is the run's, z is the trial's");
    run.keys("z");
    assert_eq!((held(&run), run.model.status()), (0, Status::Training));
}

#[test]
fn a_run_paused_and_drained_around_a_held_trial_says_both_and_goes_on_without_it() {
    let mut run = Run::mid_run(2);
    run.keys("z ");
    let other = *run.state.running.keys().nth(1).unwrap();
    run.finish(other);
    for (columns, rows) in [(80, 24), (120, 40)] {
        let shown = text(&run.model, columns, rows);
        let header = shown.lines().next().unwrap_or_default();
        assert!(header.contains("paused, 1 frozen since"), "{shown}");
    }
    run.keys(" ");
    assert_eq!((&run.state.mode, held(&run)), (&Mode::Running, 1));
}

#[test]
fn space_lets_trials_go_where_each_is_held_since_nothing_else_could_go_on() {
    let mut run = Run::mid_run(4);
    run.keys("z]z]z]z");
    assert!(matches!(run.model.status(), Status::Frozen { .. }));
    run.keys(" ");
    assert_eq!((&run.state.mode, held(&run)), (&Mode::Running, 0));
    // Paused as well: what goes on is all of it.
    let mut run = Run::mid_run(1);
    run.keys(" z");
    assert!(text(&run.model, 120, 40).lines().next().unwrap_or_default().contains("paused, 1 frozen since"));
    run.keys(" ");
    assert_eq!((&run.state.mode, held(&run)), (&Mode::Running, 0));
}

#[test]
fn the_log_tells_who_aborted_a_trial_or_put_it_back_and_how() {
    let last = |run: &Run| run.state.log.back().map(|line| line.text.clone()).unwrap_or_default();
    let mut run = Run::mid_run(1);
    run.keys("xr");
    assert_eq!(last(&run), "gen 37 goes back to the queue, by key (ada)");
    run.start(37, 0);
    run.keys("xy");
    assert_eq!(last(&run), "gen 37 aborted, by key (ada)");
    assert_eq!(run.state.history.get(37).and_then(|t| t.end.clone()), Some(End::Aborted));
    let mut run = Run::mid_run(1);
    run.keys(":abort 37<enter>");
    assert_eq!(last(&run), "gen 37 aborted, by command line (ada)");
}
