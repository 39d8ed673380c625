//! News: what the session tells goes into the model, and what refers to it is brought into line.

use super::link::{Effect, News};
use super::model::{Connection, Model};
use super::overlay::Overlay;
use crate::journal::{Entry, Event};
use crate::runner::Figures;
use crate::session::{Command, State};

impl Model {
    /// Takes news in.
    pub fn news(&mut self, news: News, now: i64) -> Vec<Effect> {
        self.tick(now);
        // Another try that failed is no news.
        if matches!((&news, &self.connection), (News::Lost { .. }, Connection::Lost { .. })) {
            return Vec::new();
        }
        self.changes += 1;
        let mut effects = Vec::new();
        match news {
            News::Connected { read_only, dir, demo } => {
                if matches!(self.connection, Connection::Lost { .. }) {
                    self.toasts.say("connected again".into(), now);
                }
                (self.connection, self.tailing) = (Connection::Connected, None);
                (self.read_only, self.dir, self.demo) = (read_only, dir, demo);
            }
            News::Tailing { host, dir } => {
                (self.connection, self.tailing) = (Connection::Connected, Some(host));
                (self.read_only, self.dir, self.demo) = (true, dir, false);
            }
            News::Lost { why } => {
                self.connection = Connection::Lost { why, since: now };
                self.pending.clear();
                self.figures = Figures::default();
                if self.leaving.take().is_some() {
                    effects.push(Effect::Leave { stopped: true });
                }
            }
            News::Snapshot(state) => {
                self.live.keep(&state);
                self.state = Some(state);
                self.rewrites += 1;
            }
            News::Entry(entry) => self.entry(&entry),
            News::Progress { generation, progress } => {
                if self.state.as_ref().is_some_and(|s| s.running.contains_key(&generation)) {
                    self.live.progress(generation, progress, now);
                }
            }
            News::Figures(figures) => self.figures = figures,
            News::Answer { id, result } => self.answer(id, result, &mut effects),
            News::Notice { text } => self.toasts.error(text, now),
            News::Replay(at) => self.replay = Some(at),
        }
        self.after_news();
        effects.extend(self.wants());
        effects
    }

    fn entry(&mut self, entry: &Entry) {
        let Some(state) = &mut self.state else {
            if let Event::Created(created) = &entry.event {
                self.state = Some(Box::new(State::new(created, entry.time)));
            }
            return;
        };
        state.apply(entry);
        match &entry.event {
            Event::Started(a) => self.live.forget(a.generation),
            Event::Ended { .. } | Event::Requeued { .. } | Event::Opened(_) => self.live.keep(state),
            Event::Excluded { .. } | Event::Imported(_) => self.rewrites += 1,
            Event::Steered(s) if s.edits.iter().any(|e| e.subject() == "fitness") => self.rewrites += 1,
            _ => {}
        }
    }

    fn answer(&mut self, id: u64, result: Result<String, String>, effects: &mut Vec<Effect>) {
        let asked = self.pending.iter().position(|p| p.id == id).map(|at| self.pending.remove(at));
        let leaving = self.leaving == Some(id);
        match result {
            Ok(text) => {
                if leaving {
                    effects.push(Effect::Leave { stopped: true });
                }
                if !text.is_empty() {
                    self.toasts.say(text, self.now);
                }
            }
            Err(why) => {
                if leaving {
                    self.leaving = None;
                }
                let redo = match asked.map(|p| p.command) {
                    Some(Command::Undo { confirmed: false }) => Some(false),
                    Some(Command::Redo { confirmed: false }) => Some(true),
                    _ => None,
                };
                let another = redo.zip(self.state.as_ref()).filter(|(redo, state)| {
                    if *redo { state.undo.next().is_some() } else { state.undo.last().is_some() }
                });
                match another {
                    Some((redo, state)) if self.overlay.is_none() => {
                        self.overlay = Some(Overlay::Another { redo, why, revision: state.revision });
                        effects.push(Effect::DropTyped);
                    }
                    _ => self.toasts.error(why, self.now),
                }
            }
        }
    }

    /// Brings everything that refers to the state into line with it.
    fn after_news(&mut self) {
        self.project();
        let Some(state) = &self.state else { return };
        if self.overlay.as_ref().is_some_and(|overlay| overlay.is_over(state)) {
            let why = match self.overlay.take() {
                Some(Overlay::Abort { generation, .. }) => {
                    format!("gen {generation} has ended: nothing is left to abort")
                }
                _ => "the settings have changed meanwhile: nothing was asked".to_owned(),
            };
            self.toasts.say(why, self.now);
            self.closed_at = Some(self.now);
        }
        self.log.follow(state);
        self.history.follow(state, self.rewrites);
        self.columns.follow(state, self.rewrites);
        self.insight.follow(state, self.rewrites);
    }
}
