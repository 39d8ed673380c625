//! `evotop run`: starts a session or goes on with one, and attaches.
//!
//! `args.rs` is the command line, `config.rs` the options of a file, `create.rs` a new run's first event, `files.rs`
//! whether what its trainer is to read is there, `resume.rs` what the same words mean for a run that is there,
//! `launch.rs` the session process, `again.rs` what another process is to be told, `past.rs` what a run begins with,
//! `time.rs` how people write times.

mod again;
mod args;
mod config;
mod create;
mod files;
mod launch;
mod past;
mod resume;
mod time;

use std::path::{Path, PathBuf};

pub use again::process_options;
pub use args::RunArgs;
pub use create::created;
use resume::Resumed;

use super::exit::{Exit, Told};
use super::{attach, block_on, find, hidden, service, warn};
use crate::dir::{Registry, SessionDir};
use crate::engine::{Hook, Occasion, OnFailure, Start};
use crate::evolve::Edit;
use crate::journal::{Access, How, SlotSpec};
use crate::process;
use crate::runner::command::Preset;
use crate::runner::{builtin, devices, gpus};
use crate::session::Command;
use crate::shell;
use crate::size;
use crate::trial::{RunSpec, Trainer};
use crate::wire::Client;

/// Starts a run or goes on with it.
pub fn run(args: RunArgs) -> anyhow::Result<Exit> {
    run_as(&config::merged(args)?, std::env::args().collect())
}

/// As [`run`]; `argv` are the words that are recorded.
fn run_as(args: &RunArgs, argv: Vec<String>) -> anyhow::Result<Exit> {
    let (name, dir) = place(args)?;
    let session = SessionDir::new(&dir);
    let runs = launch::runs(&dir)?;
    let (edits, trainer, devices, slots) = if session.journal().exists() {
        let Resumed { edits, spec, slots, complete } = resume::resumed(args, &session)?;
        if let Some(done) = complete.filter(|_| !args.headless) {
            tell!(
                "{name} is complete ({done}): look back with evotop replay, or ask for more with --generations or another stop rule"
            );
            return Ok(Exit::Done);
        }
        if !runs {
            warn_of_left_out(args, &dir, &spec)?;
        }
        (edits, spec.trainer, spec.devices, slots)
    } else {
        room(args, &dir)?;
        let slots = named(&create::trainer(args)?, args.devices.as_deref().unwrap_or("auto"))?;
        let Some(trainer) = create::create(args, &name, &session)? else { return run_as(args, argv) };
        service::warn_of_logout(&trainer);
        (Vec::new(), trainer, String::new(), Some(slots))
    };
    if args.share_read {
        share(&session)?;
    }
    Registry::open().add(&name, &dir)?;
    if runs {
        return join(args, &name, &dir, &edits);
    }
    let devices = args.devices.clone().unwrap_or(devices);
    let slots = slots.map_or_else(|| named(&trainer, &devices), Ok)?;
    let start = start(args, argv, dir, edits, slots)?;
    if args.headless {
        return hidden::foreground(start);
    }
    launch::launch(&start)?;
    if args.detach {
        tell!("session {name} runs; watch it with: evotop attach {}", shell::word(&name));
        return Ok(Exit::Done);
    }
    attach::to(&start.dir, false, args.demo, &args.screen)
}

/// Goes on with a session as it was started last: `evotop run --dir DIR` with what that said of the process.
pub fn resumed(dir: &Path) -> anyhow::Result<Exit> {
    let mut words = vec!["--dir".to_owned(), dir.display().to_string()];
    words.extend(again::process_options(dir)?);
    let args = config::parsed(&words)?;
    let argv = ["evotop", "run"].map(str::to_owned).into_iter().chain(words).collect();
    run_as(&args, argv)
}

/// What is not journaled has to be said at each start.
fn warn_of_left_out(args: &RunArgs, dir: &Path, run: &RunSpec) -> anyhow::Result<()> {
    let left = again::left_out(dir, args, run)?;
    if !left.is_empty() {
        warn(&format!("no longer in force, since it was not said again: {}", left.join(", ")));
    }
    Ok(())
}

/// A run that would be held at once is not begun.
fn room(args: &RunArgs, dir: &Path) -> anyhow::Result<()> {
    let full = std::path::absolute(dir)?;
    let there = full.ancestors().find(|dir| dir.exists()).unwrap_or(Path::new("/"));
    let Some(free) = crate::process::free_space(there).filter(|free| *free < args.min_free) else {
        return Ok(());
    };
    Err(Told::usage(format!(
        "{} has {} free, and --min-free asks for {}: make room, choose another --dir, or ask for less",
        there.display(),
        size::free(free),
        size::free(args.min_free)
    )))
}

/// Lets everybody look, as far as that is this session's to decide.
fn share(session: &SessionDir) -> anyhow::Result<()> {
    if session.access() == Access::Private {
        session.share()?;
    }
    if let Some(closed) = session.out_of_reach() {
        let dir = closed.display();
        warn(&format!("--share-read: {dir} keeps others out; to let them through: chmod o+x {dir}"));
    }
    Ok(())
}

/// The session runs already: changed settings are told to it.
fn join(args: &RunArgs, name: &str, dir: &Path, edits: &[Edit]) -> anyhow::Result<Exit> {
    if args.headless {
        let by = find::holder(dir).map(|by| format!(" on {} (process {})", by.host, by.pid));
        return Err(Told::usage(format!(
            "the session in {} runs already{}; attach to it, or stop it first",
            dir.display(),
            by.unwrap_or_default()
        )));
    }
    if !edits.is_empty() {
        let told = block_on(async {
            let mut client = Client::connect(dir, false).await?;
            let revision = client.status().await?.revision;
            client.ask(Command::Edit { edits: edits.to_vec(), revision }, How::Resume).await
        })?;
        told.map_err(|error| find::told(&error))?.map_err(Told::usage)?;
    }
    let otherwise = again::said_otherwise(dir, args)?;
    if !otherwise.is_empty() {
        warn(&format!("the session runs already, without {}: stop it first", otherwise.join(", ")));
    }
    if args.detach {
        tell!("session {name} runs already; watch it with: evotop attach {}", shell::word(name));
        return Ok(Exit::Done);
    }
    attach::to(dir, false, args.demo, &args.screen)
}

/// The session's name and directory.
fn place(args: &RunArgs) -> anyhow::Result<(String, PathBuf)> {
    if let Some(dir) = &args.dir {
        let last = dir.file_name().map(|name| name.to_string_lossy().into_owned());
        let name = args.name.clone().or(last).unwrap_or_else(|| "exp".into());
        return Ok((name, dir.clone()));
    }
    let home = Path::new("runs/evolve");
    if let Some(name) = &args.name {
        if name.is_empty() || name.contains('/') || name.starts_with('.') {
            return Err(Told::usage(format!(
                "--name {name:?}: a name has no slash and no dot at its start; --dir takes a path"
            )));
        }
        return Ok((name.clone(), home.join(name)));
    }
    let names = std::iter::once("exp".to_owned()).chain((2..).map(|n| format!("exp{n}")));
    let free = names.map(|name| (name.clone(), home.join(name))).find(|(_, dir)| !dir.exists());
    free.ok_or_else(|| anyhow::anyhow!("no free name"))
}

/// The slots on these devices, and what is to be said of them.
pub fn slots(trainer: &Trainer, devices: &str) -> anyhow::Result<(Vec<SlotSpec>, Vec<String>)> {
    let (mut slots, mut notices) = devices::slots(devices, &|text| warn(text))
        .map_err(|error| Told::usage(format!("--devices {devices}: {error}")))?;
    // What nobody named is not to fail: a run on the CPU is better than none.
    let chosen = devices.trim() == "auto" && slots.iter().any(|slot| slot.device != "cpu");
    if chosen
        && *trainer == Trainer::Yolo
        && builtin::sees_gpu(&process::own_program(), gpus::STARTUP) == Some(false)
    {
        slots = devices::slots("cpu", &|_| ()).map_err(Told::usage)?.0;
        notices.push(
            "the built-in trainer sees no GPU, as where it was built without CUDA (make libtorch CUDA=1) or the driver is older than 580 \
             (evotop-yolo devices may tell more): trials run on the cpu"
                .into(),
        );
    }
    if let Trainer::Command { preset: Some(name), .. } = trainer
        && let Some(preset) = Preset::parse(name).ok().filter(|preset| preset.keeps_mask())
    {
        for slot in &slots {
            let number = devices::number(&slot.device);
            preset
                .knows_device(&slot.device, number.as_deref())
                .map_err(|error| Told::usage(error.to_string()))?;
        }
    }
    Ok((slots, notices))
}

/// The slots on these devices.
fn named(trainer: &Trainer, devices: &str) -> anyhow::Result<Vec<SlotSpec>> {
    let (slots, notices) = slots(trainer, devices)?;
    for notice in notices {
        warn(&notice);
    }
    Ok(slots)
}

fn start(
    args: &RunArgs,
    argv: Vec<String>,
    dir: PathBuf,
    edits: Vec<Edit>,
    slots: Vec<SlotSpec>,
) -> anyhow::Result<Start> {
    let on_failure =
        args.on_failure.map_or(if args.headless { OnFailure::Exit } else { OnFailure::Pause }, Into::into);
    let time_limit =
        args.time_limit.as_deref().map(|text| time::seconds("--time-limit", text)).transpose()?;
    Ok(Start {
        dir,
        slots,
        argv,
        edits,
        on_failure,
        time_limit,
        hooks: hooks(&args.on)?,
        keep: args.keep,
        limits: create::limits(args)?,
        threads: args.threads,
        min_free: args.min_free,
        take_over: args.take_over,
    })
}

/// `--on EVENTS CMD`, as often as given.
fn hooks(words: &[String]) -> anyhow::Result<Vec<Hook>> {
    let hook = |pair: &[String]| {
        let [events, command] = pair else { return Err(Told::usage("--on takes EVENTS and CMD")) };
        let known = || Occasion::ALL.map(|(name, _)| name).join(", ");
        let on = events.split(',').map(|word| {
            Occasion::ALL
                .iter()
                .find(|(name, _)| *name == word.trim())
                .map(|(_, occasion)| *occasion)
                .ok_or_else(|| Told::usage(format!("--on {word}: not an event; there are {}", known())))
        });
        Ok(Hook { on: on.collect::<anyhow::Result<_>>()?, command: command.clone() })
    };
    words.chunks(2).map(hook).collect()
}
