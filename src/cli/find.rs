//! From what a person calls a session to its directory, and to the session itself.

use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::exit::{Exit, Told};
use super::{block_on, warn};
use crate::dir::{Holder, Lock, Registry, SessionDir};
use crate::session::{State, Status};
use crate::shell;
use crate::wire::{Client, ClientError};

/// How long a session may take to open its socket: it may have to read a long journal, and end survivors.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// How long a session may take to say how it stands, before it is taken for one that ends: nothing is answered any more
/// once the journal has its last line.
const ANSWER: Duration = Duration::from_secs(2);

/// The directory of the session with this name, or in this directory.
pub fn dir(name: &str) -> anyhow::Result<PathBuf> {
    let here = [PathBuf::from(name), Path::new("runs/evolve").join(name)];
    if let Some(dir) = here.into_iter().find(|dir| SessionDir::new(dir).journal().exists()) {
        return Ok(dir);
    }
    if let Some(found) = Registry::open().find(name) {
        return Ok(found.dir);
    }
    Err(Told::with(
        Exit::NoSession,
        format!("there is no session {name} here, and none of that name was started; evotop ls lists them"),
    ))
}

/// As [`dir`]; without a name, the one session that runs.
pub fn dir_or_only(name: Option<&str>) -> anyhow::Result<PathBuf> {
    if let Some(name) = name {
        return dir(name);
    }
    let mut running = running()?;
    match (running.pop(), running.is_empty()) {
        (Some(dir), true) => Ok(dir),
        (None, _) => Err(Told::with(Exit::NoSession, "no session runs; name one (evotop ls lists them)")),
        (Some(_), false) => {
            Err(Told::with(Exit::NoSession, "several sessions run; name one (evotop ls lists them)"))
        }
    }
}

/// Directories of the sessions that run on this machine.
pub fn running() -> anyhow::Result<Vec<PathBuf>> {
    let known = Registry::open().list();
    block_on(async {
        let mut running = Vec::new();
        for session in known {
            if Client::connect(&session.dir, true).await.is_ok() {
                running.push(session.dir);
            }
        }
        running
    })
}

/// The state of a session from its journal.
pub fn state(dir: &Path) -> anyhow::Result<State> {
    let path = SessionDir::new(dir).journal();
    Ok(crate::session::recover(&path)?.state)
}

/// A connection to the session in `dir`, to change it. One that has only just begun is waited for until it listens.
///
/// # Errors
/// As [`Client::connect`].
pub async fn connect(dir: &Path) -> Result<Client, ClientError> {
    let end = tokio::time::Instant::now() + PATIENCE;
    let mut told = false;
    loop {
        let client = Client::connect(dir, false).await;
        if !client.as_ref().is_err_and(|error| will_listen(dir, error)) || tokio::time::Instant::now() > end {
            return client;
        }
        if !std::mem::replace(&mut told, true) {
            warn("waiting for the session to listen");
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// How a session says it stands.
///
/// # Errors
/// As [`Client::connect`]; where it does not answer, as if it had gone away.
pub async fn ask(dir: &Path) -> Result<Box<Status>, ClientError> {
    let asked = async { Client::connect(dir, true).await?.status().await };
    tokio::time::timeout(ANSWER, asked).await.unwrap_or(Err(ClientError::Disconnected))
}

/// Whether a session that cannot be reached is of this user and machine: it begins or ends, or makes its socket anew.
pub fn will_listen(dir: &Path, error: &ClientError) -> bool {
    let is_mine = |file: std::fs::Metadata| file.uid() == rustix::process::getuid().as_raw();
    matches!(error, ClientError::NoSession { .. })
        && std::fs::metadata(SessionDir::new(dir).lock()).is_ok_and(is_mine)
        && holder(dir).is_some_and(|holder| holder.is_here())
}

/// How a session stands, from itself; where none answers, from its journal, and then the state as well.
pub fn status(dir: &Path) -> anyhow::Result<(Status, Option<State>)> {
    match block_on(ask(dir))? {
        Ok(status) => Ok((*status, None)),
        // One that cannot be understood may be of a later build; its journal may still be read.
        Err(
            ClientError::NoSession { .. }
            | ClientError::Disconnected
            | ClientError::Io(_)
            | ClientError::Undecodable(_),
        ) => {
            let state = state(dir)?;
            let mut status = state.status();
            if state.open.is_some() && !state.is_complete() && holder(dir).is_none() {
                status.state = "interrupted".into();
            }
            Ok((status, Some(state)))
        }
        Err(error) => Err(told(&error)),
    }
}

/// The process that has the session open, here or on another host, as far as that can be told.
pub fn holder(dir: &Path) -> Option<Holder> {
    Lock::holder(&SessionDir::new(dir))
}

/// A client's error with the exit code it deserves.
pub fn told(error: &ClientError) -> anyhow::Error {
    if let ClientError::NoSession { dir } = error
        && let Some(Holder { host, pid, .. }) = holder(dir)
    {
        let message = format!(
            "the session in {} runs on {host} (process {pid}) and cannot be reached from here: steer and stop it \
             there; evotop attach {} follows its journal",
            dir.display(),
            shell::path(dir)
        );
        return Told::with(Exit::NoSession, message);
    }
    let exit = match error {
        ClientError::NoSession { .. } | ClientError::Disconnected => Exit::NoSession,
        // It ended while it was spoken to.
        ClientError::Io(error)
            if matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) =>
        {
            Exit::NoSession
        }
        _ => Exit::Failed,
    };
    Told::with(exit, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_that_ended_while_it_was_spoken_to_is_none_that_runs() {
        let exit = |error: &ClientError| told(error).downcast_ref::<Told>().map(|told| told.exit);
        let io = |kind: ErrorKind| ClientError::Io(kind.into());
        let gone = [ClientError::Disconnected, io(ErrorKind::ConnectionReset), io(ErrorKind::BrokenPipe)];
        for error in gone {
            assert_eq!(exit(&error), Some(Exit::NoSession), "{error}");
        }
        assert_eq!(exit(&io(ErrorKind::PermissionDenied)), Some(Exit::Failed));
    }
}
