//! What a new run begins with: trials of earlier runs (`--from`), and candidates to try first (`--enqueue`).

use std::path::Path;
use std::sync::Arc;

use indexmap::IndexMap;

use crate::cli::exit::Told;
use crate::cli::warn;
use crate::journal::{Created, Entry, Era, Event, How, Who};
use crate::process;
use crate::session::{Command, State};
use crate::space::{OutOfBounds, Source, Space, hyp, within};
use crate::transfer;
use crate::trial::{self, End, Trial};

use super::args::RunArgs;

/// The events after the first; bounds of the space may be widened by them, where that was asked for.
pub fn events(args: &RunArgs, created: &mut Created) -> anyhow::Result<Vec<Event>> {
    let mut events = Vec::new();
    let mut known = transfer::Seen::default();
    for (i, path) in args.from.iter().enumerate() {
        let mut report = transfer::import(path, &mut created.space, args.out_of_bounds.into())
            .map_err(|error| Told::usage(format!("--from {error}")))?;
        let source = path.display();
        let twice = known.leave_out(&mut report.imported, report.digits);
        if report.imported.rows.is_empty() {
            return Err(Told::usage(format!(
                "--from {source}: all of its trials were there before; leave it out"
            )));
        }
        if twice > 0 {
            report.notices.push(format!("{twice} of them were there before and left out"));
        }
        for notice in &report.notices {
            warn(&format!("{source}: {notice}"));
        }
        events.push(Event::Era(Era { era: i as u32 + 1, reason: reason(path) }));
        events.push(Event::Imported(report.imported));
        events
            .extend(report.notices.into_iter().map(|text| Event::Note { text: format!("{source}: {text}") }));
    }
    if !events.is_empty() {
        let era = args.from.len() as u32 + 1;
        events.push(Event::Era(Era { era, reason: "the trials of this run".into() }));
    }
    let mut enqueued = Vec::new();
    for path in &args.enqueue {
        let source = Source::read(path).map_err(|error| Told::usage(error.to_string()))?;
        let values = values(&source, &mut created.space, args.out_of_bounds.into())?;
        enqueued.push((source, values));
    }
    let mut state = State::new(created, 0);
    let mut first = 0;
    for (i, event) in events.iter().enumerate() {
        state.apply(&Entry { seq: i as u64 + 1, time: 0, event: event.clone() });
        if let Event::Imported(imported) = event {
            if let Some(text) = without_fitness(&state, first) {
                warn(&format!("{}: {text}", imported.source));
            }
            first = state.history.next_generation();
        }
    }
    let who = Who { user: process::user(), tty: None, ssh: None, how: How::Shell };
    for (source, values) in enqueued {
        let enqueued = state.decide(&Command::Enqueue { values, base: None }, &who);
        for event in enqueued.map_err(|refused| wrong(&source, &refused.to_string()))? {
            state.apply(&Entry { seq: state.seq + 1, time: 0, event: event.clone() });
            events.push(event);
        }
    }
    Ok(events)
}

const IMPORTED: &str = "imported from ";

/// Why the trials of an earlier run are an era of their own.
fn reason(path: &Path) -> String {
    format!("{IMPORTED}{}", path.display())
}

/// The earlier run that an era with this reason is.
pub fn imported(reason: &str) -> Option<&Path> {
    reason.strip_prefix(IMPORTED).map(Path::new)
}

/// What is to be said of imported trials that have no fitness under the weights of this run.
fn without_fitness(state: &State, first: u64) -> Option<String> {
    let results = |t: &&Arc<Trial>| t.generation >= first && t.end == Some(End::Imported);
    let trials = state.history.trials().iter().filter(results);
    let (all, without) = (trials.clone().count(), trials.filter(|t| t.fitness.is_none()).count());
    let weights = state.settings.fitness.0.iter().filter(|(_, w)| **w != 0.0);
    let missing: Vec<&str> = weights
        .map(|(name, _)| name.as_str())
        .filter(|name| !state.metrics.iter().any(|m| m == name))
        .collect();
    let what =
        if missing.is_empty() { String::new() } else { format!(" (there is no {})", missing.join(", ")) };
    let reported = state.metrics.join(", ");
    (without > 0).then(|| {
        format!(
            "{without} of {} without a fitness under the weights of this run{what}, so no parents; \
             --fitness chooses others of {reported}",
            trial::count(all)
        )
    })
}

fn wrong(source: &Source, what: &str) -> anyhow::Error {
    Told::usage(format!("--enqueue {}: {what}", source.name))
}

/// What a hyp file says of the searched parameters; the rest of the candidate is the start candidate's. Bounds may be
/// widened by it, where that was asked for.
fn values(source: &Source, space: &mut Space, outside: OutOfBounds) -> anyhow::Result<IndexMap<String, f64>> {
    let mut values = IndexMap::new();
    let mut other = Vec::new();
    for (name, value) in hyp::read(source).map_err(|error| Told::usage(format!("--enqueue {error}")))? {
        let Some(param) = space.params.iter_mut().find(|p| p.name == name) else {
            other.push(name);
            continue;
        };
        let x = param.read(&value);
        let no_value = || wrong(source, &format!("{name} = {value} is not a value that {name} can have"));
        let (x, said) =
            within(param, x.ok_or_else(no_value)?, outside).map_err(|what| wrong(source, &what))?;
        if let Some(said) = said {
            warn(&format!("--enqueue {}: {said}", source.name));
        }
        values.insert(name, x);
    }
    if values.is_empty() {
        return Err(wrong(source, "none of its keys is searched in this run"));
    }
    if !other.is_empty() {
        warn(&format!("{}: not searched, so left out: {}", source.name, other.join(", ")));
    }
    Ok(values)
}
