//! The real program without a screen: how fast it starts, and what an idle session costs.

use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use criterion::Criterion;

use crate::clock::{computed, median, memory, ms, timed};
use crate::long_run::{self, SIZES};
use crate::table::{Row, Unit};

/// How long an idle session is watched.
const WATCHED: Duration = Duration::from_secs(20);

/// `evotop`, in a world of its own.
pub fn evotop(home: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_evotop"));
    command.args(words).current_dir(home).env("HOME", home).env("XDG_STATE_HOME", home.join("state"));
    command
}

/// A session process in a directory with a journal, that is ended with this value.
pub struct Session(Child);

impl Session {
    /// Opens the session in `dir` and waits until it can be reached.
    pub fn open(home: &Path, dir: &Path) -> Self {
        let slot = serde_json::json!({"name": "cpu", "device": "cpu"});
        let start = serde_json::json!({"dir": dir, "slots": [slot], "argv": [], "on_failure": "pause"});
        let mut command = evotop(home, &["session"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(start.to_string().as_bytes()).unwrap();
        let session = Self(child);
        let end = Instant::now() + Duration::from_secs(60);
        while !evotop(home, &["status", dir.to_str().unwrap()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap()
            .success()
            || !std::fs::exists(dir.join("live/settings.yaml")).unwrap()
        {
            assert!(Instant::now() < end, "the session in {} does not come up", dir.display());
            std::thread::sleep(Duration::from_millis(50));
        }
        session
    }

    pub fn pid(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub fn rows(_: &mut Criterion) -> Vec<Row> {
    let mut rows = vec![start_up()];
    for generations in SIZES {
        rows.extend(idle(generations));
    }
    rows
}

fn start_up() -> Row {
    let home = tempfile::tempdir().unwrap();
    let version = || {
        let status = evotop(home.path(), &["--version"]).stdout(Stdio::null()).status().unwrap();
        assert!(status.success());
    };
    let mut samples: Vec<Duration> = (0..101).map(|_| timed(version)).collect();
    Row::at_most("evotop --version", Unit::Milliseconds, 5.0, ms(median(&mut samples)))
        .with("median of 101 starts")
}

fn idle(generations: u64) -> [Row; 2] {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("run");
    std::fs::create_dir(&dir).unwrap();
    long_run::write(&long_run::of(generations), &dir);
    let session = Session::open(home.path(), &dir);
    std::thread::sleep(Duration::from_secs(2));
    let before = computed(session.pid());
    std::thread::sleep(WATCHED);
    let core = computed(session.pid()).saturating_sub(before).as_secs_f64() / WATCHED.as_secs_f64();
    let memory = memory(session.pid(), "VmRSS");
    let figure = |what: &str| format!("idle session at {generations} generations, {what}");
    let core = Row::at_most(figure("one core"), Unit::Core, 0.001, core);
    let memory = if generations > 300 {
        Row::told(figure("memory"), Unit::Mebibytes, memory)
    } else {
        Row::at_most(figure("memory"), Unit::Mebibytes, 20.0, memory)
    };
    [core, memory]
}
