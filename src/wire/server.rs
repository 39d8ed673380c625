//! The session's end of the socket: takes clients in, asks the engine for them, and tells them what happens.
//!
//! The engine's loop is never held up: a client has a task of its own, and one that lags behind misses events and
//! gets a new snapshot. Whoever is not the session's own user is turned away, and a read-only client is held to it here.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures_util::SinkExt;
use futures_util::StreamExt;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio::task::AbortHandle;
use tokio_util::codec::{FramedRead, FramedWrite, LengthDelimitedCodec};

use super::frame::{Frame, FrameError, decode, encode, reader, writer};
use super::place::private;
use super::{FromSession, PROTOCOL, Snapshot, ToSession};
use crate::journal::{How, Who};
use crate::process;
use crate::session::{Command, Status};

/// What a client wants of the engine.
#[derive(Debug)]
pub enum ClientRequest {
    Do {
        command: Command,
        who: Who,
        answer: oneshot::Sender<Result<String, String>>,
    },
    /// A line of the steering grammar.
    Say {
        line: String,
        who: Who,
        answer: oneshot::Sender<Result<String, String>>,
    },
    Status {
        answer: oneshot::Sender<Box<Status>>,
    },
    Attach {
        answer: oneshot::Sender<Attached>,
    },
}

/// The state as it is, and everything that happens from there on, as frames.
#[derive(Debug)]
pub struct Attached {
    pub snapshot: Snapshot,
    pub news: broadcast::Receiver<Bytes>,
    pub figures: watch::Receiver<Bytes>,
}

/// What the session says of itself.
#[derive(Debug, Clone)]
struct Itself {
    hello: FromSession,
    user: String,
}

/// The open socket. Dropping it takes the socket away.
#[derive(Debug)]
pub struct Server {
    socket: PathBuf,
    itself: Itself,
    requests: mpsc::UnboundedSender<ClientRequest>,
    accepting: AbortHandle,
}

impl Server {
    /// Opens the socket and takes clients in. A socket that was left there is taken away: the session's lock is held.
    ///
    /// # Errors
    /// Where the socket cannot be made.
    pub fn open(
        socket: &Path,
        dir: &Path,
        name: &str,
        user: &str,
        requests: mpsc::UnboundedSender<ClientRequest>,
    ) -> io::Result<Self> {
        let hello = FromSession::Hello {
            protocol: PROTOCOL,
            build: env!("CARGO_PKG_VERSION").into(),
            program: process::own_program(),
            dir: std::fs::canonicalize(dir)?,
            name: name.into(),
        };
        let itself = Itself { hello, user: user.into() };
        let accepting = listen(socket, &itself, &requests)?;
        Ok(Self { socket: socket.into(), itself, requests, accepting })
    }

    /// Makes the socket again where it has vanished. Says whether it had.
    ///
    /// # Errors
    /// Where it cannot be made, or its place is no longer this user's alone.
    pub fn keep(&mut self) -> io::Result<bool> {
        if self.socket.exists() {
            return Ok(false);
        }
        if let Some(home) = self.socket.parent() {
            private(home).map_err(io::Error::other)?;
        }
        self.accepting.abort();
        self.accepting = listen(&self.socket, &self.itself, &self.requests)?;
        Ok(true)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
        let _ = std::fs::remove_file(&self.socket);
    }
}

fn listen(
    socket: &Path,
    itself: &Itself,
    requests: &mpsc::UnboundedSender<ClientRequest>,
) -> io::Result<AbortHandle> {
    match std::fs::remove_file(socket) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(socket)?;
    std::fs::set_permissions(socket, std::fs::Permissions::from_mode(0o600))?;
    let (itself, requests) = (itself.clone(), requests.clone());
    let accepting = tokio::spawn(async move {
        loop {
            // Out of descriptors is no reason to end: wait, and try again.
            let Ok((stream, _)) = listener.accept().await else {
                tokio::time::sleep(std::time::Duration::from_millis(200)).await;
                continue;
            };
            let own = rustix::process::getuid().as_raw();
            if stream.peer_cred().is_ok_and(|peer| peer.uid() == own) {
                tokio::spawn(Guest::greet(stream, itself.clone(), requests.clone()));
            }
        }
    });
    Ok(accepting.abort_handle())
}

/// One client.
struct Guest {
    hear: FramedRead<OwnedReadHalf, LengthDelimitedCodec>,
    tell: FramedWrite<OwnedWriteHalf, LengthDelimitedCodec>,
    requests: mpsc::UnboundedSender<ClientRequest>,
    who: Who,
    read_only: bool,
    same_protocol: bool,
    news: Option<broadcast::Receiver<Bytes>>,
    /// Where they were asked for.
    figures: Option<watch::Receiver<Bytes>>,
    wants_figures: bool,
}

/// The connection is over, in whatever way.
struct Gone;

impl From<FrameError> for Gone {
    fn from(_: FrameError) -> Self {
        Self
    }
}

impl From<io::Error> for Gone {
    fn from(_: io::Error) -> Self {
        Self
    }
}

impl Guest {
    async fn greet(stream: UnixStream, itself: Itself, requests: mpsc::UnboundedSender<ClientRequest>) {
        let (hear, tell) = stream.into_split();
        let (mut hear, mut tell) = (reader(hear), writer(tell));
        let Some(Ok(frame)) = hear.next().await else { return };
        let Ok(Frame::Message(ToSession::Hello { protocol, read_only, tty, ssh, .. })) =
            decode(&frame.freeze())
        else {
            return;
        };
        let Ok(hello) = encode(&itself.hello) else { return };
        if tell.send(hello).await.is_err() {
            return;
        }
        let who = Who { user: itself.user, tty, ssh, how: How::Key };
        let same_protocol = protocol == PROTOCOL;
        let guest = Self {
            hear,
            tell,
            requests,
            who,
            read_only,
            same_protocol,
            news: None,
            figures: None,
            wants_figures: false,
        };
        let _ = guest.serve().await;
    }

    async fn serve(mut self) -> Result<(), Gone> {
        loop {
            tokio::select! {
                biased;
                heard = self.hear.next() => {
                    let frame = heard.ok_or(Gone)??;
                    match decode(&frame.freeze()) {
                        Ok(Frame::Message(message)) => self.answer(message).await?,
                        // What cannot be understood is said, and the connection goes on.
                        Ok(Frame::Piece(_)) => {}
                        Err(error) => self.say(0, Err(error.to_string())).await?,
                    }
                }
                news = next(&mut self.news) => match news {
                    Ok(frame) => self.tell_all(frame).await?,
                    Err(broadcast::error::RecvError::Lagged(_)) => self.attach().await?,
                    Err(broadcast::error::RecvError::Closed) => return Err(Gone),
                },
                figures = latest(&mut self.figures) => match figures {
                    Some(frame) => self.tell.send(frame).await?,
                    None => self.figures = None,
                },
            }
        }
    }

    /// Sends this frame and those that wait behind it in one write.
    async fn tell_all(&mut self, first: Bytes) -> Result<(), Gone> {
        self.tell.feed(first).await?;
        while let Some(Ok(frame)) = self.news.as_mut().map(broadcast::Receiver::try_recv) {
            self.tell.feed(frame).await?;
        }
        Ok(SinkExt::<Bytes>::flush(&mut self.tell).await?)
    }

    async fn answer(&mut self, message: ToSession) -> Result<(), Gone> {
        match message {
            ToSession::Hello { .. } => Ok(()),
            ToSession::Status => {
                let status = self.ask(|answer| ClientRequest::Status { answer }).await?;
                Ok(self.tell.send(encode(&FromSession::Status { status })?).await?)
            }
            ToSession::Pause { id } => self.command(id, Command::Pause, How::Shell).await,
            ToSession::Stop { id, now } => self.command(id, Command::Stop { now }, How::Shell).await,
            ToSession::Do { id, .. } | ToSession::Say { id, .. } if self.read_only => {
                self.say(id, Err("this client only looks (--read-only)".into())).await
            }
            ToSession::Say { id, line, how } => {
                let who = Who { how, ..self.who.clone() };
                let result = self.ask(|answer| ClientRequest::Say { line, who, answer }).await?;
                self.say(id, result).await
            }
            ToSession::Do { id, command, how } if self.same_protocol => self.command(id, command, how).await,
            ToSession::Attach { figures } if self.same_protocol => {
                self.wants_figures = figures;
                self.attach().await
            }
            ToSession::Do { id, .. } => self.say(id, Err(other_protocol())).await,
            ToSession::Attach { .. } => self.say(0, Err(other_protocol())).await,
        }
    }

    async fn command(&mut self, id: u64, command: Command, how: How) -> Result<(), Gone> {
        if self.read_only {
            return self.say(id, Err("this client only looks (--read-only)".into())).await;
        }
        let who = Who { how, ..self.who.clone() };
        let result = self.ask(|answer| ClientRequest::Do { command, who, answer }).await?;
        self.say(id, result).await
    }

    async fn say(&mut self, id: u64, result: Result<String, String>) -> Result<(), Gone> {
        let (granted, text) = result.map_or_else(|why| (false, why), |done| (true, done));
        Ok(self.tell.send(encode(&FromSession::Answer { id, granted, text })?).await?)
    }

    /// A snapshot, encoded on another thread, and the news from there on.
    async fn attach(&mut self) -> Result<(), Gone> {
        let Attached { snapshot, news, mut figures } =
            self.ask(|answer| ClientRequest::Attach { answer }).await?;
        self.news = Some(news);
        self.tell.feed(encode(&FromSession::Snapshot { pieces: snapshot.pieces() })?).await?;
        let (pieces, mut encoded) = mpsc::channel(4);
        tokio::task::spawn_blocking(move || {
            for frame in snapshot.frames() {
                if pieces.blocking_send(frame).is_err() {
                    break;
                }
            }
        });
        while let Some(frame) = encoded.recv().await {
            self.tell.feed(frame.map_err(|_| Gone)?).await?;
        }
        if self.wants_figures {
            let known = figures.borrow_and_update().clone();
            if !known.is_empty() {
                self.tell.feed(known).await?;
            }
            self.figures = Some(figures);
        }
        Ok(SinkExt::<Bytes>::flush(&mut self.tell).await?)
    }

    async fn ask<T>(&self, request: impl FnOnce(oneshot::Sender<T>) -> ClientRequest) -> Result<T, Gone> {
        let (answer, answered) = oneshot::channel();
        self.requests.send(request(answer)).map_err(|_| Gone)?;
        answered.await.map_err(|_| Gone)
    }
}

async fn next(news: &mut Option<broadcast::Receiver<Bytes>>) -> Result<Bytes, broadcast::error::RecvError> {
    match news {
        Some(news) => news.recv().await,
        None => std::future::pending().await,
    }
}

/// The latest figures, once they are others than before; none where there will be no more.
async fn latest(figures: &mut Option<watch::Receiver<Bytes>>) -> Option<Bytes> {
    let Some(figures) = figures else { return std::future::pending().await };
    figures.changed().await.ok()?;
    Some(figures.borrow_and_update().clone())
}

fn other_protocol() -> String {
    format!(
        "this session speaks protocol {PROTOCOL} (evotop {}); attach with its own program",
        env!("CARGO_PKG_VERSION")
    )
}
