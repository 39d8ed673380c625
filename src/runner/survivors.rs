//! Processes that outlived whoever was to end them: a session that was killed, a guard that was killed.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::children;
use super::guard::signal_group;
use super::marks::{self, Mark};
use crate::process::{self, ProcessId};

/// How long to wait for what was killed: a process in a system call of a dead disk does not end.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often it is looked whether they are gone.
const LOOK: Duration = Duration::from_millis(20);

/// A process of a session, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    pub process: ProcessId,
    /// The session's directory; none where its number is no known session's.
    pub session: Option<PathBuf>,
}

/// Every process of sessions that this user may end. `known` are directories that a number may be of. Reads the whole process
/// table.
pub fn all(known: impl Iterator<Item = PathBuf>) -> Vec<Left> {
    let mut dirs: HashMap<u64, PathBuf> = HashMap::new();
    for dir in known {
        dirs.insert(marks::number(&marks::directory(&dir)), dir);
    }
    let (mut left, mut numbered) = (Vec::new(), Vec::new());
    for process in process::others() {
        if let Some(dir) = process::variable(process.pid, marks::SESSION) {
            dirs.insert(marks::number(&dir), dir.clone().into());
            left.push(Left { process, session: Some(dir.into()) });
        } else if let Some(number) = marks::number_of(process.pid) {
            numbered.push((process, number));
        }
    }
    let of_number = |(process, number)| Left { process, session: dirs.get(&number).cloned() };
    left.extend(numbered.into_iter().map(of_number));
    // Another user's may be of a session that is not known here and runs well, or of another one in a container.
    left.retain(|Left { process, session }| {
        let sees_another = |dir: &PathBuf| process::sees_another(process.pid, dir);
        process::may_signal(process.pid) && !session.as_ref().is_some_and(sees_another)
    });
    left
}

/// Processes of the session in this directory.
pub fn of(session: &Path) -> Vec<ProcessId> {
    Mark::of(session).bearers()
}

/// Ends what an earlier process of this session left: the recorded processes with their groups, and whatever carries
/// the session's mark, guards included. Says how many lived and do no longer.
pub async fn end(session: &Path, recorded: &[(ProcessId, u32)], grace: Duration) -> usize {
    let mark = Mark::of(session);
    let mut left: Vec<(ProcessId, Option<u32>)> =
        recorded.iter().filter(|(process, _)| process.lives()).map(|(p, group)| (*p, Some(*group))).collect();
    for process in bearers(&mark).await {
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
    kill(left.clone(), mark).await;
    left.iter().filter(|(process, _)| !process.lives()).count()
}

/// Kills what a guard that is gone left: its trainer's group, whatever carries its mark, and what came from it to this
/// process. Waits until it is gone.
pub(super) async fn of_guard(guard: String, trainer: Option<ProcessId>) {
    if let Some(trainer) = trainer {
        signal_group(trainer.pid, Signal::KILL);
    }
    kill(trainer.map(|trainer| (trainer, None)).into_iter().collect(), Mark::Guard(guard)).await;
}

/// Kills these, whatever carries the mark, and what was taken in, again and again: one of them may have given birth while it was looked.
async fn kill(mut left: Vec<(ProcessId, Option<u32>)>, mark: Mark) {
    let end = tokio::time::Instant::now() + PATIENCE;
    loop {
        for (process, group) in &left {
            send(*process, *group, Signal::KILL);
        }
        wait(&left, end.saturating_duration_since(tokio::time::Instant::now())).await;
        let marked = bearers(&mark).await;
        left = marked.into_iter().chain(children::taken_in()).map(|process| (process, None)).collect();
        if left.is_empty() || tokio::time::Instant::now() >= end {
            return;
        }
    }
}

/// Reads the whole process table, which takes a while on a large machine: not on the loop.
async fn bearers(mark: &Mark) -> Vec<ProcessId> {
    let mark = mark.clone();
    tokio::task::spawn_blocking(move || mark.bearers()).await.unwrap_or_default()
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

#[cfg(test)]
mod tests {
    use std::os::unix::process::CommandExt;
    use std::process::{Child, Command, Stdio};

    use super::*;

    /// A process with the number of the session in this directory, until its standard input is dropped.
    fn numbered(dir: &Path, change: impl FnOnce(&mut Command)) -> Child {
        let number = marks::number(&marks::directory(dir));
        let mut command = Command::new("prlimit");
        command.arg(format!("--locks={number}:")).arg("cat").stdin(Stdio::piped()).process_group(0);
        change(&mut command);
        let mut child = command.spawn().unwrap();
        while process::words(child.id()) != "cat" && child.try_wait().unwrap().is_none() {}
        assert_eq!(marks::number_of(child.id()), Some(number));
        child
    }

    /// As what `sudo` left in a trainer, and the trainers of another user's container.
    #[tokio::test]
    async fn what_may_not_be_signalled_is_nothing_that_a_session_left() {
        // Only root has another user to be, and it may signal everybody until it gives that up.
        if std::env::var_os("EVOTOP_TEST_ALONE").is_none() {
            let mut alone = Command::new("setpriv");
            alone.args(["--inh-caps=-kill", "--bounding-set=-kill"]).arg(std::env::current_exe().unwrap());
            let name = "runner::survivors::tests::what_may_not_be_signalled_is_nothing_that_a_session_left";
            let said = alone.args(["--exact", name]).env("EVOTOP_TEST_ALONE", "1").output();
            let text =
                said.map(|said| String::from_utf8_lossy(&said.stdout).into_owned()).unwrap_or_default();
            assert!(text.contains("1 passed") || !text.contains("running 1 test"), "{text}");
            return;
        }
        let dir = tempfile::tempdir().unwrap();
        let mut own = numbered(dir.path(), |_| ());
        let mut other = numbered(dir.path(), |command| {
            command.uid(65_534);
        });
        let [own_id, other_id] = [&own, &other].map(|child| ProcessId::of(child.id()));
        assert_eq!(of(dir.path()), [own_id]);
        let named: Vec<Left> = all([dir.path().to_owned()].into_iter())
            .into_iter()
            .filter(|left| [own_id, other_id].contains(&left.process))
            .collect();
        assert_eq!(named, [Left { process: own_id, session: Some(dir.path().to_owned()) }]);
        let recorded = [(other_id, other_id.pid)];
        assert_eq!(end(dir.path(), &recorded, Duration::ZERO).await, 1, "the one that ended");
        assert!(other_id.lives() && !own_id.lives());
        drop(other.stdin.take());
        other.wait().unwrap();
        own.wait().unwrap();
    }
}
