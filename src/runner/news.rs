//! What the engine tells a slot at the start, and what a slot tells the engine.

use std::path::PathBuf;
use std::time::Duration;

use indexmap::IndexMap;

use crate::journal::{Program, SlotSpec};
use crate::process::ProcessId;
use crate::trial::protocol::Progress;
use crate::trial::{Metrics, Outcome, RunSpec};

/// What a slot is.
#[derive(Debug, Clone)]
pub struct SlotConfig {
    pub spec: SlotSpec,
    pub run: RunSpec,
    pub threads: usize,
    /// How many slots there are, this one included: what they share is shared among so many.
    pub slots: usize,
    /// How many trials the run is to have.
    pub generations: u64,
    /// The session's directory: every process of it carries its name.
    pub dir: PathBuf,
    /// Where the evotop program is: trainers of ours lie beside it.
    pub evotop: PathBuf,
    /// How guards are started: the program of the session itself, whatever became of its file.
    pub guard: PathBuf,
    /// No trainer is called silent before it has said nothing for so long.
    pub quiet: Duration,
}

/// Something a slot reports.
#[derive(Debug, Clone)]
pub struct SlotNews {
    pub slot: String,
    pub kind: SlotNewsKind,
}

/// What it reports.
#[derive(Debug, Clone)]
pub enum SlotNewsKind {
    /// The trainer's program said who it is, and which weights its metrics have by default.
    Program {
        program: Program,
        fitness: IndexMap<String, f64>,
    },
    /// A process has the trial.
    Started {
        trial: u64,
        attempt: u32,
        process: ProcessId,
        group: u32,
    },
    Progress {
        trial: u64,
        progress: Progress,
    },
    Epoch {
        trial: u64,
        attempt: u32,
        epoch: u32,
        epochs: u32,
        seconds: f64,
        metrics: Metrics,
    },
    /// The trainer has said nothing for unusually long, since then (milliseconds since 1970-01-01 UTC); none: it speaks
    /// again.
    Silent {
        trial: u64,
        since: Option<i64>,
    },
    /// Once for each job.
    Ended {
        trial: u64,
        attempt: u32,
        outcome: Outcome,
    },
    /// Its process cannot be killed: no trial can run here. `Ended` of the trial comes besides.
    Lost {
        reason: String,
    },
    /// A line for the session's log.
    Log {
        trial: Option<u64>,
        text: String,
    },
}
