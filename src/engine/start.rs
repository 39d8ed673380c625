//! Opening a session: take the lock, recover the journal, end survivors of an earlier process, say that it is open.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use tokio::sync::{broadcast, mpsc};

use super::figures::{self, Board};
use super::files::Files;
use super::finish::{Deadline, Stopping};
use super::hooks::{Hook, Hooks};
use super::space::Space;
use super::stations::Stations;
use crate::clock;
use crate::dir::{DirError, Keep, Lock, LockError, Meaning, SessionDir, Watch};
use crate::evolve::Edit;
use crate::journal::{Event, FileDisk, How, JournalError, Mode, Opened, PauseWhy, SlotSpec, Who, Writer};
use crate::process::{self, ProcessId};
use crate::runner::gpus::Asked;
use crate::runner::{SlotNews, children, devices, survivors};
use crate::session::{Command, RecoverError, Recovery, State, recover};
use crate::trial::RunSpec;
use crate::wire::{ClientRequest, PlaceError, Server, socket_of};

/// News that a client may lag behind before it gets a new snapshot.
const NEWS_KEPT: usize = 4096;

/// How a session process is started. Handed to it as JSON.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Start {
    pub dir: PathBuf,
    pub slots: Vec<SlotSpec>,
    /// The words of the command line.
    pub argv: Vec<String>,
    /// Settings that the command line says otherwise than the first start line did.
    #[serde(default)]
    pub edits: Vec<Edit>,
    pub on_failure: OnFailure,
    /// Seconds after which no trial runs any more.
    #[serde(default)]
    pub time_limit: Option<u64>,
    #[serde(default)]
    pub hooks: Vec<Hook>,
    /// Threads of a slot, where they are said.
    #[serde(default)]
    pub threads: Option<u16>,
    /// Limits of a trial that the command line says: they hold for this process, whatever the run began with.
    #[serde(default)]
    pub limits: Limits,
    /// Bytes that stay free on the session's disk: the run is held before there are fewer.
    #[serde(default)]
    pub min_free: u64,
    /// Which trials keep their directory: `best:5,last:3,failed`. All of them where it is not said.
    #[serde(default)]
    pub keep: Option<Keep>,
    /// Take over from another host whose heartbeat has lapsed.
    #[serde(default)]
    pub take_over: bool,
}

/// Limits of a trial, in seconds, where they are said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    pub trial_timeout: Option<u64>,
    pub silence: Option<u64>,
    pub grace: Option<u64>,
}

impl Limits {
    fn apply(self, spec: &mut RunSpec) {
        spec.trial_timeout = self.trial_timeout.or(spec.trial_timeout);
        spec.silence = self.silence.or(spec.silence);
        spec.grace = self.grace.unwrap_or(spec.grace);
    }
}

/// What a run does that cannot go on by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnFailure {
    /// Stay paused until somebody comes.
    Pause,
    /// End, with an exit code other than 0.
    Exit,
}

/// Why a session cannot be opened or go on.
#[derive(Debug, Error)]
pub enum EngineError {
    #[error(transparent)]
    Lock(#[from] LockError),
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error(transparent)]
    Recover(#[from] RecoverError),
    #[error(transparent)]
    Place(#[from] PlaceError),
    #[error(transparent)]
    Files(#[from] DirError),
    #[error("{what}: {error}")]
    Io { what: String, error: std::io::Error },
}

/// A session in the hands of this process.
pub(super) struct Engine {
    pub state: State,
    pub journal: Writer,
    pub stations: Stations,
    pub files: Files,
    pub hooks: Hooks,
    pub board: Board,
    pub news: broadcast::Sender<bytes::Bytes>,
    pub server: Server,
    pub lock: Lock,
    pub start: Start,
    /// When no trial may run any more.
    pub deadline: Option<Deadline>,
    pub stopping: Option<Stopping>,
    pub space: Space,
    /// Decided, and not on disk since there is no space: nothing else happens until it is.
    pub unwritten: Vec<(i64, Vec<Event>)>,
}

/// What reaches the loop from elsewhere.
pub(super) struct Inlets {
    pub slots: mpsc::UnboundedReceiver<SlotNews>,
    pub clients: mpsc::UnboundedReceiver<ClientRequest>,
    pub edited: Watch,
    pub gpus: mpsc::Receiver<Asked>,
}

impl Engine {
    /// Opens the session.
    ///
    /// # Errors
    /// Where another process has it, or its journal is damaged.
    pub async fn open(mut start: Start) -> Result<(Self, Inlets), EngineError> {
        // Trainers start elsewhere, and are told paths of it.
        start.dir = std::path::absolute(&start.dir)
            .map_err(|error| EngineError::Io { what: start.dir.display().to_string(), error })?;
        let dir = SessionDir::new(&start.dir);
        let lock = Lock::take(&dir, start.take_over)?;
        let path = dir.journal();
        let Recovery { mut state, recovered, .. } = recover(&path)?;
        start.limits.apply(&mut state.spec);
        let journal = Writer::open(Arc::new(FileDisk { access: dir.access() }), &path, &recovered)?;
        // Where a system has no such thing, a killed guard's trainers are found by their marks.
        let _ = children::take_in(&start.dir);
        end_survivors(&start.dir, &state).await;
        let (slot_news, slots) = mpsc::unbounded_channel();
        let (requests, clients) = mpsc::unbounded_channel();
        let (news, _) = broadcast::channel(NEWS_KEPT);
        let socket = socket_of(&start.dir)?;
        let server = Server::open(&socket, &start.dir, &state.name, &process::user(), requests)
            .map_err(|error| EngineError::Io { what: socket.display().to_string(), error })?;
        // Which GPU an attempt ran on is recorded: it has to be known before the first one.
        let on_gpu = start.slots.iter().any(|slot| devices::mask(&slot.device).is_some());
        let asked = if on_gpu { figures::ask().await } else { Asked::NoDriver };
        let deadline = start.time_limit.map(Duration::from_secs).map(|limit| Deadline {
            at: tokio::time::Instant::now() + limit,
            why: format!("the time limit of {} is reached", clock::duration(limit.as_secs_f64())),
        });
        let engine = Self {
            hooks: Hooks::new(start.hooks.clone(), &state),
            files: Files::open(dir, &state, start.keep)?,
            board: Board::new(asked),
            stations: Stations::new(slot_news),
            deadline,
            stopping: None,
            space: Space::default(),
            unwritten: Vec::new(),
            state,
            journal,
            news,
            server,
            lock,
            start,
        };
        let edited = engine.files.watch();
        let gpus = engine.board.ask_on();
        Ok((engine, Inlets { slots, clients, edited, gpus }))
    }

    /// The events of a session that was just opened: who has it, its slots, and what the command line says anew.
    pub fn opening(&mut self) -> Vec<Event> {
        let process = ProcessId::of(std::process::id());
        let opened = Opened {
            host: process::host(),
            pid: process.pid,
            start_time: process.start_time,
            evotop: env!("CARGO_PKG_VERSION").into(),
            argv: self.start.argv.clone(),
        };
        let slots = self.start.slots.iter();
        let added = slots.map(|slot| Event::SlotAdded { slot: slot.clone(), who: None });
        let again = self.held_by_rule().then_some(Event::Mode { mode: Mode::Running, who: None });
        let mode = again.or_else(|| self.space_says());
        std::iter::once(Event::Opened(opened)).chain(added).chain(mode).collect()
    }

    /// Whether the run was held because it could not go on by itself. Whoever starts it again has seen to that, or finds
    /// out; a person's own pause stays.
    fn held_by_rule(&self) -> bool {
        let Mode::Paused(why) = &self.state.mode else { return false };
        !matches!(why, PauseWhy::Person | PauseWhy::WasFrozen | PauseWhy::NoSpace { .. })
    }

    /// Settings that the command line says anew, as one change by resume.
    ///
    /// # Errors
    /// As [`Engine::turn`].
    pub fn resume_edits(&mut self) -> Result<(), EngineError> {
        let edits = std::mem::take(&mut self.start.edits);
        if edits.is_empty() {
            return Ok(());
        }
        let who = Who { user: process::user(), tty: None, ssh: None, how: How::Resume };
        let command = Command::Edit { edits, revision: self.state.revision };
        if let Err(why) = self.obey(&command, &who)? {
            self.notice(&format!("not changed: {why}"));
        }
        Ok(())
    }

    /// Takes in what people saved in the live files. What is not understood is said, and changes nothing.
    ///
    /// # Errors
    /// As [`Engine::turn`].
    pub fn files_say(&mut self) -> Result<(), EngineError> {
        for saved in self.files.saved(&self.state) {
            let file = saved.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let said = match saved.meaning {
                Meaning::Edit(command) => {
                    self.obey(&command, &saved.who)?.err().map(|why| format!("{file}: {why}"))
                }
                Meaning::Remark(text) => Some(text),
                Meaning::Wrong(text) => Some(format!("{text}; nothing was changed")),
            };
            if let Some(text) = said {
                self.note(Event::Note { text });
            }
        }
        self.turn(Vec::new())
    }
}

/// Ends trainers that an earlier process of this session left, on this host and boot.
async fn end_survivors(dir: &std::path::Path, state: &State) {
    if state.host().is_none_or(|host| *host != process::host()) {
        return;
    }
    let running = state.running.values();
    let recorded: Vec<(ProcessId, u32)> =
        running.map(|r| (ProcessId { pid: r.pid, start_time: r.start_time }, r.group)).collect();
    survivors::end(dir, &recorded, Duration::from_secs(state.spec.grace)).await;
}
