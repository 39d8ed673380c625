//! The session process behind a terminal: a process session of its own, its output in `session.log`.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context;

use crate::cli::block_on;
use crate::dir::SessionDir;
use crate::engine::Start;
use crate::wire::Client;

/// How long a session may take to open its socket: it may have to read a long journal, and end survivors.
const PATIENCE: Duration = Duration::from_secs(60);

/// Starts a session process and waits until it can be reached.
pub fn launch(start: &Start) -> anyhow::Result<()> {
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
