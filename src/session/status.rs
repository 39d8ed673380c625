//! How a session stands, in one flat record: what `evotop status --json` prints. Its schema is in `docs/status.md`.
//!
//! Fields are only ever added.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::{SlotHealth, State, mode_text};
use crate::evolve::{Importance, Settings, Share, hints, importance};
use crate::journal::Mode;
use crate::space::Scalar;
use crate::trial::{Cost, Metrics};

/// How many of the last trials have their cost told.
const LAST: usize = 20;

/// How a session stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Status {
    pub name: String,
    /// evotop's version that created it.
    pub evotop: String,
    /// `running`, `pausing` (paused, and trials still run), `paused`, `frozen`, `stopping`, `complete` or `closed`.
    pub state: String,
    /// Why it is paused or stopping, or which stop rule was met, in words.
    pub why: Option<String>,
    pub seed: u64,
    /// Trials the run is to have, and those that ended.
    pub generations: u64,
    pub done: u64,
    /// The number the next proposal gets: what a change made now acts on.
    pub next_generation: u64,
    /// Trials by how they ended.
    pub ends: IndexMap<String, u64>,
    pub best: Option<Best>,
    /// The number of the last change of settings.
    pub revision: u32,
    pub settings: Settings,
    pub params: Vec<ParamStatus>,
    /// Part of the variance of fitness that the parameters' importance explains; none while trials are too few.
    #[serde(default)]
    pub explained: Option<f64>,
    /// What to know about the search, in words.
    #[serde(default)]
    pub hints: Vec<String>,
    pub slots: Vec<SlotStatus>,
    /// Generations that wait for a slot, the next one first.
    pub queue: Vec<u64>,
    /// Seconds until the run is complete, from what trials took.
    pub seconds_left: Option<f64>,
    /// Seconds that trials ran on their slots, all together.
    pub slot_seconds: f64,
    /// What that came to, attempts under way with it.
    #[serde(default)]
    pub cost: Cost,
    /// What the trials that ended last cost.
    #[serde(default)]
    pub last: Vec<TrialCost>,
    pub era: u32,
    /// The last event's number and time (milliseconds since 1970-01-01 UTC).
    pub seq: u64,
    pub time: i64,
}

/// What a trial cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrialCost {
    pub generation: u64,
    /// How it ended, in a word.
    pub end: String,
    #[serde(flatten)]
    pub cost: Cost,
}

/// The best candidate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Best {
    pub generation: u64,
    /// The mean of its trials, where there are several.
    pub fitness: f64,
    /// How many trials of it finished.
    #[serde(default)]
    pub trials: u32,
    /// Of the fitness; none while no candidate was repeated.
    #[serde(default)]
    pub standard_error: Option<f64>,
    pub metrics: Metrics,
    pub hyp: IndexMap<String, Scalar>,
}

/// One parameter of the search space.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ParamStatus {
    pub name: String,
    pub low: f64,
    pub high: f64,
    pub gain: f64,
    pub pin: Option<f64>,
    /// Its share of all parameters' importance; none while trials are too few.
    #[serde(default)]
    pub importance: Option<f64>,
    /// Whether that stands out from chance.
    #[serde(default)]
    pub clear: bool,
}

/// One slot, and what it does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SlotStatus {
    pub name: String,
    pub device: String,
    /// `well`, `quarantined` or `leaving`.
    pub health: String,
    pub generation: Option<u64>,
    pub attempt: Option<u32>,
    pub epoch: Option<u32>,
    pub epochs: Option<u32>,
    /// Milliseconds since 1970-01-01 UTC.
    pub since: Option<i64>,
    pub frozen_since: Option<i64>,
    /// Since when its trainer says nothing for unusually long. Only the session itself knows.
    #[serde(default)]
    pub silent_since: Option<i64>,
}

impl State {
    /// How the session stands.
    pub fn status(&self) -> Status {
        let (explained, shares) = match importance(&self.space, &self.history) {
            Importance::Known { explained, params } => (Some(explained), params),
            Importance::TooFew { .. } => (None, Vec::new()),
        };
        let params = self.space.params.iter().enumerate().map(|(i, p)| ParamStatus::of(p, shares.get(i)));
        Status {
            name: self.name.clone(),
            evotop: self.evotop.clone(),
            state: self.word().into(),
            why: self.why(),
            seed: self.seed,
            generations: self.settings.generations,
            done: self.history.counted(),
            next_generation: self.next_proposal(),
            ends: self.ends(),
            best: self.best_status(),
            revision: self.revision,
            settings: self.settings.clone(),
            params: params.collect(),
            explained,
            hints: hints(&self.space, &self.settings, &self.history)
                .iter()
                .map(ToString::to_string)
                .collect(),
            slots: self.slots.keys().map(|name| self.slot_status(name)).collect(),
            queue: self.queue.iter().copied().collect(),
            seconds_left: self.run_left(|g| self.trial_left(g, self.time)),
            slot_seconds: self.used(self.time),
            cost: self.cost_so_far(),
            last: self.last_costs(),
            era: self.era(),
            seq: self.seq,
            time: self.time,
        }
    }

    /// The run so far in a line: how trials ended, the best candidate, and what it cost.
    pub fn summary(&self) -> String {
        let ends: Vec<String> = self.ends().iter().map(|(word, n)| format!("{n} {word}")).collect();
        let ends = if ends.is_empty() { "no trial has ended".to_owned() } else { ends.join(", ") };
        let best = self.history.best().map_or_else(String::new, |(trial, fitness)| {
            format!("; best {fitness:.5}{} at gen {}", self.give_or_take(trial.candidate), trial.generation)
        });
        format!("{ends}{best}; {}", self.cost_so_far())
    }

    /// Mean and standard error of a candidate that was trained more than once.
    pub fn repeated(&self, candidate: u64) -> Option<(f64, f64)> {
        let standing = self.history.standing(candidate).filter(|standing| standing.trials > 1)?;
        Some((standing.mean, standing.standard_error?))
    }

    /// ` ± 0.0021 (3 trials)` of a candidate that was trained more than once.
    pub fn give_or_take(&self, candidate: u64) -> String {
        let trials = self.history.standing(candidate).map(|standing| standing.trials);
        let error = self.repeated(candidate).and_then(|(_, error)| Some((error, trials?)));
        error.map_or_else(String::new, |(error, trials)| format!(" ± {error:.4} ({trials} trials)"))
    }

    /// Trials by how they ended.
    fn ends(&self) -> IndexMap<String, u64> {
        let mut ends = IndexMap::new();
        for end in self.history.trials().iter().filter_map(|t| t.end.as_ref()) {
            *ends.entry(end.word().to_owned()).or_default() += 1;
        }
        ends
    }

    fn why(&self) -> Option<String> {
        if let Some(stopped) = self.stopped() {
            return Some(stopped.why);
        }
        let text = mode_text(&self.mode);
        (self.mode != Mode::Running).then(|| text.strip_prefix("paused: ").unwrap_or(&text).to_owned())
    }

    fn last_costs(&self) -> Vec<TrialCost> {
        let trials = self.ended.iter().rev().filter_map(|g| self.history.get(*g));
        let cost = |t: &std::sync::Arc<crate::trial::Trial>| {
            let end = t.end.as_ref().filter(|_| t.counts())?.word().to_owned();
            Some(TrialCost { generation: t.generation, end, cost: t.cost })
        };
        trials.filter_map(cost).take(LAST).collect()
    }

    fn best_status(&self) -> Option<Best> {
        let (trial, fitness) = self.history.best()?;
        let standing = self.history.standing(trial.candidate)?;
        Some(Best {
            generation: trial.generation,
            fitness,
            trials: standing.trials,
            standard_error: standing.standard_error,
            metrics: self.metrics.iter().map(String::as_str).zip(trial.metrics.iter().copied()).collect(),
            hyp: self.space.hyp(&trial.genes),
        })
    }

    /// The state in one word.
    pub fn word(&self) -> &'static str {
        if self.is_complete() {
            "complete"
        } else if self.open.is_none() {
            "closed"
        } else if !self.running.is_empty() && self.running.values().all(|r| r.frozen_since.is_some()) {
            "frozen"
        } else if self.mode == Mode::Running {
            "running"
        } else if self.running.is_empty() {
            "paused"
        } else {
            "pausing"
        }
    }

    fn slot_status(&self, name: &str) -> SlotStatus {
        let running = self.running.iter().find(|(_, r)| r.slot == name);
        let slot = self.slots.get(name);
        SlotStatus {
            name: name.into(),
            device: slot.map(|s| s.spec.device.clone()).unwrap_or_default(),
            health: match slot.map(|s| &s.health) {
                Some(SlotHealth::Quarantined { .. }) => "quarantined",
                Some(SlotHealth::Leaving) => "leaving",
                Some(SlotHealth::Well) | None => "well",
            }
            .into(),
            generation: running.map(|(g, _)| *g),
            attempt: running.map(|(_, r)| r.attempt),
            epoch: running.map(|(_, r)| r.epoch),
            epochs: running.map(|(_, r)| r.epochs),
            since: running.map(|(_, r)| r.since),
            frozen_since: running.and_then(|(_, r)| r.frozen_since),
            silent_since: None,
        }
    }
}

impl ParamStatus {
    fn of(p: &crate::space::Param, share: Option<&Share>) -> Self {
        Self {
            name: p.name.clone(),
            low: p.low,
            high: p.high,
            gain: p.gain,
            pin: p.pin,
            importance: share.map(|s| s.share),
            clear: share.is_some_and(|s| s.clear),
        }
    }
}
