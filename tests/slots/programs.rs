//! Programs of other people: stand-ins that write exactly what those write.

use evotop::runner::SlotNewsKind;
use evotop::trial::{Metrics, Outcome, Trainer};

use super::bench::{Bench, command};

/// A stand-in in `tests/trainers`.
fn stand_in(name: &str) -> String {
    format!("{}/tests/trainers/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn preset(name: &str, words: &[&str]) -> Trainer {
    match command(words, &[]) {
        Trainer::Command { argv, metrics, .. } => {
            Trainer::Command { argv, metrics, preset: Some(name.into()) }
        }
        other => other,
    }
}

fn metrics(outcome: Outcome) -> Metrics {
    match outcome {
        Outcome::Finished { metrics } => metrics,
        other => panic!("not finished: {other:?}"),
    }
}

/// Epochs that were reported: number, how many there will be, number of metrics.
fn epochs(bench: &Bench) -> Vec<(u32, u32, usize)> {
    let epoch = |kind: &SlotNewsKind| match kind {
        SlotNewsKind::Epoch { epoch, epochs, metrics, .. } => Some((*epoch, *epochs, metrics.0.len())),
        _ => None,
    };
    bench.heard.iter().filter_map(epoch).collect()
}

/// A trial's hyp file with one learning rate.
fn write_hyp(bench: &Bench, trial: u64, lr0: f64) -> evotop::trial::Job {
    let mut job = super::bench::job(bench.dir.path(), trial);
    std::fs::write(job.dir.join("hyp.yaml"), format!("lr0: {lr0}\n")).unwrap();
    job.hyp = indexmap::IndexMap::from([("lr0".to_owned(), evotop::space::Scalar::Float(lr0))]);
    job
}

#[tokio::test]
async fn yolov5_is_called_as_its_own_evolve_does_and_its_last_row_is_the_result() {
    let script = stand_in("yolov5_train.py");
    let mut bench = Bench::new(preset("yolov5", &["python3", &script, "--epochs", "3"]));
    bench.slot().run(write_hyp(&bench, 1, 0.02));
    let result = metrics(bench.ended().await);
    let names: Vec<&str> = result.0.keys().map(String::as_str).collect();
    assert_eq!(names, evotop::trial::YOLO_METRICS);
    assert_eq!(result.get("metrics/mAP_0.5:0.95"), Some(0.5));
    assert_eq!(epochs(&bench), [(1, 3, 0), (2, 3, 0), (3, 3, 7)], "--noval: only the last is validated");
    let batch = bench.heard.iter().find_map(|kind| match kind {
        SlotNewsKind::Progress { progress, .. } if progress.batch == 4 => Some(progress.clone()),
        _ => None,
    });
    let batch = batch.unwrap();
    assert_eq!((batch.epoch, batch.epochs, batch.batches, batch.rate), (1, 3, 8, Some(9.35)));
    // A loss that is not a number in its table: no epoch more.
    bench.slot().run(write_hyp(&bench, 2, 0.0999));
    let diverged = bench.ended().await;
    assert!(
        matches!(&diverged, Outcome::Diverged { epoch: 1, what } if what.contains("box_loss")),
        "{diverged:?}"
    );
    bench.close().await;
}

#[tokio::test]
async fn yolov5_of_2021_says_notest_and_writes_a_table_without_a_header() {
    let script = stand_in("yolov5_2021_train.py");
    let mut bench = Bench::new(preset("yolov5", &["python3", &script, "--epochs", "2"]));
    bench.slot().run(write_hyp(&bench, 1, 0.02));
    let result = metrics(bench.ended().await);
    assert_eq!(result.get("metrics/mAP_0.5"), Some(0.01234));
    assert_eq!(epochs(&bench), [(1, 2, 0), (2, 2, 7)]);
    bench.close().await;
}

#[tokio::test]
async fn ultralytics_gets_its_arguments_and_its_columns_are_the_metrics() {
    let script = stand_in("ultralytics_yolo.py");
    let words = ["python3", &script, "detect", "train", "data=d.yaml", "epochs=3"];
    let mut bench = Bench::new(preset("ultralytics", &words));
    bench.slot().run(write_hyp(&bench, 1, 0.01));
    let result = metrics(bench.ended().await);
    assert!((result.get("metrics/mAP50-95(B)").unwrap() - 0.39).abs() < 1e-9);
    assert_eq!(result.0.len(), 7);
    assert_eq!(epochs(&bench).len(), 3);
    let fitness = bench.heard.iter().find_map(|kind| match kind {
        SlotNewsKind::Program { fitness, program } => Some((fitness.clone(), program.metrics.clone())),
        _ => None,
    });
    let (fitness, names) = fitness.unwrap();
    assert_eq!(fitness["metrics/mAP50-95(B)"], 0.9);
    assert_eq!(names, result.0.keys().cloned().collect::<Vec<_>>());
    bench.close().await;
}

#[tokio::test]
async fn flags_in_and_expressions_out() {
    let script = stand_in("val_acc.py");
    let rules = ["acc=val acc ([0-9.]+):best", "loss=loss ([0-9.]+):min"];
    let mut bench = Bench::new(command(&["python3", &script, "{args}"], &rules));
    let result = metrics(bench.run(1).await);
    assert_eq!((result.get("acc"), result.get("loss")), (Some(0.8), Some(0.3333)));
    assert_eq!(epochs(&bench), [(1, 0, 2), (2, 0, 2), (3, 0, 2)]);
    bench.close().await;
}

#[tokio::test]
async fn progress_bars_are_progress_and_a_json_line_is_the_result() {
    let mut bench = Bench::new(command(&["python3", &stand_in("bar.py")], &[]));
    let result = metrics(bench.run(1).await);
    assert_eq!(result.get("score"), Some(0.99));
    let bars = bench.heard.iter().filter(|kind| matches!(kind, SlotNewsKind::Progress { .. })).count();
    assert!(bars >= 30, "{bars}");
    // A single number is the fitness, once it is known.
    let fitness = bench.heard.iter().rev().find_map(|kind| match kind {
        SlotNewsKind::Program { fitness, .. } => Some(fitness.clone()),
        _ => None,
    });
    assert_eq!(fitness.unwrap()["score"], 1.0);
    bench.close().await;
}

#[tokio::test]
async fn a_table_in_the_trials_directory_is_read_while_it_grows() {
    let mut bench = Bench::new(command(&["sh", &stand_in("script.sh"), "{hyp}", "{dir}"], &[]));
    let result = metrics(bench.run(1).await);
    assert_eq!((result.get("acc"), result.get("loss")), (Some(0.89), Some(0.3333)));
    assert_eq!(epochs(&bench), [(1, 0, 2), (2, 0, 2), (3, 0, 2)]);
    bench.close().await;
}

#[tokio::test]
async fn a_program_sees_its_device_alone_and_whatever_the_trial_is() {
    let script = r#"echo "[$CUDA_VISIBLE_DEVICES] $CUDA_DEVICE_ORDER $PYTHONUNBUFFERED $OMP_NUM_THREADS $EVOTOP_GENERATION $EVOTOP_SEED $EVOTOP_ATTEMPT $EVOTOP_DEVICE $EVOTOP_PARAM_LR"; echo '{"acc":1}'"#;
    let mut bench = Bench::new(super::bench::shell(script));
    metrics(bench.run(4).await);
    let log = std::fs::read_to_string(bench.path("trials/000004/a1/log.txt")).unwrap();
    assert!(log.contains("[] PCI_BUS_ID 1 1 4 0 1 cpu 0.01"), "{log}");
    bench.close().await;
}

#[tokio::test]
async fn another_script_under_the_same_name_is_another_build() {
    let dir = tempfile::tempdir().unwrap();
    let script = dir.path().join("t.sh");
    let words = ["sh", script.to_str().unwrap()];
    let mut bench = Bench::new(command(&words, &["acc=acc ([0-9.]+)"]));
    for (trial, text) in ["echo acc 1", "echo acc 1", "echo acc 2"].iter().enumerate() {
        std::fs::write(&script, text).unwrap();
        bench.run(trial as u64).await;
    }
    let builds: Vec<String> = bench
        .heard
        .iter()
        .filter_map(|kind| match kind {
            SlotNewsKind::Program { program, .. } => Some(program.build.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(builds.len(), 2, "{builds:?}");
    assert_ne!(builds[0], builds[1]);
    bench.close().await;
}
