//! Journal and state together, on a disk that forgets: whatever happens when, the state after a crash is the one before
//! it, less what nobody was told.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use proptest::prelude::*;

use crate::evolve::Edit;
use crate::journal::forgetful::{Fault, ForgetfulDisk};
use crate::journal::sample::{created, metrics};
use crate::journal::{self, AttemptStart, Entry, Event, How, SlotSpec, Who, Writer};
use crate::session::{Command, Next, State};
use crate::trial::{FailureClass, Outcome};

#[derive(Debug, Clone)]
enum Step {
    /// A free slot asks what to do.
    Slot,
    Epoch,
    /// The oldest running trial ends.
    End(u8),
    Do(u8),
    Fail(Fault),
    /// The power goes; so many unsynced bytes survive.
    Crash(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let fault = prop_oneof![
        (0..2000_usize).prop_map(Fault::Short),
        (0..2000_usize).prop_map(Fault::ShortAndStuck),
        Just(Fault::Sync)
    ];
    let step = prop_oneof![
        6 => Just(Step::Slot),
        3 => Just(Step::Epoch),
        4 => any::<u8>().prop_map(Step::End),
        2 => any::<u8>().prop_map(Step::Do),
        2 => fault.prop_map(Step::Fail),
        2 => (0..2000_usize).prop_map(Step::Crash),
    ];
    prop::collection::vec(step, 1..80)
}

struct Run {
    path: PathBuf,
    disk: ForgetfulDisk,
    writer: Writer,
    state: State,
    told: Vec<Entry>,
    /// How many of those must survive anything.
    certain: usize,
}

impl Run {
    fn new(dir: &Path) -> Self {
        let (path, disk) = (dir.join("journal.jsonl"), ForgetfulDisk::default());
        let (writer, first) = Writer::create(Arc::new(disk.clone()), &path, 5, created()).unwrap();
        let state = State::replay([first.clone()]).unwrap();
        let mut run = Self { path, disk, writer, state, told: vec![first], certain: 1 };
        let slots = ["a", "b"].map(|name| SlotSpec { name: name.into(), device: "cpu".into() });
        run.commit(slots.map(|slot| Event::SlotAdded { slot, who: None }).into());
        run
    }

    fn tell(&mut self, entry: Entry) {
        self.state.apply(&entry);
        self.told.push(entry);
    }

    fn commit(&mut self, events: Vec<Event>) {
        if let Ok(entries) = self.writer.commit(self.state.time + 10, events) {
            let any = !entries.is_empty();
            for entry in entries {
                self.tell(entry);
            }
            if any {
                self.certain = self.told.len();
            }
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Slot => self.slot(),
            Step::Epoch => {
                let Some((generation, running)) = self.state.running.iter().next() else { return };
                let (generation, epoch) = (*generation, running.epoch + 1);
                let event =
                    Event::Epoch { generation, epoch, epochs: 9, seconds: 1.0, metrics: metrics(generation) };
                if let Ok(entry) = self.writer.note(self.state.time + 1, event) {
                    self.tell(entry);
                }
            }
            Step::End(how) => {
                let Some((generation, running)) = self.state.running.iter().next() else { return };
                let outcome = match how % 8 {
                    0 => Outcome::Diverged { epoch: 1, what: "box is NaN".into() },
                    1 => Outcome::Failed { class: FailureClass::Crash, detail: "exit 1".into() },
                    2 => Outcome::Interrupted,
                    _ => Outcome::Finished { metrics: metrics(*generation) },
                };
                let events = self.state.attempt_ended(*generation, running.attempt, &outcome);
                self.commit(events);
            }
            Step::Do(what) => {
                let edit = |edit| Command::Edit { edits: vec![edit], revision: self.state.revision };
                let command = match what % 6 {
                    0 => edit(Edit::Sigma(f64::from(*what) / 300.0)),
                    1 => edit(Edit::Pin { param: "lr0".into(), at: (*what > 99).then_some(0.5) }),
                    2 => Command::Undo { confirmed: true },
                    3 => Command::Resume,
                    4 => Command::Exclude { first: 0, last: None },
                    _ => Command::Repeat { generation: u64::from(*what) % 9 },
                };
                let who = Who { user: "ada".into(), tty: None, ssh: None, how: How::Key };
                if let Ok(events) = self.state.decide(&command, &who) {
                    self.commit(events);
                }
            }
            Step::Fail(fault) => self.disk.fail(*fault),
            Step::Crash(_) => {}
        }
        if self.writer.doubt().is_some() && self.writer.reopen().is_ok() {
            self.certain = self.told.len();
        }
    }

    fn slot(&mut self) {
        let busy = |name: &str| self.state.running.values().any(|running| running.slot == name);
        let Some(slot) = ["a", "b"].into_iter().find(|name| !busy(name)) else { return };
        match self.state.next_for(slot, &BTreeSet::new()) {
            Next::Start(generation) => {
                let attempt = self.state.history.get(generation).map_or(1, |trial| trial.attempts + 1);
                let slot = slot.to_owned();
                let start =
                    AttemptStart { generation, attempt, slot, pid: 1, start_time: 1, group: 1, uuid: None };
                self.commit(vec![Event::Started(start)]);
            }
            Next::First(events) => self.commit(events),
            Next::Wait(_) => {}
        }
    }

    /// The state as a new process finds it.
    fn recovered(self, kept: usize) -> Result<Self, TestCaseError> {
        drop(self.writer);
        self.disk.crash(kept);
        let mut found = Vec::new();
        let recovered = journal::read(&self.path, |entry| found.push(entry))
            .map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert!(found.len() >= self.certain, "{} of {} left", found.len(), self.certain);
        let common = found.len().min(self.told.len());
        prop_assert_eq!(&found[..common], &self.told[..common]);
        let state = State::replay(found.clone()).unwrap();
        if common == self.told.len() {
            let before = State::replay(found[..common].iter().cloned()).unwrap();
            prop_assert_eq!(said(&before), said(&self.state));
        }
        let writer = Writer::open(Arc::new(self.disk.clone()), &self.path, &recovered)
            .map_err(|error| TestCaseError::fail(error.to_string()))?;
        Ok(Self { writer, certain: found.len(), told: found, state, ..self })
    }
}

/// All of a state that does not depend on the order of a hash map.
fn said(s: &State) -> String {
    let lists = (&s.ended, &s.queue, &s.running, &s.failed_in_a_row, &s.log, &s.metrics);
    let settings = (&s.space, &s.settings, &s.next, s.revision, &s.undo, &s.mode, &s.slots, s.seq, s.time);
    let best: Vec<(u64, f64)> =
        s.history.ranked().map(|(trial, fitness)| (trial.generation, fitness)).collect();
    format!("{:?} {best:?} {lists:?} {settings:?}", s.history.trials())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn the_state_after_a_crash_is_the_one_before_it_less_what_nobody_was_told(steps in steps(), last in 0..2000_usize) {
        let dir = tempfile::tempdir().unwrap();
        let mut run = Run::new(dir.path());
        for step in &steps {
            if let Step::Crash(kept) = step {
                run = run.recovered(*kept)?;
            } else {
                run.step(step);
            }
        }
        let trials = run.state.history.next_generation();
        let ended = run.state.ended.clone();
        let all_synced = run.certain == run.told.len();
        let run = run.recovered(last)?;
        if all_synced {
            prop_assert!(run.state.history.next_generation() >= trials);
            prop_assert_eq!(&run.state.ended[..ended.len()], &ended[..]);
        }
        let generations: Vec<u64> = run.state.history.trials().iter().map(|trial| trial.generation).collect();
        prop_assert_eq!(generations, (0..run.state.history.next_generation()).collect::<Vec<_>>());
    }
}
