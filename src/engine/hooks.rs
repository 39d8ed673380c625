//! What `--on paused,failed,slot-lost,best,finished CMD` runs: the event as JSON on standard input, a minute's time,
//! and nothing but a line in the log where it fails.

use std::process::Stdio;
use std::time::Duration;

use rustix::process::Signal;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::output::warn;
use crate::journal::{Entry, Event, Mode};
use crate::runner::children::{HOOK, Own};
use crate::runner::guard::signal_group;
use crate::session::{State, mode_text};
use crate::trial::End;

/// How long a hook may take.
const TIME: Duration = Duration::from_secs(60);

/// When a hook runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Occasion {
    /// Nothing new starts.
    Paused,
    /// A trial failed for good.
    Failed,
    /// A slot was quarantined.
    SlotLost,
    /// There is a new best candidate.
    Best,
    /// The session ended.
    Finished,
}

impl Occasion {
    pub const ALL: [(&'static str, Self); 5] = [
        ("paused", Self::Paused),
        ("failed", Self::Failed),
        ("slot-lost", Self::SlotLost),
        ("best", Self::Best),
        ("finished", Self::Finished),
    ];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, o)| *o == self).map_or("", |(name, _)| name)
    }
}

/// A command and when it runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hook {
    pub on: Vec<Occasion>,
    /// For the shell.
    pub command: String,
}

/// The hooks of a session.
#[derive(Debug)]
pub(super) struct Hooks {
    all: Vec<Hook>,
    best: Option<(u64, f64)>,
    under_way: tokio::task::JoinSet<()>,
}

impl Hooks {
    pub fn new(hooks: Vec<Hook>, state: &State) -> Self {
        let best = state.history.best().map(|(trial, fitness)| (trial.generation, fitness));
        Self { all: hooks, best, under_way: tokio::task::JoinSet::new() }
    }

    /// Runs what an event, folded in already, is the occasion for.
    pub fn see(&mut self, entry: &Entry, state: &State) {
        let best = state.history.best().map(|(trial, fitness)| (trial.generation, fitness));
        // One that is merely as good is no news.
        let new_best = best.is_some_and(|(generation, fitness)| {
            self.best.is_none_or(|known| known.0 != generation && known.1 != fitness)
        });
        self.best = best;
        if self.all.is_empty() {
            return;
        }
        while self.under_way.try_join_next().is_some() {}
        let occasion = match &entry.event {
            Event::Mode { mode: Mode::Paused(_), .. } => Some(Occasion::Paused),
            Event::Ended { end: End::Failed { .. }, .. } => Some(Occasion::Failed),
            Event::SlotQuarantined { .. } => Some(Occasion::SlotLost),
            Event::Closed { .. } => Some(Occasion::Finished),
            _ => None,
        };
        let happened = occasion.into_iter().chain(new_best.then_some(Occasion::Best));
        for occasion in happened {
            for hook in self.all.iter().filter(|hook| hook.on.contains(&occasion)) {
                let text = json!({
                    "on": occasion.name(),
                    "name": state.name,
                    "state": state.word(),
                    "why": (state.mode != Mode::Running).then(|| mode_text(&state.mode)),
                    "best": state.history.best().map(|(t, f)| json!({"generation": t.generation, "fitness": f})),
                    "done": state.history.counted(),
                    "generations": state.settings.generations,
                    "event": entry,
                });
                self.under_way.spawn(call(hook.command.clone(), text.to_string()));
            }
        }
    }

    /// Waits for the hooks under way; each has its time.
    pub async fn finish(&mut self) {
        while self.under_way.join_next().await.is_some() {}
    }
}

async fn call(command: String, text: String) {
    let mut group = None;
    let run = async {
        let mut shell = Command::new("sh");
        shell
            .args(["-c", &command])
            .env(HOOK, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .process_group(0)
            .kill_on_drop(true);
        let (mut child, _is_ours) = Own::started(|| shell.spawn(), |child| child.id().unwrap_or_default())?;
        group = child.id();
        if let Some(mut stdin) = child.stdin.take() {
            // A hook that does not read its input is none the worse for it.
            let _ = stdin.write_all(text.as_bytes()).await;
        }
        child.wait().await
    };
    match tokio::time::timeout(TIME, run).await {
        Ok(Ok(status)) if status.success() => {}
        Ok(Ok(status)) => warn(&format!("--on {command:?} ended with {status}")),
        Ok(Err(error)) => warn(&format!("--on {command:?} cannot be run: {error}")),
        Err(_) => {
            if let Some(group) = group {
                signal_group(group, Signal::KILL);
            }
            warn(&format!("--on {command:?} was ended after {} s", TIME.as_secs()));
        }
    }
}
