//! A run of the simulated trainer that is started again with the same words whenever its session is gone.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use super::fault::Fault;
use crate::common::{World, processes};

pub const GENERATIONS: u64 = 14;
/// A run may take this long in all; on a busy machine it takes seconds.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Run {
    pub world: World,
    pub number: u64,
    session: Option<Child>,
    over: bool,
    sessions: usize,
}

impl Run {
    pub fn new(number: u64) -> Self {
        Self { world: World::new(), number, session: None, over: false, sessions: 0 }
    }

    pub fn dir(&self) -> PathBuf {
        self.world.path("d")
    }

    /// What all its sessions said.
    pub fn told(&self) -> PathBuf {
        self.world.path("told.txt")
    }

    /// The file that makes the clock of its sessions step.
    pub fn clock(&self) -> PathBuf {
        self.world.path("clock")
    }

    /// Starts it, or goes on with it, unless it runs.
    pub fn go_on(&mut self) {
        if self.session.is_some() || self.over {
            return;
        }
        let generations = GENERATIONS.to_string();
        let words = ["run", "--headless", "--trainer", "sim", "--sim-epoch-ms", "20", "--epochs", "2"];
        let more = ["--devices", "cpu*2", "--seed", "3", "--grace", "1", "--on-failure", "pause"];
        let words: Vec<&str> =
            words.into_iter().chain(more).chain(["--generations", &generations, "--dir", "d"]).collect();
        let told = || File::options().create(true).append(true).open(self.told()).unwrap();
        let mut command = self.world.evotop(&words);
        command.env("EVOTOP_CLOCK", self.clock()).stdout(told()).stderr(told()).stdin(Stdio::null());
        self.session = Some(command.spawn().unwrap());
        self.sessions += 1;
    }

    /// The session's process, where one runs.
    pub fn pid(&mut self) -> Option<u32> {
        self.look();
        self.session.as_ref().map(Child::id)
    }

    /// Whether it is complete.
    pub fn is_over(&mut self) -> bool {
        self.look();
        self.over
    }

    /// Buries a session that ended.
    fn look(&mut self) {
        if let Some(session) = &mut self.session
            && let Some(status) = session.try_wait().unwrap()
        {
            self.session = None;
            self.over = status.success();
        }
    }

    /// The session is killed; what it ran goes with it.
    pub fn kill(&mut self) {
        if let Some(mut session) = self.session.take() {
            session.kill().unwrap();
            session.wait().unwrap();
        }
    }

    /// Those of its processes that do this.
    pub fn processes(&self, word: &str) -> Vec<u32> {
        processes(&self.world, word)
    }

    /// Lets it come to its end, as a person would who looks after it now and then.
    pub fn finish(&mut self, happened: &[Fault]) {
        let end = Instant::now() + PATIENCE;
        let mut looked = Instant::now();
        while !self.is_over() {
            assert!(
                Instant::now() < end,
                "run {} is not complete after {happened:?} and {} sessions; {}; it said:\n{}",
                self.number,
                self.sessions,
                self.world.run(&["status", "d"]).stdout.escape_ascii(),
                std::fs::read_to_string(self.told()).unwrap_or_default()
            );
            self.go_on();
            std::thread::sleep(Duration::from_millis(20));
            if looked.elapsed() > Duration::from_secs(4) {
                looked = Instant::now();
                self.help();
            }
        }
    }

    /// Three different candidates whose workers were killed hold the run; a slot that failed twice is left alone for a
    /// minute. A person lets go on, or starts again.
    fn help(&mut self) {
        let output = self.world.run(&["status", "d", "--json"]);
        let status: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        let why = status["why"].as_str().unwrap_or_default();
        if why.contains("failed in a row") {
            self.world.run(&["steer", "d", "resume"]);
        } else if why.contains("no slot") || status["slots"].to_string().contains("quarantined") {
            self.kill();
        }
    }
}
