//! Which trials keep their directory, and the removal of the others. The journal keeps everything.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{DirError, SessionDir, bytes};
use crate::session::State;
use crate::trial::End;

/// What is kept: `best:5,last:3,failed`. Trials that have not ended always are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keep {
    /// Trials of the so many best candidates.
    pub best: usize,
    /// Of the trials that ended, the so many last.
    pub last: usize,
    /// Those that failed or diverged.
    pub failed: bool,
}

/// Why a text does not say what is kept.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{word} does not say what is kept: best:N, last:N or failed, joined by commas: best:5,last:3,failed")]
pub struct KeepError {
    word: String,
}

impl FromStr for Keep {
    type Err = KeepError;

    fn from_str(text: &str) -> Result<Self, KeepError> {
        let mut keep = Self::default();
        for word in text.split(',').map(str::trim) {
            let wrong = || KeepError { word: word.to_owned() };
            match word.split_once(':') {
                Some(("best", n)) => keep.best = n.parse().map_err(|_| wrong())?,
                Some(("last", n)) => keep.last = n.parse().map_err(|_| wrong())?,
                None if word == "failed" => keep.failed = true,
                _ => return Err(wrong()),
            }
        }
        Ok(keep)
    }
}

impl fmt::Display for Keep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counted = [("best", self.best), ("last", self.last)].into_iter().filter(|(_, n)| *n > 0);
        let mut words: Vec<String> = counted.map(|(word, n)| format!("{word}:{n}")).collect();
        if self.failed {
            words.push("failed".into());
        }
        // Nothing at all is kept by keeping none of the best.
        f.write_str(&if words.is_empty() { "best:0".into() } else { words.join(",") })
    }
}

/// Which directories are to go. Cheap to make; to be carried out off the loop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    kept: BTreeSet<u64>,
    /// Trials from this one on are not known to the plan.
    next: u64,
}

/// What was removed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Collected {
    /// Generations whose directory is gone.
    pub trials: Vec<u64>,
    /// Bytes that they took.
    pub bytes: u64,
}

impl Plan {
    /// Keeps what `keep` says.
    pub fn of(keep: &Keep, state: &State) -> Self {
        let history = &state.history;
        let best = history.ranked().take(keep.best).flat_map(|(first, _)| history.trials_of(first.candidate));
        let mut kept: BTreeSet<u64> = best.map(|trial| trial.generation).collect();
        kept.extend(state.ended.iter().rev().take(keep.last));
        kept.extend(history.open());
        if keep.failed {
            let failed = |end: &End| matches!(end, End::Failed { .. } | End::Diverged { .. });
            let trials = history.trials().iter().filter(|trial| trial.end.as_ref().is_some_and(failed));
            kept.extend(trials.map(|trial| trial.generation));
        }
        Self { kept, next: history.next_generation() }
    }

    /// What would be removed.
    ///
    /// # Errors
    /// Where the directory of trials cannot be read.
    pub fn preview(&self, dir: &SessionDir) -> Result<Collected, DirError> {
        self.walk(dir, false)
    }

    /// Removes what is not kept. Whatever else lies there is left alone.
    ///
    /// # Errors
    /// Where something cannot be removed.
    pub fn collect(&self, dir: &SessionDir) -> Result<Collected, DirError> {
        self.walk(dir, true)
    }

    fn walk(&self, dir: &SessionDir, remove: bool) -> Result<Collected, DirError> {
        let trials = dir.trials();
        let entries = match fs::read_dir(&trials) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Collected::default()),
            Err(error) => return Err(DirError::io("read", &trials)(error)),
        };
        let mut collected = Collected::default();
        // A link is not a directory here, so nothing is removed through one.
        for entry in entries.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())) {
            let generation = entry.file_name().to_str().and_then(|name| name.parse::<u64>().ok());
            let ours = |generation: &u64| dir.trial(*generation) == entry.path();
            let Some(generation) = generation.filter(ours) else { continue };
            if generation >= self.next || self.kept.contains(&generation) {
                continue;
            }
            collected.bytes += bytes(&entry.path());
            if remove {
                match fs::remove_dir_all(entry.path()) {
                    // The run itself and a person may remove at once.
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                    removed => removed.map_err(DirError::io("remove", &entry.path()))?,
                }
            }
            collected.trials.push(generation);
        }
        collected.trials.sort_unstable();
        Ok(collected)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::sample::{created, trial};
    use crate::journal::{Access, Entry, Event};
    use crate::trial::{FailureClass, Metrics};

    #[test]
    fn what_is_kept_is_said_in_words() {
        let keep = "best:5, last:3,failed".parse();
        assert_eq!(keep, Ok(Keep { best: 5, last: 3, failed: true }));
        for wrong in ["", "best", "best:x", "worst:3", "best:5,,"] {
            let error = wrong.parse::<Keep>().unwrap_err().to_string();
            assert!(error.contains("best:5,last:3,failed"), "{error}");
        }
    }

    #[test]
    fn only_directories_of_trials_that_ended_and_are_not_kept_go() {
        let home = tempfile::tempdir().unwrap();
        let dir = SessionDir::new(home.path());
        let mut state = State::new(&created(), 0);
        let mut apply = |event: Event| state.apply(&Entry { seq: 0, time: 0, event });
        for generation in 0..8 {
            let [proposed, started, _, ended] = trial(generation);
            apply(proposed);
            apply(started);
            let failed = End::Failed { class: FailureClass::Crash, detail: String::new() };
            match generation {
                2 => apply(Event::Ended { generation, end: failed, metrics: Metrics::default(), who: None }),
                3 => {}
                _ => apply(ended),
            }
            let attempt = dir.create_attempt(generation, 1, Access::Private).unwrap();
            fs::write(attempt.join("log"), "0123456789").unwrap();
        }
        fs::create_dir(dir.trials().join("notes")).unwrap();
        fs::create_dir(dir.trials().join("7")).unwrap();
        let elsewhere = home.path().join("elsewhere");
        fs::create_dir(&elsewhere).unwrap();
        std::os::unix::fs::symlink(&elsewhere, dir.trial(99)).unwrap();
        let best: Vec<u64> = state.history.ranked().take(2).map(|(trial, _)| trial.generation).collect();
        let keep = Keep { best: 2, last: 1, failed: true };
        let plan = Plan::of(&keep, &state);
        let kept = |g: &u64| best.contains(g) || [7, 2, 3].contains(g);
        let gone: Vec<u64> = (0..8).filter(|g| !kept(g)).collect();
        let expected = Collected { bytes: 10 * gone.len() as u64, trials: gone };
        // One that came to be after the plan was made is none of its business.
        let later = dir.create_attempt(8, 1, Access::Private).unwrap();
        assert_eq!(plan.preview(&dir).unwrap(), expected);
        assert_eq!(plan.collect(&dir).unwrap(), expected);
        for generation in 0..8 {
            assert_eq!(dir.trial(generation).exists(), kept(&generation), "{generation}");
        }
        assert!(later.exists());
        assert!(dir.trials().join("notes").exists() && dir.trials().join("7").exists() && elsewhere.exists());
        assert_eq!(plan.collect(&dir).unwrap(), Collected::default());
    }

    /// The run's own clean-up and that of its last words overlap; a person's `gc` may, too.
    #[test]
    fn two_who_remove_at_once_are_not_in_each_others_way() {
        let home = tempfile::tempdir().unwrap();
        let dir = SessionDir::new(home.path());
        for generation in 0..300 {
            let attempt = dir.create_attempt(generation, 1, Access::Private).unwrap();
            fs::write(attempt.join("log"), "0123456789").unwrap();
        }
        let plan = Plan { kept: BTreeSet::new(), next: 300 };
        let removed: Vec<_> = std::thread::scope(|scope| {
            let both = [(); 2].map(|()| scope.spawn(|| plan.collect(&dir)));
            both.map(|one| one.join().unwrap().map(|collected| collected.trials.len())).into()
        });
        assert!(removed.iter().all(Result::is_ok), "{removed:?}");
        assert_eq!(fs::read_dir(dir.trials()).unwrap().count(), 0);
    }
}
