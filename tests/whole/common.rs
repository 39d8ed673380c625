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

/// Pids of the processes that work on this session: the session, guards, workers, by what their command lines say.
pub fn processes(world: &World, word: &str) -> Vec<u32> {
    let home = format!("HOME={}", world.home.path().display());
    let pids = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let ours = |pid: &u32| {
        let read = |file: &str| std::fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
        let environment = read("environ");
        let words = read("cmdline");
        environment.split(|b| *b == 0).any(|variable| variable == home.as_bytes())
            && words.split(|b| *b == 0).any(|w| w == word.as_bytes())
    };
    pids.filter(ours).collect()
}

/// A test that failed leaves nothing running.
impl Drop for World {
    fn drop(&mut self) {
        for word in ["run", "session", "guard", "sim-worker"] {
            for pid in processes(self, word) {
                let _ = Command::new("kill").args(["-KILL", &pid.to_string()]).status();
            }
        }
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
