//! A journal played back as news: the same screen over a run that is over, or somebody else's.

use std::path::PathBuf;
use std::sync::Arc;

use super::link::{News, ReplayAt, ReplayStep};
use crate::journal::{Entry, Event};
use crate::session::State;

/// A replay of the whole takes about this long at the speed it begins with.
const WHOLE_MS: f64 = 60_000.0;
/// States kept on the way, so that going back does not begin at the beginning.
const KEPT: usize = 8;
/// The slowest and the fastest.
const SPEEDS: (f64, f64) = (0.25, 1e7);

/// A journal and how far it is played.
#[derive(Debug)]
pub struct Replay {
    entries: Vec<Arc<Entry>>,
    dir: PathBuf,
    state: State,
    /// Entries played.
    at: usize,
    kept: Vec<(usize, State)>,
    speed: f64,
    playing: bool,
    /// The run's time that is shown, and the real time at which it was.
    time: i64,
    last: i64,
}

impl Replay {
    /// A replay from the beginning; none of a journal that does not say how its run began.
    pub fn new(entries: Vec<Entry>, dir: PathBuf, now: i64) -> Option<Self> {
        let first = entries.first()?;
        let Event::Created(created) = &first.event else { return None };
        let state = State::new(created, first.time);
        let whole = entries.last().map_or(0, |last| last.time - first.time) as f64;
        // A power of two that is just fast enough.
        let speed = (whole / WHOLE_MS).max(1.0).log2().ceil().exp2();
        Some(Self {
            dir,
            at: 1,
            kept: vec![(1, state.clone())],
            time: first.time,
            entries: entries.into_iter().map(Arc::new).collect(),
            state,
            speed,
            playing: true,
            last: now,
        })
    }

    /// What the screen is told first.
    pub fn begin(&self) -> Vec<News> {
        vec![
            News::Connected { read_only: true, dir: self.dir.clone(), demo: false },
            News::Snapshot(Box::new(self.state.clone())),
            self.place(),
        ]
    }

    fn place(&self) -> News {
        let (at, of) = (self.at, self.entries.len());
        News::Replay(ReplayAt { at, of, speed: self.speed, playing: self.playing, time: self.time })
    }

    /// Does what was asked.
    pub fn ask(&mut self, step: ReplayStep, now: i64) -> Vec<News> {
        let mut news = self.tick(now);
        match step {
            ReplayStep::PlayOrHold => {
                self.playing = !self.playing;
                if self.playing && self.at == self.entries.len() {
                    news.extend(self.seek(1));
                }
            }
            ReplayStep::Faster => self.speed = (self.speed * 2.0).min(SPEEDS.1),
            ReplayStep::Slower => self.speed = (self.speed / 2.0).max(SPEEDS.0),
            ReplayStep::By(trials) => news.extend(self.seek(self.trials_away(trials))),
            ReplayStep::To(part) => {
                let to = part.clamp(0.0, 1.0) * self.entries.len() as f64;
                news.extend(self.seek(to.round() as usize));
            }
            ReplayStep::ToGeneration(generation) => {
                let is = |e: &Arc<Entry>| matches!(&e.event, Event::Ended { generation: g, .. } if *g >= generation);
                let to = self.entries.iter().position(is).map_or(self.entries.len(), |i| i + 1);
                news.extend(self.seek(to));
            }
        }
        news.push(self.place());
        news
    }

    /// Where so many trials further on, or back, have ended.
    fn trials_away(&self, trials: i64) -> usize {
        let ended = |i: &usize| matches!(self.entries[*i].event, Event::Ended { .. });
        let count = trials.unsigned_abs() as usize;
        if trials >= 0 {
            let mut after = (self.at..self.entries.len()).filter(ended);
            after.nth(count.saturating_sub(1)).map_or(self.entries.len(), |i| i + 1)
        } else {
            // From the end of a trial, one back is the end of the one before.
            let mut before = (0..self.at.saturating_sub(1)).rev().filter(ended);
            before.nth(count - 1).map_or(1, |i| i + 1)
        }
    }

    fn seek(&mut self, to: usize) -> Vec<News> {
        let to = to.clamp(1, self.entries.len());
        if to < self.at || to - self.at > 200 {
            if let Some((at, state)) =
                self.kept.iter().rev().find(|(at, _)| *at <= to && (*at > self.at || to < self.at))
            {
                (self.at, self.state) = (*at, state.clone());
            }
            self.advance(to);
            self.time = self.state.time;
            return vec![News::Snapshot(Box::new(self.state.clone()))];
        }
        let from = self.at;
        self.advance(to);
        self.time = self.state.time;
        self.entries[from..to].iter().cloned().map(News::Entry).collect()
    }

    /// Folds entries in, keeping a state now and then.
    fn advance(&mut self, to: usize) {
        let every = (self.entries.len() / KEPT).max(500);
        while self.at < to {
            self.state.apply(&self.entries[self.at]);
            self.at += 1;
            let newest = self.kept.last().map_or(0, |(at, _)| *at);
            if self.at >= newest + every {
                self.kept.push((self.at, self.state.clone()));
            }
        }
    }

    /// Time passes: what happened in the run meanwhile.
    pub fn tick(&mut self, now: i64) -> Vec<News> {
        let passed = (now - self.last).max(0);
        self.last = now;
        if !self.playing {
            return Vec::new();
        }
        self.time += (passed as f64 * self.speed) as i64;
        let due = self.entries[self.at..].iter().take_while(|e| e.time <= self.time).count();
        let from = self.at;
        let mut news = if due > 2000 {
            let time = self.time;
            let news = self.seek(from + due);
            self.time = time;
            news
        } else {
            self.advance(from + due);
            self.entries[from..self.at].iter().cloned().map(News::Entry).collect()
        };
        if self.at == self.entries.len() {
            self.playing = false;
            self.time = self.state.time;
        }
        if passed > 0 {
            news.push(self.place());
        }
        news
    }

    pub fn is_playing(&self) -> bool {
        self.playing
    }
}
