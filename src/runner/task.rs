//! The task that owns a slot: what it is asked, what its trainer's process does, and which clock runs out.
//!
//! What a worker says is in `worker.rs`, what a program that is run once for each trial prints in `once.rs`. An outcome
//! that means the end of the process is reported when that is gone, so that two trainings never share a device; a process
//! that cannot be killed is abandoned, and the slot lost.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::active::{Active, Late};
use super::command::Ended;
use super::once::Once;
use super::process::{Guarded, Heard};
use super::silence::Gaps;
use super::slot::Order;
use super::{SlotConfig, SlotNews, SlotNewsKind, devices, gpus, trainer};
use crate::clock;
use crate::trial::{FailureClass, Job, Outcome};

/// Beyond the grace, how long a process may take to be gone after KILL: the guard gives up before.
const GONE: Duration = Duration::from_secs(15);

/// The task that owns a slot.
pub(super) struct Task {
    pub config: SlotConfig,
    pub news: mpsc::UnboundedSender<SlotNews>,
    pub trainer: Option<Running>,
    pub active: Option<Active>,
    /// What was said of the program so far: said again only when it changes.
    pub program: Option<crate::journal::Program>,
    /// The device's number, where the trainer is told it and it is known.
    pub number: Option<String>,
    /// How long trainers here usually say nothing.
    pub gaps: Gaps,
}

/// A trainer's process.
pub(super) struct Running {
    pub process: Guarded,
    pub kind: Kind,
}

/// What kind of trainer runs.
pub(super) enum Kind {
    /// Stays between jobs. It gets its job when it has said who it is.
    Worker { greeted: bool },
    /// Is run once for each trial.
    Once(Box<Once>),
}

impl Task {
    pub fn new(config: SlotConfig, news: mpsc::UnboundedSender<SlotNews>) -> Self {
        let gaps = Gaps::new(config.quiet);
        Self { config, news, trainer: None, active: None, program: None, number: None, gaps }
    }

    /// Until the slot is given up.
    pub async fn serve(mut self, mut orders: mpsc::UnboundedReceiver<Order>) {
        loop {
            let deadline = self.deadline();
            tokio::select! {
                biased;
                order = orders.recv() => match order {
                    Some(order) => {
                        self.learn_number(&order).await;
                        self.obey(order);
                    }
                    None => break,
                },
                // Before what is heard: a trainer that never stops talking can be late as well.
                () = tokio::time::sleep_until(deadline.unwrap_or_else(Instant::now)), if deadline.is_some() => {
                    self.time_is_up();
                }
                heard = hear(&mut self.trainer) => self.heard(heard),
            }
            self.tell_of_silence();
        }
        self.close().await;
    }

    /// The slot is taken away, or the session ends.
    async fn close(mut self) {
        if self.active.is_some() {
            self.end_process(Outcome::Interrupted);
        } else if let Some(running) = &mut self.trainer {
            running.process.close();
        }
        let by = Instant::now() + self.gone_within();
        while self.trainer.is_some() {
            match tokio::time::timeout_at(by, hear(&mut self.trainer)).await {
                Ok(heard) => self.heard(heard),
                Err(_) => break,
            }
        }
        self.ended(Outcome::Interrupted);
    }

    /// Asks for the device's number before a trainer that is told it is run.
    async fn learn_number(&mut self, order: &Order) {
        let begins = matches!(order, Order::Run(_)) && self.active.is_none();
        if begins && self.number.is_none() && trainer::is_told_number(&self.config.run.trainer) {
            let device = self.config.spec.device.clone();
            let asked = tokio::task::spawn_blocking(move || devices::number(&device)).await;
            self.number = asked.ok().flatten();
        }
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Run(job) if self.active.is_some() => {
                let detail = "the slot has another trial".into();
                let outcome = Outcome::Failed { class: FailureClass::Protocol, detail };
                self.report(SlotNewsKind::Ended { trial: job.trial, attempt: job.attempt, outcome });
            }
            Order::Run(job) => self.begin(*job),
            Order::Pause(trial) if self.trains(trial) => self.hold(true),
            Order::Resume(trial) if self.trains(trial) => self.hold(false),
            Order::Cancel(trial, outcome) if self.trains(trial) => self.cancel(outcome),
            Order::Pause(_) | Order::Resume(_) | Order::Cancel(..) => {}
        }
    }

    /// Whether this trial is under way and not about to end.
    pub fn trains(&self, trial: u64) -> bool {
        self.active.as_ref().is_some_and(|active| active.job.trial == trial && active.ending.is_none())
    }

    fn begin(&mut self, job: Job) {
        self.gaps = self.gaps.of_next_trial();
        self.active = Some(Active::new(job, self.gaps));
        if let Some(detail) = devices::refused(&self.config.spec.device) {
            self.ended(Outcome::Failed { class: FailureClass::SlotLost, detail });
        } else if self.config.run.trainer.is_command() {
            self.begin_once();
        } else {
            self.begin_worker();
        }
    }

    fn hold(&mut self, hold: bool) {
        let Some(active) = &mut self.active else { return };
        // Before its process has it, only the clocks know; it is held as soon as it begins.
        if !active.freeze(hold, Instant::now()) || !active.began {
            return;
        }
        match &self.trainer {
            Some(Running { process, kind: Kind::Once(_) }) => process.freeze(hold),
            Some(_) => self.tell_worker_to_hold(hold),
            None => {}
        }
    }

    fn cancel(&mut self, outcome: Outcome) {
        let is_worker = matches!(&self.trainer, Some(Running { kind: Kind::Worker { .. }, .. }));
        let began = self.active.as_ref().is_some_and(|active| active.began);
        if is_worker && began {
            self.cancel_worker(outcome);
        } else {
            self.end_process(outcome);
        }
    }

    fn heard(&mut self, heard: Heard) {
        match heard {
            Heard::Runs(process) => self.runs(process),
            Heard::CannotRun(why) => {
                if let Some(active) = &mut self.active {
                    active.cannot_run = Some(why);
                }
            }
            Heard::Stuck => self.abandon(),
            Heard::Gone(ended) => self.gone(ended),
            Heard::Out(text) => match &self.trainer {
                Some(Running { kind: Kind::Worker { .. }, .. }) => self.worker_printed(&text),
                _ => self.once_printed(&text),
            },
            Heard::Err(text) => {
                if matches!(&self.trainer, Some(Running { kind: Kind::Once(_), .. })) {
                    self.once_printed(&text);
                } else if let Some(active) = &mut self.active {
                    active.printed(&text);
                    active.last_word(&text);
                }
            }
        }
    }

    fn runs(&mut self, process: crate::process::ProcessId) {
        if let Some(Running { kind: Kind::Once(_), .. }) = &self.trainer {
            self.once_runs(process);
        } else {
            self.send_job();
        }
    }

    /// The trainer's process is gone.
    fn gone(&mut self, ended: Ended) {
        let Some(running) = self.trainer.take() else { return };
        let Some(active) = &mut self.active else {
            if !ended.well() {
                let text = format!("the trainer {} while it had nothing to do", ended.told(""));
                self.report(SlotNewsKind::Log { trial: None, text });
            }
            return;
        };
        if let Some((outcome, _)) = active.ending.take() {
            self.ended(outcome);
            return;
        }
        if let Some(why) = active.cannot_run.take() {
            let detail = format!("the trainer cannot be run: {why}");
            self.ended(Outcome::Failed { class: FailureClass::SlotLost, detail });
            return;
        }
        match running.kind {
            Kind::Worker { greeted } => {
                let class = if greeted { ended.class(&active.last_words) } else { FailureClass::SlotLost };
                let detail = format!("the trainer {}", ended.told(&active.last_words));
                self.ended(Outcome::Failed { class, detail });
            }
            Kind::Once(once) => self.once_gone(*once, ended),
        }
    }

    /// When something has to be done although nothing happens.
    fn deadline(&self) -> Option<Instant> {
        let late =
            self.active.as_ref().and_then(|active| active.deadline(&self.config.run)).map(|(at, _)| at);
        let look = match &self.trainer {
            Some(Running { kind: Kind::Once(once), .. }) => Some(once.look_at),
            _ => None,
        };
        let silent = self.active.as_ref().filter(|active| !active.told_silent).and_then(Active::silent_at);
        late.into_iter().chain(look).chain(silent).min()
    }

    /// Says that the trainer has been silent for unusually long, or is no more.
    fn tell_of_silence(&mut self) {
        let now = Instant::now();
        let Some(active) = &mut self.active else { return };
        let silent = active.silent_at().is_some_and(|at| at <= now);
        if silent == active.told_silent {
            return;
        }
        active.told_silent = silent;
        let quiet = i64::try_from(active.quiet_for(now).as_millis()).unwrap_or(i64::MAX);
        let (trial, since) = (active.job.trial, silent.then(|| clock::now().saturating_sub(quiet)));
        self.report(SlotNewsKind::Silent { trial, since });
    }

    fn time_is_up(&mut self) {
        self.look_at_results();
        let Some(active) = &self.active else { return };
        let Some((at, late)) = active.deadline(&self.config.run) else { return };
        if at > Instant::now() {
            return;
        }
        let fail = |class, detail| Outcome::Failed { class, detail };
        match late {
            Late::Gone => self.abandon(),
            Late::Cancel => {
                let outcome = self.asked_outcome();
                self.end_process(outcome);
            }
            Late::Start => {
                self.end_process(fail(FailureClass::SlotLost, "the trainer does not start".into()));
            }
            Late::Timeout => {
                let limit = self.config.run.trial_timeout.unwrap_or_default();
                self.end_process(fail(FailureClass::Timeout, format!("took longer than {limit} s")));
            }
            Late::Silence => {
                let limit = self.config.run.silence.unwrap_or_default();
                self.end_process(fail(FailureClass::Silent, format!("printed nothing for {limit} s")));
            }
        }
    }

    /// Ends the trainer's process; the outcome is reported when that is gone.
    pub fn end_process(&mut self, outcome: Outcome) {
        let by = Instant::now() + self.gone_within();
        let (Some(active), Some(running)) = (&mut self.active, &mut self.trainer) else {
            self.ended(outcome);
            return;
        };
        active.ending.get_or_insert((outcome, by));
        running.process.close();
    }

    fn gone_within(&self) -> Duration {
        Duration::from_secs(self.config.run.grace) + GONE
    }

    /// The process cannot be killed: it is left where it hangs, and the slot with it.
    fn abandon(&mut self) {
        let pid = self.trainer.take().and_then(|running| running.process.process).map_or(0, |p| p.pid);
        let reason = format!("process {pid} cannot be killed: it hangs in the kernel");
        self.report(SlotNewsKind::Lost { reason: reason.clone() });
        let ending = self.active.as_mut().and_then(|active| active.ending.take());
        let lost = Outcome::Failed { class: FailureClass::SlotLost, detail: reason };
        self.ended(ending.map_or(lost, |(outcome, _)| outcome));
    }

    /// Reports the end of the job under way.
    pub fn ended(&mut self, outcome: Outcome) {
        let Some(active) = self.active.take() else { return };
        self.gaps = active.gaps;
        let (trial, attempt) = (active.job.trial, active.job.attempt);
        let mask = devices::mask(&self.config.spec.device);
        match (outcome, mask) {
            (Outcome::Failed { class: FailureClass::OutOfMemory, detail }, Some(mask)) => {
                // Who holds it is asked of a driver that may hang: not here.
                let (news, slot) = (self.news.clone(), self.config.spec.name.clone());
                tokio::spawn(async move {
                    let asked = tokio::task::spawn_blocking(|| gpus::ask(gpus::PATIENCE)).await;
                    let held = asked.ok().and_then(|asked| gpus::held(&asked, &mask));
                    let detail = held.map_or(detail.clone(), |held| format!("{detail} ({held})"));
                    let outcome = Outcome::Failed { class: FailureClass::OutOfMemory, detail };
                    let _ =
                        news.send(SlotNews { slot, kind: SlotNewsKind::Ended { trial, attempt, outcome } });
                });
            }
            (outcome, _) => self.report(SlotNewsKind::Ended { trial, attempt, outcome }),
        }
    }

    pub fn report(&self, kind: SlotNewsKind) {
        let _ = self.news.send(SlotNews { slot: self.config.spec.name.clone(), kind });
    }

    /// Says who the program is, where that is news.
    pub fn report_program(
        &mut self,
        program: crate::journal::Program,
        fitness: indexmap::IndexMap<String, f64>,
    ) {
        if self.program.as_ref() != Some(&program) {
            self.program = Some(program.clone());
            self.report(SlotNewsKind::Program { program, fitness });
        }
    }
}

async fn hear(trainer: &mut Option<Running>) -> Heard {
    match trainer {
        Some(running) => running.process.hear().await,
        None => std::future::pending().await,
    }
}
