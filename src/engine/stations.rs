//! Stations: the slots of the runner, and which trial each was given.
//!
//! The state says what should run; [`Engine::settle`] brings the stations there: slots are opened and closed, trials
//! frozen, thawed and cancelled. An attempt that the state no longer knows is cancelled, whatever the reason.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::start::Engine;
use crate::clock;
use crate::evolve::{Edit, Weights, prune};
use crate::journal::{AttemptStart, Era, Event, How, Mode, PauseWhy, Program, Who};
use crate::process;
use crate::runner::health::{Health, Quarantine};
use crate::runner::{Slot, SlotConfig, SlotNews, SlotNewsKind, devices};
use crate::session::{Command, SlotHealth};
use crate::trial::{End, FailureClass, Job, Metrics, Outcome, Trial};
use crate::wire::FromSession;

/// One slot.
struct Station {
    slot: Slot,
    busy: Option<Busy>,
}

/// The attempt a slot was given.
struct Busy {
    generation: u64,
    attempt: u32,
    /// Its process has it, and the journal says so.
    started: bool,
    frozen: bool,
    cancelled: bool,
}

/// For tests: milliseconds of a minute, of quarantine and of silence.
const MINUTE_FOR_TESTS: &str = "EVOTOP_MINUTE_MS";

/// Milliseconds: nothing shorter is called silence, or the row of a trainer that prints every second would flicker.
const LEAST_SILENCE: i64 = 10_000;

/// Milliseconds of a minute, where tests say so.
fn minute() -> Option<i64> {
    std::env::var(MINUTE_FOR_TESTS).ok()?.parse().ok()
}

/// All slots.
pub(super) struct Stations {
    all: HashMap<String, Station>,
    news: mpsc::UnboundedSender<SlotNews>,
    health: Health,
}

impl Stations {
    pub fn new(news: mpsc::UnboundedSender<SlotNews>) -> Self {
        Self {
            all: HashMap::new(),
            news,
            health: minute().map_or_else(Health::default, Health::with_minutes_of),
        }
    }

    pub fn any_busy(&self) -> bool {
        self.all.values().any(|s| s.busy.is_some())
    }

    /// Whether the slot has a trial. One that has not been opened is free: it is opened when it gets one.
    pub fn is_busy(&self, name: &str) -> bool {
        self.all.get(name).is_some_and(|s| s.busy.is_some())
    }

    /// Trials that were given to a slot and have not started yet.
    pub fn taken(&self) -> BTreeSet<u64> {
        self.all.values().filter_map(|s| s.busy.as_ref()).map(|b| b.generation).collect()
    }

    fn busy(&mut self, slot: &str, generation: u64, attempt: u32) -> Option<&mut Busy> {
        let busy = self.all.get_mut(slot)?.busy.as_mut()?;
        (busy.generation == generation && busy.attempt == attempt).then_some(busy)
    }

    /// Ends every trainer, and is ready when they are gone.
    pub async fn close_all(&mut self) {
        let closing: tokio::task::JoinSet<()> =
            self.all.drain().map(|(_, station)| station.slot.close()).collect();
        closing.join_all().await;
    }

    /// Whether the slot is to blame for this end of an attempt.
    fn blame(&mut self, slot: &str, candidate: u64, outcome: &Outcome) -> Option<Quarantine> {
        let busy = self.all.iter().filter(|(_, station)| station.busy.is_some());
        let busy: Vec<&str> = busy.map(|(name, _)| name.as_str()).collect();
        self.health.ended(slot, candidate, outcome, &busy, clock::now())
    }
}

impl Engine {
    /// Gives a trial to a free slot. Where its directory cannot be made, what follows: a full disk holds the run, anything
    /// else is the slot's trouble, and is tried again with it.
    pub fn begin(&mut self, slot: &str, generation: u64) -> Result<(), Vec<Event>> {
        let Some(trial) = self.state.history.get(generation).cloned() else { return Ok(()) };
        let attempt = trial.attempts + 1;
        let hyp = self.state.space.hyp(&trial.genes);
        let (dir, previous) = self.files.begin(generation, attempt, &hyp).map_err(|error| {
            let what = error.to_string();
            if !error.is_no_space() {
                return self.slot_is_lost(slot.to_owned(), what);
            }
            let why = PauseWhy::NoSpace { what, until: None };
            vec![Event::Mode { mode: Mode::Paused(why), who: None }]
        })?;
        let job = Job {
            trial: generation,
            attempt,
            seed: trial.seed,
            hyp,
            dir,
            previous,
            device: self.device(slot),
            threads: self.threads(),
        };
        self.open_station(slot);
        if let Some(station) = self.stations.all.get_mut(slot) {
            station.slot.run(job);
            station.busy =
                Some(Busy { generation, attempt, started: false, frozen: false, cancelled: false });
        }
        Ok(())
    }

    /// Brings the slots to what the state says.
    pub fn settle(&mut self) {
        let (state, stations) = (&self.state, &mut self.stations);
        for station in stations.all.values_mut() {
            let Some(busy) = &mut station.busy else { continue };
            match state.running.get(&busy.generation).filter(|r| r.attempt == busy.attempt) {
                Some(running) if running.frozen_since.is_some() != busy.frozen => {
                    busy.frozen = !busy.frozen;
                    if busy.frozen {
                        station.slot.pause(busy.generation);
                    } else {
                        station.slot.resume(busy.generation);
                    }
                }
                None if busy.started && !busy.cancelled => {
                    busy.cancelled = true;
                    station.slot.cancel(busy.generation);
                }
                _ => {}
            }
        }
        stations.all.retain(|name, station| station.busy.is_some() || state.slots.contains_key(name));
    }

    /// What a slot reports, as events.
    pub fn slot_reports(&mut self, news: SlotNews) -> Vec<Event> {
        let SlotNews { slot, kind } = news;
        match kind {
            SlotNewsKind::Program { program, fitness } => self.program(program, fitness),
            SlotNewsKind::Started { trial, attempt, process, group } => {
                let Some(busy) = self.stations.busy(&slot, trial, attempt) else { return Vec::new() };
                busy.started = true;
                let device = self.state.slots.get(&slot).map(|s| s.spec.device.clone());
                vec![Event::Started(AttemptStart {
                    generation: trial,
                    attempt,
                    slot,
                    pid: process.pid,
                    start_time: process.start_time,
                    group,
                    uuid: device.and_then(|device| {
                        if devices::is_uuid(&device) { Some(device) } else { self.board.uuid(&device) }
                    }),
                })]
            }
            SlotNewsKind::Progress { trial, progress } => {
                self.broadcast(&FromSession::Progress { generation: trial, progress });
                Vec::new()
            }
            SlotNewsKind::Epoch { trial, attempt, epoch, epochs, seconds, metrics } => {
                if self.state.running.get(&trial).is_none_or(|r| r.attempt != attempt) {
                    return Vec::new();
                }
                let event =
                    Event::Epoch { generation: trial, epoch, epochs, seconds, metrics: metrics.clone() };
                self.note(event);
                self.pruned(trial, epoch, metrics).into_iter().collect()
            }
            SlotNewsKind::Silent { trial, since } => {
                self.silence(trial, since);
                Vec::new()
            }
            SlotNewsKind::Ended { trial, attempt, outcome } => {
                self.silence(trial, None);
                self.attempt_over(&slot, trial, attempt, &outcome)
            }
            SlotNewsKind::Lost { reason } => self.slot_is_lost(slot, reason),
            SlotNewsKind::Log { trial, text } => {
                let of = trial.map(|trial| format!("gen {trial} on ")).unwrap_or_default();
                self.note(Event::Note { text: format!("{of}{slot}: {text}") });
                Vec::new()
            }
        }
    }

    /// The end of a trial that is hopeless after this epoch by the rule in force.
    fn pruned(&self, generation: u64, epoch: u32, metrics: Metrics) -> Option<Event> {
        // An epoch that could not be journaled left a gap: such a curve cannot be compared.
        let whole = self.state.history.get(generation).is_some_and(|t| t.curve.len() == epoch as usize);
        let hopeless = whole && prune(self.state.settings.pruning(), &self.state.history, generation, epoch);
        hopeless.then_some(Event::Ended { generation, end: End::Pruned { epoch }, metrics, who: None })
    }

    fn attempt_over(&mut self, slot: &str, generation: u64, attempt: u32, outcome: &Outcome) -> Vec<Event> {
        let Some(busy) = self.stations.busy(slot, generation, attempt) else { return Vec::new() };
        let outcome = &if busy.started { outcome.clone() } else { outcome.clone().before_start() };
        if let Some(station) = self.stations.all.get_mut(slot) {
            station.busy = None;
        }
        self.space.ended(outcome, Instant::now());
        let candidate = self.state.history.get(generation).map_or(generation, |trial| trial.candidate);
        let quarantine = self.stations.blame(slot, candidate, outcome);
        let Some(quarantine) = quarantine else {
            return self.state.attempt_ended(generation, attempt, outcome);
        };
        // The slot is to blame, not the candidate.
        let lost = Outcome::Failed { class: FailureClass::SlotLost, detail: quarantine.reason.clone() };
        let mut events = self.state.attempt_ended(generation, attempt, &lost);
        if self.state.slots.get(slot).is_some_and(|s| s.health == SlotHealth::Well) {
            let (reason, retry_at) = (quarantine.reason, quarantine.retry_at);
            events.push(Event::SlotQuarantined { slot: slot.into(), reason, retry_at });
        }
        events
    }

    /// No trial can run there: it takes none until it is probed, like any other slot that does not work.
    fn slot_is_lost(&mut self, slot: String, reason: String) -> Vec<Event> {
        let retry_at = self.stations.health.lost(&slot, clock::now());
        let is_well = self.state.slots.get(&slot).is_some_and(|s| s.health == SlotHealth::Well);
        is_well.then_some(Event::SlotQuarantined { slot, reason, retry_at }).into_iter().collect()
    }

    /// The trainer's program; another build than before may mean another fitness. Before there is a result, the
    /// trainer's own fitness weights replace ones that it has no metrics for.
    fn program(&mut self, mut program: Program, fitness: IndexMap<String, f64>) -> Vec<Event> {
        // A command that begins has not said yet what it reports: that is known from its trials before.
        if let Some(known) = self.state.program.as_ref().filter(|known| known.build == program.build)
            && program.metrics.is_empty()
        {
            program.metrics.clone_from(&known.metrics);
        }
        let weights = &self.state.settings.fitness;
        let unknown =
            !program.metrics.is_empty() && weights.0.keys().any(|name| !program.metrics.contains(name));
        let mut events = match &self.state.program {
            Some(known) if *known == program => Vec::new(),
            Some(known) if known.build != program.build => {
                let reason = format!("the trainer is {} (build {}) now", program.program, program.build);
                let era = Era { era: self.state.era() + 1, reason };
                vec![Event::Program(program), Event::Era(era)]
            }
            _ => vec![Event::Program(program)],
        };
        let scored = |trial: &Arc<Trial>| trial.end == Some(End::Finished);
        let first = !self.state.history.trials().iter().any(scored);
        if unknown && !fitness.is_empty() && first {
            let who = Who { user: "evotop".into(), tty: None, ssh: None, how: How::Rule };
            let edits = vec![Edit::Fitness(Weights(fitness))];
            let revision = self.state.revision;
            events.extend(self.state.decide(&Command::Edit { edits, revision }, &who).unwrap_or_default());
        }
        events
    }

    fn open_station(&mut self, name: &str) {
        if self.stations.all.contains_key(name) {
            return;
        }
        let Some(slot) = self.state.slots.get(name) else { return };
        let config = SlotConfig {
            spec: slot.spec.clone(),
            run: self.state.spec.clone(),
            threads: self.threads(),
            slots: self.state.slots.len(),
            generations: self.state.settings.generations,
            dir: self.start.dir.clone(),
            evotop: process::own_program(),
            guard: process::this_program(),
            quiet: Duration::from_millis(minute().unwrap_or(LEAST_SILENCE).unsigned_abs()),
        };
        let slot = Slot::open(config, self.stations.news.clone());
        self.stations.all.insert(name.into(), Station { slot, busy: None });
    }

    fn device(&self, slot: &str) -> String {
        self.state.slots.get(slot).map(|s| devices::as_seen(&s.spec.device).to_owned()).unwrap_or_default()
    }

    /// Threads of a slot: as many as were asked for, or the machine's cores shared among the slots.
    fn threads(&self) -> usize {
        if let Some(asked) = self.start.threads {
            return asked.into();
        }
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        (cores / self.state.slots.len().max(1)).max(1)
    }
}
