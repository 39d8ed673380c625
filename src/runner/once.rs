//! A slot's program that is run once for each trial: any command.

use std::time::Duration;

use indexmap::IndexMap;
use tokio::time::Instant;

use super::SlotNewsKind;
use super::command::{Ended, Reader, Reading, Row, verdict};
use super::guard::Orders;
use super::process::Guarded;
use super::results::Results;
use super::task::{Kind, Running, Task};
use super::trainer::{self, Call};
use crate::process::ProcessId;
use crate::trial::{FailureClass, Metrics, Outcome};

/// How often a table that a program writes is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// One run of a program.
pub(super) struct Once {
    pub look_at: Instant,
    reader: Reader,
    results: Results,
    call: Call,
}

impl Once {
    fn rows(&mut self, rows: Vec<Row>) -> Vec<Reading> {
        rows.into_iter().map(|row| self.reader.row(row)).collect()
    }
}

impl Task {
    pub(super) fn begin_once(&mut self) {
        let Some(active) = &self.active else { return };
        let mut call = match trainer::call(&self.config, &active.job, self.number.as_deref()) {
            Ok(call) => call,
            Err(detail) => {
                self.ended(Outcome::Failed { class: FailureClass::Protocol, detail });
                return;
            }
        };
        if let Some(known) = self.program.as_ref().filter(|known| known.build == call.program.build)
            && call.program.metrics.is_empty()
        {
            call.program.metrics.clone_from(&known.metrics);
        }
        let results = Results::in_dir(&active.job.dir);
        let orders = Orders { argv: call.argv.clone(), talks: false, grace: self.config.run.grace };
        match Guarded::spawn(&self.config.guard, &orders, &self.config.run.cwd, &call.env) {
            Ok(process) => {
                let look_at = Instant::now() + LOOK;
                let once = Once { look_at, reader: call.reader.clone(), results, call };
                self.trainer = Some(Running { process, kind: Kind::Once(Box::new(once)) });
            }
            Err(error) => {
                let detail = format!("the trainer cannot be started: {error}");
                self.ended(Outcome::Failed { class: FailureClass::SlotLost, detail });
            }
        }
    }

    pub(super) fn once_runs(&mut self, process: ProcessId) {
        let (Some(Running { process: guarded, kind: Kind::Once(once) }), Some(active)) =
            (&self.trainer, &mut self.active)
        else {
            return;
        };
        active.begin(Instant::now());
        if active.frozen.is_some() {
            guarded.freeze(true);
        }
        let (trial, attempt) = (active.job.trial, active.job.attempt);
        let (program, fitness) = (once.call.program.clone(), once.call.fitness.clone());
        self.report_program(program, fitness);
        self.report(SlotNewsKind::Started { trial, attempt, process, group: process.pid });
    }

    pub(super) fn once_printed(&mut self, text: &str) {
        let Some(active) = &mut self.active else { return };
        active.printed(text);
        let Some(Running { kind: Kind::Once(once), .. }) = &mut self.trainer else { return };
        let reading = once.reader.line(text);
        // A progress bar explains nothing.
        if !matches!(reading, Some(Reading::Progress(_))) {
            active.last_word(text);
        }
        if let Some(reading) = reading {
            self.read(reading);
        }
    }

    /// Looks at the program's table, where it is time.
    pub(super) fn look_at_results(&mut self) {
        let Some(Running { kind: Kind::Once(once), .. }) = &mut self.trainer else { return };
        let now = Instant::now();
        if once.look_at > now {
            return;
        }
        once.look_at = now + LOOK;
        let rows = once.results.look();
        if let Some(active) = self.active.as_mut().filter(|_| !rows.is_empty()) {
            active.heard(now);
        }
        for reading in once.rows(rows) {
            self.read(reading);
        }
    }

    /// The program has ended by itself.
    pub(super) fn once_gone(&mut self, mut once: Once, ended: Ended) {
        let rows = once.results.finish();
        for reading in once.rows(rows) {
            self.read(reading);
        }
        let Some(active) = &self.active else { return };
        let outcome = verdict(ended, &once.reader, &active.last_words);
        if let Outcome::Finished { metrics } = &outcome {
            let trial = active.job.trial;
            if !ended.well() {
                let text = format!("the result counts, although the program {}", ended.told(""));
                self.report(SlotNewsKind::Log { trial: Some(trial), text });
            }
            self.names_are_known(once.call, metrics);
        }
        self.ended(outcome);
    }

    fn read(&mut self, reading: Reading) {
        let Some(active) = self.active.as_mut().filter(|active| active.ending.is_none()) else { return };
        let (trial, attempt) = (active.job.trial, active.job.attempt);
        match reading {
            Reading::Progress(progress) => self.report(SlotNewsKind::Progress { trial, progress }),
            Reading::Epoch { epoch, epochs, metrics } => {
                let seconds = active.epoch_is_over();
                self.report(SlotNewsKind::Epoch { trial, attempt, epoch, epochs, seconds, metrics });
            }
            Reading::Diverged { epoch, what } => self.end_process(Outcome::Diverged { epoch, what }),
            Reading::Error { class, message } => {
                self.end_process(Outcome::Failed { class, detail: message });
            }
        }
    }

    /// A first result says which metrics there are; where it is one number, that is the fitness.
    fn names_are_known(&mut self, call: Call, metrics: &Metrics) {
        let mut program = call.program;
        if !program.metrics.is_empty() {
            return;
        }
        program.metrics = metrics.0.keys().cloned().collect();
        let alone = (metrics.0.len() == 1).then(|| program.metrics[0].clone());
        let name = metrics.get("fitness").map(|_| "fitness".to_owned()).or(alone);
        self.report_program(program, name.map(|name| (name, 1.0)).into_iter().collect::<IndexMap<_, _>>());
    }
}
