//! Settings as they would be: edits are tried on a copy, and the state itself stays as it is.

use super::State;
use crate::evolve::{Edit, EditError, NextValues, Settings};
use crate::space::Space;

/// A copy of everything that a person can set.
#[derive(Debug)]
pub struct Draft {
    space: Space,
    settings: Settings,
    next: NextValues,
}

impl Draft {
    /// What is set now.
    pub fn of(state: &State) -> Self {
        Self { space: state.space.clone(), settings: state.settings.clone(), next: state.next.clone() }
    }

    /// Changes the copy, and returns the edit that takes it back.
    ///
    /// # Errors
    /// As [`Edit::apply`].
    pub fn apply(&mut self, edit: &Edit) -> Result<Edit, EditError> {
        edit.apply(&mut self.space, &mut self.settings, &mut self.next)
    }
}
