//! Each row of the key table: keys in, the effect out.

use evotop::app::{Effect, Input, Page, Status};
use evotop::evolve::ParentMode;
use evotop::journal::{Event, Mode};
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
fn keys_that_come_right_after_a_dialogue_closed_itself_were_meant_for_it() {
    let mut run = run();
    run.keys("x");
    run.finish(37);
    let next = run.propose();
    run.start(next, 0);
    let (seq, page) = (run.state.seq, run.model.page);
    assert!(crate::look::text(&run.model, 80, 24).contains("gen 37 has ended"));
    run.keys("rxq<esc>+p ");
    assert_eq!((run.state.seq, run.model.page, run.model.overlay.is_none()), (seq, page, true));
    run.wait(1000);
    run.keys("+");
    assert_eq!(run.state.settings.sigma, 0.21);
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
fn leaving_a_demo_offers_first_to_stop_it() {
    let mut run = run();
    let first = |run: &Run| {
        let shown = crate::look::text(&run.model, 80, 24);
        (shown.find("stop now, then leave").unwrap(), shown.find("leave, the run goes on").unwrap())
    };
    run.keys("q");
    assert!(first(&run).0 > first(&run).1);
    run.tell(evotop::app::News::Connected { read_only: false, dir: "/tmp".into(), demo: true });
    assert!(first(&run).0 < first(&run).1);
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
fn question_mark_lists_every_key() {
    let mut run = run().sized(120, 130);
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

#[test]
fn of_a_failed_generation_the_end_of_its_log_is_read_and_shown() {
    let mut run = run();
    run.keys("3/failed<enter><enter>");
    let wanted = run.effects.iter().find_map(|e| match e {
        Effect::ReadEnd { generation, path } => Some((*generation, path.clone())),
        _ => None,
    });
    let (generation, path) = wanted.unwrap();
    assert!(path.ends_with(format!("trials/{generation:06}/a1/log.txt")));
    run.model.log_end(generation, Ok(b"epoch 1\nRuntimeError: no kernel image\n".to_vec()));
    let shown = crate::look::text(&run.model, 100, 30);
    assert!(
        shown.contains("RuntimeError: no kernel image") && shown.contains("failed        crash"),
        "{shown}"
    );
}

#[test]
fn s_and_t_turn_knobs_that_are_set_once() {
    let mut run = run();
    run.keys("s<up><up><down>");
    assert_eq!(run.state.settings.sigma, 0.2);
    run.keys("<enter>");
    assert_eq!(run.state.settings.sigma, 0.25);
    run.keys("s<up><esc>t<down><enter>");
    assert_eq!((run.state.settings.sigma, run.state.settings.top), (0.25, 4));
}

#[test]
fn m_chooses_a_strategy_and_f_weighs_the_fitness_anew() {
    let mut run = run();
    run.keys("mj<enter>");
    assert_ne!(run.state.settings.strategy, evotop::evolve::StrategyKind::Yolov5);
    let before = run.state.history.get(0).unwrap().fitness;
    run.keys("f<ctrl-u>metrics/recall<enter>");
    assert_ne!(run.state.history.get(0).unwrap().fitness, before, "history is scored again");
    assert_eq!(run.model.columns.fitness[0], run.state.history.get(0).unwrap().fitness.unwrap() as f32);
    run.keys("f<ctrl-u>2*<enter>");
    assert!(
        crate::look::text(&run.model, 80, 24).contains("2* is not"),
        "{}",
        crate::look::text(&run.model, 80, 24)
    );
}

#[test]
fn e_edits_value_gain_and_bounds_of_a_parameter_at_once() {
    let mut run = run();
    run.keys("e<ctrl-u>0.02<ctrl-p><down><ctrl-u>2<down><down><ctrl-u>0.2<enter>");
    let p = &run.state.space.params[0];
    assert_eq!((p.pin, p.gain, p.high), (Some(0.02), 2.0, 0.2));
    run.keys("je<ctrl-u>0.3<enter>");
    assert_eq!(run.state.next.get("lrf"), Some(&0.3), "a free one takes a value for the next proposal only");
    run.keys("e<ctrl-u>much<enter>");
    assert!(crate::look::text(&run.model, 80, 24).contains("much is not a value of lrf"));
}

#[test]
fn brackets_select_a_slot_and_its_trial_fills_the_table() {
    let mut run = Run::mid_run(4);
    let second = run.state.running.keys().nth(1).copied();
    run.keys("]");
    assert_eq!(run.model.selected_slot(), Some("cuda:1"));
    assert_eq!(run.model.shown_trial(), second);
    run.keys("]]]]]]");
    assert_eq!(run.model.selected_slot(), Some("cuda:3"));
    run.keys("[[[[[[");
    assert_eq!(run.model.selected_slot(), Some("cuda:0"));
}

#[test]
fn rows_of_history_are_repeated_copied_dropped_and_saved() {
    let mut run = run();
    run.keys("3jr");
    let repeat = run.state.history.trials().last().unwrap().clone();
    assert_eq!((repeat.candidate, repeat.seed), (36, 1));
    run.keys("gjjd");
    assert!(run.state.history.get(36).unwrap().excluded);
    run.keys("d");
    assert!(!run.state.history.get(36).unwrap().excluded);
    run.keys("e lr0=0.02<enter>");
    let copy = run.state.history.trials().last().unwrap();
    assert_eq!((copy.genes[0], copy.genes[2]), (0.02, run.state.history.get(36).unwrap().genes[2]));
    run.keys("/36<enter>y");
    assert!(matches!(run.effects.last(), Some(Effect::Copy(text)) if text.starts_with("gen=36 ")));
    run.keys("S");
    let Some(Effect::Save { text, .. }) = run.effects.last() else { panic!("nothing is saved") };
    assert!(
        text.starts_with("# digits, generation 36, fitness ") && text.contains("\noptimizer: sgd\n"),
        "{text}"
    );
}

#[test]
fn by_fitness_a_stopped_trial_stands_below_every_finished_one() {
    let mut run = run();
    let generation = run.propose();
    run.start(generation, 0);
    let metrics = run.metrics(2.0);
    run.journal(Event::Ended { generation, end: End::Pruned { epoch: 1 }, metrics, who: None });
    run.keys("3oo");
    let rows: Vec<u64> = (0..).map_while(|at| run.model.history.row(at, &run.state)).collect();
    let place = |generation| rows.iter().position(|g| *g == generation).unwrap();
    let finished = run.state.history.trials().iter().filter(|t| t.end == Some(End::Finished));
    assert!(finished.map(|t| place(t.generation)).max().unwrap() < place(generation));
    assert_eq!(rows[0], run.state.history.best().unwrap().0.generation);
}

#[test]
fn slash_filters_and_n_goes_on_and_esc_takes_the_filter_back() {
    let mut run = run();
    run.keys("/hsv<enter>n");
    assert_eq!(run.model.param().unwrap().name, "hsv_s");
    let shown = crate::look::text(&run.model, 80, 24);
    assert!(shown.contains("hsv_v") && !shown.contains("lr0"));
    run.keys("N<esc>");
    assert!(crate::look::text(&run.model, 80, 24).contains("cls_pw"));
    assert!(run.model.overlay.is_none());
}

#[test]
fn the_log_is_searched_and_followed() {
    let mut run = run();
    run.keys("4/gen 3 finished<enter>");
    assert!(run.model.log.back > 0 && crate::look::text(&run.model, 80, 24).contains("gen 3 finished"));
    run.keys("F");
    assert_eq!(run.model.log.back, 0);
    run.keys("<tab>");
    assert!(
        run.effects
            .iter()
            .any(|e| matches!(e, Effect::ReadLog { path, .. } if path.ends_with("trials/000037/a1/log.txt")))
    );
}

#[test]
fn density_steps_back_through_the_generations_and_maps_two_parameters() {
    let mut run = run();
    run.keys("2<left><left>");
    assert_eq!(run.model.density.until, Some(35));
    run.keys("<right><right><right>");
    assert_eq!(run.model.density.until, None);
    run.keys("<enter>");
    assert!(crate::look::text(&run.model, 120, 40).contains("median"));
    run.keys("v");
    assert!(crate::look::text(&run.model, 120, 40).contains("lr0 (across) and lrf (up), mean fitness"));
    run.keys("<esc>");
    assert!(!run.model.density.open);
}

#[test]
fn another_s_change_is_taken_back_only_after_a_question() {
    let mut run = run();
    let theirs =
        evotop::journal::Who { user: "grace".into(), ..crate::fixture::me(evotop::journal::How::Shell) };
    let command = evotop::session::steer::parse("sigma 0.5", &run.state).unwrap();
    for event in run.state.decide(&command, &theirs).unwrap() {
        run.journal(event);
    }
    run.keys("u");
    assert_eq!(run.state.settings.sigma, 0.5);
    assert!(crate::look::text(&run.model, 80, 24).contains("grace"));
    run.keys("y");
    assert_eq!(run.state.settings.sigma, 0.2);
}

#[test]
fn a_lost_connection_is_said_and_nothing_is_asked_until_it_is_back() {
    let mut run = run();
    run.tell(evotop::app::News::Lost { why: "the session closed the socket".into() });
    assert!(crate::look::text(&run.model, 120, 40).contains("connection lost"));
    run.keys("+");
    assert!(run.model.pending.is_empty() && run.effects.is_empty());
    run.tell(evotop::app::News::Connected { read_only: false, dir: "/tmp".into(), demo: false });
    run.keys("+");
    assert_eq!(run.state.settings.sigma, 0.21);
}
