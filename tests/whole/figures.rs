//! What GPUs do, from a file in place of a driver: on the screen, in the journal, in the choice of slots.

use std::path::PathBuf;

use crate::common::{World, wait_until};
use crate::pty::Terminal;

const NAME: &str = "NVIDIA H100 80GB HBM3";

/// What a GPU has in use (in GiB), how busy it is, and who is on it.
type Figures<'a> = (u64, u32, &'a [(u32, u64)]);

/// GPUs as a driver would tell of them.
fn gpus(figures: &[Figures<'_>]) -> String {
    let gpus = figures.iter().enumerate().map(|(index, (used, busy, processes))| {
        let processes: Vec<(u32, u64)> = processes.iter().map(|(pid, gib)| (*pid, gib << 30)).collect();
        serde_json::json!({
            "index": index, "uuid": format!("GPU-{index}"), "name": NAME, "utilisation": busy,
            "memory": [used << 30, 80u64 << 30], "temperature": 61, "milliwatts": 240_000, "processes": processes,
        })
    });
    serde_json::to_string(&gpus.collect::<Vec<_>>()).unwrap()
}

/// A world where the driver says what is in this file.
fn world(says: &str) -> (World, PathBuf) {
    let world = World::new();
    let file = world.path("gpus.json");
    std::fs::write(&file, says).unwrap();
    (world, file)
}

fn start(world: &World, file: &std::path::Path, devices: &str) {
    let words = ["run", "--detach", "--trainer", "sim", "--sim-epoch-ms", "300", "--devices", devices];
    let more = ["--generations", "500", "--name", "s"];
    let mut command = world.evotop(&[&words[..], &more].concat());
    let output = command.env("EVOTOP_GPUS", file).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_screen_shows_what_the_gpus_do_until_the_driver_does_not_answer() {
    let (world, file) = world(&gpus(&[(11, 93, &[(1, 5)]), (0, 0, &[])]));
    start(&world, &file, "cuda:0,cuda:1");
    let mut terminal = Terminal::run(&world, &["attach", "s"]);
    terminal.shows("93% busy");
    terminal.shows("pid 1: 5.4 GB");
    terminal.press("]");
    terminal.shows("cuda:1 ");
    terminal.shows("0% busy");
    std::fs::write(&file, gpus(&[(40, 12, &[]), (40, 77, &[])])).unwrap();
    terminal.shows("77% busy");
    std::fs::write(&file, "\"late\"").unwrap();
    terminal.shows("driver does not answer");
    wait_until("they are off the screen", || !terminal.text().contains("% busy"));
    let journal = std::fs::read_to_string(world.path("runs/evolve/s/journal.jsonl")).unwrap();
    assert!(journal.contains(r#""uuid":"GPU-0""#) && journal.contains(r#""uuid":"GPU-1""#), "{journal}");
    world.stop("s");
}

/// A driver that hangs in the kernel: whoever asks it waits for ever.
#[test]
fn a_driver_that_hangs_holds_up_neither_the_run_nor_the_screen() {
    let (world, file) = world("");
    std::fs::remove_file(&file).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&file).status().unwrap().success());
    let words = ["run", "--headless", "--trainer", "sim", "--generations", "1", "--dir", "auto"];
    let output = world.evotop(&words).env("EVOTOP_GPUS", &file).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && told.contains("does not answer: trials run on the cpu"), "{told}");

    start(&world, &file, "cuda:0");
    let mut terminal = Terminal::run(&world, &["attach", "s"]);
    terminal.shows("driver does not answer");
    let done = || world.status("s")["done"].as_u64();
    let before = done();
    wait_until("trials go on", || done() > before);
    terminal.press("3");
    terminal.shows("History");
    terminal.press("1");
    wait_until("the page is drawn", || terminal.text().contains("cuda:0"));
    assert!(!terminal.text().contains("% busy"), "{}", terminal.text());

    // It comes to itself: the question that hung is answered, and the next ones are.
    std::fs::write(&file, gpus(&[(1, 2, &[])])).unwrap();
    std::fs::remove_file(&file).unwrap();
    std::fs::write(&file, gpus(&[(40, 77, &[])])).unwrap();
    terminal.shows("77% busy");
    world.stop("s");
}

#[test]
fn auto_takes_the_idle_gpus_and_says_which_it_left() {
    let (world, file) = world(&gpus(&[(41, 100, &[(77, 40)]), (0, 0, &[])]));
    let words = ["run", "--detach", "--trainer", "sim", "--generations", "500", "--name", "s"];
    let output = world.evotop(&words).env("EVOTOP_GPUS", &file).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr) + String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("cuda:0") && said.contains("process 77"), "{said}");
    let status = world.status("s");
    assert_eq!((status["slots"][0]["name"].as_str(), status["slots"][1].as_object()), (Some("cuda:1"), None));
    world.stop("s");
}

/// `evotop run` of YOLOv5's stand-in, with these words more.
fn yolov5(world: &World, file: &std::path::Path, verb: &[&str], devices: &str) -> std::process::Output {
    let script = format!("{}/tests/trainers/yolov5_train.py", env!("CARGO_MANIFEST_DIR"));
    let options = ["--preset", "yolov5", "--hyp", "scratch-low", "--devices", devices, "--generations", "1"];
    let command = ["--", "python3", &script, "--epochs", "1"];
    let words = [verb, &options, &command].concat();
    world.evotop(&words).env("EVOTOP_GPUS", file).env_remove("CUDA_VISIBLE_DEVICES").output().unwrap()
}

#[test]
fn doctor_lists_the_gpus_by_the_drivers_numbers_whichever_this_process_was_given() {
    let (world, file) = world(&gpus(&[(41, 100, &[(77, 40)]), (0, 0, &[])]));
    let mut command = world.evotop(&["doctor"]);
    let output = command.env("EVOTOP_GPUS", &file).env("CUDA_VISIBLE_DEVICES", "1").output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(told.contains(&format!("gpu        0 {NAME}, process 77 computes on it")), "{told}");
    assert!(told.contains(&format!("gpu        1 {NAME}, idle")), "{told}");
}

#[test]
fn yolov5_is_told_the_number_of_a_gpu_that_is_named_by_its_uuid() {
    let (world, file) = world(&gpus(&[(0, 0, &[]), (0, 0, &[])]));
    let told = yolov5(&world, &file, &["check"], "GPU-1");
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(told.contains("--device 1"), "{told}");
    let output = yolov5(&world, &file, &["run", "--headless", "--dir", "d"], "GPU-1");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    for verb in [&["check"][..], &["run", "--headless", "--dir", "e"]] {
        let output = yolov5(&world, &file, verb, "GPU-bbbb");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.contains("GPU-bbbb") && told.contains("number of a GPU"), "{told}");
    }
    assert!(!world.path("e").exists(), "refused before anything is made");
}

#[test]
fn an_attempt_that_ends_before_it_has_started_costs_the_slot_and_not_the_candidate() {
    let (world, file) = world(&gpus(&[(0, 0, &[])]));
    assert!(yolov5(&world, &file, &["run", "--headless", "--name", "s"], "GPU-0").status.success());
    let resume = |devices: &str| {
        let words = ["run", "--detach", "--name", "s", "--devices", devices, "--generations", "500"];
        world.evotop(&words).env("EVOTOP_GPUS", &file).output().unwrap()
    };
    // The trainer's words are not said again, and count all the same.
    let output = resume("GPU-bbbb");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(2) && told.contains("number of a GPU"), "{told}");
    assert!(resume("GPU-0").status.success());
    // Of a slot that is added, only the slot itself finds out that its GPU has no number.
    world.good(&["steer", "s", "slots", "+GPU-bbbb", "-GPU-0"]);
    let slots = |status: &serde_json::Value| status["slots"].as_array().unwrap().len();
    wait_until("no slot is left", || {
        let status = world.status("s");
        status["state"] == "paused" && slots(&status) == 1
    });
    let status = world.status("s");
    assert_eq!(status["slots"][0]["health"], "quarantined");
    world.good(&["steer", "s", "slots", "+GPU-0"]);
    wait_until("another slot trains", || world.status("s")["done"].as_u64() > status["done"].as_u64());
    let journal = std::fs::read_to_string(world.path("runs/evolve/s/journal.jsonl")).unwrap();
    assert!(journal.contains("slot-quarantined") && journal.contains("number of a GPU"), "{journal}");
    assert!(!journal.contains("\"failed\""), "no candidate is burnt: {journal}");
    world.stop("s");
}

#[test]
fn a_gpu_beyond_the_mask_is_refused_and_one_that_is_added_costs_its_slot() {
    let world = World::new();
    let start = |mask: &str, how: &str, devices: &str| {
        let words = ["run", how, "--trainer", "sim", "--sim-epoch-ms", "300", "--devices", devices];
        let words = [&words[..], &["--generations", "500", "--name", "s"]].concat();
        world.evotop(&words).env("CUDA_VISIBLE_DEVICES", mask).output().unwrap()
    };
    for (mask, device) in [("2,0", "cuda:5"), ("", "cuda:0"), ("", "GPU-1")] {
        let output = start(mask, "--headless", device);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.contains(device) && told.contains("CUDA_VISIBLE_DEVICES"), "{told}");
        assert!(!world.path("runs/evolve/s").exists());
    }
    assert!(start("2,0", "--detach", "cuda:1").status.success());
    world.good(&["steer", "s", "slots", "+cuda:5"]);
    wait_until("it is quarantined", || world.status("s")["slots"][1]["health"] == "quarantined");
    let journal = std::fs::read_to_string(world.path("runs/evolve/s/journal.jsonl")).unwrap();
    assert!(journal.contains("CUDA_VISIBLE_DEVICES=2,0 gives this process 2 GPUs"), "{journal}");
    assert!(!journal.contains("\"slot\":\"cuda:5\",\"pid\""), "{journal}");
    world.stop("s");
}
