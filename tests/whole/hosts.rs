//! Two hosts and one directory, as on a shared disk: the second host looks on, and nothing else.

use std::io::BufRead;
use std::process::{Output, Stdio};

use crate::common::{World, wait_until};
use crate::pty::Terminal;
use crate::sim::sim;

/// `evotop WORDS` as on this host.
fn on(world: &World, host: &str, words: &[&str]) -> Output {
    world.evotop(words).env("EVOTOP_HOST", host).output().unwrap()
}

fn good(world: &World, host: &str, words: &[&str]) -> String {
    let output = on(world, host, words);
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What it says where it is refused.
fn refused(world: &World, host: &str, words: &[&str]) -> String {
    let output = on(world, host, words);
    assert!(!output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stderr).unwrap()
}

fn start(world: &World, host: &str) {
    good(world, host, &sim("--detach", "150", &["--dir", "d"]));
}

/// Host A's session ends with the test, and the sockets of both hosts with it.
fn end(world: &World) {
    good(world, "host-a", &["stop", "d", "--now"]);
    wait_until("it has ended", || world.status("d")["state"] == "closed");
    let uid = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(world.home.path()).unwrap());
    for host in ["host-a", "host-b"] {
        let _ = std::fs::remove_dir(format!("/tmp/evotop-{uid}-{host}"));
    }
}

#[test]
fn a_second_session_is_refused_with_the_first_ones_host_and_so_is_all_that_would_disturb_it() {
    let world = World::new();
    start(&world, "host-a");
    for words in [
        &["run", "--detach", "--dir", "d"][..],
        &["run", "--headless", "--dir", "d"],
        &["run", "--headless", "--dir", "d", "--take-over"],
        &["steer", "d", "sigma", "0.3"],
        &["stop", "d"],
        &["rm", "d", "--yes"],
    ] {
        let said = refused(&world, "host-b", words);
        assert!(said.contains("host-a"), "{words:?}: {said}");
    }
    let said = refused(&world, "host-a", &["run", "--headless", "--dir", "d"]);
    assert!(said.contains("runs already on host-a"), "{said}");
    let listed = good(&world, "host-b", &["ls"]);
    assert!(listed.contains("running") && listed.contains("(on host-a)"), "{listed}");
    assert_eq!(listed.lines().count(), 1, "host-b has not run it: {listed}");
    // The first one did not notice any of it.
    assert_eq!(world.status("d")["settings"]["sigma"], 0.2);
    let before = world.status("d")["done"].as_u64().unwrap();
    wait_until("it goes on", || world.status("d")["done"].as_u64().unwrap() > before);
    end(&world);
}

#[test]
fn lines_from_the_journal_alone_follow_a_session_of_another_host_to_its_end() {
    let world = World::new();
    start(&world, "host-a");
    let mut viewer = world.evotop(&["attach", "d", "--plain"]);
    let mut viewer = viewer.env("EVOTOP_HOST", "host-b").stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = std::io::BufReader::new(viewer.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut until = |what: &str| {
        let found = lines.by_ref().any(|line| line.contains(what));
        assert!(found, "the viewer ended without {what}");
    };
    until("following the journal that host-a writes");
    until("finished, fitness");
    good(&world, "host-a", &["steer", "d", "sigma", "0.33"]);
    until("sigma 0.2 -> 0.33");
    end(&world);
    until("closed: stopped by");
    assert!(viewer.wait().unwrap().success());
}

#[test]
fn the_screen_of_another_host_says_that_it_follows_the_journal_and_changes_nothing() {
    let world = World::new();
    start(&world, "host-a");
    let words = ["EVOTOP_HOST=host-b", env!("CARGO_BIN_EXE_evotop"), "attach", "d"];
    let mut terminal = Terminal::open(&world, "env", &words);
    terminal.shows("following the journal of host-a, read-only");
    terminal.shows("Hyperparameters");
    good(&world, "host-a", &["steer", "d", "sigma", "0.33"]);
    terminal.shows("sigma 0.33");
    terminal.press("+");
    terminal.shows("steer the run on its own host");
    assert_eq!(world.status("d")["settings"]["sigma"], 0.33);
    terminal.press("q");
    wait_until("the program has left", || terminal.child.try_wait().unwrap().is_some());
    end(&world);
}

#[test]
fn a_viewer_whose_session_loses_its_socket_follows_the_journal_until_there_is_one_again() {
    let world = World::new();
    world.good(&sim("--detach", "150", &["--dir", "d"]));
    std::fs::remove_file(evotop::wire::socket_of(&world.path("d")).unwrap()).unwrap();
    let mut terminal = Terminal::run(&world, &["attach", "d"]);
    terminal.shows("following the journal of");
    wait_until("the session is reached", || !terminal.text().contains("following the journal of"));
    terminal.press("+");
    terminal.shows("sigma 0.21");
    world.stop("d");
}
