//! A trainer under its guard, as the slot's task sees it: lines come out, lines go in, signals go to its group.

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt;
use rustix::process::Signal;
use tokio::io::{AsyncRead, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::codec::{AnyDelimiterCodec, AnyDelimiterCodecError, FramedRead};

use super::children::Own;
use super::command::Ended;
use super::guard::{Orders, Said, signal_group};
use super::{marks, survivors};
use crate::clean::clean;
use crate::process::ProcessId;

/// No line is longer: the rest of one is thrown away.
const LONGEST_LINE: usize = 1 << 20;
/// Lines that wait before a trainer is held up at its own output.
const LINES: usize = 1024;
/// How long its last words are waited for, once it is gone.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// What comes from a trainer.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    Runs(ProcessId),
    Out(String),
    Err(String),
    /// There is no such program, or it may not be run.
    CannotRun(String),
    /// It hangs in the kernel and cannot be killed.
    Stuck,
    /// It is gone; nothing more comes.
    Gone(Ended),
}

/// A trainer under its guard. Dropped, its guard's standard input ends, and the guard ends it.
#[derive(Debug)]
pub struct Guarded {
    heard: mpsc::Receiver<Heard>,
    lines: Option<mpsc::UnboundedSender<String>>,
    pub process: Option<ProcessId>,
}

impl Guarded {
    /// Starts a trainer. The environment is the session's with `env` over it.
    ///
    /// # Errors
    /// Where not even the guard can be started.
    pub fn spawn(evotop: &Path, orders: &Orders, cwd: &Path, env: &[(String, OsString)]) -> io::Result<Self> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let own = ProcessId::of(std::process::id());
        let mark = format!("{}-{}-{}", own.pid, own.start_time, COUNT.fetch_add(1, Ordering::Relaxed));
        let mut command = Command::new(evotop);
        command
            .arg0("evotop")
            .arg("guard")
            .arg(serde_json::to_string(orders)?)
            .current_dir(cwd)
            .envs(env.iter().map(|(name, value)| (name, value)))
            .env(marks::GUARD, &mark)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        let (mut child, is_ours) = Own::started(|| command.spawn(), |child| child.id().unwrap_or_default())?;
        let (tell, heard) = mpsc::channel(LINES);
        let (lines, to_write) = mpsc::unbounded_channel();
        if let Some(stdin) = child.stdin.take() {
            tokio::spawn(write(stdin, to_write));
        }
        tokio::spawn(listen(child, is_ours, tell, mark));
        Ok(Self { heard, lines: Some(lines), process: None })
    }

    /// What comes next. Safe to drop while it waits.
    pub async fn hear(&mut self) -> Heard {
        let heard = self.heard.recv().await.unwrap_or(Heard::Gone(Ended { code: None, signal: None }));
        if let Heard::Runs(process) = &heard {
            self.process = Some(*process);
        }
        heard
    }

    /// Writes a line to its standard input. Never blocks.
    pub fn tell(&self, line: String) {
        if let Some(lines) = &self.lines {
            let _ = lines.send(line);
        }
    }

    /// Has it ended by its guard: CONT, TERM, and KILL after the grace. What it still says comes, and that it is gone.
    pub fn close(&mut self) {
        self.lines = None;
    }

    /// Stops its whole group, or lets it go on.
    pub fn freeze(&self, frozen: bool) {
        if let Some(process) = self.process {
            signal_group(process.pid, if frozen { Signal::STOP } else { Signal::CONT });
        }
    }
}

async fn write(mut stdin: ChildStdin, mut lines: mpsc::UnboundedReceiver<String>) {
    while let Some(line) = lines.recv().await {
        if stdin.write_all(line.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// What the guard said of the trainer.
#[derive(Debug, Default)]
struct Known {
    trainer: Option<ProcessId>,
    ended: Option<Ended>,
}

async fn listen(mut guard: Child, is_ours: Own, tell: mpsc::Sender<Heard>, mark: String) {
    let known = Arc::new(Mutex::new(Known::default()));
    let mut readers = JoinSet::new();
    if let Some(out) = guard.stdout.take() {
        let known = known.clone();
        readers.spawn(read(out, tell.clone(), move |line| of_guard_or_trainer(line, &known)));
    }
    if let Some(err) = guard.stderr.take() {
        readers.spawn(read(err, tell.clone(), |line| Some(Heard::Err(line))));
    }
    let status = guard.wait().await;
    drop(is_ours);
    if !status.is_ok_and(|status| status.success()) {
        // It was killed: nobody else looks after what it ran.
        let trainer = known.lock().ok().and_then(|known| known.trainer);
        survivors::of_guard(mark, trainer).await;
    }
    // What was written last is read, but nobody who kept the pipe open is waited for.
    let all_read = async { while readers.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(LAST_WORDS, all_read).await;
    let ended = known.lock().ok().and_then(|known| known.ended);
    let _ = tell.send(Heard::Gone(ended.unwrap_or(Ended { code: None, signal: None }))).await;
}

/// The guard and its trainer write to the same pipe.
fn of_guard_or_trainer(line: String, known: &Mutex<Known>) -> Option<Heard> {
    if !line.starts_with("{\"guard\"") {
        return Some(Heard::Out(line));
    }
    let Ok(said) = serde_json::from_str::<Said>(&line) else { return Some(Heard::Out(line)) };
    let mut known = known.lock().ok()?;
    match said {
        Said::Runs { process } => {
            known.trainer = Some(process);
            Some(Heard::Runs(process))
        }
        Said::CannotRun { why } => Some(Heard::CannotRun(why)),
        Said::Stuck => Some(Heard::Stuck),
        Said::Ended { code, signal } => {
            known.ended = Some(Ended { code, signal });
            None
        }
    }
}

/// Lines, also such that end with a carriage return, as progress bars do.
async fn read(
    pipe: impl AsyncRead + Unpin,
    tell: mpsc::Sender<Heard>,
    mut heard: impl FnMut(String) -> Option<Heard>,
) {
    let codec = AnyDelimiterCodec::new_with_max_length(b"\n\r".to_vec(), b"\n".to_vec(), LONGEST_LINE);
    let mut lines = FramedRead::new(pipe, codec);
    let mut too_long = false;
    loop {
        let text = match lines.next().await {
            Some(Ok(bytes)) => clean(&String::from_utf8_lossy(&bytes)),
            Some(Err(AnyDelimiterCodecError::MaxChunkLengthExceeded)) => {
                too_long = true;
                "[a line longer than a megabyte]".into()
            }
            // The reader ends once after an error, and goes on if asked.
            None if std::mem::take(&mut too_long) => continue,
            Some(Err(AnyDelimiterCodecError::Io(_))) | None => return,
        };
        if text.is_empty() {
            continue;
        }
        if let Some(heard) = heard(text)
            && tell.send(heard).await.is_err()
        {
            return;
        }
    }
}
