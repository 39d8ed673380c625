//! What commands and the ends of attempts mean, on a state alone.

use super::*;
use crate::evolve::{Edit, EditError, StrategyKind, Weights};
use crate::journal::sample::{created, metrics, trial};
use crate::journal::{Entry, Event, Host, How, Imported, Mode, Opened, PauseWhy, Who};
use crate::trial::{End, FailureClass, Metrics, Origin, Outcome};

/// A session, and a clock: every event takes ten seconds.
pub struct Session(pub State);

impl Session {
    pub fn new() -> Self {
        Self(State::new(&created(), 0))
    }

    pub fn tell(&mut self, event: Event) {
        self.tell_after(10_000, event);
    }

    fn tell_after(&mut self, milliseconds: i64, event: Event) {
        self.0.apply(&Entry { seq: self.0.seq + 1, time: self.0.time + milliseconds, event });
    }

    /// Trials come to be and wait.
    fn proposed(&mut self, generations: std::ops::Range<u64>) {
        for generation in generations {
            let [proposed, ..] = trial(generation);
            self.tell(proposed);
        }
    }

    /// The next attempt at a trial that waits.
    fn started(&mut self, generation: u64) {
        let [_, mut started, ..] = trial(generation);
        if let Event::Started(start) = &mut started {
            start.attempt = self.0.history.get(generation).map_or(0, |trial| trial.attempts) + 1;
        }
        self.tell(started);
    }

    /// Does what a person asks for.
    fn asked(&mut self, who: &Who, command: &Command) -> Result<(), Refused> {
        for event in self.0.decide(command, who)? {
            self.tell_after(0, event);
        }
        Ok(())
    }

    fn edited(&mut self, who: &Who, edit: Edit) -> Result<(), Refused> {
        let revision = self.0.revision;
        self.asked(who, &Command::Edit { edits: vec![edit], revision })
    }

    fn sigma(&self) -> f64 {
        self.0.settings.sigma
    }
}

fn who(user: &str) -> Who {
    Who { user: user.into(), tty: None, ssh: None, how: How::Shell }
}

#[test]
fn of_several_edits_all_are_made_or_none() {
    let s = Session::new();
    let edits = vec![Edit::Sigma(0.3), Edit::Top(0)];
    let refused = s.0.decide(&Command::Edit { edits, revision: 0 }, &who("ada")).unwrap_err();
    assert!(matches!(refused, Refused::Edit(EditError::Range { what: "top n", .. })), "{refused}");
}

#[test]
fn anothers_change_is_taken_back_and_made_again_only_where_that_is_confirmed() {
    let (mut s, ada, bob) = (Session::new(), who("ada"), who("bob"));
    s.edited(&ada, Edit::Sigma(0.3)).unwrap();
    let refused = s.asked(&bob, &Command::Undo { confirmed: false }).unwrap_err();
    assert!(
        matches!(&refused, Refused::Another { by, what, .. } if by == "ada" && what == "sigma 0.2 -> 0.3"),
        "{refused}"
    );
    assert_eq!(s.sigma(), 0.3);
    s.asked(&bob, &Command::Undo { confirmed: true }).unwrap();
    assert_eq!(s.sigma(), 0.2);
    assert!(s.asked(&bob, &Command::Redo { confirmed: false }).is_err());
    s.asked(&ada, &Command::Redo { confirmed: false }).unwrap();
    assert_eq!(s.sigma(), 0.3);
}

#[test]
fn steps_of_one_knob_within_a_second_are_one_step_of_undo() {
    let (mut s, ada) = (Session::new(), who("ada"));
    for (pause, sigma) in [(0, 0.21), (900, 0.22), (900, 0.23), (2000, 0.24)] {
        s.0.time += pause;
        s.edited(&ada, Edit::Sigma(sigma)).unwrap();
    }
    s.edited(&ada, Edit::Probability(0.5)).unwrap();
    for (sigma, probability) in [(0.24, 0.8), (0.23, 0.8), (0.2, 0.8)] {
        s.asked(&ada, &Command::Undo { confirmed: false }).unwrap();
        assert_eq!((s.sigma(), s.0.settings.probability), (sigma, probability));
    }
    let refused = s.asked(&ada, &Command::Undo { confirmed: false });
    assert_eq!(refused, Err(Refused::Nothing { what: "undo" }));
}

#[test]
fn steps_that_end_where_they_began_are_none_to_take_back() {
    let (mut s, ada) = (Session::new(), who("ada"));
    s.edited(&ada, Edit::Sigma(0.3)).unwrap();
    for at in [Some(0.01), None] {
        s.edited(&ada, Edit::Pin { param: "lr0".into(), at }).unwrap();
    }
    s.asked(&ada, &Command::Undo { confirmed: false }).unwrap();
    assert_eq!((s.sigma(), s.0.space.get("lr0").unwrap().pin), (0.2, None));
}

#[test]
fn a_setting_that_the_strategy_has_not_got_is_refused_by_name() {
    let (mut s, ada) = (Session::new(), who("ada"));
    s.edited(&ada, Edit::Strategy(StrategyKind::Population)).unwrap();
    let refused = s.edited(&ada, Edit::Sigma(0.3)).unwrap_err().to_string();
    assert_eq!(refused, "strategy yolov5-population has no sigma");
}

#[test]
fn a_weight_for_a_metric_that_no_trial_reports_is_refused() {
    let (mut s, ada) = (Session::new(), who("ada"));
    let weights = |name: &str| Edit::Fitness([(name, 1.0)].into_iter().collect::<Weights>());
    s.edited(&ada, weights("acc")).unwrap();
    s.edited(&ada, Edit::Fitness(Weights::yolov5())).unwrap();
    for event in trial(0) {
        s.tell(event);
    }
    let refused = s.edited(&ada, weights("acc")).unwrap_err().to_string();
    assert!(
        refused.contains("no trial has reported the metric acc; reported are metrics/mAP_0.5"),
        "{refused}"
    );
    s.edited(&ada, weights("val/box_loss")).unwrap();
}

#[test]
fn a_trial_that_is_put_back_is_the_next_one() {
    let mut s = Session::new();
    s.proposed(0..3);
    s.started(0);
    s.asked(&who("ada"), &Command::Abort { generation: 0, requeue: true }).unwrap();
    assert_eq!(s.0.queue, [0, 1, 2]);
    assert_eq!(s.0.next_for("cpu", &[].into()), Next::Start(0));
}

#[test]
fn a_copy_of_a_trial_that_lacks_values_takes_the_start_values() {
    let mut s = Session::new();
    let rows = vec![(vec![Some(0.5), None, None], Vec::new())];
    s.tell(Event::Imported(Imported { source: "repair".into(), rows, ..Imported::default() }));
    let values = [("box".to_owned(), 0.7)].into_iter().collect();
    s.asked(&who("ada"), &Command::Enqueue { values, base: Some(0) }).unwrap();
    assert_eq!(*s.0.history.get(1).unwrap().genes, [0.5, 0.01, 0.7]);
}

#[test]
fn a_repeat_trains_the_same_candidate_with_the_next_trial_seed() {
    let (mut s, ada) = (Session::new(), who("ada"));
    s.proposed(0..1);
    // The second time the repeat itself is repeated: the candidate is still the first one.
    for generation in 0..2 {
        s.asked(&ada, &Command::Repeat { generation }).unwrap();
    }
    let [first, again, third] = s.0.history.trials() else { panic!("not three trials") };
    for (repeat, seed) in [(again, 1), (third, 2)] {
        assert_eq!((repeat.origin, repeat.candidate, repeat.seed), (Origin::Repeat, 0, seed));
        assert_eq!(repeat.genes, first.genes);
    }
}

#[test]
fn every_end_counts_to_the_generations_but_that_of_an_imported_trial() {
    let ends = [
        End::Finished,
        End::Diverged { epoch: 1, what: String::new() },
        End::Failed { class: FailureClass::Crash, detail: String::new() },
        End::Aborted,
        End::Pruned { epoch: 1 },
    ];
    let mut s = Session::new();
    let rows = vec![(vec![Some(0.5); 3], Vec::new())];
    s.tell(Event::Imported(Imported { source: "evolve.csv".into(), rows, ..Imported::default() }));
    assert_eq!(s.0.history.counted(), 0);
    for (generation, end) in (1..).zip(ends) {
        s.proposed(generation..generation + 1);
        assert_eq!(s.0.history.counted(), generation - 1);
        s.tell(Event::Ended { generation, end, metrics: metrics(generation), who: None });
        assert_eq!(s.0.history.counted(), generation);
        // The imported one has a number all the same.
        assert_eq!(s.0.generations(), s.0.settings.generations + 1);
    }
}

#[test]
fn a_result_that_is_not_a_number_is_a_diverged_trial_whatever_its_trainer_calls_it() {
    let mut s = Session::new();
    s.proposed(0..1);
    s.started(0);
    let metrics: Metrics = [("metrics/mAP_0.5", f64::NAN)].into_iter().collect();
    let events = s.0.attempt_ended(0, 1, &Outcome::Finished { metrics });
    assert!(matches!(&events[..], [Event::Ended { end: End::Diverged { .. }, .. }]), "{events:?}");
}

#[test]
fn a_result_without_a_metric_that_fitness_needs_holds_the_run_and_names_it() {
    let mut s = Session::new();
    s.proposed(0..1);
    s.started(0);
    let metrics: Metrics = [("acc", 0.5), ("metrics/mAP_0.5", 0.5)].into_iter().collect();
    let events = s.0.attempt_ended(0, 1, &Outcome::Finished { metrics });
    let [Event::Ended { end: End::Finished, .. }, Event::Mode { mode, .. }] = &events[..] else {
        panic!("{events:?}")
    };
    let reported = vec!["acc".to_owned(), "metrics/mAP_0.5".into()];
    assert_eq!(*mode, Mode::Paused(PauseWhy::NoMetric { name: "metrics/mAP_0.5:0.95".into(), reported }));
}

#[test]
fn the_end_of_an_attempt_that_is_over_already_says_nothing_of_the_next_one() {
    let mut s = Session::new();
    s.proposed(0..1);
    s.started(0);
    s.asked(&who("ada"), &Command::Abort { generation: 0, requeue: true }).unwrap();
    s.started(0);
    let finished = Outcome::Finished { metrics: metrics(0) };
    assert_eq!(s.0.attempt_ended(0, 1, &finished), []);
    assert_eq!(s.0.attempt_ended(0, 2, &finished).len(), 1);
}

#[test]
fn the_steering_page_has_every_verb_with_what_it_takes_and_every_setting() {
    let page = include_str!("../../docs/steering.md");
    for steer::Verb { name, takes, .. } in steer::VERBS {
        let row = |takes: &str| format!("`{name} {}`", takes.replace('|', "\\|")).replace(" `", "`");
        let each = || takes.split(" | ").all(|takes| page.contains(&row(takes)));
        assert!(page.contains(&row(takes)) || each(), "{}", row(takes));
    }
    let (_, settings) = page.split_once("SETTING    =").unwrap();
    let (settings, _) = settings.split_once("```").unwrap();
    assert_eq!(settings.split('|').map(str::trim).collect::<Vec<_>>(), steer::SETTINGS);
}

#[test]
fn the_status_page_names_every_field() {
    let page = include_str!("../../docs/status.md");
    let mut s = Session::new();
    for event in trial(0) {
        s.tell(event);
    }
    let slot = crate::journal::SlotSpec { name: "cpu".into(), device: "cpu".into() };
    s.tell(Event::SlotAdded { slot, who: None });
    let mut settings = s.0.settings.clone();
    for rule in crate::evolve::Rule::ALL {
        settings.rules.set(rule, Some(3.0));
    }
    s.0.settings = settings;
    let status = serde_json::to_value(s.0.status()).unwrap();
    let parts = ["/best", "/settings", "/cost", "/params/0", "/slots/0", "/last/0"];
    for part in [""].into_iter().chain(parts) {
        for field in status.pointer(part).unwrap().as_object().unwrap().keys() {
            assert!(page.contains(&format!("`{field}`")), "{part}/{field}");
        }
    }
}

#[test]
fn a_session_that_was_killed_under_a_frozen_trial_is_paused_and_has_that_trial_next() {
    let mut s = Session::new();
    s.proposed(0..2);
    s.started(0);
    s.tell(Event::Frozen { generation: 0, frozen: true, who: None });
    let host = Host { name: "box".into(), boot_id: "f00d".into() };
    s.tell(Event::Opened(Opened { host, pid: 1, start_time: 1, evotop: String::new(), argv: Vec::new() }));
    assert_eq!(s.0.mode, Mode::Paused(PauseWhy::WasFrozen));
    assert_eq!(s.0.queue, [0, 1]);
    assert!(s.0.running.is_empty());
}

#[test]
fn what_a_trainer_or_a_file_says_is_in_the_log_without_control_characters() {
    let mut s = Session::new();
    s.tell(Event::Note { text: "a\u{1b}[31mb\u{7}".into() });
    assert_eq!(s.0.log.back().unwrap().text, "ab");
}
