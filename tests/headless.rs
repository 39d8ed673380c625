//! A whole evolution from the shell, with the simulated trainer.

mod common;

use common::{World, rows};

fn run(world: &World, dir: &str, generations: &str) -> std::process::Output {
    world.run(&[
        "run",
        "--headless",
        "--trainer",
        "sim",
        "--sim-epoch-ms",
        "0",
        "--devices",
        "cpu",
        "--generations",
        generations,
        "--seed",
        "7",
        "--dir",
        dir,
    ])
}

#[test]
fn the_same_start_gives_the_same_evolve_csv_and_verifies() {
    let world = World::new();
    for dir in ["a", "elsewhere"] {
        let output = run(&world, dir, "40");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(rows(&world.path(dir)), 40);
    }
    let read = |dir: &str| std::fs::read(world.path(dir).join("evolve.csv")).unwrap();
    assert_eq!(read("a"), read("elsewhere"));
    let verified = world.good(&["verify", "a"]);
    assert!(verified.contains("40 proposals derived again"), "{verified}");
}

#[test]
fn the_same_words_again_change_nothing_and_more_generations_go_on() {
    let world = World::new();
    assert!(run(&world, "d", "10").status.success());
    assert!(run(&world, "d", "10").status.success());
    assert_eq!(rows(&world.path("d")), 10);
    assert!(run(&world, "d", "15").status.success());
    assert_eq!(rows(&world.path("d")), 15);
    assert!(world.good(&["verify", "d"]).contains("15 proposals"));
}

#[test]
fn another_seed_is_another_run_and_is_refused_by_name() {
    let world = World::new();
    assert!(run(&world, "d", "3").status.success());
    let output = world.run(&["run", "--headless", "--seed", "8", "--dir", "d"]);
    assert_eq!(output.status.code(), Some(2));
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(message.contains("--seed was 7, is 8"), "{message}");
    assert_eq!(rows(&world.path("d")), 3);
}

#[test]
fn an_altered_gene_is_found_and_its_generation_named() {
    let world = World::new();
    assert!(run(&world, "d", "12").status.success());
    let journal = world.path("d").join("journal.jsonl");
    let text = std::fs::read_to_string(&journal).unwrap();
    let mut lines: Vec<String> = text.lines().map(Into::into).collect();
    let at = lines.iter().position(|line| line.contains(r#""proposed":{"generation":9,"#)).unwrap();
    let mut entry: serde_json::Value = serde_json::from_str(&lines[at]).unwrap();
    let gene = &mut entry["event"]["proposed"]["genes"][0];
    *gene = serde_json::json!(gene.as_f64().unwrap() + 1e-5);
    lines[at] = evotop::journal::encode_value(&entry);
    std::fs::write(&journal, lines.join("\n") + "\n").unwrap();
    let output = world.run(&["verify", "d"]);
    assert_eq!(output.status.code(), Some(5), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stderr).contains("generation 9"));
}
