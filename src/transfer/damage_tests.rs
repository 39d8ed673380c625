//! Files that are damaged, or no table, or outside the bounds.

use super::test_files::{Files, ROW_2021, data_set, record, says, scored, state, with_import, yolov5};
use super::*;
use crate::journal::Entry;
use crate::journal::sample::{created, trial};
use crate::session::State;
use crate::space::OutOfBounds;

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
        ("j.csv", "metrics/mAP_0.5;lr0\n0.5;0.1\n", "no comma"),
        (
            "k.csv",
            &("metrics/mAP_0.5,lr0\n".to_owned() + &",0.1\n".repeat(90)),
            "line 5: it has no result; it was left out; and 86 more",
        ),
    ] {
        let error = import(&files.with(name, text), &mut yolov5(), OutOfBounds::Abort).unwrap_err();
        assert!(error.to_string().contains(part) && error.to_string().contains(name), "{error}");
    }
}

#[test]
fn what_is_wrong_with_a_trial_of_a_json_file_names_its_generation() {
    let (files, mut sent) = (Files::new(), state(3));
    let [proposed, ..] = trial(3);
    sent.apply(&Entry { seq: sent.seq + 1, time: 5, event: proposed });
    let text = write(&sent, Format::Json).unwrap();
    let mut value: serde_json::Value = serde_json::from_str(&text).unwrap();
    let twice = value["trials"][1].clone();
    value["trials"].as_array_mut().unwrap().push(twice);
    let damaged = files.with("a.json", &value.to_string());
    let report = import(&damaged, &mut sent.space.clone(), OutOfBounds::Abort).unwrap();
    assert_eq!(report.imported.rows.len(), 3);
    says(
        &report.notices.join("\n"),
        &["trial 3: it had not ended; it was left out", "there before and left out: trial 1"],
    );
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
