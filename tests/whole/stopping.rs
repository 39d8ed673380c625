//! Runs that end because they had enough, and runs that try their best again: by the real program.

use crate::common::{World, rows};
use crate::sim::sim;

/// A headless run of the simulated trainer with these words besides.
fn run<'a>(dir: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    sim("--headless", "1", &[&["--epochs", "3", "--seed", "3", "--dir", dir], more].concat())
}

#[test]
fn a_target_ends_the_run_and_the_same_words_with_a_higher_one_go_on() {
    let world = World::new();
    let said = world.good(&run("d", &["--generations", "200", "--target", "0.75"]));
    let status = world.status("d");
    assert!(said.contains("closed: complete: target 0.75 reached"), "{said}");
    assert!(said.contains("finished; best 0.7"), "a summary: {said}");
    assert_eq!(status["state"], "complete");
    assert!(status["why"].as_str().unwrap().starts_with("target 0.75 reached: 0.7"));
    let first = status["done"].as_u64().unwrap();
    assert!(first < 150 && status["best"]["fitness"].as_f64().unwrap() >= 0.75);
    let again = world.good(&["run", "--dir", "d"]);
    assert!(again.contains("target 0.75 reached"), "{again}");
    world.good(&run("d", &["--target", "0.78"]));
    let status = world.status("d");
    assert!(status["done"].as_u64().unwrap() > first);
    assert_eq!(status["settings"]["target"], 0.78);
    world.good(&["verify", "d"]);
}

#[test]
fn patience_and_hours_end_a_run_and_say_so() {
    let world = World::new();
    let said = world.good(&run("p", &["--generations", "500", "--patience", "8"]));
    assert!(said.contains("complete: patience is over: 8 trials without a better best than"), "{said}");
    let status = world.status("p");
    let (best, done) = (status["best"]["generation"].as_u64().unwrap(), status["done"].as_u64().unwrap());
    assert_eq!(done, best + 9);
    let said = world.good(&run("h", &["--generations", "5000", "--max-hours", "0.0003"]));
    assert!(said.contains("complete: max-hours 0.0003 used: slots trained"), "{said}");
    let text = world.good(&["status", "h"]);
    assert!(text.contains("used") && text.contains("rules     max-hours 0.0003"), "{text}");
}

#[test]
fn the_best_is_tried_again_every_so_many_generations_and_has_an_error() {
    let world = World::new();
    world.good(&run("d", &["--generations", "40", "--repeat-best", "5", "--sim-noise", "0.02"]));
    let status = world.status("d");
    assert!(status["best"]["standard_error"].as_f64().unwrap() > 0.0);
    world.good(&["export", "d", "--to", "t.csv", "--format", "frame"]);
    let table = std::fs::read_to_string(world.path("t.csv")).unwrap();
    let repeats: Vec<&str> = table.lines().filter(|line| line.split(',').nth(2) == Some("repeat")).collect();
    assert_eq!(repeats.len(), 7, "generations 5, 10 ... 35");
    for line in &repeats {
        let cells: Vec<&str> = line.split(',').collect();
        assert!(cells[0].parse::<u64>().unwrap() % 5 == 0 && cells[5] != "0", "another seed: {line}");
    }
    let parents = table.lines().skip(1).filter_map(|line| line.split(',').nth(6)?.parse::<u64>().ok());
    assert!(parents.filter(|p| *p > 0).all(|p| p % 5 != 0), "parents are candidates, not their repeats");
    assert_eq!(rows(&world.path("d")), 40);
    assert!(world.good(&["verify", "d"]).contains("40"));
}

#[test]
fn rules_that_make_no_sense_are_refused_with_what_would() {
    let world = World::new();
    for (flag, value, part) in [
        ("--patience", "many", "a whole number or off is wanted"),
        ("--patience", "0", "patience goes from 1"),
        ("--max-hours", "-1", "max-hours goes from"),
        ("--repeat-best", "1.5", "a whole number or off"),
        ("--prune-warm-up", "none", "a whole number or auto"),
    ] {
        let output = world.run(&run("d", &[&format!("{flag}={value}")]));
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && said.contains(part), "{flag} {value}: {said}");
        assert!(!world.path("d").exists());
    }
}
