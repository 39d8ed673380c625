//! Stop rules: why nothing new starts although generations are left. They follow from the state alone, so a rule that is
//! changed acts at once, and a best that falls when it is tried again lets the run go on.

use super::State;
use crate::clock;
use crate::evolve::Rule;
use crate::trial::{Origin, Trial};

/// Seconds of an hour.
const HOUR: f64 = 3600.0;

/// A stop rule that is met.
#[derive(Debug, Clone, PartialEq)]
pub struct Stopped {
    pub rule: Rule,
    /// What was met, in words.
    pub why: String,
}

impl State {
    /// The stop rule that is met, if one is.
    pub fn stopped(&self) -> Option<Stopped> {
        let rules = &self.settings.rules;
        let best = self.history.best();
        if let (Some(target), Some((trial, fitness))) = (rules.target, best)
            && fitness >= target
        {
            let why = format!("target {target} reached: {fitness:.4} at gen {}", trial.generation);
            return Some(Stopped { rule: Rule::Target, why });
        }
        if let Some(patience) = rules.patience
            && self.without_better(patience) >= patience
        {
            let than =
                best.map_or_else(String::new, |(t, f)| format!(" than {f:.4} at gen {}", t.generation));
            let why = format!(
                "patience is over: {} without a better best{than}",
                crate::trial::count(patience as usize)
            );
            return Some(Stopped { rule: Rule::Patience, why });
        }
        let used = self.used(self.time);
        let hours = rules.max_hours.filter(|hours| used >= hours * HOUR)?;
        let why = format!("max-hours {hours} used: slots trained {}", clock::duration(used));
        Some(Stopped { rule: Rule::MaxHours, why })
    }

    /// Trials of this run that ended since the best candidate came, counted up to `most`.
    fn without_better(&self, most: u64) -> u64 {
        let best = self.history.best().map(|(trial, _)| trial.generation);
        let since = self.ended.iter().rev().take_while(|g| Some(**g) != best);
        let own = since.filter(|g| self.history.get(**g).is_some_and(|t| counts(t)));
        own.take(usize::try_from(most).unwrap_or(usize::MAX)).count() as u64
    }
}

/// A repeat is no try to find a better one.
fn counts(trial: &Trial) -> bool {
    trial.origin != Origin::Repeat && trial.counts()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evolve::{Edit, NextValues};
    use crate::journal::sample::{metrics, trial};
    use crate::journal::{Event, Host, How, Opened, Who};
    use crate::session::tests::Session;
    use crate::session::{Command, Next, Waiting};
    use crate::trial::{Cost, End, FailureClass};

    impl Session {
        /// A trial that trains for 20 s and has this fitness.
        fn trial(&mut self, generation: u64, fitness: f64) {
            let [proposed, started, epoch, _] = trial(generation);
            for event in [proposed, started, epoch] {
                self.tell(event);
            }
            let both = ["metrics/mAP_0.5", "metrics/mAP_0.5:0.95"].map(|name| (name, fitness));
            self.tell(Event::Ended {
                generation,
                end: End::Finished,
                metrics: both.into_iter().collect(),
                who: None,
            });
        }

        fn set(&mut self, rule: Rule, to: impl Into<Option<f64>>) {
            let edit = Edit::Rule { rule, to: to.into() };
            let State { space, settings, .. } = &mut self.0;
            edit.apply(space, settings, &mut NextValues::new()).unwrap();
        }

        fn why(&self) -> String {
            self.0.stopped().map(|stopped| stopped.why).unwrap_or_default()
        }
    }

    #[test]
    fn a_target_that_is_reached_ends_the_run_and_a_higher_one_lets_it_go_on() {
        let mut s = Session::new();
        s.trial(0, 0.4);
        s.set(Rule::Target, 0.5);
        assert!(!s.0.is_complete());
        s.trial(1, 0.5);
        assert!(s.0.is_complete() && s.0.left_to_propose() == 0);
        assert_eq!(s.0.next_for("cpu", &[].into()), Next::Wait(Waiting::Complete));
        assert_eq!(s.why(), "target 0.5 reached: 0.5000 at gen 1");
        assert_eq!((s.0.status().state.as_str(), s.0.status().why), ("complete", Some(s.why())));
        s.set(Rule::Target, 0.6);
        assert!(!s.0.is_complete());
        assert!(matches!(s.0.next_for("cpu", &[].into()), Next::First(_)));
    }

    #[test]
    fn a_running_trial_ends_before_the_run_is_over() {
        let mut s = Session::new();
        s.trial(0, 0.6);
        let [proposed, started, ..] = trial(1);
        s.tell(proposed);
        s.tell(started);
        s.set(Rule::Target, 0.5);
        assert_eq!(s.0.next_for("cpu#2", &[].into()), Next::Wait(Waiting::Last));
        assert!(!s.0.is_complete());
        s.tell(Event::Ended { generation: 1, end: End::Aborted, metrics: metrics(1), who: None });
        assert!(s.0.is_complete());
    }

    #[test]
    fn patience_counts_trials_since_the_best_came_and_no_repeats() {
        let mut s = Session::new();
        s.set(Rule::Patience, 3.0);
        for (generation, fitness) in [(0, 0.2), (1, 0.5), (2, 0.4), (3, 0.3)] {
            s.trial(generation, fitness);
        }
        assert_eq!(s.why(), "");
        let who = Who { user: "ada".into(), tty: None, ssh: None, how: How::Key };
        for event in s.0.decide(&Command::Repeat { generation: 1 }, &who).unwrap() {
            s.tell(event);
        }
        s.tell(Event::Ended { generation: 4, end: End::Finished, metrics: metrics(4), who: None });
        assert_eq!(s.why(), "");
        s.trial(5, 0.1);
        assert!(s.why().starts_with("patience is over: 3 trials without a better best than"), "{}", s.why());
    }

    #[test]
    fn hours_are_those_that_slots_trained() {
        let mut s = Session::new();
        s.set(Rule::MaxHours, 60.0 / 3600.0);
        s.trial(0, 0.2);
        s.trial(1, 0.2);
        assert_eq!(s.why(), "");
        s.trial(2, 0.2);
        assert_eq!((s.0.used(s.0.time), s.0.is_complete()), (60.0, true));
    }

    #[test]
    fn what_was_used_saved_and_lost_is_counted_by_trial_and_in_total() {
        let mut s = Session::new();
        let begin = |s: &mut Session, generation| {
            let [proposed, started, ..] = trial(generation);
            s.tell(proposed);
            s.tell(started);
        };
        begin(&mut s, 0);
        // One attempt of ten seconds comes to nothing, the next is stopped after 2 of 10 epochs.
        let (class, detail) = (Some(FailureClass::Crash), String::new());
        s.tell(Event::Requeued { generation: 0, attempt: 1, class, detail, counts: true, who: None });
        let [_, started, ..] = trial(0);
        s.tell(started);
        for epoch in 1..=2 {
            let (seconds, metrics) = (1.0, metrics(0));
            s.tell(Event::Epoch { generation: 0, epoch, epochs: 10, seconds, metrics });
        }
        s.tell(Event::Ended { generation: 0, end: End::Pruned { epoch: 2 }, metrics: metrics(0), who: None });
        assert_eq!(
            s.0.history.get(0).unwrap().cost,
            Cost { used: 40.0, lost: 10.0, saved: 80.0, given_up: 0.0 }
        );
        // Frozen time is not trained, and a session that was killed loses what ran.
        begin(&mut s, 1);
        s.tell(Event::Frozen { generation: 1, frozen: true, who: None });
        s.tell(Event::Frozen { generation: 1, frozen: false, who: None });
        let epoch = Event::Epoch { generation: 1, epoch: 1, epochs: 2, seconds: 1.0, metrics: metrics(1) };
        s.tell(epoch);
        assert_eq!(s.0.used(s.0.time), 60.0);
        s.0.time += 3_600_000;
        let host = Host { name: "box".into(), boot_id: "f00d".into() };
        let (evotop, argv) = (String::new(), Vec::new());
        s.tell(Event::Opened(Opened { host, pid: 1, start_time: 1, evotop, argv }));
        assert_eq!(s.0.cost, Cost { used: 60.0, lost: 30.0, saved: 80.0, given_up: 0.0 });
        let status = s.0.status();
        assert_eq!((status.cost, status.last[0].cost.lost), (s.0.cost, 10.0));
        assert!(s.0.summary().ends_with("1m 00s used, 1m 20s saved by pruning, 30s lost to failures"));
        // What a person puts back is no failure, and no part of what a trial takes.
        begin(&mut s, 2);
        let who = Some(Who { user: "ada".into(), tty: None, ssh: None, how: How::Key });
        let (class, detail) = (None, "aborted".into());
        s.tell(Event::Requeued { generation: 2, attempt: 1, class, detail, counts: false, who });
        assert_eq!((s.0.cost.lost, s.0.cost.given_up), (30.0, 10.0));
        let [_, started, .., ended] = trial(2);
        s.tell(started);
        s.tell(ended);
        assert!(
            s.0.summary().ends_with("30s lost to failures, 10s given up to begin again"),
            "{}",
            s.0.summary()
        );
        assert_eq!(s.0.trial_seconds(), Some(10.0));
    }
}
