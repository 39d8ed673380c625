//! What space and settings were at an earlier revision: what a person had before them when they began to edit.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::dir::DirError;
use crate::evolve::{NextValues, Settings};
use crate::journal::{self, Event};
use crate::session::State;
use crate::space::Space;

/// How many are kept in memory; older ones are in the journal.
const KEPT: usize = 64;

/// Space and settings by revision.
#[derive(Debug)]
pub(super) struct Versions {
    journal: PathBuf,
    known: BTreeMap<u32, (Space, Settings)>,
}

impl Versions {
    pub fn new(journal: PathBuf) -> Self {
        Self { journal, known: BTreeMap::new() }
    }

    /// Keeps the present one.
    pub fn keep(&mut self, state: &State) {
        self.known.entry(state.revision).or_insert_with(|| (state.space.clone(), state.settings.clone()));
        while self.known.len() > KEPT {
            self.known.pop_first();
        }
    }

    /// Space and settings at a revision; none where the session never had it.
    ///
    /// # Errors
    /// Where the journal, which knows the old ones, cannot be read.
    pub fn at(&mut self, revision: u32, state: &State) -> Result<Option<(Space, Settings)>, DirError> {
        if revision > state.revision {
            return Ok(None);
        }
        self.keep(state);
        if let Some(found) = self.known.get(&revision) {
            return Ok(Some(found.clone()));
        }
        let mut present: Option<(u32, Space, Settings)> = None;
        let mut next = NextValues::new();
        journal::read(&self.journal, |entry| match (&mut present, entry.event) {
            (None, Event::Created(created)) => present = Some((0, created.space, created.settings)),
            (Some((at, space, settings)), Event::Steered(steered)) if steered.revision <= revision => {
                for edit in &steered.edits {
                    let _ = edit.apply(space, settings, &mut next);
                }
                *at = steered.revision;
            }
            _ => {}
        })?;
        Ok(present.filter(|(at, ..)| *at == revision).map(|(_, space, settings)| (space, settings)))
    }
}
