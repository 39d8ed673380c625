//! `evotop guard`: the process between a session and a trainer. No trainer outlives its session.
//!
//! It runs the trainer in a process group of its own, passes standard input on, and leaves standard output and error
//! to it. When its own standard input ends, the session is gone or wants it so: CONT, TERM and, after the grace, KILL
//! go to the whole group. It is the reaper of whatever the trainer leaves behind, also in groups of their own, and
//! ends that too. Should the guard itself be killed, the kernel kills the trainer with it ([`exec`]).
//!
//! It says one line on standard output when the trainer runs ([`Said::Runs`]) and one when it has ended.

use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::Context;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, Command};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, oneshot};

use super::marks;
use crate::process::{self, ProcessId};

/// What a guard says. The word `guard` sets its lines apart from a trainer's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "guard")]
pub enum Said {
    /// The trainer runs; its pid is its group as well.
    Runs { process: ProcessId },
    /// There is no such program, or it may not be run.
    CannotRun { why: String },
    /// It has ended, and so has everything it left behind.
    Ended { code: Option<i32>, signal: Option<i32> },
    /// It did not go, not even by KILL: it hangs in the kernel.
    Stuck,
}

/// How a guard is called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Orders {
    pub argv: Vec<String>,
    /// Whether the trainer is to have standard input.
    pub talks: bool,
    /// Seconds between TERM and KILL.
    pub grace: u64,
}

/// How long a trainer may take to die of KILL before it is given up.
const LAST_WAIT: Duration = Duration::from_secs(10);

/// Runs a trainer under this process until it ends.
///
/// # Errors
/// Where the trainer cannot be started.
pub fn guard(orders: &Orders) -> anyhow::Result<()> {
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let said = match runtime.block_on(watch(orders))? {
        Some(status) => Said::Ended { code: status.code(), signal: status.signal() },
        None => Said::Stuck,
    };
    say(&said);
    // The thread that reads standard input may still wait there.
    std::process::exit(0)
}

/// Becomes the trainer, to be killed with the guard: this runs in the child, before anything of the trainer does.
///
/// # Errors
/// Where the program cannot be run.
pub fn exec(argv: &[String]) -> anyhow::Result<()> {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    marks::number_this();
    // Where memory runs out, the kernel takes a trainer before it takes a session.
    let _ = std::fs::write("/proc/self/oom_score_adj", "500");
    let _ = rustix::process::nice(5);
    let (program, words) = argv.split_first().context("no program to run")?;
    let error = std::process::Command::new(program).args(words).exec();
    say(&Said::CannotRun { why: format!("{program}: {error}") });
    Err(anyhow::Error::new(error).context(format!("{program} cannot be run")))
}

async fn watch(orders: &Orders) -> anyhow::Result<Option<ExitStatus>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut child = Command::new(process::this_program())
        .arg0("evotop")
        .arg("guard-exec")
        .arg("--")
        .args(&orders.argv)
        .stdin(if orders.talks { Stdio::piped() } else { Stdio::null() })
        .process_group(0)
        .spawn()?;
    let pid = child.id().context("the trainer ended before it began")?;
    say(&Said::Runs { process: ProcessId::of(pid) });
    let session_left = pass_on(child.stdin.take());
    let asked_to_end = async {
        tokio::select! {
            _ = session_left => {}
            _ = terminate.recv() => {}
            _ = hang_up.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    let status = tokio::select! {
        biased;
        status = child.wait() => Some(status?),
        () = asked_to_end => end(&mut child, pid, orders.grace).await?,
    };
    sweep(pid).await;
    Ok(status)
}

/// Passes standard input on to the trainer. What it returns is ready when that has ended: the session is gone, or
/// wants the trainer to go. A trainer that does not read holds up nothing of this.
fn pass_on(to_trainer: Option<ChildStdin>) -> oneshot::Receiver<()> {
    let (lines, mut to_write) = mpsc::unbounded_channel::<Vec<u8>>();
    let (left, session_left) = oneshot::channel();
    tokio::spawn(async move {
        let mut from_session = tokio::io::stdin();
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(n @ 1..) = from_session.read(&mut buffer).await {
            let _ = lines.send(buffer[..n].to_vec());
        }
        let _ = left.send(());
    });
    if let Some(mut pipe) = to_trainer {
        tokio::spawn(async move {
            while let Some(bytes) = to_write.recv().await {
                if pipe.write_all(&bytes).await.is_err() {
                    return;
                }
            }
        });
    }
    session_left
}

/// CONT, TERM and, after the grace, KILL to the whole group. None where not even that helped.
async fn end(child: &mut Child, pid: u32, grace: u64) -> std::io::Result<Option<ExitStatus>> {
    signal_group(pid, Signal::CONT);
    signal_group(pid, Signal::TERM);
    if let Ok(status) = tokio::time::timeout(Duration::from_secs(grace), child.wait()).await {
        return status.map(Some);
    }
    signal_group(pid, Signal::KILL);
    match tokio::time::timeout(LAST_WAIT, child.wait()).await {
        Ok(status) => status.map(Some),
        Err(_) => Ok(None),
    }
}

/// Ends what the trainer left: the rest of its group, and children that came to this process by its death.
async fn sweep(group: u32) {
    signal_group(group, Signal::KILL);
    // Whoever is killed may leave children again; each round takes those.
    for _ in 0..400 {
        let left = process::children();
        if left.is_empty() {
            return;
        }
        for pid in left {
            if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
                let _ = kill_process(pid, Signal::KILL);
                let _ = rustix::process::waitpid(Some(pid), rustix::process::WaitOptions::NOHANG);
            }
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Sends a signal to a process group; one that is gone is none the worse for it.
pub fn signal_group(group: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(group).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(pid, signal);
    }
}

fn say(said: &Said) {
    if let Ok(line) = serde_json::to_string(said) {
        use std::io::Write;
        let mut out = std::io::stdout().lock();
        // The trainer writes there too, and may have left a line without an end.
        let _ = writeln!(out, "\n{line}").and_then(|()| out.flush());
    }
}
