//! ONE training: what trains (`spec.rs`), what a slot is given to do (`job.rs`) and where (`device.rs`), the lines that a
//! worker and evotop exchange (`protocol.rs`), how an attempt ended (`outcome.rs`), and what is remembered of the trial
//! (`record.rs`). No processes here: see `runner`.

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
