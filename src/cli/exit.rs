//! Exit codes, as `evotop help` and the README list them.

use std::process::ExitCode;

use crate::engine::Finish;

/// How the program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// What was asked for is done.
    Done = 0,
    /// It failed; the message says why.
    Failed = 1,
    /// The command line, a file or an edit is wrong; nothing has changed.
    Usage = 2,
    /// Stopped in good order, more to do: the same command goes on.
    MoreToDo = 3,
    /// Paused and cannot go on by itself.
    Paused = 4,
    /// The journal does not follow from its start.
    Unverified = 5,
    /// There is no such session, or it does not run.
    NoSession = 6,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl From<&Finish> for Exit {
    fn from(finish: &Finish) -> Self {
        match finish {
            Finish::Complete { .. } => Self::Done,
            Finish::Stopped { .. } => Self::MoreToDo,
            Finish::Paused { .. } => Self::Paused,
        }
    }
}

/// An error whose exit code is not [`Exit::Failed`].
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Told {
    pub exit: Exit,
    pub message: String,
}

impl Told {
    /// An error of the command line, a file or an edit.
    pub fn usage(message: impl Into<String>) -> anyhow::Error {
        Self { exit: Exit::Usage, message: message.into() }.into()
    }

    /// An error with this exit code.
    pub fn with(exit: Exit, message: impl Into<String>) -> anyhow::Error {
        Self { exit, message: message.into() }.into()
    }
}
