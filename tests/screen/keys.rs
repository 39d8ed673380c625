//! Each row of the key table: keys in, the effect out.

use evotop::app::{Effect, Input, Page, Status};
use evotop::evolve::ParentMode;
use evotop::journal::Mode;
use evotop::trial::End;

use crate::fixture::Run;

fn run() -> Run {
    Run::mid_run(1)
}

#[test]
fn number_keys_and_tab_turn_the_pages() {
    let mut run = run();
    for (key, page) in [("2", Page::Density), ("3", Page::History), ("4", Page::Log), ("1", Page::Live)] {
        assert_eq!(run.keys(key).model.page, page);
    }
    assert_eq!(run.keys("<tab>").model.page, Page::Density);
    assert_eq!(run.keys("<shift-tab>").model.page, Page::Live);
}

#[test]
fn arrows_and_letters_move_the_cursor_and_stop_at_the_ends() {
    let mut run = run();
    let at = |run: &Run| run.model.param().unwrap().name.clone();
    assert_eq!(at(run.keys("jj<down>k")), "momentum");
    assert_eq!(at(run.keys("G")), "copy_paste");
    assert_eq!(at(run.keys("j<pgdn>")), "copy_paste");
    assert_eq!(at(run.keys("g<up>")), "lr0");
}

#[test]
fn p_pins_at_the_best_value_and_lets_go_again() {
    let mut run = run();
    let best = run.state.history.best().unwrap().0.genes[0];
    run.keys("p");
    assert_eq!(run.state.space.params[0].pin, Some(best));
    run.keys("p");
    assert_eq!(run.state.space.params[0].pin, None);
}

#[test]
fn capital_p_pins_at_this_trial_s_value() {
    let mut run = run();
    let now = run.state.history.get(37).unwrap().genes[1];
    run.keys("jP");
    assert_eq!(run.state.space.params[1].pin, Some(now));
}

#[test]
fn plus_and_minus_step_sigma_also_while_a_step_is_pending() {
    let mut run = run();
    run.type_keys("++");
    assert_eq!(run.model.settings().unwrap().sigma, 0.22);
    assert_eq!(run.state.settings.sigma, 0.2, "the session has not decided yet");
    assert!(run.model.is_pending("sigma"));
    run.answer();
    assert_eq!(run.state.settings.sigma, 0.22);
    assert!(!run.model.is_pending("sigma"));
    run.keys("---");
    assert_eq!(run.state.settings.sigma, 0.19);
}

#[test]
fn comma_and_point_step_the_mutation_probability_within_its_range() {
    let mut run = run();
    run.keys(",");
    assert_eq!(run.state.settings.probability, 0.75);
    run.keys(".......");
    assert_eq!(run.state.settings.probability, 1.0);
    run.keys(",,,,,,,,,,,,,,,,,,,,,,,,");
    assert_eq!(run.state.settings.probability, 0.01);
    run.keys(".");
    assert_eq!(run.state.settings.probability, 0.05);
}

#[test]
fn w_turns_parent_selection_round() {
    let mut run = run();
    run.keys("w");
    assert_eq!(run.state.settings.parent, ParentMode::Weighted);
    run.keys("w");
    assert_eq!(run.state.settings.parent, ParentMode::Single);
}

#[test]
fn space_pauses_and_goes_on_and_z_freezes_and_thaws() {
    let mut run = run();
    run.keys(" ");
    assert!(matches!(run.state.mode, Mode::Paused(_)));
    assert!(matches!(run.model.status(), Status::Pausing { running: 1, .. }));
    run.keys(" ");
    assert_eq!(run.state.mode, Mode::Running);
    run.keys("z");
    assert!(matches!(run.model.status(), Status::Frozen { .. }));
    run.keys("z");
    assert_eq!(run.model.status(), Status::Training);
    run.keys("z").keys(" ");
    assert_eq!(run.model.status(), Status::Training, "going on thaws as well");
}

#[test]
fn x_asks_and_then_aborts_or_puts_back() {
    let mut run = run();
    run.keys("x");
    assert!(run.effects.contains(&Effect::DropTyped), "what was typed before the question is not its answer");
    run.keys("<esc>xn");
    assert!(run.state.running.contains_key(&37));
    run.keys("xr");
    assert!(run.state.running.is_empty() && run.state.queue.contains(&37));
    run.start(37, 0);
    run.keys("xy");
    assert_eq!(run.state.history.get(37).unwrap().end, Some(End::Aborted));
}

#[test]
fn a_dialogue_closes_when_its_target_ends_and_its_answer_then_aborts_nothing() {
    let mut run = run();
    run.keys("x");
    run.finish(37);
    assert!(run.model.overlay.is_none());
    let next = run.propose();
    run.start(next, 0);
    run.keys("y");
    assert_eq!(run.state.history.get(37).unwrap().end, Some(End::Finished));
    assert!(run.state.running.contains_key(&next));
}

#[test]
fn u_takes_back_and_capital_u_makes_again() {
    let mut run = run();
    run.keys("w");
    run.wait(5000);
    run.keys("+u");
    assert_eq!((run.state.settings.sigma, run.state.settings.parent), (0.2, ParentMode::Weighted));
    run.keys("u");
    assert_eq!(run.state.settings.parent, ParentMode::Single);
    run.keys("UU");
    assert_eq!((run.state.settings.sigma, run.state.settings.parent), (0.21, ParentMode::Weighted));
}

#[test]
fn q_asks_before_leaving_and_the_run_goes_on() {
    let mut run = run();
    run.keys("q");
    assert!(!run.effects.iter().any(|e| matches!(e, Effect::Leave { .. })));
    run.keys("<esc><esc>");
    assert!(run.model.overlay.is_some(), "Esc at the top asks as well");
    run.keys("<enter>");
    assert_eq!(run.effects.last(), Some(&Effect::Leave { stopped: false }));
    assert!(run.state.open.is_some());
}

#[test]
fn ctrl_c_asks_and_a_second_one_leaves_at_once() {
    let mut run = run();
    run.keys("<ctrl-c>");
    assert!(run.model.overlay.is_some());
    run.keys("<ctrl-c>");
    assert_eq!(run.effects.last(), Some(&Effect::Leave { stopped: false }));
}

#[test]
fn leaving_offers_to_stop_the_run_as_well() {
    let mut run = run();
    run.keys("qs");
    assert_eq!(run.effects.last(), Some(&Effect::Leave { stopped: true }));
    assert!(run.state.log.iter().any(|l| l.text.starts_with("stopping after the running trials")));
}

#[test]
fn the_command_line_speaks_the_grammar_and_keeps_a_bad_line_with_the_reason() {
    let mut run = run();
    run.keys(":set sigma 0.15<enter>");
    assert_eq!(run.state.settings.sigma, 0.15);
    assert!(run.state.log.back().unwrap().text.contains("by command line"));
    run.keys(":set sigma x<enter>");
    let shown = crate::look::text(&run.model, 80, 24);
    assert!(shown.contains("x is not a number") && shown.contains(":set sigma x"), "{shown}");
    run.keys("<esc>:<up><enter>");
    assert_eq!(run.state.settings.sigma, 0.15);
}

#[test]
fn the_command_line_completes_verbs_and_parameters() {
    let mut run = run();
    run.keys(":unp<tab>");
    assert!(crate::look::text(&run.model, 80, 24).contains(":unpin"));
    run.keys("<esc>:pin mome<tab>at 0.9<enter>");
    assert_eq!(run.state.space.get("momentum").unwrap().pin, Some(0.9));
}

#[test]
fn question_mark_lists_every_key() {
    let mut run = run();
    run.keys("?");
    let shown = crate::look::text(&run.model, 120, 130);
    for row in evotop::app::action::ROWS {
        assert!(shown.contains(row.doc), "{} is missing", row.name);
    }
}

#[test]
fn a_pasted_line_of_key_letters_does_nothing() {
    let mut run = run();
    let before = run.state.seq;
    let effects = run.model.input(Input::Paste("pwx y++ zq".into()), run.now);
    assert!(effects.is_empty() && run.model.overlay.is_none());
    run.answer();
    assert_eq!(run.state.seq, before);
    run.keys(":");
    let _ = run.model.input(Input::Paste("sigma 0.1\n".into()), run.now);
    run.keys("<enter>");
    assert_eq!(run.state.settings.sigma, 0.1);
}
