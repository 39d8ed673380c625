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

/// When a table that a program writes is looked at: soon at first, and a few times in an epoch, so that a short one is known
/// before the next is over; else so often.
const SOON: Duration = Duration::from_millis(20);
const LOOK: Duration = Duration::from_secs(1);
const LOOKS_AN_EPOCH: u32 = 4;

/// One run of a program.
pub(super) struct Once {
    pub look_at: Instant,
    /// How long the last wait for a look was, and when the last row was there.
    waited: Duration,
    row_at: Instant,
    reader: Reader,
    results: Results,
    call: Call,
}

/// How long to wait until the next look, `since` the last row but these.
fn wait(waited: Duration, rows: usize, since: Duration) -> Duration {
    match u32::try_from(rows) {
        // The longer nothing came, the less it matters when it is seen.
        Ok(0) => waited.max(since / (2 * LOOKS_AN_EPOCH)).min(LOOK),
        Ok(rows) => (since / rows / LOOKS_AN_EPOCH).clamp(SOON, LOOK),
        Err(_) => SOON,
    }
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
                let row_at = Instant::now();
                let (look_at, waited) = (row_at + SOON, SOON);
                let once = Once { look_at, waited, row_at, reader: call.reader.clone(), results, call };
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
        let rows = once.results.look();
        once.waited = wait(once.waited, rows.len(), now - once.row_at);
        once.look_at = now + once.waited;
        if !rows.is_empty() {
            once.row_at = now;
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// When a table is looked at that gets a row at each of these times, for so long.
    fn looks(rows: &[Duration], long: Duration) -> Vec<Duration> {
        let (mut waited, mut row_at, mut now, mut seen) = (SOON, Duration::ZERO, SOON, 0);
        let mut looks = Vec::new();
        while now < long {
            let there = rows.iter().filter(|row| **row <= now).count();
            waited = wait(waited, there - seen, now.saturating_sub(row_at));
            row_at = if there > seen { now } else { row_at };
            seen = there;
            looks.push(now);
            now += waited;
        }
        looks
    }

    #[test]
    fn a_row_of_short_epochs_is_seen_before_the_next_one_and_long_ones_cost_a_look_a_second() {
        let every = |millis: u32| (1..).map(move |i: u32| Duration::from_millis(u64::from(millis * i)));
        let short: Vec<Duration> = every(50).take(12).collect();
        let seen = looks(&short, Duration::from_secs(1));
        for row in &short {
            let late = seen.iter().find(|look| *look >= row).map(|look| look.saturating_sub(*row));
            assert!(late.is_some_and(|late| late < Duration::from_millis(50)), "{row:?}: {late:?}");
        }
        let minute = Duration::from_secs(60);
        assert!(looks(&[], minute).len() <= 100, "silent: forty looks more, in the first seconds");
        let long: Vec<Duration> = every(10_000).take(6).collect();
        assert!(looks(&long, minute).len() <= 100, "epochs of ten seconds");
        let shortest: Vec<Duration> = every(1).take(60_000).collect();
        assert!(looks(&shortest, minute).len() <= 3_000, "never more than fifty looks a second");
    }
}
