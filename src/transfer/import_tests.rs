//! Histories of other programs that come in, whole.

use super::test_files::{Files, ROW_2021, data_set, record, says, scored, state, yolov3, yolov5};
use super::*;
use crate::journal::sample::created;
use crate::journal::{Entry, Event};
use crate::session::State;
use crate::space::OutOfBounds;

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
