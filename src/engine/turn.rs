//! One turn: events to the disk, into the state, to the clients, and on to what follows by itself.

use std::collections::BTreeSet;

use super::output;
use super::start::{Engine, EngineError};
use crate::clean::clean;
use crate::clock;
use crate::journal::{Entry, Event, Mode, PauseWhy};
use crate::session::{Next, SlotHealth};
use crate::wire::FromSession;

impl Engine {
    /// Takes these events in, and everything that follows from them.
    ///
    /// # Errors
    /// Where the journal cannot be trusted any more. A full disk is no error: the events wait for space.
    pub fn turn(&mut self, events: Vec<Event>) -> Result<(), EngineError> {
        let mut events = events;
        loop {
            if events.is_empty() {
                events = self.follows();
            }
            if events.is_empty() || !self.write(std::mem::take(&mut events))? {
                break;
            }
        }
        self.settle();
        if let Some(error) = self.files.settle(&self.state) {
            self.notice(&error);
        }
        Ok(())
    }

    /// Journals what is news for a moment only: metrics after an epoch, a trainer's remark. Lost with the machine.
    pub fn note(&mut self, event: Event) {
        if !self.unwritten.is_empty() {
            return;
        }
        match self.journal.note(clock::now(), event) {
            Ok(entry) => self.apply(entry),
            Err(error) => self.notice(&format!("an epoch's metrics are not kept: {error}")),
        }
    }

    /// Writes the events, in one piece, and folds them in. Says whether they are on disk.
    fn write(&mut self, events: Vec<Event>) -> Result<bool, EngineError> {
        if !self.unwritten.is_empty() {
            self.unwritten.push((clock::now(), events));
            return Ok(false);
        }
        self.commit(clock::now(), events)
    }

    /// Commits the events as of `time` and folds them in, or has them wait. Says whether they are on disk.
    fn commit(&mut self, time: i64, events: Vec<Event>) -> Result<bool, EngineError> {
        match self.journal.commit(time, events.clone()) {
            Ok(entries) => {
                for entry in entries {
                    self.apply(entry);
                }
                Ok(true)
            }
            // What may or may not be on disk is read back before anything else is written.
            Err(error) if error.is_no_space() || self.journal.doubt().is_some() => {
                if self.unwritten.is_empty() {
                    self.notice(&format!("nothing can be written, the run waits: {error}"));
                }
                self.unwritten.push((time, events));
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Tries again to write what waits for space.
    ///
    /// # Errors
    /// As [`Engine::turn`].
    pub fn write_what_waits(&mut self) -> Result<(), EngineError> {
        if self.journal.doubt().is_some()
            && let Err(error) = self.journal.reopen()
        {
            self.notice(&format!("the journal cannot be read back yet: {error}"));
            return Ok(());
        }
        let mut waiting = std::mem::take(&mut self.unwritten).into_iter();
        for (time, events) in waiting.by_ref() {
            if !self.commit(time, events)? {
                break;
            }
        }
        self.unwritten.extend(waiting);
        if self.unwritten.is_empty() {
            self.notice("what waited is on disk: the run goes on");
            self.turn(Vec::new())?;
        }
        Ok(())
    }

    fn apply(&mut self, entry: Entry) {
        self.state.apply(&entry);
        if let Some(line) = self.state.log.back().filter(|line| line.seq == entry.seq) {
            super::output::print(line);
        }
        self.hooks.see(&entry, &self.state);
        self.broadcast(&FromSession::Entry { entry: Box::new(entry) });
    }

    /// Tells every client. Nothing is encoded where there is none.
    pub fn broadcast(&self, message: &FromSession) {
        if self.news.receiver_count() > 0
            && let Ok(frame) = crate::wire::encode(message)
        {
            let _ = self.news.send(frame);
        }
    }

    /// Something to say that the journal cannot hold.
    pub fn notice(&self, text: &str) {
        let text = clean(text);
        output::warn(&text);
        self.broadcast(&FromSession::Notice { text });
    }

    /// What follows from the state by itself: slots come back, free slots are given trials, new trials are proposed.
    fn follows(&mut self) -> Vec<Event> {
        if !self.unwritten.is_empty() {
            return Vec::new();
        }
        if let Some(stopping) = &self.stopping {
            return if stopping.now { self.given_up() } else { Vec::new() };
        }
        let slots = self.slots_follow();
        if !slots.is_empty() {
            return slots;
        }
        let well: Vec<String> = self
            .state
            .slots
            .iter()
            .filter(|(name, slot)| slot.health == SlotHealth::Well && !self.stations.is_busy(name))
            .map(|(name, _)| name.clone())
            .collect();
        for name in well {
            let taken: BTreeSet<u64> = self.stations.taken();
            match self.state.next_for(&name, &taken) {
                Next::First(events) => return events,
                Next::Wait(_) => {}
                Next::Start(generation) => {
                    if self.no_time_for_another() {
                        self.stop("the time limit leaves no room for another trial", false);
                        return Vec::new();
                    }
                    if let Err(events) = self.begin(&name, generation) {
                        return events;
                    }
                }
            }
        }
        Vec::new()
    }

    /// Quarantined slots whose time has come take trials again; a run without a slot is held until one does.
    fn slots_follow(&self) -> Vec<Event> {
        let now = clock::now();
        let mut events = Vec::new();
        let mut well = false;
        for (name, slot) in &self.state.slots {
            match &slot.health {
                SlotHealth::Quarantined { retry_at, .. } if *retry_at <= now => {
                    events.push(Event::SlotHealed { slot: name.clone() });
                    well = true;
                }
                SlotHealth::Well => well = true,
                SlotHealth::Quarantined { .. } | SlotHealth::Leaving => {}
            }
        }
        match &self.state.mode {
            Mode::Paused(PauseWhy::NoSlot) if well => {
                events.push(Event::Mode { mode: Mode::Running, who: None });
            }
            Mode::Running if !well => {
                events.push(Event::Mode { mode: Mode::Paused(PauseWhy::NoSlot), who: None });
            }
            _ => {}
        }
        events
    }
}
