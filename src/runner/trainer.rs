//! Which program trains, with which words, and in which environment.

use std::ffi::OsString;
use std::io;
use std::path::Path;

use indexmap::IndexMap;

use super::build::{build, script, script_text};
use super::command::{Preset, Reader, Values, epochs_of, fill};
use super::{SlotConfig, builtin, devices, marks};
use crate::journal::Program;
use crate::trial::{Job, Trainer};

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

/// Variables over the session's own environment.
pub(super) type Environment = Vec<(String, OsString)>;

/// One call of a program that is run once for each trial.
pub(super) struct Call {
    pub argv: Vec<String>,
    pub env: Environment,
    pub reader: Reader,
    pub program: Program,
    /// The fitness that a known program uses itself.
    pub fitness: IndexMap<String, f64>,
}

/// A worker's command line.
pub(super) fn worker(config: &SlotConfig) -> io::Result<Vec<String>> {
    let own = &config.evotop;
    Ok(match &config.run.trainer {
        Trainer::Sim => vec![own.to_string_lossy().into_owned(), "sim-worker".into()],
        Trainer::Yolo => vec![builtin::program(own)?, "worker".into()],
        Trainer::Worker { argv } | Trainer::Command { argv, .. } => argv.clone(),
    })
}

/// Whether a command is told the number that its GPU has among all of the machine.
pub(super) fn is_told_number(trainer: &Trainer) -> bool {
    let Trainer::Command { preset: Some(name), .. } = trainer else { return false };
    Preset::parse(name).is_ok_and(Preset::keeps_mask)
}

/// The call of a command for one job. `number` is its device's, for a command that is told it.
///
/// # Errors
/// Says what is wrong with its words.
pub(super) fn call(config: &SlotConfig, job: &Job, number: Option<&str>) -> Result<Call, String> {
    let Trainer::Command { argv, metrics, preset } = &config.run.trainer else {
        return Err("this trainer is no command".into());
    };
    let preset = preset.as_deref().map(Preset::parse).transpose().map_err(|e| e.to_string())?;
    let values = Values::of(job);
    let script = script(argv, &config.run.cwd);
    let words = match preset {
        Some(preset) => {
            preset.knows_device(&config.spec.device, number).map_err(|e| e.to_string())?;
            let text = script_text(argv, &config.run.cwd);
            preset.words(argv, &values, job, number, text.as_deref()).map_err(|e| e.to_string())?
        }
        None => argv.clone(),
    };
    let mut env = environment(config);
    if preset.is_some_and(Preset::keeps_mask) {
        env.retain(|(name, _)| name != devices::VISIBLE);
    }
    env.extend(values.variables().into_iter().map(|(name, value)| (name, value.into())));
    env.push(("EVOTOP_THREADS".into(), job.threads.to_string().into()));
    if let Some(previous) = &job.previous {
        env.push(("EVOTOP_PREVIOUS".into(), previous.into()));
    }
    let name = script.as_deref().or(argv.first().map(Path::new)).and_then(Path::file_name);
    let name = name.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let names: Vec<String> = match preset {
        Some(preset) => preset.metrics(),
        None => metrics.iter().map(|rule| rule.name.clone()).collect(),
    };
    Ok(Call {
        argv: fill(&words, &values).map_err(|error| error.to_string())?,
        env,
        reader: Reader::new(metrics, epochs_of(argv), preset.is_some_and(Preset::zero_is_none))?,
        program: program(config, name, build(argv, script.as_deref(), &config.run.cwd), argv.clone(), names),
        fitness: preset.map(Preset::fitness).unwrap_or_default(),
    })
}

/// What the journal says of a program.
pub(super) fn program(
    config: &SlotConfig,
    program: String,
    build: String,
    argv: Vec<String>,
    metrics: Vec<String>,
) -> Program {
    let env: IndexMap<String, String> =
        TOLD.iter().filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?))).collect();
    Program { program, build, argv, cwd: config.run.cwd.clone(), env, metrics }
}

/// The environment of every trainer of this slot.
pub(super) fn environment(config: &SlotConfig) -> Environment {
    let mut env: Environment = vec![
        (marks::SESSION.into(), marks::directory(&config.dir).into()),
        ("EVOTOP_SLOT".into(), config.spec.name.clone().into()),
        ("EVOTOP_SLOTS".into(), config.slots.to_string().into()),
        ("EVOTOP_GENERATIONS".into(), config.generations.to_string().into()),
        ("PYTHONUNBUFFERED".into(), "1".into()),
        ("CUDA_DEVICE_ORDER".into(), "PCI_BUS_ID".into()),
        ("OMP_NUM_THREADS".into(), config.threads.to_string().into()),
    ];
    if config.spec.device != "mps" {
        let mask = devices::mask(&config.spec.device).unwrap_or_default();
        env.push((devices::VISIBLE.into(), mask.into()));
    }
    env
}
