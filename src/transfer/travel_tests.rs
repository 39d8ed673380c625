//! Histories that travel: out and back in whatever they hold, and in from files that are damaged in every way they get.

use std::fs;

use proptest::prelude::*;

use super::*;
use crate::journal::sample::{created, trial};
use crate::journal::{Created, Entry, Event};
use crate::session::State;
use crate::space::{Defaults, Kind, OutOfBounds, Param, Scalar, Space, builtin, load};
use crate::trial::{End, FailureClass, Metrics, Origin, YOLO_METRICS};

/// A parameter of every kind, and fixed ones.
fn mixed() -> Space {
    let param = |name: &str, low: f64, high: f64, kind| Param {
        name: name.into(),
        value: low,
        gain: 1.0,
        low,
        high,
        kind,
        pin: None,
    };
    let options = ["SGD", "Adam", "AdamW"].map(|name| Scalar::Text(name.into()));
    Space {
        params: vec![
            param("lr0", 1e-5, 0.1, Kind::Log),
            param("momentum", 0.6, 0.98, Kind::Float),
            param("layers", 1.0, 40.0, Kind::Int),
            param("optimizer", 0.0, 2.0, Kind::Choice(options.into())),
        ],
        fixed: [("anchors".to_owned(), Scalar::Int(3)), ("note".to_owned(), Scalar::Text("a, \"b\"".into()))]
            .into_iter()
            .collect(),
    }
}

fn session(space: Space, rows: &[(Vec<f64>, f64, u8)]) -> State {
    let created = Created { space, ..created() };
    let mut state = State::new(&created, 0);
    for (generation, (units, fitness, end)) in (0..).zip(rows) {
        let genes = state.space.params.iter().zip(units).map(|(p, u)| p.from_unit(*u)).collect();
        let [Event::Proposed(proposed), started, epoch, _] = trial(generation) else { panic!() };
        let metrics: Metrics = YOLO_METRICS.iter().map(|name| (*name, *fitness)).collect();
        let end = match end {
            0 => End::Diverged { epoch: 1, what: "loss is NaN".into() },
            1 => End::Failed { class: FailureClass::Crash, detail: "exit status 1".into() },
            2 => End::Pruned { epoch: 1 },
            _ => End::Finished,
        };
        let proposed = Event::Proposed(crate::journal::Proposed { genes, origin: Origin::Bred, ..proposed });
        for event in [proposed, started, epoch, Event::Ended { generation, end, metrics, who: None }] {
            state.apply(&Entry { seq: state.seq + 1, time: 5, event });
        }
    }
    state
}

/// Trains a candidate again.
fn repeat(state: &mut State, generation: u64, candidate: u64, fitness: f64) {
    let genes = state.history.get(candidate).unwrap().genes.clone();
    let [Event::Proposed(proposed), started, epoch, _] = trial(generation) else { panic!() };
    let metrics: Metrics = YOLO_METRICS.iter().map(|name| (*name, fitness)).collect();
    let seed = state.history.trials_of(candidate).count() as u64;
    let (candidate, origin) = (Some(candidate), Origin::Repeat);
    let proposed = Event::Proposed(crate::journal::Proposed { candidate, origin, seed, genes, ..proposed });
    for event in
        [proposed, started, epoch, Event::Ended { generation, end: End::Finished, metrics, who: None }]
    {
        state.apply(&Entry { seq: state.seq + 1, time: 5, event });
    }
}

/// What a history says of its results, the best first.
fn results(state: &State) -> Vec<(f64, Vec<f64>)> {
    let trials = state.history.trials().iter().filter(|t| t.is_parent());
    let mut all: Vec<(f64, Vec<f64>)> = trials.filter_map(|t| Some((t.fitness?, t.genes.to_vec()))).collect();
    all.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.partial_cmp(&b.1).unwrap()));
    all
}

/// To so many digits. The original's table is rounded to four digits and then to three, so that half a digit may be 0.55.
fn close(a: f64, b: f64, digits: i32) -> bool {
    (a - b).abs() <= 0.56 * 10f64.powi(1 - digits) * a.abs().max(b.abs())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_exported_file_read_back_gives_the_same_history(
        rows in proptest::collection::vec(
            (proptest::collection::vec(0.0..1.0f64, 4), 0.01..0.99f64, 0..8u8), 1..12),
    ) {
        let state = session(mixed(), &rows);
        let sent = results(&state);
        prop_assume!(!sent.is_empty());
        let dir = tempfile::tempdir().unwrap();
        for (format, name, digits) in [
            (Format::Json, "a.json", 17),
            (Format::Frame, "b.csv", 17),
            (Format::EvolveCsv, "c.csv", 5),
        ] {
            let path = dir.path().join(name);
            fs::write(&path, write(&state, format).unwrap()).unwrap();
            // A number that is rounded may come to lie outside its bound by its last digit.
            let report = import(&path, &mut state.space.clone(), OutOfBounds::Clip).unwrap();
            let mut back = State::new(&Created { space: mixed(), ..created() }, 0);
            back.apply(&Entry { seq: 1, time: 0, event: Event::Imported(report.imported) });
            let back = results(&back);
            prop_assert_eq!(back.len(), sent.len(), "{}", name);
            for ((f, genes), (sent_f, sent_genes)) in back.iter().zip(&sent) {
                prop_assert!(close(*f, *sent_f, digits.min(15)), "{}: {} and {}", name, f, sent_f);
                let same = genes.iter().zip(sent_genes).all(|(a, b)| close(*a, *b, digits.min(16)));
                prop_assert!(same, "{}: {:?} and {:?}", name, genes, sent_genes);
            }
        }
    }

    #[test]
    fn a_candidate_that_was_repeated_is_one_candidate_again(
        fitness in proptest::collection::vec(0.01..0.99f64, 6),
    ) {
        let mut state = session(mixed(), &[(vec![0.2; 4], fitness[0], 9), (vec![0.7; 4], fitness[1], 9)]);
        for (generation, fitness) in (2..).zip(&fitness[2..]) {
            repeat(&mut state, generation, generation % 2, *fitness);
        }
        let (best, mean) = state.history.best().map(|(trial, mean)| (trial.candidate, mean)).unwrap();
        let dir = tempfile::tempdir().unwrap();
        for (format, name) in [(Format::Json, "a.json"), (Format::Frame, "b.csv"), (Format::EvolveCsv, "c.csv")] {
            let path = dir.path().join(name);
            fs::write(&path, write(&state, format).unwrap()).unwrap();
            let report = import(&path, &mut state.space.clone(), OutOfBounds::Clip).unwrap();
            let mut back = State::new(&Created { space: mixed(), ..created() }, 0);
            back.apply(&Entry { seq: 1, time: 0, event: Event::Imported(report.imported) });
            let (trial, back_mean) = back.history.best().unwrap();
            prop_assert_eq!(trial.candidate, best, "{}", name);
            prop_assert_eq!(back.history.trials_of(best).count(), 3, "{}", name);
            prop_assert!(close(back_mean, mean, 4), "{}: {} and {}", name, back_mean, mean);
            let seeds: Vec<u64> = back.history.trials_of(best).map(|t| t.seed).collect();
            prop_assert_eq!(seeds, [0, 1, 2], "{}", name);
        }
    }

    #[test]
    fn evolve_txt_read_back_gives_the_same_results_to_its_three_digits(
        rows in proptest::collection::vec(
            (proptest::collection::vec(0.0..1.0f64, 29), 0.01..0.99f64, 0..8u8), 1..10),
    ) {
        let state = session(yolov5(), &rows);
        let sent = results(&state);
        prop_assume!(!sent.is_empty());
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("evolve.txt");
        fs::write(&path, write(&state, Format::EvolveTxt).unwrap()).unwrap();
        let report = import(&path, &mut yolov5(), OutOfBounds::Clip).unwrap();
        let mut back = State::new(&Created { space: yolov5(), ..created() }, 0);
        back.apply(&Entry { seq: 1, time: 0, event: Event::Imported(report.imported) });
        let back = results(&back);
        // The original's table has every row once.
        prop_assert!(back.len() <= sent.len() && !back.is_empty());
        for (f, genes) in &back {
            let there = sent.iter().any(|(sent_f, sent_genes)| {
                close(*f, *sent_f, 3) && genes.iter().zip(sent_genes).all(|(a, b)| close(*a, *b, 3) || *b == 0.0)
            });
            prop_assert!(there, "{f} {genes:?}");
        }
    }

    #[test]
    fn damaged_lines_are_left_out_by_number_and_every_other_one_is_taken(
        form in 0..5usize,
        damage in proptest::collection::vec((0..4u8, 0..100usize), 0..6),
        crlf in any::<bool>(),
        cut in any::<bool>(),
    ) {
        let form = &forms()[form];
        let mut lines: Vec<(String, Option<&'static str>)> =
            (0..6).map(|i| ((form.row)(i), None)).collect();
        for (kind, place) in damage {
            let at = place % lines.len();
            let good: Vec<String> = lines.iter().filter(|l| l.1.is_none()).map(|l| l.0.clone()).collect();
            let line = match kind {
                0 => ((form.short)(), "short"),
                1 => ((form.nan)(), "nan"),
                2 => (good[place % good.len()].clone(), "twice"),
                _ => (String::new(), "blank"),
            };
            // A row that is there twice is left out where it comes the second time.
            let at = if line.1 == "twice" { lines.len() } else { at };
            lines.insert(at, (line.0, Some(line.1)));
        }
        let end = if crlf { "\r\n" } else { "\n" };
        let all = form.header.iter().chain(lines.iter().map(|(line, _)| line));
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
        let wanted: Vec<Option<f64>> = (0..6).map(|i| Some(learning_rate(i))).collect();
        prop_assert_eq!(taken, wanted, "{}: {}", form.name, text);
        let said = report.notices.join("\n");
        for (i, (_, why)) in lines.iter().enumerate() {
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

fn yolov5() -> Space {
    let (hyp, ranges) = (builtin::hyp("scratch-2021-03").unwrap(), builtin::space("yolov5").unwrap());
    load(&hyp, &ranges, Defaults::Yolov5March2021, OutOfBounds::Abort).unwrap().0
}

fn yolov3() -> Space {
    let (hyp, ranges) = (builtin::hyp("yolov3-2020-01").unwrap(), builtin::space("yolov3").unwrap());
    load(&hyp, &ranges, Defaults::None, OutOfBounds::Abort).unwrap().0
}

/// A file of an original: how its rows look, good and damaged.
struct Form {
    name: &'static str,
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
            header: vec![],
            space: yolov5,
            row: |i| row_2021("0.4", learning_rate(i)),
            short: || "0.55 0.6 0.7".into(),
            nan: || row_2021("nan", 0.009),
            torn: half,
        },
        Form {
            name: "evolve.txt",
            header: vec![],
            space: yolov3,
            row: |i| row_2020("0.4", learning_rate(i)),
            short: || "0.5 0.6 0.7".into(),
            nan: || row_2020("nan", 0.009),
            torn: half,
        },
        Form {
            name: "evolve.csv",
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
            header: vec!["fitness,lr0,momentum".into()],
            space: yolov5,
            row: |i| format!("0.4,{},0.9", learning_rate(i)),
            short: || "0.4".into(),
            nan: || "nan,0.009,0.9".into(),
            torn: |row| &row[..row.len() - 1],
        },
        Form {
            name: "tune_results.ndjson",
            header: vec![],
            space: yolov5,
            row: |i| row_json("0.4", learning_rate(i)),
            short: || "{\"iteration\": 9}".into(),
            nan: || row_json("NaN", 0.009),
            torn: half,
        },
    ]
}
