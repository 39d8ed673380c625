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
#[derive(Debug, Clone, Default)]
pub struct Health {
    slots: HashMap<String, Record>,
}

#[derive(Debug, Clone, Default)]
struct Record {
    /// Different candidates that failed one after the other.
    failed: Vec<u64>,
    quarantines: usize,
}

impl Record {
    /// The next quarantine: longer each time, until the slot works.
    fn quarantine(&mut self, now: i64) -> i64 {
        let minutes = MINUTES[self.quarantines.min(MINUTES.len() - 1)];
        self.quarantines += 1;
        self.failed.clear();
        now + minutes * 60_000
    }
}

impl Health {
    /// An attempt ended on a slot. `others_work` says whether another slot has finished a trial since this one last
    /// did. Where the slot is to blame, its quarantine.
    ///
    /// A trainer that cannot start is the slot's fault; so are two different candidates that fail one after the other
    /// while other slots work.
    pub fn ended(
        &mut self,
        slot: &str,
        candidate: u64,
        outcome: &Outcome,
        others_work: bool,
        now: i64,
    ) -> Option<Quarantine> {
        let record = self.slots.entry(slot.to_owned()).or_default();
        let Outcome::Failed { class, detail } = outcome else {
            if matches!(outcome, Outcome::Finished { .. } | Outcome::Diverged { .. } | Outcome::Pruned { .. })
            {
                *record = Record::default();
            }
            return None;
        };
        let reason = match class {
            FailureClass::NoSpace => return None,
            FailureClass::SlotLost => detail.clone(),
            _ => {
                if !record.failed.contains(&candidate) {
                    record.failed.push(candidate);
                }
                if record.failed.len() < 2 || !others_work {
                    return None;
                }
                format!("two candidates failed here while other slots work: {detail}")
            }
        };
        Some(Quarantine { reason, retry_at: record.quarantine(now) })
    }

    /// A slot's process cannot be killed. When it is tried again, in milliseconds since 1970-01-01 UTC.
    pub fn lost(&mut self, slot: &str, now: i64) -> i64 {
        self.slots.entry(slot.to_owned()).or_default().quarantine(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(class: FailureClass) -> Outcome {
        Outcome::Failed { class, detail: "exit 1".into() }
    }

    #[test]
    fn a_slot_that_cannot_start_waits_longer_each_time_until_it_works() {
        let mut health = Health::default();
        let minutes = |health: &mut Health| {
            health.ended("a", 0, &failed(FailureClass::SlotLost), true, 0).map(|q| q.retry_at / 60_000)
        };
        let waits: Vec<_> = (0..5).map(|_| minutes(&mut health)).collect();
        assert_eq!(waits, [Some(1), Some(5), Some(15), Some(60), Some(60)]);
        health.ended("a", 1, &Outcome::Diverged { epoch: 1, what: String::new() }, true, 0);
        assert_eq!(minutes(&mut health), Some(1));
    }

    #[test]
    fn two_candidates_failing_blame_the_slot_only_while_others_work() {
        let crash = failed(FailureClass::Crash);
        let mut health = Health::default();
        assert_eq!(health.ended("a", 1, &crash, true, 0), None);
        assert_eq!(
            health.ended("a", 1, &crash, true, 0),
            None,
            "the same candidate twice says nothing of the slot"
        );
        assert!(health.ended("a", 2, &crash, true, 0).is_some());
        let mut alone = Health::default();
        for candidate in 0..5 {
            assert_eq!(alone.ended("a", candidate, &crash, false, 0), None);
        }
    }
}
