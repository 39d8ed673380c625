//! What can go wrong with a journal.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::VERSION;

/// Why a journal cannot be read or written.
#[derive(Debug, Error)]
pub enum JournalError {
    #[error("cannot {doing} {path}: {source}", path = .path.display())]
    Io { doing: &'static str, path: PathBuf, source: io::Error },
    /// Damage before the last line.
    #[error(
        "{path}, line {line}: {what}; evotop repair writes a mended copy and lists what it leaves out",
        path = .path.display()
    )]
    BadLine { path: PathBuf, line: u64, what: String },
    #[error(
        "{path} has journal version {found}, this evotop reads up to {VERSION}: use the evotop that wrote it, or a newer one",
        path = .path.display()
    )]
    Newer { path: PathBuf, found: u32 },
    /// It is empty, or its first line does not say how the run began.
    #[error("{path} does not begin with the creation of a session: it is not a journal, or was cut off", path = .path.display())]
    NoStart { path: PathBuf },
    /// An event that could not be read back (a number that JSON has not got).
    #[error("an event cannot be written to {path}: {what}", path = .path.display())]
    Unwritable { path: PathBuf, what: String },
    /// An earlier failure left the file in doubt: see `Writer::reopen`.
    #[error("{path} is not written to any more until it was read back: {why}", path = .path.display())]
    InDoubt { path: PathBuf, why: String },
    /// Read back after a failure, the file lacks entries that were on disk before.
    #[error(
        "{path} lost entries that were written: it ends before seq {found}, and seq {expected} was reached; check the disk",
        path = .path.display()
    )]
    Lost { path: PathBuf, found: u64, expected: u64 },
    /// The file that is followed was cut back or replaced; it has to be read again from its start.
    #[error("{path} was replaced: it has to be read again from its start", path = .path.display())]
    Replaced { path: PathBuf },
    #[error("{path} is there already: nothing was written over it", path = .path.display())]
    Exists { path: PathBuf },
}

impl JournalError {
    pub(super) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { doing, path: path.to_owned(), source }
    }

    /// Whether room is what is missing: on the disk, in a quota, or under a file size limit.
    pub fn is_no_space(&self) -> bool {
        matches!(self, Self::Io { source, .. } if is_no_space(source))
    }
}

/// Whether an error says that room is missing: on the disk, in a quota, or under a file size limit.
pub fn is_no_space(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let full = [Errno::NOSPC, Errno::DQUOT, Errno::FBIG];
    error.raw_os_error().is_some_and(|code| full.iter().any(|errno| errno.raw_os_error() == code))
}
