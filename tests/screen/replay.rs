//! Replay, and the plain mode: other readers of the same news.

use std::path::PathBuf;

use evotop::app::replay::Replay;
use evotop::app::{Effect, Input, Key, Model, News, Options, ReplayStep, Request};
use evotop::session::State;
use evotop::view::Plain;
use jiff::tz::TimeZone;

use crate::fixture::{Run, START};

/// A screen over a replay of forty trials.
struct Watched {
    replay: Replay,
    model: Model,
    now: i64,
}

impl Watched {
    fn new() -> Self {
        let mut run = Run::new(1);
        run.trials(40);
        let replay = Replay::new(run.entries, PathBuf::new(), START).unwrap();
        let mut it = Self { model: Model::new(Options::default(), START), replay, now: START };
        let news = it.replay.begin();
        it.tell(news);
        it
    }

    fn tell(&mut self, news: Vec<News>) {
        for piece in news {
            assert!(self.model.news(piece, self.now).is_empty());
        }
    }

    fn keys(&mut self, keys: &str) {
        for key in Key::sequence(keys) {
            for effect in self.model.input(Input::Key(key), self.now) {
                if let Effect::Send(Request::Replay(step)) = effect {
                    let news = self.replay.ask(step, self.now);
                    self.tell(news);
                }
            }
        }
    }

    fn generations(&self) -> usize {
        self.model.state.as_ref().unwrap().ended.len()
    }
}

#[test]
fn a_replay_plays_by_itself_at_a_speed_that_takes_about_a_minute() {
    let mut it = Watched::new();
    let mut before = 0;
    let mut seconds = 0;
    while it.replay.is_playing() {
        it.now += 1000;
        seconds += 1;
        let news = it.replay.tick(it.now);
        it.tell(news);
        assert!(it.generations() >= before && seconds <= 70);
        before = it.generations();
    }
    assert_eq!(it.generations(), 40);
    assert!(seconds >= 30);
}

#[test]
fn keys_hold_step_and_change_the_speed() {
    let mut it = Watched::new();
    it.keys(" ...");
    assert!(!it.replay.is_playing());
    assert_eq!(it.generations(), 3);
    it.keys(",");
    assert_eq!(it.generations(), 2);
    it.keys("]]");
    assert_eq!(it.generations(), 22);
    let speed = it.model.replay.unwrap().speed;
    it.keys("++-");
    assert_eq!(it.model.replay.unwrap().speed, speed * 2.0);
    it.keys(":goto 5<enter>");
    assert_eq!(it.generations(), 6);
    it.keys(":end<enter>");
    assert_eq!(it.generations(), 40);
    it.keys(":start<enter>");
    assert_eq!(it.generations(), 0);
    it.keys("pwx");
    assert_eq!(it.generations(), 0, "a replay cannot be steered");
}

#[test]
fn wherever_a_replay_is_taken_the_state_is_that_of_the_journal_up_to_there() {
    let mut run = Run::new(2);
    run.trials(60);
    let entries = run.entries.clone();
    let mut replay = Replay::new(run.entries, PathBuf::new(), START).unwrap();
    let mut model = Model::new(Options::default(), START);
    for news in replay.begin() {
        let _ = model.news(news, START);
    }
    for step in
        [ReplayStep::To(0.9), ReplayStep::To(0.3), ReplayStep::By(-4), ReplayStep::By(7), ReplayStep::To(1.0)]
    {
        for news in replay.ask(step, START) {
            let _ = model.news(news, START);
        }
        let at = model.replay.unwrap().at;
        let folded = State::replay(entries[..at].iter().cloned()).unwrap();
        let shown = model.state.as_ref().unwrap();
        assert_eq!((shown.seq, &shown.ended, shown.log.len()), (folded.seq, &folded.ended, folded.log.len()));
        let best = |s: &State| s.history.best().map(|(t, f)| (t.generation, f));
        assert_eq!(best(shown), best(&folded));
        assert_eq!(model.columns.len(), folded.history.trials().iter().filter(|t| t.is_parent()).count());
    }
}

#[test]
fn plain_mode_is_a_line_an_event_in_ascii() {
    let mut run = Run::mid_run(1);
    run.keys("+");
    let mut plain = Plain::new(TimeZone::UTC);
    let lines: Vec<String> =
        run.entries.iter().flat_map(|e| plain.lines(News::Entry(std::sync::Arc::new(e.clone())))).collect();
    assert_eq!(lines[0], "2026-11-24 08:00:00 digits created, 29 parameters");
    assert!(lines.iter().any(|l| l.contains("gen 0 epoch 1/3: P ")));
    assert!(lines.iter().any(|l| l.contains("gen 3 finished, fitness") && l.contains("(best ")));
    assert!(
        lines.last().unwrap().ends_with("sigma 0.2 -> 0.21, by key (ada), applies from gen 38"),
        "{lines:?}"
    );
    assert!(lines.iter().all(|l| l.is_ascii() && !l.contains('\n')));
}
