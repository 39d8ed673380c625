//! What the steering keys ask of the session: absolute new values, worked out from what is on the screen.

use super::link::Effect;
use super::model::{Connection, Model, Page};
use super::overlay::{Knob, Overlay};
use crate::evolve::{Edit, Knobs, ParentMode, StrategyKind, strategy};
use crate::journal::Mode;
use crate::session::{Command, steer};
use crate::space::number::decimals;

/// Steps of the keys and of the knobs.
const SIGMA_STEP: f64 = 0.01;
const SIGMA_KNOB: f64 = 0.05;
const PROBABILITY_STEP: f64 = 0.05;

/// Which settings a strategy has.
pub fn knobs(kind: StrategyKind) -> Knobs {
    strategy(kind).knobs()
}

impl Model {
    /// Asks for one edit, seen at the present revision.
    pub(super) fn edit(&mut self, edit: Edit, text: String) -> Vec<Effect> {
        self.edits(vec![edit], None, text)
    }

    /// Asks for edits, all or none.
    pub(super) fn edits(&mut self, edits: Vec<Edit>, revision: Option<u32>, text: String) -> Vec<Effect> {
        let Some(state) = &self.state else { return Vec::new() };
        let revision = revision.unwrap_or(state.revision);
        self.ask(Command::Edit { edits, revision }, text, None)
    }

    fn has(&mut self, what: &str, has: impl Fn(Knobs) -> bool) -> bool {
        let Some(kind) = self.settings().map(|s| s.strategy) else { return false };
        let has = has(knobs(kind));
        if !has {
            self.toasts.error(format!("strategy {} has no {what}: m chooses another", kind.name()), self.now);
        }
        has
    }

    pub(super) fn sigma(&mut self, direction: f64) -> Vec<Effect> {
        if !self.has("sigma", |k| k.sigma) {
            return Vec::new();
        }
        let Some(from) = self.settings().map(|s| s.sigma) else { return Vec::new() };
        let to = decimals((from + direction * SIGMA_STEP).clamp(0.0, 10.0), 4);
        self.edit(Edit::Sigma(to), format!("sigma {from} -> {to}"))
    }

    pub(super) fn probability(&mut self, direction: f64) -> Vec<Effect> {
        if !self.has("mutation probability", |k| k.probability) {
            return Vec::new();
        }
        let Some(from) = self.settings().map(|s| s.probability) else { return Vec::new() };
        let to = decimals((from + direction * PROBABILITY_STEP).clamp(0.01, 1.0), 4);
        // 0.01 is the least; from there the steps are the round ones again.
        let to = if from <= 0.01 && direction > 0.0 { PROBABILITY_STEP } else { to };
        self.edit(Edit::Probability(to), format!("mutation {from} -> {to}"))
    }

    pub(super) fn parent(&mut self) -> Vec<Effect> {
        if !self.has("parent selection", |k| k.parent) {
            return Vec::new();
        }
        let Some(from) = self.settings().map(|s| s.parent) else { return Vec::new() };
        let to = if from == ParentMode::Single { ParentMode::Weighted } else { ParentMode::Single };
        self.edit(Edit::Parent(to), format!("parent {} -> {}", from.name(), to.name()))
    }

    /// Pins the parameter under the cursor at the best value, or lets it go.
    pub(super) fn pin(&mut self) -> Vec<Effect> {
        let Some((name, pin)) = self.param().map(|p| (p.name.clone(), p.pin)) else { return Vec::new() };
        let Some(state) = &self.state else { return Vec::new() };
        let Some(p) = state.space.get(&name) else { return Vec::new() };
        let at = if pin.is_some() { None } else { Some(steer::pin_value(p, state)) };
        let text = at.map_or(format!("unpin {name}"), |x| format!("pin {name} at {}", p.show(x, 5)));
        self.edit(Edit::Pin { param: name, at }, text)
    }

    /// Pins the parameter under the cursor at the value of the trial that is shown.
    pub(super) fn pin_here(&mut self) -> Vec<Effect> {
        let Some(name) = self.param().map(|p| p.name.clone()) else { return Vec::new() };
        let Some(x) = self.value_shown(&name) else {
            self.toasts.error("no trial is shown to take the value from".into(), self.now);
            return Vec::new();
        };
        let text = self.space().and_then(|s| s.get(&name)).map(|p| format!("pin {name} at {}", p.show(x, 5)));
        self.edit(Edit::Pin { param: name, at: Some(x) }, text.unwrap_or_default())
    }

    /// The value of a parameter in the trial that is shown.
    pub(super) fn value_shown(&self, name: &str) -> Option<f64> {
        let state = self.state.as_ref()?;
        let generation = match self.page {
            Page::History => self.history.selected(state),
            _ => self.shown_trial(),
        }?;
        let x = *state.history.get(generation)?.genes.get(state.space.index(name)?)?;
        x.is_finite().then_some(x)
    }

    /// Pause, or go on whatever it was paused for. A single trial that is held among others is no pause of the run.
    pub(super) fn pause(&mut self) -> Vec<Effect> {
        let Some(state) = &self.state else { return Vec::new() };
        if state.mode == Mode::Running && !state.stands_held() {
            self.ask(Command::Pause, "pause".into(), None)
        } else {
            self.ask(Command::Resume, "go on".into(), None)
        }
    }

    /// Freezes the selected trial, or thaws it.
    pub(super) fn freeze(&mut self) -> Vec<Effect> {
        let Some((generation, frozen)) = self.selected_trial().map(|(g, r)| (g, r.frozen_since.is_some()))
        else {
            self.nothing_runs();
            return Vec::new();
        };
        let target = Some(generation);
        if frozen {
            self.ask(Command::Thaw { generation: target }, format!("thaw gen {generation}"), None)
        } else {
            self.ask(Command::Freeze { generation: target }, format!("freeze gen {generation}"), None)
        }
    }

    /// Asks whether to abort the selected trial.
    pub(super) fn ask_abort(&mut self) -> Vec<Effect> {
        let Some((generation, attempt, slot)) =
            self.selected_trial().map(|(g, r)| (g, r.attempt, r.slot.clone()))
        else {
            self.nothing_runs();
            return Vec::new();
        };
        self.overlay = Some(Overlay::Abort { generation, attempt, slot });
        vec![Effect::DropTyped]
    }

    fn nothing_runs(&mut self) {
        let slot = self.selected_slot().map_or_else(String::new, |slot| format!(" on {slot}"));
        self.toasts.error(format!("no trial runs{slot}"), self.now);
    }

    pub(super) fn undo(&mut self, redo: bool, confirmed: bool) -> Vec<Effect> {
        let Some(state) = &self.state else { return Vec::new() };
        let step = if redo { state.undo.next() } else { state.undo.last() };
        let word = if redo { "redo" } else { "undo" };
        let Some(step) = step else {
            self.toasts.say(format!("nothing to {word}"), self.now);
            return Vec::new();
        };
        let what: Vec<String> = step.edits.iter().map(Edit::subject).collect();
        let text = format!("{word} {}", what.join(", "));
        let command = if redo { Command::Redo { confirmed } } else { Command::Undo { confirmed } };
        self.ask(command, text, None)
    }

    pub(super) fn repeat(&mut self) -> Vec<Effect> {
        let Some(generation) = self.row() else { return Vec::new() };
        self.ask(Command::Repeat { generation }, format!("repeat gen {generation}"), None)
    }

    pub(super) fn exclude(&mut self) -> Vec<Effect> {
        let Some(generation) = self.row() else { return Vec::new() };
        let excluded =
            self.state.as_ref().and_then(|s| s.history.get(generation)).is_some_and(|t| t.excluded);
        let last = Some(generation);
        if excluded {
            self.ask(
                Command::Include { first: generation, last },
                format!("take gen {generation} in again"),
                None,
            )
        } else {
            self.ask(
                Command::Exclude { first: generation, last },
                format!("leave gen {generation} out"),
                None,
            )
        }
    }

    /// The generation that row actions act on: the row's on History, else the trial that is shown.
    pub(super) fn row(&self) -> Option<u64> {
        let state = self.state.as_ref()?;
        if self.page == Page::History { self.history.selected(state) } else { self.shown_trial() }
    }

    /// Opens a knob at the present value.
    pub(super) fn knob(&mut self, knob: Knob) {
        let has = match knob {
            Knob::Sigma => self.has("sigma", |k| k.sigma),
            Knob::Top => self.has("top n", |k| k.top),
        };
        let value = self.settings().map(|s| match knob {
            Knob::Sigma => s.sigma,
            Knob::Top => f64::from(s.top),
        });
        if let (true, Some(value)) = (has, value) {
            self.overlay = Some(Overlay::Knob { knob, value });
        }
    }

    /// Sets what the knob was turned to.
    pub(super) fn commit_knob(&mut self, knob: Knob, value: f64) -> Vec<Effect> {
        let Some((sigma, top)) = self.settings().map(|s| (s.sigma, s.top)) else { return Vec::new() };
        match knob {
            Knob::Sigma if value.to_bits() != sigma.to_bits() => {
                self.edit(Edit::Sigma(value), format!("sigma {sigma} -> {value}"))
            }
            Knob::Top if value as u32 != top => {
                self.edit(Edit::Top(value as u32), format!("top n {top} -> {value}"))
            }
            _ => Vec::new(),
        }
    }

    /// Chooses a strategy from [`choices`].
    pub(super) fn choose_strategy(&mut self, at: usize) -> Vec<Effect> {
        let Some((kind, method)) = choices().get(at).copied() else { return Vec::new() };
        let Some((now, now_method)) = self.settings().map(|s| (s.strategy, s.method)) else {
            return Vec::new();
        };
        let mut edits = Vec::new();
        if kind != now {
            edits.push(Edit::Strategy(kind));
        }
        if let Some(method) = method.filter(|m| kind != now || *m != now_method) {
            edits.push(Edit::Method(method));
        }
        if edits.is_empty() {
            return Vec::new();
        }
        self.edits(edits, None, format!("strategy {}", choice_name(kind, method)))
    }

    /// Whether anything may be asked now; says why not.
    pub(super) fn may_steer(&mut self) -> bool {
        let why = match (&self.connection, self.read_only, &self.replay) {
            (_, _, Some(_)) => "this is a replay: nothing can be changed",
            (_, true, _) if self.tailing.is_some() => {
                "only the journal is followed here: steer the run on its own host"
            }
            (_, true, _) => "read-only: nothing can be changed from here",
            (Connection::Connected, ..) => return self.state.is_some(),
            _ => "not connected: nothing was changed",
        };
        self.toasts.error(why.into(), self.now);
        false
    }
}

/// A knob one step further, within its range.
pub fn turn(knob: Knob, value: f64, direction: f64) -> f64 {
    match knob {
        Knob::Sigma => decimals((value + direction * SIGMA_KNOB).clamp(0.0, 10.0), 4),
        Knob::Top => (value + direction).clamp(1.0, 1000.0),
    }
}

/// What the strategy dialogue offers: each strategy, yolov3 with each of its methods.
pub fn choices() -> Vec<(StrategyKind, Option<u8>)> {
    let methods = |kind| -> Vec<Option<u8>> {
        if knobs(kind).method { vec![Some(1), Some(2), Some(3)] } else { vec![None] }
    };
    StrategyKind::ALL.into_iter().flat_map(|kind| methods(kind).into_iter().map(move |m| (kind, m))).collect()
}

/// A choice in words.
pub fn choice_name(kind: StrategyKind, method: Option<u8>) -> String {
    method.map_or(kind.name().to_owned(), |m| format!("{}, method {m}", kind.name()))
}
