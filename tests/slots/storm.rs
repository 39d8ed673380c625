//! Many slots, many short trials, and somebody who kills at random.

use std::collections::HashSet;
use std::time::Duration;

use evotop::runner::{Slot, SlotNewsKind};
use evotop::trial::{FailureClass, Outcome};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use tokio::sync::mpsc;

use super::bench::{config, job, marked, shell, spec};

const SLOTS: usize = 8;

/// Trials in all: a few for every test run, 4000 (eight slots, 500 each) where `EVOTOP_CHAOS` is set.
fn trials() -> u64 {
    if std::env::var_os("EVOTOP_CHAOS").is_some() { 4000 } else { 160 }
}

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

fn resident_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn killed_at_random_every_trial_ends_once_and_nothing_is_left() {
    let dir = tempfile::tempdir().unwrap();
    let (tell, mut news) = mpsc::unbounded_channel();
    let trainer = shell(r#"sleep 0.03 & wait; echo '{"acc":0.5}'"#);
    let open =
        |n: usize| Slot::open(config(spec(trainer.clone()), dir.path(), &format!("cpu#{n}")), tell.clone());
    let slots: Vec<Slot> = (0..SLOTS).map(open).collect();
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let (mut next, mut ended, mut finished) = (0, HashSet::new(), 0);
    let (mut fd_at_start, mut memory_at_start) = (None, None);
    for slot in &slots {
        slot.run(job(dir.path(), next));
        next += 1;
    }
    while (ended.len() as u64) < trials() {
        let told = tokio::time::timeout(Duration::from_secs(60), news.recv()).await.unwrap().unwrap();
        let slot = told.slot.trim_start_matches("cpu#").parse::<usize>().unwrap();
        match told.kind {
            SlotNewsKind::Started { process, .. } if random.random_bool(0.3) => {
                // Now its trainer, now its guard.
                let victim = if random.random_bool(0.5) { process.pid } else { guard(process.pid) };
                let _ = std::process::Command::new("kill")
                    .args(["-KILL", &victim.to_string()])
                    .stderr(std::process::Stdio::null())
                    .status();
            }
            SlotNewsKind::Ended { trial, outcome, .. } => {
                assert!(ended.insert(trial), "trial {trial} ended twice");
                match outcome {
                    Outcome::Finished { .. } => finished += 1,
                    Outcome::Failed { class: FailureClass::Crash | FailureClass::OutOfMemory, .. } => {}
                    other => panic!("{other:?}"),
                }
                if ended.len() == SLOTS * 4 {
                    (fd_at_start, memory_at_start) = (Some(descriptors()), Some(resident_kb()));
                }
                if next < trials() {
                    slots[slot].run(job(dir.path(), next));
                    next += 1;
                }
            }
            _ => {}
        }
    }
    assert_eq!(ended.len() as u64, trials());
    assert!(finished > trials() / 2, "{finished}");
    for slot in slots {
        slot.close().await;
    }
    assert!(marked(dir.path()).is_empty(), "{:?}", marked(dir.path()));
    assert!(descriptors() <= fd_at_start.unwrap(), "descriptors grew");
    let grown = resident_kb().saturating_sub(memory_at_start.unwrap());
    assert!(grown < 8_000, "memory grew by {grown} kB");
    assert!(zombies().is_empty(), "{:?}", zombies());
}

/// The guard of a trainer, where both still live; the trainer itself otherwise.
fn guard(pid: u32) -> u32 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let parent = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1)?.parse().ok());
    parent.filter(|parent| is_guard(*parent)).unwrap_or(pid)
}

fn is_guard(pid: u32) -> bool {
    let words = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    words.split(|b| *b == 0).any(|word| word == b"guard")
}

fn zombies() -> Vec<u32> {
    evotop::process::children()
}
