//! ONE training: what is trained (`trial.rs`), how it ended (`outcome.rs`), what a worker is told (`job.rs`)
//! and the lines it and evotop exchange (`protocol.rs`), where it can run (`device.rs`). No processes here: see `runner`.

pub mod device;
mod job;
mod outcome;
pub mod protocol;
mod record;
mod spec;

pub use job::Job;
pub use outcome::{FailureClass, Metrics, Outcome, YOLO_METRICS};
pub use record::{Change, Cost, End, Origin, Trial};
pub use spec::{MetricRule, RunSpec, Take, Trainer};

/// `1 trial`, `300 trials`.
pub fn count(trials: usize) -> String {
    if trials == 1 { "1 trial".into() } else { format!("{trials} trials") }
}
