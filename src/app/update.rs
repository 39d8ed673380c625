//! Input: a key finds its action in the table, or goes to what lies over the page.

use std::path::Path;

use super::action::{Action, Context};
use super::command_line::CommandLine;
use super::edit_form::EditForm;
use super::key::{Code, Input, Key};
use super::line::Line;
use super::link::{Effect, ReplayStep, Request};
use super::log::Source;
use super::model::{Model, Page};
use super::overlay::{Knob, Overlay};
use super::steering::choices;
use crate::space::Param;
use crate::trial::End;

/// How long after a question closed itself an answer to it may still come, in milliseconds.
const STRAY: i64 = 700;

impl Page {
    /// Whose keys come before those that hold everywhere.
    pub fn context(self) -> Context {
        match self {
            Self::Live => Context::Live,
            Self::Density => Context::Density,
            Self::History => Context::History,
            Self::Log => Context::Log,
        }
    }

    fn turned(self, by: usize) -> Self {
        let at = Self::ALL.iter().position(|p| *p == self).unwrap_or(0);
        Self::ALL[(at + by) % Self::ALL.len()]
    }
}

impl Model {
    /// Takes input in.
    pub fn input(&mut self, input: Input, now: i64) -> Vec<Effect> {
        self.tick(now);
        self.changes += 1;
        let mut effects = match input {
            Input::Resize(columns, rows) => {
                self.size = (columns, rows);
                Vec::new()
            }
            Input::Paste(text) => {
                self.paste(&text);
                Vec::new()
            }
            Input::Key(key) => self.key(key),
            Input::Mouse(what, target) => self.mouse(what, target),
        };
        effects.extend(self.wants());
        effects
    }

    /// What was read of a raw log.
    pub fn log_read(&mut self, path: &Path, from: u64, bytes: Result<Vec<u8>, String>) {
        self.changes += u64::from(self.log.read(path, from, bytes));
    }

    /// A paste is text for a line that is being typed, and never dispatches keys.
    fn paste(&mut self, text: &str) {
        match &mut self.overlay {
            Some(Overlay::Command(c)) => c.line.insert(text),
            Some(Overlay::Filter { line, .. } | Overlay::Fitness { line, .. }) => line.insert(text),
            Some(Overlay::Edit(form)) => form.fields[form.cursor].insert(text),
            _ => self
                .toasts
                .error("pasted text is not taken as keys: : opens the command line".into(), self.now),
        }
    }

    fn key(&mut self, key: Key) -> Vec<Effect> {
        // The answer to a question that has just closed itself is nobody's key.
        let stray = self.closed_at.is_some_and(|at| self.now - at < STRAY) && self.overlay.is_none();
        if stray && !key.interrupts() {
            return Vec::new();
        }
        // Esc and a key right after it look like one key with alt. What alt does not mean is taken as the two, but for
        // where one types: there alt is a shell's, and the key is not to steer the run. Enter would commit what Esc leaves.
        let typed = key.code != Code::Enter && self.overlay.as_ref().is_some_and(Overlay::is_typed);
        if key.alt && !typed && self.keymap.action(self.page.context(), key).is_none() {
            let mut effects = self.key(Key::plain(Code::Esc));
            effects.extend(self.key(Key { alt: false, ..key }));
            return effects;
        }
        // The shell and a clean screen are there whatever lies over the page; letters of their own are typed into it.
        let anywhere = self.keymap.action(Context::Everywhere, key).filter(|_| key.ctrl || key.alt);
        if let Some(action @ (Action::Suspend | Action::Redraw)) = anywhere {
            return self.act(action);
        }
        match self.overlay.take() {
            Some(overlay) => self.over(overlay, key),
            None => self.on_page(key),
        }
    }

    fn on_page(&mut self, key: Key) -> Vec<Effect> {
        let Some(action) = self.keymap.action(self.page.context(), key) else { return Vec::new() };
        if let Some(step) = self.replay.and_then(|_| replay_step(action)) {
            return vec![Effect::Send(Request::Replay(step))];
        }
        let to_replay = self.replay.is_some() && action == Action::CommandLine;
        if action.steers() && !to_replay && !self.may_steer() {
            return Vec::new();
        }
        let effects = self.act(action);
        self.changes += 1;
        effects
    }

    fn act(&mut self, action: Action) -> Vec<Effect> {
        match action {
            Action::Live => self.page = Page::Live,
            Action::Density => self.page = Page::Density,
            Action::History => self.page = Page::History,
            Action::Log => self.page = Page::Log,
            Action::NextPage => self.page = self.page.turned(1),
            Action::PreviousPage => self.page = self.page.turned(3),
            Action::Up => self.by(-1),
            Action::Down => self.by(1),
            Action::PageUp => self.by(-i64::from(self.size.1.saturating_sub(6).max(1))),
            Action::PageDown => self.by(i64::from(self.size.1.saturating_sub(6).max(1))),
            Action::First => self.by(i64::MIN / 2),
            Action::Last => self.by(i64::MAX / 2),
            Action::Left | Action::Right => {
                self.sideways(action == Action::Right);
                return if self.page == Page::History { self.log_end_wanted() } else { Vec::new() };
            }
            Action::Pin => return self.pin(),
            Action::PinHere => return self.pin_here(),
            Action::Edit => self.open_form(),
            Action::Filter => self.open_filter(),
            Action::NextMatch => self.next_match(true),
            Action::PreviousMatch => self.next_match(false),
            Action::SigmaDown => return self.sigma(-1.0),
            Action::SigmaUp => return self.sigma(1.0),
            Action::ProbabilityDown => return self.probability(-1.0),
            Action::ProbabilityUp => return self.probability(1.0),
            Action::Parent => return self.parent(),
            Action::SigmaKnob => self.knob(Knob::Sigma),
            Action::TopKnob => self.knob(Knob::Top),
            Action::Strategy => self.open_strategy(),
            Action::Fitness => self.open_fitness(),
            Action::Pause => return self.pause(),
            Action::Freeze => return self.freeze(),
            Action::Abort => return self.ask_abort(),
            Action::Undo => return self.undo(false, false),
            Action::Redo => return self.undo(true, false),
            Action::PreviousSlot => self.turn_slot(false),
            Action::NextSlot => self.turn_slot(true),
            Action::Repeat => return self.repeat(),
            Action::Exclude => return self.exclude(),
            Action::CommandLine => self.overlay = Some(Overlay::Command(CommandLine::default())),
            Action::EditCopy => {
                if let Some(generation) = self.row() {
                    let line = CommandLine::with(&format!("enqueue from {generation} "));
                    self.overlay = Some(Overlay::Command(line));
                }
            }
            Action::Copy => return self.copy(),
            Action::Save => return self.save(),
            Action::Help => self.overlay = Some(Overlay::Help { scroll: 0 }),
            Action::Back => return self.back(),
            Action::Leave | Action::Interrupt => return self.ask_leave(),
            Action::Suspend => return vec![Effect::Suspend],
            Action::Redraw => return vec![Effect::Redraw],
            Action::Mouse => return self.turn_mouse(),
            Action::Open => return self.open(),
            Action::Second => {
                let view = &mut self.density;
                // With itself a parameter makes no map: the next one is a beginning.
                let count = self.state.as_ref().map_or(0, |s| s.space.params.len());
                let next =
                    if view.cursor + 1 < count { view.cursor + 1 } else { view.cursor.saturating_sub(1) };
                view.second = if view.second.is_some() || next == view.cursor { None } else { Some(next) };
                view.open = view.second.is_some();
            }
            Action::Sort => {
                if let Some(state) = &self.state {
                    self.history.next_sort(state, self.size.0);
                }
            }
            Action::Reverse => self.history.ascending = !self.history.ascending,
            Action::Source => {
                if let Some(state) = &self.state {
                    self.log.next_source(state);
                }
            }
            Action::Follow => (self.log.back, self.log.found) = (0, None),
        }
        Vec::new()
    }

    /// The parameter that keys act on.
    pub fn param(&self) -> Option<&Param> {
        let at = if self.page == Page::Density { self.density.cursor } else { self.params.cursor };
        self.space()?.params.get(at)
    }

    pub(super) fn by(&mut self, rows: i64) {
        let Some(state) = &self.state else { return };
        match self.page {
            Page::Live => self.params.by(rows, &state.space),
            Page::Density => self.density.by(rows.clamp(-1_000_000, 1_000_000), state.space.params.len()),
            Page::History => match &mut self.history.open {
                Some((_, scroll)) => {
                    *scroll = (*scroll as i64).saturating_add(rows).clamp(0, 100_000) as usize;
                }
                None => self.history.by(rows.clamp(-10_000_000, 10_000_000), state),
            },
            Page::Log => {
                let most = self.log.most_back(state, self.size) as i64;
                self.log.back = (self.log.back as i64).saturating_sub(rows).clamp(0, most) as usize;
            }
        }
    }

    fn sideways(&mut self, right: bool) {
        let Some(state) = &self.state else { return };
        match self.page {
            Page::Density => self.density.step(right, state),
            // The neighbour of the generation that is open.
            Page::History => {
                if let Some((generation, _)) = self.history.open {
                    let last = state.history.next_generation().saturating_sub(1);
                    let to = if right { (generation + 1).min(last) } else { generation.saturating_sub(1) };
                    self.history.open = Some((to, 0));
                    self.history.cursor = Some(to);
                }
            }
            Page::Live | Page::Log => {}
        }
    }

    pub(super) fn open(&mut self) -> Vec<Effect> {
        let Some(state) = &self.state else { return Vec::new() };
        match self.page {
            Page::Density => {
                self.density.open = !self.density.open;
                self.density.second = None;
            }
            Page::History => {
                self.history.open = match self.history.open {
                    Some(_) => None,
                    None => self.history.selected(state).map(|g| (g, 0)),
                };
                return self.log_end_wanted();
            }
            Page::Live | Page::Log => {}
        }
        Vec::new()
    }

    /// Of a generation that went wrong the end of its log is shown as well.
    fn log_end_wanted(&self) -> Vec<Effect> {
        let open = self.history.open.and_then(|(g, _)| self.state.as_ref()?.history.get(g));
        let wrong = open.filter(|t| matches!(t.end, Some(End::Failed { .. } | End::Diverged { .. })));
        wrong.map_or_else(Vec::new, |trial| {
            let path = super::log::path(&self.dir, trial.generation, trial.attempts);
            vec![Effect::ReadEnd { generation: trial.generation, path }]
        })
    }

    /// The end of a trial's log, as it was read.
    pub fn log_end(&mut self, generation: u64, bytes: Result<Vec<u8>, String>) {
        self.changes += 1;
        self.history.log_end = Some((generation, bytes.map(|bytes| super::log::lines(&bytes))));
    }

    fn open_form(&mut self) {
        let Some((name, revision)) =
            self.param().map(|p| p.name.clone()).zip(self.state.as_ref().map(|s| s.revision))
        else {
            return;
        };
        let shown = self.value_shown(&name);
        if let Some(p) = self.space().and_then(|s| s.get(&name)) {
            self.overlay = Some(Overlay::Edit(Box::new(EditForm::new(p, shown, revision))));
        }
    }

    fn open_strategy(&mut self) {
        let now = self.settings().map(|s| (s.strategy, s.method));
        let at =
            |(kind, method)| choices().iter().position(|(k, m)| *k == kind && m.is_none_or(|m| m == method));
        self.overlay = Some(Overlay::Strategy { cursor: now.and_then(at).unwrap_or(0) });
    }

    fn open_fitness(&mut self) {
        let Some(settings) = self.settings() else { return };
        let terms: Vec<String> = settings.fitness.0.iter().map(|(name, w)| format!("{w}*{name}")).collect();
        self.overlay = Some(Overlay::Fitness { line: Line::new(&terms.join(" + ")), error: None });
    }

    fn turn_slot(&mut self, forth: bool) {
        let at = self.slot_index();
        let Some(state) = &self.state else { return };
        let to = if forth { at + 1 } else { at.saturating_sub(1) };
        if let Some((name, _)) = state.slots.get_index(to.min(state.slots.len().saturating_sub(1))) {
            self.slot = Some(name.clone());
            if self.page == Page::Log && matches!(self.log.source, Source::Slot(_)) {
                self.log.source = Source::Slot(name.clone());
            }
        }
    }
}

/// What a key means to a replay.
fn replay_step(action: Action) -> Option<ReplayStep> {
    Some(match action {
        Action::Pause => ReplayStep::PlayOrHold,
        Action::SigmaUp => ReplayStep::Faster,
        Action::SigmaDown => ReplayStep::Slower,
        Action::ProbabilityDown => ReplayStep::By(-1),
        Action::ProbabilityUp => ReplayStep::By(1),
        Action::PreviousSlot => ReplayStep::By(-10),
        Action::NextSlot => ReplayStep::By(10),
        _ => return None,
    })
}
