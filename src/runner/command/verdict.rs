//! How an attempt ended, from how its process ended and what it said. Pure.

use std::sync::LazyLock;

use regex::Regex;

use super::{Found, Reader};
use crate::trial::{FailureClass, Outcome};

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    pub code: Option<i32>,
    pub signal: Option<i32>,
}

impl Ended {
    /// Whether it ended with exit code 0.
    pub fn well(self) -> bool {
        self.code == Some(0)
    }

    /// The signal that ended it, also where a shell reports it as an exit code.
    fn by_signal(self) -> Option<i32> {
        self.signal.or_else(|| self.code.filter(|code| (129..=192).contains(code)).map(|code| code - 128))
    }

    /// In words, with the trainer's last line, or with the one that its class comes from.
    pub fn told(self, last_words: &str) -> String {
        let how = match (self.code, self.signal) {
            (_, Some(9)) => "ended by signal 9 (KILL), as the kernel does where memory runs out".into(),
            (_, Some(signal)) => format!("ended by signal {signal}"),
            (Some(code), _) => format!("ended with exit code {code}"),
            (None, None) => "lost its guard".into(),
        };
        let lines = || last_words.lines().rev().map(str::trim).filter(|line| !line.is_empty());
        // What follows it may be no more than where in the program that was.
        let telling = lines().find(|line| speaks_of_space(line) || speaks_of_memory(line));
        telling.or_else(|| lines().next()).map_or_else(|| how.clone(), |line| format!("{how}: {line}"))
    }

    /// The class of a failure: text first, since that knows more than a number.
    pub fn class(self, last_words: &str) -> FailureClass {
        if speaks_of_space(last_words) {
            FailureClass::NoSpace
        } else if speaks_of_memory(last_words) || self.by_signal() == Some(9) {
            FailureClass::OutOfMemory
        } else {
            FailureClass::Crash
        }
    }
}

/// The outcome of a program that is run once for each trial.
pub fn verdict(ended: Ended, reader: &Reader, last_words: &str) -> Outcome {
    let epoch = reader.epoch();
    match reader.result(!ended.well()) {
        Found::Metrics(metrics) => match metrics.not_finite() {
            Some((name, x)) => Outcome::Diverged { epoch, what: format!("{name} is {x}") },
            None => Outcome::Finished { metrics },
        },
        Found::Missing(names) if ended.well() => {
            let detail =
                format!("ended well, but nothing it printed matches --metric {}", names.join(", --metric "));
            Outcome::Failed { class: FailureClass::Protocol, detail }
        }
        Found::Nothing if ended.well() => {
            let detail =
                "ended well, but reported no result: no JSON line, no results.csv, no --metric".into();
            Outcome::Failed { class: FailureClass::Protocol, detail }
        }
        Found::Missing(_) | Found::Nothing => {
            let class = ended.class(last_words);
            let diverged = (class == FailureClass::Crash)
                .then(|| reader.not_finite().or_else(|| speaks_of_divergence(last_words)))
                .flatten();
            match diverged {
                Some(what) => Outcome::Diverged { epoch, what },
                None => Outcome::Failed { class, detail: ended.told(last_words) },
            }
        }
    }
}

/// Whether a trainer's last words speak of memory that ran out.
pub fn speaks_of_memory(text: &str) -> bool {
    const SIGNS: [&str; 9] = [
        "out of memory",
        // A program in Rust, before it aborts.
        "memory allocation of",
        "outofmemoryerror",
        "cannot allocate memory",
        "can't allocate memory",
        "bad_alloc",
        "oom-kill",
        "memoryerror",
        "cublas_status_alloc_failed",
    ];
    let text = text.to_lowercase();
    SIGNS.iter().any(|sign| text.contains(sign))
}

/// Whether they speak of a full disk.
pub fn speaks_of_space(text: &str) -> bool {
    let text = text.to_lowercase();
    ["no space left on device", "disk quota exceeded", "enospc", "errno 28", "errno 122", "edquot"]
        .iter()
        .any(|sign| text.contains(sign))
}

/// The line that says that the loss is not a number.
fn speaks_of_divergence(text: &str) -> Option<String> {
    static LOSS: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"(?i)\bloss\w*\b.{0,40}\b(nan|inf|infinite|not finite)\b").ok());
    let loss = LOSS.as_ref()?;
    text.lines().rev().find(|line| loss.is_match(line)).map(|line| line.trim().chars().take(200).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trial::MetricRule;

    fn after(code: i32, printed: &str) -> Outcome {
        let rules = [MetricRule::parse("acc=acc ([0-9.]+)").unwrap()];
        let mut reader = Reader::new(&rules, 0, false).unwrap();
        for line in printed.lines() {
            reader.line(line);
        }
        let ended = if code < 0 {
            Ended { code: None, signal: Some(-code) }
        } else {
            Ended { code: Some(code), signal: None }
        };
        verdict(ended, &reader, printed)
    }

    fn class(outcome: &Outcome) -> Option<FailureClass> {
        if let Outcome::Failed { class, .. } = outcome { Some(*class) } else { None }
    }

    #[test]
    fn every_way_to_fail_has_its_class() {
        use FailureClass::{Crash, NoSpace, OutOfMemory, Protocol};
        for (code, printed, expected) in [
            (1, "Traceback\nValueError: x", Crash),
            (-11, "", Crash),
            (-9, "", OutOfMemory),
            (137, "Killed", OutOfMemory),
            (1, "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB", OutOfMemory),
            (-6, "memory allocation of 4915200 bytes failed\nstack backtrace:", OutOfMemory),
            (1, "OSError: [Errno 28] No space left on device", NoSpace),
            (1, "OSError: [Errno 122] Disk quota exceeded: 'last.pt'", NoSpace),
            (0, "done", Protocol),
        ] {
            assert_eq!(class(&after(code, printed)), Some(expected), "{code} {printed}");
        }
    }

    #[test]
    fn a_failure_is_told_with_the_programs_last_line() {
        let Outcome::Failed { detail, .. } = after(1, "Traceback\nValueError: x\n\n") else { panic!() };
        assert_eq!(detail, "ended with exit code 1: ValueError: x");
        let printed = "Traceback\nmemory allocation of 4915200 bytes failed\nnote: Some details are omitted";
        let Outcome::Failed { detail, .. } = after(-6, printed) else { panic!() };
        assert_eq!(detail, "ended by signal 6: memory allocation of 4915200 bytes failed");
    }

    #[test]
    fn a_loss_that_is_not_a_number_is_no_crash() {
        assert!(matches!(after(1, "Loss is nan, stopping training"), Outcome::Diverged { .. }));
        assert!(matches!(after(0, "acc nan"), Outcome::Diverged { .. }));
        assert!(matches!(after(1, "acc nan"), Outcome::Diverged { .. }));
        assert_eq!(class(&after(1, "the loss function is in nanmath.py")), Some(FailureClass::Crash));
    }

    #[test]
    fn a_result_finishes_a_trial() {
        assert!(matches!(after(0, "acc 0.5"), Outcome::Finished { .. }));
        assert!(matches!(after(0, "acc 0"), Outcome::Finished { .. }), "0 is a fitness");
        assert!(matches!(after(1, "{\"acc\": 0.5}\nacc 0.5"), Outcome::Finished { .. }));
        assert_eq!(class(&after(1, "acc 0.5")), Some(FailureClass::Crash), "an epoch is no result");
    }
}
