//! What was asked for and not yet answered: shown at once, as pending.

use crate::evolve::{Edit, NextValues, Settings};
use crate::session::Command;
use crate::space::Space;

/// A request under way.
#[derive(Debug, Clone, PartialEq)]
pub struct Pending {
    pub id: u64,
    pub command: Command,
    /// What it is, for the screen.
    pub text: String,
}

/// Space and settings as they will be if every pending edit is accepted. The session has the last word.
pub fn projected(pending: &[Pending], space: &mut Space, settings: &mut Settings, next: &mut NextValues) {
    for edit in pending.iter().flat_map(edits) {
        match edit {
            Edit::Strategy(to) => settings.strategy = *to,
            Edit::Parent(to) => settings.parent = *to,
            Edit::Top(to) => settings.top = *to,
            Edit::Sigma(to) => settings.sigma = *to,
            Edit::Probability(to) => settings.probability = *to,
            Edit::Method(to) => settings.method = *to,
            Edit::Fitness(to) => settings.fitness.clone_from(to),
            Edit::Generations(to) => settings.generations = *to,
            Edit::Prune(to) => settings.prune = *to,
            Edit::Rule { rule, to } => {
                settings.rules.set(*rule, *to);
            }
            Edit::Next { param, at } => {
                match at {
                    Some(at) => next.insert(param.clone(), *at),
                    None => next.shift_remove(param),
                };
            }
            Edit::Pin { param, .. }
            | Edit::Value { param, .. }
            | Edit::Gain { param, .. }
            | Edit::Bounds { param, .. } => {
                let Some(p) = space.params.iter_mut().find(|p| p.name == *param) else { continue };
                match edit {
                    Edit::Pin { at, .. } => p.pin = *at,
                    Edit::Value { to, .. } => p.value = *to,
                    Edit::Gain { to, .. } => p.gain = *to,
                    Edit::Bounds { low, high, .. } => (p.low, p.high) = (*low, *high),
                    _ => {}
                }
            }
        }
    }
}

/// The edits of a request.
pub fn edits(pending: &Pending) -> &[Edit] {
    match &pending.command {
        Command::Edit { edits, .. } => edits,
        _ => &[],
    }
}
