//! Processes that outlived whoever was to end them: a session that was killed, a guard that was killed.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::children;
use super::guard::signal_group;
use crate::process::{self, ProcessId};

/// In the environment of everything a session runs: the session's directory.
pub(super) const SESSION: &str = "EVOTOP_SESSION";
/// In the environment of everything one guard runs: which guard.
pub(super) const GUARD: &str = "EVOTOP_GUARD";

/// How long to wait for what was killed: a process in a system call of a dead disk does not end.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often it is looked whether they are gone.
const LOOK: Duration = Duration::from_millis(20);

/// The mark of a session: its directory, however it was spelled.
pub(super) fn mark(session: &Path) -> String {
    let full = std::fs::canonicalize(session).unwrap_or_else(|_| session.to_owned());
    full.to_string_lossy().into_owned()
}

/// Every process of this user's sessions, with the session's directory. Reads the whole process table.
pub fn all() -> Vec<(ProcessId, PathBuf)> {
    process::all_marked(SESSION).map(|(process, dir)| (process, dir.into())).collect()
}

/// Processes of the session in this directory.
pub fn of(session: &Path) -> Vec<ProcessId> {
    process::marked(SESSION, &mark(session))
}

/// Ends what an earlier process of this session left: the recorded processes with their groups, and whatever carries
/// the session's mark, guards included. Says how many lived.
pub async fn end(session: &Path, recorded: &[(ProcessId, u32)], grace: Duration) -> usize {
    let session = mark(session);
    let mut left: Vec<(ProcessId, Option<u32>)> =
        recorded.iter().filter(|(process, _)| process.lives()).map(|(p, group)| (*p, Some(*group))).collect();
    for process in marked(SESSION, session.clone()).await {
        if left.iter().all(|(known, _)| *known != process) {
            left.push((process, None));
        }
    }
    if left.is_empty() {
        return 0;
    }
    for (process, group) in &left {
        for signal in [Signal::CONT, Signal::TERM] {
            send(*process, *group, signal);
        }
    }
    wait(&left, grace).await;
    let lived = left.len();
    kill(left, SESSION, session).await;
    lived
}

/// Kills what a guard that is gone left: its trainer's group, whatever carries its mark, and what came from it to this
/// process. Waits until it is gone.
pub(super) async fn of_guard(mark: String, trainer: Option<ProcessId>) {
    if let Some(trainer) = trainer {
        signal_group(trainer.pid, Signal::KILL);
    }
    kill(trainer.map(|trainer| (trainer, None)).into_iter().collect(), GUARD, mark).await;
}

/// Kills these, whatever carries the mark, and what was taken in, again and again: one of them may have given birth while it was looked.
async fn kill(mut left: Vec<(ProcessId, Option<u32>)>, name: &'static str, value: String) {
    let end = tokio::time::Instant::now() + PATIENCE;
    loop {
        for (process, group) in &left {
            send(*process, *group, Signal::KILL);
        }
        wait(&left, end.saturating_duration_since(tokio::time::Instant::now())).await;
        let marked = marked(name, value.clone()).await;
        left = marked.into_iter().chain(children::taken_in()).map(|process| (process, None)).collect();
        if left.is_empty() || tokio::time::Instant::now() >= end {
            return;
        }
    }
}

/// Reads the whole process table, which takes a while on a large machine: not on the loop.
async fn marked(name: &'static str, value: String) -> Vec<ProcessId> {
    tokio::task::spawn_blocking(move || process::marked(name, &value)).await.unwrap_or_default()
}

fn send(process: ProcessId, group: Option<u32>, signal: Signal) {
    if !process.lives() {
        return;
    }
    match group {
        Some(group) => signal_group(group, signal),
        None => {
            if let Some(pid) = i32::try_from(process.pid).ok().and_then(Pid::from_raw) {
                let _ = kill_process(pid, signal);
            }
        }
    }
}

async fn wait(left: &[(ProcessId, Option<u32>)], at_most: Duration) {
    let end = tokio::time::Instant::now() + at_most;
    while left.iter().any(|(process, _)| process.lives()) && tokio::time::Instant::now() < end {
        tokio::time::sleep(LOOK).await;
    }
}
