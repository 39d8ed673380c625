//! What the run is doing, in a few words.

use super::estimate;
use super::model::{Connection, Model};
use crate::journal::Mode;

/// What the run is doing.
#[derive(Debug, Clone, PartialEq)]
pub enum Status {
    Connecting,
    Lost(String),
    Training,
    Starting,
    /// Running trials end, nothing new starts.
    Pausing {
        running: usize,
        left: Option<f64>,
    },
    Paused(String),
    /// Every running trial is held, and nothing else could go on.
    Frozen {
        since: i64,
    },
    /// Paused, and every trial that has not ended is held.
    PausedFrozen {
        frozen: usize,
        since: i64,
    },
    Complete,
    /// The session went away after somebody had asked it to stop.
    Stopped,
    /// No process has the session open.
    Closed,
}

impl Model {
    /// Whether a session that went away did so as it was asked to: now, or after the trials that ran.
    fn was_stopping(&self) -> bool {
        let Some(state) = &self.state else { return false };
        let since = state.log.iter().rev().take_while(|line| !line.text.starts_with("opened on "));
        let mut asked = since.filter(|line| line.text.starts_with("stopping "));
        asked.any(|line| state.running.is_empty() || line.text.starts_with("stopping now"))
    }

    /// What the run is doing, in a few words.
    pub fn status(&self) -> Status {
        let Some(state) = &self.state else { return Status::Connecting };
        // A session that closed in good order went away as it should.
        if let Connection::Lost { why, .. } = &self.connection
            && state.open.is_some()
        {
            if self.was_stopping() {
                return Status::Stopped;
            }
            return Status::Lost(why.clone());
        }
        let frozen = state.frozen_count();
        let running = state.running.len() - frozen;
        let since = state.running.values().filter_map(|r| r.frozen_since).min().unwrap_or(self.now);
        match &state.mode {
            Mode::Paused(_) if frozen > 0 && running == 0 => Status::PausedFrozen { frozen, since },
            Mode::Running if state.stands_held() => Status::Frozen { since },
            Mode::Paused(_) if running > 0 => {
                Status::Pausing { running, left: estimate::drain_left(state, &self.live, self.clock()) }
            }
            Mode::Paused(_) => Status::Paused(crate::session::mode_text(&state.mode)),
            Mode::Running if state.is_complete() => Status::Complete,
            Mode::Running if state.open.is_none() => Status::Closed,
            Mode::Running if running > 0 => Status::Training,
            Mode::Running => Status::Starting,
        }
    }
}
