//! The same words again: what they mean for a run that is there.
//!
//! Explicit options are compared with the original start line, not with the steered state. A setting that may change
//! becomes an edit; what makes it another run is refused by name.

use crate::cli::exit::Told;
use crate::dir::SessionDir;
use crate::evolve::{Edit, NextValues};
use crate::journal::Created;
use crate::session::{Recovery, recover};

use super::args::RunArgs;
use super::create;

/// A run that is gone on with.
pub struct Resumed {
    /// What the command line changes.
    pub edits: Vec<Edit>,
    /// The devices the run was started with.
    pub devices: String,
    /// Of a run that has nothing left to do: its trials, and the stop rule that it met.
    pub complete: Option<String>,
}

/// What the same words mean for this session.
pub fn resumed(args: &RunArgs, session: &SessionDir) -> anyhow::Result<Resumed> {
    let Recovery { created, state, .. } = recover(&session.journal())?;
    let differs = differences(args, &created)?;
    if !differs.is_empty() {
        return Err(Told::usage(format!(
            "{} is another run: {}; leave these out to go on with it, or start anew with another --name or --dir",
            session.root().display(),
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
    let mut after = state;
    for edit in &edits {
        let _ = edit.apply(&mut after.space, &mut after.settings, &mut NextValues::new());
    }
    // Under other weights the best is another: the session itself is to see whether it is enough.
    let scored = !edits.iter().any(|edit| matches!(edit, Edit::Fitness(_)));
    let why = || after.stopped().map_or_else(String::new, |stopped| format!(", {}", stopped.why));
    let complete =
        (scored && after.is_complete()).then(|| format!("{} trials{}", after.history.counted(), why()));
    Ok(Resumed { edits, devices: created.spec.devices, complete })
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
    compare("--hyp", args.hyp.clone(), created.spec.hyp.clone());
    compare("--space", args.space.clone(), created.spec.space.clone().unwrap_or_default());
    let says_trainer = args.trainer.is_some() || !args.command.is_empty();
    if says_trainer && create::trainer(args)? != created.spec.trainer {
        compare("the trainer", Some(words(&create::trainer(args)?)), words(&created.spec.trainer));
    }
    for (name, given) in args.trainer_options.options() {
        let was = created.spec.options.get(&name).cloned().unwrap_or_else(|| "its default".into());
        compare(&format!("--{name}"), Some(given), was);
    }
    Ok(differs)
}

fn words(trainer: &crate::trial::Trainer) -> String {
    serde_json::to_string(trainer).unwrap_or_default()
}
