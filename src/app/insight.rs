//! Which parameters mattered, kept between trials: working it out costs something.

use crate::evolve::{Importance, importance};
use crate::session::State;

/// The importance as it was worked out last.
#[derive(Debug, Clone, Default)]
pub struct Insight {
    known: Option<Importance>,
    /// How many trials had ended then, and which state that was.
    ended: usize,
    rewrites: Option<u64>,
}

impl Insight {
    /// Works it out anew where a twentieth more trials have ended, or the past is another.
    pub fn follow(&mut self, state: &State, rewrites: u64) {
        let same = self.rewrites == Some(rewrites) && state.ended.len() >= self.ended;
        if same && state.ended.len() < self.ended + (self.ended / 20).max(1) {
            return;
        }
        self.known = Some(importance(&state.space, &state.history));
        (self.ended, self.rewrites) = (state.ended.len(), Some(rewrites));
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
