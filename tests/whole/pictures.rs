//! Pictures, by the real program: kept up in the session's directory, and on demand.

use crate::common::World;
use crate::sim::sim;

fn run(world: &World, dir: &str) -> (bool, String) {
    let output = world.run(&sim("--headless", "1", &["--epochs", "3", "--generations", "12", "--dir", dir]));
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn a_session_leaves_its_picture_and_any_other_is_drawn_on_demand() {
    let world = World::new();
    assert!(run(&world, "d").0);
    let is_png = |name: &str| std::fs::read(world.path(name)).unwrap().starts_with(b"\x89PNG\r\n");
    assert!(is_png("d/evolve.png"));
    world.good(&["plot", "d", "-o", "a.png"]);
    assert!(is_png("a.png"));
    for kind in ["density", "fitness", "params", "pair", "lineage"] {
        world.good(&["plot", "d", "--output", "a.svg", "--kind", kind]);
        assert!(std::fs::read_to_string(world.path("a.svg")).unwrap().contains("</svg>"), "{kind}");
    }
    for (words, part) in [
        (["plot", "d", "-o", "a.jpg", "--kind", "fitness"], "ends in .png or .svg"),
        (["plot", "d", "-o", "a.png", "--kind", "pie"], "density, fitness, params"),
        (["plot", "d", "-o", "a.png", "--kind", "importance"], "too few trials"),
    ] {
        let output = world.run(&words);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && said.contains(part), "{said}");
    }
}

#[test]
fn a_picture_that_cannot_be_written_is_a_line_in_the_log() {
    let world = World::new();
    std::fs::create_dir_all(world.path("d/evolve.png/in-the-way")).unwrap();
    let (good, said) = run(&world, "d");
    assert!(good && said.contains("evolve.png"), "{said}");
    assert_eq!(world.status("d")["state"], "complete");
}
