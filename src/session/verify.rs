//! Whether a journal follows from its own start: every proposal derived again, every change of settings done again.

use thiserror::Error;

use super::{Draft, State};
use crate::evolve::{RULES_VERSION, Refusal};
use crate::journal::{Entry, Event, Proposed, Steered};
use crate::trial::Origin;

/// What was checked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Verified {
    /// Proposals derived again and found equal to the last digit.
    pub derived: u64,
    /// Trials that are input: made by hand, repeated, imported.
    pub taken: u64,
    /// Changes of settings done again.
    pub steered: u64,
}

/// Where a journal does not follow from its own start.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum VerifyError {
    #[error("the journal does not begin with the creation of a session")]
    NoStart,
    #[error(
        "the journal was bred by rules version {found}; this evotop has {RULES_VERSION}: verify it with evotop {evotop}"
    )]
    OtherRules { found: u32, evotop: String },
    #[error("generation {generation} (seq {seq}): {what} in the journal is {found}, derived is {derived}")]
    Differs { generation: u64, seq: u64, what: String, found: String, derived: String },
    #[error("generation {generation} (seq {seq}): no proposal was possible here: {why}")]
    Impossible { generation: u64, seq: u64, why: String },
    #[error("settings revision {revision}, from generation {from} (seq {seq}): {what}")]
    Steering { revision: u32, from: u64, seq: u64, what: String },
}

/// Checks a journal entry by entry.
#[derive(Debug, Default)]
pub struct Verifier {
    state: Option<State>,
    verified: Verified,
}

impl Verifier {
    /// Checks the next entry and folds it in.
    ///
    /// # Errors
    /// Where it does not follow from the entries before it.
    pub fn check(&mut self, entry: &Entry) -> Result<(), VerifyError> {
        let Some(state) = &mut self.state else {
            let Event::Created(created) = &entry.event else { return Err(VerifyError::NoStart) };
            if created.rules != RULES_VERSION {
                return Err(VerifyError::OtherRules { found: created.rules, evotop: created.evotop.clone() });
            }
            self.state = Some(State::new(created, entry.time));
            return Ok(());
        };
        match &entry.event {
            Event::Proposed(found) if is_derived(found) => {
                proposal(state, found, entry.seq)?;
                self.verified.derived += 1;
            }
            Event::Proposed(found) => {
                number_and_settings(state, found, entry.seq)?;
                self.verified.taken += 1;
            }
            Event::Imported(import) => self.verified.taken += import.rows.len() as u64,
            Event::Steered(found) => {
                steering(state, found, entry.seq)?;
                self.verified.steered += 1;
            }
            _ => {}
        }
        state.apply(entry);
        Ok(())
    }

    /// What was checked so far.
    pub fn verified(&self) -> Verified {
        self.verified
    }
}

/// A repeat that nobody asked for is one by rule.
fn is_derived(found: &Proposed) -> bool {
    match found.origin {
        Origin::Bred | Origin::Start => true,
        Origin::Repeat => found.who.is_none(),
        Origin::Hand | Origin::Import => false,
    }
}

fn proposal(state: &State, found: &Proposed, seq: u64) -> Result<(), VerifyError> {
    number_and_settings(state, found, seq)?;
    let generation = found.generation;
    let derived = state.proposal().map_err(|refusal| VerifyError::Impossible {
        generation,
        seq,
        why: match refusal {
            Refusal::NothingFree => "every parameter is held still".into(),
            Refusal::Round { left, of } => format!("{left} of the round's {of} trials had not ended"),
        },
    })?;
    let differs = |what: String, found: String, derived: String| {
        Err(VerifyError::Differs { generation, seq, what, found, derived })
    };
    if found.parents != derived.parents {
        return differs("parents".into(), format!("{:?}", found.parents), format!("{:?}", derived.parents));
    }
    if found.genes.len() != derived.genes.len() {
        return differs("genes".into(), found.genes.len().to_string(), derived.genes.len().to_string());
    }
    for ((found, derived), param) in found.genes.iter().zip(&derived.genes).zip(&state.space.params) {
        if found.to_bits() != derived.to_bits() {
            return differs(param.name.clone(), found.to_string(), derived.to_string());
        }
    }
    if *found != derived {
        return differs("the record".into(), format!("{found:?}"), format!("{derived:?}"));
    }
    Ok(())
}

fn number_and_settings(state: &State, found: &Proposed, seq: u64) -> Result<(), VerifyError> {
    let generation = found.generation;
    let checks = [
        ("its number", found.generation, state.history.next_generation()),
        ("the settings' revision", u64::from(found.revision), u64::from(state.revision)),
        ("the settings' digest", u64::from(found.settings), u64::from(state.settings_digest())),
        ("the number of genes", found.genes.len() as u64, state.space.params.len() as u64),
    ];
    match checks.into_iter().find(|(_, found, derived)| found != derived) {
        None => Ok(()),
        Some((what, found, derived)) => Err(VerifyError::Differs {
            generation,
            seq,
            what: what.into(),
            found: found.to_string(),
            derived: derived.to_string(),
        }),
    }
}

fn steering(state: &State, found: &Steered, seq: u64) -> Result<(), VerifyError> {
    let wrong =
        |what: String| Err(VerifyError::Steering { revision: found.revision, from: found.from, seq, what });
    if found.revision != state.revision + 1 {
        return wrong(format!("it follows revision {}", state.revision));
    }
    if found.from != state.next_proposal() {
        return wrong(format!("the next generation was {}", state.next_proposal()));
    }
    let mut draft = Draft::of(state);
    let mut inverse = Vec::new();
    for edit in &found.edits {
        match draft.apply(edit) {
            Ok(back) => inverse.insert(0, back),
            Err(refused) => return wrong(refused.to_string()),
        }
    }
    if inverse == found.inverse { Ok(()) } else { wrong("the values before it were others".into()) }
}
