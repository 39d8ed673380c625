//! `evotop check`: what a run would start and find, before any GPU hour is spent.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

use super::exit::{Exit, Told};
use super::out;
use super::run::{RunArgs, created, slots};
use crate::runner::command::check::{Question, check as answer};
use crate::runner::{devices, script_text};
use crate::trial::{Job, Trainer};

/// Show what `evotop run -- CMD` would start, and what would be found in its output
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Output of an earlier run of the program, or its results.csv
    #[arg(long, value_name = "OLD")]
    pub log: Option<PathBuf>,
    #[command(flatten)]
    pub run: RunArgs,
}

/// Checks a command.
pub fn check(args: &CheckArgs) -> anyhow::Result<Exit> {
    let created = created(&args.run, "check")?;
    let Trainer::Command { argv, metrics, preset } = &created.spec.trainer else {
        return Err(Told::usage("what is to be checked? evotop check [options as for run] -- CMD"));
    };
    let log = args.log.as_ref().map(|path| {
        let bytes = std::fs::read(path).with_context(|| format!("--log {}", path.display()))?;
        // As a trainer's output: bytes that are no text are no reason to read none of it.
        anyhow::Ok(String::from_utf8_lossy(&bytes).into_owned())
    });
    let log = log.transpose()?;
    let devices = args.run.devices.as_deref().unwrap_or("auto");
    let (slots, _) = slots(&created.spec.trainer, devices)?;
    let number = slots.first().and_then(|slot| devices::number(&slot.device));
    let device = slots.first().map_or("cpu", |slot| devices::as_seen(&slot.device)).to_owned();
    let job = Job {
        trial: 0,
        attempt: 1,
        seed: created.trial_seed,
        hyp: created.space.hyp(&created.space.start()),
        dir: std::env::current_dir()?.join("runs/evolve/exp/trials/000000/a1"),
        previous: None,
        device,
        threads: 1,
    };
    let script = script_text(argv, &created.spec.cwd);
    let question = Question {
        words: argv,
        job: &job,
        rules: metrics,
        preset: preset.as_deref(),
        number: number.as_deref(),
        script: script.as_deref(),
        log: log.as_deref(),
    };
    let found = answer(&question);
    out(&found.to_string())?;
    Ok(if found.problems.is_empty() { Exit::Done } else { Exit::Usage })
}
