use std::fs;

use super::*;
use crate::dir::SessionDir;
use crate::journal::sample::{created, trial};
use crate::journal::{Access, Entry, Event, Imported};
use crate::session::State;
use crate::space::Scalar;
use crate::trial::{End, Metrics, Trainer, YOLO_METRICS};

struct Run {
    _keep: tempfile::TempDir,
    dir: SessionDir,
    state: State,
}

impl Run {
    fn new(trials: u64) -> Self {
        Self::of(Trainer::Sim, trials)
    }

    fn of(trainer: Trainer, trials: u64) -> Self {
        let keep = tempfile::tempdir().unwrap();
        let mut created = created();
        created.spec.trainer = trainer;
        created.space.fixed.insert("anchors".into(), Scalar::Int(3));
        let dir = SessionDir::new(keep.path());
        let mut run = Self { _keep: keep, dir, state: State::new(&created, 0) };
        (0..trials).for_each(|g| run.trial(g));
        run
    }

    fn apply(&mut self, event: Event) {
        let entry = Entry { seq: self.state.seq + 1, time: 0, event };
        self.state.apply(&entry);
    }

    fn trial(&mut self, generation: u64) {
        for event in trial(generation) {
            self.apply(event);
        }
    }

    fn open(&self) -> EvolveCsv {
        EvolveCsv::open(&self.dir, &self.state, Access::Private).unwrap()
    }

    fn csv(&self) -> String {
        fs::read_to_string(self.dir.evolve_csv()).unwrap_or_default()
    }
}

#[test]
fn evolve_csv_has_the_format_of_v6_to_the_character_and_an_empty_cell_for_what_is_not_known() {
    let mut run = Run::new(0);
    let mut table = run.open();
    let values = [0.5, 0.625, 0.123_456_78, 0.1, 0.05, f64::NAN, 123_456.0];
    let metrics: Metrics = YOLO_METRICS.into_iter().zip(values).collect();
    let [proposed, started, ..] = trial(0);
    let Event::Proposed(mut proposed) = proposed else { panic!() };
    proposed.genes = [0.01, 1e-6, 0.937_515].into();
    run.apply(Event::Proposed(proposed));
    run.apply(started);
    run.apply(Event::Ended { generation: 0, end: End::Finished, metrics, who: None });
    table.update(&run.state).unwrap();
    let expected = "   metrics/precision,      metrics/recall,     metrics/mAP_0.5,metrics/mAP_0.5:0.95,        val/box_loss,        val/obj_loss,        val/cls_loss,                 lr0,            momentum,                 box,             anchors
                 0.5,               0.625,             0.12346,                 0.1,                0.05,,          1.2346e+05,                0.01,               1e-06,             0.93751,                   3
";
    assert_eq!(run.csv(), expected);
}

#[test]
fn rows_are_appended_in_the_order_of_ends_and_only_for_results() {
    let mut run = Run::new(0);
    let mut table = run.open();
    let events: Vec<[Event; 4]> = (0..4).map(trial).collect();
    for [proposed, started, ..] in &events {
        run.apply(proposed.clone());
        run.apply(started.clone());
    }
    for (generation, end) in
        [(2, End::Finished), (1, End::Aborted), (0, End::Finished), (3, End::Pruned { epoch: 1 })]
    {
        run.apply(Event::Ended {
            generation,
            end,
            metrics: crate::journal::sample::metrics(generation),
            who: None,
        });
        table.update(&run.state).unwrap();
    }
    let rows = vec![(vec![Some(0.5), None, Some(0.25)], vec![Some(0.75)])];
    run.apply(Event::Imported(Imported {
        source: "x".into(),
        metrics: vec!["metrics/mAP_0.5".into()],
        rows,
        ..Imported::default()
    }));
    table.update(&run.state).unwrap();
    let csv = run.csv();
    let genes = |line: &str| line.split(',').map(str::trim).skip(7).map(str::to_owned).collect::<Vec<_>>();
    let lines: Vec<Vec<String>> = csv.lines().map(genes).collect();
    assert_eq!(lines.len(), 4);
    let gene = |g: u64| crate::space::number::general(run.state.history.get(g).unwrap().genes[0], 5);
    assert_eq!([&lines[1][0], &lines[2][0]], [&gene(2), &gene(0)]);
    let start = crate::space::number::general(run.state.space.params[1].value, 5);
    assert_eq!(lines[3], ["0.5", &start, "0.25", "3"], "the start value stands for what is not known");
}

#[test]
fn however_the_file_was_damaged_it_is_mended_at_start_and_on_the_way() {
    let mut run = Run::new(5);
    let mut table = run.open();
    let whole = run.csv();
    let path = run.dir.evolve_csv();
    for length in (0..whole.len()).step_by(37) {
        fs::write(&path, &whole[..length]).unwrap();
        run.open();
        assert_eq!(run.csv(), whole, "cut at {length}");
    }
    for damaged in [whole.replacen("0.", "7.", 1), whole.clone() + "1,2,3\n", whole.replace("lr0", "lrO")] {
        fs::write(&path, damaged).unwrap();
        run.open();
        assert_eq!(run.csv(), whole);
    }
    fs::remove_file(&path).unwrap();
    run.trial(5);
    table.update(&run.state).unwrap();
    assert!(run.csv().starts_with(&whole));
    assert_eq!(run.csv().lines().count(), 7);
    fs::write(&path, "hello").unwrap();
    run.trial(6);
    table.update(&run.state).unwrap();
    assert_eq!(run.csv().lines().count(), 8);
}

#[test]
fn a_generation_costs_the_same_bytes_however_many_there_are() {
    let mut run = Run::new(2);
    let mut table = run.open();
    let mut costs = Vec::new();
    for generation in 2..300 {
        let before = run.csv();
        run.trial(generation);
        table.update(&run.state).unwrap();
        let after = run.csv();
        assert!(after.starts_with(&before), "nothing that was written is written again");
        costs.push(after.len() - before.len());
    }
    assert!(costs.iter().all(|cost| *cost == costs[0]));
}

#[test]
fn a_metric_reported_late_gets_its_column() {
    let worker = Trainer::Worker { argv: vec!["train".into()] };
    let mut run = Run::of(worker, 2);
    let mut table = run.open();
    assert!(run.csv().starts_with("     metrics/mAP_0.5,metrics/mAP_0.5:0.95,        val/box_loss,"));
    let [proposed, ..] = trial(2);
    run.apply(proposed);
    let metrics = [("acc, top 1", 0.5)].into_iter().collect();
    run.apply(Event::Ended { generation: 2, end: End::Finished, metrics, who: None });
    table.update(&run.state).unwrap();
    let csv = run.csv();
    let header = csv.lines().next().unwrap();
    assert!(header.contains(",        \"acc, top 1\","), "{header}");
    assert_eq!(csv.lines().count(), 4);
    assert!(EvolveText::of(&run.state).is_none(), "evolve.txt cannot say what its columns are");
}

#[test]
fn a_table_of_an_earlier_run_is_not_written_over() {
    let mut run = Run::new(0);
    fs::write(run.dir.evolve_csv(), "precious\n").unwrap();
    let mut table = run.open();
    run.trial(0);
    table.update(&run.state).unwrap();
    assert_eq!(run.csv().lines().count(), 2);
    assert_eq!(fs::read_to_string(run.dir.root().join("evolve.before-1.csv")).unwrap(), "precious\n");
}

#[test]
fn evolve_txt_has_unique_rows_with_three_digits_the_best_first() {
    let mut run = Run::new(4);
    // The same candidate and result once more.
    let Some(Event::Proposed(again)) = trial(2).into_iter().next() else { panic!() };
    run.apply(Event::Proposed(crate::journal::Proposed { generation: 4, ..again }));
    let metrics = crate::journal::sample::metrics(2);
    run.apply(Event::Ended { generation: 4, end: End::Finished, metrics, who: None });
    EvolveText::of(&run.state).unwrap().write(&run.dir, Access::Private).unwrap();
    let text = fs::read_to_string(run.dir.evolve_txt()).unwrap();
    assert_eq!(text.lines().count(), 4);
    let map: Vec<f64> =
        text.lines().map(|line| line.split_whitespace().nth(3).unwrap().parse().unwrap()).collect();
    assert!(map.is_sorted_by(|a, b| a >= b), "{map:?}");
    let best = run.state.history.best().unwrap().0;
    let first = text.lines().next().unwrap();
    assert_eq!(first.len(), 11 * 11 - 1);
    let map50 = format!("{:>10}", crate::space::number::general(best.metrics[0], 3));
    assert_eq!(&first[22..32], map50);
    assert!(first.starts_with("       nan        nan "));
}

#[test]
fn the_best_candidate_is_a_hyp_file_of_both_names() {
    let run = Run::new(0);
    write_best(&run.dir, &run.state, Access::Private).unwrap();
    assert!(!run.dir.hyp_evolve().exists());

    let run = Run::new(4);
    write_best(&run.dir, &run.state, Access::Private).unwrap();
    let text = fs::read_to_string(run.dir.hyp_evolve()).unwrap();
    assert_eq!(text, fs::read_to_string(run.dir.hyp_evolved()).unwrap());
    let best = run.state.history.best().unwrap().0;
    assert!(
        text.contains(&format!("# Best generation: {}\n# Last generation: 3\n", best.generation)),
        "{text}"
    );
    let hyp: indexmap::IndexMap<String, f64> = serde_yaml::from_str(&text).unwrap();
    assert_eq!(hyp["lr0"], best.genes[0]);
    assert_eq!(hyp["anchors"], 3.0);
}

#[test]
fn a_text_of_several_lines_takes_one_line_of_the_table() {
    let mut run = Run::new(2);
    run.state.space.fixed.insert("note".into(), Scalar::Text("a\nb".into()));
    let csv = csv_text(&run.state);
    assert_eq!(csv.lines().count(), 3, "{csv}");
    assert!(csv.trim_end().ends_with("a b"));
}
