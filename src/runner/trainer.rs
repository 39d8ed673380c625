//! Which program trains, and in which environment.

use std::ffi::OsString;
use std::io;

use indexmap::IndexMap;

use super::SlotConfig;
use crate::journal::Program;
use crate::process::own_program;
use crate::trial::Trainer;

/// A trainer's command line and environment.
pub(super) struct Trained {
    pub argv: Vec<String>,
    /// Over the session's own environment.
    pub env: Vec<(String, OsString)>,
}

/// Names whose values are journaled. Never one that could be a secret.
const TOLD: [&str; 8] = [
    "PATH",
    "VIRTUAL_ENV",
    "CONDA_PREFIX",
    "CUDA_VISIBLE_DEVICES",
    "CUDA_DEVICE_ORDER",
    "LD_LIBRARY_PATH",
    "PYTHONPATH",
    "OMP_NUM_THREADS",
];

impl Trained {
    /// The trainer of this slot.
    pub fn of(config: &SlotConfig) -> io::Result<Self> {
        let own = own_program();
        let argv = match &config.run.trainer {
            Trainer::Sim => vec![own.to_string_lossy().into_owned(), "sim-worker".into()],
            Trainer::Yolo => vec![beside(&own, "evotop-yolo")?, "worker".into()],
            Trainer::Worker { argv } | Trainer::Command { argv, .. } => argv.clone(),
        };
        Ok(Self { argv, env: environment(config) })
    }

    /// What the journal says of a program.
    pub fn program(config: &SlotConfig, program: String, build: String, metrics: Vec<String>) -> Program {
        let argv = Self::of(config).map(|trained| trained.argv).unwrap_or_default();
        let env: IndexMap<String, String> =
            TOLD.iter().filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?))).collect();
        Program { program, build, argv, cwd: config.run.cwd.clone(), env, metrics }
    }
}

/// A program that lies beside evotop.
fn beside(own: &std::path::Path, name: &str) -> io::Result<String> {
    let path = own.with_file_name(name);
    if path.exists() {
        return Ok(path.to_string_lossy().into_owned());
    }
    let remedy =
        format!("{} is not there: build it with `make demo`, or choose another --trainer", path.display());
    Err(io::Error::new(io::ErrorKind::NotFound, remedy))
}

fn environment(config: &SlotConfig) -> Vec<(String, OsString)> {
    let threads = config.threads.to_string();
    let mut env: Vec<(String, OsString)> = vec![
        ("PYTHONUNBUFFERED".into(), "1".into()),
        ("CUDA_DEVICE_ORDER".into(), "PCI_BUS_ID".into()),
        ("OMP_NUM_THREADS".into(), threads.into()),
    ];
    if config.spec.device == "cpu" {
        env.push(("CUDA_VISIBLE_DEVICES".into(), OsString::new()));
    } else if let Some(mask) = super::devices::mask(&config.spec.device) {
        env.push(("CUDA_VISIBLE_DEVICES".into(), mask.into()));
    }
    env
}
