//! A damaged journal: what is good before the damage is read, the damage is named, and what is repaired is good.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use evotop::evolve::{RULES_VERSION, Settings, StrategyKind, Weights};
use evotop::journal::{self, Created, Entry, Event, FileDisk, Follow, VERSION, Writer};
use evotop::session::{State, recover};
use evotop::space::{Defaults, OutOfBounds, builtin, load};
use evotop::trial::{End, Metrics, RunSpec, Trainer, YOLO_METRICS};

use crate::mutate::damage;

/// The start of a simulated run of YOLOv5's parameters.
pub fn created() -> Created {
    let (hyp, ranges) = (builtin::hyp("scratch-2021-03").unwrap(), builtin::space("yolov5").unwrap());
    Created {
        version: VERSION,
        name: "exp".into(),
        evotop: env!("CARGO_PKG_VERSION").into(),
        rules: RULES_VERSION,
        seed: 7,
        trial_seed: 0,
        space: load(&hyp, &ranges, Defaults::Yolov5March2021, OutOfBounds::Abort).unwrap().0,
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

/// A few trials of it, as a session journals them.
fn events(state: &mut State) -> Vec<Event> {
    let mut events = Vec::new();
    let mut happens = |state: &mut State, event: Event| {
        state.apply(&Entry { seq: state.seq + 1, time: 5, event: event.clone() });
        events.push(event);
    };
    for generation in 0..4_u32 {
        let proposed = state.proposal().unwrap();
        happens(state, Event::Proposed(proposed));
        let generation = u64::from(generation);
        let metrics: Metrics =
            YOLO_METRICS.iter().zip(1_u32..).map(|(name, i)| (*name, 0.1 * f64::from(i))).collect();
        let epoch = Event::Epoch { generation, epoch: 1, epochs: 1, seconds: 0.5, metrics: metrics.clone() };
        happens(state, epoch);
        happens(state, Event::Ended { generation, end: End::Finished, metrics, who: None });
    }
    happens(state, Event::Closed { why: "stopped".into() });
    events
}

/// A session after a few trials.
pub fn state() -> State {
    let mut state = State::new(&created(), 0);
    events(&mut state);
    state
}

fn write(path: &Path) -> Vec<u8> {
    let (mut writer, _) = Writer::create(Arc::new(FileDisk::default()), path, 0, created()).unwrap();
    writer.commit(5, events(&mut State::new(&created(), 0))).unwrap();
    fs::read(path).unwrap()
}

/// As somebody would who alters it on purpose: the checksums are right again, so that what is behind them is met.
fn mended(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for line in text.split_inclusive(|b| *b == b'\n') {
        let cut = line.windows(8).rposition(|w| w == b",\"crc\":\"");
        let Some(cut) = cut.filter(|_| line.ends_with(b"\"}\n")) else {
            out.extend_from_slice(line);
            continue;
        };
        let body = [&line[..cut], b"}"].concat();
        out.extend_from_slice(&line[..cut]);
        out.extend_from_slice(format!(",\"crc\":\"{:08x}\"}}\n", crc32fast::hash(&body)).as_bytes());
    }
    out
}

/// In words: a metric that is not known is NaN, which is not equal to itself.
fn said(what: &impl std::fmt::Debug) -> String {
    format!("{what:?}")
}

/// Reads it in every way there is. Whether it was read to its end.
fn read(home: &Path, bytes: &[u8]) -> bool {
    let path = home.join("journal.jsonl");
    fs::write(&path, bytes).unwrap();
    let mut entries = Vec::new();
    let outcome = journal::read(&path, |entry| entries.push(entry));
    if let Err(error) = &outcome {
        assert!(error.to_string().contains("journal.jsonl"), "{error}");
    }
    // One that is followed sees the same.
    let mut followed = Vec::new();
    let _ = Follow::open(&path).unwrap().news(|entry| followed.push(entry));
    assert_eq!(said(&followed), said(&entries));
    if let Ok(found) = &outcome {
        assert!(found.length + found.torn <= bytes.len() as u64);
        assert_eq!(found.next_seq, entries.len() as u64);
        // What is read is written again as it was.
        for entry in &entries {
            let text = serde_json::to_vec(entry).unwrap();
            assert_eq!(said(&serde_json::from_slice::<Entry>(&text).unwrap()), said(entry));
        }
        let state = recover(&path).unwrap().state;
        let _ = (state.status(), state.proposal());
    }
    let repaired = home.join("repaired.jsonl");
    if journal::repair(&FileDisk::default(), &path, &repaired).is_ok() {
        recover(&repaired).unwrap();
        fs::remove_file(&repaired).unwrap();
    }
    outcome.is_ok()
}

#[test]
fn a_damaged_journal_is_read_up_to_the_damage_and_repaired() {
    let home = tempfile::tempdir().unwrap();
    let example = write(&home.path().join("example.jsonl"));
    damage("journal", &[&example], |bytes| read(home.path(), bytes));
}

#[test]
fn an_altered_journal_with_good_checksums_never_fails_in_another_way_than_by_an_error() {
    let home = tempfile::tempdir().unwrap();
    let example = write(&home.path().join("example.jsonl"));
    damage("altered journal", &[&example], |bytes| read(home.path(), &mended(bytes)));
}
