//! `decide`: what a person asks for, as events, or why it is refused. Nothing changes here.

use super::undo::Step;
use super::{Command, Draft, Refused, Running, SlotHealth, State, log};
use crate::evolve::{Edit, EditError};
use crate::journal::{Event, Mode, PauseWhy, Proposed, SlotSpec, SteerKind, Steered, Who};
use crate::trial::{End, Origin, Trial};

impl State {
    /// The events that a command means here and now.
    ///
    /// # Errors
    /// Where it is refused; the text says why and what to do instead.
    pub fn decide(&self, command: &Command, who: &Who) -> Result<Vec<Event>, Refused> {
        match command {
            Command::Edit { edits, revision } => self.edit(edits, *revision, who),
            Command::Undo { confirmed } => self.undo(*confirmed, who),
            Command::Redo { confirmed } => self.redo(*confirmed, who),
            Command::Pause => self.pause(who),
            Command::Resume => self.resume(who),
            Command::Freeze { generation } => self.freeze(*generation, who),
            Command::Thaw { generation } => self.thaw(*generation, who),
            Command::Abort { generation, requeue } => self.abort(*generation, *requeue, who),
            Command::Enqueue { values, base } => self.enqueue(values, *base, who),
            Command::Repeat { generation } => self.repeat(*generation, who),
            Command::Exclude { first, last } => self.exclude(*first, *last, true, who),
            Command::Include { first, last } => self.exclude(*first, *last, false, who),
            Command::ChangeSlots { added, removed } => self.change_slots(added, removed, who),
            Command::Stop { now } => {
                let text = if *now {
                    format!("stopping now, by {}: running trials start again on resume", who.user)
                } else {
                    format!("stopping after the running trials, by {}", who.user)
                };
                Ok(vec![Event::Note { text }])
            }
        }
    }

    fn edit(&self, edits: &[Edit], seen: u32, who: &Who) -> Result<Vec<Event>, Refused> {
        for edit in edits {
            self.not_stale(edit, seen, who)?;
            self.metrics_known(edit)?;
        }
        let (edits, inverse) = self.tried(edits)?;
        if edits.is_empty() {
            return Ok(Vec::new());
        }
        Ok(vec![self.steering(SteerKind::Edit, edits, inverse, who)])
    }

    fn undo(&self, confirmed: bool, who: &Who) -> Result<Vec<Event>, Refused> {
        let step = self.undo.last().ok_or(Refused::Nothing { what: "undo" })?;
        self.own(step, "undo ! takes it back", confirmed, who)?;
        let (edits, inverse) = self.tried_or_skipped(&step.inverse);
        Ok(vec![self.steering(SteerKind::Undo, edits, inverse, who)])
    }

    fn redo(&self, confirmed: bool, who: &Who) -> Result<Vec<Event>, Refused> {
        let step = self.undo.next().ok_or(Refused::Nothing { what: "redo" })?;
        self.own(step, "redo ! makes it again", confirmed, who)?;
        let (edits, inverse) = self.tried_or_skipped(&step.edits);
        Ok(vec![self.steering(SteerKind::Redo, edits, inverse, who)])
    }

    fn steering(&self, kind: SteerKind, edits: Vec<Edit>, inverse: Vec<Edit>, who: &Who) -> Event {
        let (revision, from) = (self.revision + 1, self.next_proposal());
        Event::Steered(Steered { revision, edits, inverse, kind, who: who.clone(), from })
    }

    /// Another's change is taken back, or made again, only when that is confirmed.
    fn own(&self, step: &Step, remedy: &'static str, confirmed: bool, who: &Who) -> Result<(), Refused> {
        let by = &step.who;
        if confirmed || (by.user == who.user && by.tty == who.tty) {
            return Ok(());
        }
        Err(Refused::Another { by: by.name(), what: log::changes(self, &step.edits, &step.inverse), remedy })
    }

    /// The edits that change something, and the edits that take them back, in the order to apply them.
    fn tried(&self, edits: &[Edit]) -> Result<(Vec<Edit>, Vec<Edit>), EditError> {
        let mut draft = Draft::of(self);
        let (mut changed, mut inverse) = (Vec::new(), Vec::new());
        for edit in edits {
            let back = draft.apply(edit)?;
            if back != *edit {
                changed.push(edit.clone());
                inverse.insert(0, back);
            }
        }
        Ok((changed, inverse))
    }

    /// As [`State::tried`], leaving out what is refused by now: undo never gets stuck on a step.
    fn tried_or_skipped(&self, edits: &[Edit]) -> (Vec<Edit>, Vec<Edit>) {
        let mut draft = Draft::of(self);
        let (mut done, mut inverse) = (Vec::new(), Vec::new());
        for edit in edits {
            if let Ok(back) = draft.apply(edit) {
                done.push(edit.clone());
                inverse.insert(0, back);
            }
        }
        (done, inverse)
    }

    /// Refuses an edit of something that somebody else changed after `seen`.
    fn not_stale(&self, edit: &Edit, seen: u32, who: &Who) -> Result<(), Refused> {
        match self.touched.get(&edit.subject()) {
            Some((revision, by)) if *revision > seen && by != who => {
                Err(Refused::Stale { subject: edit.subject(), by: by.name(), now: self.present(edit) })
            }
            _ => Ok(()),
        }
    }

    /// The present value of what an edit changes, in words.
    fn present(&self, edit: &Edit) -> String {
        let back = Draft::of(self).apply(edit);
        back.map_or_else(|_| "the same".into(), |back| log::value(self, &back))
    }

    /// A weight for a metric that no trial reports would leave every trial without a fitness.
    fn metrics_known(&self, edit: &Edit) -> Result<(), EditError> {
        let Edit::Fitness(weights) = edit else { return Ok(()) };
        let missing = weights.0.iter().find(|(name, w)| **w != 0.0 && !self.metrics.contains(name));
        match missing {
            Some((name, _)) if !self.metrics.is_empty() => {
                Err(EditError::NoMetric { name: name.clone(), known: self.metrics.join(", ") })
            }
            _ => Ok(()),
        }
    }

    fn pause(&self, who: &Who) -> Result<Vec<Event>, Refused> {
        if self.mode != Mode::Running {
            return Err(Refused::Nothing { what: "pause: nothing new starts already" });
        }
        Ok(vec![Event::Mode { mode: Mode::Paused(PauseWhy::Person), who: Some(who.clone()) }])
    }

    fn resume(&self, who: &Who) -> Result<Vec<Event>, Refused> {
        // A paused run goes on; trials that are held stay so, unless nothing could go on without them.
        let thaws = self.mode == Mode::Running || self.stands_held();
        let mut events = if thaws { self.set_frozen(None, false, who) } else { Vec::new() };
        if self.mode != Mode::Running {
            events.push(Event::Mode { mode: Mode::Running, who: Some(who.clone()) });
        }
        if events.is_empty() {
            Err(Refused::Nothing { what: "resume: the run goes on already" })
        } else {
            Ok(events)
        }
    }

    fn freeze(&self, generation: Option<u64>, who: &Who) -> Result<Vec<Event>, Refused> {
        if let Some(generation) = generation {
            self.running(generation)?;
        }
        let mut events = self.set_frozen(generation, true, who);
        if generation.is_none() && self.mode == Mode::Running {
            events.push(Event::Mode { mode: Mode::Paused(PauseWhy::Person), who: Some(who.clone()) });
        }
        if events.is_empty() { Err(Refused::Nothing { what: "freeze" }) } else { Ok(events) }
    }

    fn thaw(&self, generation: Option<u64>, who: &Who) -> Result<Vec<Event>, Refused> {
        if let Some(generation) = generation {
            self.running(generation)?;
        }
        let mut events = self.set_frozen(generation, false, who);
        if generation.is_none() && self.mode != Mode::Running && !events.is_empty() {
            events.push(Event::Mode { mode: Mode::Running, who: Some(who.clone()) });
        }
        if events.is_empty() { Err(Refused::Nothing { what: "thaw" }) } else { Ok(events) }
    }

    /// The events that freeze or thaw one running trial, or all of them.
    fn set_frozen(&self, generation: Option<u64>, frozen: bool, who: &Who) -> Vec<Event> {
        let chosen = |g: &u64| generation.is_none_or(|wanted| wanted == *g);
        self.running
            .iter()
            .filter(|(g, r)| chosen(g) && r.frozen_since.is_some() != frozen)
            .map(|(g, _)| Event::Frozen { generation: *g, frozen, who: Some(who.clone()) })
            .collect()
    }

    fn abort(&self, generation: u64, requeue: bool, who: &Who) -> Result<Vec<Event>, Refused> {
        let attempt = match self.running(generation) {
            Ok(running) => running.attempt,
            // One that waits for a slot can be taken out of the queue, but not be put back.
            Err(_) if self.queue.contains(&generation) && !requeue => 0,
            Err(refused) => return Err(refused),
        };
        Ok(vec![if requeue {
            let detail = format!("put back by {}", who.user);
            Event::Requeued {
                generation,
                attempt,
                class: None,
                detail,
                counts: false,
                who: Some(who.clone()),
            }
        } else {
            let metrics = self.running.get(&generation).and_then(|r| r.epochs_done.last().cloned());
            Event::Ended {
                generation,
                end: End::Aborted,
                metrics: metrics.unwrap_or_default(),
                who: Some(who.clone()),
            }
        }])
    }

    fn enqueue(
        &self,
        values: &indexmap::IndexMap<String, f64>,
        base: Option<u64>,
        who: &Who,
    ) -> Result<Vec<Event>, Refused> {
        let mut genes = match base {
            Some(generation) => self.whole_genes(self.trial(generation)?),
            None => self.space.start(),
        };
        for (name, value) in values {
            let pinned_to = Edit::Pin { param: name.clone(), at: Some(*value) };
            pinned_to.check(&self.space, &self.settings)?;
            if let Some(i) = self.space.index(name) {
                genes[i] = *value;
            }
        }
        Ok(vec![self.hand_made(Origin::Hand, genes, None, self.trial_seed, who)])
    }

    fn repeat(&self, generation: u64, who: &Who) -> Result<Vec<Event>, Refused> {
        let (genes, candidate, seed) = self.again(self.trial(generation)?);
        Ok(vec![self.hand_made(Origin::Repeat, genes, Some(candidate), seed, who)])
    }

    fn hand_made(
        &self,
        origin: Origin,
        genes: Box<[f64]>,
        candidate: Option<u64>,
        seed: u64,
        who: &Who,
    ) -> Event {
        Event::Proposed(Proposed {
            generation: self.history.next_generation(),
            candidate,
            origin,
            seed,
            revision: self.revision,
            settings: self.settings_digest(),
            genes,
            parents: Box::default(),
            changes: Box::default(),
            round: None,
            who: Some(who.clone()),
        })
    }

    fn exclude(
        &self,
        first: u64,
        last: Option<u64>,
        excluded: bool,
        who: &Who,
    ) -> Result<Vec<Event>, Refused> {
        self.trial(first)?;
        let last = match last {
            Some(last) => self.trial(last).map(|t| t.generation)?,
            None => self.history.next_generation() - 1,
        };
        let differs = (first..=last).filter_map(|g| self.history.get(g)).any(|t| t.excluded != excluded);
        let what = if excluded { "exclude" } else { "include" };
        if !differs {
            return Err(Refused::Nothing { what });
        }
        Ok(vec![Event::Excluded { first, last, excluded, who: Some(who.clone()) }])
    }

    fn change_slots(&self, added: &[SlotSpec], removed: &[String], who: &Who) -> Result<Vec<Event>, Refused> {
        if let Some(there) = added.iter().find(|slot| self.slots.contains_key(&slot.name)) {
            return Err(Refused::SlotExists { name: there.name.clone(), free: self.next_share(&there.name) });
        }
        let staying = |name: &String| self.slots.get(name).is_some_and(|s| s.health != SlotHealth::Leaving);
        if let Some(unknown) = removed.iter().find(|name| !staying(name)) {
            let known: Vec<&str> = self.slots.keys().map(String::as_str).collect();
            return Err(Refused::NoSlot { name: unknown.clone(), known: known.join(", ") });
        }
        let kept = self.slots.keys().filter(|name| staying(name) && !removed.contains(name)).count();
        if kept + added.len() == 0 {
            return Err(Refused::LastSlot);
        }
        let who = Some(who.clone());
        let adding = added.iter().map(|slot| Event::SlotAdded { slot: slot.clone(), who: who.clone() });
        let removing = removed.iter().map(|slot| Event::SlotRemoved { slot: slot.clone(), who: who.clone() });
        Ok(adding.chain(removing).collect())
    }

    /// A name for another slot on the device of this one.
    fn next_share(&self, slot: &str) -> String {
        let device = slot.split_once('#').map_or(slot, |(device, _)| device);
        let mut names = (2..).map(|share: usize| format!("{device}#{share}"));
        names.find(|name| !self.slots.contains_key(name)).unwrap_or_default()
    }

    fn trial(&self, generation: u64) -> Result<&Trial, Refused> {
        let last = self.history.next_generation().saturating_sub(1);
        self.history.get(generation).map(AsRef::as_ref).ok_or(Refused::NoTrial { generation, last })
    }

    fn running(&self, generation: u64) -> Result<&Running, Refused> {
        let trial = self.trial(generation)?;
        self.running.get(&generation).ok_or_else(|| Refused::NotRunning {
            generation,
            state: trial
                .end
                .as_ref()
                .map_or("it waits for a slot".into(), |end| format!("it has {}", end.word())),
        })
    }
}
