//! What a person can ask of a session.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::evolve::{Edit, EditError};
use crate::journal::SlotSpec;

/// A request, in absolute terms: it says the new value, its target, and the revision it was made at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Command {
    /// Changes settings: all of these or none.
    Edit {
        edits: Vec<Edit>,
        revision: u32,
    },
    /// Takes the last change back. One that another made has to be confirmed.
    Undo {
        confirmed: bool,
    },
    Redo {
        confirmed: bool,
    },
    /// Running trials end, nothing new starts.
    Pause,
    /// Goes on, whatever it was paused for.
    Resume,
    /// Holds this trial now, or all of them and the run.
    Freeze {
        generation: Option<u64>,
    },
    Thaw {
        generation: Option<u64>,
    },
    /// Ends a running trial for good, or puts it back in the queue.
    Abort {
        generation: u64,
        requeue: bool,
    },
    /// Trains a hand-made candidate next: values by parameter name, the rest as in the `base` trial or, without
    /// one, as in the start candidate.
    Enqueue {
        values: IndexMap<String, f64>,
        base: Option<u64>,
    },
    /// Trains a candidate again with the next trial seed.
    Repeat {
        generation: u64,
    },
    /// Leaves trials out as parents; both ends included, an open end is the last trial.
    Exclude {
        first: u64,
        last: Option<u64>,
    },
    Include {
        first: u64,
        last: Option<u64>,
    },
    /// Adds slots, and takes slots away by name once their trial has ended: all of it or nothing.
    ChangeSlots {
        added: Vec<SlotSpec>,
        removed: Vec<String>,
    },
    /// Ends the session: after the running trials, or now (they start again on resume).
    Stop {
        now: bool,
    },
}

/// Why a command was refused. Nothing has changed.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum Refused {
    #[error(transparent)]
    Edit(#[from] EditError),
    #[error("{subject} was changed by {by} while you looked (now {now}): look again, then repeat it")]
    Stale { subject: String, by: String, now: String },
    #[error("there is no trial {generation}; the last is {last}")]
    NoTrial { generation: u64, last: u64 },
    #[error("trial {generation} is not running: {state}")]
    NotRunning { generation: u64, state: String },
    #[error("nothing to {what}")]
    Nothing { what: &'static str },
    #[error("{by} changed {what}: {remedy}")]
    Another { by: String, what: String, remedy: &'static str },
    #[error("there is no slot {name}; the slots are {known}")]
    NoSlot { name: String, known: String },
    #[error("slot {name} is there already: another share of its device is {free}")]
    SlotExists { name: String, free: String },
    #[error("the last slot cannot be taken away: pause or stop the run instead")]
    LastSlot,
}
