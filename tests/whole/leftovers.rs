//! What a session and its guards that were killed at once leave running: it is named, and ended at the next start.

use std::process::{Command, Stdio};

use crate::common::{World, processes, wait_until};

/// What a trainer started in a session of its own survives when session and guard are killed at once, until the session
/// is started again; `doctor` and `gc` name it.
#[test]
fn what_nobody_could_end_is_named_and_ended_at_the_next_start() {
    let world = World::new();
    let script = "[ -f mended ] || setsid sh -c 'echo $$ > grandchild; sleep 1234' & [ -f mended ] || sleep 99; echo '{{\"acc\":1}}'";
    let words =
        ["run", "--headless", "--devices", "cpu", "--generations", "1", "--param", "x=1[0..2]", "--dir", "d"];
    let words = [&words[..], &["--grace", "1", "--", "sh", "-c", script]].concat();
    let leave = || {
        let _ = std::fs::remove_file(world.path("grandchild"));
        let mut session = world.evotop(&words).stdout(Stdio::null()).spawn().unwrap();
        let pid = || std::fs::read_to_string(world.path("grandchild")).ok()?.trim().parse::<u32>().ok();
        wait_until("it has a grandchild", || pid().is_some());
        let grandchild = evotop::process::ProcessId::of(pid().unwrap());
        kill_at_once(&[processes(&world, "guard"), vec![session.id()]].concat());
        session.wait().unwrap();
        wait_until("no guard is left", || processes(&world, "guard").is_empty());
        assert!(grandchild.lives());
        grandchild
    };
    let grandchild = leave();
    let named = format!("process {} (", grandchild.pid);
    assert!(world.good(&["doctor"]).contains(&named));
    let said = world.good(&["gc", "d", "-n"]);
    assert!(said.contains(&named) && grandchild.lives(), "{said}");
    world.good(&["gc", "d"]);
    assert!(!grandchild.lives());

    let grandchild = leave();
    std::fs::write(world.path("mended"), "").unwrap();
    world.good(&words);
    assert!(!grandchild.lives());
    assert!(!world.good(&["doctor"]).contains("left over"));
}

/// Stopped first, so that none of them sees another one die.
fn kill_at_once(pids: &[u32]) {
    let pids: Vec<String> = pids.iter().map(ToString::to_string).collect();
    for signal in ["-STOP", "-KILL"] {
        Command::new("kill").arg(signal).args(&pids).status().unwrap();
    }
}
