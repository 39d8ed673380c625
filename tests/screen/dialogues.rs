//! What asks and what is filled in: leaving, aborting, undoing what is another's, knobs, the form, strategy and fitness.

use evotop::app::Effect;
use evotop::trial::End;

use crate::fixture::Run;

fn run() -> Run {
    Run::mid_run(1)
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
fn the_shell_and_a_clean_screen_are_there_over_a_dialogue_as_well() {
    let mut run = run();
    for (opens, closes) in [("x", "<esc>"), ("q", "<esc>"), (":pin", "<esc>"), ("?", "?"), ("e", "<esc>")] {
        run.keys(opens);
        let before = run.model.overlay.clone();
        run.keys("<ctrl-z><ctrl-l>");
        assert_eq!(run.effects[run.effects.len() - 2..], [Effect::Suspend, Effect::Redraw], "{opens}");
        assert!(before.is_some() && run.model.overlay == before, "{opens}");
        run.keys(closes);
    }
}

#[test]
fn leaving_offers_to_stop_the_run_as_well() {
    let mut run = run();
    run.keys("qs");
    assert_eq!(run.effects.last(), Some(&Effect::Leave { stopped: true }));
    assert!(run.state.log.iter().any(|l| l.text.starts_with("stopping after the running trials")));
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
    let shown = crate::look::text(&run.model, 80, 24);
    assert!(shown.contains("grace") && shown.contains("changed sigma 0.2 -> 0.5"), "{shown}");
    // What is taken back is what was read: another change meanwhile ends the question.
    let command = evotop::session::steer::parse("probability 0.7", &run.state).unwrap();
    for event in run.state.decide(&command, &theirs).unwrap() {
        run.journal(event);
    }
    assert!(run.model.overlay.is_none());
    run.keys("y");
    assert_eq!((run.state.settings.sigma, run.state.settings.probability), (0.5, 0.7));
    run.wait(1000);
    run.keys("u").keys("y").keys("u").keys("y");
    assert_eq!((run.state.settings.sigma, run.state.settings.probability), (0.2, 0.8));
}
