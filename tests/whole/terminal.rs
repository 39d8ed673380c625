//! The screen in a real terminal, against the real program: what a key does, and what is left when it is killed.

use crate::common::{World, wait_until};
use crate::pty::Terminal;
use crate::sim::sim;

fn start(world: &World, name: &str) {
    world.good(&sim("--detach", "400", &["--generations", "200", "--name", name]));
}

#[test]
fn keys_steer_a_run_and_the_screen_and_the_status_agree_at_each_step() {
    let world = World::new();
    start(&world, "s");
    // As over SSH, where keys come in pieces.
    let over_ssh = ["SSH_CONNECTION=far", env!("CARGO_BIN_EXE_evotop"), "attach", "s"];
    let mut terminal = Terminal::open(&world, "env", &over_ssh);
    terminal.shows("Hyperparameters");
    terminal.shows("lr0");
    let settings = |what: &str| world.status("s")["settings"][what].clone();
    let pin = || world.status("s")["params"][0]["pin"].clone();

    terminal.press("p");
    wait_until("lr0 is pinned", || !pin().is_null());
    terminal.shows("1 of 28 pinned");

    terminal.press("++");
    wait_until("sigma is 0.22", || settings("sigma") == 0.22);
    terminal.shows("sigma 0.22");

    terminal.press("w");
    wait_until("parents are averaged", || settings("parent") == "weighted");
    terminal.shows("parent weighted");

    terminal.press("u");
    wait_until("undo takes the last change back", || settings("parent") == "single");
    terminal.shows("parent single");

    terminal.press(" ");
    wait_until("the run is held", || {
        world.status("s")["state"].as_str().is_some_and(|s| s.starts_with("paus"))
    });
    wait_until("the screen knows", || {
        ["pausing", "paused"].iter().any(|word| terminal.text().contains(word))
    });
    terminal.press(" ");
    wait_until("the run goes on", || world.status("s")["state"] == "running");

    wait_until("a trial runs", || !world.status("s")["slots"][0]["generation"].is_null());
    terminal.press("z");
    wait_until("the trial is frozen", || !world.status("s")["slots"][0]["frozen_since"].is_null());
    terminal.shows("frozen");
    terminal.press("z");
    wait_until("the trial goes on", || world.status("s")["slots"][0]["frozen_since"].is_null());

    // A pasted line of key letters does nothing.
    let before = world.status("s")["revision"].clone();
    terminal.press("\x1b[200~pw++x\x1b[201~");
    // An arrow whose bytes come one by one is an arrow: the cursor moves on to lrf, which the next key pins.
    for byte in ["\x1b", "[", "B"] {
        terminal.press(byte);
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    terminal.press("p");
    wait_until("lrf is pinned", || !world.status("s")["params"][1]["pin"].is_null());
    assert_eq!(
        world.status("s")["revision"].as_u64(),
        before.as_u64().map(|n| n + 1),
        "the paste changed something"
    );

    terminal.press("q");
    terminal.shows("goes on without you");
    terminal.press("\r");
    wait_until("the program has left", || terminal.child.try_wait().unwrap().is_some());
    wait_until("the terminal is given back", || terminal.is_given_back());
    assert_eq!(world.status("s")["state"], "running");

    let again = Terminal::run(&world, &["attach", "s"]);
    again.shows("2 of 28 pinned");
    again.shows("sigma 0.22");
    world.stop("s");
    world.good(&["verify", "s"]);
}

#[test]
fn a_screen_comes_back_when_its_session_is_started_again() {
    let world = World::new();
    start(&world, "s");
    let mut terminal = Terminal::run(&world, &["attach", "s"]);
    terminal.shows("changes apply from gen");
    world.stop("s");
    terminal.shows("stopped: the same command goes on");
    start(&world, "s");
    terminal.shows("connected again");
    terminal.press("+");
    wait_until("sigma is 0.21", || world.status("s")["settings"]["sigma"] == 0.21);
    world.stop("s");
}

#[test]
fn a_client_that_is_hung_up_on_or_killed_leaves_the_run_going() {
    let world = World::new();
    start(&world, "s");
    for signal in ["HUP", "TERM", "KILL"] {
        // Behind a shell: the terminal outlives the program.
        let script = format!("{} attach s --mouse; read line", env!("CARGO_BIN_EXE_evotop"));
        let mut terminal = Terminal::open(&world, "sh", &["-c", &script]);
        terminal.shows("Hyperparameters");
        assert!(!terminal.is_given_back() && terminal.has_mouse());
        let attached = crate::common::processes(&world, "attach");
        let [pid] = attached[..] else { panic!("{attached:?}") };
        let kill =
            std::process::Command::new("kill").args([&format!("-{signal}"), &pid.to_string()]).status();
        assert!(kill.unwrap().success());
        wait_until("the client is gone", || crate::common::processes(&world, "attach").is_empty());
        wait_until("the terminal is given back", || terminal.is_given_back());
        wait_until("nothing is left behind", || crate::common::processes(&world, "give-back").is_empty());
        assert_eq!(world.status("s")["state"], "running");
        terminal.press("\n");
        wait_until("the shell goes on", || terminal.child.try_wait().unwrap().is_some());
    }
    world.stop("s");
}

#[test]
fn two_ctrl_c_leave_at_once_however_fast_they_come_and_stop_nothing() {
    let world = World::new();
    start(&world, "s");
    let mut terminal = Terminal::run(&world, &["attach", "s"]);
    terminal.shows("Hyperparameters");
    // What stands between them was typed before the question could be read.
    terminal.press("\x03sSy\x03");
    wait_until("the program has left", || terminal.child.try_wait().unwrap().is_some());
    assert_eq!(world.status("s")["state"], "running");
    world.stop("s");
}

#[test]
fn a_resized_terminal_is_drawn_anew_at_every_size() {
    let world = World::new();
    start(&world, "s");
    let mut terminal = Terminal::run(&world, &["attach", "s"]);
    terminal.shows("Hyperparameters");
    for (cols, rows) in [(80, 24), (40, 10), (1, 1), (200, 60), (120, 40)] {
        terminal.resize(cols, rows);
        std::thread::sleep(std::time::Duration::from_millis(300));
        assert!(terminal.child.try_wait().unwrap().is_none(), "it ended at {cols}x{rows}");
    }
    terminal.shows("Hyperparameters");
    world.stop("s");
}

#[test]
fn the_mouse_is_taken_only_when_asked_for_and_given_back() {
    let world = World::new();
    start(&world, "s");
    let mut terminal = Terminal::run(&world, &["attach", "s"]);
    terminal.shows("Hyperparameters");
    assert!(!terminal.has_mouse(), "the terminal's own selection works");
    terminal.press("M");
    wait_until("the mouse is taken", || terminal.has_mouse());
    // The tab History.
    terminal.press("\x1b[<0;27;2M\x1b[<0;27;2m");
    terminal.shows("changed most");
    terminal.press("M");
    wait_until("the mouse is given back", || !terminal.has_mouse());
    drop(terminal);
    let mut terminal = Terminal::run(&world, &["attach", "s", "--mouse"]);
    terminal.shows("Hyperparameters");
    assert!(terminal.has_mouse());
    terminal.press("q");
    terminal.shows("goes on without you");
    terminal.press("\r");
    wait_until("the program has left", || terminal.child.try_wait().unwrap().is_some());
    wait_until("the mouse is given back", || terminal.is_given_back());
    world.stop("s");
}

#[test]
fn an_abort_confirmed_after_its_trial_ended_aborts_nothing() {
    let world = World::new();
    start(&world, "s");
    let mut terminal = Terminal::run(&world, &["attach", "s"]);
    terminal.shows("This trial");
    terminal.press("x");
    terminal.shows("let it train");
    wait_until("the question goes away", || !terminal.text().contains("let it train"));
    terminal.press("y");
    let done = || world.status("s")["done"].as_u64().unwrap();
    let before = done();
    wait_until("two more trials ended", || done() > before + 1);
    assert_eq!(world.status("s")["ends"]["aborted"].as_u64().unwrap_or(0), 0);
    world.stop("s");
}

#[test]
fn ctrl_z_gives_the_shell_back_and_fg_the_screen() {
    let world = World::new();
    start(&world, "s");
    let mut terminal = Terminal::open(&world, "bash", &["--norc", "--noprofile", "-i"]);
    terminal.press(&format!("{} attach s\n", env!("CARGO_BIN_EXE_evotop")));
    terminal.shows("1 Live");
    terminal.press("\x1a");
    terminal.shows("Stopped");
    assert!(!terminal.screen.lock().unwrap().screen().alternate_screen());
    terminal.press("fg\n");
    terminal.shows("Hyperparameters");
    assert!(terminal.screen.lock().unwrap().screen().alternate_screen());
    terminal.press("3");
    terminal.shows("changed most");
    world.stop("s");
}

#[test]
fn a_stop_from_outside_gives_the_terminal_back_and_fg_redraws() {
    let world = World::new();
    start(&world, "s");
    let mut terminal = Terminal::open(&world, "bash", &["--norc", "--noprofile", "-i"]);
    terminal.press(&format!("{} attach s\n", env!("CARGO_BIN_EXE_evotop")));
    terminal.shows("1 Live");
    terminal.shows("This trial");
    let attached = crate::common::processes(&world, "attach");
    let [pid] = attached[..] else { panic!("{attached:?}") };
    let stop = |signal: &str| {
        let sent = std::process::Command::new("kill").args([signal, &pid.to_string()]).status();
        assert!(sent.unwrap().success());
    };
    stop("-TSTP");
    terminal.shows("Stopped");
    assert!(!terminal.screen.lock().unwrap().screen().alternate_screen());
    terminal.press("fg\n");
    terminal.shows("Hyperparameters");
    terminal.press("3");
    terminal.shows("changed most");
    world.stop("s");
}

#[test]
fn ctrl_z_where_no_shell_waits_says_so_and_stops_nothing() {
    let world = World::new();
    start(&world, "s");
    let mut terminal = Terminal::run(&world, &["attach", "s"]);
    terminal.shows("Hyperparameters");
    terminal.press("\x1a");
    terminal.shows("no shell with jobs waits");
    terminal.press("3");
    terminal.shows("changed most");
    world.stop("s");
}
