//! The real program in a world of its own: an empty home, an empty directory.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

/// A home and a working directory of its own; everything in it goes away with it.
pub struct World {
    pub home: tempfile::TempDir,
}

impl World {
    pub fn new() -> Self {
        Self { home: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// `evotop WORDS`, in this world.
    pub fn evotop(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_evotop"));
        command
            .args(words)
            .current_dir(self.home.path())
            .env("HOME", self.home.path())
            .env("XDG_STATE_HOME", self.home.path().join("state"))
            .env_remove("SSH_CONNECTION");
        command
    }

    /// Runs it to its end.
    pub fn run(&self, words: &[&str]) -> Output {
        self.evotop(words).output().unwrap()
    }

    /// Runs it to its end, which has to be good; returns what it printed.
    pub fn good(&self, words: &[&str]) -> String {
        let output = self.run(words);
        assert!(
            output.status.success(),
            "evotop {words:?} ended with {:?}\n{}\n{}",
            output.status.code(),
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    /// `evotop status --json` of a session.
    pub fn status(&self, name: &str) -> serde_json::Value {
        serde_json::from_str(&self.good(&["status", name, "--json"])).unwrap()
    }
}

/// Waits until `reached` says so; `what` is for the message.
pub fn wait_until(what: &str, mut reached: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !reached() {
        assert!(Instant::now() < end, "still not: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Rows of a session's evolve.csv, without the header.
pub fn rows(dir: &Path) -> usize {
    std::fs::read_to_string(dir.join("evolve.csv")).unwrap_or_default().lines().count().saturating_sub(1)
}
