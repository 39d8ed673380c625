//! The command line, and what is pasted.

use evotop::app::Input;

use crate::fixture::Run;

fn run() -> Run {
    Run::mid_run(1)
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
fn the_rules_that_end_a_run_are_completed_set_and_stand_in_the_line_of_settings() {
    let mut run = run();
    let line = |run: &Run, columns: u16| {
        crate::look::text(&run.model, columns, 24).lines().nth(22).unwrap_or_default().to_owned()
    };
    assert!(!line(&run, 250).contains("patience"));
    run.keys(":pat<tab>60<enter>:max<tab>24<enter>:targ<tab>0.7<enter>:set prune-w<tab>2<enter>");
    let rules = run.state.settings.rules;
    assert_eq!((rules.patience, rules.max_hours, rules.target), (Some(60), Some(24.0), Some(0.7)));
    assert_eq!(rules.prune_warm_up, Some(2));
    let wide = line(&run, 250);
    assert!(wide.contains("target 0.7   patience 60   max-hours 24 "), "{wide}");
    for columns in [80, 100, 120] {
        let shown = line(&run, columns);
        assert!(shown.contains("from gen 38"), "what comes next is always said: {shown}");
    }
    run.keys(":patience o<tab><enter>");
    assert_eq!(run.state.settings.rules.patience, None);
}

#[test]
fn the_mutation_probability_is_set_by_the_name_that_the_screen_shows_too() {
    let mut run = run();
    run.keys(":mutation 0.5<enter>");
    assert_eq!(run.state.settings.probability, 0.5);
    run.keys(":set mutation 0.6<enter>");
    assert_eq!(run.state.settings.probability, 0.6);
}

/// As the bytes of both come at once.
#[test]
fn esc_and_enter_right_after_it_leave_what_was_typed() {
    for typed in [":sigma 0.3", "f", "e<down>9"] {
        let mut run = run();
        let before = run.state.seq;
        run.keys(typed);
        run.keys("<alt-enter>");
        assert_eq!(run.state.seq, before, "{typed}");
    }
}

#[test]
fn a_key_with_alt_edits_the_line_and_never_steers() {
    let mut run = run();
    let before = run.state.seq;
    run.keys(":sigma 0.3<alt-u><alt-p><alt-b>");
    assert!(crate::look::text(&run.model, 80, 24).contains(":sigma 0.3"));
    assert_eq!(run.state.seq, before);
    run.keys("<alt-d>0.4<enter>");
    assert_eq!(run.state.settings.sigma, 0.4);
    run.keys("x<alt-j>");
    assert!(run.model.overlay.is_none(), "elsewhere it is Esc and the key");
    assert_eq!(run.model.params.cursor, 1);
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
