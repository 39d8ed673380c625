//! What the program refuses, or counts otherwise, when somebody calls it: `val` on weights of three classes and the built-in data set of
//! ten, and trainings that cannot be meant.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::process::{Command, Output};

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
