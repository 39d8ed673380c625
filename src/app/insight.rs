//! Which parameters mattered and what a person should know of the search, kept between trials: working it out costs something.

use crate::evolve::{Hint, Importance, hints, importance};
use crate::session::State;

/// The importance as it was worked out last.
#[derive(Debug, Clone, Default)]
pub struct Insight {
    known: Option<Importance>,
    /// How many trials had ended then, and which state that was.
    ended: usize,
    rewrites: Option<u64>,
    hints: Vec<Hint>,
    /// Trials that had ended when the hints were found, the past that they were found in, and the settings' revision.
    hinted: Option<(usize, u64, u32)>,
}

impl Insight {
    /// Works it out anew where a twentieth more trials have ended, or the past is another.
    pub fn follow(&mut self, state: &State, rewrites: u64) {
        self.follow_hints(state, rewrites);
        let same = self.rewrites == Some(rewrites) && state.ended.len() >= self.ended;
        if same && state.ended.len() < self.ended + (self.ended / 20).max(1) {
            return;
        }
        self.known = Some(importance(&state.space, &state.history));
        (self.ended, self.rewrites) = (state.ended.len(), Some(rewrites));
    }

    /// Finds the hints anew where a trial has ended or something was changed.
    fn follow_hints(&mut self, state: &State, rewrites: u64) {
        let of = Some((state.ended.len(), rewrites, state.revision));
        if self.hinted != of {
            self.hints = hints(&state.space, &state.settings, &state.history);
            self.hinted = of;
        }
    }

    /// What a person should know of the search now, the most important first.
    pub fn hints(&self) -> &[Hint] {
        &self.hints
    }

    /// A parameter's share of all importance, and whether it stands out from chance; none while trials are too few.
    pub fn share(&self, param: usize) -> Option<(f64, bool)> {
        let Some(Importance::Known { params, .. }) = &self.known else { return None };
        params.get(param).map(|share| (share.share, share.clear))
    }

    /// Which part of the fitness's variance that explains, 0 to 1; none while trials are too few.
    pub fn explained(&self) -> Option<f64> {
        match &self.known {
            Some(Importance::Known { explained, .. }) => Some(explained.max(0.0)),
            _ => None,
        }
    }
}
