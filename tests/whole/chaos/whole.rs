//! What has to hold when a run is complete, whatever happened to it.

use std::collections::BTreeMap;

use evotop::journal::{self, Event};

use super::fault::Fault;
use super::run::{GENERATIONS, Run};
use crate::common::{rows, wait_until};

/// Checks it; how many ends its sessions had told of.
pub fn check(run: &Run, happened: &[Fault]) -> usize {
    let context = format!("run {} after {happened:?}", run.number);
    let status = run.world.status("d");
    assert_eq!(status["state"], "complete", "{context}");
    assert_eq!(status["done"], GENERATIONS, "{context}");
    let (mut proposed, mut ended) = (BTreeMap::new(), BTreeMap::new());
    journal::read(&run.dir().join("journal.jsonl"), |entry| match entry.event {
        Event::Proposed(p) => *proposed.entry(p.generation).or_insert(0) += 1,
        Event::Ended { generation, end, .. } => {
            let before = ended.insert(generation, end.word());
            assert_eq!(before, None, "generation {generation} ended twice: {context}");
        }
        _ => {}
    })
    .unwrap();
    assert!(proposed.keys().copied().eq(0..GENERATIONS), "{proposed:?}: {context}");
    assert!(proposed.values().all(|times| *times == 1), "{proposed:?}: {context}");
    assert!(ended.keys().copied().eq(0..GENERATIONS), "{ended:?}: {context}");
    let finished = ended.values().filter(|word| **word == "finished").count();
    assert_eq!(rows(&run.dir()), finished, "rows of evolve.csv: {context}");
    run.world.good(&["verify", "d"]);
    let told = told(run);
    for (generation, word) in &told {
        assert_eq!(
            ended.get(generation),
            Some(&word.as_str()),
            "generation {generation} was told of: {context}"
        );
    }
    wait_until("no process is left", || {
        ["run", "session", "guard", "sim-worker"].iter().all(|word| run.processes(word).is_empty())
    });
    told.len()
}

/// The ends that its sessions printed: `12:01:02 gen 7 finished, fitness 0.4321`.
fn told(run: &Run) -> Vec<(u64, String)> {
    let text = std::fs::read(run.told()).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let end = |line: &str| {
        let mut words = line.split(' ').skip(1);
        let generation = (words.next()? == "gen").then(|| words.next()?.parse().ok())??;
        let word = words.next()?.trim_end_matches([',', ':']);
        ["finished", "diverged", "failed", "aborted"].contains(&word).then(|| (generation, word.to_owned()))
    };
    text.lines().filter_map(end).collect()
}
