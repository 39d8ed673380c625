//! The session process behind a terminal: a process session of its own, its output in `session.log`.

use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context;
use nix::fcntl::{FcntlArg, FdFlag, fcntl};

use crate::cli::exit::Told;
use crate::cli::find::{self, PATIENCE};
use crate::cli::{block_on, warn};
use crate::dir::SessionDir;
use crate::engine::Start;
use crate::wire::{Client, ClientError};

/// Starts a session process and waits until it can be reached.
pub fn launch(start: &Start) -> anyhow::Result<()> {
    keep_descriptors();
    let dir = SessionDir::new(&start.dir);
    let log = dir.session_log();
    let out = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .mode(dir.access().file_mode())
        .open(&log)
        .with_context(|| log.display().to_string())?;
    let from = out.metadata()?.len();
    let mut child = Command::new(std::env::current_exe()?)
        .arg("session")
        .stdin(Stdio::piped())
        .stdout(out.try_clone()?)
        .stderr(out)
        .spawn()
        .context("the session process cannot be started")?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(&serde_json::to_vec(start)?)?;
    }
    wait(&mut child, &start.dir, &log, from)?;
    // Buried when it ends, should that be while this process still looks on.
    std::thread::spawn(move || child.wait());
    Ok(())
}

/// What this process was given besides its three streams is not handed on: a session would hold a calling script's lock, or
/// a pipe for whose end somebody waits, for as long as it runs.
fn keep_descriptors() {
    let open = std::fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
    let numbers = open.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    for number in numbers.filter(|number| *number > 2) {
        let _ = fcntl(number, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC));
    }
}

/// Whether a session runs there. One that is over and still draws its last pictures, or has only just begun, is waited
/// for.
pub fn runs(dir: &Path) -> anyhow::Result<bool> {
    let end = Instant::now() + PATIENCE;
    let mut told = false;
    loop {
        match block_on(find::ask(dir))? {
            Ok(status) if !matches!(&*status.state, "stopping" | "closed") => return Ok(true),
            Ok(_) if Instant::now() > end => {
                return Err(Told::usage(
                    "the session is being stopped and its running trials go on: wait for them, or give them up with evotop stop --now",
                ));
            }
            Ok(_) | Err(ClientError::Disconnected) => {}
            Err(ClientError::Io(error)) if error.kind() == ErrorKind::ConnectionReset => {}
            Err(error) if find::will_listen(dir, &error) => {}
            Err(ClientError::Undecodable(_) | ClientError::OtherProtocol { .. }) => return Ok(true),
            Err(_) => return Ok(false),
        }
        if Instant::now() > end {
            return Ok(false);
        }
        if !std::mem::replace(&mut told, true) {
            warn("waiting for the session that was there to end");
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn wait(child: &mut Child, dir: &Path, log: &Path, from: u64) -> anyhow::Result<()> {
    let end = Instant::now() + PATIENCE;
    loop {
        if block_on(Client::connect(dir, true))?.is_ok() {
            return Ok(());
        }
        if let Some(status) = child.try_wait()? {
            let why = said(log, from);
            anyhow::ensure!(!why.is_empty(), "the session ended at once ({status}); see {}", log.display());
            anyhow::bail!(why);
        }
        if Instant::now() > end {
            anyhow::bail!(
                "the session cannot be reached after {} s; see {}",
                PATIENCE.as_secs(),
                log.display()
            );
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// What the session process wrote from this position on.
fn said(log: &Path, from: u64) -> String {
    let text = std::fs::read(log).unwrap_or_default();
    let new = text.get(usize::try_from(from).unwrap_or(0)..).unwrap_or_default();
    let text = String::from_utf8_lossy(new);
    text.trim().strip_prefix("evotop: ").unwrap_or(text.trim()).to_owned()
}
