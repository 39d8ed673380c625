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
