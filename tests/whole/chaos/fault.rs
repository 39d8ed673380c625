//! What can happen to a run.

use std::fs::File;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rustix::process::{Pid, Resource, Rlimit, prlimit};

use super::run::Run;

/// Who it happens to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whom {
    Session,
    Guard,
    Worker,
    All,
}

impl Whom {
    fn words(self) -> &'static [&'static str] {
        match self {
            Self::Session => &["run"],
            Self::Guard => &["guard"],
            Self::Worker => &["sim-worker"],
            Self::All => &["run", "guard", "sim-worker"],
        }
    }

    fn processes(self, run: &Run) -> Vec<u32> {
        self.words().iter().flat_map(|word| run.processes(word)).collect()
    }
}

/// Something that happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// SIGKILL.
    Kill(Whom),
    /// SIGSTOP, and SIGCONT a while later.
    Stop(Whom),
    /// The session is killed, and of the journal's unacknowledged end a part is lost.
    TornTail,
    /// No byte more can be written, for a while; or until the session is killed.
    FullDisk { killed: bool },
    /// The session's socket is deleted.
    NoSocket,
    /// A worker says what no worker says.
    Garbage,
    /// The clock steps by up to a day.
    ClockStep,
}

const ALL: [Fault; 14] = [
    Fault::Kill(Whom::Session),
    Fault::Kill(Whom::Guard),
    Fault::Kill(Whom::Worker),
    Fault::Kill(Whom::All),
    Fault::Stop(Whom::Session),
    Fault::Stop(Whom::Guard),
    Fault::Stop(Whom::Worker),
    Fault::Stop(Whom::All),
    Fault::TornTail,
    Fault::FullDisk { killed: true },
    Fault::FullDisk { killed: false },
    Fault::NoSocket,
    Fault::Garbage,
    Fault::ClockStep,
];

impl Fault {
    pub fn random(random: &mut ChaCha8Rng) -> Self {
        ALL[random.random_range(0..ALL.len())]
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Kill(Whom::Session) => "session killed",
            Self::Kill(Whom::Guard) => "guards killed",
            Self::Kill(Whom::Worker) => "workers killed",
            Self::Kill(Whom::All) => "all killed at once",
            Self::Stop(Whom::Session) => "session stopped and continued",
            Self::Stop(Whom::Guard) => "guards stopped and continued",
            Self::Stop(Whom::Worker) => "workers stopped and continued",
            Self::Stop(Whom::All) => "all stopped and continued",
            Self::TornTail => "session killed, unacknowledged tail torn",
            Self::FullDisk { killed: true } => "disk full, session killed",
            Self::FullDisk { killed: false } => "disk full, and space again",
            Self::NoSocket => "socket deleted",
            Self::Garbage => "garbage from a worker",
            Self::ClockStep => "clock stepped",
        }
    }

    /// Happens, after a while. Whether there was anybody for it to happen to.
    pub fn happen(self, run: &mut Run, random: &mut ChaCha8Rng) -> bool {
        pause(random, 5..250);
        match self {
            Self::Kill(whom) => {
                let there = signal(&whom.processes(run), "KILL");
                if matches!(whom, Whom::Session | Whom::All) {
                    run.kill();
                }
                there
            }
            Self::Stop(whom) => {
                // The same ones are continued: a session's child is a guard a moment later.
                let stopped = whom.processes(run);
                let there = signal(&stopped, "STOP");
                pause(random, 20..300);
                signal(&stopped, "CONT");
                there
            }
            Self::TornTail => {
                let there = run.pid().is_some();
                run.kill();
                there && tear(run, random)
            }
            Self::FullDisk { killed } => full(run, killed, random),
            Self::NoSocket => {
                let socket = evotop::wire::socket_of(&run.dir());
                socket.is_ok_and(|socket| std::fs::remove_file(socket).is_ok())
            }
            Self::Garbage => garbage(run, random),
            Self::ClockStep => {
                let day = 86_400_000;
                let step: i64 = random.random_range(-day..day);
                std::fs::write(run.clock(), step.to_string()).unwrap();
                run.pid().is_some()
            }
        }
    }
}

fn pause(random: &mut ChaCha8Rng, milliseconds: std::ops::Range<u64>) {
    std::thread::sleep(Duration::from_millis(random.random_range(milliseconds)));
}

/// Sends a signal; whether anybody got it.
fn signal(pids: &[u32], name: &str) -> bool {
    pids.iter().fold(false, |there, pid| {
        let words = [format!("-{name}"), pid.to_string()];
        there | Command::new("kill").args(words).stderr(Stdio::null()).status().unwrap().success()
    })
}

/// Cuts the journal somewhere behind its last event that was synced before it was told, and leaves a torn line there.
fn tear(run: &Run, random: &mut ChaCha8Rng) -> bool {
    let path = run.dir().join("journal.jsonl");
    let Ok(text) = std::fs::read(&path) else { return false };
    let lines = text.split_inclusive(|b| *b == b'\n');
    let told: usize = {
        let (mut told, mut at) = (0, 0);
        for line in lines {
            at += line.len();
            let text = String::from_utf8_lossy(line);
            if !text.contains(r#""event":{"epoch":"#) && !text.contains(r#""event":{"note":"#) {
                told = at;
            }
        }
        told
    };
    if told == 0 {
        return false;
    }
    let cut = random.random_range(told..=text.len());
    let line = text[..told].split_inclusive(|b| *b == b'\n').next_back().unwrap_or_default();
    let torn = if cut == text.len() { &line[..random.random_range(0..line.len())] } else { &[] };
    std::fs::write(&path, [&text[..cut], torn].concat()).unwrap();
    true
}

/// No file of the session may grow beyond the journal's length and a little more.
fn full(run: &mut Run, killed: bool, random: &mut ChaCha8Rng) -> bool {
    let Some(pid) = run.pid().and_then(|pid| Pid::from_raw(pid.cast_signed())) else { return false };
    let length = std::fs::metadata(run.dir().join("journal.jsonl")).map_or(0, |meta| meta.len());
    if length == 0 {
        return false;
    }
    let limit = |bytes: Option<u64>| {
        prlimit(Some(pid), Resource::Fsize, Rlimit { current: bytes, maximum: None }).is_ok()
    };
    let there = limit(Some(length + random.random_range(0..400)));
    pause(random, 50..400);
    if killed {
        run.kill();
    } else {
        limit(None);
    }
    there
}

/// Writes into what the session reads a worker's lines from.
fn garbage(run: &Run, random: &mut ChaCha8Rng) -> bool {
    let workers = run.processes("sim-worker");
    let Some(pid) = workers.get(random.random_range(0..workers.len().max(1))) else { return false };
    let Ok(mut pipe) = File::options().write(true).open(format!("/proc/{pid}/fd/1")) else { return false };
    let bytes: Vec<u8> = match random.random_range(0..4) {
        0 => (0..200).map(|_| random.random::<u8>()).collect(),
        1 => b"{\"type\":\"resul".to_vec(),
        2 => b"\n{\"type\":\"no-such-thing\",\"trial\":-1}\n\n".to_vec(),
        _ => "\u{1b}[2J\u{1b}]0;title\u{7} Traceback (most recent call last):\n".repeat(20).into_bytes(),
    };
    pipe.write_all(&bytes).is_ok()
}
