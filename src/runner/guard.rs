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
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};

use crate::process::ProcessId;

/// What a guard says. The word `guard` sets its lines apart from a trainer's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "guard")]
pub enum Said {
    /// The trainer runs; its pid is its group as well.
    Runs { process: ProcessId },
    /// It has ended, and so has everything it left behind.
    Ended { code: Option<i32>, signal: Option<i32> },
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

/// Runs a trainer under this process until it ends.
///
/// # Errors
/// Where the trainer cannot be started.
pub fn guard(orders: &Orders) -> anyhow::Result<()> {
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let status = runtime.block_on(watch(orders))?;
    say(&Said::Ended { code: status.code(), signal: status.signal() });
    // The thread that reads standard input may still wait there.
    std::process::exit(0)
}

/// Becomes the trainer, to be killed with the guard: this runs in the child, before anything of the trainer does.
///
/// # Errors
/// Where the program cannot be run.
pub fn exec(argv: &[String]) -> anyhow::Result<()> {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    // Where memory runs out, the kernel takes a trainer before it takes a session.
    let _ = std::fs::write("/proc/self/oom_score_adj", "500");
    let _ = rustix::process::nice(5);
    let (program, words) = argv.split_first().context("no program to run")?;
    let error = std::process::Command::new(program).args(words).exec();
    Err(anyhow::Error::new(error).context(format!("{program} cannot be run")))
}

async fn watch(orders: &Orders) -> anyhow::Result<ExitStatus> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut child = Command::new(std::env::current_exe()?)
        .arg("guard-exec")
        .arg("--")
        .args(&orders.argv)
        .stdin(if orders.talks { Stdio::piped() } else { Stdio::null() })
        .process_group(0)
        .spawn()?;
    let pid = child.id().context("the trainer ended before it began")?;
    say(&Said::Runs { process: ProcessId::of(pid) });
    let mut to_child = child.stdin.take();
    let mut from_session = tokio::io::stdin();
    let mut buffer = vec![0; 64 * 1024];
    let status = loop {
        tokio::select! {
            biased;
            status = child.wait() => break status?,
            _ = terminate.recv() => break end(&mut child, pid, orders.grace).await?,
            _ = hang_up.recv() => break end(&mut child, pid, orders.grace).await?,
            _ = interrupt.recv() => break end(&mut child, pid, orders.grace).await?,
            read = from_session.read(&mut buffer) => match read {
                Ok(n) if n > 0 => {
                    if let Some(pipe) = &mut to_child
                        && pipe.write_all(&buffer[..n]).await.is_err()
                    {
                        to_child = None;
                    }
                }
                _ => {
                    drop(to_child.take());
                    break end(&mut child, pid, orders.grace).await?;
                }
            },
        }
    };
    sweep(pid).await;
    Ok(status)
}

/// CONT, TERM and, after the grace, KILL to the whole group.
async fn end(child: &mut Child, pid: u32, grace: u64) -> std::io::Result<ExitStatus> {
    signal_group(pid, Signal::CONT);
    signal_group(pid, Signal::TERM);
    if let Ok(status) = tokio::time::timeout(Duration::from_secs(grace), child.wait()).await {
        return status;
    }
    signal_group(pid, Signal::KILL);
    child.wait().await
}

/// Ends what the trainer left: the rest of its group, and children that came to this process by its death.
async fn sweep(group: u32) {
    signal_group(group, Signal::KILL);
    // Whoever is killed may leave children again; each round takes those.
    for _ in 0..100 {
        let left = children();
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

/// Pids of this process's children.
fn children() -> Vec<u32> {
    let own = std::process::id();
    let Ok(processes) = std::fs::read_dir("/proc") else { return Vec::new() };
    let pids = processes.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| parent(*pid) == Some(own)).collect()
}

fn parent(pid: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
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
        let _ = writeln!(out, "{line}").and_then(|()| out.flush());
    }
}
