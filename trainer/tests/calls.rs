//! What the program does when somebody calls it in a way that is no training as usual: `val` on weights of three classes and the built-in
//! data set of ten, or on pictures that cannot be read, trainings that cannot be meant, and output that nobody reads.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::process::{Command, Output, Stdio};

fn run(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_evotop-yolo")).args(words).output().unwrap()
}

#[test]
fn weights_of_other_classes_are_refused_unless_all_count_as_one() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("d");
    let written = run(&["digits", "--out", folder.to_str().unwrap(), "--train", "1", "--val", "3"]);
    assert!(written.status.success());
    let data = folder.join("digits.yaml");
    let weights = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/tiny.pt");
    let val =
        ["val", "--weights", weights, "--data", data.to_str().unwrap(), "--img", "64", "--device", "cpu"];

    let refused = run(&val);
    let said = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(2));
    for word in ["tiny.pt", "3 classes", "has 10", "--single-cls"] {
        assert!(said.contains(word), "{word}: {said}");
    }

    let counted = run(&[&val[..], &["--single-cls"]].concat());
    let said = String::from_utf8_lossy(&counted.stdout);
    let rows: Vec<_> = said.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(counted.status.success(), "{}", String::from_utf8_lossy(&counted.stderr));
    assert!(rows.ends_with(&["class", "all", "item"]), "{said}");
}

#[test]
fn val_leaves_out_what_cannot_be_read_and_measures_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("d");
    assert!(
        run(&["digits", "--out", folder.to_str().unwrap(), "--train", "1", "--val", "3"]).status.success()
    );
    let val = || {
        let weights = concat!(env!("CARGO_MANIFEST_DIR"), "/../assets/digits/yolov5p.safetensors");
        let data = folder.join("digits.yaml");
        run(&[
            "val",
            "--weights",
            weights,
            "--data",
            data.to_str().unwrap(),
            "--img",
            "64",
            "--device",
            "cpu",
        ])
    };
    let damage = |number: u32| {
        let path = folder.join(format!("images/val/{number:06}.png"));
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0x5A;
        std::fs::write(path, bytes).unwrap();
    };
    damage(1);
    let done = val();
    let said = String::from_utf8_lossy(&done.stdout);
    // The pictures are decoded as they are measured and not before, so that they are read once.
    let all = said.lines().find(|line| line.trim_start().starts_with("all ")).unwrap_or_default();
    assert_eq!(all.split_whitespace().nth(1), Some("2"), "{said}");
    let named = said.lines().find(|line| line.contains("000001.png")).unwrap_or_default();
    assert!(said.starts_with("val: 3 images") && named.ends_with("left out"), "{said}");
    damage(0);
    damage(2);
    let said = val().stderr;
    let said = String::from_utf8_lossy(&said);
    assert!(said.contains("none of the 3 val images can be used") && said.contains(".png"), "{said}");
}

#[test]
fn the_built_in_data_set_has_its_own_size_and_its_own_values_where_none_are_given() {
    let folder = tempfile::tempdir().unwrap();
    let run = |words: &str| {
        let mut call = Command::new(env!("CARGO_BIN_EXE_evotop-yolo"));
        let words = words.split(' ').map(|word| match word {
            "DIR" => folder.path().to_str().unwrap(),
            "WEIGHTS" => concat!(env!("CARGO_MANIFEST_DIR"), "/../assets/digits/yolov5p.safetensors"),
            word => word,
        });
        let ended = call.args(words).env("XDG_CACHE_HOME", folder.path()).output().unwrap();
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
        String::from_utf8_lossy(&ended.stdout).into_owned()
    };
    let said = run("val --device cpu --weights WEIGHTS");
    let all = said.lines().find(|line| line.trim_start().starts_with("all ")).unwrap_or_default();
    let map50: f64 = all.split_whitespace().nth(5).unwrap().parse().unwrap();
    assert!(map50 > 0.9, "{said}");

    let train =
        "train --digits 8,4 --epochs 1 --batch 4 --img 64 --device cpu --threads 1 --project DIR --name";
    let epoch = |words: &str| {
        let said = run(&format!("{train} {words}"));
        let line = said.lines().find(|line| line.starts_with("epoch 1/1")).unwrap_or_default();
        line.split("  ").take(7).collect::<Vec<_>>().join("  ")
    };
    let [usual, digits, other] = [epoch("a"), epoch("b --hyp digits"), epoch("c --hyp scratch-low")];
    assert!(usual == digits && usual != other, "{usual}\n{digits}\n{other}");
}

#[test]
fn the_built_in_set_goes_into_the_users_cache_and_a_cache_that_cannot_be_written_comes_with_a_remedy() {
    let home = tempfile::tempdir().unwrap();
    let weights = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/tiny.pt");
    let run = |cache: &str| {
        let mut call = Command::new(env!("CARGO_BIN_EXE_evotop-yolo"));
        call.args(["val", "--device", "cpu", "--weights", weights]).current_dir(home.path());
        let ended = call.env("HOME", home.path()).env("XDG_CACHE_HOME", cache).output().unwrap();
        String::from_utf8_lossy(&ended.stderr).into_owned()
    };
    assert!(run("").contains("3 classes"), "it came as far as the data: {}", run(""));
    assert!(home.path().join(".cache/evotop").is_dir() && !home.path().join("evotop").exists());
    let said = run("/dev/null/cache");
    assert!(said.contains("/dev/null/cache/evotop") && said.contains("XDG_CACHE_HOME"), "{said}");
}

#[test]
fn val_takes_the_sizes_that_a_training_takes() {
    for (name, size) in [("--img", "0"), ("--img", "9000"), ("--batch", "0"), ("--batch", "5000")] {
        let refused = run(&["val", "--weights", "w.pt", name, size]);
        let said = String::from_utf8_lossy(&refused.stderr);
        assert!(
            refused.status.code() == Some(2) && said.contains(name) && said.contains("not in 1"),
            "{said}"
        );
    }
}

#[test]
fn output_that_nobody_reads_ends_a_call_quietly() {
    let folder = tempfile::tempdir().unwrap();
    let project = folder.path().join("runs");
    let digits = folder.path().join("d");
    let train = [
        "train",
        "--digits",
        "4,2",
        "--epochs",
        "1000",
        "--batch",
        "2",
        "--img",
        "64",
        "--device",
        "cpu",
        "--project",
    ];
    for words in [
        vec!["info", "yolov5n"],
        vec!["digits", "--out", digits.to_str().unwrap(), "--train", "1", "--val", "1"],
        vec![
            "val",
            "--weights",
            concat!(env!("CARGO_MANIFEST_DIR"), "/../assets/digits/yolov5p.safetensors"),
            "--img",
            "64",
        ],
        [&train[..], &[project.to_str().unwrap()]].concat(),
        vec!["--help"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut call = Command::new(env!("CARGO_BIN_EXE_evotop-yolo"));
        call.args(&words).env("XDG_CACHE_HOME", folder.path()).stdin(Stdio::null()).stdout(writer);
        let ended = call.stderr(Stdio::piped()).spawn().unwrap().wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr);
        assert!(ended.status.success() && said.is_empty(), "{words:?}: {} {said}", ended.status);
    }
}

/// What a training with these words more says as it is refused.
fn refused(more: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("d");
    assert!(run(&["digits", "--out", data.to_str().unwrap(), "--train", "2", "--val", "1"]).status.success());
    let (data, project) = (data.join("digits.yaml"), folder.path().join("runs"));
    let hyp = folder.path().join("hyp.yaml");
    std::fs::write(&hyp, "anchors: 3\n").unwrap();
    let train = ["train", "--data", data.to_str().unwrap(), "--project", project.to_str().unwrap()];
    let small = ["--cfg", "yolov5p", "--img", "64", "--epochs", "1", "--device", "cpu"];
    let more: Vec<_> =
        more.iter().map(|word| if *word == "HYP" { hyp.to_str().unwrap() } else { word }).collect();
    let ended = run(&[&train[..], &small, &more].concat());
    assert_eq!(ended.status.code(), Some(2), "{ended:?}");
    String::from_utf8_lossy(&ended.stderr).into_owned()
}

#[test]
fn a_training_with_every_layer_frozen_is_refused() {
    let said = refused(&["--freeze", "99"]);
    assert!(said.contains("--freeze") && !said.contains("panicked"), "{said}");
}

#[test]
fn anchors_that_nobody_would_fit_are_refused() {
    let said = refused(&["--hyp", "HYP", "--noautoanchor"]);
    assert!(said.contains("anchors") && said.contains("--noautoanchor"), "{said}");
}

#[test]
fn a_weights_file_that_is_missing_is_no_unknown_model() {
    let said = run(&["info", "/nowhere/best.pt"]).stderr;
    let said = String::from_utf8_lossy(&said);
    assert!(said.contains("/nowhere/best.pt: cannot be read"), "{said}");
}
