//! Every exported file read back gives the same history, whatever is in it: to the last digit where the form has all of
//! them, and as the same file again where it has not.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::test_files::{Files, says, yolov5};
use super::*;
use crate::dir::SessionDir;
use crate::journal::sample::{created, trial};
use crate::journal::{Created, Entry, Era, Event, FileDisk, Imported, Proposed, Writer};
use crate::session::State;
use crate::space::{Kind, OutOfBounds, Param, Scalar, Space, hyp};
use crate::trial::{Cost, End, FailureClass, Metrics, Origin, Trainer, Trial, YOLO_METRICS};

/// A trial that is to be, in a history that is to travel.
#[derive(Debug, Clone)]
struct Plan {
    /// Where each gene lies within its bounds.
    units: Vec<f64>,
    /// The candidate of an earlier trial instead, and whether with its results.
    repeats: Option<(usize, bool)>,
    /// What fitness is made of, and results that are not always known.
    results: [f64; 2],
    others: Vec<Option<f64>>,
    end: u8,
    excluded: bool,
    seconds: i64,
}

fn plan(params: usize) -> impl Strategy<Value = Plan> {
    let unit = || prop_oneof![Just(0.0), Just(1.0), 0.0..1.0f64];
    let others = proptest::collection::vec(proptest::option::weighted(0.7, 0.0..9.0f64), 5);
    let repeats = proptest::option::weighted(0.4, (0..100usize, any::<bool>()));
    let results = prop_oneof![Just([0.0; 2]), [0.0..1.0f64, 0.0..1.0f64]];
    let genes = proptest::collection::vec(unit(), params);
    (genes, repeats, results, others, 0..12u8, proptest::bool::weighted(0.2), 0..5000i64).prop_map(
        |(units, repeats, results, others, end, excluded, seconds)| Plan {
            units,
            repeats,
            results,
            others,
            end,
            excluded,
            seconds,
        },
    )
}

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
    let words = ["SGD", "Adam", "a, \"b\""].map(|name| Scalar::Text(name.into()));
    let values = vec![Scalar::Int(16), Scalar::Float(0.5), Scalar::Bool(true), Scalar::Text("32".into())];
    let fixed = [
        ("anchors", Scalar::Int(3)),
        ("note", Scalar::Text("a, \"b\"".into())),
        ("flag", Scalar::Bool(true)),
    ];
    Space {
        params: vec![
            param("lr0", 1e-5, 0.123_456_78, Kind::Log),
            param("momentum", 0.6, 0.987_654_32, Kind::Float),
            param("layers", 1.0, 40.0, Kind::Int),
            param("optimizer", 0.0, 2.0, Kind::Choice(words.into())),
            param("seconds", 0.0, 3.0, Kind::Choice(values)),
        ],
        fixed: fixed.map(|(name, value)| (name.to_owned(), value)).into_iter().collect(),
    }
}

/// Whose history it is: YOLO's results, or a program's of its own, some of them called as what is not a result.
#[derive(Debug, Clone, Copy)]
enum Whose {
    Yolo,
    Own,
}

impl Whose {
    fn created(self, space: Space) -> Created {
        let mut created = Created { space, ..created() };
        if matches!(self, Self::Own) {
            created.spec.trainer = Trainer::Worker { argv: vec!["train".into()] };
            created.settings.fitness = [("acc", 1.0), ("loss", -0.5)].into_iter().collect();
        }
        created
    }

    fn metrics(self) -> [&'static str; 7] {
        match self {
            Self::Yolo => {
                let [precision, recall, map50, map, a, b, c] = YOLO_METRICS;
                [map50, map, precision, recall, a, b, c]
            }
            Self::Own => ["acc", "loss", "fitness", "seconds", "lr0", "end", "top, 5"],
        }
    }
}

/// The history as the events that make it: perhaps after a tuner's trials, of which one score is known.
fn events(whose: Whose, space: &Space, plans: &[Plan], tuner: bool) -> Vec<(i64, Event)> {
    let mut events = vec![(0, Event::Created(Box::new(whose.created(space.clone()))))];
    let mut genes: Vec<Box<[f64]>> = Vec::new();
    if tuner {
        let starts: Vec<f64> = space.params.iter().map(|p| p.value).collect();
        let row = |score: f64| (starts.iter().copied().map(Some).collect(), vec![Some(score)]);
        let rows = vec![row(0.25), row(0.25), row(0.5)];
        let imported =
            Imported { source: "t.csv".into(), metrics: vec!["fitness".into()], rows, ..Imported::default() };
        genes.extend((0..3).map(|_| starts.clone().into()));
        events.push((0, Event::Era(Era { era: 1, reason: "imported from t.csv".into() })));
        events.push((0, Event::Imported(imported)));
    }
    let mut metrics: Vec<Metrics> = vec![Metrics::default(); genes.len()];
    let (mut time, mut excluded) = (1000, Vec::new());
    let mut candidates: Vec<u64> = (0..genes.len() as u64).collect();
    for plan in plans {
        let generation = genes.len() as u64;
        let repeats = plan.repeats.filter(|_| generation > 0).map(|(at, same)| (at % genes.len(), same));
        let own = || space.params.iter().zip(&plan.units).map(|(p, u)| p.from_unit(*u)).collect();
        let values = repeats.map_or_else(own, |(at, _)| genes[at].clone());
        let candidate = repeats.map_or(generation, |(at, _)| candidates[at]);
        let results = plan.results.into_iter().map(Some).chain(plan.others.iter().copied());
        let named = whose.metrics().into_iter().zip(results);
        let reported: Metrics = named.filter_map(|(name, x)| Some((name, x?))).collect();
        let reported = repeats
            .filter(|(at, same)| *same && !metrics[*at].0.is_empty())
            .map_or(reported, |(at, _)| metrics[at].clone());
        let end = match plan.end {
            0 => End::Diverged { epoch: 3, what: "loss is \"NaN\", again".into() },
            1 => End::Failed { class: FailureClass::OutOfMemory, detail: "killed, 137".into() },
            2 => End::Pruned { epoch: 1 },
            3 => End::Aborted,
            _ => End::Finished,
        };
        let has_result = matches!(end, End::Finished | End::Pruned { .. });
        let [Event::Proposed(proposed), started, ..] = trial(generation) else { panic!() };
        let origin = if candidate == generation { Origin::Bred } else { Origin::Repeat };
        let seed = candidates.iter().filter(|known| **known == candidate).count() as u64;
        let proposed =
            Proposed { genes: values.clone(), origin, candidate: Some(candidate), seed, ..proposed };
        events.push((time, Event::Proposed(proposed)));
        events.push((time, started.clone()));
        time += plan.seconds * 300;
        if plan.seconds % 3 > 0 {
            // A first attempt that failed, or that was put back.
            let class = (plan.seconds % 3 == 1).then_some(FailureClass::Crash);
            let detail = String::new();
            let requeued =
                Event::Requeued { generation, attempt: 1, class, detail, counts: false, who: None };
            events.extend([(time, requeued), (time, started)]);
            time += plan.seconds * 500;
        }
        let epoch =
            |epoch| Event::Epoch { generation, epoch, epochs: 5, seconds: 1.0, metrics: reported.clone() };
        events.push((time, epoch(1)));
        time += plan.seconds * 700;
        events.push((time, epoch(2)));
        // The last number may be that of a trial that still runs.
        if plan.end != 4 {
            let metrics = if has_result { reported.clone() } else { Metrics::default() };
            events.push((time, Event::Ended { generation, end, metrics, who: None }));
        }
        if plan.excluded {
            excluded.push((
                time,
                Event::Excluded { first: generation, last: generation, excluded: true, who: None },
            ));
        }
        genes.push(values);
        candidates.push(candidate);
        metrics.push(reported);
    }
    events.into_iter().chain(excluded).collect()
}

fn state(events: &[(i64, Event)]) -> State {
    let entries =
        (0..).zip(events).map(|(seq, (time, event))| Entry { seq, time: *time, event: event.clone() });
    State::replay(entries).unwrap()
}

/// A run of the same space that begins with what this file or directory tells.
fn back(whose: Whose, space: &Space, path: &Path) -> State {
    let mut space = space.clone();
    let imported = import(path, &mut space, OutOfBounds::Abort).unwrap().imported;
    state(&[(0, Event::Created(Box::new(whose.created(space)))), (0, Event::Imported(imported))])
}

/// What a trial is, wherever it was trained.
type Told = (End, u64, bool, Option<f64>, Vec<(String, f64)>, Vec<f64>, Vec<usize>, Vec<f32>, Cost);

fn told(state: &State, trial: &Trial, curves: bool) -> Option<Told> {
    let place = |g: &u64| {
        let before = state.history.trials().iter().take_while(|t| t.generation < *g);
        let before = before.filter(|t| t.end.is_some()).count();
        state.history.get(*g).filter(|t| t.end.is_some()).map(|_| before)
    };
    let parents = trial.parents.iter().filter_map(place).collect();
    let end = match trial.end.clone()? {
        End::Finished => End::Imported,
        other => other,
    };
    let metrics = state.metrics.iter().cloned().zip(trial.metrics.iter().copied());
    let mut metrics: Vec<_> = metrics.filter(|(_, x)| x.is_finite()).collect();
    metrics.sort_by(|a, b| a.0.cmp(&b.0));
    let curve = if curves { trial.curve.clone() } else { Vec::new() };
    let known = (trial.seed, trial.excluded, trial.fitness);
    Some((end, known.0, known.1, known.2, metrics, trial.genes.to_vec(), parents, curve, trial.cost))
}

fn all(state: &State, curves: bool) -> Vec<Told> {
    state.history.trials().iter().filter_map(|trial| told(state, trial, curves)).collect()
}

/// Whether anything in it can be read back: a file of trials without a result is refused.
fn has_result(state: &State) -> bool {
    state.history.trials().iter().any(|t| matches!(t.end, Some(End::Finished | End::Imported)))
}

fn exported(files: &Files, state: &State, format: Format, name: &str) -> (String, PathBuf) {
    let text = write(state, format).unwrap();
    let path = files.with(name, &text);
    (text, path)
}

fn journal(files: &Files, events: &[(i64, Event)]) -> PathBuf {
    let root = files.with("beside", "").with_file_name("");
    let (disk, path) = (std::sync::Arc::new(FileDisk::default()), SessionDir::new(&root).journal());
    let Event::Created(created) = &events[0].1 else { panic!() };
    let (mut writer, _) = Writer::create(disk, &path, 0, (**created).clone()).unwrap();
    for (time, event) in &events[1..] {
        writer.commit(*time, vec![event.clone()]).unwrap();
    }
    root
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn json_frame_and_directory_hold_every_trial_to_the_last_digit(
        own in any::<bool>(), tuner in any::<bool>(), plans in proptest::collection::vec(plan(5), 1..10),
    ) {
        let (files, space) = (Files::new(), mixed());
        let whose = if own { Whose::Own } else { Whose::Yolo };
        let events = events(whose, &space, &plans, tuner);
        let sent = state(&events);
        prop_assume!(has_result(&sent));
        for (format, name) in [(Format::Json, "a.json"), (Format::Frame, "b.csv")] {
            let curves = format == Format::Json;
            let (_, path) = exported(&files, &sent, format, name);
            let once = back(whose, &space, &path);
            prop_assert_eq!(all(&once, curves), all(&sent, curves), "{}", name);
            let (text, path) = exported(&files, &once, format, name);
            let twice = back(whose, &space, &path);
            prop_assert_eq!(write(&twice, format).unwrap(), text, "{}", name);
        }
        let once = back(whose, &space, &journal(&files, &events));
        prop_assert_eq!(all(&once, true), all(&sent, true), "the directory");
    }

    #[test]
    fn evolve_csv_read_back_is_the_same_table_with_every_repeat(
        own in any::<bool>(), tuner in any::<bool>(), plans in proptest::collection::vec(plan(5), 1..10),
    ) {
        let (files, space) = (Files::new(), mixed());
        let whose = if own { Whose::Own } else { Whose::Yolo };
        let sent = state(&events(whose, &space, &plans, tuner));
        prop_assume!(has_result(&sent));
        let (text, path) = exported(&files, &sent, Format::EvolveCsv, "evolve.csv");
        let notices = import(&path, &mut space.clone(), OutOfBounds::Abort).unwrap().notices.join("; ");
        prop_assert!(!notices.contains("left out") && !notices.contains("is fixed at"), "{}", notices);
        let back = back(whose, &space, &path);
        prop_assert_eq!(write(&back, Format::EvolveCsv).unwrap(), text);
        let fitness = |state: &State| -> Vec<Option<f64>> {
            let results = state.ended.iter().filter_map(|g| state.history.get(*g));
            let results = results.filter(|t| matches!(t.end, Some(End::Finished | End::Imported)));
            results.map(|t| t.fitness).collect()
        };
        let (back, sent) = (fitness(&back), fitness(&sent));
        let close = |(a, b): (&Option<f64>, &Option<f64>)| match (a, b) {
            (Some(a), Some(b)) => (a - b).abs() < 1e-3,
            _ => a == b,
        };
        prop_assert!(back.len() == sent.len() && back.iter().zip(&sent).all(close), "{:?} {:?}", back, sent);
    }

    #[test]
    fn evolve_txt_read_back_is_the_same_table(
        tuner in any::<bool>(), plans in proptest::collection::vec(plan(28), 1..10),
    ) {
        let (files, space) = (Files::new(), yolov5());
        let sent = state(&events(Whose::Yolo, &space, &plans, tuner));
        let Ok(text) = write(&sent, Format::EvolveTxt) else { return Ok(()) };
        prop_assume!(!text.is_empty());
        // Where every row has a 2 there, it can be `fl_gamma` or `anchors`, and the file is refused.
        let shared = YOLO_METRICS.len() + space.index("fl_gamma").unwrap();
        prop_assume!(text.lines().any(|line| line.split_whitespace().nth(shared) != Some("2")));
        let back = back(Whose::Yolo, &space, &files.with("evolve.txt", &text));
        let again = write(&back, Format::EvolveTxt).unwrap();
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<BTreeSet<_>>();
        prop_assert_eq!(lines(&again), lines(&text));
        prop_assert_eq!(again.lines().count(), text.lines().count());
    }

    #[test]
    fn the_best_candidate_s_file_read_back_is_its_values(plans in proptest::collection::vec(plan(5), 1..6)) {
        let (files, space) = (Files::new(), mixed());
        let sent = state(&events(Whose::Yolo, &space, &plans, false));
        let Some((best, _)) = sent.history.best() else { return Ok(()) };
        let (_, path) = exported(&files, &sent, Format::Hyp, "hyp_evolve.yaml");
        let values = hyp::read(&crate::space::Source::read(&path).unwrap()).unwrap();
        prop_assert_eq!(values, space.hyp(&best.genes));
    }
}

#[test]
fn a_candidate_that_was_repeated_is_one_candidate_again() {
    let (files, space) = (Files::new(), mixed());
    let plan = |generation: usize, fitness: f64| Plan {
        units: vec![0.2 + 0.5 * generation as f64; 5],
        repeats: (generation > 1).then_some((generation % 2, false)),
        results: [fitness; 2],
        others: vec![None; 5],
        end: 9,
        excluded: false,
        seconds: 1,
    };
    let plans: Vec<Plan> =
        [0.5, 0.4, 0.51, 0.6, 0.52, 0.5].into_iter().enumerate().map(|(g, x)| plan(g, x)).collect();
    let sent = state(&events(Whose::Yolo, &space, &plans, false));
    let (best, mean) = sent.history.best().map(|(trial, mean)| (trial.candidate, mean)).unwrap();
    assert_eq!(best, 0);
    for (format, name) in [(Format::Json, "a.json"), (Format::Frame, "b.csv"), (Format::EvolveCsv, "c.csv")] {
        let (_, path) = exported(&files, &sent, format, name);
        let back = back(Whose::Yolo, &space, &path);
        let (trial, back_mean) = back.history.best().unwrap();
        assert_eq!(trial.candidate, best, "{name}");
        assert!((back_mean - mean).abs() < 1e-4, "{name}: {back_mean} and {mean}");
        let seeds: Vec<u64> = back.history.trials_of(best).map(|t| t.seed).collect();
        assert_eq!(seeds, [0, 1, 2], "{name}");
    }
}

#[test]
fn a_repeat_with_the_same_result_is_a_trial_of_its_own_in_a_table_and_said_to_be() {
    let (files, space) = (Files::new(), mixed());
    let plan = |repeats: Option<(usize, bool)>| Plan {
        units: vec![0.5; 5],
        repeats,
        results: [0.5, 0.25],
        others: vec![Some(1.0); 5],
        end: 9,
        excluded: false,
        seconds: 1,
    };
    let plans = [plan(None), plan(Some((0, true))), plan(Some((0, true)))];
    let sent = state(&events(Whose::Yolo, &space, &plans, false));
    let (_, path) = exported(&files, &sent, Format::EvolveCsv, "evolve.csv");
    let report = import(&path, &mut space.clone(), OutOfBounds::Abort).unwrap();
    says(
        &report.notices.join("\n"),
        &["3 trials taken over", "equal to a line before: line 3, 4", "one more trial"],
    );
    let back = back(Whose::Yolo, &space, &path);
    assert_eq!(back.history.trials_of(0).count(), 3);
}
