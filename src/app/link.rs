//! What the screen is told and what it asks for. The same for a live session, a tailed journal and a replay.

use std::path::PathBuf;
use std::sync::Arc;

use crate::journal::Entry;
use crate::runner::Figures;
use crate::session::{Command, State};
use crate::trial::protocol::Progress;

/// What the screen is told.
#[derive(Debug, Clone)]
pub enum News {
    /// A connection stands. A snapshot follows.
    Connected { read_only: bool, dir: PathBuf, demo: bool },
    /// The session cannot be reached: its journal is followed as `host` writes it, and nothing can be asked. A snapshot
    /// follows.
    Tailing { host: String, dir: PathBuf },
    /// The connection is gone; the link tries again by itself.
    Lost { why: String },
    /// Everything there is to know. Replaces what was known.
    Snapshot(Box<State>),
    /// What happened next.
    Entry(Arc<Entry>),
    /// What is known of a running trial between two epochs; the latest wins.
    Progress { generation: u64, progress: Progress },
    /// What devices and trainers do that no journal holds; the latest wins.
    Figures(Figures),
    /// Something to say that is in no journal.
    Notice { text: String },
    /// How a request ended: a line to show, or why it was refused.
    Answer { id: u64, result: Result<String, String> },
    /// Where a replay stands.
    Replay(ReplayAt),
}

/// What the screen asks for. The `id` comes back with the answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Request {
    /// By key.
    Do { id: u64, command: Command },
    /// A line of the steering grammar, by command line.
    Say { id: u64, line: String },
    /// To a replay only.
    Replay(ReplayStep),
}

/// Where a replay stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReplayAt {
    /// Entries shown so far, and how many there are.
    pub at: usize,
    pub of: usize,
    /// The run's seconds in one second.
    pub speed: f64,
    pub playing: bool,
    /// The run's time that is shown, milliseconds since 1970-01-01 UTC.
    pub time: i64,
}

/// What a replay is asked to do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ReplayStep {
    PlayOrHold,
    Faster,
    Slower,
    /// By so many trials that ended, back or forth.
    By(i64),
    /// To this part of the whole, 0 to 1.
    To(f64),
    /// To the end of this generation's trial.
    ToGeneration(u64),
}

/// What is to be done outside the model.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    Send(Request),
    /// Leave the screen; `stopped` if the run was asked to stop as well.
    Leave {
        stopped: bool,
    },
    /// To the terminal's clipboard.
    Copy(String),
    /// Back to the shell until `fg`.
    Suspend,
    /// Draw every cell again.
    Redraw,
    /// Take the mouse from the terminal, or give it back.
    Mouse(bool),
    /// A dialogue appeared: what was typed before it is on the screen is to be dropped.
    DropTyped,
    /// Read on in a raw log.
    ReadLog {
        path: PathBuf,
        from: u64,
    },
    /// Read the end of a trial's log.
    ReadEnd {
        generation: u64,
        path: PathBuf,
    },
    /// Write a new file.
    Save {
        path: PathBuf,
        text: String,
    },
}
