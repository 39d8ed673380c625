//! The job under way in a slot: its log, and which clocks run for it. Time in which it is frozen counts for none.

use std::time::Duration;

use tokio::time::Instant;

use super::log::TrialLog;
use super::silence::Gaps;
use crate::trial::{Job, Outcome, RunSpec};

/// Bytes of a trainer's last words that are kept to tell a failure with.
const LAST_WORDS: usize = 4096;

/// A trainer that has not said hello, or does not run, after so long cannot be started.
const START: Duration = Duration::from_secs(600);

/// What is too late.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Late {
    /// The trainer does not start.
    Start,
    /// A worker that was told to give the trial up did not.
    Cancel,
    /// It should be gone by now, KILL and all.
    Gone,
    Timeout,
    Silence,
}

/// The job under way.
pub(super) struct Active {
    pub job: Job,
    pub log: TrialLog,
    /// Its process has it.
    pub began: bool,
    heard_at: Instant,
    pub gaps: Gaps,
    /// It was told that it is silent.
    pub told_silent: bool,
    pub since: Instant,
    pub frozen: Option<Instant>,
    frozen_for: Duration,
    /// When the epoch under way began.
    epoch_since: Instant,
    /// When a cancelled worker that has not answered is ended.
    pub cancel_by: Option<Instant>,
    /// How it is to end when it has been given up.
    pub cancel_as: Option<Outcome>,
    /// How it ends once its process is gone, and when that is given up.
    pub ending: Option<(Outcome, Instant)>,
    /// The last lines it printed.
    pub last_words: String,
    /// The program is not there, or may not be run.
    pub cannot_run: Option<String>,
}

impl Active {
    pub fn new(job: Job, gaps: Gaps) -> Self {
        let now = Instant::now();
        Self {
            log: TrialLog::begin(&job.dir),
            began: false,
            heard_at: now,
            gaps,
            told_silent: false,
            since: now,
            frozen: None,
            frozen_for: Duration::ZERO,
            epoch_since: now,
            cancel_by: None,
            cancel_as: None,
            ending: None,
            last_words: String::new(),
            cannot_run: None,
            job,
        }
    }

    /// Its process has it from now on.
    pub fn begin(&mut self, now: Instant) {
        self.began = true;
        self.since = now;
        self.heard_at = self.since;
        self.epoch_since = self.since;
        self.frozen_for = Duration::ZERO;
        self.frozen = self.frozen.map(|_| self.since);
    }

    /// Something was printed.
    pub fn printed(&mut self, text: &str) {
        self.heard(Instant::now());
        self.log.line(text);
    }

    /// A sign of life.
    pub fn heard(&mut self, now: Instant) {
        if self.began && self.frozen.is_none() {
            self.gaps.add(now.duration_since(self.heard_at));
        }
        self.heard_at = now;
    }

    /// When it is silent for unusually long; none while no clock runs, or nothing is known of what is usual.
    pub fn silent_at(&self) -> Option<Instant> {
        let runs = self.began && self.frozen.is_none() && self.ending.is_none();
        self.gaps.unusual().filter(|_| runs).map(|gap| self.heard_at + gap)
    }

    /// For how long nothing was heard of it.
    pub fn quiet_for(&self, now: Instant) -> Duration {
        now.duration_since(self.heard_at)
    }

    /// An epoch is over; seconds that it took.
    pub fn epoch_is_over(&mut self) -> f64 {
        let now = Instant::now();
        let seconds = now.duration_since(self.epoch_since).as_secs_f64();
        self.epoch_since = now;
        seconds
    }

    /// Something was printed that may explain how it ends.
    pub fn last_word(&mut self, text: &str) {
        push_bounded(&mut self.last_words, text, LAST_WORDS);
    }

    /// Stops its clocks, or lets them go on. False where that changes nothing.
    pub fn freeze(&mut self, frozen: bool, now: Instant) -> bool {
        match (frozen, self.frozen) {
            (true, None) => self.frozen = Some(now),
            (false, Some(since)) => {
                self.frozen_for += now.duration_since(since);
                self.frozen = None;
                self.heard_at = now;
            }
            _ => return false,
        }
        true
    }

    /// What will be too late next, and when.
    pub fn deadline(&self, run: &RunSpec) -> Option<(Instant, Late)> {
        if let Some((_, by)) = &self.ending {
            return Some((*by, Late::Gone));
        }
        if let Some(by) = self.cancel_by {
            return Some((by, Late::Cancel));
        }
        if !self.began {
            return Some((self.since + START, Late::Start));
        }
        if self.frozen.is_some() {
            return None;
        }
        let timeout = run.trial_timeout.map(|s| self.since + self.frozen_for + Duration::from_secs(s));
        let silence = run.silence.map(|s| self.heard_at + Duration::from_secs(s));
        let timeout = timeout.map(|at| (at, Late::Timeout));
        let silence = silence.map(|at| (at, Late::Silence));
        timeout.into_iter().chain(silence).min_by_key(|(at, _)| *at)
    }
}

/// The last lines of a text: at most so many bytes, cut between characters.
fn push_bounded(text: &mut String, line: &str, bytes: usize) {
    text.push_str(line);
    text.push('\n');
    let excess = text.len().saturating_sub(bytes);
    let cut = (excess..text.len()).find(|i| text.is_char_boundary(*i)).unwrap_or(0);
    text.drain(..cut);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::trial::Trainer;

    fn spec(timeout: Option<u64>, silence: Option<u64>) -> RunSpec {
        RunSpec {
            trainer: Trainer::Sim,
            options: indexmap::IndexMap::new(),
            cwd: "/".into(),
            devices: "cpu".into(),
            hyp: String::new(),
            space: None,
            trial_timeout: timeout,
            silence,
            grace: 1,
        }
    }

    fn active() -> Active {
        let job = Job {
            trial: 0,
            attempt: 1,
            seed: 0,
            hyp: indexmap::IndexMap::new(),
            dir: "/nowhere".into(),
            previous: None,
            device: "cpu".into(),
            threads: 1,
        };
        let mut active = Active::new(job, Gaps::new(Duration::from_secs(60)));
        active.begin(Instant::now());
        active
    }

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    /// Seconds after the start at which something will be too late, and what.
    fn late(active: &Active, run: &RunSpec) -> Option<(u64, Late)> {
        active.deadline(run).map(|(at, late)| ((at - active.since).as_secs(), late))
    }

    #[test]
    fn frozen_time_counts_for_no_time_limit() {
        let run = spec(Some(100), Some(30));
        let mut active = active();
        let start = active.since;
        assert_eq!(late(&active, &run), Some((30, Late::Silence)));
        assert!(active.freeze(true, start + seconds(10)));
        assert_eq!(late(&active, &run), None, "no clock runs");
        let thawed = start + seconds(1010);
        assert!(active.freeze(false, thawed) && !active.freeze(false, thawed));
        assert_eq!(late(&active, &run), Some((1040, Late::Silence)));
        assert_eq!(late(&active, &spec(Some(100), None)), Some((1100, Late::Timeout)));
    }

    #[test]
    fn whoever_speaks_is_not_silent() {
        let run = spec(None, Some(30));
        let mut active = active();
        active.heard_at = active.since + seconds(29);
        assert_eq!(late(&active, &run), Some((59, Late::Silence)));
    }

    #[test]
    fn a_held_trainer_is_not_silent_and_its_hold_is_no_gap() {
        let mut active = active();
        let start = active.since;
        assert_eq!(active.silent_at(), None, "nothing is known yet");
        for n in 1..=3 {
            active.heard(start + seconds(30 * n));
        }
        assert_eq!(active.silent_at(), Some(start + seconds(90 + 90)));
        assert!(active.freeze(true, start + seconds(100)));
        assert_eq!(active.silent_at(), None);
        assert!(active.freeze(false, start + seconds(9000)));
        active.heard(start + seconds(9001));
        assert_eq!(active.silent_at(), Some(start + seconds(9001 + 90)));
    }

    #[test]
    fn a_trial_that_is_to_end_has_no_clock_but_that() {
        let run = spec(Some(100), Some(30));
        let mut active = active();
        active.cancel_by = Some(active.since + seconds(5));
        assert_eq!(late(&active, &run), Some((5, Late::Cancel)));
        active.ending = Some((Outcome::Aborted, active.since + seconds(7)));
        assert_eq!(late(&active, &run), Some((7, Late::Gone)));
    }

    proptest! {
        #[test]
        fn last_words_stay_short(lines in prop::collection::vec("[a-zä]{0,50}", 0..50)) {
            let mut words = String::new();
            for line in &lines {
                push_bounded(&mut words, line, 100);
            }
            prop_assert!(words.len() <= 100);
            if let Some(last) = lines.last() {
                let (words, last) = (words.trim_end(), last.as_str());
                prop_assert!(words.ends_with(last));
            }
        }
    }
}
