//! What is remembered of one trial.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::FailureClass;
use crate::clock;

/// Where a trial's candidate came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// The hyp file itself.
    Start,
    Bred,
    /// Enqueued or edited by a person.
    Hand,
    /// A further trial of a candidate, with another trial seed.
    Repeat,
    /// From a file.
    Import,
}

/// How a trial ended for good (the table in SEMANTICS 2).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum End {
    Finished,
    Diverged { epoch: u32, what: String },
    Failed { class: FailureClass, detail: String },
    Aborted,
    Pruned { epoch: u32 },
    Imported,
}

impl End {
    /// Whether the trial may be a parent: it finished, here or where it was imported from.
    pub fn is_parent(&self) -> bool {
        matches!(self, Self::Finished | Self::Imported)
    }

    /// Whether what was reported makes a fitness, or a part of one.
    pub fn is_scored(&self) -> bool {
        matches!(self, Self::Finished | Self::Imported | Self::Pruned { .. })
    }

    /// The word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::Diverged { .. } => "diverged",
            Self::Failed { .. } => "failed",
            Self::Aborted => "aborted",
            Self::Pruned { .. } => "pruned",
            Self::Imported => "imported",
        }
    }
}

/// What made a gene of a bred candidate what it is. One letter each in the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Change {
    /// The parent's own value.
    #[serde(rename = "-")]
    Kept,
    /// Mutated.
    #[serde(rename = "m")]
    Mutated,
    /// Mutated, and stopped by a bound.
    #[serde(rename = "b")]
    Bounded,
    /// From the second parent (crossover).
    #[serde(rename = "x")]
    Crossed,
    /// Held by a pin or a gain of 0.
    #[serde(rename = "p")]
    Held,
    /// Set by a person for this proposal only.
    #[serde(rename = "s")]
    Set,
    /// Drawn anew (a member of an initial population).
    #[serde(rename = "n")]
    New,
}

/// What training cost, in seconds of a slot; frozen time left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// All attempts.
    pub used: f64,
    /// Of these, attempts that failed: the program's, or the session's under them.
    pub lost: f64,
    /// And attempts that were given up in good order, to begin again: put back by a person, or by a stop.
    #[serde(default)]
    pub given_up: f64,
    /// What pruning saved: the epochs that were left, at the pace of those before.
    pub saved: f64,
}

impl Cost {
    /// What the attempts cost that did not end as the trial did.
    pub fn for_nothing(&self) -> f64 {
        self.lost + self.given_up
    }

    /// Whether nothing is known to have been trained.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// `12.3 h used, 2.1 h saved by pruning, 4m 10s lost to failures, 30s given up`; what is nothing is left out.
impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} used", hours(self.used))?;
        let parts = [
            (self.saved, "saved by pruning"),
            (self.lost, "lost to failures"),
            (self.given_up, "given up to begin again"),
        ];
        for (seconds, what) in parts {
            // Not even a tenth of a second is nothing.
            if seconds >= 0.05 {
                write!(f, ", {} {what}", hours(seconds))?;
            }
        }
        Ok(())
    }
}

/// Hours of slots; never days, which would be taken for the time of day.
fn hours(seconds: f64) -> String {
    if seconds < 3600.0 { clock::duration(seconds) } else { format!("{:.1} h", seconds / 3600.0) }
}

impl std::ops::AddAssign for Cost {
    fn add_assign(&mut self, more: Self) {
        self.used += more.used;
        self.lost += more.lost;
        self.given_up += more.given_up;
        self.saved += more.saved;
    }
}

/// One training of a candidate with one trial seed. Its number is its generation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    pub generation: u64,
    /// The generation in which this candidate was first tried; its own unless it is a repeat.
    pub candidate: u64,
    pub origin: Origin,
    /// The genes, in the order of the space's parameters. NaN: an imported row lacked it.
    pub genes: Box<[f64]>,
    /// Generations of the parents; the mean's first where parents are averaged.
    pub parents: Box<[u64]>,
    /// What made each gene what it is; empty for anything but `bred`.
    pub changes: Box<[Change]>,
    /// The trial seed: what the trainer seeds its generators with.
    pub seed: u64,
    /// Revision of the settings in force when it was proposed.
    pub revision: u32,
    /// The round of a generational strategy.
    pub round: Option<u32>,
    pub era: u32,
    /// Milliseconds since 1970-01-01 UTC.
    pub proposed_at: i64,
    pub started_at: Option<i64>,
    pub ended_at: Option<i64>,
    /// How many attempts were started.
    pub attempts: u32,
    /// The slot of the last attempt.
    pub slot: Option<String>,
    /// How it ended; none while it waits or runs.
    pub end: Option<End>,
    /// In the order of the session's metric names; NaN where it reported none. Of the last epoch if pruned.
    pub metrics: Box<[f64]>,
    /// The weighted sum of the metrics under the present fitness weights.
    pub fitness: Option<f64>,
    /// Partial fitness after each epoch.
    pub curve: Vec<f32>,
    /// Left out by a person: not a parent, not the best.
    pub excluded: bool,
    pub cost: Cost,
}

impl Trial {
    /// A candidate that was just proposed; the rest of it is to be filled in.
    pub fn new(generation: u64, origin: Origin, genes: Box<[f64]>) -> Self {
        Self {
            generation,
            candidate: generation,
            origin,
            genes,
            parents: Box::default(),
            changes: Box::default(),
            seed: 0,
            revision: 0,
            round: None,
            era: 0,
            proposed_at: 0,
            started_at: None,
            ended_at: None,
            attempts: 0,
            slot: None,
            end: None,
            metrics: Box::default(),
            fitness: None,
            curve: Vec::new(),
            excluded: false,
            cost: Cost::default(),
        }
    }

    /// Whether it has ended and counts to `--generations`: trained here, that is.
    pub fn counts(&self) -> bool {
        self.end.as_ref().is_some_and(|end| *end != End::Imported) && self.origin != Origin::Import
    }

    /// Whether it may be a parent now.
    pub fn is_parent(&self) -> bool {
        !self.excluded
            && self.fitness.is_some_and(f64::is_finite)
            && self.end.as_ref().is_some_and(End::is_parent)
    }

    /// Seconds that it trained on slots, all attempts together; none before it has ended, or where it never began.
    pub fn seconds(&self) -> Option<f64> {
        self.ended_at.and(self.started_at).map(|_| self.cost.used)
    }
}
