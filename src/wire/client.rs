//! The client's end of the socket.

use std::io;
use std::path::{Path, PathBuf};

use futures_util::{SinkExt, StreamExt};
use thiserror::Error;
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio_util::codec::{FramedRead, FramedWrite, LengthDelimitedCodec};

use super::frame::{Frame, FrameError, decode, encode, reader, writer};
use super::snapshot::Assembly;
use super::{FromSession, PROTOCOL, PlaceError, SnapshotError, ToSession, socket_of};
use crate::journal::How;
use crate::session::{Command, State, Status};
use crate::shell;

/// Why there is no word from a session.
#[derive(Debug, Error)]
pub enum ClientError {
    #[error(transparent)]
    Place(#[from] PlaceError),
    #[error("no session runs in {}; look back at it with: evotop replay {quoted}; go on with: evotop run --dir {quoted}", dir.display(), quoted = shell::path(dir))]
    NoSession { dir: PathBuf },
    #[error("the session went away")]
    Disconnected,
    #[error("the session speaks another language: {0}")]
    Undecodable(#[from] FrameError),
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    #[error("the session speaks protocol {theirs} (evotop {build}), this is protocol {PROTOCOL}: use {program}", program = program.display())]
    OtherProtocol { theirs: u32, build: String, program: PathBuf },
    #[error("the connection broke: {0}")]
    Io(#[from] io::Error),
}

/// Something heard from a session.
#[derive(Debug)]
pub enum Heard {
    Message(FromSession),
    /// The whole state anew.
    State(Box<State>),
}

/// A connection to a session.
#[derive(Debug)]
pub struct Client {
    hear: FramedRead<OwnedReadHalf, LengthDelimitedCodec>,
    tell: FramedWrite<OwnedWriteHalf, LengthDelimitedCodec>,
    /// The session's answer to `hello`.
    pub hello: FromSession,
    /// The snapshot that is coming.
    snapshot: Assembly,
    next_id: u64,
}

impl Client {
    /// Connects to the session in `dir`.
    ///
    /// # Errors
    /// Where none runs there.
    pub async fn connect(dir: &Path, read_only: bool) -> Result<Self, ClientError> {
        let none = || ClientError::NoSession { dir: dir.into() };
        let stream = match UnixStream::connect(socket_of(dir)?).await {
            Err(error)
                if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) =>
            {
                return Err(none());
            }
            other => other?,
        };
        let (hear, tell) = stream.into_split();
        let (mut hear, mut tell) = (reader(hear), writer(tell));
        let hello = ToSession::Hello {
            protocol: PROTOCOL,
            build: env!("CARGO_PKG_VERSION").into(),
            read_only,
            tty: terminal(),
            ssh: std::env::var("SSH_CONNECTION").ok().and_then(|c| c.split(' ').next().map(Into::into)),
        };
        tell.send(encode(&hello)?).await?;
        let frame = hear.next().await.ok_or(ClientError::Disconnected)??.freeze();
        let Frame::Message(hello @ FromSession::Hello { .. }) = decode(&frame)? else {
            return Err(ClientError::Disconnected);
        };
        Ok(Self { hear, tell, hello, snapshot: Assembly::default(), next_id: 0 })
    }

    /// Whether the session speaks this program's protocol.
    ///
    /// # Errors
    /// Where it speaks another one: then its own program is to be used for all but the frozen part.
    pub fn same_protocol(&self) -> Result<(), ClientError> {
        match &self.hello {
            FromSession::Hello { protocol, build, program, .. } if *protocol != PROTOCOL => {
                let (build, program) = (build.clone(), program.clone());
                Err(ClientError::OtherProtocol { theirs: *protocol, build, program })
            }
            _ => Ok(()),
        }
    }

    /// Asks for the state and everything that happens from there on.
    ///
    /// # Errors
    /// As [`Client::same_protocol`].
    pub async fn attach(&mut self) -> Result<(), ClientError> {
        self.same_protocol()?;
        self.tell(&ToSession::Attach { figures: true }).await
    }

    /// Says something.
    ///
    /// # Errors
    /// Where the session went away.
    pub async fn tell(&mut self, message: &ToSession) -> Result<(), ClientError> {
        Ok(self.tell.send(encode(message)?).await?)
    }

    /// The next thing the session says. Safe to drop while it waits.
    ///
    /// # Errors
    /// Where the session went away, or what it says cannot be understood.
    pub async fn hear(&mut self) -> Result<Heard, ClientError> {
        loop {
            let frame = self.hear.next().await.ok_or(ClientError::Disconnected)??.freeze();
            match decode(&frame)? {
                Frame::Message(FromSession::Snapshot { pieces }) => {
                    self.snapshot = Assembly::new(pieces);
                }
                Frame::Message(message) => return Ok(Heard::Message(message)),
                Frame::Piece(piece) => {
                    if let Some(state) = self.snapshot.add(&piece)? {
                        return Ok(Heard::State(state));
                    }
                }
            }
        }
    }

    /// How the session stands.
    ///
    /// # Errors
    /// Where it went away.
    pub async fn status(&mut self) -> Result<Box<Status>, ClientError> {
        self.tell(&ToSession::Status).await?;
        loop {
            if let Heard::Message(FromSession::Status { status }) = self.hear().await? {
                return Ok(status);
            }
        }
    }

    /// Says a line of the steering grammar; what was done, or why not.
    ///
    /// # Errors
    /// Where the session went away.
    pub async fn say(&mut self, line: &str, how: How) -> Result<Result<String, String>, ClientError> {
        let id = self.id();
        self.tell(&ToSession::Say { id, line: line.into(), how }).await?;
        self.answer(id).await
    }

    /// Asks for something; what was done, or why not.
    ///
    /// # Errors
    /// Where the session went away.
    pub async fn ask(&mut self, command: Command, how: How) -> Result<Result<String, String>, ClientError> {
        let id = self.id();
        self.tell(&ToSession::Do { id, command, how }).await?;
        self.answer(id).await
    }

    fn id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    async fn answer(&mut self, id: u64) -> Result<Result<String, String>, ClientError> {
        loop {
            if let Heard::Message(FromSession::Answer { id: answered, granted, text }) = self.hear().await?
                && answered == id
            {
                return Ok(if granted { Ok(text) } else { Err(text) });
            }
        }
    }
}

/// The terminal this process talks to, by name.
fn terminal() -> Option<String> {
    let name = rustix::termios::ttyname(std::io::stdin(), Vec::new()).ok()?;
    Some(name.to_string_lossy().trim_start_matches("/dev/").to_owned())
}
