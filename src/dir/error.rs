//! What can go wrong with the files of a session.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::journal;

/// Why a file of a session could not be read or written.
#[derive(Debug, Error)]
pub enum DirError {
    #[error("cannot {doing} {path}: {source}", path = .path.display())]
    Io { doing: &'static str, path: PathBuf, source: io::Error },
    #[error("the session in {dir} has no trial {generation}: it has {count}, counted from 0", dir = .dir.display())]
    NoTrial { dir: PathBuf, generation: u64, count: u64 },
    #[error(transparent)]
    Journal(#[from] journal::JournalError),
}

impl DirError {
    pub(super) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { doing, path: path.to_owned(), source }
    }

    /// Whether room is what is missing.
    pub fn is_no_space(&self) -> bool {
        match self {
            Self::Io { source, .. } => journal::is_no_space(source),
            Self::Journal(error) => error.is_no_space(),
            Self::NoTrial { .. } => false,
        }
    }
}
