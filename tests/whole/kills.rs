//! A run whose processes are killed at random instants, again and again: nothing is lost, nothing is twice, nothing is
//! left running.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::common::{World, processes, rows, wait_until};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestRunner};

/// Who is killed.
#[derive(Debug, Clone, Copy)]
enum Whom {
    Session,
    Guard,
    Worker,
    All,
}

fn kill(pids: &[u32]) {
    for pid in pids {
        let _ = Command::new("kill").args(["-KILL", &pid.to_string()]).stderr(Stdio::null()).status();
    }
}

fn start(world: &World, generations: u64) -> Child {
    let generations = generations.to_string();
    let words = [
        "run",
        "--headless",
        "--trainer",
        "sim",
        "--sim-epoch-ms",
        "20",
        "--epochs",
        "2",
        "--devices",
        "cpu*2",
        "--generations",
        &generations,
        "--seed",
        "3",
        "--grace",
        "1",
        "--dir",
        "d",
    ];
    world.evotop(&words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Kills at these instants, each time going on with the same words, until the run is complete.
fn run_with_kills(kills: &[(u64, Whom)], generations: u64) {
    let world = World::new();
    for (after, whom) in kills {
        let mut session = start(&world, generations);
        std::thread::sleep(Duration::from_millis(*after));
        let words: &[&str] = match whom {
            Whom::Session => &["run"],
            Whom::Guard => &["guard"],
            Whom::Worker => &["sim-worker"],
            Whom::All => &["run", "guard", "sim-worker"],
        };
        for word in words {
            kill(&processes(&world, word));
        }
        if matches!(whom, Whom::Session | Whom::All) {
            session.wait().unwrap();
        } else {
            // The session goes on without them; it is killed a little later, so that the next one resumes.
            std::thread::sleep(Duration::from_millis(100));
            session.kill().unwrap();
            session.wait().unwrap();
        }
    }
    let status = start(&world, generations).wait().unwrap();
    assert!(status.success(), "the last run ended with {status:?}");
    check(&world, &world.path("d"), generations);
}

fn check(world: &World, dir: &Path, generations: u64) {
    let status = world.status("d");
    assert_eq!(status["state"], "complete");
    assert_eq!(status["done"], generations);
    assert_eq!(rows(dir), status["ends"]["finished"].as_u64().unwrap() as usize);
    world.good(&["verify", "d"]);
    wait_until("no process is left", || {
        ["run", "guard", "sim-worker"].iter().all(|word| processes(world, word).is_empty())
    });
}

#[test]
fn killed_at_random_and_resumed_a_run_has_exactly_its_generations() {
    let whom = prop_oneof![Just(Whom::Session), Just(Whom::Guard), Just(Whom::Worker), Just(Whom::All)];
    let kills = prop::collection::vec((5u64..400, whom), 4);
    let config =
        Config { cases: cases(), failure_persistence: None, max_shrink_iters: 0, ..Config::default() };
    let config = Config { rng_seed: RngSeed::Fixed(7), ..config };
    let mut runner = TestRunner::new(config);
    runner
        .run(&kills, |kills| {
            run_with_kills(&kills, 12);
            Ok(())
        })
        .unwrap();
}

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

/// Four kills a case; `make chaos` asks for more.
fn cases() -> u32 {
    std::env::var("EVOTOP_CHAOS").ok().and_then(|n| n.parse().ok()).unwrap_or(3)
}
