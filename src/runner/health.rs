//! When a slot is to blame, and for how long it takes no trials. Pure.

use std::collections::HashMap;

use crate::trial::{FailureClass, Outcome};

/// Minutes of quarantine, the first time, the second time, and from then on.
const MINUTES: [i64; 4] = [1, 5, 15, 60];

/// A slot takes no trials until then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantine {
    pub reason: String,
    /// Milliseconds since 1970-01-01 UTC.
    pub retry_at: i64,
}

/// What is known of the slots of a run.
#[derive(Debug, Clone)]
pub struct Health {
    slots: HashMap<String, Record>,
    /// Milliseconds of a minute: fewer in tests.
    minute: i64,
}

#[derive(Debug, Clone, Default)]
struct Record {
    /// How the last attempt here ended, if one has.
    last_was_well: Option<bool>,
    /// Different candidates that failed one after the other.
    failed: Vec<u64>,
    quarantines: usize,
}

impl Record {
    /// The next quarantine: longer each time, until the slot works.
    fn quarantine(&mut self, now: i64, minute: i64) -> i64 {
        let minutes = MINUTES[self.quarantines.min(MINUTES.len() - 1)];
        self.quarantines += 1;
        self.failed.clear();
        now + minutes * minute
    }
}

impl Default for Health {
    fn default() -> Self {
        Self { slots: HashMap::new(), minute: 60_000 }
    }
}

impl Health {
    /// With minutes of this many milliseconds, for tests.
    pub fn with_minutes_of(milliseconds: i64) -> Self {
        Self { minute: milliseconds, ..Self::default() }
    }

    /// An attempt ended on a slot, while the slots `busy` had one each. Where the slot is to blame, its quarantine.
    ///
    /// A trainer that cannot start is the slot's fault; so are two different candidates that fail one after the other
    /// while another slot works: its last attempt ended well, or its first is still under way.
    pub fn ended(
        &mut self,
        slot: &str,
        candidate: u64,
        outcome: &Outcome,
        busy: &[&str],
        now: i64,
    ) -> Option<Quarantine> {
        let others_work = self.others_work(slot, busy);
        let minute = self.minute;
        let record = self.slots.entry(slot.to_owned()).or_default();
        let (class, detail) = match outcome {
            // Say nothing of the slot.
            Outcome::Failed { class: FailureClass::NoSpace, .. }
            | Outcome::Aborted
            | Outcome::Interrupted => {
                return None;
            }
            Outcome::Failed { class, detail } => (*class, detail),
            Outcome::Finished { .. } | Outcome::Diverged { .. } | Outcome::Pruned { .. } => {
                *record = Record { last_was_well: Some(true), ..Record::default() };
                return None;
            }
        };
        record.last_was_well = Some(false);
        if !record.failed.contains(&candidate) {
            record.failed.push(candidate);
        }
        let reason = match class {
            FailureClass::SlotLost => detail.clone(),
            _ if record.failed.len() >= 2 && others_work => {
                format!("two candidates failed here while other slots work: {detail}")
            }
            _ => return None,
        };
        Some(Quarantine { reason, retry_at: record.quarantine(now, minute) })
    }

    /// A slot's process cannot be killed. When it is tried again, in milliseconds since 1970-01-01 UTC.
    pub fn lost(&mut self, slot: &str, now: i64) -> i64 {
        let minute = self.minute;
        self.slots.entry(slot.to_owned()).or_default().quarantine(now, minute)
    }

    fn others_work(&self, slot: &str, busy: &[&str]) -> bool {
        let works =
            self.slots.iter().any(|(name, record)| name != slot && record.last_was_well == Some(true));
        let begins = |name: &str| self.slots.get(name).is_none_or(|record| record.last_was_well.is_none());
        works || busy.iter().any(|name| *name != slot && begins(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(class: FailureClass) -> Outcome {
        Outcome::Failed { class, detail: "exit 1".into() }
    }

    fn well() -> Outcome {
        Outcome::Diverged { epoch: 1, what: String::new() }
    }

    #[test]
    fn a_slot_that_cannot_start_waits_longer_each_time_until_it_works() {
        let mut health = Health::default();
        let minutes = |health: &mut Health| {
            health.ended("a", 0, &failed(FailureClass::SlotLost), &[], 0).map(|q| q.retry_at / 60_000)
        };
        let waits: Vec<_> = (0..5).map(|_| minutes(&mut health)).collect();
        assert_eq!(waits, [Some(1), Some(5), Some(15), Some(60), Some(60)]);
        health.ended("a", 1, &well(), &[], 0);
        assert_eq!(minutes(&mut health), Some(1));
    }

    #[test]
    fn two_candidates_failing_blame_the_slot_only_while_others_work() {
        let crash = failed(FailureClass::Crash);
        let mut health = Health::default();
        health.ended("b", 0, &well(), &[], 0);
        assert_eq!(health.ended("a", 1, &crash, &[], 0), None);
        assert_eq!(
            health.ended("a", 1, &crash, &[], 0),
            None,
            "one candidate twice says nothing of the slot"
        );
        assert!(health.ended("a", 2, &crash, &[], 0).is_some());
        let mut alone = Health::default();
        for candidate in 0..5 {
            assert_eq!(alone.ended("a", candidate, &crash, &[], 0), None);
        }
    }

    #[test]
    fn a_slot_that_dies_at_once_is_blamed_before_the_others_have_finished_anything() {
        let crash = failed(FailureClass::Crash);
        let mut health = Health::default();
        assert_eq!(health.ended("a", 1, &crash, &["b", "c"], 0), None);
        assert!(health.ended("a", 2, &crash, &["b", "c"], 0).is_some());
    }

    #[test]
    fn a_program_that_fails_everywhere_blames_no_slot() {
        let crash = failed(FailureClass::Crash);
        let mut health = Health::default();
        for candidate in 0..6 {
            let (slot, other) = if candidate % 2 == 0 { ("a", "b") } else { ("b", "a") };
            assert_eq!(health.ended(slot, candidate, &crash, &[other], 0), None, "{candidate}");
        }
    }

    #[test]
    fn a_full_disk_and_an_abort_say_nothing_of_a_slot() {
        let mut health = Health::default();
        for candidate in 0..3 {
            let outcome = failed(FailureClass::NoSpace);
            assert_eq!(health.ended("a", candidate, &outcome, &["b"], 0), None);
            assert_eq!(health.ended("a", candidate, &Outcome::Aborted, &["b"], 0), None);
        }
    }
}
