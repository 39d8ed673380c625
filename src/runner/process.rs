//! A trainer under its guard, as the slot's task sees it: lines come out, lines go in, signals go to its group.

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::io::{AsyncRead, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::mpsc;
use tokio_util::codec::{AnyDelimiterCodec, AnyDelimiterCodecError, FramedRead};

use super::guard::{Orders, Said};
use super::talk;
use crate::process::ProcessId;

/// No line is longer: the rest of one is thrown away.
const LONGEST_LINE: usize = 1 << 20;
/// Lines that wait before a trainer is held up at its own output.
const LINES: usize = 1024;

/// What comes from a trainer.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    Runs(ProcessId),
    Out(String),
    Err(String),
    /// It is gone, in words; nothing more comes.
    Gone {
        code: Option<i32>,
        signal: Option<i32>,
    },
}

/// A trainer under its guard. Dropped, its guard's standard input ends, and the guard ends it.
#[derive(Debug)]
pub struct Guarded {
    heard: mpsc::Receiver<Heard>,
    lines: mpsc::UnboundedSender<String>,
    pub process: Option<ProcessId>,
}

impl Guarded {
    /// Starts a trainer. The environment is the session's with `env` over it.
    ///
    /// # Errors
    /// Where not even the guard can be started.
    pub fn spawn(orders: &Orders, cwd: &Path, env: &[(String, OsString)]) -> io::Result<Self> {
        let mut child = Command::new(crate::process::own_program())
            .arg("guard")
            .arg(serde_json::to_string(orders)?)
            .current_dir(cwd)
            .envs(env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()?;
        let (tell, heard) = mpsc::channel(LINES);
        let (lines, to_write) = mpsc::unbounded_channel();
        if let Some(stdin) = child.stdin.take() {
            tokio::spawn(write(stdin, to_write));
        }
        tokio::spawn(listen(child, tell));
        Ok(Self { heard, lines, process: None })
    }

    /// What comes next. Safe to drop while it waits.
    pub async fn hear(&mut self) -> Heard {
        let heard = self.heard.recv().await.unwrap_or(Heard::Gone { code: None, signal: None });
        if let Heard::Runs(process) = &heard {
            self.process = Some(*process);
        }
        heard
    }

    /// Writes a line to its standard input. Never blocks.
    pub fn tell(&self, line: String) {
        let _ = self.lines.send(line);
    }
}

async fn write(mut stdin: ChildStdin, mut lines: mpsc::UnboundedReceiver<String>) {
    while let Some(line) = lines.recv().await {
        if stdin.write_all(line.as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn listen(mut child: Child, tell: mpsc::Sender<Heard>) {
    let ended = std::sync::Arc::new(std::sync::Mutex::new((None, None)));
    let mut readers = tokio::task::JoinSet::new();
    if let Some(out) = child.stdout.take() {
        let (tell, ended) = (tell.clone(), ended.clone());
        readers.spawn(read(out, tell, move |line| match serde_json::from_str::<Said>(&line) {
            Ok(Said::Runs { process }) => Some(Heard::Runs(process)),
            Ok(Said::Ended { code, signal }) => {
                if let Ok(mut ended) = ended.lock() {
                    *ended = (code, signal);
                }
                None
            }
            Err(_) => Some(Heard::Out(line)),
        }));
    }
    if let Some(err) = child.stderr.take() {
        readers.spawn(read(err, tell.clone(), |line| Some(Heard::Err(line))));
    }
    let status = child.wait().await;
    // What it wrote last is read, but nobody who kept the pipe open is waited for.
    let _ =
        tokio::time::timeout(Duration::from_secs(2), async { while readers.join_next().await.is_some() {} })
            .await;
    let (code, signal) = ended.lock().map_or((None, None), |ended| *ended);
    let _ = status;
    let _ = tell.send(Heard::Gone { code, signal }).await;
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
            Some(Ok(bytes)) => talk::clean(&String::from_utf8_lossy(&bytes)),
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
