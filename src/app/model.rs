//! The model: everything the screen shows, fed with news and input. No drawing, no sockets, no clock of its own.

use std::path::PathBuf;

use jiff::tz::TimeZone;

use super::columns::Columns;
use super::command_line::Past;
use super::density::DensityView;
use super::history::HistoryView;
use super::insight::Insight;
use super::keymap::Keymap;
use super::link::{Effect, ReplayAt, Request};
use super::live::LiveTrials;
use super::log::LogView;
use super::overlay::Overlay;
use super::params::ParamTable;
use super::pending::{Pending, projected};
use super::toast::Toasts;
use crate::evolve::{NextValues, Settings};
use crate::runner::Figures;
use crate::session::{Command, Running, State};
use crate::space::Space;

/// The four pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Page {
    Live,
    Density,
    History,
    Log,
}

impl Page {
    pub const ALL: [Self; 4] = [Self::Live, Self::Density, Self::History, Self::Log];

    pub fn name(self) -> &'static str {
        match self {
            Self::Live => "Live",
            Self::Density => "Density",
            Self::History => "History",
            Self::Log => "Log",
        }
    }
}

/// What the model is made with.
#[derive(Debug, Clone)]
pub struct Options {
    pub keymap: Keymap,
    /// Said once at the start: a bad keys or theme file.
    pub warnings: Vec<String>,
    /// For times of day.
    pub zone: TimeZone,
    /// Where hyp files are saved.
    pub save_to: PathBuf,
    /// The mouse is wanted from the start.
    pub mouse: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            keymap: Keymap::default(),
            warnings: Vec::new(),
            zone: TimeZone::UTC,
            save_to: PathBuf::from("."),
            mouse: false,
        }
    }
}

/// How the screen and the session are connected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Connection {
    Connecting,
    Connected,
    Lost { why: String, since: i64 },
}

/// Space, settings and next-only values as they will be once the pending edits are accepted.
#[derive(Debug, Clone)]
struct Projection(Space, Settings, NextValues);

/// What the screen shows.
#[derive(Debug)]
pub struct Model {
    pub keymap: Keymap,
    pub zone: TimeZone,
    pub save_to: PathBuf,
    pub connection: Connection,
    pub read_only: bool,
    /// The host whose journal is followed, where the session itself cannot be reached.
    pub tailing: Option<String>,
    pub demo: bool,
    /// The mouse is ours, not the terminal's.
    pub mouse: bool,
    pub dir: PathBuf,
    pub state: Option<Box<State>>,
    pub live: LiveTrials,
    /// What charts are made from.
    pub columns: Columns,
    /// Which parameters mattered.
    pub insight: Insight,
    /// What devices and trainers do, as far as the session tells.
    pub figures: Figures,
    pub replay: Option<ReplayAt>,

    pub now: i64,
    pub size: (u16, u16),
    pub page: Page,
    pub params: ParamTable,
    pub density: DensityView,
    pub history: HistoryView,
    pub log: LogView,
    /// The name of the selected slot; the first one where there is none of that name.
    pub slot: Option<String>,
    pub overlay: Option<Overlay>,
    pub past: Past,
    pub toasts: Toasts,
    pub pending: Vec<Pending>,
    projection: Option<Box<Projection>>,
    /// Raised by everything that can be seen.
    pub changes: u64,
    /// Raised when fitness or genes that were there before changed: rescored, excluded, another session.
    pub rewrites: u64,
    next_id: u64,
    /// When a question closed itself: its answer may be on the way.
    pub(super) closed_at: Option<i64>,
    /// A stop that was asked for while leaving.
    pub(super) leaving: Option<u64>,
}

impl Model {
    /// A model that knows nothing yet.
    pub fn new(options: Options, now: i64) -> Self {
        let mut toasts = Toasts::default();
        for warning in options.warnings {
            toasts.error(warning, now);
        }
        Self {
            keymap: options.keymap,
            zone: options.zone,
            save_to: options.save_to,
            connection: Connection::Connecting,
            read_only: false,
            tailing: None,
            demo: false,
            mouse: options.mouse,
            dir: PathBuf::new(),
            state: None,
            live: LiveTrials::default(),
            columns: Columns::default(),
            insight: Insight::default(),
            figures: Figures::default(),
            replay: None,
            now,
            size: (80, 24),
            page: Page::Live,
            params: ParamTable::default(),
            density: DensityView::default(),
            history: HistoryView::default(),
            log: LogView::default(),
            slot: None,
            overlay: None,
            past: Past::default(),
            toasts,
            pending: Vec::new(),
            projection: None,
            changes: 0,
            rewrites: 0,
            next_id: 1,
            closed_at: None,
            leaving: None,
        }
    }

    pub(super) fn project(&mut self) {
        self.projection = self.state.as_ref().filter(|_| !self.pending.is_empty()).map(|state| {
            let mut p = Projection(state.space.clone(), state.settings.clone(), state.next.clone());
            projected(&self.pending, &mut p.0, &mut p.1, &mut p.2);
            Box::new(p)
        });
    }

    /// The time that is shown: a replay's own, else the real one. It stands still while nobody knows what goes on.
    pub fn clock(&self) -> i64 {
        match (self.replay, &self.connection) {
            (Some(replay), _) => replay.time,
            (None, Connection::Lost { since, .. }) => *since,
            (None, _) => self.now,
        }
    }

    /// Milliseconds that a process had the session open, as far as is known.
    pub fn open_for(&self, state: &State) -> i64 {
        let until = if state.open.is_some() && self.replay.is_none() { self.clock() } else { state.time };
        until - state.created_at - state.closed_for
    }

    /// What the passing of time makes worth doing: looking at a raw log again.
    pub fn wants(&mut self) -> Vec<Effect> {
        self.log.now = self.now;
        self.log.wants(&self.dir, self.state.as_deref(), self.page).into_iter().collect()
    }

    /// Moves the clock; whether anything to be seen changed by it.
    pub fn tick(&mut self, now: i64) -> bool {
        let second = now.div_euclid(1000) != self.now.div_euclid(1000);
        self.now = now;
        let expired = self.toasts.expire(now);
        let seen = expired || (second && self.clock_runs());
        self.changes += u64::from(seen);
        seen
    }

    fn clock_runs(&self) -> bool {
        let lost = matches!(self.connection, Connection::Lost { .. });
        // Where nothing is known yet it is said for how long.
        let Some(state) = &self.state else { return lost };
        !lost && state.running.values().any(|r| r.frozen_since.is_none())
    }

    /// When the screen changes by itself next; none if only news or input changes it.
    pub fn wakes_at(&self) -> Option<i64> {
        let second = self.clock_runs().then(|| (self.now.div_euclid(1000) + 1) * 1000);
        [second, self.toasts.next(), self.log.wakes_at(self.page)].into_iter().flatten().min()
    }

    /// Asks the session for something; it shows as pending until the answer comes.
    pub(super) fn ask(&mut self, command: Command, text: String, line: Option<String>) -> Vec<Effect> {
        if self.connection != Connection::Connected {
            self.toasts.error("not connected: nothing was changed".into(), self.now);
            return Vec::new();
        }
        let id = self.next_id;
        self.next_id += 1;
        self.pending.push(Pending { id, command: command.clone(), text });
        self.project();
        vec![Effect::Send(match line {
            Some(line) => Request::Say { id, line },
            None => Request::Do { id, command },
        })]
    }

    /// The id of the request made last.
    pub(super) fn last_id(&self) -> u64 {
        self.next_id - 1
    }

    /// The space as it will be once the pending edits are accepted.
    pub fn space(&self) -> Option<&Space> {
        self.projection.as_ref().map(|p| &p.0).or_else(|| self.state.as_ref().map(|s| &s.space))
    }

    /// The settings as they will be once the pending edits are accepted.
    pub fn settings(&self) -> Option<&Settings> {
        self.projection.as_ref().map(|p| &p.1).or_else(|| self.state.as_ref().map(|s| &s.settings))
    }

    /// The next-only values as they will be once the pending edits are accepted.
    pub fn next_values(&self) -> Option<&NextValues> {
        self.projection.as_ref().map(|p| &p.2).or_else(|| self.state.as_ref().map(|s| &s.next))
    }

    /// Whether an edit of this subject is pending.
    pub fn is_pending(&self, subject: &str) -> bool {
        self.pending.iter().flat_map(super::pending::edits).any(|edit| edit.subject() == subject)
    }

    /// Where the selected slot stands.
    pub fn slot_index(&self) -> usize {
        let slots = self.state.as_ref().map(|s| &s.slots);
        slots.zip(self.slot.as_ref()).and_then(|(slots, name)| slots.get_index_of(name)).unwrap_or(0)
    }

    /// The selected slot's name.
    pub fn selected_slot(&self) -> Option<&str> {
        let state = self.state.as_ref()?;
        state.slots.get_index(self.slot_index()).map(|(name, _)| name.as_str())
    }

    /// What runs on the selected slot; on a run without slots, what runs at all.
    pub fn selected_trial(&self) -> Option<(u64, &Running)> {
        let state = self.state.as_ref()?;
        let slot = self.selected_slot();
        let on = |r: &&Running| slot.is_none_or(|slot| r.slot == slot);
        state.running.iter().find(|(_, r)| on(r)).map(|(g, r)| (*g, r))
    }

    /// The trial whose values stand in the table: the selected slot's, else the last one that was proposed.
    pub fn shown_trial(&self) -> Option<u64> {
        let state = self.state.as_ref()?;
        self.selected_trial().map(|(g, _)| g).or_else(|| state.history.next_generation().checked_sub(1))
    }
}
