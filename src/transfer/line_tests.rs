//! Files of the originals with lines that are damaged, in any number and order.

use std::fs;

use proptest::prelude::*;

use super::test_files::{yolov3, yolov5};
use super::*;
use crate::space::{OutOfBounds, Space};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn damaged_lines_are_named_by_number_and_every_other_one_is_taken(
        form in 0..5usize,
        damage in proptest::collection::vec((0..4u8, 0..100usize), 0..6),
        crlf in any::<bool>(),
        cut in any::<bool>(),
    ) {
        let form = &forms()[form];
        let mut lines: Vec<(String, Option<&'static str>, usize)> =
            (0..6).map(|i| ((form.row)(i), None, i)).collect();
        for (kind, place) in damage {
            let row = place % 6;
            let (line, why) = match kind {
                0 => ((form.short)(), "short"),
                1 => ((form.nan)(), "nan"),
                2 => ((form.row)(row), "twice"),
                _ => (String::new(), "blank"),
            };
            // A row that is there twice is named where it comes the second time.
            let at = if why == "twice" { lines.len() } else { place % lines.len() };
            lines.insert(at, (line, Some(why), row));
        }
        let end = if crlf { "\r\n" } else { "\n" };
        let all = form.header.iter().chain(lines.iter().map(|(line, ..)| line));
        let mut text = all.map(|line| line.clone() + end).collect::<String>();
        if cut {
            text.push_str((form.torn)(&(form.row)(7)));
        }
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(form.name);
        fs::write(&path, &text).unwrap();
        let mut space = (form.space)();
        let report = import(&path, &mut space, OutOfBounds::Abort).unwrap();
        let lr0 = space.index("lr0").unwrap();
        let taken: Vec<Option<f64>> = report.imported.rows.iter().map(|(genes, _)| genes[lr0]).collect();
        let is_taken = |why: Option<&str>| why.is_none() || (form.repeats && why == Some("twice"));
        let wanted = lines.iter().filter(|(_, why, _)| is_taken(*why));
        let wanted: Vec<Option<f64>> = wanted.map(|(.., row)| Some(learning_rate(*row))).collect();
        prop_assert_eq!(taken, wanted, "{}: {}", form.name, text);
        let said = report.notices.join("\n");
        for (i, (_, why, _)) in lines.iter().enumerate() {
            let number = i + 1 + form.header.len();
            let named = said.lines().any(|line| {
                line.split(|c: char| !c.is_ascii_digit()).any(|word| word == number.to_string())
            });
            // Some forms have no way of writing this damage.
            if why.is_some_and(|why| why != "blank") {
                prop_assert!(named, "{} line {}: {}", form.name, number, said);
            }
        }
        if cut {
            prop_assert!(said.contains("cut off") || said.contains("not a JSON object"), "{}", said);
        }
    }
}

fn learning_rate(i: usize) -> f64 {
    (10 + i) as f64 / 2000.0
}

/// A file of an original: how its rows look, good and damaged.
struct Form {
    name: &'static str,
    /// Whether a row that is there twice is a trial that was repeated.
    repeats: bool,
    header: Vec<String>,
    space: fn() -> Space,
    row: fn(usize) -> String,
    short: fn() -> String,
    nan: fn() -> String,
    torn: fn(&str) -> &str,
}

fn half(row: &str) -> &str {
    &row[..row.len() / 2]
}

/// `evolve.txt` of 2021: seven results as `%10.4g`, 27 hyperparameters as `%10.3g`.
fn row_2021(map: &str, lr0: f64) -> String {
    let rest = "       0.2     0.937    0.0005         3       0.8       0.1      0.05       0.5         1         1         1       0.2         4         0     0.015       0.7       0.4         0       0.1       0.5         0         0         0       0.5         1         0";
    format!("      0.55       0.6       0.7{map:>10}      0.05      0.04      0.02{lr0:>10}{rest}")
}

/// `evolve.txt` of 2020: P, R, mAP, F1, three losses, then the keys of yolov3 in its order.
fn row_2020(map: &str, lr0: f64) -> String {
    format!(
        "{:>10}{:>10}{map:>10}{:>10}{:>10}{:>10}{:>10} 3.54 37.4 1 49.5 1 0.225 {lr0} -4 0.937 0.000484 0.5 0.0138 0.678 0.36 1.98 0.05 0.05 0.641",
        0.5, 0.6, 0.55, 1, 2, 3
    )
}

fn row_csv(map: &str, lr0: f64) -> String {
    format!("{:>20},{map:>20},{lr0:>20},{:>20}", 0.7, 0.937)
}

fn row_json(map: &str, lr0: f64) -> String {
    format!(
        "{{\"iteration\": 1, \"fitness\": {map}, \"hyperparameters\": {{\"lr0\": {lr0}, \"momentum\": 0.9}}}}"
    )
}

fn forms() -> Vec<Form> {
    vec![
        Form {
            name: "evolve.txt",
            repeats: false,
            header: vec![],
            space: yolov5,
            row: |i| row_2021("0.4", learning_rate(i)),
            short: || "0.55 0.6 0.7".into(),
            nan: || row_2021("nan", 0.009),
            torn: half,
        },
        Form {
            name: "evolve.txt",
            repeats: false,
            header: vec![],
            space: yolov3,
            row: |i| row_2020("0.4", learning_rate(i)),
            short: || "0.5 0.6 0.7".into(),
            nan: || row_2020("nan", 0.009),
            torn: half,
        },
        Form {
            name: "evolve.csv",
            repeats: true,
            header: vec![format!(
                "{:>20},{:>20},{:>20},{:>20}",
                "metrics/mAP_0.5", "metrics/mAP_0.5:0.95", "lr0", "momentum"
            )],
            space: yolov5,
            row: |i| row_csv("0.4", learning_rate(i)),
            short: || "0.7,0.4".into(),
            nan: || row_csv("nan", 0.009),
            torn: |row| &row[..row.len() - 1],
        },
        Form {
            name: "tune_results.csv",
            repeats: true,
            header: vec!["fitness,lr0,momentum".into()],
            space: yolov5,
            row: |i| format!("0.4,{},0.9", learning_rate(i)),
            short: || "0.4".into(),
            nan: || "nan,0.009,0.9".into(),
            torn: |row| &row[..row.len() - 1],
        },
        Form {
            name: "tune_results.ndjson",
            repeats: false,
            header: vec![],
            space: yolov5,
            row: |i| row_json("0.4", learning_rate(i)),
            short: || "{\"iteration\": 9}".into(),
            nan: || row_json("NaN", 0.009),
            torn: half,
        },
    ]
}
