//! The program's `val`, on weights of three classes and the built-in data set of ten.

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
