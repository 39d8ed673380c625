//! The lines evotop and a worker exchange: one JSON object a line, worker's stdin in, worker's stdout out.
//!
//! `docs/trainer-protocol.md` tells the same for people who write a trainer. A worker is started once, says
//! [`FromWorker::Hello`], and then trains one [`ToWorker::Job`] after the other. Unknown fields are ignored, so
//! that either side may be newer; an unknown `type` from a worker is an error that names the line.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::{FailureClass, Job, Metrics};

/// The version both sides say.
pub const PROTOCOL: u32 = 1;

/// What evotop tells a worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum ToWorker {
    /// First line: what stays the same for all jobs (data, weights, epochs, ... as given on the command line).
    Setup { protocol: u32, options: IndexMap<String, String> },
    /// Train this; answer with `result`, `diverged` or `error`.
    Job(Job),
    /// Hold at the next batch and answer `paused`.
    Pause,
    /// Go on and answer `resumed`.
    Resume,
    /// Give the present job up at the next batch and answer `cancelled`.
    Cancel,
    /// End in good order.
    Exit,
}

/// What a worker tells evotop.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum FromWorker {
    /// First line, in answer to `setup`.
    Hello {
        protocol: u32,
        /// The program's name and version.
        program: String,
        /// Identifies the build: another build may mean another fitness.
        build: String,
        /// Names of the metrics a result will have, in order.
        metrics: Vec<String>,
        /// The default fitness weights of this trainer: metric name to weight.
        #[serde(default)]
        fitness: IndexMap<String, f64>,
    },
    /// Within an epoch, at most four times a second. Never journaled.
    Batch {
        trial: u64,
        /// 1 for the first epoch.
        epoch: u32,
        epochs: u32,
        /// Batches done of this epoch, and how many there are.
        batch: u32,
        batches: u32,
        /// Throughput and its unit, `112.0` `img/s`.
        #[serde(default)]
        rate: Option<f64>,
        #[serde(default)]
        unit: Option<String>,
        /// Bytes the training holds on its device.
        #[serde(default)]
        memory: Option<u64>,
        /// Running means of the losses.
        #[serde(default)]
        losses: Metrics,
    },
    /// After an epoch, with all metrics so far.
    Epoch {
        trial: u64,
        epoch: u32,
        epochs: u32,
        metrics: Metrics,
        seconds: f64,
    },
    /// The trial's result.
    Result {
        trial: u64,
        metrics: Metrics,
    },
    /// A loss or metric became NaN or infinite.
    Diverged {
        trial: u64,
        epoch: u32,
        what: String,
    },
    /// The trial failed; the worker exits after `out-of-memory`, otherwise it may go on.
    Error {
        trial: u64,
        class: FailureClass,
        message: String,
    },
    Paused {
        trial: u64,
    },
    Resumed {
        trial: u64,
    },
    Cancelled {
        trial: u64,
    },
    /// Something for the log.
    Log {
        text: String,
    },
}

/// What is known of a running trial between two epochs: broadcast, the latest wins, never journaled.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    pub epoch: u32,
    pub epochs: u32,
    pub batch: u32,
    pub batches: u32,
    pub rate: Option<f64>,
    pub unit: Option<String>,
    /// Bytes.
    pub memory: Option<u64>,
    pub losses: Metrics,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::Scalar;

    fn round_trip(line: &str) -> FromWorker {
        serde_json::from_str(line).unwrap()
    }

    #[test]
    fn a_nan_metric_travels_as_null() {
        let line = r#"{"type":"result","trial":3,"metrics":{"acc":0.5,"loss":null}}"#;
        let FromWorker::Result { metrics, .. } = round_trip(line) else { panic!("not a result") };
        assert_eq!(metrics.get("acc"), Some(0.5));
        assert_eq!(metrics.not_finite().map(|(name, _)| name), Some("loss"));
        let back = serde_json::to_string(&FromWorker::Result { trial: 3, metrics }).unwrap();
        assert_eq!(back, line);
    }

    #[test]
    fn fields_of_a_newer_worker_are_ignored() {
        let line = r#"{"type":"epoch","trial":3,"epoch":1,"epochs":2,"metrics":{"acc":0.5},"seconds":1.5,"watts":300}"#;
        assert!(matches!(round_trip(line), FromWorker::Epoch { epoch: 1, .. }));
    }

    /// What this version tells a worker: workers that were written for it have to understand it for ever.
    const TO_WORKER: [&str; 7] = [
        r#"{"type":"setup","protocol":1,"options":{"data":"digits.yaml","epochs":"5"}}"#,
        r#"{"type":"job","trial":37,"attempt":1,"seed":11,"hyp":{"lr0":0.01,"layers":3,"width":2.0,"optimizer":"SGD","flip":true},"dir":"trials/000037/a1","previous":null,"device":"cuda:0","threads":4}"#,
        r#"{"type":"job","trial":37,"attempt":2,"seed":11,"hyp":{},"dir":"trials/000037/a2","previous":"trials/000037/a1","device":"cpu","threads":1}"#,
        r#"{"type":"pause"}"#,
        r#"{"type":"resume"}"#,
        r#"{"type":"cancel"}"#,
        r#"{"type":"exit"}"#,
    ];

    #[test]
    fn a_worker_is_told_the_lines_of_this_version_and_fields_of_a_newer_evotop_are_ignored() {
        for line in TO_WORKER {
            let told: ToWorker = serde_json::from_str(line).unwrap();
            assert_eq!(serde_json::to_string(&told).unwrap(), line);
            let newer = format!(r#"{},"watts":{{"most":300}}}}"#, line.strip_suffix('}').unwrap());
            assert_eq!(serde_json::from_str::<ToWorker>(&newer).unwrap(), told, "{newer}");
        }
        let ToWorker::Job(job) = serde_json::from_str(TO_WORKER[1]).unwrap() else { panic!("not a job") };
        let hyp: Vec<_> = job.hyp.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        let expected = [
            ("lr0", Scalar::Float(0.01)),
            ("layers", Scalar::Int(3)),
            ("width", Scalar::Float(2.0)),
            ("optimizer", Scalar::Text("SGD".into())),
            ("flip", Scalar::Bool(true)),
        ];
        assert_eq!(hyp, expected);
        assert_eq!((job.trial, job.attempt, job.seed, job.threads), (37, 1, 11, 4));
        assert_eq!((job.previous, job.device.as_str()), (None, "cuda:0"));
    }
}
