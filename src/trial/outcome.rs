//! How one attempt at a trial ended, as the runner reports it: the class of what went wrong, or its metrics.

use std::fmt;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// The seven metrics of a YOLO validation, in the order of the originals' tables.
pub const YOLO_METRICS: [&str; 7] = [
    "metrics/precision",
    "metrics/recall",
    "metrics/mAP_0.5",
    "metrics/mAP_0.5:0.95",
    "val/box_loss",
    "val/obj_loss",
    "val/cls_loss",
];

/// Named metrics in the trainer's order. JSON has no NaN: it travels as `null`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Metrics(#[serde(with = "nan_as_null")] pub IndexMap<String, f64>);

impl Metrics {
    /// The first metric that is not a finite number: the mark of a diverged training.
    pub fn not_finite(&self) -> Option<(&str, f64)> {
        self.0.iter().find(|(_, x)| !x.is_finite()).map(|(name, x)| (name.as_str(), *x))
    }

    /// The metric of this name.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.0.get(name).copied()
    }
}

impl<S: Into<String>> FromIterator<(S, f64)> for Metrics {
    fn from_iter<I: IntoIterator<Item = (S, f64)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(name, x)| (name.into(), x)).collect())
    }
}

mod nan_as_null {
    use indexmap::IndexMap;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(map: &IndexMap<String, f64>, s: S) -> Result<S::Ok, S::Error> {
        s.collect_map(map.iter().map(|(k, x)| (k, x.is_finite().then_some(*x))))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<IndexMap<String, f64>, D::Error> {
        let map = IndexMap::<String, Option<f64>>::deserialize(d)?;
        Ok(map.into_iter().map(|(k, x)| (k, x.unwrap_or(f64::NAN))).collect())
    }
}

/// What kind of trouble ended an attempt (SEMANTICS 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureClass {
    OutOfMemory,
    NoSpace,
    SlotLost,
    Silent,
    Timeout,
    /// The program ended with an error, by a signal, or without a usable result.
    Crash,
    /// What the trainer printed or answered was not what the protocol asks for.
    Protocol,
}

impl fmt::Display for FailureClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OutOfMemory => "out-of-memory",
            Self::NoSpace => "no-space",
            Self::SlotLost => "slot-lost",
            Self::Silent => "silent",
            Self::Timeout => "timeout",
            Self::Crash => "crash",
            Self::Protocol => "protocol",
        })
    }
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The trainer reported its result.
    Finished { metrics: Metrics },
    /// A loss or metric became NaN or infinite.
    Diverged { epoch: u32, what: String },
    /// No usable result.
    Failed { class: FailureClass, detail: String },
    /// Ended by a person.
    Aborted,
    /// Stopped early by rule.
    Pruned { epoch: u32 },
    /// Given up because the session ends; the trial starts again later.
    Interrupted,
}

impl Outcome {
    /// What it means where no process had the job yet: nothing of the candidate. A trainer that cannot start is the
    /// slot's trouble, whatever it is called.
    #[must_use]
    pub fn before_start(self) -> Self {
        let detail = match self {
            Self::Failed { class: FailureClass::NoSpace, .. } | Self::Aborted | Self::Interrupted => {
                return self;
            }
            Self::Failed { detail, .. } => detail,
            Self::Finished { .. } | Self::Diverged { .. } | Self::Pruned { .. } => {
                "the trial ended before it began".into()
            }
        };
        Self::Failed { class: FailureClass::SlotLost, detail }
    }
}
