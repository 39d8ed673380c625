//! What goes out, and the same history coming back.

use super::test_files::{
    Files, ROW_2021, data_set, record, says, scored, scored_of, state, with_import, yolov5,
};
use super::*;
use crate::journal::sample::{created, trial};
use crate::journal::{Entry, Event};
use crate::session::State;
use crate::space::OutOfBounds;
use crate::trial::{End, FailureClass, Metrics};

#[test]
fn a_single_score_travels_in_a_frame_too() {
    let files = Files::new();
    let text = record(1, "0.41", "0.011", &data_set("coco8", 0.4));
    let report = import(&files.with("t.ndjson", &text), &mut yolov5(), OutOfBounds::Abort).unwrap();
    let state = State::new(&crate::journal::Created { space: yolov5(), ..created() }, 0);
    let frame = write(&with_import(&state, report), Format::Frame).unwrap();
    let report = import(&files.with("frame.csv", &frame), &mut yolov5(), OutOfBounds::Abort).unwrap();
    assert_eq!(scored(yolov5(), report), [(0.011, Some(0.41))]);
}

#[test]
fn what_is_exported_is_read_back_as_the_same_history() {
    let (files, state) = (Files::new(), state(6));
    let finished: Vec<_> = state.history.trials().iter().filter(|t| t.fitness.is_some()).collect();
    assert!(finished.len() > 2);
    for (format, name, digits) in [
        (Format::Json, "history.json", 17),
        (Format::Frame, "frame.csv", 17),
        (Format::EvolveCsv, "evolve.csv", 5),
    ] {
        let path = files.with(name, &write(&state, format).unwrap());
        let report = import(&path, &mut state.space.clone(), OutOfBounds::Abort).unwrap();
        let back = with_import(&state, report);
        assert_eq!(back.history.trials().len(), finished.len(), "{name}");
        for (back, trial) in back.history.trials().iter().zip(&finished) {
            let rounded = |x: &f64| crate::space::number::significant(*x, digits);
            assert_eq!(back.genes, trial.genes.iter().map(rounded).collect(), "{name}");
            assert!((back.fitness.unwrap() - trial.fitness.unwrap()).abs() < 1e-4, "{name}");
        }
    }
}

#[test]
fn what_an_exported_file_holds_is_said_and_not_what_the_session_has() {
    let mut state = state(6);
    let [proposed, ..] = trial(6);
    state.apply(&Entry { seq: state.seq + 1, time: 5, event: proposed });
    for (format, said) in [
        (Format::EvolveCsv, "6 of 7 trials"),
        (Format::Hyp, "the best candidate"),
        (Format::Json, "7 trials"),
        (Format::Frame, "7 trials"),
        (Format::Optuna, "7 trials"),
    ] {
        assert_eq!(held(&state, format, &write(&state, format).unwrap()), said);
    }
}

#[test]
fn an_optuna_journal_has_every_trial_with_its_end() {
    let state = state(6);
    let text = write(&state, Format::Optuna).unwrap();
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |code: u64| lines.iter().filter(move |line| line["op_code"] == code);
    assert_eq!((of(0).count(), of(4).count()), (1, 6));
    let complete: Vec<f64> =
        of(6).filter(|line| line["state"] == 1).map(|line| line["values"][0].as_f64().unwrap()).collect();
    let finished: Vec<f64> = state.history.trials().iter().filter_map(|t| t.fitness).collect();
    assert_eq!(complete, finished);
    // 1 is complete, 2 pruned, 3 failed.
    let text = write(&ends(), Format::Optuna).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let states: Vec<_> =
        lines.filter(|line| line["op_code"] == 6).map(|line| line["state"].clone()).collect();
    assert_eq!(states, [1, 1, 1, 2, 3, 3, 3, 1]);
}

#[test]
fn an_excluded_trial_is_not_the_best_in_optuna_either() {
    let mut state = state(6);
    let first = state.history.best().unwrap().0.generation;
    let exclude = Event::Excluded { first, last: first, excluded: true, who: None };
    state.apply(&Entry { seq: state.seq + 1, time: 5, event: exclude });
    let (_, best) = state.history.best().unwrap();
    let text = write(&state, Format::Optuna).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let complete = lines.filter(|line| line["op_code"] == 6 && line["state"] == 1);
    let most = complete.filter_map(|line| line["values"][0].as_f64()).fold(0.0, f64::max);
    assert_eq!(most, best);
    assert!(text.contains("\"user_attr\":{\"excluded\":true}"));
}

/// How YOLOv5's reader takes a cell: an empty one is "not known", a number with spaces before it is that, and anything
/// else (`nan` with spaces before it, too) makes the column text, which its plot refuses.
fn is_read_by_pandas(cell: &str) -> bool {
    cell.is_empty() || cell.trim().parse::<f64>().is_ok_and(f64::is_finite)
}

#[test]
fn what_an_imported_row_lacks_is_its_start_value_in_every_file_that_is_exported_then() {
    let files = Files::new();
    let mut space = yolov5();
    let report =
        import(&files.with("evolve.txt", &format!("{ROW_2021}\n")), &mut space, OutOfBounds::Abort).unwrap();
    says(&report.notices.join("\n"), &["not there, so the start value stands for it: copy_paste = 0"]);
    let sent = with_import(&State::new(&crate::journal::Created { space, ..created() }, 0), report);
    for (format, name) in [
        (Format::EvolveCsv, "evolve.csv"),
        (Format::EvolveTxt, "own.txt"),
        (Format::Json, "all.json"),
        (Format::Frame, "frame.csv"),
    ] {
        let text = write(&sent, format).unwrap();
        if format == Format::EvolveCsv {
            let cells = text.lines().skip(1).flat_map(|line| line.split(','));
            assert!(cells.clone().all(is_read_by_pandas), "{:?}", cells.collect::<Vec<_>>());
        }
        let report = import(&files.with(name, &text), &mut yolov5(), OutOfBounds::Abort).unwrap();
        assert_eq!(scored(yolov5(), report), scored_of(&sent), "{name}");
    }
}

#[test]
fn the_table_of_2021_says_whom_it_cannot_hold_and_is_refused_where_that_is_everybody() {
    let (files, mut space) = (Files::new(), yolov5());
    let tuner = files.with("tune_results.csv", "fitness,lr0\n0.41,0.011\n0.44,0.012\n");
    let report = import(&tuner, &mut space, OutOfBounds::Abort).unwrap();
    let mut sent = with_import(&State::new(&crate::journal::Created { space, ..created() }, 0), report);
    let refused = write(&sent, Format::EvolveTxt).unwrap_err();
    says(&refused, &["needs a mAP in every row", "of 2 trials with a result none has one", "another format"]);
    let known = files.with("evolve.csv", "metrics/mAP_0.5,metrics/mAP_0.5:0.95,lr0\n0.5,0.4,0.011\n");
    let report = import(&known, &mut yolov5(), OutOfBounds::Abort).unwrap();
    sent.apply(&Entry { seq: 2, time: 0, event: Event::Imported(report.imported) });
    let text = write(&sent, Format::EvolveTxt).unwrap();
    assert_eq!(text.lines().count(), 1);
    let said = held(&sent, Format::EvolveTxt, &text);
    assert_eq!(said, "1 of 3 trials; without 2 whose mAP is not known, which this table cannot say");
}

#[test]
fn a_result_that_is_not_known_is_an_empty_cell_and_its_row_is_read_back() {
    let files = Files::new();
    let tuner = files.with("tune_results.csv", "fitness,lr0,momentum\n0.41,0.011,0.93\n0.44,0.012,0.92\n");
    let few = files.with("evolve.csv", "metrics/mAP_0.5,metrics/mAP_0.5:0.95,lr0\n0.5,0.4,0.011\n");
    for path in [tuner, few] {
        let mut space = yolov5();
        let report = import(&path, &mut space, OutOfBounds::Abort).unwrap();
        let sent = with_import(&State::new(&crate::journal::Created { space, ..created() }, 0), report);
        let text = write(&sent, Format::EvolveCsv).unwrap();
        let cells = text.lines().skip(1).flat_map(|line| line.split(','));
        assert!(cells.clone().all(is_read_by_pandas), "{:?}", cells.collect::<Vec<_>>());
        let report = import(&files.with("own.csv", &text), &mut yolov5(), OutOfBounds::Abort).unwrap();
        assert_eq!(scored(yolov5(), report), scored_of(&sent), "{}", path.display());
    }
}

/// A history with trials that ended in every way, two of them pruned.
fn ends() -> State {
    let mut state = state(3);
    let why = "exit status 1, \"killed\"\nby the kernel".to_owned();
    let ends = [
        End::Pruned { epoch: 1 },
        End::Diverged { epoch: 2, what: "box loss is NaN".into() },
        End::Failed { class: FailureClass::OutOfMemory, detail: why },
        End::Aborted,
        End::Finished,
    ];
    for (generation, end) in (3..).zip(ends) {
        let [proposed, started, epoch, _] = trial(generation);
        let metrics = if matches!(end, End::Finished | End::Pruned { .. }) {
            crate::journal::sample::metrics(generation)
        } else {
            Metrics::default()
        };
        for event in [proposed, started, epoch, Event::Ended { generation, end, metrics, who: None }] {
            state.apply(&Entry { seq: state.seq + 1, time: 5, event });
        }
    }
    state
}

#[test]
fn json_and_frame_read_back_hold_every_trial_with_its_end() {
    let (files, sent) = (Files::new(), ends());
    for (format, name) in [(Format::Json, "all.json"), (Format::Frame, "frame.csv")] {
        let path = files.with(name, &write(&sent, format).unwrap());
        let report = import(&path, &mut sent.space.clone(), OutOfBounds::Abort).unwrap();
        says(&report.notices[0], &["8 trials taken over", "1 pruned, 1 diverged, 1 failed, 1 aborted"]);
        let text = serde_json::to_string(&Event::Imported(report.imported.clone())).unwrap();
        let old: serde_json::Value = serde_json::from_str(&text).unwrap();
        // A reader that knows nothing of ends meets rows without a result, which are no parents.
        let unknown = |at: usize| {
            old["imported"]["rows"][at][1].as_array().unwrap().iter().all(serde_json::Value::is_null)
        };
        assert_eq!([2, 3, 4, 5, 6, 7].map(unknown), [false, true, true, true, true, false], "{name}");
        let back = with_import(&sent, report);
        assert_eq!(back.history.counted(), 0, "what others trained does not count to --generations");
        for (back, sent) in back.history.trials().iter().zip(sent.history.trials()) {
            let end = match sent.end.clone().unwrap() {
                End::Finished => End::Imported,
                // A table has a line for each trial.
                End::Failed { class, detail } if format == Format::Frame => {
                    End::Failed { class, detail: detail.replace('\n', " ") }
                }
                other => other,
            };
            assert_eq!(back.end, Some(end), "{name}");
            assert_eq!((back.fitness, back.is_parent()), (sent.fitness, sent.is_parent()), "{name}");
            if format == Format::Json && !sent.curve.is_empty() {
                assert_eq!(back.curve, sent.curve, "{name}");
            }
        }
        let again = write(&back, format).unwrap();
        let mut space = sent.space.clone();
        let report = import(&files.with(name, &again), &mut space, OutOfBounds::Abort).unwrap();
        assert_eq!(ends_of(&with_import(&sent, report)), ends_of(&back), "{name}");
    }
}

fn ends_of(state: &State) -> Vec<(Option<End>, Option<f64>, Vec<f32>)> {
    state.history.trials().iter().map(|t| (t.end.clone(), t.fitness, t.curve.clone())).collect()
}
