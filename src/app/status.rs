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
    /// No process has the session open.
    Closed,
}

impl Model {
    /// What the run is doing, in a few words.
    pub fn status(&self) -> Status {
        let Some(state) = &self.state else { return Status::Connecting };
        // A session that closed in good order went away as it should.
        if let Connection::Lost { why, .. } = &self.connection
            && state.open.is_some()
        {
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
