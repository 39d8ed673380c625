//! Leaving: one level up, the question at the top, and a run that is stopped as well.

use super::link::Effect;
use super::model::{Connection, Model, Page};
use super::overlay::Overlay;
use crate::session::Command;

impl Model {
    /// One level up; at the top the question whether to leave.
    pub(super) fn back(&mut self) -> Vec<Effect> {
        let filter = self.filter_text(self.page);
        if !filter.is_empty() {
            self.set_filter(self.page, String::new());
            return Vec::new();
        }
        match self.page {
            Page::History if self.history.open.is_some() => self.history.open = None,
            Page::Density if self.density.open || self.density.until.is_some() => {
                (self.density.open, self.density.second, self.density.until) = (false, None, None);
            }
            _ => return self.ask_leave(),
        }
        Vec::new()
    }

    /// Leaves at once where nothing is left running by it, asks otherwise.
    pub(super) fn ask_leave(&mut self) -> Vec<Effect> {
        let runs =
            self.state.as_ref().is_some_and(|s| s.open.is_some()) && self.connection == Connection::Connected;
        if self.read_only || self.replay.is_some() || !runs {
            return vec![Effect::Leave { stopped: false }];
        }
        self.overlay = Some(Overlay::Leave);
        vec![Effect::DropTyped]
    }

    pub(super) fn stop(&mut self, now: bool) -> Vec<Effect> {
        let text = if now { "stop now" } else { "stop after the running trials" };
        let effects = self.ask(Command::Stop { now }, text.into(), None);
        self.leaving = (!effects.is_empty()).then(|| self.last_id());
        effects
    }
}
