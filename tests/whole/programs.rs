//! Evolutions of other people's programs, from the shell.

use crate::common::{World, rows, wait_until};

/// A program in the repository.
fn program(name: &str) -> String {
    format!("{}/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn header(world: &World, dir: &str) -> Vec<String> {
    let table = std::fs::read_to_string(world.path(dir).join("evolve.csv")).unwrap();
    table.lines().next().unwrap().split(',').map(|name| name.trim().to_owned()).collect()
}

const PARAMS: [&str; 4] = ["--param", "lr=3e-3[1e-5..1e-1,log]", "--param", "momentum=0.9[0.5..0.99]"];

fn run(world: &World, options: &[&str], command: &[&str]) -> std::process::Output {
    let mut words = vec!["run", "--headless", "--dir", "d", "--generations", "4", "--devices", "cpu"];
    words.extend(options);
    words.push("--");
    words.extend(command);
    world.run(&words)
}

fn good(world: &World, options: &[&str], command: &[&str]) {
    let output = run(world, options, command);
    assert!(
        output.status.success(),
        "{:?}\n{}\n{}",
        output.status.code(),
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(rows(&world.path("d")), 4);
    world.good(&["verify", "d"]);
}

#[test]
fn the_example_evolves_with_flags_and_an_expression() {
    let world = World::new();
    let example = program("examples/any_program.py");
    let options = [&PARAMS[..], &["--metric", "acc='val acc ([0-9.]+)'"]].concat();
    good(&world, &options, &["python3", &example, "{args}"]);
    assert_eq!(header(&world, "d"), ["acc", "lr", "momentum"]);
    assert!(!world.path("d/evolve.txt").exists(), "that is YOLO's");
}

#[test]
fn one_number_in_json_is_the_fitness_without_a_word_about_it() {
    let world = World::new();
    good(&world, &PARAMS, &["python3", &program("tests/trainers/bar.py")]);
    assert_eq!(header(&world, "d"), ["score", "lr", "momentum"]);
}

#[test]
fn a_shell_script_with_a_yaml_file_in_and_a_table_out() {
    let world = World::new();
    std::fs::write(world.path("my.yaml"), "lr: 0.01\n").unwrap();
    let options = ["--hyp", "my.yaml", "--fitness", "acc"];
    good(&world, &options, &["sh", &program("tests/trainers/script.sh"), "{hyp}", "{dir}"]);
    assert_eq!(header(&world, "d"), ["acc", "loss", "lr"]);
}

#[test]
fn yolov5_runs_with_nothing_but_its_name() {
    let world = World::new();
    let script = program("tests/trainers/yolov5_train.py");
    good(&world, &["--preset", "yolov5", "--hyp", "scratch-low"], &["python3", &script, "--epochs", "2"]);
    let header = header(&world, "d");
    assert_eq!(header[..7], evotop::trial::YOLO_METRICS.map(String::from));
    assert!(world.path("d/evolve.txt").exists());
}

#[test]
fn ultralytics_runs_with_a_space_for_its_own_hyperparameters() {
    let world = World::new();
    let script = program("tests/trainers/ultralytics_yolo.py");
    good(
        &world,
        &["--preset", "ultralytics"],
        &["python3", &script, "detect", "train", "data=d.yaml", "epochs=2"],
    );
    let header = header(&world, "d");
    assert_eq!(header[2..4], ["metrics/mAP50(B)", "metrics/mAP50-95(B)"]);
    assert!(header.contains(&"dfl".to_owned()));
}

#[test]
fn a_mistake_in_the_command_is_found_before_anything_is_made() {
    let world = World::new();
    for (options, word, message) in
        [(&PARAMS[..], "{lr0}", "there is no {lr0}"), (&["--preset", "yolo5"][..], "x", "ultralytics")]
    {
        let output = run(&world, options, &["python3", "t.py", word]);
        assert_eq!(output.status.code(), Some(2));
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(told.contains(message), "{told}");
        assert!(!world.path("d").exists());
    }
}

#[test]
fn a_file_for_the_built_in_trainer_that_is_not_there_is_named_before_anything_is_made() {
    let world = World::new();
    std::fs::write(world.path("data.yaml"), "").unwrap();
    for (data, weights, named) in
        [("none.yaml", "", "--data none.yaml"), ("data.yaml", "none.pt", "--weights none.pt")]
    {
        let output = world.run(&["run", "--headless", "--dir", "d", "--data", data, "--weights", weights]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.contains(named) && told.contains("correct the path"), "{told}");
        assert!(!world.path("d").exists());
    }
}

#[test]
fn a_check_names_every_variable_that_a_trial_then_has() {
    let world = World::new();
    let script = r#"env > env.txt; echo '{{"acc":0.5}}'"#;
    good(&world, &PARAMS, &["sh", "-c", script]);
    let checked =
        world.run(&[&["check", "--devices", "cpu"][..], &PARAMS, &["--", "sh", "-c", script]].concat());
    let said = String::from_utf8_lossy(&checked.stdout).into_owned();
    let there = std::fs::read_to_string(world.path("env.txt")).unwrap();
    let names = there.lines().filter_map(|line| line.split_once('=')).map(|(name, _)| name);
    let usual = ["OMP_NUM_THREADS", "PYTHONUNBUFFERED", "CUDA_DEVICE_ORDER", "CUDA_VISIBLE_DEVICES"];
    // Which guard has it is nothing for a program.
    let ours = |name: &str| {
        name.starts_with("EVOTOP_") && name != "EVOTOP_GUARD" && std::env::var_os(name).is_none()
    };
    let told: Vec<&str> = names.filter(|name| usual.contains(name) || ours(name)).collect();
    assert!(told.len() > 9, "{there}");
    for name in told {
        assert!(said.contains(name), "{name}: {said}");
    }
}

#[test]
fn a_check_reads_an_old_log_whatever_bytes_are_in_it_and_names_one_that_is_not_there() {
    let world = World::new();
    std::fs::write(world.path("old.txt"), b"\xff\xfe loading\nval acc 0.75\n").unwrap();
    let check = |log: &str| {
        let options = ["check", "--devices", "cpu", "--param", "lr=1[0..2]", "--metric"];
        let rest = ["acc=val acc ([0-9.]+)", "--log", log, "--", "python3", "t.py", "{lr}"];
        world.run(&[&options[..], &rest].concat())
    };
    let output = check("old.txt");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && said.contains("would be: acc 0.75"), "{said}");
    let said = String::from_utf8_lossy(&check("none.txt").stderr).into_owned();
    assert!(said.contains("--log none.txt: "), "{said}");
}

#[test]
fn a_script_that_fails_everywhere_holds_the_run_and_says_why() {
    let world = World::new();
    let output = run(&world, &PARAMS, &["sh", "-c", "echo 'NameError: x' >&2; exit 1"]);
    assert_eq!(output.status.code(), Some(4), "{}", String::from_utf8_lossy(&output.stdout));
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(told.contains("NameError: x"), "{told}");
}

#[test]
fn a_run_that_was_held_goes_on_with_the_same_words_once_its_script_is_mended() {
    let world = World::new();
    let script = r#"[ -f mended ] || exit 1; echo '{{"acc":0.5}}'"#;
    assert_eq!(run(&world, &PARAMS, &["sh", "-c", script]).status.code(), Some(4));
    std::fs::write(world.path("mended"), "").unwrap();
    let output = run(&world, &PARAMS, &["sh", "-c", script]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert_eq!(world.status("d")["done"], 4);
    assert!(rows(&world.path("d")) >= 1);
}

#[test]
fn a_metric_that_is_never_found_holds_the_run_after_the_first_trial_and_is_named() {
    let world = World::new();
    let options = [&PARAMS[..], &["--metric", "acc='accuracy ([0-9.]+)'"]].concat();
    let output = run(&world, &options, &["sh", "-c", "echo val acc 0.5"]);
    assert_eq!(output.status.code(), Some(4));
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(told.contains("paused: ended well, but nothing it printed matches --metric acc"), "{told}");
    assert_eq!(told.matches("started on").count(), 1, "{told}");
}

#[test]
fn a_directory_of_the_name_of_a_built_in_file_is_no_such_file() {
    let world = World::new();
    std::fs::create_dir(world.path("yolov5")).unwrap();
    let script = program("tests/trainers/yolov5_train.py");
    good(&world, &["--preset", "yolov5"], &["python3", &script, "--epochs", "2"]);
}

#[test]
fn a_full_disk_in_the_trainer_holds_the_run_and_burns_no_candidate() {
    let world = World::new();
    let script = r#"[ -f tried ] || { touch tried; cat /etc/passwd > /dev/full; exit 1; }; echo '{"acc":1}'"#;
    let script = script.replace('{', "{{").replace('}', "}}");
    let output = run(&world, &PARAMS, &["sh", "-c", &script]);
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{told}");
    assert!(told.contains("paused: disk full") && told.contains("going on"), "{told}");
    assert_eq!(rows(&world.path("d")), 4, "{told}");
}

#[test]
fn a_trial_that_failed_is_tried_again_on_another_slot_by_a_fresh_process() {
    let world = World::new();
    let script =
        r#"if [ {generation} = 2 ] && [ {attempt} = 1 ]; then exit 1; fi; sleep 0.2; echo '{{"acc":0.5}}'"#;
    let mut words = vec!["run", "--headless", "--dir", "d", "--generations", "8", "--devices", "cpu*2"];
    words.extend(PARAMS);
    words.extend(["--", "sh", "-c", script]);
    let told = world.good(&words);
    let slot_of = |attempt: u32| {
        let line = told
            .lines()
            .find(|line| line.contains("gen 2 started") && line.contains(&format!("attempt {attempt},")));
        line.unwrap_or_else(|| panic!("{told}"))
            .split(" on ")
            .nth(1)
            .unwrap()
            .split(' ')
            .next()
            .unwrap()
            .to_owned()
    };
    assert_ne!(slot_of(1), slot_of(2), "{told}");
    assert_eq!(rows(&world.path("d")), 8, "{told}");
}

/// Four slots, one of which dies at once, always, until it is mended.
#[test]
fn a_slot_that_dies_at_once_burns_no_candidate_and_comes_back_when_it_heals() {
    let world = World::new();
    let script = r#"if [ "$EVOTOP_SLOT" = 'cpu#3' ] && [ ! -f mended ]; then echo dead >&2; exit 1; fi
sleep 0.3; echo '{{"acc":0.5}}'; [ "$EVOTOP_GENERATION" -lt 16 ] || touch mended"#;
    let mut words = vec!["run", "--headless", "--dir", "d", "--generations", "40", "--devices", "cpu*4"];
    words.extend(PARAMS);
    words.extend(["--", "sh", "-c", script]);
    let output = world.evotop(&words).env("EVOTOP_MINUTE_MS", "300").output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{:?} {told}", output.status.code());
    assert_eq!(rows(&world.path("d")), 40, "every candidate finished\n{told}");
    assert!(told.contains("cpu#3 quarantined") && !told.contains("paused"), "{told}");
    let healed = told.rfind("slot cpu#3 is tried again").unwrap_or_else(|| panic!("{told}"));
    assert!(told[healed..].contains("started on cpu#3"), "{told}");
}

#[test]
fn a_directory_that_cannot_be_made_costs_the_slot_for_a_while_and_not_the_run() {
    let world = World::new();
    let script = "touch {dir}/../../000001; echo '{{\"acc\":0.5}}'";
    let options = ["--devices", "cpu", "--generations", "2", "--on-failure", "pause", "--dir", "d"];
    let words = [&["run", "--headless"], &options[..], &PARAMS, &["--", "sh", "-c", script]].concat();
    let mut run = world.evotop(&words).env("EVOTOP_MINUTE_MS", "300").spawn().unwrap();
    let journal = || std::fs::read_to_string(world.path("d/journal.jsonl")).unwrap_or_default();
    wait_until("the slot is quarantined", || journal().contains("slot-quarantined"));
    std::fs::remove_file(world.path("d/trials/000001")).unwrap();
    assert!(run.wait().unwrap().success());
    assert_eq!(rows(&world.path("d")), 2);
    assert!(!journal().contains("\"rule\":{"), "{}", journal());
}
