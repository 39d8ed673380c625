//! What a slot is given to do: one attempt at one trial.

use std::path::PathBuf;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::space::Scalar;

/// One attempt at one trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// The trial's generation.
    pub trial: u64,
    /// 1 for the first.
    pub attempt: u32,
    /// What the trainer seeds its generators with.
    pub seed: u64,
    /// Every hyperparameter, searched and fixed.
    pub hyp: IndexMap<String, Scalar>,
    /// The attempt's own directory, `trials/000037/a1`, already made; `hyp.yaml` is in it.
    pub dir: PathBuf,
    /// The previous attempt's directory.
    pub previous: Option<PathBuf>,
    /// The device as the trainer is to name it: `cpu`, `cuda:0`, `mps`.
    pub device: String,
    /// Threads this slot may use.
    pub threads: usize,
}
