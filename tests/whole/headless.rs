//! A whole evolution from the shell, with the simulated trainer.

use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStderr};
use std::sync::Arc;

use crate::common::{World, rows};
use crate::sim::sim;
use evotop::journal::{self, Event, FileDisk, Writer};

/// Writes a journal anew with every event changed by `change`: its checksums are right, its contents are not.
fn alter(path: &Path, mut change: impl FnMut(&mut Event)) {
    let mut entries = Vec::new();
    journal::read(path, |entry| entries.push(entry)).unwrap();
    std::fs::remove_file(path).unwrap();
    let mut entries = entries.into_iter();
    let first = entries.next().unwrap();
    let Event::Created(mut created) = first.event else { panic!("no start") };
    let mut event = Event::Created(created.clone());
    change(&mut event);
    if let Event::Created(changed) = event {
        created = changed;
    }
    let (mut writer, _) = Writer::create(Arc::new(FileDisk::default()), path, first.time, *created).unwrap();
    for mut entry in entries {
        change(&mut entry.event);
        writer.commit(entry.time, vec![entry.event]).unwrap();
    }
}

fn run(world: &World, dir: &str, generations: &str) -> std::process::Output {
    world.run(&sim("--headless", "0", &["--generations", generations, "--seed", "7", "--dir", dir]))
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
    alter(&world.path("d").join("journal.jsonl"), |event| {
        if let Event::Proposed(proposed) = event
            && proposed.generation == 9
        {
            proposed.genes[0] += 1e-5;
        }
    });
    let output = world.run(&["verify", "d"]);
    assert_eq!(output.status.code(), Some(5), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stderr).contains("generation 9"));
}

#[test]
fn damage_that_no_checksum_was_made_good_for_is_no_verified_run_either() {
    let world = World::new();
    assert!(run(&world, "d", "3").status.success());
    let path = world.path("d").join("journal.jsonl");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replacen("\"generation\":1", "\"generation\":2", 1)).unwrap();
    let output = world.run(&["verify", "d"]);
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(5), "{message}");
    assert!(message.contains("journal.jsonl, line ") && message.contains("evotop repair"), "{message}");
}

#[test]
fn an_altered_setting_or_parent_is_found_too() {
    type Change = fn(&mut Event);
    let changes: [(Change, &str); 3] = [
        (
            |event| {
                if let Event::Proposed(proposed) = event
                    && proposed.generation == 5
                {
                    proposed.parents[0] += 1;
                }
            },
            "generation 5",
        ),
        (
            |event| {
                if let Event::Created(created) = event {
                    created.settings.sigma = 0.21;
                }
            },
            "generation 0",
        ),
        (
            |event| {
                if let Event::Proposed(proposed) = event
                    && proposed.generation == 7
                {
                    proposed.settings += 1;
                }
            },
            "generation 7",
        ),
    ];
    for (change, named) in changes {
        let world = World::new();
        assert!(run(&world, "d", "8").status.success());
        alter(&world.path("d").join("journal.jsonl"), change);
        let output = world.run(&["verify", "d"]);
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(5), "{message}");
        assert!(message.contains(named), "{message}");
    }
}

#[test]
fn only_the_directories_that_were_asked_for_are_kept_and_every_row_is() {
    let world = World::new();
    world.good(&sim("--headless", "0", &["--generations", "12", "--keep", "best:2,last:1", "--dir", "d"]));
    let kept = std::fs::read_dir(world.path("d").join("trials")).unwrap().count();
    assert!((1..=3).contains(&kept), "{kept} directories are left");
    assert_eq!(rows(&world.path("d")), 12);
}

#[test]
fn a_program_that_knows_no_yaml_is_evolved_by_its_flags_and_its_output() {
    let world = World::new();
    std::fs::write(
        world.path("train.sh"),
        "while [ $# -gt 0 ]; do case $1 in --x) x=$2;; esac; shift; done\nawk \"BEGIN { print \\\"val acc \\\" 1 - ($x - 0.3) ^ 2 }\"\n",
    )
    .unwrap();
    world.good(&[
        "run",
        "--headless",
        "--devices",
        "cpu",
        "--generations",
        "30",
        "--seed",
        "1",
        "--param",
        "x=0.9[0..1]",
        "--metric",
        "acc='val acc ([0-9.]+)'",
        "--dir",
        "d",
        "--",
        "sh",
        "train.sh",
        "{args}",
    ]);
    let best = world.status("d")["best"]["fitness"].as_f64().unwrap();
    assert!(best > 0.95, "after 30 generations the best is {best}; the start was 0.64");
    world.good(&["verify", "d"]);
}

#[test]
fn a_saved_settings_file_steers_and_a_bad_one_changes_nothing() {
    let world = World::new();
    world.good(&sim("--detach", "200", &["--dir", "d"]));
    let file = world.path("d").join("live/settings.yaml");
    crate::common::wait_until("the live files are there", || file.exists());
    let text = std::fs::read_to_string(&file).unwrap();
    let changed: String = text
        .lines()
        .map(
            |line| if line.starts_with("sigma:") { "sigma: 0.33".to_owned() } else { line.to_owned() } + "\n",
        )
        .collect();
    std::fs::write(&file, &changed).unwrap();
    crate::common::wait_until("sigma is steered", || world.status("d")["settings"]["sigma"] == 0.33);
    let revision = world.status("d")["revision"].clone();
    std::fs::write(&file, changed.replace("0.33", "lots")).unwrap();
    crate::common::wait_until("the mistake is told", || {
        std::fs::read_to_string(world.path("d").join("journal.jsonl")).unwrap().contains("lots")
    });
    assert_eq!(world.status("d")["revision"], revision);
    world.good(&["stop", "d", "--now"]);
}

#[test]
fn a_complete_run_says_so_and_ends_instead_of_waiting_for_more() {
    let world = World::new();
    assert!(run(&world, "d", "3").status.success());
    let said = world.good(&["run", "--dir", "d"]);
    assert!(said.contains("complete (3 trials)"), "{said}");
}

#[test]
fn every_built_in_hyp_file_runs_with_nothing_but_its_name() {
    let world = World::new();
    let listed = world.good(&["hyp", "list"]);
    let names: Vec<&str> = listed
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| evotop::space::builtin::hyp(name).is_some() && !name.starts_with("space/"))
        .collect();
    assert!(
        names.contains(&"yolov3-2020-01") && names.contains(&"ultralytics") && names.len() >= 10,
        "{names:?}"
    );
    for name in names {
        world.good(&sim(
            "--headless",
            "0",
            &["--generations", "3", "--epochs", "1", "--hyp", name, "--dir", name],
        ));
        world.good(&["verify", name]);
    }
}

#[test]
fn plain_lines_end_with_the_session() {
    let world = World::new();
    let lines = world.good(&sim("--plain", "20", &["--generations", "5", "--dir", "d"]));
    assert!(lines.contains("closed: complete"), "{lines}");
}

/// A run that soon meets a limit on the size of its files, and what it says once it has.
fn limited(world: &World, words: &[&str]) -> (Child, Lines<BufReader<ChildStderr>>) {
    let limited = "ulimit -S -f 64; exec \"$0\" \"$@\"";
    let command = world.evotop(&[]);
    let mut session = std::process::Command::new("sh")
        .args(["-c", limited, env!("CARGO_BIN_EXE_evotop")])
        .args(words)
        .current_dir(world.home.path())
        .envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(session.stderr.take().unwrap()).lines();
    let waits = said.by_ref().map_while(Result::ok).any(|line| line.contains("the run waits"));
    assert!(waits, "the run does not say that it waits");
    assert!(session.try_wait().unwrap().is_none(), "the run ended");
    (session, said)
}

#[test]
fn a_run_that_waits_for_room_says_so_and_ends_when_it_is_told_to() {
    let world = World::new();
    let words = sim("--headless", "0", &["--on-failure", "pause", "--generations", "60", "--dir", "d"]);
    let (mut session, said) = limited(&world, &[&words[..], &["--grace", "1"]].concat());
    let status = world.status("d");
    assert_eq!(status["state"], "paused");
    assert!(status["why"].as_str().unwrap().contains("nothing can be written"), "{status}");
    rustix::process::kill_process(
        rustix::process::Pid::from_raw(session.id().cast_signed()).unwrap(),
        rustix::process::Signal::TERM,
    )
    .unwrap();
    let reader = std::thread::spawn(move || said.map_while(Result::ok).count());
    assert_eq!(session.wait().unwrap().code(), Some(3));
    reader.join().unwrap();
    world.good(&words);
    assert_eq!(rows(&world.path("d")), 60);
    world.good(&["verify", "d"]);
}

#[test]
fn a_limit_on_file_sizes_holds_the_run_like_a_full_disk_and_nothing_is_lost() {
    let world = World::new();
    let words = sim("--headless", "0", &["--on-failure", "pause", "--generations", "60", "--dir", "d"]);
    let (mut session, mut said) = limited(&world, &words);
    // There is room again: it goes on by itself.
    let pid = rustix::process::Pid::from_raw(session.id().cast_signed());
    let unlimited = rustix::process::Rlimit { current: None, maximum: None };
    rustix::process::prlimit(pid, rustix::process::Resource::Fsize, unlimited).unwrap();
    assert!(said.by_ref().map_while(Result::ok).any(|line| line.contains("the run goes on")));
    assert!(session.wait().unwrap().success());
    assert_eq!(rows(&world.path("d")), 60);
    world.good(&["verify", "d"]);
}

#[test]
fn the_evolution_that_is_kept_verifies_and_plays_back_and_its_files_are_those_of_its_journal() {
    let world = World::new();
    let kept = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/sessions/digits-30");
    let copy = world.path("digits-30");
    std::fs::create_dir(&copy).unwrap();
    std::fs::copy(kept.join("journal.jsonl"), copy.join("journal.jsonl")).unwrap();
    assert!(world.good(&["verify", "digits-30"]).contains("30 proposals derived again"));
    assert!(world.good(&["replay", "digits-30", "--plain"]).contains("gen 15 finished, fitness 0.8152"));
    assert_eq!(world.good(&["export", "digits-30", "--to", "evolve.csv"]).trim(), "evolve.csv: 30 trials");
    assert_eq!(
        std::fs::read_to_string(world.path("evolve.csv")).unwrap(),
        std::fs::read_to_string(kept.join("evolve.csv")).unwrap()
    );
}
