//! The built-in trainer, where `evotop-yolo` is built; its comparisons with the reference are scripts of their own.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use criterion::Criterion;

use crate::table::Row;

/// How to get the figures that need the reference's own program.
const REST: [(&str, &str); 4] = [
    ("images/s and generations/h against YOLOv5", "python bench/versus_yolov5.py"),
    ("mAP of the same weights against YOLOv5", "python bench/val_parity.py"),
    ("mAP over seeds against YOLOv5", "python bench/digits_spread.py"),
    ("what evolution improves, over seeds", "python bench/digits_study.py"),
];

pub fn rows(_: &mut Criterion) -> Vec<Row> {
    let mut rows = program().map_or_else(
        || vec![Row::said("evotop-yolo", "not built: cargo build --release -p evotop-yolo")],
        |program| digits(&program),
    );
    rows.extend(REST.map(|(figure, script)| Row::said(figure, format!("{script} --help"))));
    rows
}

/// The optimised program, or the one that `make demo` builds: what counts of it is optimised there too.
fn program() -> Option<PathBuf> {
    let target = Path::new(env!("CARGO_BIN_EXE_evotop")).parent()?.parent()?;
    ["release", "debug"]
        .map(|profile| target.join(profile).join("evotop-yolo"))
        .into_iter()
        .find(|p| p.exists())
}

/// Generations of the demo's own evolution an hour, on this machine's processor.
fn digits(program: &Path) -> Vec<Row> {
    let home = tempfile::tempdir().unwrap();
    let generations = 4;
    let count = generations.to_string();
    let words = ["run", "--headless", "--devices", "cpu", "--generations", &count, "--dir", "run"];
    let began = Instant::now();
    let status = Command::new(program.with_file_name("evotop"))
        .args(words)
        .current_dir(home.path())
        .env("HOME", home.path())
        .stdout(Stdio::null())
        .status();
    if !status.is_ok_and(|status| status.success()) {
        return vec![Row::said("generations/h of make demo", "it did not run: evotop doctor says why")];
    }
    let per_hour = f64::from(generations) * 3600.0 / began.elapsed().as_secs_f64();
    vec![Row::said("generations of make demo, start-up included", format!("{per_hour:.0} an hour"))]
}
