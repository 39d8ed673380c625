//! The state from a journal on disk.

use std::path::{Path, PathBuf};

use thiserror::Error;

use super::State;
use crate::journal::{self, Created, Event, JournalError, Recovered};

/// Why a journal does not give a state.
#[derive(Debug, Error)]
pub enum RecoverError {
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error("{path}: the journal does not say how the run began; take its first line from a backup, or start anew", path = path.display())]
    NoStart { path: PathBuf },
}

/// A session as its journal tells it.
#[derive(Debug)]
pub struct Recovery {
    pub state: State,
    /// How the run began.
    pub created: Created,
    /// Where the journal's writer goes on.
    pub recovered: Recovered,
}

/// Reads a journal and folds it.
///
/// # Errors
/// Where it cannot be read, is damaged before its last line, or lacks its first.
pub fn recover(path: &Path) -> Result<Recovery, RecoverError> {
    let mut first: Option<(State, Created)> = None;
    let recovered = journal::look(path, |entry| match (&mut first, &entry.event) {
        (Some((state, _)), _) => state.apply(entry),
        (None, Event::Created(created)) => {
            first = Some((State::new(created, entry.time), (**created).clone()));
        }
        (None, _) => {}
    })?;
    let (state, created) = first.ok_or_else(|| RecoverError::NoStart { path: path.into() })?;
    Ok(Recovery { state, created, recovered })
}
