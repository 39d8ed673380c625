//! The real program as evotop drives it: the worker protocol over pipes.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use evotop::space::Scalar;
use evotop::trial::protocol::{FromWorker, PROTOCOL, ToWorker};
use evotop::trial::{FailureClass, Job, Metrics};
use indexmap::IndexMap;
use tempfile::TempDir;

const METRICS: [&str; 7] = [
    "metrics/precision",
    "metrics/recall",
    "metrics/mAP_0.5",
    "metrics/mAP_0.5:0.95",
    "val/box_loss",
    "val/obj_loss",
    "val/cls_loss",
];

struct Worker {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: std::io::Lines<BufReader<ChildStdout>>,
    dir: TempDir,
}

impl Worker {
    /// A worker on a very small digits data set.
    fn start(more: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_evotop-yolo"))
            .arg("worker")
            .env("XDG_CACHE_HOME", dir.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take().unwrap());
        let mut worker = Self { child, stdin, lines: BufReader::new(stdout).lines(), dir };
        let mut options: IndexMap<String, String> =
            [("digits", "12,4"), ("batch", "4"), ("img", "64"), ("epochs", "2"), ("device", "cpu")]
                .into_iter()
                .chain(more.iter().copied())
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect();
        options.retain(|_, value| value != "-");
        worker.tell(&ToWorker::Setup { protocol: PROTOCOL, options });
        worker
    }

    fn tell(&mut self, word: &ToWorker) {
        let mut line = serde_json::to_string(word).unwrap();
        line.push('\n');
        self.stdin.as_mut().unwrap().write_all(line.as_bytes()).unwrap();
    }

    fn job(&mut self, trial: u64, seed: u64, hyp: &[(&str, f64)]) {
        self.job_on("cpu", trial, seed, hyp);
    }

    fn job_on(&mut self, device: &str, trial: u64, seed: u64, hyp: &[(&str, f64)]) {
        let dir = self.dir.path().join(format!("t{trial}"));
        std::fs::create_dir_all(&dir).unwrap();
        let hyp = hyp.iter().map(|(name, x)| ((*name).to_owned(), Scalar::Float(*x))).collect();
        let device = device.to_owned();
        self.tell(&ToWorker::Job(Job {
            trial,
            attempt: 1,
            seed,
            hyp,
            dir,
            previous: None,
            device,
            threads: 1,
        }));
    }

    /// The next word that is no log line.
    fn hear(&mut self) -> FromWorker {
        loop {
            let line = self.lines.next().expect("the worker ended").unwrap();
            match serde_json::from_str(&line).unwrap_or_else(|why| panic!("{line}: {why}")) {
                FromWorker::Log { .. } => {}
                word => return word,
            }
        }
    }

    /// The next word that ends a training.
    fn end(&mut self) -> FromWorker {
        loop {
            match self.hear() {
                FromWorker::Batch { .. } | FromWorker::Epoch { .. } => {}
                word => return word,
            }
        }
    }

    fn result(&mut self) -> Metrics {
        match self.end() {
            FromWorker::Result { metrics, .. } => metrics,
            other => panic!("no result: {other:?}"),
        }
    }

    fn exits_well(mut self) {
        drop(self.stdin.take());
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A model that cannot be: its last two layers want pictures of one size and get two.
const NO_MODEL: &str = "{nc: 10, depth_multiple: 1, width_multiple: 1, anchors: 3, backbone: [[-1, 1, Conv, [16, 3, 2]], \
    [-1, 1, Conv, [16, 3, 2]]], head: [[[-1, 0], 1, Concat, [1]], [[2], 1, Detect, [nc, anchors]]]}";

/// A model whose anchors are only counted.
const COUNTED_ANCHORS: &str = "{nc: 10, depth_multiple: 1, width_multiple: 1, anchors: 3, backbone: [[-1, 1, Conv, [16, 3, 2]]], \
    head: [[[-1], 1, Detect, [nc, anchors]]]}";

#[test]
fn what_no_candidate_could_be_trained_with_is_no_candidates_fault() {
    let folder = tempfile::tempdir().unwrap();
    let [broken, counted] = ["no.yaml", "counted.yaml"].map(|name| folder.path().join(name));
    std::fs::write(&broken, NO_MODEL).unwrap();
    std::fs::write(&counted, COUNTED_ANCHORS).unwrap();
    let cfg = |path: &'_ std::path::PathBuf| ("cfg", path.display().to_string());
    for (options, words) in [
        (vec![cfg(&broken)], "different sizes"),
        (vec![("freeze", "99".into())], "--freeze"),
        (vec![cfg(&counted), ("noautoanchor", "true".into())], "anchors"),
    ] {
        let options: Vec<(&str, &str)> =
            options.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let mut worker = Worker::start(&options);
        assert!(matches!(worker.hear(), FromWorker::Hello { .. }));
        worker.job(1, 0, &[("lr0", 0.01)]);
        let FromWorker::Error { class, message, .. } = worker.end() else { panic!("no error") };
        assert!(class == FailureClass::SlotLost && message.contains(words), "{class:?} {message}");
    }
}

#[test]
fn memory_is_told_of_before_pictures_are_read_and_the_device_as_the_job_names_it() {
    let mut worker = Worker::start(&[("device", "cuda:7")]);
    worker.job(1, 0, &[("lr0", 0.01)]);
    let mut told = Vec::new();
    while !told.iter().any(|line: &String| line.contains(r#""type":"result""#)) {
        told.push(worker.lines.next().expect("the worker ended").unwrap());
    }
    let at = |text: &str| {
        told.iter().position(|line| line.contains(text)).unwrap_or_else(|| panic!("{text}: {told:?}"))
    };
    assert!(
        at("\"memory: ") < at("\"train: ") && at("\"train: ") < at("device: cpu, 1 thread\""),
        "{told:?}"
    );
}

#[test]
fn it_says_hello_and_trains_one_job_after_the_other() {
    let mut worker = Worker::start(&[]);
    let FromWorker::Hello { protocol, metrics, fitness, .. } = worker.hear() else { panic!("no hello") };
    assert_eq!(protocol, PROTOCOL);
    assert_eq!(metrics, METRICS);
    assert_eq!(fitness["metrics/mAP_0.5:0.95"], 0.9);
    worker.job(1, 7, &[("lr0", 0.01)]);
    let mut epochs = 0;
    let first = loop {
        match worker.hear() {
            FromWorker::Epoch { trial, epoch, epochs: all, metrics, .. } => {
                epochs += 1;
                assert_eq!((trial, epoch, all), (1, epochs, 2));
                assert!(metrics.get("train/box_loss").unwrap() > 0.0);
                assert!(metrics.get("val/obj_loss").is_some());
            }
            FromWorker::Batch { .. } => {}
            FromWorker::Result { metrics, .. } => break metrics,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(epochs, 2);
    assert_eq!(first.0.keys().collect::<Vec<_>>(), METRICS);
    let csv = std::fs::read_to_string(worker.dir.path().join("t1/results.csv")).unwrap();
    assert_eq!(csv.lines().count(), 3);
    worker.job(2, 7, &[("lr0", 0.01)]);
    assert_eq!(worker.result(), first, "the same hyperparameters and seed");
    worker.job(3, 8, &[("lr0", 0.01)]);
    assert_ne!(worker.result(), first, "another seed");
    worker.job(4, 9, &[("lr0", 0.1), ("mixup", 1.0), ("fl_gamma", 1.5)]);
    worker.result();
    worker.job(5, 7, &[("lr0", 0.01)]);
    assert_eq!(worker.result(), first, "other trainings in between leave nothing behind");
    worker.exits_well();
}

/// Memory of a process that is in use, in bytes.
#[cfg(target_os = "linux")]
fn resident(pid: u32) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() * 1024.0
}

#[cfg(target_os = "linux")]
#[test]
fn what_a_worker_holds_after_fifty_trials_is_what_it_held_after_five() {
    let mut worker = Worker::start(&[("epochs", "1")]);
    worker.hear();
    let mut held = Vec::new();
    for trial in 1..=50 {
        worker.job(trial, trial, &[("lr0", 0.01), ("mosaic", (trial % 3) as f64 / 2.0)]);
        worker.result();
        held.push(resident(worker.child.id()));
    }
    let (early, late) = (held[4], held[49]);
    assert!(late < early * 1.05, "{early} bytes after 5 trials, {late} after 50: {held:?}");
    worker.exits_well();
}

#[test]
fn it_pauses_goes_on_and_gives_up_when_told() {
    let mut worker = Worker::start(&[("epochs", "500")]);
    worker.hear();
    worker.job(5, 0, &[]);
    worker.tell(&ToWorker::Pause);
    assert_eq!(worker.end(), FromWorker::Paused { trial: 5 });
    worker.tell(&ToWorker::Resume);
    assert_eq!(worker.end(), FromWorker::Resumed { trial: 5 });
    worker.tell(&ToWorker::Pause);
    assert_eq!(worker.end(), FromWorker::Paused { trial: 5 });
    worker.tell(&ToWorker::Cancel);
    assert_eq!(worker.end(), FromWorker::Cancelled { trial: 5 });
    worker.job(6, 0, &[("lr0", f64::MAX)]);
    assert!(matches!(worker.end(), FromWorker::Diverged { trial: 6, .. }));
    worker.job(7, 0, &[]);
    worker.tell(&ToWorker::Exit);
    assert!(worker.child.wait().unwrap().success());
}

#[test]
fn what_is_wrong_with_a_job_is_an_error_and_not_the_end() {
    let mut worker = Worker::start(&[("epochs", "1")]);
    worker.hear();
    // Values are a candidate's own; names are those of every candidate, so that none is to blame for them.
    for (name, value, expected) in [
        ("momentum", 1.5, FailureClass::Crash),
        ("giou", 3.54, FailureClass::SlotLost),
        ("learning_rate", 0.1, FailureClass::SlotLost),
    ] {
        worker.job(1, 0, &[(name, value)]);
        let FromWorker::Error { trial: 1, class, message } = worker.end() else { panic!() };
        assert!(class == expected && message.contains(name), "{class}: {message}");
    }
    worker.job(2, 0, &[]);
    worker.result();
    worker.exits_well();
}

#[test]
fn what_is_wrong_with_the_setup_is_told_to_every_job() {
    let missing = Path::new("/nowhere/data.yaml");
    let mut worker = Worker::start(&[("data", missing.to_str().unwrap())]);
    assert!(matches!(worker.hear(), FromWorker::Hello { .. }));
    worker.job(1, 0, &[]);
    let FromWorker::Error { class, message, .. } = worker.end() else { panic!() };
    assert!(message.contains("/nowhere/data.yaml"), "{message}");
    assert_eq!(class, FailureClass::SlotLost, "no candidate is to blame");
    worker.exits_well();
}

#[test]
fn a_device_that_is_not_there_is_the_fault_of_the_slot() {
    let mut worker = Worker::start(&[("epochs", "1")]);
    worker.hear();
    for device in ["tpu", "cuda:77"] {
        worker.job_on(device, 1, 0, &[]);
        let FromWorker::Error { class: FailureClass::SlotLost, message, .. } = worker.end() else { panic!() };
        assert!(message.contains(device), "{message}");
    }
    worker.job(2, 0, &[]);
    worker.result();
    worker.exits_well();
}

#[test]
fn free_disk_space_is_told_of_the_folder_that_the_run_writes_to() {
    let mut worker = Worker::start(&[("epochs", "1")]);
    worker.job(1, 0, &[]);
    let folder = worker.dir.path().join("t1").display().to_string();
    let mut disk = Vec::new();
    loop {
        match serde_json::from_str(&worker.lines.next().unwrap().unwrap()).unwrap() {
            FromWorker::Log { text } if text.starts_with("disk: ") => disk.push(text),
            FromWorker::Result { .. } => break,
            _ => {}
        }
    }
    assert!(disk.len() == 1 && disk[0].ends_with(&folder), "{disk:?}");
    worker.exits_well();
}
