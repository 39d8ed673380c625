//! Whether a trainer that says nothing is silent for unusually long. How long it may be so is not here: see `active.rs`.

use std::time::Duration;

/// It is unusual from so many times the usual gap on.
const TIMES: u32 = 3;

/// The gaps between a trainer's signs of life: the two longest of this trial, and of the one before it on the slot.
///
/// The usual gap is the second longest of them: one that happened once (data that was loaded, a disk that hung) is not
/// usual, one that comes back (a validation after each epoch) is.
#[derive(Debug, Clone, Copy)]
pub struct Gaps {
    this: [Duration; 2],
    before: [Duration; 2],
    /// Nothing shorter is called silence.
    least: Duration,
}

impl Gaps {
    /// No gap is known yet; nothing shorter than `least` is called silence.
    pub fn new(least: Duration) -> Self {
        Self { this: [Duration::ZERO; 2], before: [Duration::ZERO; 2], least }
    }

    /// The gaps at the beginning of the next trial.
    #[must_use]
    pub fn of_next_trial(self) -> Self {
        Self { this: [Duration::ZERO; 2], before: self.this, ..self }
    }

    /// There was a sign of life after this gap.
    pub fn add(&mut self, gap: Duration) {
        let [first, second] = self.this;
        self.this = [first.max(gap), second.max(first.min(gap))];
    }

    /// A gap this long is unusual; none while it is not known what is usual.
    pub fn unusual(&self) -> Option<Duration> {
        let mut known = [self.this, self.before].concat();
        known.retain(|gap| !gap.is_zero());
        known.sort_unstable_by(|a, b| b.cmp(a));
        known.get(1).map(|usual| (*usual * TIMES).max(self.least))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn three_times_the_usual_gap_is_unusual_and_one_long_gap_is_not_usual() {
        let mut gaps = Gaps::new(seconds(60));
        assert_eq!(gaps.unusual(), None, "of nothing known nothing is unusual");
        for _ in 0..100 {
            gaps.add(seconds(40));
        }
        assert_eq!(gaps.unusual(), Some(seconds(120)));
        gaps.add(seconds(2000));
        assert_eq!(gaps.unusual(), Some(seconds(120)), "it hung once");
        gaps.add(seconds(300));
        assert_eq!(gaps.unusual(), Some(seconds(900)), "a long validation comes back");
        let next = gaps.of_next_trial();
        assert_eq!(next.unusual(), Some(seconds(900)), "and in the next trial");
        assert_eq!(next.of_next_trial().unusual(), None);
    }

    #[test]
    fn a_chatty_trainer_is_not_called_silent_at_once() {
        let mut gaps = Gaps::new(seconds(60));
        gaps.add(Duration::from_millis(20));
        gaps.add(Duration::from_millis(30));
        assert_eq!(gaps.unusual(), Some(seconds(60)));
    }
}
