//! `apply`: an event folded into the state. Total: whatever a journal holds, no event makes it fail.

use std::collections::HashMap;

use super::{EpochEnd, LogLine, Running, Slot, SlotHealth, State, log, state::LOG_LINES, state::score};
use crate::clean::clean;
use crate::evolve::{NextValues, Settings, epochs};
use crate::journal::{
    AttemptStart, Entry, Event, How, Imported, Mode, More, Opened, PauseWhy, Proposed, Row, Steered,
};
use crate::trial::{Cost, End, Metrics, Origin, Trial};

impl State {
    /// The state after a journal's entries; none if the first does not say how the run began.
    pub fn replay(entries: impl IntoIterator<Item = Entry>) -> Option<Self> {
        let mut entries = entries.into_iter();
        let first = entries.next()?;
        let Event::Created(created) = &first.event else { return None };
        let mut state = Self::new(created, first.time);
        for entry in entries {
            state.apply(&entry);
        }
        Some(state)
    }

    /// Folds one event in.
    pub fn apply(&mut self, entry: &Entry) {
        if let Some(text) = log::line(self, &entry.event) {
            if self.log.len() >= LOG_LINES {
                self.log.pop_front();
            }
            // Names and reasons come from files and trainers.
            self.log.push_back(LogLine { time: entry.time, seq: entry.seq, text: clean(&text) });
        }
        if matches!(entry.event, Event::Opened(_)) {
            self.closed_for += (entry.time - self.time).max(0);
        }
        (self.seq, self.time) = (entry.seq, entry.time);
        self.fold(&entry.event, entry.time);
    }

    fn fold(&mut self, event: &Event, time: i64) {
        match event {
            Event::Created(_) | Event::Note { .. } => {}
            Event::Opened(opened) => self.opened(opened),
            Event::Closed { .. } => self.open = None,
            Event::Proposed(p) => self.proposed(p, time),
            Event::Imported(i) => self.imported(i, time),
            Event::Program(p) => {
                self.learn_metrics(p.metrics.iter());
                self.program = Some(p.clone());
            }
            Event::Started(a) => self.started(a, time),
            Event::Epoch { generation, epoch, epochs, metrics, .. } => {
                self.epoch(*generation, (*epoch, *epochs), metrics, time);
            }
            Event::Requeued { generation, counts, class, who, .. } => {
                if class.is_none() && who.is_none() {
                    self.interrupted(*generation);
                }
                self.requeued(*generation, *counts, class.is_some(), time);
            }
            Event::Ended { generation, end, metrics, .. } => {
                self.trial_ended(*generation, end, metrics, time);
            }
            Event::Steered(s) => self.steered(s, time),
            Event::Mode { mode, .. } => {
                if *mode == Mode::Running {
                    self.failed_in_a_row.clear();
                }
                self.mode = mode.clone();
            }
            Event::Frozen { generation, frozen, .. } => self.frozen(*generation, *frozen, time),
            Event::Excluded { first, last, excluded, .. } => {
                for generation in *first..=(*last).min(self.history.next_generation().saturating_sub(1)) {
                    self.history.update(generation, |t| t.excluded = *excluded);
                }
            }
            Event::SlotAdded { slot, who } => {
                self.slots_by_hand |= who.is_some();
                self.slots.insert(slot.name.clone(), Slot { spec: slot.clone(), health: SlotHealth::Well });
            }
            Event::SlotRemoved { slot, who } => {
                self.slots_by_hand |= who.is_some();
                if self.running.values().any(|r| r.slot == *slot) {
                    self.set_health(slot, SlotHealth::Leaving);
                } else {
                    self.slots.shift_remove(slot);
                }
            }
            Event::SlotQuarantined { slot, reason, retry_at } => {
                let health = SlotHealth::Quarantined { reason: reason.clone(), retry_at: *retry_at };
                self.set_health(slot, health);
            }
            Event::SlotHealed { slot } => self.set_health(slot, SlotHealth::Well),
            Event::Era(era) => self.eras.push(era.clone()),
        }
    }

    /// A new process has the session: what ran before is over, a freeze becomes a pause, and slots are added anew.
    fn opened(&mut self, opened: &Opened) {
        let was_frozen = self.running.values().any(|r| r.frozen_since.is_some());
        let interrupted: Vec<u64> = self.running.keys().rev().copied().collect();
        for generation in interrupted {
            if let Some(running) = self.running.remove(&generation) {
                // Nobody knows how long it lived after its last word.
                let used = running.trained(running.epoch_at);
                self.charge(generation, Cost { used, lost: used, ..Cost::default() });
            }
            self.queue.push_front(generation);
        }
        if was_frozen && self.mode == Mode::Running {
            self.mode = Mode::Paused(PauseWhy::WasFrozen);
        }
        self.slots.clear();
        self.open = Some(opened.clone());
    }

    fn proposed(&mut self, p: &Proposed, time: i64) {
        if p.generation != self.history.next_generation() {
            return;
        }
        if p.origin == Origin::Bred {
            self.next.clear();
        }
        self.history.push(Trial {
            candidate: p.candidate.unwrap_or(p.generation),
            parents: p.parents.clone(),
            changes: p.changes.clone(),
            seed: p.seed,
            revision: p.revision,
            round: p.round,
            era: self.era(),
            proposed_at: time,
            ..Trial::new(p.generation, p.origin, self.fitted(p.genes.to_vec()))
        });
        self.queue.push_back(p.generation);
    }

    /// One gene for each parameter: an altered journal may have more or fewer. NaN where one is missing.
    fn fitted(&self, mut genes: Vec<f64>) -> Box<[f64]> {
        genes.resize(self.space.params.len(), f64::NAN);
        genes.into()
    }

    fn imported(&mut self, import: &Imported, time: i64) {
        self.learn_metrics(import.metrics.iter());
        // Rows with the same hyperparameters are trials of one candidate.
        let mut firsts: HashMap<Vec<u64>, u64> = HashMap::new();
        let more: HashMap<usize, &More> = import.more.iter().map(|more| (more.row, more)).collect();
        let first = self.history.next_generation();
        for (at, (genes, metrics)) in import.rows.iter().enumerate() {
            let generation = self.history.next_generation();
            let more = more.get(&at).copied();
            let end = more.and_then(|more| more.end.clone());
            let metrics = more.filter(|_| end.is_some()).map_or(metrics, |more| &more.metrics);
            let named: Metrics = import
                .metrics
                .iter()
                .zip(metrics)
                .map(|(n, x)| (n.as_str(), x.unwrap_or(f64::NAN)))
                .collect();
            let genes = self.fitted(genes.iter().map(|x| x.unwrap_or(f64::NAN)).collect());
            let candidate = genes.iter().map(|x| x.to_bits()).collect();
            let mut trial = Trial {
                candidate: *firsts.entry(candidate).or_insert(generation),
                seed: import.seeds.get(at).copied().unwrap_or(0),
                excluded: import.excluded.get(at).copied().unwrap_or(false),
                revision: self.revision,
                era: self.era(),
                proposed_at: time,
                ended_at: Some(time),
                end: Some(end.unwrap_or(End::Imported)),
                metrics: self.metric_row(&named),
                curve: more.map(|more| curve(&more.curve)).unwrap_or_default(),
                cost: more.map(|more| more.cost).unwrap_or_default(),
                parents: more.map(|more| parents(more, first)).unwrap_or_default(),
                ..Trial::new(generation, Origin::Import, genes)
            };
            trial.fitness = self.score(&trial).filter(|_| trial.end.as_ref().is_some_and(End::is_scored));
            self.history.push(trial);
            self.ended.push(generation);
        }
    }

    fn started(&mut self, a: &AttemptStart, time: i64) {
        self.queue.retain(|g| *g != a.generation);
        let era = self.era();
        self.history.update(a.generation, |t| {
            // What it is trained by counts, not when it was proposed.
            t.era = era;
            t.attempts = a.attempt;
            t.started_at.get_or_insert(time);
            t.slot = Some(a.slot.clone());
            t.curve.clear();
        });
        let running = Running {
            attempt: a.attempt,
            slot: a.slot.clone(),
            pid: a.pid,
            start_time: a.start_time,
            group: a.group,
            since: time,
            frozen_since: None,
            frozen_for: 0,
            epoch: 0,
            epochs: 0,
            epoch_at: time,
            epochs_done: Vec::new(),
            first: None,
            last: None,
        };
        self.running.insert(a.generation, running);
    }

    fn epoch(&mut self, generation: u64, (epoch, epochs): (u32, u32), metrics: &Metrics, time: i64) {
        self.learn_metrics(metrics.0.keys());
        let fitness = self.settings.fitness.fitness(&self.metrics, &self.metric_row(metrics));
        if let Some(running) = self.running.get_mut(&generation) {
            (running.epoch, running.epochs, running.epoch_at) = (epoch, epochs, time);
            running.epochs_done.push(metrics.clone());
            let end = EpochEnd { epoch, trained: running.trained(time) };
            running.first.get_or_insert(end);
            running.last = Some(end);
            self.history.update(generation, |t| t.curve.push(fitness.map_or(f32::NAN, |x| x as f32)));
        }
    }

    /// The session stops under a trial: one that is held is a pause when it goes on.
    fn interrupted(&mut self, generation: u64) {
        let held = self.running.get(&generation).is_some_and(|r| r.frozen_since.is_some());
        if held && self.mode == Mode::Running {
            self.mode = Mode::Paused(PauseWhy::WasFrozen);
        }
    }

    /// `failed`: something went wrong; else it was put back, or the session stopped in good order.
    fn requeued(&mut self, generation: u64, counts: bool, failed: bool, time: i64) {
        if let Some(running) = self.running.get(&generation) {
            let used = running.trained(time);
            let (lost, given_up) = if failed { (used, 0.0) } else { (0.0, used) };
            self.charge(generation, Cost { used, lost, given_up, saved: 0.0 });
        }
        let slot = self.leave_slot(generation);
        if counts {
            let entry = self.failures.entry(generation).or_default();
            *entry = (entry.0 + 1, slot.clone());
            if let Some(slot) = slot {
                self.count_failure(generation, slot);
            }
        }
        if self.history.get(generation).is_some_and(|t| t.end.is_none()) && !self.queue.contains(&generation)
        {
            self.queue.push_front(generation);
        }
    }

    fn trial_ended(&mut self, generation: u64, end: &End, metrics: &Metrics, time: i64) {
        if let Some(running) = self.running.get(&generation) {
            let used = running.trained(time);
            let lost = if matches!(end, End::Failed { .. }) { used } else { 0.0 };
            let saved = match end {
                End::Pruned { epoch } => running.left_after(*epoch, epochs(&self.history, self.era()), time),
                _ => 0.0,
            };
            self.charge(generation, Cost { used, lost, saved, ..Cost::default() });
        }
        let slot = self.leave_slot(generation);
        self.queue.retain(|g| *g != generation);
        self.failures.remove(&generation);
        match (end, slot) {
            (End::Failed { .. }, Some(slot)) => self.count_failure(generation, slot),
            (End::Finished | End::Pruned { .. }, _) => self.failed_in_a_row.clear(),
            _ => {}
        }
        self.learn_metrics(metrics.0.keys());
        let row = if metrics.0.is_empty() { Box::default() } else { self.metric_row(metrics) };
        let fitness = self.settings.fitness.fitness(&self.metrics, &row);
        self.history.update(generation, |t| {
            t.end = Some(end.clone());
            t.ended_at = Some(time);
            t.metrics = row;
            t.fitness = fitness.filter(|_| end.is_scored());
        });
        self.ended.push(generation);
    }

    fn steered(&mut self, s: &Steered, time: i64) {
        let before = self.settings.clone();
        for edit in &s.edits {
            let _ = edit.apply(&mut self.space, &mut self.settings, &mut self.next);
            if s.who.how == How::Resume {
                let _ = edit.apply(&mut self.space.clone(), &mut self.started_with, &mut NextValues::new());
            }
            self.touched.insert(edit.subject(), (s.revision, s.who.clone()));
        }
        let rescored = self.settings.fitness != before.fitness;
        if self.settings != before {
            self.past_settings.push((self.revision, before));
        }
        self.revision = s.revision;
        self.undo.record(s, time);
        if rescored {
            self.rescore();
        }
    }

    /// Scores all history again under the present weights.
    fn rescore(&mut self) {
        let (names, Settings { fitness, .. }) = (&self.metrics, &self.settings);
        self.history.rescore(|t| {
            if t.end.as_ref().is_some_and(End::is_scored) { score(fitness, names, t) } else { None }
        });
    }

    fn frozen(&mut self, generation: u64, frozen: bool, time: i64) {
        let Some(running) = self.running.get_mut(&generation) else { return };
        match (frozen, running.frozen_since) {
            (true, None) => running.frozen_since = Some(time),
            (false, Some(since)) => {
                running.frozen_for += (time - since).max(0);
                running.frozen_since = None;
            }
            _ => {}
        }
    }

    /// An attempt is over: what it cost is the trial's, and the run's.
    fn charge(&mut self, generation: u64, cost: Cost) {
        self.cost += cost;
        self.history.update(generation, |t| t.cost += cost);
    }

    /// The trial runs no more; returns its slot, and lets a slot go that was waiting for that.
    fn leave_slot(&mut self, generation: u64) -> Option<String> {
        let slot = self.running.remove(&generation)?.slot;
        if self.slots.get(&slot).is_some_and(|s| s.health == SlotHealth::Leaving) {
            self.slots.shift_remove(&slot);
        }
        Some(slot)
    }

    fn count_failure(&mut self, generation: u64, slot: String) {
        self.failed_in_a_row.retain(|(g, _)| *g != generation);
        self.failed_in_a_row.push((generation, slot));
    }

    fn set_health(&mut self, slot: &str, health: SlotHealth) {
        if let Some(slot) = self.slots.get_mut(slot) {
            slot.health = health;
        }
    }

    /// A metric seen for the first time gets its column.
    fn learn_metrics<'a>(&mut self, names: impl Iterator<Item = &'a String>) {
        for name in names {
            if !self.metrics.contains(name) {
                self.metrics.push(name.clone());
            }
        }
    }
}

/// The generations of an imported row's parents, `first` being that of the first row.
fn parents(more: &More, first: u64) -> Box<[u64]> {
    more.parents.iter().filter(|row| **row < more.row).map(|row| first + *row as u64).collect()
}

/// A curve as it is kept of a trial.
fn curve(row: &Row) -> Vec<f32> {
    row.iter().map(|x| x.map_or(f32::NAN, |x| x as f32)).collect()
}
