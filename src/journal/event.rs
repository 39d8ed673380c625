//! Events: the only things that change a session.
//!
//! Each stands on a line of `journal.jsonl` as an [`Entry`]. To add one: a variant here, its fold in `session/fold.rs`, its
//! line in `session/log.rs`, its row in `docs/session-directory.md`; then a reader of the old version meets it as unknown, so
//! raise [`VERSION`] if it cannot be ignored. Fields are only ever added, with a default.

use std::path::PathBuf;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::evolve::{Edit, Settings};
use crate::space::Space;
use crate::trial::{Change, Cost, End, FailureClass, Metrics, Origin, RunSpec};

/// The version of the journal's format. A newer one is refused by name.
pub const VERSION: u32 = 1;

/// One line of the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// 0 for the first line, then one more each.
    pub seq: u64,
    /// Milliseconds since 1970-01-01 UTC.
    pub time: i64,
    pub event: Event,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// The first line of every journal.
    Created(Box<Created>),
    /// A session process took the journal over. Attempts that ran before are over.
    Opened(Opened),
    /// The session ended in good order.
    Closed {
        why: String,
    },
    /// A trial came to be.
    Proposed(Proposed),
    /// Trials of an earlier run.
    Imported(Imported),
    /// The trainer's program from here on.
    Program(Program),
    /// An attempt's process was given a trial.
    Started(AttemptStart),
    /// Metrics after an epoch. Journaled, but fsynced only with the next durable event.
    Epoch {
        generation: u64,
        epoch: u32,
        epochs: u32,
        seconds: f64,
        metrics: Metrics,
    },
    /// An attempt is over and its trial is not: it goes back to the front of the queue.
    Requeued {
        generation: u64,
        attempt: u32,
        /// None where nothing went wrong (the session stopped, a person put it back).
        class: Option<FailureClass>,
        detail: String,
        /// Whether it counts against the trial: the second such failure ends it.
        counts: bool,
        /// The person who put it back, where one did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        who: Option<Who>,
    },
    /// A trial is over.
    Ended {
        generation: u64,
        end: End,
        metrics: Metrics,
        /// The person who aborted it, where one did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        who: Option<Who>,
    },
    /// Settings changed.
    Steered(Steered),
    /// The run goes on, or is held.
    Mode {
        mode: Mode,
        who: Option<Who>,
    },
    /// A running trial is frozen or goes on.
    Frozen {
        generation: u64,
        frozen: bool,
        who: Option<Who>,
    },
    /// Trials left out as parents, or taken back in; both ends included.
    Excluded {
        first: u64,
        last: u64,
        excluded: bool,
        who: Option<Who>,
    },
    SlotAdded {
        slot: SlotSpec,
        who: Option<Who>,
    },
    SlotRemoved {
        slot: String,
        who: Option<Who>,
    },
    /// The slot takes no trials until it has been probed.
    SlotQuarantined {
        slot: String,
        reason: String,
        /// Milliseconds since 1970-01-01 UTC.
        retry_at: i64,
    },
    SlotHealed {
        slot: String,
    },
    /// Something changed that can change what fitness means.
    Era(Era),
    /// Worth a line in the log, and nothing else.
    Note {
        text: String,
    },
}

/// How the run began.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Created {
    /// [`VERSION`].
    pub version: u32,
    /// The session's name.
    pub name: String,
    /// evotop's version.
    pub evotop: String,
    /// `evolve::RULES_VERSION`.
    pub rules: u32,
    pub seed: u64,
    /// What a first trial of a candidate is seeded with; a repeat takes the next one.
    pub trial_seed: u64,
    pub space: Space,
    pub settings: Settings,
    pub spec: RunSpec,
}

/// The machine and the process a session runs in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Host {
    pub name: String,
    /// Changes with every boot.
    pub boot_id: String,
}

/// A session process took over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    pub host: Host,
    pub pid: u32,
    /// The process's start time in clock ticks since boot.
    pub start_time: u64,
    /// evotop's version.
    pub evotop: String,
    /// The words it was started with. What they set otherwise than the start line did becomes a [`Steered`] after this.
    pub argv: Vec<String>,
}

/// A trial came to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Proposed {
    pub generation: u64,
    /// The first trial of the same candidate, where this one repeats it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidate: Option<u64>,
    pub origin: Origin,
    pub seed: u64,
    /// The settings it was proposed under: their revision, and a digest of them all ([`State::settings_digest`]
    /// in `session`), so that `verify` names the generation where one was altered.
    ///
    /// [`State::settings_digest`]: crate::session::State::settings_digest
    pub revision: u32,
    pub settings: u32,
    pub genes: Box<[f64]>,
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    pub parents: Box<[u64]>,
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    pub changes: Box<[Change]>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub round: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub who: Option<Who>,
}

/// Trials of an earlier run, as an era of their own.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Imported {
    /// The file or session directory.
    pub source: String,
    /// Names of the metrics, in the order of the rows' metrics.
    pub metrics: Vec<String>,
    /// Genes in the order of the space's parameters and metrics. `null`: it is not known; a gene that a row lacked is its
    /// start value, but for journals of before that.
    pub rows: Vec<(Row, Row)>,
    /// The trial seed of each row; 0 where there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seeds: Vec<u64>,
    /// Whether each row is no parent, as `exclude` said there; not where there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub excluded: Vec<bool>,
    /// What else is known of some of the rows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub more: Vec<More>,
}

/// What is known of an imported row beside genes and metrics.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct More {
    pub row: usize,
    /// How the trial ended there, where it was not with a result. The row itself has no metrics then, so that a reader which
    /// knows nothing of this takes it for no parent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<End>,
    /// What it had reported until then, in the order of the rows' metrics.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub metrics: Row,
    /// The rows that are its parents; each stands before it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parents: Vec<usize>,
    /// Fitness after each epoch.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub curve: Row,
    /// What its training cost there; no cost of this run.
    #[serde(default, skip_serializing_if = "Cost::is_nothing")]
    pub cost: Cost,
}

/// Numbers of an imported row; none where the file had none.
pub type Row = Vec<Option<f64>>;

/// The trainer's program.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Program {
    /// Name and version.
    pub program: String,
    /// Identifies the build.
    pub build: String,
    /// The command line, its placeholders not filled in.
    pub argv: Vec<String>,
    pub cwd: PathBuf,
    /// The part of the environment that matters, secrets left out.
    pub env: IndexMap<String, String>,
    /// Names of the metrics it will report, where it says so at the start.
    pub metrics: Vec<String>,
}

/// An attempt's process was given a trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttemptStart {
    pub generation: u64,
    /// 1 for the first.
    pub attempt: u32,
    pub slot: String,
    pub pid: u32,
    /// The process's start time in clock ticks since boot.
    pub start_time: u64,
    pub group: u32,
    /// The device's UUID, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uuid: Option<String>,
}

/// What a person did, and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Steered {
    /// The revision of the settings that this makes.
    pub revision: u32,
    pub edits: Vec<Edit>,
    /// The edits that take it back, in the order in which they are to be applied.
    pub inverse: Vec<Edit>,
    pub kind: SteerKind,
    pub who: Who,
    /// The first generation that it can act on.
    pub from: u64,
}

/// Whether settings were changed, or a change was taken back or made again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SteerKind {
    Edit,
    Undo,
    Redo,
}

/// Who did something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Who {
    pub user: String,
    /// The terminal, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tty: Option<String>,
    /// The address an SSH client came from, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ssh: Option<String>,
    pub how: How,
}

impl Who {
    /// The person, with where they came from if that is known.
    pub fn name(&self) -> String {
        match (&self.ssh, &self.tty) {
            (Some(from), _) => format!("{} from {from}", self.user),
            (None, Some(tty)) => format!("{} on {tty}", self.user),
            (None, None) => self.user.clone(),
        }
    }
}

/// By what means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    Key,
    CommandLine,
    Shell,
    File,
    Resume,
    /// evotop itself.
    Rule,
}

/// Whether new trials start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    Running,
    /// Running trials end; nothing new starts.
    Paused(PauseWhy),
}

/// Why a run is paused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PauseWhy {
    Person,
    /// A frozen run whose session ended.
    WasFrozen,
    NothingFree,
    NoSlot,
    NoSpace {
        what: String,
        /// Bytes that have to be free for it to go on, where that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<u64>,
    },
    Failures {
        count: u32,
        last: String,
    },
    /// A metric that fitness needs is missing.
    NoMetric {
        name: String,
        reported: Vec<String>,
    },
    /// A stop rule was met.
    Rule {
        what: String,
    },
}

/// A place where trials can run.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SlotSpec {
    /// Unique: `cuda:0`, or `cuda:0#2` for the second share of it.
    pub name: String,
    /// `cpu`, `cuda:0`, `mps`, a UUID or MIG name.
    pub device: String,
}

/// A stretch of trials whose fitness means the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Era {
    pub era: u32,
    pub reason: String,
}
