//! Input: a key finds its action in the table, or goes to what lies over the page.

use std::path::Path;

use super::action::{Action, Context};
use super::command_line::CommandLine;
use super::edit_form::EditForm;
use super::key::{Code, Input, Key};
use super::line::Line;
use super::link::{Effect, ReplayStep, Request};
use super::log::Source;
use super::model::{Connection, Model, Page};
use super::overlay::{Knob, Overlay};
use super::steering::{choices, turn};
use crate::session::{Command, steer};
use crate::space::Param;
use crate::trial::End;

impl Page {
    fn context(self) -> Context {
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
        // Esc and a key right after it look like one key with alt. What alt does not mean is taken as the two.
        if key.alt && self.keymap.action(self.page.context(), key).is_none() {
            let mut effects = self.key(Key::plain(Code::Esc));
            effects.extend(self.key(Key { alt: false, ..key }));
            return effects;
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
            Action::Live => self.go(Page::Live),
            Action::Density => self.go(Page::Density),
            Action::History => self.go(Page::History),
            Action::Log => self.go(Page::Log),
            Action::NextPage => self.go(self.page.turned(1)),
            Action::PreviousPage => self.go(self.page.turned(3)),
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
            Action::Leave => return self.leave(),
            Action::Interrupt => return self.ask_leave(),
            Action::Suspend => return vec![Effect::Suspend],
            Action::Redraw => return vec![Effect::Redraw],
            Action::Open => return self.open(),
            Action::Second => {
                let view = &mut self.density;
                view.second = if view.second.is_some() { None } else { Some(view.cursor) };
                view.open = view.second.is_some();
            }
            Action::Sort => {
                if let Some(state) = &self.state {
                    self.history.next_sort(state);
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

    fn go(&mut self, page: Page) {
        self.page = page;
    }

    /// The parameter that keys act on.
    pub fn param(&self) -> Option<&Param> {
        let at = if self.page == Page::Density { self.density.cursor } else { self.params.cursor };
        self.space()?.params.get(at)
    }

    fn by(&mut self, rows: i64) {
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
                let most = self.log.len(state).saturating_sub(1) as i64;
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

    fn open(&mut self) -> Vec<Effect> {
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

    fn filter_text(&mut self, page: Page) -> &mut String {
        match page {
            Page::Live | Page::Density => &mut self.params.filter,
            Page::History => &mut self.history.filter,
            Page::Log => &mut self.log.search,
        }
    }

    fn open_filter(&mut self) {
        let before = self.filter_text(self.page).clone();
        self.overlay = Some(Overlay::Filter { page: self.page, line: Line::new(&before), before });
    }

    fn set_filter(&mut self, page: Page, text: String) {
        let Some(state) = &self.state else { return };
        match page {
            Page::Live | Page::Density => {
                self.params.set_filter(text, &state.space);
                if page == Page::Density && !self.params.filter.is_empty() {
                    self.density.cursor = self.params.cursor;
                }
            }
            Page::History => {
                self.history.filter = text;
                self.history.changed(state);
            }
            Page::Log => {
                (self.log.search, self.log.found) = (text, None);
                self.log.find(false, state);
            }
        }
    }

    fn next_match(&mut self, forth: bool) {
        let Some(state) = &self.state else { return };
        let by = if forth { 1 } else { -1 };
        match self.page {
            Page::Live => self.params.by(by, &state.space),
            Page::Density => {
                self.params.cursor = self.density.cursor;
                self.params.by(by, &state.space);
                self.density.cursor = self.params.cursor;
            }
            Page::History => self.history.by(by, state),
            Page::Log => {
                if !self.log.find(forth, state) {
                    let what = if self.log.search.is_empty() {
                        "/ searches".into()
                    } else {
                        format!("no {}", self.log.search)
                    };
                    self.toasts.say(what, self.now);
                }
            }
        }
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

    fn copy(&mut self) -> Vec<Effect> {
        let text = match (self.page, &self.state) {
            (_, None) => None,
            (Page::Live | Page::Density, Some(_)) => {
                let p = self.param().cloned();
                p.map(|p| {
                    format!(
                        "{}: {}",
                        p.name,
                        p.scalar(self.value_shown(&p.name).or(p.held()).unwrap_or(p.value))
                    )
                })
            }
            (Page::History, Some(state)) => self.row().and_then(|g| {
                let trial = state.history.get(g)?;
                let genes = state
                    .space
                    .params
                    .iter()
                    .zip(&trial.genes)
                    .map(|(p, x)| format!("{}={}", p.name, p.scalar(*x)));
                let fitness = trial.fitness.map_or("-".into(), |f| format!("{f}"));
                Some(format!("gen={g} fitness={fitness} {}", genes.collect::<Vec<_>>().join(" ")))
            }),
            (Page::Log, Some(state)) => {
                let at = self.log.found.or_else(|| self.log.len(state).checked_sub(self.log.back + 1));
                at.and_then(|at| self.log.line(at, state)).map(str::to_owned)
            }
        };
        let Some(text) = text else { return Vec::new() };
        self.toasts
            .say(format!("copied {}", text.split(' ').take(2).collect::<Vec<_>>().join(" ")), self.now);
        vec![Effect::Copy(text)]
    }

    /// Writes the row's candidate as a hyp file; the name says which it is.
    fn save(&mut self) -> Vec<Effect> {
        let Some((state, generation)) = self.state.as_ref().zip(self.row()) else { return Vec::new() };
        let Some(trial) = state.history.get(generation) else { return Vec::new() };
        let fitness = trial.fitness.map_or("none".into(), |f| format!("{f}"));
        let mut text = format!("# {}, generation {generation}, fitness {fitness}\n", state.name);
        for (name, value) in state.space.hyp(&trial.genes) {
            let value = match &value {
                crate::space::Scalar::Text(t) => {
                    serde_yaml::to_string(t).unwrap_or_default().trim_end().to_owned()
                }
                other => other.to_string(),
            };
            text.extend([name.as_str(), ": ", &value, "\n"]);
        }
        vec![Effect::Save { path: self.save_to.join(format!("hyp_{}_{generation}.yaml", state.name)), text }]
    }

    /// How a save ended.
    pub fn saved(&mut self, path: &Path, result: Result<(), String>) {
        self.changes += 1;
        match result {
            Ok(()) => self.toasts.say(format!("saved {}", path.display()), self.now),
            Err(why) => self.toasts.error(format!("{}: {why}", path.display()), self.now),
        }
    }

    /// One level up; at the top the question whether to leave.
    fn leave(&mut self) -> Vec<Effect> {
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
    fn ask_leave(&mut self) -> Vec<Effect> {
        let runs =
            self.state.as_ref().is_some_and(|s| s.open.is_some()) && self.connection == Connection::Connected;
        if self.read_only || self.replay.is_some() || !runs {
            return vec![Effect::Leave { stopped: false }];
        }
        self.overlay = Some(Overlay::Leave);
        vec![Effect::DropTyped]
    }

    fn stop(&mut self, now: bool) -> Vec<Effect> {
        let text = if now { "stop now" } else { "stop after the running trials" };
        let effects = self.ask(Command::Stop { now }, text.into(), None);
        self.leaving = (!effects.is_empty()).then(|| self.last_id());
        effects
    }

    /// A key while something lies over the page. What is not put back is closed.
    fn over(&mut self, overlay: Overlay, key: Key) -> Vec<Effect> {
        let interrupt = key.ctrl && key.code == Code::Char('c');
        let closes = key.code == Code::Esc || interrupt;
        match overlay {
            Overlay::Leave => match key.code {
                Code::Char('c') if key.ctrl => return vec![Effect::Leave { stopped: false }],
                Code::Enter | Code::Char('q' | 'y') => return vec![Effect::Leave { stopped: false }],
                Code::Char('s') => return self.stop(false),
                Code::Char('S') => return self.stop(true),
                Code::Esc | Code::Char('n') => {}
                _ => self.overlay = Some(Overlay::Leave),
            },
            Overlay::Abort { generation, attempt, slot } => match key.code {
                _ if closes => {}
                Code::Char('y' | 'x') | Code::Enter => {
                    let command = Command::Abort { generation, requeue: false };
                    return self.ask(command, format!("abort gen {generation}"), None);
                }
                Code::Char('r') => {
                    let command = Command::Abort { generation, requeue: true };
                    return self.ask(command, format!("put gen {generation} back"), None);
                }
                Code::Char('n' | 'q') => {}
                _ => self.overlay = Some(Overlay::Abort { generation, attempt, slot }),
            },
            Overlay::Another { redo, why } => match key.code {
                _ if closes => {}
                Code::Char('y') | Code::Enter => return self.undo(redo, true),
                Code::Char('n' | 'q') => {}
                _ => self.overlay = Some(Overlay::Another { redo, why }),
            },
            Overlay::Help { scroll } => match key.code {
                _ if closes => {}
                Code::Char('q' | '?') | Code::Enter => {}
                Code::Down | Code::Char('j') => {
                    self.overlay = Some(Overlay::Help { scroll: (scroll + 1).min(500) });
                }
                Code::Up | Code::Char('k') => {
                    self.overlay = Some(Overlay::Help { scroll: scroll.saturating_sub(1) });
                }
                Code::PageDown | Code::Char(' ') => {
                    self.overlay = Some(Overlay::Help { scroll: (scroll + 10).min(500) });
                }
                Code::PageUp => self.overlay = Some(Overlay::Help { scroll: scroll.saturating_sub(10) }),
                _ => self.overlay = Some(Overlay::Help { scroll }),
            },
            Overlay::Knob { knob, value } => match key.code {
                _ if closes => {}
                Code::Char('q') => {}
                Code::Enter => return self.commit_knob(knob, value),
                Code::Up | Code::Right | Code::Char('k' | 'l' | '+' | '=') => {
                    self.overlay = Some(Overlay::Knob { knob, value: turn(knob, value, 1.0) });
                }
                Code::Down | Code::Left | Code::Char('j' | 'h' | '-') => {
                    self.overlay = Some(Overlay::Knob { knob, value: turn(knob, value, -1.0) });
                }
                _ => self.overlay = Some(Overlay::Knob { knob, value }),
            },
            Overlay::Strategy { cursor } => match key.code {
                _ if closes => {}
                Code::Char('q') => {}
                Code::Enter => return self.choose_strategy(cursor),
                Code::Down | Code::Char('j' | 'm') => {
                    self.overlay = Some(Overlay::Strategy { cursor: (cursor + 1) % choices().len() });
                }
                Code::Up | Code::Char('k') => {
                    let count = choices().len();
                    self.overlay = Some(Overlay::Strategy { cursor: (cursor + count - 1) % count });
                }
                _ => self.overlay = Some(Overlay::Strategy { cursor }),
            },
            _ if closes => self.close(overlay),
            Overlay::Edit(form) => return self.over_form(form, key),
            Overlay::Fitness { line, .. } => return self.over_fitness(line, key),
            Overlay::Command(line) => return self.over_command(line, key),
            Overlay::Filter { page, mut line, before } => {
                if key.code != Code::Enter {
                    line.key(key);
                    self.set_filter(page, line.text());
                    self.overlay = Some(Overlay::Filter { page, line, before });
                }
            }
        }
        Vec::new()
    }

    fn close(&mut self, overlay: Overlay) {
        if let Overlay::Filter { page, before, .. } = overlay {
            self.set_filter(page, before);
        }
    }

    fn over_form(&mut self, mut form: Box<EditForm>, key: Key) -> Vec<Effect> {
        if key.code != Code::Enter {
            form.key(key);
            self.overlay = Some(Overlay::Edit(form));
            return Vec::new();
        }
        let Some(state) = &self.state else { return Vec::new() };
        match form.edits(state) {
            Ok((edits, _)) if edits.is_empty() => Vec::new(),
            Ok((edits, revision)) => {
                let what: Vec<String> = edits.iter().map(crate::evolve::Edit::subject).collect();
                self.edits(edits, Some(revision), format!("set {}", what.join(", ")))
            }
            Err(why) => {
                form.error = Some(why);
                self.overlay = Some(Overlay::Edit(form));
                Vec::new()
            }
        }
    }

    fn over_fitness(&mut self, mut line: Line, key: Key) -> Vec<Effect> {
        if key.code != Code::Enter {
            line.key(key);
            self.overlay = Some(Overlay::Fitness { line, error: None });
            return Vec::new();
        }
        match steer::weights(&line.text()) {
            Ok(weights) => {
                let text = format!("fitness {}", line.text());
                self.edit(crate::evolve::Edit::Fitness(weights), text)
            }
            Err(why) => {
                self.overlay = Some(Overlay::Fitness { line, error: Some(why.to_string()) });
                Vec::new()
            }
        }
    }

    fn over_command(&mut self, mut c: CommandLine, key: Key) -> Vec<Effect> {
        c.error = None;
        if !matches!(key.code, Code::Tab | Code::BackTab) {
            c.completion = None;
        }
        match key.code {
            Code::Enter => return self.say(c),
            Code::Backspace if c.line.is_empty() => return Vec::new(),
            Code::Up => c.recall(&self.past, true),
            Code::Down => c.recall(&self.past, false),
            Code::Tab | Code::BackTab => {
                if let Some(state) = &self.state {
                    c.complete(state, key.code == Code::BackTab);
                }
            }
            _ => {
                c.line.key(key);
            }
        }
        self.overlay = Some(Overlay::Command(c));
        Vec::new()
    }

    /// A replay's own few words.
    fn say_to_replay(&mut self, mut c: CommandLine, text: &str) -> Vec<Effect> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let step = match words[..] {
            ["start"] => Some(ReplayStep::To(0.0)),
            ["end"] => Some(ReplayStep::To(1.0)),
            ["goto", generation] => generation.parse().ok().map(ReplayStep::ToGeneration),
            _ => None,
        };
        if let Some(step) = step {
            self.past.remember(text);
            return vec![Effect::Send(Request::Replay(step))];
        }
        c.error = Some(format!("{text} is not start, end or goto GENERATION: this is a replay"));
        self.overlay = Some(Overlay::Command(c));
        Vec::new()
    }

    /// Gives a line of the grammar to the session; one that is none stays, with the reason.
    fn say(&mut self, mut c: CommandLine) -> Vec<Effect> {
        let text = c.line.text().trim().to_owned();
        match text.as_str() {
            "" => return Vec::new(),
            "q" | "quit" => return self.ask_leave(),
            _ if self.replay.is_some() => return self.say_to_replay(c, &text),
            "help" => {
                self.overlay = Some(Overlay::Help { scroll: 0 });
                return Vec::new();
            }
            _ => {}
        }
        if !self.may_steer() {
            return Vec::new();
        }
        let Some(state) = &self.state else { return Vec::new() };
        match steer::parse(&text, state) {
            Ok(command) => {
                self.past.remember(&text);
                self.ask(command, text.clone(), Some(text))
            }
            Err(why) => {
                c.error = Some(why.to_string());
                self.overlay = Some(Overlay::Command(c));
                Vec::new()
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
