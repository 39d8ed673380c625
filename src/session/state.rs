//! The state of a session: what a fold over its events remembers.

use std::collections::{BTreeMap, HashMap, VecDeque};

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::{LogLine, Undo};
use crate::evolve::{History, NextValues, Settings, Weights};
use crate::journal::{Created, Era, Host, Mode, Opened, Program, SlotSpec, Who};
use crate::space::Space;
use crate::trial::{Cost, End, Metrics, RunSpec, Trial};

/// How many log lines are kept in memory; the journal has them all.
pub(super) const LOG_LINES: usize = 2000;

/// Everything there is to know about a session.
///
/// Built by [`State::new`] from the journal's first event and [`State::apply`] for each that follows. Its JSON leaves
/// the history out: a snapshot sends that in columns.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct State {
    pub name: String,
    /// evotop's version that created it.
    pub evotop: String,
    pub seed: u64,
    pub trial_seed: u64,
    pub spec: RunSpec,
    /// When it was created, milliseconds since 1970-01-01 UTC.
    pub created_at: i64,
    /// The `seq` of the last event folded in.
    pub seq: u64,
    /// The time of the last event folded in.
    pub time: i64,
    /// Milliseconds from the last word of each process that had the session open to the next one's first.
    #[serde(default)]
    pub closed_for: i64,

    pub space: Space,
    pub settings: Settings,
    /// The settings as the start line had them, and later start lines changed them: what a resume is compared with.
    pub started_with: Settings,
    /// Values that a person set for the next proposal only.
    pub next: NextValues,
    /// Raised by every change of settings.
    pub revision: u32,
    /// Settings that are in force no more, each with the last revision that had them.
    #[serde(default)]
    pub past_settings: Vec<(u32, Settings)>,
    pub undo: Undo,
    /// Which revision changed a subject last, and who.
    pub touched: HashMap<String, (u32, Who)>,

    /// Names of the metrics in the order in which they were first reported.
    pub metrics: Vec<String>,
    #[serde(skip)]
    pub history: History,
    /// Generations in the order in which their trials ended.
    pub ended: Vec<u64>,
    /// Attempts under way, by generation.
    pub running: BTreeMap<u64, Running>,
    /// Trials that wait for a slot, first come first served; a trial put back waits at the front.
    pub queue: VecDeque<u64>,
    /// Own failures of trials that have not ended, and the slot of the last one.
    pub failures: HashMap<u64, (u32, Option<String>)>,
    /// Different candidates that failed one after the other, and on which slots.
    pub failed_in_a_row: Vec<(u64, String)>,
    /// What all attempts that are over cost.
    pub cost: Cost,

    pub mode: Mode,
    pub slots: IndexMap<String, Slot>,
    /// A person added or took away some: they are not those that `--devices` named.
    #[serde(default)]
    pub slots_by_hand: bool,
    pub program: Option<Program>,
    pub eras: Vec<Era>,
    /// The process that has the session open; none after it closed in good order.
    pub open: Option<Opened>,
    pub log: VecDeque<LogLine>,
}

/// An attempt under way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Running {
    pub attempt: u32,
    pub slot: String,
    pub pid: u32,
    pub start_time: u64,
    pub group: u32,
    /// Milliseconds since 1970-01-01 UTC.
    pub since: i64,
    pub frozen_since: Option<i64>,
    /// Milliseconds it was frozen before; they count for no time limit.
    pub frozen_for: i64,
    pub epoch: u32,
    pub epochs: u32,
    /// When the last epoch ended.
    pub epoch_at: i64,
    /// After each epoch.
    pub epochs_done: Vec<Metrics>,
    /// Its first epoch that ended, and its last one.
    #[serde(default)]
    pub first: Option<EpochEnd>,
    #[serde(default)]
    pub last: Option<EpochEnd>,
}

/// When an epoch ended.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct EpochEnd {
    pub epoch: u32,
    /// Seconds that the attempt had trained by then, frozen time left out.
    pub trained: f64,
}

/// A slot, and whether it takes trials.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Slot {
    pub spec: SlotSpec,
    pub health: SlotHealth,
}

/// Whether a slot takes trials.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SlotHealth {
    Well,
    Quarantined {
        reason: String,
        retry_at: i64,
    },
    /// Taken away; its running trial ends first.
    Leaving,
}

impl State {
    /// The state after the journal's first event.
    pub fn new(created: &Created, time: i64) -> Self {
        Self {
            name: created.name.clone(),
            evotop: created.evotop.clone(),
            seed: created.seed,
            trial_seed: created.trial_seed,
            spec: created.spec.clone(),
            created_at: time,
            seq: 0,
            time,
            closed_for: 0,
            space: created.space.clone(),
            settings: created.settings.clone(),
            started_with: created.settings.clone(),
            next: NextValues::new(),
            revision: 0,
            past_settings: Vec::new(),
            undo: Undo::default(),
            touched: HashMap::new(),
            metrics: Vec::new(),
            history: History::default(),
            ended: Vec::new(),
            running: BTreeMap::new(),
            queue: VecDeque::new(),
            failures: HashMap::new(),
            failed_in_a_row: Vec::new(),
            cost: Cost::default(),
            mode: Mode::Running,
            slots: IndexMap::new(),
            slots_by_hand: false,
            program: None,
            eras: vec![Era { era: 0, reason: "start".into() }],
            open: None,
            log: VecDeque::from([LogLine {
                time,
                seq: 0,
                text: format!("created by evotop {}", created.evotop),
            }]),
        }
    }

    /// The settings that were in force at this revision.
    pub fn settings_at(&self, revision: u32) -> &Settings {
        let at = self.past_settings.partition_point(|(last, _)| *last < revision);
        self.past_settings.get(at).map_or(&self.settings, |(_, settings)| settings)
    }

    /// The present era's number.
    pub fn era(&self) -> u32 {
        self.eras.last().map_or(0, |era| era.era)
    }

    /// The host the session is open on.
    pub fn host(&self) -> Option<&Host> {
        self.open.as_ref().map(|opened| &opened.host)
    }

    /// Trials still to be proposed before the run is complete.
    pub fn left_to_propose(&self) -> u64 {
        if self.stopped().is_some() {
            return 0;
        }
        self.settings.generations.saturating_sub(self.history.counted() + self.history.open().len() as u64)
    }

    /// What `--generations` asks for, as generations are numbered: imported trials have numbers and do not count.
    pub fn generations(&self) -> u64 {
        let counting = self.history.counted() + self.history.open().len() as u64;
        self.settings.generations + self.history.next_generation().saturating_sub(counting)
    }

    /// How many trials are held.
    pub fn frozen_count(&self) -> usize {
        self.running.values().filter(|r| r.frozen_since.is_some()).count()
    }

    /// Whether every running trial is held and no slot could take another one, so that nothing goes on until one is
    /// let go.
    pub fn stands_held(&self) -> bool {
        let held = !self.running.is_empty() && self.running.values().all(|r| r.frozen_since.is_some());
        let takes = |name: &String, slot: &Slot| {
            slot.health == SlotHealth::Well && !self.running.values().any(|r| r.slot == *name)
        };
        let to_start = !self.queue.is_empty() || self.left_to_propose() > 0;
        held && !(to_start && self.slots.iter().any(|(name, slot)| takes(name, slot)))
    }

    /// Whether the run is over: every trial of it has ended, or a stop rule is met and nothing runs any more.
    pub fn is_complete(&self) -> bool {
        let all = self.history.counted() >= self.settings.generations && self.history.open().len() == 0;
        all || (self.running.is_empty() && self.stopped().is_some())
    }

    /// The first generation a change made now can act on.
    pub fn next_proposal(&self) -> u64 {
        self.history.next_generation()
    }

    /// A trial's fitness under the present weights, from its metrics.
    pub fn score(&self, trial: &Trial) -> Option<f64> {
        score(&self.settings.fitness, &self.metrics, trial)
    }

    /// `metrics` as a row in the order of the session's metric names; NaN where one is missing.
    pub fn metric_row(&self, metrics: &Metrics) -> Box<[f64]> {
        self.metrics.iter().map(|name| metrics.get(name).unwrap_or(f64::NAN)).collect()
    }
}

/// The weighted sum of a trial's metrics. An imported one that has none of them is taken by its single score, under the
/// name `fitness`: tables of other tuners keep nothing else, or have metrics of other names.
pub(super) fn score(weights: &Weights, names: &[String], trial: &Trial) -> Option<f64> {
    let value = |name: &str| {
        let at = names.iter().position(|known| known == name)?;
        trial.metrics.get(at).copied().filter(|x| x.is_finite())
    };
    let alone = || {
        let none = weights.0.iter().all(|(name, weight)| *weight == 0.0 || value(name).is_none());
        value("fitness").filter(|_| none && trial.end == Some(End::Imported))
    };
    weights.fitness(names, &trial.metrics).or_else(alone)
}
