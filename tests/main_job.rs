//! The main job: an evolution of the built-in trainer on handwritten digits, steered, left, killed, resumed, and its result trained with.
//!
//! Needs `evotop-yolo` beside `evotop`, so it is part of `make test` and not of a build without libtorch (see Cargo.toml).

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test: what fails shows itself")]

#[path = "whole/common.rs"]
mod common;
#[path = "whole/pty.rs"]
mod pty;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use common::{World, processes, rows, wait_until};
use pty::Terminal;
use serde_json::Value;

const RUN: [&str; 11] =
    ["run", "--name", "digits", "--devices", "cpu", "--generations", "3", "--seed", "5", "--epochs", "2"];

/// Column names and numbers of each row.
fn table(path: &Path) -> Vec<Vec<(String, f64)>> {
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.lines().map(|line| line.split(',').map(str::trim));
    let names: Vec<_> = lines.next().unwrap().map(str::to_owned).collect();
    lines.map(|cells| names.iter().cloned().zip(cells.map(|cell| cell.parse().unwrap())).collect()).collect()
}

fn cell(row: &[(String, f64)], name: &str) -> f64 {
    row.iter().find(|(column, _)| column == name).unwrap_or_else(|| panic!("no column {name}")).1
}

fn yolo() -> PathBuf {
    let path = Path::new(env!("CARGO_BIN_EXE_evotop")).with_file_name("evotop-yolo");
    assert!(path.exists(), "{} is not built: run this test by `make test`", path.display());
    path
}

/// Every file below a directory, with its length and the time of its last change.
fn files(dir: &Path) -> BTreeMap<PathBuf, (u64, SystemTime)> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let (path, meta) = entry.map(|entry| (entry.path(), entry.metadata().unwrap())).unwrap();
        if meta.is_dir() {
            found.extend(files(&path));
        } else {
            found.insert(path, (meta.len(), meta.modified().unwrap()));
        }
    }
    found
}

/// How much of the trial is done, in percent, as the screen shows it; a frame may be half read.
fn progress(terminal: &Terminal) -> String {
    let end = std::time::Instant::now() + Duration::from_secs(30);
    loop {
        let text = terminal.text();
        let percent = text.split_whitespace().find(|word| word.ends_with('%') && !word.contains('.'));
        if let Some(percent) = percent {
            return percent.to_owned();
        }
        assert!(std::time::Instant::now() < end, "the screen does not show how far the trial is:\n{text}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// What evolve.csv, `hyp_evolve.yaml` and evolve.png say is what the journal says.
fn files_agree_with_the_journal(world: &World, dir: &Path) {
    world.good(&["export", "digits", "--to", "history.json"]);
    let history: Value =
        serde_json::from_str(&std::fs::read_to_string(world.path("history.json")).unwrap()).unwrap();
    let trials = history["trials"].as_array().unwrap();
    let table = table(&dir.join("evolve.csv"));
    assert_eq!(table.len(), trials.len());
    for (row, trial) in table.iter().zip(trials) {
        for (name, value) in trial["hyp"].as_object().unwrap() {
            let (value, written) = (value.as_f64().unwrap(), cell(row, name));
            assert!(
                (value - written).abs() <= 1e-4 * value.abs(),
                "{name}: {value} and {written} in evolve.csv"
            );
        }
    }
    wait_until("evolve.png is drawn", || {
        std::fs::read(dir.join("evolve.png")).is_ok_and(|bytes| bytes.starts_with(b"\x89PNG\r\n"))
    });
    let best = &world.status("digits")["best"];
    let hyp: Value =
        serde_yaml::from_str(&std::fs::read_to_string(dir.join("hyp_evolve.yaml")).unwrap()).unwrap();
    for (name, value) in best["hyp"].as_object().unwrap() {
        assert_eq!(hyp[name].as_f64(), value.as_f64(), "{name} in hyp_evolve.yaml");
    }
}

/// `evotop-yolo train` with the best candidate, on a data set that it leaves as it is.
fn its_result_trains(world: &World, yolo: &Path, hyp: &Path) {
    let run = |words: &[&str]| {
        let done = Command::new(yolo).args(words).current_dir(world.home.path()).output().unwrap();
        assert!(done.status.success(), "{words:?}: {}", String::from_utf8_lossy(&done.stderr));
    };
    run(&["digits", "--out", "scenes", "--train", "32", "--val", "16"]);
    let scenes = files(&world.path("scenes"));
    assert!(scenes.len() > 90, "48 pictures and their labels: {scenes:?}");
    let words =
        "train --data scenes/digits.yaml --cfg yolov5p --epochs 1 --img 160 --project trained --name one";
    let words = words.split(' ').chain(["--weights", "", "--hyp", hyp.to_str().unwrap()]);
    run(&words.collect::<Vec<_>>());
    assert_eq!(table(&world.path("trained/one/results.csv")).len(), 1);
    assert_eq!(files(&world.path("scenes")), scenes, "a training wrote into its data set");
}

#[test]
fn an_evolution_on_digits_is_steered_left_killed_resumed_and_its_result_trained_with() {
    let yolo = yolo();
    let world = World::new();
    let dir = world.path("runs/evolve/digits");
    let status = || world.status("digits");

    let mut terminal = Terminal::run(&world, &RUN);
    terminal.shows("Hyperparameters");
    wait_until("the first generation has ended", || status()["done"] == 1);
    let started = status()["best"]["hyp"]["lr0"].clone();

    terminal.press("p");
    wait_until("lr0 is pinned", || status()["params"][0]["pin"] == started);
    terminal.press("+");
    wait_until("sigma is 0.21", || status()["settings"]["sigma"] == 0.21);
    terminal.press("w");
    wait_until("parents are averaged", || status()["settings"]["parent"] == "weighted");

    terminal.shows("gen 1/3");
    terminal.shows("epoch 2/");
    terminal.press("z");
    wait_until("it is frozen", || !status()["slots"][0]["frozen_since"].is_null());
    terminal.shows("frozen");
    // It holds after the batch under way.
    std::thread::sleep(Duration::from_secs(2));
    let held = progress(&terminal);
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(progress(&terminal), held, "a frozen trial went on");
    assert_eq!(status()["done"], 1);
    terminal.press("z");
    wait_until("it goes on", || status()["slots"][0]["frozen_since"].is_null());
    wait_until("its progress moves", || progress(&terminal) != held);

    terminal.press("q");
    terminal.shows("goes on without you");
    terminal.press("\r");
    wait_until("the client has left", || terminal.child.try_wait().unwrap().is_some());
    wait_until("the terminal is given back", || terminal.is_given_back());
    let again = Terminal::run(&world, &["attach", "digits"]);
    again.resize(80, 24);
    again.shows("1 of 28 pinned");
    again.shows("sigma 0.21");

    wait_until("the second generation has ended", || status()["done"] == 2);
    wait_until("the third trains", || !status()["slots"][0]["epoch"].is_null());
    let [session] = processes(&world, "session")[..] else { panic!("not one session") };
    assert!(Command::new("kill").args(["-KILL", &session.to_string()]).status().unwrap().success());
    wait_until("nothing of it is left", || processes(&world, "worker").is_empty());
    drop(again);

    world.good(&[RUN.as_slice(), &["--headless"]].concat());
    assert_eq!(status()["state"], "complete");
    assert_eq!(rows(&dir), 3);
    // The second generation was bred before the pin, the third with it.
    let bred_last = &table(&dir.join("evolve.csv"))[2];
    assert_eq!(Some(cell(bred_last, "lr0")), started.as_f64(), "a pinned value moved");
    files_agree_with_the_journal(&world, &dir);
    world.good(&["verify", "digits"]);
    its_result_trains(&world, &yolo, &dir.join("hyp_evolve.yaml"));
}

#[test]
fn a_gpu_that_the_built_in_trainer_cannot_use_leaves_the_run_on_the_cpu() {
    let seen = Command::new(yolo()).arg("devices").output().unwrap().stdout;
    if String::from_utf8_lossy(&seen).contains("cuda:") {
        return; // Here it can.
    }
    let world = World::new();
    let file = world.path("gpus.json");
    let gpu = serde_json::json!([{ "index": 0, "uuid": "GPU-0", "name": "H100", "utilisation": 0,
        "memory": [0, 1], "temperature": 40, "milliwatts": 1, "processes": [] }]);
    std::fs::write(&file, gpu.to_string()).unwrap();
    let words = ["run", "--headless", "--generations", "1", "--epochs", "1", "--img", "64", "--name", "one"];
    let output = world.evotop(&words).env("EVOTOP_GPUS", &file).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && told.contains("sees no GPU") && told.contains("run on the cpu"),
        "{told}"
    );
    // One that is named is meant.
    let named = [
        "run",
        "--headless",
        "--generations",
        "1",
        "--devices",
        "cuda:0",
        "--on-failure",
        "exit",
        "--name",
        "two",
    ];
    let output = world.evotop(&named).env("EVOTOP_GPUS", &file).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(!output.status.success() && told.contains("Device cpu needs neither"), "{told}");
}
