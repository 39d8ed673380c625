//! What the journal costs: recovery, durable events, and what a generation adds to the files of a session.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::Criterion;
use evotop::dir::{EvolveCsv, SessionDir};
use evotop::journal::{Access, Event, FileDisk, Writer};
use evotop::session::recover;

use crate::clock::{self, median, median_call, ms};
use crate::fixture::Run;
use crate::long_run;
use crate::table::{Row, Unit};

/// Names the journal that a process started for it recovers: memory is that of a process which did nothing else.
pub const RECOVER: &str = "EVOTOP_BENCH_RECOVER";

/// Recovers this journal and tells what that took: seconds, seconds computed, MiB at most.
pub fn recover_here(path: &Path) {
    let pid = std::process::id();
    let (began, before) = (Instant::now(), clock::computed_in_all(pid));
    let recovery = recover(path).unwrap();
    let (took, computed) = (began.elapsed(), clock::computed_in_all(pid).saturating_sub(before));
    println!("{} {} {}", took.as_secs_f64(), computed.as_secs_f64(), clock::memory(pid, "VmHWM"));
    std::mem::forget(recovery);
}

pub fn rows(criterion: &mut Criterion) -> Vec<Row> {
    let mut rows = recovery();
    rows.push(bytes_of_a_generation());
    rows.extend(durable(criterion));
    rows
}

fn recovery() -> Vec<Row> {
    let home = tempfile::tempdir().unwrap();
    let journal = SessionDir::new(home.path()).journal();
    long_run::write(&long_run::of(100_000), home.path());
    let size = std::fs::metadata(&journal).unwrap().len() >> 20;
    let once = |_| {
        let command = Command::new(std::env::current_exe().unwrap()).env(RECOVER, &journal).output().unwrap();
        let text = String::from_utf8(command.stdout).unwrap();
        let told: Vec<f64> = text.split_whitespace().map(|word| word.parse().unwrap()).collect();
        (Duration::from_secs_f64(told[0]), Duration::from_secs_f64(told[1]), told[2])
    };
    let told: Vec<(Duration, Duration, f64)> = (0..5).map(once).collect();
    let took = median(&mut told.iter().map(|t| t.0).collect::<Vec<_>>());
    let computed = median(&mut told.iter().map(|t| t.1).collect::<Vec<_>>());
    let most = told.iter().map(|t| t.2).fold(0.0, f64::max);
    vec![
        Row::at_most("recovery of 100,000 generations", Unit::Seconds, 1.0, took.as_secs_f64())
            .with(&format!("{size} MiB of journal, {:.2} s computed", computed.as_secs_f64())),
        Row::at_most("the same, peak memory of the process", Unit::Mebibytes, 200.0, most),
    ]
}

/// What ten more generations add to journal and table, after few and after many.
fn bytes_of_a_generation() -> Row {
    let [few, many] = [100, 100_000].map(|generations| {
        let home = tempfile::tempdir().unwrap();
        let dir = SessionDir::new(home.path());
        let mut run = long_run::of(generations);
        long_run::write(&run, home.path());
        let mut table = EvolveCsv::open(&dir, &run.state, Access::Private).unwrap();
        let size = |path: &Path| std::fs::metadata(path).map_or(0, |meta| meta.len());
        let found = recover(&dir.journal()).unwrap().recovered;
        let mut writer = Writer::open(Arc::new(FileDisk::default()), &dir.journal(), &found).unwrap();
        let (before, at) = (size(&dir.journal()) + size(&dir.evolve_csv()), run.entries.len());
        for _ in 0..10 {
            long_run::trial(&mut run);
        }
        for entry in &run.entries[at..] {
            writer.commit(entry.time, vec![entry.event.clone()]).unwrap();
        }
        table.update(&run.state).unwrap();
        (size(&dir.journal()) + size(&dir.evolve_csv()) - before) / 10
    });
    // The numbers themselves grow longer: 101 has three digits, 100,001 six, on every line.
    Row::judged(
        "bytes written per generation at 100 and at 100,000",
        "constant",
        format!("{few} B and {many} B"),
        many < few + few / 10,
    )
}

fn durable(criterion: &mut Criterion) -> Vec<Row> {
    let home = tempfile::tempdir().unwrap();
    let mut run = Run::new(1);
    let Event::Created(created) = &run.entries[0].event else { panic!("a run begins with its creation") };
    let journal = SessionDir::new(home.path()).journal();
    let (mut writer, _) =
        Writer::create(Arc::new(FileDisk::default()), &journal, 0, (**created).clone()).unwrap();
    let at = run.entries.len();
    run.propose();
    let event = run.entries[at].event.clone();
    [1_u32, 16]
        .map(|together| {
            let took = median_call(criterion, &format!("journal/commit {together}"), || {
                writer.commit(0, vec![event.clone(); together as usize]).unwrap()
            });
            let figure = format!("durable events, {together} with one sync");
            Row::told(figure, Unit::PerSecond, f64::from(together) / took.as_secs_f64())
                .with(&format!("{:.2} ms a sync", ms(took)))
        })
        .into()
}
