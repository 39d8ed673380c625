//! What the journal costs: recovery of a run of 100,000 generations, durable events a second, and the bytes that a
//! generation adds to the files of a session.

#![expect(clippy::unwrap_used, reason = "a benchmark: what fails shows itself")]

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use evotop::dir::{EvolveCsv, SessionDir};
use evotop::evolve::{RULES_VERSION, Settings, StrategyKind, Weights};
use evotop::journal::{Access, AttemptStart, Created, Entry, Event, FileDisk, Proposed, VERSION, Writer};
use evotop::session::{State, recover};
use evotop::space::{Kind, Param, Space, number};
use evotop::trial::{Change, End, Metrics, Origin, RunSpec, Trainer};

const GENERATIONS: u64 = 100_000;
/// As many as YOLOv5 has.
const PARAMS: usize = 29;

fn created() -> Created {
    let param = |i: usize| Param {
        name: format!("param_{i}"),
        value: 0.1,
        gain: 1.0,
        low: 0.0,
        high: 1.0,
        kind: Kind::Float,
        pin: None,
    };
    Created {
        version: VERSION,
        name: "bench".into(),
        evotop: env!("CARGO_PKG_VERSION").into(),
        rules: RULES_VERSION,
        seed: 7,
        trial_seed: 0,
        space: Space { params: (0..PARAMS).map(param).collect(), ..Space::default() },
        settings: Settings::for_strategy(StrategyKind::Yolov5, Weights::yolov5()),
        spec: RunSpec {
            trainer: Trainer::Sim,
            options: [("epochs".to_owned(), "1".to_owned())].into_iter().collect(),
            cwd: "/".into(),
            devices: "cpu".into(),
            hyp: "hyp.yaml".into(),
            space: None,
            trial_timeout: None,
            silence: None,
            grace: 10,
        },
    }
}

fn metrics(generation: u64) -> Metrics {
    let at = |i: u64| number::decimals(((generation + i) as f64 * 0.37).sin().abs(), 5);
    evotop::trial::YOLO_METRICS.into_iter().zip(0..).map(|(name, i)| (name, at(i))).collect()
}

/// A trial as a session journals it.
fn trial(generation: u64) -> [Event; 4] {
    let gene = |i: usize| number::decimals((generation as f64 * 0.618 + i as f64 * 0.37).fract(), 5);
    [
        Event::Proposed(Proposed {
            generation,
            candidate: None,
            origin: Origin::Bred,
            seed: 0,
            revision: 0,
            settings: 0,
            genes: (0..PARAMS).map(gene).collect(),
            parents: [generation / 2].into(),
            changes: vec![Change::Mutated; PARAMS].into(),
            round: None,
            who: None,
        }),
        Event::Started(AttemptStart {
            generation,
            attempt: 1,
            slot: "cpu".into(),
            pid: 4242,
            start_time: 4242,
            group: 4242,
            uuid: None,
        }),
        Event::Epoch { generation, epoch: 1, epochs: 1, seconds: 0.5, metrics: metrics(generation) },
        Event::Ended { generation, end: End::Finished, metrics: metrics(generation) },
    ]
}

/// A journal of this many generations, written in one piece.
fn journal(dir: &SessionDir, generations: u64) {
    let (mut writer, _) =
        Writer::create(Arc::new(FileDisk::default()), &dir.journal(), 0, created()).unwrap();
    for first in (0..generations).step_by(1000) {
        let events = (first..generations.min(first + 1000)).flat_map(trial).collect();
        writer.commit(0, events).unwrap();
    }
}

fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    line.and_then(|line| line.split_ascii_whitespace().nth(1)?.parse().ok()).unwrap_or(0) / 1024
}

fn recovery(c: &mut Criterion) {
    let home = tempfile::tempdir().unwrap();
    let dir = SessionDir::new(home.path());
    journal(&dir, GENERATIONS);
    let size = std::fs::metadata(dir.journal()).unwrap().len() >> 20;
    let before = memory();
    let state = recover(&dir.journal()).unwrap().state;
    println!(
        "recovery: {} generations, {size} MiB of journal, peak memory {before} MiB before and {} MiB after",
        state.history.trials().len(),
        memory()
    );
    let mut group = c.benchmark_group("journal");
    group.sample_size(10);
    group.bench_function("recover 100,000 generations", |b| {
        b.iter(|| black_box(recover(&dir.journal()).unwrap().recovered));
    });
    group.finish();
    generation_cost(&dir, state);
}

/// What the last generation of a long run adds to the files, and how long the table takes.
fn generation_cost(dir: &SessionDir, mut state: State) {
    let mut table = EvolveCsv::open(dir, &state, Access::Private).unwrap();
    let size = |path: &Path| std::fs::metadata(path).map_or(0, |meta| meta.len());
    let sizes = || (size(&dir.journal()), size(&dir.evolve_csv()));
    let found = recover(&dir.journal()).unwrap().recovered;
    let mut writer = Writer::open(Arc::new(FileDisk::default()), &dir.journal(), &found).unwrap();
    let before = sizes();
    for generation in GENERATIONS..GENERATIONS + 10 {
        for entry in writer.commit(0, trial(generation).into()).unwrap() {
            state.apply(&entry);
        }
        table.update(&state).unwrap();
    }
    let after = sizes();
    println!(
        "bytes written per generation at {GENERATIONS}: {} of journal, {} of evolve.csv",
        (after.0 - before.0) / 10,
        (after.1 - before.1) / 10
    );
}

fn durable(c: &mut Criterion) {
    let home = tempfile::tempdir().unwrap();
    let dir = SessionDir::new(home.path());
    let (mut writer, _) =
        Writer::create(Arc::new(FileDisk::default()), &dir.journal(), 0, created()).unwrap();
    let mut group = c.benchmark_group("durable events");
    group.sample_size(10).measurement_time(Duration::from_secs(3));
    for together in [1_u64, 16] {
        group.throughput(criterion::Throughput::Elements(together));
        group.bench_function(format!("{together} with one sync"), |b| {
            b.iter_custom(|times| {
                let start = Instant::now();
                for generation in 0..times {
                    let [event, ..] = trial(generation);
                    let events = vec![event; together as usize];
                    let entries: Vec<Entry> = writer.commit(0, events).unwrap();
                    black_box(entries);
                }
                start.elapsed()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, recovery, durable);
criterion_main!(benches);
