//! What can be taken back: settings, newest first, whoever made the change.

use serde::{Deserialize, Serialize};

use crate::evolve::Edit;
use crate::journal::{SteerKind, Steered, Who};

/// Steps of one knob by one person within this many milliseconds are one step.
const JOIN_MS: i64 = 1000;

/// One change that can be taken back or made again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    pub edits: Vec<Edit>,
    pub inverse: Vec<Edit>,
    pub who: Who,
    pub time: i64,
}

/// The changes that can be taken back, and those that were.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Undo {
    done: Vec<Step>,
    undone: Vec<Step>,
}

impl Undo {
    /// The change that undo would take back.
    pub fn last(&self) -> Option<&Step> {
        self.done.last()
    }

    /// The change that redo would make again.
    pub fn next(&self) -> Option<&Step> {
        self.undone.last()
    }

    /// Records what was done.
    pub fn record(&mut self, steered: &Steered, time: i64) {
        match steered.kind {
            SteerKind::Undo => self.undone.extend(self.done.pop()),
            SteerKind::Redo => self.done.extend(self.undone.pop()),
            SteerKind::Edit => {
                self.undone.clear();
                if let Some(last) = self.done.last_mut().filter(|last| last.joins(steered, time)) {
                    last.edits.clone_from(&steered.edits);
                    last.time = time;
                    // Where it ends as it began there is nothing to take back.
                    if last.edits == last.inverse {
                        self.done.pop();
                    }
                } else {
                    let (edits, inverse) = (steered.edits.clone(), steered.inverse.clone());
                    self.done.push(Step { edits, inverse, who: steered.who.clone(), time });
                }
            }
        }
    }
}

impl Step {
    fn joins(&self, steered: &Steered, time: i64) -> bool {
        let one_knob = matches!((&self.edits[..], &steered.edits[..]), ([a], [b])
            if a.subject() == b.subject() && std::mem::discriminant(a) == std::mem::discriminant(b));
        one_knob && self.who == steered.who && (0..=JOIN_MS).contains(&(time - self.time))
    }
}
