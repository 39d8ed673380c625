//! What is done with trials and slots.

use indexmap::IndexMap;

use super::GrammarError;
use super::settings::{gene, param};
use super::words::{Words, number};
use crate::journal::SlotSpec;
use crate::session::{Command, State};
use crate::trial::device::{DEVICES, device_of};

pub(super) fn abort(words: &mut Words, state: &State) -> Result<Command, GrammarError> {
    let generation = words.generation(state)?;
    let requeue = match words.next() {
        None => false,
        Some("requeue") => true,
        Some(other) => return Err(words.wrong(format!("{other} is not requeue"))),
    };
    Ok(Command::Abort { generation, requeue })
}

pub(super) fn enqueue(words: &mut Words, state: &State) -> Result<Command, GrammarError> {
    let (mut values, mut base) = (IndexMap::new(), None);
    while let Some(word) = words.next() {
        if word == "from" {
            base = Some(words.generation(state)?);
            continue;
        }
        let (name, value) = word
            .split_once('=')
            .ok_or_else(|| words.wrong(format!("{word} is not PARAM=VALUE or from GEN")))?;
        let p = param(name, state)?;
        values.insert(name.to_owned(), gene(p, value)?);
    }
    if values.is_empty() && base.is_none() {
        return Err(words.wrong("at least one PARAM=VALUE or from GEN is missing"));
    }
    Ok(Command::Enqueue { values, base })
}

/// `120`, `120..130` (both included), `120..` (to the last) or `earlier` (those before the present era).
fn span(words: &mut Words, state: &State) -> Result<(u64, Option<u64>), GrammarError> {
    if words.peek() == Some("earlier") {
        words.next();
        let trials = state.history.trials().iter();
        let before = trials.take_while(|trial| trial.era < state.era()).count() as u64;
        let last = before.checked_sub(1);
        return last.map(|last| (0, Some(last))).ok_or_else(|| words.wrong("no trial is of an earlier era"));
    }
    let Some((first, last)) = words.peek().and_then(|word| word.split_once("..")) else {
        let generation = words.generation(state)?;
        return Ok((generation, Some(generation)));
    };
    words.next();
    let first = number(first, "a generation")?;
    let last = if last.is_empty() { None } else { Some(number(last, "a generation")?) };
    if last.is_some_and(|last| last < first) {
        return Err(words.wrong("the range is the wrong way round"));
    }
    Ok((first, last))
}

pub(super) fn exclude(words: &mut Words, state: &State) -> Result<Command, GrammarError> {
    span(words, state).map(|(first, last)| Command::Exclude { first, last })
}

pub(super) fn include(words: &mut Words, state: &State) -> Result<Command, GrammarError> {
    span(words, state).map(|(first, last)| Command::Include { first, last })
}

pub(super) fn slots(words: &mut Words, _: &State) -> Result<Command, GrammarError> {
    let (mut added, mut removed) = (Vec::new(), Vec::new());
    for word in words.rest() {
        match (word.strip_prefix('+'), word.strip_prefix('-')) {
            (Some(name), _) if !name.is_empty() => {
                let device = device_of(name).ok_or_else(|| {
                    words.wrong(format!(
                        "{name} is no slot: {DEVICES}, and #2 behind it for a second one there"
                    ))
                })?;
                added.push(SlotSpec { name: name.into(), device: device.into() });
            }
            (_, Some(name)) if !name.is_empty() => removed.push(name.to_owned()),
            _ => return Err(words.wrong(format!("{word} is not +DEVICE or -SLOT"))),
        }
    }
    if added.is_empty() && removed.is_empty() {
        return Err(words.wrong("at least one +DEVICE or -SLOT is missing"));
    }
    Ok(Command::ChangeSlots { added, removed })
}

pub(super) fn stop(words: &mut Words, _: &State) -> Result<Command, GrammarError> {
    match words.next() {
        None => Ok(Command::Stop { now: false }),
        Some("now") => Ok(Command::Stop { now: true }),
        Some(other) => Err(words.wrong(format!("{other} is not now"))),
    }
}
