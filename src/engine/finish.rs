//! How a session ends.

use tokio::time::Instant;

use super::start::{Engine, OnFailure};
use crate::journal::{Event, Mode, PauseWhy};
use crate::session::mode_text;

/// A session on its way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stopping {
    pub why: String,
    /// Running trials are given up: they start again on resume.
    pub now: bool,
}

/// When no trial may run any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Deadline {
    pub at: Instant,
    /// What has happened by then, in words.
    pub why: String,
}

/// How a session ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finish {
    /// Every trial has ended, or a stop rule was met: which one.
    Complete { by: Option<String> },
    /// Stopped in good order, more to do.
    Stopped { why: String },
    /// It could not go on by itself, and nobody was to be waited for.
    Paused { why: String },
}

impl Finish {
    /// What the journal's last line says.
    pub fn why(&self) -> String {
        match self {
            Self::Complete { by: None } => "complete".into(),
            Self::Complete { by: Some(by) } => format!("complete: {by}"),
            Self::Stopped { why } | Self::Paused { why } => why.clone(),
        }
    }
}

impl Engine {
    /// Begins to stop. A second time, or `now`, gives running trials up.
    pub fn stop(&mut self, why: &str, now: bool) {
        let now = now || self.stopping.is_some();
        self.stopping = Some(Stopping { why: why.into(), now });
    }

    /// Whether the session is over, once nothing runs.
    ///
    /// What waits to be written was told to nobody: a session that has no more time goes without it, and the run goes on
    /// from what the journal has.
    pub fn finish(&self) -> Option<Finish> {
        if let Some(Stopping { why, now: true }) = &self.stopping
            && !self.unwritten.is_empty()
        {
            return Some(Finish::Stopped { why: format!("{why}, while nothing could be written") });
        }
        if self.stations.any_busy() || !self.unwritten.is_empty() {
            return None;
        }
        if self.state.is_complete() {
            return Some(Finish::Complete { by: self.state.stopped().map(|stopped| stopped.why) });
        }
        if let Some(stopping) = &self.stopping {
            return Some(Finish::Stopped { why: stopping.why.clone() });
        }
        let Mode::Paused(why) = &self.state.mode else { return None };
        let by_itself = !matches!(why, PauseWhy::Person | PauseWhy::WasFrozen | PauseWhy::NoSpace { .. });
        (by_itself && self.start.on_failure == OnFailure::Exit)
            .then(|| Finish::Paused { why: mode_text(&self.state.mode) })
    }

    /// What a session that gives its running trials up says of them.
    pub fn given_up(&self) -> Vec<Event> {
        let running = self.state.running.iter();
        let ended = |(g, r): (&u64, &crate::session::Running)| {
            self.state.attempt_ended(*g, r.attempt, &crate::trial::Outcome::Interrupted)
        };
        running.flat_map(ended).collect()
    }
}
