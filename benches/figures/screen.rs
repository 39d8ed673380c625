//! The real program in a real terminal of 120x40: bytes on the wire, what the client computes, how soon a key is
//! answered, and how soon a long session is on the screen.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use criterion::Criterion;

use crate::clock::{computed, median, ms};
use crate::long_run::{self, SIZES};
use crate::program::{Session, evotop};
use crate::table::{Row, Unit};
use crate::terminal::Terminal;

/// How long a screen is watched.
const WATCHED: Duration = Duration::from_secs(30);
/// What every screen with a session on it shows.
const SHOWN: &str = "Hyperparameters";

pub fn rows(_: &mut Criterion) -> Vec<Row> {
    let mut rows = training(1, 2000, true);
    rows.extend(training(2, 500, false));
    for generations in SIZES {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("run");
        std::fs::create_dir(&dir).unwrap();
        long_run::write(&long_run::of(generations), &dir);
        let session = Session::open(home.path(), &dir);
        rows.push(attach(home.path(), session.pid(), generations));
        let terminal = Terminal::run(home.path(), &["attach", "run"]);
        terminal.shows(SHOWN);
        rows.push(echo(&terminal, generations));
        rows.extend(idle(&terminal, generations));
        drop(session);
    }
    rows
}

fn watch(terminal: &Terminal) -> (f64, f64) {
    let (bytes, before) = (terminal.bytes(), computed(terminal.pid()));
    std::thread::sleep(WATCHED);
    let seconds = WATCHED.as_secs_f64();
    let bytes = (terminal.bytes() - bytes) as f64 / seconds;
    (bytes, computed(terminal.pid()).saturating_sub(before).as_secs_f64() / seconds)
}

fn idle(terminal: &Terminal, generations: u64) -> [Row; 2] {
    // What was said of the keys goes off the screen first.
    std::thread::sleep(Duration::from_secs(8));
    let (bytes, core) = watch(terminal);
    let figure = |what: &str| format!("screen, idle at {generations} generations, {what}");
    [
        Row::at_most(figure("on the wire"), Unit::BytesPerSecond, 0.0, bytes),
        Row::at_most(figure("one core"), Unit::Core, 0.001, core),
    ]
}

/// The page Live of a run of trials of three epochs.
fn training(slots: u32, epoch: u32, judged: bool) -> Vec<Row> {
    let home = tempfile::tempdir().unwrap();
    let (devices, epoch_ms) = (format!("cpu*{slots}"), epoch.to_string());
    let words = ["run", "--detach", "--trainer", "sim", "--sim-epoch-ms", &epoch_ms, "--devices", &devices];
    let words: Vec<&str> = words.into_iter().chain(["--generations", "100000", "--dir", "run"]).collect();
    assert!(evotop(home.path(), &words).stdout(Stdio::null()).status().unwrap().success());
    let terminal = Terminal::run(home.path(), &["attach", "run"]);
    terminal.shows(SHOWN);
    std::thread::sleep(Duration::from_secs(7));
    let (bytes, core) = watch(&terminal);
    drop(terminal);
    let stop = ["stop", "run", "--now"];
    assert!(evotop(home.path(), &stop).stdout(Stdio::null()).status().unwrap().success());
    let pace = format!(
        "{slots} slot{}, an epoch every {} s",
        if slots > 1 { "s" } else { "" },
        f64::from(epoch) / 1e3
    );
    let (wire, one_core) =
        (format!("screen, training ({pace}), on the wire"), format!("screen, training ({pace}), one core"));
    if judged {
        vec![
            Row::at_most(wire, Unit::BytesPerSecond, 1024.0, bytes),
            Row::at_most(one_core, Unit::Core, 0.005, core),
        ]
    } else {
        vec![Row::told(wire, Unit::BytesPerSecond, bytes), Row::told(one_core, Unit::Core, core)]
    }
}

/// From the start of the client to the first whole screen.
fn attach(home: &Path, session: u32, generations: u64) -> Row {
    let once = |_| {
        let before = computed(session);
        let terminal = Terminal::run(home, &["attach", "run"]);
        let shown = terminal.shows(SHOWN) - terminal.began;
        [shown, computed(terminal.pid()), computed(session).saturating_sub(before)]
    };
    let all: Vec<[Duration; 3]> = (0..9).map(once).collect();
    let middle = |i: usize| ms(median(&mut all.iter().map(|one| one[i]).collect::<Vec<_>>()));
    let figure = format!("attach at {generations} generations, to the first full screen");
    Row::at_most(figure, Unit::Milliseconds, 300.0, middle(0)).with(&format!(
        "computed: {:.0} ms by the client, {:.0} ms by the session",
        middle(1),
        middle(2)
    ))
}

/// The cursor goes down and up; steering keys are answered in the same way, as pending.
fn echo(terminal: &Terminal, generations: u64) -> Row {
    let mut samples: Vec<Duration> = (0..60)
        .filter_map(|i| {
            // Keys come at any time after a frame.
            std::thread::sleep(Duration::from_millis(40 + (i * 7) % 30));
            terminal.echo(if i % 2 == 0 { "j" } else { "k" })
        })
        .collect();
    assert!(samples.len() > 50, "only {} of 60 keys were answered", samples.len());
    let figure = format!("key echo at {generations} generations");
    Row::at_most(figure, Unit::Milliseconds, 16.0, ms(median(&mut samples)))
}
