//! A slot: one trainer at a time, one job at a time, and exactly one `Ended` for each.
//!
//! A worker stays alive between jobs; it is told to pause, resume and cancel in its own words, and killed if it does
//! not answer within the grace. A worker that failed, or ended a job in any other way than by its own word, is
//! replaced by a fresh one for the next job.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::guard::Orders;
use super::log::TrialLog;
use super::process::{Guarded, Heard};
use super::talk::{self, Line};
use super::trainer::Trained;
use super::{SlotConfig, SlotNews, SlotNewsKind};
use crate::trial::protocol::{FromWorker, PROTOCOL, Progress, ToWorker};
use crate::trial::{FailureClass, Job, Outcome};

/// What the engine asks.
enum Order {
    Run(Box<Job>),
    Pause(u64),
    Resume(u64),
    Cancel(u64),
}

/// A slot in the hands of its task. Dropped, its trainer is ended.
#[derive(Debug)]
pub struct Slot {
    orders: mpsc::UnboundedSender<Order>,
}

impl std::fmt::Debug for Order {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("order")
    }
}

impl Slot {
    /// A slot without a trainer: that is started with the first job.
    pub fn open(config: SlotConfig, news: mpsc::UnboundedSender<SlotNews>) -> Self {
        let (orders, told) = mpsc::unbounded_channel();
        tokio::spawn(
            Task { config, news, trainer: None, active: None, last_words: String::new() }.serve(told),
        );
        Self { orders }
    }

    /// Trains this. The slot must be free.
    pub fn run(&self, job: Job) {
        let _ = self.orders.send(Order::Run(Box::new(job)));
    }

    /// Holds this trial's training.
    pub fn pause(&self, trial: u64) {
        let _ = self.orders.send(Order::Pause(trial));
    }

    /// Lets it go on.
    pub fn resume(&self, trial: u64) {
        let _ = self.orders.send(Order::Resume(trial));
    }

    /// Gives it up: it ends `Aborted`.
    pub fn cancel(&self, trial: u64) {
        let _ = self.orders.send(Order::Cancel(trial));
    }
}

/// The job under way.
struct Active {
    job: Job,
    log: TrialLog,
    began: bool,
    heard_at: Instant,
    since: Instant,
    frozen: Option<Instant>,
    frozen_for: Duration,
    /// When a cancelled trainer that has not answered is killed.
    cancel_by: Option<Instant>,
    epoch: u32,
}

struct Task {
    config: SlotConfig,
    news: mpsc::UnboundedSender<SlotNews>,
    trainer: Option<Running>,
    active: Option<Active>,
    /// The last lines on standard error: what a failure is told with.
    last_words: String,
}

/// A trainer's process, and whether it said hello.
struct Running {
    process: Guarded,
    greeted: bool,
    paused: bool,
}

impl Task {
    async fn serve(mut self, mut orders: mpsc::UnboundedReceiver<Order>) {
        loop {
            let deadline = self.deadline();
            tokio::select! {
                biased;
                order = orders.recv() => match order {
                    Some(order) => self.obey(order),
                    // The slot was dropped: so is the trainer, which its guard ends.
                    None => return,
                },
                heard = hear(&mut self.trainer) => self.heard(heard),
                () = tokio::time::sleep_until(deadline.unwrap_or_else(Instant::now)), if deadline.is_some() => {
                    self.too_late();
                }
            }
        }
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Run(job) => self.begin(*job),
            Order::Pause(trial) if self.trains(trial) => self.hold(true),
            Order::Resume(trial) if self.trains(trial) => self.hold(false),
            Order::Cancel(trial) if self.trains(trial) => self.cancel(),
            Order::Pause(_) | Order::Resume(_) | Order::Cancel(_) => {}
        }
    }

    fn trains(&self, trial: u64) -> bool {
        self.active.as_ref().is_some_and(|active| active.job.trial == trial)
    }

    fn begin(&mut self, job: Job) {
        let now = Instant::now();
        let log = TrialLog::begin(&job.dir);
        self.active = Some(Active {
            log,
            began: false,
            heard_at: now,
            since: now,
            frozen: None,
            frozen_for: Duration::ZERO,
            cancel_by: None,
            epoch: 0,
            job,
        });
        self.last_words.clear();
        if self.trainer.is_none()
            && let Err(error) = self.start()
        {
            self.fail(FailureClass::SlotLost, format!("the trainer cannot be started: {error}"));
            return;
        }
        self.send_job();
    }

    fn start(&mut self) -> std::io::Result<()> {
        let trained = Trained::of(&self.config)?;
        let orders = Orders { argv: trained.argv, talks: true, grace: self.config.run.grace };
        let process = Guarded::spawn(&orders, &self.config.run.cwd, &trained.env)?;
        let setup = ToWorker::Setup { protocol: PROTOCOL, options: self.config.run.options.clone() };
        self.trainer = Some(Running { process, greeted: false, paused: false });
        self.tell(&setup);
        Ok(())
    }

    /// Gives the trainer its job, once it has said who it is.
    fn send_job(&mut self) {
        let Some(running) = self.trainer.as_ref().filter(|running| running.greeted) else { return };
        let Some(process) = running.process.process else { return };
        let Some(active) = &mut self.active else { return };
        active.began = true;
        active.since = Instant::now();
        active.heard_at = active.since;
        let (trial, attempt, job) = (active.job.trial, active.job.attempt, active.job.clone());
        self.report(SlotNewsKind::Started { trial, attempt, process, group: process.pid });
        self.tell(&ToWorker::Job(job));
    }

    fn hold(&mut self, hold: bool) {
        let Some(active) = &mut self.active else { return };
        match (hold, active.frozen) {
            (true, None) => active.frozen = Some(Instant::now()),
            (false, Some(since)) => {
                active.frozen_for += since.elapsed();
                active.frozen = None;
                active.heard_at = Instant::now();
            }
            _ => return,
        }
        self.tell(if hold { &ToWorker::Pause } else { &ToWorker::Resume });
    }

    fn cancel(&mut self) {
        let grace = Duration::from_secs(self.config.run.grace);
        let Some(active) = &mut self.active else { return };
        active.cancel_by.get_or_insert_with(|| Instant::now() + grace);
        if active.began {
            self.tell(&ToWorker::Cancel);
        } else {
            self.give_up_trainer();
            self.end(Outcome::Aborted);
        }
    }

    fn heard(&mut self, heard: Heard) {
        match heard {
            Heard::Runs(_) => {}
            Heard::Out(text) => match talk::line(&text) {
                Line::Said(said) => self.said(said),
                Line::Printed => self.printed(&text),
                Line::Garbage { why } => {
                    self.printed(&text);
                    self.give_up_trainer();
                    self.fail(FailureClass::Protocol, why);
                }
            },
            Heard::Err(text) => {
                self.last_words.push_str(&text);
                self.last_words.push('\n');
                let excess = self.last_words.len().saturating_sub(4096);
                let cut = (excess..self.last_words.len()).find(|i| self.last_words.is_char_boundary(*i));
                self.last_words.drain(..cut.unwrap_or(0));
                self.printed(&text);
            }
            Heard::Gone { code, signal } => self.gone(code, signal),
        }
    }

    fn printed(&mut self, text: &str) {
        if let Some(active) = &mut self.active {
            active.heard_at = Instant::now();
            active.log.line(text);
        }
    }

    fn said(&mut self, said: FromWorker) {
        if let Some(active) = &mut self.active {
            active.heard_at = Instant::now();
        }
        match said {
            FromWorker::Hello { program, build, metrics, fitness, .. } => {
                if let Some(running) = &mut self.trainer {
                    running.greeted = true;
                }
                let program = Trained::program(&self.config, program, build, metrics);
                self.report(SlotNewsKind::Program { program, fitness });
                self.send_job();
            }
            FromWorker::Batch { trial, epoch, epochs, batch, batches, rate, unit, memory, losses }
                if self.trains(trial) =>
            {
                let progress = Progress { epoch, epochs, batch, batches, rate, unit, memory, losses };
                self.report(SlotNewsKind::Progress { trial, progress });
            }
            FromWorker::Epoch { trial, epoch, epochs, metrics, seconds } => {
                let Some(active) = self.active.as_mut().filter(|active| active.job.trial == trial) else {
                    return;
                };
                active.epoch = epoch;
                let attempt = active.job.attempt;
                self.report(SlotNewsKind::Epoch { trial, attempt, epoch, epochs, seconds, metrics });
            }
            FromWorker::Result { trial, metrics } if self.trains(trial) => {
                self.end(Outcome::Finished { metrics });
            }
            FromWorker::Diverged { trial, epoch, what } if self.trains(trial) => {
                self.end(Outcome::Diverged { epoch, what });
            }
            FromWorker::Error { trial, class, message } if self.trains(trial) => {
                // Whatever went wrong may have left the process in any state.
                self.give_up_trainer();
                self.fail(class, message);
            }
            FromWorker::Cancelled { trial } if self.trains(trial) => self.end(Outcome::Aborted),
            FromWorker::Log { text } => {
                let trial = self.active.as_ref().map(|active| active.job.trial);
                self.report(SlotNewsKind::Log { trial, text: talk::clean(&text) });
            }
            FromWorker::Paused { .. } | FromWorker::Resumed { .. } => {
                if let Some(running) = &mut self.trainer {
                    running.paused = matches!(said, FromWorker::Paused { .. });
                }
            }
            // Late words for a trial that is over.
            _ => {}
        }
    }

    /// The trainer's process is gone.
    fn gone(&mut self, code: Option<i32>, signal: Option<i32>) {
        let greeted = self.trainer.take().is_some_and(|running| running.greeted);
        let Some(active) = &self.active else { return };
        if active.cancel_by.is_some() {
            self.end(Outcome::Aborted);
            return;
        }
        let how = match (code, signal) {
            (_, Some(signal)) => format!("the trainer was ended by signal {signal}"),
            (Some(code), _) => format!("the trainer ended with exit code {code} and no result"),
            (None, None) => "the trainer's guard is gone".into(),
        };
        let last = self.last_words.trim().lines().last().unwrap_or_default();
        let detail = if last.is_empty() { how } else { format!("{how}: {last}") };
        let class = if talk::speaks_of_memory(&self.last_words) || signal == Some(9) && code.is_none() {
            FailureClass::OutOfMemory
        } else if talk::speaks_of_space(&self.last_words) {
            FailureClass::NoSpace
        } else if greeted {
            FailureClass::Crash
        } else {
            FailureClass::SlotLost
        };
        self.fail(class, detail);
    }

    /// When something is too late, if anything can be.
    fn deadline(&self) -> Option<Instant> {
        let active = self.active.as_ref()?;
        if active.cancel_by.is_some() || active.frozen.is_some() {
            return active.cancel_by;
        }
        let run = &self.config.run;
        let timeout = run.trial_timeout.map(|s| active.since + active.frozen_for + Duration::from_secs(s));
        let silence = run.silence.map(|s| active.heard_at + Duration::from_secs(s));
        [timeout, silence].into_iter().flatten().min()
    }

    fn too_late(&mut self) {
        let Some(active) = &self.active else { return };
        let run = &self.config.run;
        let taken = active.since.elapsed().saturating_sub(active.frozen_for);
        if active.cancel_by.is_some() {
            self.give_up_trainer();
            self.end(Outcome::Aborted);
        } else if run.trial_timeout.is_some_and(|s| taken >= Duration::from_secs(s)) {
            self.give_up_trainer();
            self.fail(FailureClass::Timeout, format!("it took longer than {} s", taken.as_secs()));
        } else {
            let silent = active.heard_at.elapsed().as_secs();
            self.give_up_trainer();
            self.fail(FailureClass::Silent, format!("it printed nothing for {silent} s"));
        }
    }

    fn give_up_trainer(&mut self) {
        self.trainer = None;
    }

    fn fail(&mut self, class: FailureClass, detail: String) {
        self.end(Outcome::Failed { class, detail });
    }

    fn end(&mut self, outcome: Outcome) {
        if let Some(active) = self.active.take() {
            self.report(SlotNewsKind::Ended {
                trial: active.job.trial,
                attempt: active.job.attempt,
                outcome,
            });
        }
    }

    fn tell(&self, line: &ToWorker) {
        if let (Some(running), Ok(text)) = (&self.trainer, serde_json::to_string(line)) {
            running.process.tell(text + "\n");
        }
    }

    fn report(&self, kind: SlotNewsKind) {
        let _ = self.news.send(SlotNews { slot: self.config.spec.name.clone(), kind });
    }
}

async fn hear(trainer: &mut Option<Running>) -> Heard {
    match trainer {
        Some(running) => running.process.hear().await,
        None => std::future::pending().await,
    }
}
