//! A slot in the hands of the engine: one trainer at a time, one job at a time, and exactly one `Ended` for each. What it
//! does is in its task, see `task.rs`.

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::task::Task;
use super::{SlotConfig, SlotNews};
use crate::trial::{Job, Outcome};

/// What the engine asks.
#[derive(Debug)]
pub(super) enum Order {
    Run(Box<Job>),
    Pause(u64),
    Resume(u64),
    Cancel(u64, Outcome),
}

/// A slot in the hands of its task. Dropped, its trainer is ended by its guard.
#[derive(Debug)]
pub struct Slot {
    orders: mpsc::UnboundedSender<Order>,
    task: JoinHandle<()>,
}

impl Slot {
    /// A slot without a trainer: that is started with the first job.
    pub fn open(config: SlotConfig, news: mpsc::UnboundedSender<SlotNews>) -> Self {
        let (orders, told) = mpsc::unbounded_channel();
        let task = Task::new(config, news);
        Self { orders, task: tokio::spawn(task.serve(told)) }
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
        self.cancel_as(trial, Outcome::Aborted);
    }

    /// Gives it up, to end as said: `Aborted`, `Pruned` or `Interrupted`.
    pub fn cancel_as(&self, trial: u64, outcome: Outcome) {
        let _ = self.orders.send(Order::Cancel(trial, outcome));
    }

    /// Ends its trainer, and is ready when that is gone.
    pub async fn close(self) {
        drop(self.orders);
        let _ = self.task.await;
    }
}
