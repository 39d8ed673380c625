//! The same words again: what they mean for a run that is there.

use std::process::Output;

use crate::common::{World, rows, wait_until};
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
    std::fs::copy(world.path("d/evolve.csv"), world.path("old.csv")).unwrap();
    let output = world.run(&[&words[..], &["--from", "old.csv"]].concat());
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("did not begin with --from old.csv"));
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
