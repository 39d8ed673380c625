//! The files of a session that follow from its state: attempts' directories now, tables and live files as it goes.

use std::path::PathBuf;

use crate::dir::{DirError, SessionDir, replace};
use crate::journal::Access;
use crate::space::{Hyp, hyp};

/// The session's directory in the hands of the engine.
#[derive(Debug)]
pub(super) struct Files {
    dir: SessionDir,
}

impl Files {
    pub fn open(dir: SessionDir) -> Self {
        Self { dir }
    }

    /// Makes an attempt's directory, with its `hyp.yaml`. Returns it, and the one of the attempt before.
    pub fn begin(
        &self,
        generation: u64,
        attempt: u32,
        values: &Hyp,
    ) -> Result<(PathBuf, Option<PathBuf>), DirError> {
        let dir = self.dir.create_attempt(generation, attempt, Access::Private)?;
        let dir = std::path::absolute(&dir).unwrap_or(dir);
        replace(&dir.join("hyp.yaml"), hyp::write(values).as_bytes(), Access::Private)?;
        let before = attempt.checked_sub(1).filter(|n| *n > 0).map(|n| self.dir.attempt(generation, n));
        Ok((dir, before.filter(|dir| dir.exists()).map(|dir| std::path::absolute(&dir).unwrap_or(dir))))
    }
}
