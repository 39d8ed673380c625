//! A slot in a directory of its own, without an engine.

use std::path::{Path, PathBuf};
use std::time::Duration;

use evotop::journal::SlotSpec;
use evotop::runner::{Slot, SlotConfig, SlotNews, SlotNewsKind, survivors};
use evotop::space::Scalar;
use evotop::trial::{Job, MetricRule, Outcome, RunSpec, Trainer};
use indexmap::IndexMap;
use tokio::sync::mpsc;

/// Nothing a test waits for takes so long.
const LONG: Duration = Duration::from_secs(60);

pub struct Bench {
    pub dir: tempfile::TempDir,
    pub slot: Option<Slot>,
    pub news: mpsc::UnboundedReceiver<SlotNews>,
    /// Everything that was heard.
    pub heard: Vec<SlotNewsKind>,
}

/// A shell command as a trainer; its braces are braces.
pub fn shell(script: &str) -> Trainer {
    template(&script.replace('{', "{{").replace('}', "}}"))
}

/// A shell command with placeholders as a trainer.
pub fn template(script: &str) -> Trainer {
    command(&["sh", "-c", script], &[])
}

pub fn command(words: &[&str], metrics: &[&str]) -> Trainer {
    Trainer::Command {
        argv: words.iter().map(|w| (*w).to_owned()).collect(),
        metrics: metrics.iter().map(|text| MetricRule::parse(text).unwrap()).collect(),
        preset: None,
    }
}

/// A worker written in shell: `$1` is what it does with a job, whose number is in `$trial`.
pub fn worker(on_job: &str) -> Trainer {
    let script = format!(
        r#"while read line; do case "$line" in
*setup*) echo '{{"type":"hello","protocol":1,"program":"test 1","build":"1","metrics":["acc"]}}';;
*'"job"'*) trial=$(echo "$line" | sed 's/.*"trial":\([0-9]*\).*/\1/'); {on_job};;
esac; done"#
    );
    Trainer::Worker { argv: vec!["sh".into(), "-c".into(), script] }
}

pub fn spec(trainer: Trainer) -> RunSpec {
    RunSpec {
        trainer,
        options: IndexMap::new(),
        cwd: std::env::current_dir().unwrap(),
        devices: "cpu".into(),
        hyp: String::new(),
        space: None,
        trial_timeout: None,
        silence: None,
        grace: 1,
    }
}

pub fn job(dir: &Path, trial: u64) -> Job {
    let dir = dir.join(format!("trials/{trial:06}/a1"));
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::write(dir.join("hyp.yaml"), "lr: 0.01\nmomentum: 0.9\n").unwrap();
    Job {
        trial,
        attempt: 1,
        seed: 0,
        hyp: IndexMap::from([
            ("lr".to_owned(), Scalar::Float(0.01)),
            ("momentum".to_owned(), Scalar::Float(0.9)),
        ]),
        dir,
        previous: None,
        device: "cpu".into(),
        threads: 1,
    }
}

pub fn config(spec: RunSpec, dir: &Path, name: &str) -> SlotConfig {
    SlotConfig {
        quiet: Duration::from_millis(600),
        spec: SlotSpec { name: name.into(), device: "cpu".into() },
        run: spec,
        threads: 1,
        slots: 1,
        generations: 300,
        dir: dir.to_owned(),
        evotop: PathBuf::from(env!("CARGO_BIN_EXE_evotop")),
        guard: PathBuf::from(env!("CARGO_BIN_EXE_evotop")),
    }
}

impl Bench {
    pub fn new(trainer: Trainer) -> Self {
        Self::with(spec(trainer))
    }

    pub fn with(spec: RunSpec) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (tell, news) = mpsc::unbounded_channel();
        let slot = Slot::open(config(spec, dir.path(), "cpu"), tell);
        Self { dir, slot: Some(slot), news, heard: Vec::new() }
    }

    pub fn slot(&self) -> &Slot {
        self.slot.as_ref().unwrap()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Starts a trial.
    pub fn start(&self, trial: u64) {
        self.slot().run(job(self.dir.path(), trial));
    }

    /// The next news that `pick` wants.
    pub async fn until<T>(&mut self, what: &str, mut pick: impl FnMut(&SlotNewsKind) -> Option<T>) -> T {
        loop {
            let news = tokio::time::timeout(LONG, self.news.recv()).await;
            let news = news.unwrap_or_else(|_| panic!("still not: {what}; heard {:?}", self.heard));
            let kind = news.unwrap().kind;
            let picked = pick(&kind);
            self.heard.push(kind);
            if let Some(picked) = picked {
                return picked;
            }
        }
    }

    /// Waits until a process has the trial; its pid.
    pub async fn started(&mut self) -> u32 {
        let pid = |kind: &SlotNewsKind| match kind {
            SlotNewsKind::Started { process, .. } => Some(process.pid),
            _ => None,
        };
        self.until("a start", pid).await
    }

    pub async fn ended(&mut self) -> Outcome {
        let outcome = |kind: &SlotNewsKind| match kind {
            SlotNewsKind::Ended { outcome, .. } => Some(outcome.clone()),
            _ => None,
        };
        self.until("an end", outcome).await
    }

    /// Runs one trial to its end.
    pub async fn run(&mut self, trial: u64) -> Outcome {
        self.start(trial);
        self.ended().await
    }

    /// Ends the slot; afterwards nothing of it may live.
    pub async fn close(mut self) {
        self.slot.take().unwrap().close().await;
        let left = marked(self.dir.path());
        assert!(left.is_empty(), "left behind: {left:?}");
        assert!(
            !self.news.try_recv().is_ok_and(|news| matches!(news.kind, SlotNewsKind::Ended { .. })),
            "a trial ended twice"
        );
    }
}

/// Command lines of the processes that belong to the session in `dir`.
pub fn marked(dir: &Path) -> Vec<String> {
    survivors::of(dir).into_iter().map(|p| evotop::process::words(p.pid)).collect()
}

pub fn wait_until(what: &str, mut reached: impl FnMut() -> bool) {
    let end = std::time::Instant::now() + LONG;
    while !reached() {
        assert!(std::time::Instant::now() < end, "still not: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
