//! The same words again: what they mean for a run that is there.
//!
//! Explicit options are compared with the original start line, not with the steered state. A setting that may change
//! becomes an edit; what makes it another run is refused by name.

use std::path::Path;

use crate::cli::exit::Told;
use crate::dir::SessionDir;
use crate::evolve::{Edit, NextValues};
use crate::journal::{Created, SlotSpec};
use crate::session::{Recovery, SlotHealth, State, recover};
use crate::shell;
use crate::trial::{MetricRule, RunSpec, Trainer};

use super::args::{OutOfBounds, RunArgs};
use super::{create, past};

/// A run that is gone on with.
pub struct Resumed {
    /// What the command line changes.
    pub edits: Vec<Edit>,
    /// What the run was started with.
    pub spec: RunSpec,
    /// The slots that it had last, where a person chose them and the command line says nothing else.
    pub slots: Option<Vec<SlotSpec>>,
    /// Of a run that has nothing left to do: its trials, and the stop rule that it met.
    pub complete: Option<String>,
}

/// What the same words mean for this session.
pub fn resumed(args: &RunArgs, session: &SessionDir) -> anyhow::Result<Resumed> {
    let Recovery { created, state, .. } = recover(&session.journal())?;
    let mut differs = differences(args, &created)?;
    if differs.is_empty() {
        differs = other_values(args, &created)?;
    }
    differs.extend(other_past(args, &state));
    if !differs.is_empty() {
        let root = session.root().display();
        // A name that was spent on a mistyped word can be had back.
        let nothing_ended = state.history.trials().iter().all(|trial| trial.ended_at.is_none());
        let anew = if nothing_ended {
            format!(
                "or start anew: no trial has ended in it, so `evotop rm {}` loses nothing",
                shell::path(session.root())
            )
        } else {
            "or start anew with another --name or --dir".into()
        };
        return Err(Told::usage(format!(
            "{root} is another run: {}; leave these out to go on with it, {anew}",
            differs.join("; ")
        )));
    }
    let mut started_with = state.started_with.clone();
    let mut edits = Vec::new();
    for edit in create::explicit(args)? {
        let back = edit
            .apply(&mut state.space.clone(), &mut started_with, &mut NextValues::new())
            .map_err(|error| Told::usage(error.to_string()))?;
        if back != edit {
            edits.push(edit);
        }
    }
    let same = args.devices.as_ref().is_none_or(|devices| *devices == created.spec.devices);
    let staying = state.slots.values().filter(|slot| slot.health != SlotHealth::Leaving);
    let slots: Vec<SlotSpec> = staying.map(|slot| slot.spec.clone()).collect();
    let slots = (same && state.slots_by_hand && !slots.is_empty()).then_some(slots);
    let mut after = state;
    for edit in &edits {
        let _ = edit.apply(&mut after.space, &mut after.settings, &mut NextValues::new());
    }
    // Under other weights the best is another: the session itself is to see whether it is enough.
    let scored = !edits.iter().any(|edit| matches!(edit, Edit::Fitness(_)));
    let why = || after.stopped().map_or_else(String::new, |stopped| format!(", {}", stopped.why));
    let complete = (scored && after.is_complete())
        .then(|| format!("{}{}", crate::trial::count(after.history.counted() as usize), why()));
    Ok(Resumed { edits, spec: created.spec, slots, complete })
}

/// What would make it another run.
fn differences(args: &RunArgs, created: &Created) -> anyhow::Result<Vec<String>> {
    let mut differs = Vec::new();
    let mut compare = |option: &str, given: Option<String>, was: String| {
        if let Some(given) = given.filter(|given| *given != was) {
            differs.push(format!("{option} was {was}, is {given}"));
        }
    };
    compare("--seed", args.seed.map(|n| n.to_string()), created.seed.to_string());
    compare("--trial-seed", args.trial_seed.map(|n| n.to_string()), created.trial_seed.to_string());
    let usual = |name: &str| if name.is_empty() { "its default".to_owned() } else { name.to_owned() };
    compare("--hyp", args.hyp.clone(), usual(&created.spec.hyp));
    compare("--space", args.space.clone(), usual(created.spec.space.as_deref().unwrap_or_default()));
    let says_trainer = args.trainer.is_some() || !args.command.is_empty();
    if says_trainer && create::trainer(args)? != created.spec.trainer {
        compare("the trainer", Some(words(&create::trainer(args)?)), words(&created.spec.trainer));
    }
    if !says_trainer && let Some((metrics, preset)) = reading(&created.spec.trainer) {
        compare("--preset", args.preset.clone(), preset.unwrap_or("none").into());
        let given = create::metrics(args)?;
        compare("--metric", (!given.is_empty()).then(|| patterns(&given)), patterns(metrics));
    }
    for (name, given) in args.trainer_options.options() {
        let was = created.spec.options.get(&name).cloned().unwrap_or_else(|| "its default".into());
        compare(&format!("--{name}"), Some(given), was);
    }
    Ok(differs)
}

/// What hyp file, space file or `--param` say otherwise by now than they did when the run began. A file that is gone says
/// nothing.
fn other_values(args: &RunArgs, created: &Created) -> anyhow::Result<Vec<String>> {
    if args.hyp.is_none() && args.space.is_none() && args.params.is_empty() {
        return Ok(Vec::new());
    }
    let mut then = args.clone();
    // Which values are the usual ones depends on it.
    let data = &mut then.trainer_options.data;
    *data = data.take().or_else(|| created.spec.options.get("data").cloned());
    if args.params.is_empty() {
        let named = |name: &str| (!name.is_empty()).then(|| name.to_owned());
        then.hyp = args.hyp.clone().or_else(|| named(&created.spec.hyp));
        then.space = args.space.clone().or_else(|| created.spec.space.clone());
    }
    let is_gone = |name: &Option<String>| {
        name.as_ref().is_some_and(|name| Path::new(name).extension().is_some() && !Path::new(name).exists())
    };
    if is_gone(&then.hyp) || is_gone(&then.space) {
        return Ok(Vec::new());
    }
    let (space, _) =
        create::space(&then, create::hyp(&then)?, &created.spec.trainer, created.settings.strategy)?;
    let widened = args.out_of_bounds == OutOfBounds::Widen;
    let differs = created.space.differences(&space, widened);
    let where_from = match (&args.hyp, &args.space) {
        (Some(hyp), Some(space)) => format!("in {hyp} or {space} "),
        (Some(one), None) | (None, Some(one)) => format!("in {one} "),
        (None, None) => "by --param ".into(),
    };
    Ok(differs.into_iter().map(|text| format!("{where_from}{text}")).collect())
}

/// Earlier runs that this one did not begin with, however their paths are spelled.
fn other_past(args: &RunArgs, state: &State) -> Vec<String> {
    let known = |path: &Path| {
        let full = path.canonicalize().ok();
        let mut paths = state.eras.iter().filter_map(|era| past::imported(&era.reason));
        paths.any(|then| {
            then == path || full.is_some() && state.spec.cwd.join(then).canonicalize().ok() == full
        })
    };
    let unknown = args.from.iter().filter(|path| !known(path));
    unknown.map(|path| format!("it did not begin with --from {}", path.display())).collect()
}

/// How a command is read.
fn reading(trainer: &Trainer) -> Option<(&[MetricRule], Option<&str>)> {
    let Trainer::Command { metrics, preset, .. } = trainer else { return None };
    Some((metrics, preset.as_deref()))
}

fn patterns(metrics: &[MetricRule]) -> String {
    if metrics.is_empty() { "none".into() } else { serde_json::to_string(metrics).unwrap_or_default() }
}

fn words(trainer: &Trainer) -> String {
    serde_json::to_string(trainer).unwrap_or_default()
}
