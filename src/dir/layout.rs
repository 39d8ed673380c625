//! Where things are in a session's directory.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use super::DirError;
use crate::journal::Access;

/// The directory of a session. Whether it is there is another question.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SessionDir {
    root: PathBuf,
}

impl SessionDir {
    pub fn new(root: impl AsRef<Path>) -> Self {
        Self { root: root.as_ref().to_owned() }
    }

    /// The directory itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What happened: the truth, from which everything else here can be made again.
    pub fn journal(&self) -> PathBuf {
        self.root.join("journal.jsonl")
    }

    /// How the session was started.
    pub fn session_yaml(&self) -> PathBuf {
        self.root.join("session.yaml")
    }

    /// Output of the session process.
    pub fn session_log(&self) -> PathBuf {
        self.root.join("session.log")
    }

    /// Who has the session open.
    pub fn lock(&self) -> PathBuf {
        self.root.join("lock")
    }

    /// Files that steer when they are edited.
    pub fn live(&self) -> PathBuf {
        self.root.join("live")
    }

    pub fn evolve_csv(&self) -> PathBuf {
        self.root.join("evolve.csv")
    }

    pub fn evolve_txt(&self) -> PathBuf {
        self.root.join("evolve.txt")
    }

    pub fn evolve_png(&self) -> PathBuf {
        self.root.join("evolve.png")
    }

    /// The best candidate, under the name YOLOv5 gives it since v6.
    pub fn hyp_evolve(&self) -> PathBuf {
        self.root.join("hyp_evolve.yaml")
    }

    /// The best candidate, under the name of 2021.
    pub fn hyp_evolved(&self) -> PathBuf {
        self.root.join("hyp_evolved.yaml")
    }

    /// The directories of all trials.
    pub fn trials(&self) -> PathBuf {
        self.root.join("trials")
    }

    /// `trials/000037`.
    pub fn trial(&self, generation: u64) -> PathBuf {
        self.trials().join(format!("{generation:06}"))
    }

    /// `trials/000037/a1`: never shared by two attempts.
    pub fn attempt(&self, generation: u64, attempt: u32) -> PathBuf {
        self.trial(generation).join(format!("a{attempt}"))
    }

    /// Makes the directory and those above it; one that is there is left as it is.
    ///
    /// # Errors
    /// Those of the system.
    pub fn create(&self, access: Access) -> Result<(), DirError> {
        make_dir(&self.root, access)
    }

    /// Makes an attempt's directory.
    ///
    /// # Errors
    /// Those of the system.
    pub fn create_attempt(&self, generation: u64, attempt: u32, access: Access) -> Result<PathBuf, DirError> {
        let dir = self.attempt(generation, attempt);
        make_dir(&dir, access)?;
        Ok(dir)
    }

    /// Bytes that the directory takes, as far as it can be read.
    pub fn bytes(&self) -> u64 {
        bytes(&self.root)
    }
}

/// Bytes that the files below a directory take, as far as they can be read. Links are not followed.
pub fn bytes(dir: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(dir) else { return 0 };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(meta) if meta.is_dir() => bytes(&entry.path()),
            Ok(meta) => meta.len(),
            Err(_) => 0,
        })
        .sum()
}

/// Makes a directory and those above it.
pub(super) fn make_dir(dir: &Path, access: Access) -> Result<(), DirError> {
    let made = DirBuilder::new().recursive(true).mode(access.dir_mode()).create(dir);
    made.map_err(DirError::io("make the directory", dir))
}
