//! Room on disks: a run is held before there is too little, and goes on when there is some.

use std::time::Duration;

use tokio::time::Instant;

use super::start::Engine;
use crate::journal::{Event, Mode, PauseWhy};
use crate::process;
use crate::size;
use crate::trial::{FailureClass, Outcome};

/// Bytes that have to be free before a run that met a full disk goes on, whatever `--min-free` says.
const SPACE: u64 = 16_000_000;

/// How long a run is held that a trainer's full disk held, the first time and at most. Nobody knows which disk that was,
/// so it is tried; each time four times later, until a trial gets through.
const FIRST: Duration = Duration::from_secs(4);
const LONGEST: Duration = Duration::from_secs(15 * 60);

/// Full disks that trainers met.
#[derive(Debug, Default)]
pub(super) struct Space {
    met: u32,
    not_before: Option<Instant>,
}

impl Space {
    /// An attempt ended.
    pub fn ended(&mut self, outcome: &Outcome, now: Instant) {
        match outcome {
            // Several slots meet the same full disk at once: that counts once.
            Outcome::Failed { class: FailureClass::NoSpace, .. } if self.may_try(now) => {
                let wait = FIRST.saturating_mul(4u32.saturating_pow(self.met)).min(LONGEST);
                self.not_before = Some(now + wait);
                self.met += 1;
            }
            Outcome::Finished { .. } => *self = Self::default(),
            _ => {}
        }
    }

    fn may_try(&self, now: Instant) -> bool {
        self.not_before.is_none_or(|at| now >= at)
    }
}

impl Engine {
    /// Holds a run before the disk is full; one that was held for want of space goes on when there is some.
    pub(super) fn space_says(&self) -> Option<Event> {
        let free = process::free_space(&self.start.dir)?;
        let least = self.start.min_free;
        // A little more than what it is held at, or it would be held again at once.
        let enough = (least + least / 8).max(SPACE);
        let mode = match &self.state.mode {
            Mode::Paused(PauseWhy::NoSpace { .. })
                if free >= enough && self.space.may_try(Instant::now()) =>
            {
                Mode::Running
            }
            Mode::Running if free < least && self.stopping.is_none() => {
                let what = format!("{} left on the session's disk", size::free(free));
                Mode::Paused(PauseWhy::NoSpace { what, until: Some(enough) })
            }
            _ => return None,
        };
        Some(Event::Mode { mode, who: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_that_stays_full_is_tried_less_and_less_often() {
        let full = Outcome::Failed { class: FailureClass::NoSpace, detail: String::new() };
        let (mut space, mut now, mut waits) = (Space::default(), Instant::now(), Vec::new());
        for _ in 0..6 {
            space.ended(&full, now);
            space.ended(&full, now);
            let wait = (1..2000).find(|s| space.may_try(now + Duration::from_secs(*s))).unwrap();
            waits.push(wait);
            now += Duration::from_secs(wait);
        }
        assert_eq!(waits, [4, 16, 64, 256, 900, 900]);
        space.ended(&Outcome::Finished { metrics: crate::trial::Metrics::default() }, now);
        space.ended(&full, now);
        assert!(space.may_try(now + FIRST));
    }
}
