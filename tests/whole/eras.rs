//! Eras: what can change the meaning of fitness begins one.

use std::process::Output;

use serde_json::Value;

use crate::common::{World, wait_until};

fn run(world: &World, dir: &str, generations: &str, more: &[&str]) -> Output {
    let words = ["run", "--headless", "--devices", "cpu", "--param", "x=1[0..2]", "--fitness", "acc"];
    let words = [&words[..], &["--dir", dir, "--generations", generations], more].concat();
    world.run(&[&words[..], &["--", "sh", "train.sh", "data.yaml", "{x}"]].concat())
}

fn good(world: &World, dir: &str, generations: &str, more: &[&str]) -> String {
    let output = run(world, dir, generations, more);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap() + &String::from_utf8_lossy(&output.stderr)
}

/// A world with a program whose result is its hyperparameter.
fn world() -> World {
    let world = World::new();
    std::fs::write(world.path("train.sh"), "echo \"{\\\"acc\\\": $2}\"\n").unwrap();
    std::fs::write(world.path("data.yaml"), "train: images\n").unwrap();
    world
}

/// What is exported of each trial under this name.
fn of_trials(world: &World, dir: &str, name: &str) -> Vec<Value> {
    world.good(&["export", dir, "--to", "e.json"]);
    let text = std::fs::read_to_string(world.path("e.json")).unwrap();
    let trials: Value = serde_json::from_str(&text).unwrap();
    let trials = trials.get("trials").unwrap_or(&trials).as_array().unwrap().clone();
    trials.iter().map(|trial| trial[name].clone()).collect()
}

#[test]
fn another_script_and_another_list_of_data_begin_an_era_with_the_first_trial_that_they_train() {
    let world = world();
    good(&world, "d", "2", &[]);
    std::fs::write(world.path("train.sh"), "echo \"{\\\"acc\\\": $2}\" # better\n").unwrap();
    assert!(good(&world, "d", "4", &[]).contains("era 1: the trainer is train.sh"));
    std::fs::write(world.path("data.yaml"), "train: more images\n").unwrap();
    assert!(good(&world, "d", "6", &[]).contains("era 2"));
    let said = good(&world, "d", "7", &[]);
    assert!(!said.contains("era 3") && !said.contains("trainer train.sh"), "nothing changed: {said}");
    assert_eq!(of_trials(&world, "d", "era"), [0, 0, 1, 1, 2, 2, 2]);
    world.good(&["verify", "d"]);
}

#[test]
fn parents_may_be_limited_to_the_present_era() {
    let world = world();
    let script = "while [ -f wait ]; do sleep 0.05; done; echo \"{\\\"acc\\\": $2}\"\n";
    std::fs::write(world.path("train.sh"), script).unwrap();
    good(&world, "old", "3", &[]);
    good(&world, "d", "1", &["--from", "old/evolve.csv"]);
    std::fs::write(world.path("wait"), "").unwrap();
    world.good(&["run", "--detach", "--dir", "d", "--generations", "5"]);
    world.good(&["steer", "d", "exclude", "earlier"]);
    std::fs::remove_file(world.path("wait")).unwrap();
    wait_until("it is complete", || world.status("d")["state"] == "complete");
    assert_eq!(of_trials(&world, "d", "excluded")[2..4], [true, false]);
    world.good(&["export", "d", "--to", "d.json"]);
    world.good(&["export", "d", "--to", "d.csv", "--format", "frame"]);
    for from in ["d", "d.json", "d.csv"] {
        good(&world, &format!("of-{from}"), "1", &["--from", from]);
        let excluded = of_trials(&world, &format!("of-{from}"), "excluded");
        assert_eq!(excluded[..4], [true, true, true, false], "{from}: {excluded:?}");
    }
    let parents = of_trials(&world, "d", "parents").split_off(5);
    let of_this_era = |parents: &Value| parents.as_array().unwrap().iter().all(|p| p.as_u64() >= Some(3));
    assert!(parents.len() == 3 && parents.iter().all(of_this_era), "{parents:?}");
    world.good(&["verify", "d"]);
}

#[test]
fn a_candidate_of_an_earlier_run_is_repeated_with_a_seed_that_it_was_not_trained_with() {
    let world = world();
    std::fs::write(world.path("train.sh"), "echo \"{\\\"acc\\\": 1.5$EVOTOP_SEED}\"\n").unwrap();
    good(&world, "old", "5", &["--repeat-best", "2"]);
    let trained = of_trials(&world, "old", "trial_seed");
    assert!(trained.iter().any(|seed| seed.as_u64() > Some(0)), "{trained:?}");
    world.good(&["export", "old", "--to", "old.json"]);
    for (dir, from) in [("d", "old"), ("e", "old.json"), ("f", "old/evolve.csv")] {
        good(&world, dir, "2", &["--repeat-best", "5", "--from", from]);
        let seeds = of_trials(&world, dir, "trial_seed");
        if dir != "f" {
            assert_eq!(seeds[..5], trained, "{from}");
        }
        assert_eq!((seeds.len(), &seeds[5]), (7, &Value::from(3)), "{from}: {seeds:?}");
        let candidates = of_trials(&world, dir, "candidate");
        let mut each: Vec<_> = candidates.iter().zip(&seeds).map(|pair| format!("{pair:?}")).collect();
        let all = each.len();
        each.sort();
        each.dedup();
        assert_eq!(each.len(), all, "{from}: {candidates:?} {seeds:?}");
        world.good(&["verify", dir]);
    }
}

#[test]
fn a_run_without_an_earlier_era_has_nothing_of_it_to_leave_out() {
    let world = world();
    std::fs::write(world.path("train.sh"), "sleep 99\n").unwrap();
    let words = ["run", "--detach", "--devices", "cpu", "--param", "x=1[0..2]", "--dir", "d"];
    world.good(&[&words[..], &["--", "sh", "train.sh"]].concat());
    let output = world.run(&["steer", "d", "exclude", "earlier"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(2) && said.contains("no trial is of an earlier era"), "{said}");
    world.stop("d");
}

#[test]
fn each_earlier_run_is_an_era_and_a_trial_that_two_files_tell_of_is_taken_once() {
    let world = world();
    good(&world, "a", "3", &[]);
    good(&world, "b", "2", &["--seed", "4"]);
    let said = good(&world, "d", "2", &["--from", "a/evolve.csv", "--from", "b"]);
    assert!(said.contains("b: 1 of them were there before and left out"), "both began alike: {said}");
    assert_eq!(of_trials(&world, "d", "era"), [1, 1, 1, 2, 3, 3]);
    let elsewhere = world.path("b");
    let spelled = ["--from", "./a/evolve.csv", "--from", elsewhere.to_str().unwrap()];
    assert!(good(&world, "d", "3", &spelled).contains("gen 6 finished"), "the same files");
    world.good(&["verify", "d"]);

    for again in ["a/evolve.csv", "a"] {
        let output = run(&world, "twice", "2", &["--from", "a/evolve.csv", "--from", again]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(&format!("--from {again}: all of its trials were there before")), "{said}");
        assert!(!world.path("twice").exists());
    }

    // Imported trials come all together.
    let said = world.good(&["fork", "d", "--at", "1", "--to", "f"]);
    assert!(said.contains("f begins after gen 2;"), "{said}");
    assert_eq!(of_trials(&world, "f", "era"), [1, 1, 1]);
}
