//! What no journal holds: figures of the GPUs and which trainers are silent, told to whoever looks.
//!
//! The driver is asked by a task of its own, since it can hang; nobody is asked while nobody looks.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{mpsc, watch};

use super::start::Engine;
use crate::runner::gpus::{self, Asked, Gpu};
use crate::runner::{DeviceUse, Figures, Silence, figures};
use crate::session::State;
use crate::wire::FromSession;

/// How often the driver is asked while somebody looks.
const EVERY: Duration = Duration::from_secs(2);

/// What was told last, and what it is made of.
pub(super) struct Board {
    tell: watch::Sender<Bytes>,
    gpus: Vec<Gpu>,
    silent: BTreeMap<u64, i64>,
    /// The driver did not answer, and that was said.
    late: bool,
}

impl Board {
    /// A board that knows what `first` says.
    pub fn new(first: Asked) -> Self {
        let gpus = if let Asked::Gpus(gpus) = first { gpus } else { Vec::new() };
        Self { tell: watch::Sender::new(Bytes::new()), gpus, silent: BTreeMap::new(), late: false }
    }

    /// What is told, from now on.
    pub fn look(&self) -> watch::Receiver<Bytes> {
        self.tell.subscribe()
    }

    /// The UUID of a slot's device, where it is known.
    pub fn uuid(&self, device: &str) -> Option<String> {
        figures::gpu(device, &self.gpus).map(|gpu| gpu.uuid.clone())
    }

    /// Since when this trial's trainer is silent.
    pub fn silent_since(&self, generation: u64) -> Option<i64> {
        self.silent.get(&generation).copied()
    }

    /// Asks the driver again and again while somebody looks; not where there is none.
    pub fn ask_on(&self) -> mpsc::Receiver<Asked> {
        let (tell, answers) = mpsc::channel(1);
        let looked_at = self.tell.clone();
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(EVERY).await;
                if looked_at.receiver_count() == 0 {
                    continue;
                }
                let asked = ask().await;
                let gone = asked == Asked::NoDriver;
                if tell.send(asked).await.is_err() || gone {
                    break;
                }
            }
        });
        answers
    }

    fn publish(&self, state: &State) {
        let ours = |pid: u32| {
            // Numbers of another container's processes mean nothing here.
            let group = crate::process::group(pid).filter(|group| *group > 0);
            state.running.values().any(|r| r.pid == pid || Some(r.group) == group)
        };
        let mut devices: Vec<DeviceUse> = Vec::new();
        for slot in state.slots.values() {
            let name = &slot.spec.device;
            if let Some(gpu) = figures::gpu(name, &self.gpus)
                && devices.iter().all(|known| known.device != *name)
            {
                devices.push(DeviceUse::of(name, gpu, ours));
            }
        }
        let silent = self.silent.iter();
        let silent = silent.map(|(generation, since)| Silence { generation: *generation, since: *since });
        let figures = Figures { devices, silent: silent.collect() };
        if let Ok(frame) = crate::wire::encode(&FromSession::Figures { figures }) {
            self.tell.send_if_modified(|told| {
                let news = *told != frame;
                *told = frame;
                news
            });
        }
    }
}

/// Asks the driver, off the loop, with a deadline.
pub(super) async fn ask() -> Asked {
    tokio::task::spawn_blocking(|| gpus::ask(gpus::PATIENCE)).await.unwrap_or(Asked::Late)
}

impl Engine {
    /// The driver has answered, or has not.
    pub fn gpus_are(&mut self, asked: Asked) {
        let trouble = asked.trouble();
        let late = trouble.is_some();
        if let Some(trouble) = trouble.filter(|_| !self.board.late) {
            self.notice(&format!("{trouble}: the GPUs' figures are not known"));
        }
        self.board.late = late;
        self.board.gpus = match asked {
            Asked::Gpus(gpus) => gpus,
            // A UUID stays what it was; what was used then is not what is used now.
            Asked::Late | Asked::Failed(_) => self.board.gpus.drain(..).map(Gpu::without_figures).collect(),
            Asked::NoDriver => Vec::new(),
        };
        self.board.publish(&self.state);
    }

    /// A trainer is silent since then, or (none) speaks again.
    pub fn silence(&mut self, generation: u64, since: Option<i64>) {
        let changed = match since {
            Some(since) => self.board.silent.insert(generation, since) != Some(since),
            None => self.board.silent.remove(&generation).is_some(),
        };
        if changed {
            self.board.publish(&self.state);
        }
    }
}
