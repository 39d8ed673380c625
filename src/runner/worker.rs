//! A slot's worker: what it is told, and what it says.
//!
//! A worker stays alive between jobs; it is told to pause, resume and cancel in its own words, and ended if it does not
//! answer within the grace. One that failed is replaced by a fresh process for the next job.

use std::time::Duration;

use indexmap::IndexMap;
use tokio::time::Instant;

use super::SlotNewsKind;
use super::build::with_data;
use super::command::{speaks_of_memory, speaks_of_space};
use super::guard::Orders;
use super::process::Guarded;
use super::task::{Kind, Running, Task};
use super::{talk, trainer};
use crate::clean::clean;
use crate::trial::protocol::{FromWorker, PROTOCOL, Progress, ToWorker};
use crate::trial::{FailureClass, Outcome};

impl Task {
    pub(super) fn begin_worker(&mut self) {
        if self.trainer.is_none()
            && let Err(error) = self.start_worker()
        {
            let detail = format!("the trainer cannot be started: {error}");
            self.ended(Outcome::Failed { class: FailureClass::SlotLost, detail });
            return;
        }
        self.send_job();
    }

    fn start_worker(&mut self) -> std::io::Result<()> {
        let argv = trainer::worker(&self.config)?;
        let orders = Orders { argv, talks: true, grace: self.config.run.grace };
        let env = trainer::environment(&self.config);
        let process = Guarded::spawn(&self.config.guard, &orders, &self.config.run.cwd, &env)?;
        self.trainer = Some(Running { process, kind: Kind::Worker { greeted: false } });
        self.tell(&ToWorker::Setup { protocol: PROTOCOL, options: self.config.run.options.clone() });
        Ok(())
    }

    /// Gives the worker its job, once it runs and has said who it is.
    pub(super) fn send_job(&mut self) {
        let Some(Running { process, kind: Kind::Worker { greeted: true } }) = &self.trainer else { return };
        let Some(process) = process.process else { return };
        let Some(active) = self.active.as_mut().filter(|active| !active.began && active.ending.is_none())
        else {
            return;
        };
        active.begin(Instant::now());
        let (frozen, job) = (active.frozen.is_some(), active.job.clone());
        self.report(SlotNewsKind::Started {
            trial: job.trial,
            attempt: job.attempt,
            process,
            group: process.pid,
        });
        self.tell(&ToWorker::Job(job));
        if frozen {
            self.tell(&ToWorker::Pause);
        }
    }

    pub(super) fn tell_worker_to_hold(&self, hold: bool) {
        self.tell(if hold { &ToWorker::Pause } else { &ToWorker::Resume });
    }

    pub(super) fn cancel_worker(&mut self, outcome: Outcome) {
        let grace = Duration::from_secs(self.config.run.grace);
        let Some(active) = &mut self.active else { return };
        if active.cancel_by.is_none() {
            active.cancel_by = Some(Instant::now() + grace);
            active.cancel_as = Some(outcome);
            self.tell(&ToWorker::Cancel);
        }
    }

    /// How a cancelled trial is to end.
    pub(super) fn asked_outcome(&mut self) -> Outcome {
        self.active.as_mut().and_then(|active| active.cancel_as.take()).unwrap_or(Outcome::Aborted)
    }

    pub(super) fn worker_printed(&mut self, text: &str) {
        match talk::line(text) {
            talk::Line::Said(said) => self.said(said),
            talk::Line::Printed => {
                if let Some(active) = &mut self.active {
                    active.printed(text);
                }
            }
            talk::Line::Garbage { why } => {
                if let Some(active) = &mut self.active {
                    active.printed(text);
                }
                self.end_process(Outcome::Failed { class: FailureClass::Protocol, detail: why });
            }
        }
    }

    fn said(&mut self, said: FromWorker) {
        if let Some(active) = &mut self.active {
            active.heard(Instant::now());
        }
        match said {
            FromWorker::Hello { protocol, .. } if protocol != PROTOCOL => {
                let detail = format!(
                    "the worker speaks protocol {protocol}, this evotop {PROTOCOL}: use a worker of this version"
                );
                self.end_process(Outcome::Failed { class: FailureClass::SlotLost, detail });
            }
            FromWorker::Hello { program, build, metrics, fitness, .. } => {
                self.greeted(program, build, metrics, fitness);
            }
            FromWorker::Batch { trial, epoch, epochs, batch, batches, rate, unit, memory, losses }
                if self.trains(trial) =>
            {
                let progress = Progress { epoch, epochs, batch, batches, rate, unit, memory, losses };
                self.report(SlotNewsKind::Progress { trial, progress });
            }
            FromWorker::Epoch { trial, epoch, epochs, metrics, seconds } if self.trains(trial) => {
                let attempt = self.active.as_ref().map_or(0, |active| active.job.attempt);
                self.report(SlotNewsKind::Epoch { trial, attempt, epoch, epochs, seconds, metrics });
            }
            // An answer to the job ends it, also where it crossed a cancellation on its way.
            FromWorker::Result { trial, metrics } if self.trains(trial) => {
                self.ended(Outcome::Finished { metrics });
            }
            FromWorker::Diverged { trial, epoch, what } if self.trains(trial) => {
                self.ended(Outcome::Diverged { epoch, what: clean(&what) });
            }
            FromWorker::Error { trial, class, message } if self.trains(trial) => {
                // Whatever went wrong may have left the process in any state.
                let class = match class {
                    FailureClass::Crash if speaks_of_space(&message) => FailureClass::NoSpace,
                    FailureClass::Crash if speaks_of_memory(&message) => FailureClass::OutOfMemory,
                    class => class,
                };
                self.end_process(Outcome::Failed { class, detail: clean(&message) });
            }
            FromWorker::Cancelled { trial } if self.trains(trial) => {
                let outcome = self.asked_outcome();
                self.ended(outcome);
            }
            FromWorker::Log { text } => {
                let trial = self.active.as_ref().map(|active| active.job.trial);
                self.report(SlotNewsKind::Log { trial, text: clean(&text) });
            }
            // Answers to a pause, and late words for a trial that is over.
            _ => {}
        }
    }

    /// It has said who it is.
    fn greeted(
        &mut self,
        program: String,
        build: String,
        metrics: Vec<String>,
        fitness: IndexMap<String, f64>,
    ) {
        if let Some(Running { kind: Kind::Worker { greeted }, .. }) = &mut self.trainer {
            *greeted = true;
        }
        let argv = trainer::worker(&self.config).unwrap_or_default();
        let run = &self.config.run;
        let data = run.options.get("data").map(String::as_str).into_iter();
        let build = with_data(build, data, &run.cwd);
        self.report_program(trainer::program(&self.config, program, build, argv, metrics), fitness);
        self.send_job();
    }

    fn tell(&self, line: &ToWorker) {
        if let (Some(running), Ok(text)) = (&self.trainer, serde_json::to_string(line)) {
            running.process.tell(text + "\n");
        }
    }
}
