use std::fs;
use std::path::PathBuf;

use super::*;
use crate::journal::sample::{created, trial};
use crate::journal::{Entry, Event};
use crate::session::State;
use crate::space::{Defaults, OutOfBounds, Space, builtin, load};
use crate::trial::{End, FailureClass, Metrics};

struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn with(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }
}

fn yolov5() -> Space {
    let (hyp, ranges) = (builtin::hyp("scratch-2021-03").unwrap(), builtin::space("yolov5").unwrap());
    load(&hyp, &ranges, Defaults::Yolov5March2021, OutOfBounds::Abort).unwrap().0
}

fn yolov3() -> Space {
    let (hyp, ranges) = (builtin::hyp("yolov3-2020-01").unwrap(), builtin::space("yolov3").unwrap());
    load(&hyp, &ranges, Defaults::None, OutOfBounds::Abort).unwrap().0
}

fn state(trials: u64) -> State {
    let mut state = State::new(&created(), 0);
    for event in (0..trials).flat_map(trial).chain([]) {
        state.apply(&Entry { seq: state.seq + 1, time: 5, event });
    }
    state
}

/// A state that has nothing but these imported trials.
fn with_import(of: &State, report: Report) -> State {
    let mut created = created();
    created.space = of.space.clone();
    let mut state = State::new(&created, 0);
    state.apply(&Entry { seq: 1, time: 0, event: Event::Imported(report.imported) });
    state
}

/// What was said has each of these.
fn says(said: &str, parts: &[&str]) {
    for part in parts {
        assert!(said.contains(part), "{said:?} lacks {part:?}");
    }
}

const ROW_2021: &str = "      0.55       0.6       0.7       0.4      0.05      0.04      0.02      0.01       0.2     0.937    0.0005         3       0.8       0.1      0.05       0.5         1         1         1       0.2         4         0     0.015       0.7       0.4         0       0.1       0.5         0         0         0       0.5         1         0";

#[test]
fn the_table_of_2021_is_matched_by_the_order_of_its_keys() {
    let files = Files::new();
    let damaged = format!(
        "{ROW_2021}\r\n{ROW_2021}\r\n{}\r\n1 2 3\r\n{}",
        ROW_2021.replace("0.937", "0.9"),
        &ROW_2021[..80]
    );
    let path = files.with("evolve.txt", &damaged);
    let mut space = yolov5();
    let report = import(&path, &mut space, OutOfBounds::Abort).unwrap();
    assert_eq!(report.imported.rows.len(), 2);
    assert_eq!(report.imported.metrics[3], "metrics/mAP_0.5:0.95");
    let genes = &report.imported.rows[1].0;
    assert_eq!(genes[space.index("momentum").unwrap()], Some(0.9));
    assert_eq!(genes[space.index("mosaic").unwrap()], Some(1.0));
    assert_eq!(genes[space.index("copy_paste").unwrap()], Some(0.0));
    says(
        &report.notices.join("\n"),
        &[
            "2 trials taken over",
            "left out: line 2",
            "line 4 has 3 columns instead of 34",
            "line 5 has",
            "(it was cut off)",
            "order of YOLOv5 of 2021-03",
            "start value stands for it: copy_paste = 0",
        ],
    );
}

/// As YOLOv5 of 2021-03 wrote it where the hyp file has `anchors`: its value after that of `anchor_t`.
fn with_anchors(anchors: &str) -> String {
    ROW_2021
        .replace("       0.2         4         0", &format!("       0.2         4{anchors:>10}         0"))
}

#[test]
fn a_table_of_2021_with_anchors_is_not_read_in_this_run_s_order_of_as_many_keys() {
    let files = Files::new();
    let space = yolov5();
    assert_eq!((space.params.len(), space.index("anchors")), (28, None));
    let gene = |report: &Report, name: &str| report.imported.rows[0].0[space.index(name).unwrap()];
    let text = format!("{}\n{}\n", with_anchors("3.63"), with_anchors("2.04"));
    let report = import(&files.with("evolve.txt", &text), &mut yolov5(), OutOfBounds::Abort).unwrap();
    assert_eq!((gene(&report, "fl_gamma"), gene(&report, "hsv_h")), (Some(0.0), Some(0.015)));
    assert_eq!((gene(&report, "mosaic"), gene(&report, "copy_paste")), (Some(1.0), Some(0.0)));
    let said = report.notices.join("\n");
    assert!(said.contains("order of YOLOv5 of 2021-03 with anchors: of this run, YOLOv5"), "{said}");
    assert!(said.contains("not taken over: anchors"), "{said}");

    let own = format!("{ROW_2021}      0.25\n");
    let report = import(&files.with("own.txt", &own), &mut yolov5(), OutOfBounds::Abort).unwrap();
    assert_eq!((gene(&report, "fl_gamma"), gene(&report, "copy_paste")), (Some(0.0), Some(0.25)));
    assert!(report.notices.join("\n").contains("order of this run: of this run, YOLOv5"));
    // A value outside its bounds is still that of its own key, and still asked about.
    let far = own.replace("0.937", "0.99").replace("       0.1       0.5", "      0.95       0.5");
    let far = own + &far;
    let refused = import(&files.with("far.txt", &far), &mut yolov5(), OutOfBounds::Abort).unwrap_err();
    assert!(refused.to_string().contains("momentum = 0.99"), "{refused}");
}

#[test]
fn a_table_whose_values_fit_several_orders_is_refused_with_what_decides() {
    let files = Files::new();
    // Rows that contradict each other, and a value that either key could have.
    for text in [format!("{}\n{ROW_2021}      0.25\n", with_anchors("3.63")), with_anchors("2") + "\n"] {
        for outside in [OutOfBounds::Abort, OutOfBounds::Clip, OutOfBounds::Widen] {
            let error = import(&files.with("evolve.txt", &text), &mut yolov5(), outside).unwrap_err();
            says(
                &error.to_string(),
                &["do not say which order", "this run, or YOLOv5 of 2021-03 with anchors", "call it .csv"],
            );
        }
    }
}

#[test]
fn a_table_of_29_columns_has_anchors_where_its_values_say() {
    let files = Files::new();
    for row in [
        with_anchors("3.63") + "      0.25",
        format!("{ROW_2021}      0.25      3.63"),
        format!("{ROW_2021}      3.63      0.25"),
    ] {
        let mut space = yolov5();
        let report =
            import(&files.with("evolve.txt", &(row + "\n")), &mut space, OutOfBounds::Abort).unwrap();
        let genes = &report.imported.rows[0].0;
        assert_eq!(genes[space.index("copy_paste").unwrap()], Some(0.25), "{:?}", report.notices);
        assert_eq!(genes[space.index("hsv_h").unwrap()], Some(0.015));
    }
}

#[test]
fn the_table_of_2020_has_f1_in_its_fourth_column() {
    let files = Files::new();
    let row = "0.5 0.6 0.7 0.55 1 2 3 3.54 37.4 1 49.5 1 0.225 0.00579 -4 0.937 0.000484 0.5 0.0138 0.678 0.36 1.98 0.05 0.05 0.641\n";
    let report = import(&files.with("evolve.txt", row), &mut yolov3(), OutOfBounds::Abort).unwrap();
    assert_eq!(report.imported.metrics[3], "metrics/F1");
    assert_eq!(report.imported.rows[0].0[0], Some(3.54));
    assert_eq!(report.imported.rows[0].0[17], Some(0.641));
}

#[test]
fn a_csv_is_matched_by_name_whatever_the_order_of_its_columns() {
    let files = Files::new();
    let text = "     metrics/mAP_0.5,metrics/mAP_0.5:0.95,  val/box_loss,  momentum,   lr0,  mystery\n\
                0.5, 0.3, 0.1, 0.9, 0.02, 7\n\
                nan, 0.3, 0.1, 0.9, 0.03, 7\n\
                0.6, 0.4, nan, 0.95, 0.04, 7\n\
                0.6, 0.4\n";
    let mut space = yolov5();
    let report = import(&files.with("evolve.csv", text), &mut space, OutOfBounds::Abort).unwrap();
    let lr0: Vec<_> = report.imported.rows.iter().map(|(genes, _)| genes[0]).collect();
    assert_eq!(lr0, [Some(0.02), Some(0.04)]);
    assert_eq!(report.imported.rows[1].1, [Some(0.6), Some(0.4), None]);
    says(
        &report.notices.join("\n"),
        &[
            "not taken over: mystery",
            "line 3: metrics/mAP_0.5 is not a number",
            "line 5 has 2 columns instead of 6",
        ],
    );
}

#[test]
fn a_row_with_an_empty_cell_of_a_hyperparameter_is_left_out_by_name_like_one_with_nan() {
    let files = Files::new();
    let text = "metrics/mAP_0.5,metrics/mAP_0.5:0.95,lr0,momentum\n\
                0.5, 0.3, 0.02, 0.9\n\
                0.5, 0.3,     , 0.9\n\
                0.5, 0.3,  nan, 0.9\n";
    let mut space = yolov5();
    let report = import(&files.with("evolve.csv", text), &mut space, OutOfBounds::Abort).unwrap();
    assert_eq!(report.imported.rows.len(), 1, "{:?}", report.notices);
    says(&report.notices.join("\n"), &["line 3: lr0 is empty; it was left out", "line 4: lr0 = "]);
    // evotop's own table has an empty cell where an imported trial lacked the key.
    let lacking = with_import(&State::new(&crate::journal::Created { space, ..created() }, 0), report);
    let frame = files.with("frame.csv", &write(&lacking, Format::Frame).unwrap());
    let report = import(&frame, &mut yolov5(), OutOfBounds::Abort).unwrap();
    assert_eq!(report.imported.rows.len(), 1, "{:?}", report.notices);
}

#[test]
fn a_last_line_without_a_newline_is_taken_only_where_it_shows_its_end() {
    let files = Files::new();
    let csv = "metrics/mAP_0.5,metrics/mAP_0.5:0.95,lr0\n0.5,0.4,0.011\n0.6,0.41,0.01234";
    let wide = |lr0: &str| {
        let row = |x: [&str; 3]| x.map(|x| format!("{x:>20}")).join(",");
        row(["metrics/mAP_0.5", "metrics/mAP_0.5:0.95", "lr0"]) + "\n" + &row(["0.5", "0.41", lr0])
    };
    let txt = ROW_2021.replace("0.937", "0.9") + "\n" + ROW_2021;
    for (name, text, rows, said) in [
        ("whole.csv", format!("{csv}\n"), 2, None),
        ("in.csv", csv[..csv.len() - 2].into(), 1, Some("line 3 has no newline after it, so its last value")),
        // Nobody can tell; it is named, and one key gets it in.
        ("open.csv", csv.into(), 1, Some("if it is whole, write a newline after it")),
        // As long as the line before it, and yet cut off.
        ("long.csv", csv[..csv.len() - 3].into(), 1, Some("may have been cut off")),
        ("comma.csv", format!("{csv}\n0.7,0.42,"), 2, Some("line 4 has no newline")),
        ("cr.csv", format!("{csv}\r"), 2, None),
        ("wide.csv", wide("0.01234"), 1, Some("it was taken, since its last column is as wide")),
        ("evolve.txt", txt.clone(), 2, Some("line 2 has no newline after it; it was taken")),
        (
            "cut.txt",
            txt.replace("       0.5         1         0", "       0.5         1      0.25")[..txt.len() - 1]
                .into(),
            1,
            Some("line 2 has no newline after it, so"),
        ),
    ] {
        let report = import(&files.with(name, &text), &mut yolov5(), OutOfBounds::Abort).unwrap();
        assert_eq!(report.imported.rows.len(), rows, "{name}: {:?}", report.notices);
        let about = report.notices.iter().find(|notice| notice.contains("newline"));
        assert_eq!(about.is_some(), said.is_some(), "{name}: {about:?}");
        assert!(said.is_none_or(|said| about.is_some_and(|about| about.contains(said))), "{name}: {about:?}");
    }
    let cut = wide("0.01234");
    let error =
        import(&files.with("a.csv", &cut[..cut.len() - 1]), &mut yolov5(), OutOfBounds::Abort).unwrap_err();
    assert!(error.to_string().contains("may have been cut off"), "{error}");
}

#[test]
fn a_row_outside_the_bounds_is_refused_clipped_or_widens_them() {
    let files = Files::new();
    let path = files.with("evolve.csv", "metrics/mAP_0.5,metrics/mAP_0.5:0.95,lr0\n0.5,0.4,0.3\n");
    let mut space = yolov5();
    let refused = import(&path, &mut space, OutOfBounds::Abort).unwrap_err().to_string();
    says(&refused, &["evolve.csv:2", "lr0 = 0.3", "0.00001 to 0.1", "widen", "clip"]);
    assert_eq!(space, yolov5());
    let clipped = import(&path, &mut space, OutOfBounds::Clip).unwrap();
    assert_eq!((clipped.imported.rows[0].0[0], &space), (Some(0.1), &yolov5()));
    import(&path, &mut space, OutOfBounds::Widen).unwrap();
    assert_eq!(space.params[0].high, 0.3);
}

#[test]
fn a_tuner_s_single_score_is_the_fitness_of_what_it_tried() {
    let files = Files::new();
    let csv = files.with("tune_results.csv", "fitness,lr0,momentum\n0.41,0.011,0.93\n0.44,0.012,0.92\n");
    let json = files.with(
        "tune_results.ndjson",
        "{\"iteration\":1,\"fitness\":0.41,\"hyperparameters\":{\"lr0\":0.011,\"momentum\":0.93},\"datasets\":{}}\n\
         {\"iteration\":2,\"fitness\":0.44,\"hyperparameters\":{\"lr0\":0.012,\"momentum\":0.92}}\n{\"iter",
    );
    for path in [csv, json] {
        let mut space = yolov5();
        let report = import(&path, &mut space, OutOfBounds::Abort).unwrap();
        let mut created = created();
        created.space = space;
        let mut state = State::new(&created, 0);
        state.apply(&Entry { seq: 1, time: 0, event: Event::Imported(report.imported) });
        let (best, fitness) = state.history.best().unwrap();
        assert_eq!((best.genes[0], fitness, state.ended.len()), (0.012, 0.44, 2), "{}", path.display());
    }
}

/// A line as Ultralytics' tuner of 8.4 writes it.
fn record(iteration: u64, fitness: &str, lr0: &str, datasets: &str) -> String {
    format!(
        "{{\"iteration\": {iteration}, \"fitness\": {fitness}, \"hyperparameters\": {{\"bgr\": 0.1, \"lr0\": {lr0}}}, \
         \"datasets\": {{{datasets}}}, \"save_dirs\": {{\"coco8\": \"runs/tune NaN {iteration}\"}}}}\n"
    )
}

fn data_set(name: &str, map: f64) -> String {
    format!("\"{name}\": {{\"metrics/mAP50-95(B)\": {map}, \"val/box_loss\": 1.5, \"fitness\": {map}}}")
}

/// What is in a session that begins with these trials: learning rate and fitness of each.
fn scored(space: Space, report: Report) -> Vec<(f64, Option<f64>)> {
    scored_of(&with_import(&State::new(&crate::journal::Created { space, ..created() }, 0), report))
}

fn scored_of(state: &State) -> Vec<(f64, Option<f64>)> {
    state.history.trials().iter().map(|t| (t.genes[0], t.fitness)).collect()
}

#[test]
fn a_hyperparameter_of_a_tuner_that_is_not_searched_is_no_result() {
    let files = Files::new();
    let text = record(1, "0.4", "0.011", &data_set("coco8", 0.4));
    let report = import(&files.with("t.ndjson", &text), &mut yolov5(), OutOfBounds::Abort).unwrap();
    let mut metrics = report.imported.metrics.clone();
    metrics.sort();
    assert_eq!(metrics, ["fitness", "metrics/mAP50-95(B)", "val/box_loss"]);
    assert!(report.notices.join("\n").contains("not taken over: bgr"), "{:?}", report.notices);
}

#[test]
fn a_tuner_s_fitness_stands_in_where_no_metric_of_the_run_s_fitness_is_there() {
    let files = Files::new();
    let text = record(1, "0.41", "0.011", &data_set("coco8", 0.4))
        + &record(2, "0.43", "0.012", "\"coco8\": {\"metrics/mAP_0.5\": 0.9}");
    let report = import(&files.with("t.ndjson", &text), &mut yolov5(), OutOfBounds::Abort).unwrap();
    // Half of what the run's fitness is made of is no fitness, and not to be mixed with another.
    assert_eq!(scored(yolov5(), report), [(0.011, Some(0.41)), (0.012, None)]);
    let whole = "\"coco8\": {\"metrics/mAP_0.5\": 0.5, \"metrics/mAP_0.5:0.95\": 0.5}";
    let text = record(1, "0.9", "0.011", whole);
    let report = import(&files.with("t.ndjson", &text), &mut yolov5(), OutOfBounds::Abort).unwrap();
    assert_eq!(scored(yolov5(), report), [(0.011, Some(0.5))]);
}

#[test]
fn records_of_several_data_sets_are_taken_by_their_fitness() {
    let files = Files::new();
    let two = |a, b| data_set("coco8", a) + ", " + &data_set("voc", b);
    let text = record(1, "0.5", "0.011", &two(0.2, 0.8)) + &record(2, "0.35", "0.012", &two(0.4, 0.3));
    let report = import(&files.with("t.ndjson", &text), &mut yolov5(), OutOfBounds::Abort).unwrap();
    assert_eq!(report.imported.metrics, ["fitness"]);
    assert!(report.notices.join("\n").contains("several data sets"), "{:?}", report.notices);
    assert_eq!(scored(yolov5(), report), [(0.011, Some(0.5)), (0.012, Some(0.35))]);
}

#[test]
fn what_python_writes_for_no_number_is_named_and_so_is_a_training_that_failed() {
    let files = Files::new();
    let good = data_set("coco8", 0.4);
    let failed = record(4, "0.0", "0.014", &data_set("coco8", 0.0))
        .replace("}\n", ", \"failed_datasets\": [\"coco8\"]}\n");
    let text = record(1, "0.41", "0.011", &good)
        + &record(2, "NaN", "0.012", &good)
        + &record(3, "0.42", "-Infinity", &good)
        + &failed
        + &record(5, "0.43", "0.015", &good.replace("1.5", "NaN"))
        + record(6, "0.44", "0.016", &good).trim_end_matches("}\n");
    let report = import(&files.with("t.ndjson", &text), &mut yolov5(), OutOfBounds::Abort).unwrap();
    says(
        &report.notices.join("\n"),
        &[
            "line 2: fitness is not a number",
            "line 3: lr0 = -Infinity is not a value",
            "line 4: training failed on coco8",
            "line 6 is not a JSON object (it was cut off)",
        ],
    );
    assert_eq!(scored(yolov5(), report), [(0.011, Some(0.41)), (0.015, Some(0.43))]);
}

#[test]
fn a_single_score_travels_in_a_frame_too() {
    let files = Files::new();
    let text = record(1, "0.41", "0.011", &data_set("coco8", 0.4));
    let report = import(&files.with("t.ndjson", &text), &mut yolov5(), OutOfBounds::Abort).unwrap();
    let state = State::new(&crate::journal::Created { space: yolov5(), ..created() }, 0);
    let frame = write(&with_import(&state, report), Format::Frame).unwrap();
    let report = import(&files.with("frame.csv", &frame), &mut yolov5(), OutOfBounds::Abort).unwrap();
    assert_eq!(report.imported.rows.len(), 1);
}

#[test]
fn what_is_no_table_is_refused_with_a_reason() {
    let files = Files::new();
    for (name, text, part) in [
        ("a.csv", "", "empty"),
        ("b.csv", "0.1,0.2\n", "numbers where names"),
        ("c.csv", "lr0,lr0\n", "twice"),
        ("d.csv", "lr0,momentum\n0.1,0.9\n", "no column of it is a result"),
        ("e.txt", "1 2 3\n", "3 columns are not enough"),
        ("f.txt", "1 2 3 4 5 6 7 8 9\n", "no known order"),
        ("g.json", "[]", "no list of trials"),
        ("h.parquet", "", "is wanted"),
        ("i.csv", "metrics/mAP_0.5,lr0\nnan,0.1\n", "no row of it can be used"),
    ] {
        let error = import(&files.with(name, text), &mut yolov5(), OutOfBounds::Abort).unwrap_err();
        assert!(error.to_string().contains(part) && error.to_string().contains(name), "{error}");
    }
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
                End::Failed { class, detail } => End::Failed { class, detail: detail.replace('\n', " ") },
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

#[test]
fn what_is_wrong_with_a_trial_of_a_json_file_names_its_generation() {
    let (files, mut sent) = (Files::new(), state(3));
    let [proposed, ..] = trial(3);
    sent.apply(&Entry { seq: sent.seq + 1, time: 5, event: proposed });
    let text = write(&sent, Format::Json).unwrap();
    let report = import(&files.with("a.json", &text), &mut sent.space.clone(), OutOfBounds::Abort).unwrap();
    says(&report.notices.join("\n"), &["trial 3: it had not ended; it was left out"]);
    let mut space = sent.space.clone();
    space.params[0].high = sent.history.get(1).unwrap().genes[0] / 2.0;
    space.params[0].low = space.params[0].high / 2.0;
    let error = import(&files.with("a.json", &text), &mut space, OutOfBounds::Abort).unwrap_err();
    says(&error.to_string(), &["a.json: trial 0: lr0 = "]);
}

#[test]
fn a_table_without_rows_says_so() {
    let files = Files::new();
    let path = files.with("evolve.csv", "metrics/mAP_0.5,metrics/mAP_0.5:0.95,lr0\n");
    let error = import(&path, &mut yolov5(), OutOfBounds::Abort).unwrap_err();
    says(&error.to_string(), &["evolve.csv: it has names of columns, and no row below them"]);
}

#[test]
fn trials_of_one_candidate_without_trial_seeds_are_said_to_be_numbered() {
    let files = Files::new();
    let one = "metrics/mAP_0.5,metrics/mAP_0.5:0.95,lr0\n0.5,0.4,0.011\n0.6,0.4,0.012\n";
    let import =
        |name, text: &str| import(&files.with(name, text), &mut yolov5(), OutOfBounds::Abort).unwrap();
    assert!(!import("a.csv", one).notices.join("\n").contains("seed"));
    let report = import("b.csv", &format!("{one}0.51,0.41,0.011\n"));
    says(&report.notices.join("\n"), &["it has no trial seeds", "1 candidate", "0, 1, 2"]);
}

#[test]
fn a_session_whose_trials_were_all_excluded_comes_with_a_word_about_it() {
    let (files, mut sent) = (Files::new(), state(3));
    sent.apply(&Entry {
        seq: sent.seq + 1,
        time: 5,
        event: Event::Excluded { first: 0, last: 2, excluded: true, who: None },
    });
    let text = write(&sent, Format::Json).unwrap();
    let report = import(&files.with("a.json", &text), &mut sent.space.clone(), OutOfBounds::Abort).unwrap();
    says(&report.notices.join("\n"), &["all of them were excluded there, so none is a parent", "include"]);
}
