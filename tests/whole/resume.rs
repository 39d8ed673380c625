//! The same words again: what they mean for a run that is there.

use std::process::{Output, Stdio};

use evotop::dir::{Lock, SessionDir};

use crate::common::{World, rows, wait_until};
use crate::pty::Terminal;
use crate::sim::sim;

fn run(world: &World, more: &[&str]) -> Output {
    world.run(&sim("--headless", "0", &[&["--dir", "d"], more].concat()))
}

fn refused(world: &World, more: &[&str]) -> String {
    let output = run(world, more);
    assert_eq!(output.status.code(), Some(2), "{more:?}: {}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stderr).unwrap()
}

fn good(world: &World, more: &[&str]) {
    let output = run(world, more);
    assert!(output.status.success(), "{more:?}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_hyp_or_space_file_that_changed_since_is_another_run_and_the_values_are_named() {
    let world = World::new();
    let hyp = world.good(&["hyp", "show", "scratch-low"]);
    std::fs::write(world.path("my.yaml"), &hyp).unwrap();
    std::fs::write(world.path("space.yaml"), world.good(&["hyp", "init", "my.yaml"])).unwrap();
    let words = ["--hyp", "my.yaml", "--space", "space.yaml"];
    let with = |more: &[&'static str]| [&words, more].concat();
    good(&world, &with(&["--generations", "2"]));
    good(&world, &with(&["--generations", "3"]));

    let changed = hyp.lines().map(|line| if line.starts_with("lr0:") { "lr0: 0.02" } else { line });
    std::fs::write(world.path("my.yaml"), changed.collect::<Vec<_>>().join("\n")).unwrap();
    let said = refused(&world, &with(&["--generations", "4"]));
    assert!(said.contains("lr0 was 0.01, is 0.02") && said.contains("my.yaml"), "{said}");
    assert_eq!(rows(&world.path("d")), 3);
    // What is left out is as it was; and so is a file that is gone.
    good(&world, &["--generations", "4"]);
    std::fs::remove_file(world.path("my.yaml")).unwrap();
    good(&world, &with(&["--generations", "5"]));
    assert_eq!(rows(&world.path("d")), 5);
}

#[test]
fn a_mistyped_word_costs_a_name_nothing_while_no_trial_has_ended() {
    let world = World::new();
    world.good(&sim("--detach", "60000", &["--name", "d", "--seed", "7", "--dir", "d"]));
    wait_until("a trial runs", || world.status("d")["slots"][0]["generation"] == 0);
    world.stop("d");
    let said = refused(&world, &["--seed", "8"]);
    assert!(said.contains("--seed was 7, is 8") && said.contains("`evotop rm d` loses nothing"), "{said}");
    let remedy = said.split('`').nth(1).unwrap();
    world.good(&remedy.split(' ').skip(1).chain(["--yes"]).collect::<Vec<_>>());
    good(&world, &["--seed", "8", "--generations", "2"]);
    let said = refused(&world, &["--seed", "7"]);
    assert!(said.contains("another --name or --dir") && !said.contains("loses nothing"), "{said}");
}

#[test]
fn other_parameters_and_another_past_are_another_run_too() {
    let world = World::new();
    let words = ["run", "--headless", "--devices", "cpu", "--dir", "d", "--generations", "1"];
    let ask = |param: &str| {
        world.run(&[&words[..], &["--param", param, "--", "sh", "-c", r#"echo '{{"acc":1}}'"#]].concat())
    };
    assert!(ask("x=1[0..2]").status.success());
    assert!(ask("x=1[0..2]").status.success());
    let output = ask("x=1[0..3]");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("the range of x was 0 to 2, is 0 to 3"), "{said}");
    // How the program is read is part of it, whether the program is said again or not.
    for (option, value) in [("--preset", "yolov5"), ("--metric", "acc=acc ([0-9]+)")] {
        let output = world.run(&[&words[..], &[option, value]].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && said.contains(&format!("{option} was ")), "{said}");
    }
    std::fs::copy(world.path("d/evolve.csv"), world.path("old.csv")).unwrap();
    let output = world.run(&[&words[..], &["--from", "old.csv"]].concat());
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("did not begin with --from old.csv"));
}

#[test]
fn values_that_a_space_file_leaves_out_are_those_of_the_data_set_that_the_run_began_with() {
    let world = World::new();
    std::fs::write(world.path("my.yaml"), world.good(&["hyp", "show", "scratch-low"])).unwrap();
    std::fs::write(world.path("space.yaml"), world.good(&["hyp", "init", "my.yaml"])).unwrap();
    let words = ["run", "--headless", "--devices", "cpu", "--dir", "d", "--space", "space.yaml"];
    // There is nothing in it to train on; it is a session all the same.
    std::fs::write(world.path("none.yaml"), "").unwrap();
    world.run(&[&words[..], &["--data", "none.yaml", "--generations", "1"]].concat());
    assert!(world.path("d/journal.jsonl").exists());
    let said = String::from_utf8(world.run(&words).stderr).unwrap();
    assert!(!said.contains("is another run"), "{said}");
}

#[test]
fn limits_that_are_said_anew_hold_from_then_on() {
    let world = World::new();
    let words = ["run", "--headless", "--devices", "cpu", "--dir", "d", "--param", "x=1[0..2]"];
    let ask = |more: &[&str]| {
        world.run(
            &[&words[..], more, &["--", "sh", "-c", r#"[ ! -f slow ] || sleep 60; echo '{{"acc":1}}'"#]]
                .concat(),
        )
    };
    assert!(ask(&["--generations", "1"]).status.success());
    std::fs::write(world.path("slow"), "").unwrap();
    let output = ask(&["--generations", "2", "--trial-timeout", "1s"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("took longer than 1 s"), "{said}");
}

#[test]
fn what_no_journal_holds_is_named_where_it_is_not_said_again() {
    let world = World::new();
    let process = ["--keep", "best:1", "--on", "finished", "true", "--grace", "7s"];
    let ask = |generations: &str, more: &[&str]| {
        let output = run(&world, &[&["--generations", generations], more].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stderr).unwrap()
    };
    ask("1", &process);
    assert!(!ask("2", &process).contains("in force"));
    let said = ask("3", &["--on", "best", "true"]);
    assert!(said.contains("no longer in force, since it was not said again: --keep best:1\n"), "{said}");
    let said = ask("4", &[]);
    assert!(said.contains("said again: --on best true\n"), "{said}");
    assert!(!ask("5", &[]).contains("in force"), "once is enough");

    // One that runs goes on as it does.
    world.good(&sim("--detach", "500", &["--dir", "e", "--keep", "best:1"]));
    let join = |keep: &str| world.run(&sim("--detach", "500", &["--dir", "e", "--keep", keep]));
    let said = String::from_utf8(join("last:2").stderr).unwrap();
    assert!(said.contains("runs already, without --keep last:2"), "{said}");
    assert!(join("best:1").stderr.is_empty());
    world.stop("e");
}

#[test]
fn the_picker_goes_on_with_a_run_as_it_was_started() {
    let world = World::new();
    let words = ["--dir", "d", "--keep", "best:2", "--on", "finished", "echo it is over"];
    let mut session = world.evotop(&sim("--headless", "500", &words)).stdout(Stdio::null()).spawn().unwrap();
    wait_until("it trains", || world.path("d/trials/000001").exists());
    session.kill().unwrap();
    session.wait().unwrap();
    let mut terminal = Terminal::run(&world, &[]);
    terminal.shows("interrupted");
    terminal.press("\ry");
    // Attached: from the lock alone it would be said to run before it can be reached.
    terminal.shows("changes apply from gen");
    assert_eq!(world.status("d")["state"], "running");
    terminal.press("q");
    terminal.press("q");
    world.stop("d");
    let unit = world.good(&["service", "d"]);
    assert!(unit.contains("--keep best:2 --on finished \"echo it is over\""), "{unit}");
}

/// It has the lock and does not listen yet: what an earlier process left is ended first.
#[test]
fn a_session_that_has_only_just_begun_is_waited_for() {
    let world = World::new();
    let words =
        ["run", "--headless", "--devices", "cpu", "--dir", "d", "--grace", "2", "--param", "x=1[0..2]"];
    let words = [&words[..], &["--", "sh", "-c", "trap '' TERM; echo > runs; sleep 60"]].concat();
    let start = || world.evotop(&words).stdout(Stdio::null()).spawn().unwrap();
    let mut killed = start();
    wait_until("it trains", || world.path("runs").exists());
    killed.kill().unwrap();
    killed.wait().unwrap();
    let mut session = start();
    let dir = SessionDir::new(world.path("d"));
    wait_until("it has the session", || Lock::holder(&dir).is_some_and(|holder| holder.pid == session.id()));
    assert!(world.good(&["steer", "d", "sigma", "0.15"]).contains("0.15"));
    world.good(&["stop", "d", "--now"]);
    session.wait().unwrap();
}

#[test]
fn the_picker_follows_the_sessions_that_it_lists() {
    let world = World::new();
    for name in ["one", "two"] {
        world.good(&sim("--detach", "300", &["--name", name, "--generations", "400"]));
    }
    let terminal = Terminal::run(&world, &[]);
    terminal.shows("2 sessions, 2 running");
    let trials = || {
        let text = terminal.text();
        let row = text.lines().find(|line| line.contains(" one "))?;
        row.split_whitespace().find(|word| word.ends_with("/400")).map(String::from)
    };
    wait_until("its trials are shown", || trials().is_some());
    let before = trials();
    wait_until("they go on", || trials() != before);
    world.stop("one");
    wait_until("it is closed", || terminal.text().contains("2 sessions, 1 running"));
    world.stop("two");
}

#[test]
fn a_run_that_was_stopped_goes_on_with_the_same_words_at_once() {
    let world = World::new();
    let words = sim("--detach", "50", &["--dir", "d"]);
    world.good(&words);
    for _ in 0..3 {
        wait_until("a trial has ended", || world.status("d")["done"] != 0);
        world.good(&["stop", "d", "--now"]);
        world.good(&words);
        assert_eq!(world.status("d")["state"], "running");
    }
    assert!(String::from_utf8_lossy(&world.run(&words).stdout).contains("session d runs already"));
    world.stop("d");
}

#[test]
fn of_several_that_start_the_same_run_at_once_one_does_and_the_others_say_who() {
    let world = World::new();
    for round in 0..4 {
        let dir = format!("d{round}");
        let words = sim("--detach", "300", &["--dir", &dir]);
        let start = |_| world.evotop(&words).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let all: Vec<_> = (0..4).map(start).collect();
        let ended: Vec<Output> = all.into_iter().map(|child| child.wait_with_output().unwrap()).collect();
        assert!(ended.iter().any(|output| output.status.success()));
        for output in ended {
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success() || said.contains("is open in process"), "{said}");
        }
        assert_eq!(world.status(&dir)["state"], "running");
        world.stop(&dir);
        world.good(&["verify", &dir]);
    }
}

#[test]
fn a_flag_that_is_said_anew_is_no_edit_of_a_file() {
    let world = World::new();
    assert!(run(&world, &["--generations", "3"]).status.success());
    let output = run(&world, &["--generations", "5", "--sigma", "0.3"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && !said.contains("was edited"), "{said}");
    assert_eq!(world.status("d")["settings"]["sigma"], 0.3);
}

/// Two people at once: one in an editor that was opened before the other pressed a key.
#[test]
fn a_stale_settings_file_changes_only_what_was_edited_in_it() {
    let world = World::new();
    world.good(&sim("--detach", "200", &["--dir", "d"]));
    let file = world.path("d/live/settings.yaml");
    wait_until("the live files are there", || file.exists());
    let opened = std::fs::read_to_string(&file).unwrap();

    world.good(&["steer", "d", "sigma", "0.35"]);
    world.good(&["steer", "d", "pin", "lr0", "at", "0.02"]);
    wait_until("the file shows it", || std::fs::read_to_string(&file).unwrap().contains("sigma: 0.35"));

    // The editor still shows sigma 0.2 and no pin; its person changes the parents and saves over everything.
    assert!(opened.contains("sigma: 0.2") && opened.contains("parent: single"));
    std::fs::write(&file, opened.replace("parent: single", "parent: weighted")).unwrap();
    wait_until("the parents are averaged", || world.status("d")["settings"]["parent"] == "weighted");
    let status = world.status("d");
    assert_eq!(status["settings"]["sigma"], 0.35);
    assert_eq!(status["params"][0]["pin"], 0.02);
    assert_eq!(status["revision"], 3);
    // The person is told what stayed, and the file shows what is.
    wait_until("it is told", || {
        std::fs::read_to_string(world.path("d/journal.jsonl")).unwrap().contains("sigma stays 0.35")
    });
    wait_until("the file shows all of it", || {
        let text = std::fs::read_to_string(&file).unwrap();
        ["sigma: 0.35", "parent: weighted", "lr0: 0.02", "# revision: 3"]
            .iter()
            .all(|line| text.contains(line))
    });
    // One step of undo takes back what the editor did, and nothing else; it was made by another way of the same user.
    world.good(&["steer", "d", "undo"]);
    assert_eq!(world.status("d")["settings"]["parent"], "single");
    assert_eq!(world.status("d")["settings"]["sigma"], 0.35);
    world.stop("d");
    world.good(&["verify", "d"]);
}

/// A stop puts the trial back that it ends: that one was held is not forgotten with it.
#[test]
fn a_run_whose_trial_was_held_when_it_was_stopped_is_paused_when_it_goes_on() {
    let world = World::new();
    let words = sim("--detach", "500", &["--dir", "d"]);
    world.good(&words);
    wait_until("it trains", || !world.status("d")["slots"][0]["generation"].is_null());
    let generation = world.status("d")["slots"][0]["generation"].to_string();
    world.good(&["steer", "d", "freeze", &generation]);
    world.good(&["stop", "d", "--now"]);
    world.good(&words);
    let status = world.status("d");
    assert_eq!(
        (&status["state"], &status["slots"][0]["generation"]),
        (&"paused".into(), &serde_json::Value::Null),
        "{status}"
    );
    world.good(&["steer", "d", "resume"]);
    wait_until("it goes on", || world.status("d")["state"] == "running");
    world.stop("d");
}
