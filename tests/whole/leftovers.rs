//! What a session and its guards that were killed at once leave running: it is named, and ended at the next start.

use std::process::{Command, Stdio};

use evotop::process::ProcessId;
use evotop::runner::survivors;

use crate::common::{World, processes, wait_until};

/// A trainer that starts something in a session of its own, until there is a file named `mended`. What it starts wipes its
/// environment where there is one named `wiped`.
const SCRIPT: &str = "if [ ! -f mended ]; then \
                      if [ -f wiped ]; then clean=\"env -i PATH=$PATH\"; fi; \
                      setsid $clean sh -c 'echo $$ > grandchild; sleep 123; sleep 1' & sleep 99; \
                      fi; echo '{{\"acc\":1}}'";

fn words() -> Vec<&'static str> {
    let words =
        ["run", "--headless", "--devices", "cpu", "--generations", "1", "--param", "x=1[0..2]", "--dir", "d"];
    [&words[..], &["--grace", "1", "--", "sh", "-c", SCRIPT]].concat()
}

/// Runs the trainer, kills session and guard at once, and returns what they leave.
fn leave(world: &World) -> ProcessId {
    let _ = std::fs::remove_file(world.path("grandchild"));
    let mut session = world.evotop(&words()).stdout(Stdio::null()).spawn().unwrap();
    let pid = || std::fs::read_to_string(world.path("grandchild")).ok()?.trim().parse::<u32>().ok();
    wait_until("it has a grandchild", || pid().is_some());
    let grandchild = ProcessId::of(pid().unwrap());
    kill_at_once(&[processes(world, "guard"), vec![session.id()]].concat());
    session.wait().unwrap();
    wait_until("no guard is left", || processes(world, "guard").is_empty());
    assert!(grandchild.lives());
    grandchild
}

/// Stopped first, so that none of them sees another one die.
fn kill_at_once(pids: &[u32]) {
    let pids: Vec<String> = pids.iter().map(ToString::to_string).collect();
    for signal in ["-STOP", "-KILL"] {
        Command::new("kill").arg(signal).args(&pids).status().unwrap();
    }
}

/// What a trainer started in a session of its own survives when session and guard are killed at once, until the session
/// is started again; `doctor` and `gc` name it.
fn is_named_and_ended(world: &World) {
    let grandchild = leave(world);
    let named = format!("process {} (", grandchild.pid);
    let said = world.good(&["doctor"]);
    let told = said.lines().find(|line| line.contains(&named));
    let dir = format!("{}, ", std::fs::canonicalize(world.path("d")).unwrap().display());
    assert!(told.is_some_and(|line| line.contains(&dir)), "{said}");
    let said = world.good(&["gc", "d", "-n"]);
    assert!(said.contains(&named) && grandchild.lives(), "{said}");
    world.good(&["gc", "d"]);
    assert!(!grandchild.lives());

    let grandchild = leave(world);
    std::fs::write(world.path("mended"), "").unwrap();
    world.good(&words());
    assert!(!grandchild.lives());
    assert!(!world.good(&["doctor"]).contains(&dir));
}

#[test]
fn what_nobody_could_end_is_named_and_ended_at_the_next_start() {
    is_named_and_ended(&World::new());
}

#[test]
fn what_wiped_its_environment_as_well_is_named_and_ended_at_the_next_start() {
    let world = World::new();
    std::fs::write(world.path("wiped"), "").unwrap();
    is_named_and_ended(&world);
}

#[test]
fn a_session_that_is_removed_takes_what_it_left_along() {
    let world = World::new();
    std::fs::write(world.path("wiped"), "").unwrap();
    let grandchild = leave(&world);
    world.good(&["rm", "d", "--yes"]);
    assert!(!grandchild.lives());
}

#[test]
fn what_a_session_left_whose_directory_is_gone_is_named_with_what_ends_it() {
    let world = World::new();
    std::fs::write(world.path("wiped"), "").unwrap();
    let grandchild = leave(&world);
    std::fs::remove_dir_all(world.path("d")).unwrap();
    let said = world.good(&["doctor"]);
    let told = said.lines().find(|line| line.contains(&format!("process {} (", grandchild.pid)));
    let remedy = format!("kill {} ends it", grandchild.pid);
    assert!(told.is_some_and(|line| line.contains(&remedy)), "{said}");
    let left: Vec<u32> = survivors::of(&world.path("d")).iter().map(|process| process.pid).collect();
    assert!(left.contains(&grandchild.pid));
    kill_at_once(&left);
}
