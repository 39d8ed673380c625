//! Keys on the pages: what each does at once. What asks or is typed into is in `dialogues.rs` and `lines.rs`.

use evotop::app::{Effect, Page, Status};
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
    run.type_keys(",");
    let shown = crate::look::text(&run.model, 120, 40);
    assert!(shown.contains("mutation 0.75 ") && shown.contains("mutation 0.8 -> 0.75 …"), "{shown}");
    run.answer();
    assert_eq!(run.state.settings.probability, 0.75);
    assert!(run.state.log.back().unwrap().text.starts_with("mutation 0.8 -> 0.75, by key"));
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
fn the_last_line_names_the_keys_in_force() {
    let mut run = Run::mid_run(4);
    let line = |run: &Run| crate::look::text(&run.model, 250, 24).lines().last().unwrap().to_owned();
    assert!(line(&run).contains("- + sigma  , . mutation") && line(&run).contains("[ ] slot"));
    let keys = "sigma-up: \"*\"\nmutation-down: ctrl-n\nprevious-slot: []\nnext-slot: \"&\"\n";
    run.model.keymap = evotop::app::Keymap::with(keys).unwrap();
    assert!(line(&run).contains("- * sigma  ctrl-n . mutation"), "{}", line(&run));
    assert!(line(&run).contains("  & slot"), "{}", line(&run));
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
