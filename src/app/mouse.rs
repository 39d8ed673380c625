//! The mouse, where it is asked for: it moves and selects, and never steers or answers a question. What lies under it
//! is known to whoever drew it: see `view::Cache`.

use super::action::Action;
use super::link::Effect;
use super::model::{Model, Page};
use super::overlay::Overlay;

/// What the mouse did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mouse {
    /// The left button went down.
    Press,
    WheelUp,
    WheelDown,
}

/// What can be pointed at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    Page(Page),
    /// A parameter, by its index: its row in the table, or its chart.
    Param(usize),
    /// A slot, by its place.
    Slot(usize),
    Generation(u64),
    Help,
    Leave,
}

/// Rows that one notch of the wheel moves.
const NOTCH: i64 = 3;

impl Model {
    /// Takes the mouse in.
    pub(super) fn mouse(&mut self, what: Mouse, target: Option<Target>) -> Vec<Effect> {
        let rows = match what {
            Mouse::Press => return target.map_or_else(Vec::new, |target| self.click(target)),
            Mouse::WheelUp => -NOTCH,
            Mouse::WheelDown => NOTCH,
        };
        match &mut self.overlay {
            None => self.by(rows),
            Some(Overlay::Help { scroll }) => {
                *scroll = (*scroll as i64).saturating_add(rows).clamp(0, 500) as usize;
            }
            Some(_) => {}
        }
        Vec::new()
    }

    /// Selects; what is selected already is opened.
    fn click(&mut self, target: Target) -> Vec<Effect> {
        if self.overlay.is_some() {
            return Vec::new();
        }
        match target {
            Target::Page(page) => self.page = page,
            Target::Param(i) if self.page == Page::Density => {
                if self.density.cursor == i {
                    return self.open();
                }
                self.density.cursor = i;
            }
            Target::Param(i) => self.params.cursor = i,
            Target::Slot(at) => {
                if let Some((name, _)) = self.state.as_ref().and_then(|state| state.slots.get_index(at)) {
                    self.slot = Some(name.clone());
                }
            }
            Target::Generation(generation) => {
                let at = self.state.as_ref().and_then(|state| self.history.selected(state));
                if at == Some(generation) {
                    return self.open();
                }
                self.history.cursor = Some(generation);
            }
            Target::Help => self.overlay = Some(Overlay::Help { scroll: 0 }),
            Target::Leave => return self.ask_leave(),
        }
        Vec::new()
    }

    /// Takes the mouse from the terminal, or gives it back.
    pub(super) fn turn_mouse(&mut self) -> Vec<Effect> {
        self.mouse = !self.mouse;
        let key = self.keymap.hint(Action::Mouse);
        let text = if self.mouse {
            format!("the mouse selects and scrolls here; {key} gives it back to the terminal")
        } else {
            "the mouse is the terminal's again".to_owned()
        };
        self.toasts.say(text, self.now);
        vec![Effect::Mouse(self.mouse)]
    }
}
