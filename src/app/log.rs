//! Where the page Log stands: the events, or the raw log of a slot's trial.

use std::path::{Path, PathBuf};

use super::link::Effect;
use super::measure::{fold, wrap};
use super::model::Page;
use crate::session::State;

/// Lines of a raw log that are kept.
const LINES: usize = 20_000;
/// Milliseconds between two looks at a raw log that grows, and at one that nothing was in yet.
const LOOK_MS: i64 = 500;
const LOOK_EMPTY_MS: i64 = 150;
/// Columns in front of an event's text: its time.
pub const INDENT: u16 = 17;

/// What is shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Source {
    #[default]
    Events,
    /// The log of the trial that runs, or ran last, on this slot.
    Slot(String),
}

/// The page's state.
#[derive(Debug, Clone, Default)]
pub struct LogView {
    pub source: Source,
    /// Lines between the end of the log and the last one shown; 0 follows.
    pub back: usize,
    pub search: String,
    /// The line the last search stopped at.
    pub found: Option<usize>,
    pub raw: Raw,
    pub now: i64,
    /// The newest event that was there, and how many lines.
    seen: (u64, usize),
}

/// A raw log as far as it was read.
#[derive(Debug, Clone, Default)]
pub struct Raw {
    slot: String,
    pub path: PathBuf,
    pub title: String,
    pub lines: Vec<String>,
    /// The end of the last line was not there yet.
    open_line: bool,
    read: u64,
    asked_at: Option<i64>,
    /// It was looked into; what is empty is not yet known to be before.
    pub looked: bool,
    /// Its trial runs: more may come.
    grows: bool,
    pub error: Option<String>,
}

impl LogView {
    /// The next slot's raw log; after the last one the events.
    pub fn next_source(&mut self, state: &State) {
        let names: Vec<&String> = state.slots.keys().collect();
        self.source = match &self.source {
            Source::Events => names.first().map_or(Source::Events, |n| Source::Slot((*n).clone())),
            Source::Slot(name) => {
                let at = names.iter().position(|n| *n == name).unwrap_or(names.len());
                names.get(at + 1).map_or(Source::Events, |n| Source::Slot((*n).clone()))
            }
        };
        (self.back, self.found) = (0, None);
    }

    /// Brings what is held into line with the state: it stays where it is as events come, and as the oldest go.
    pub fn follow(&mut self, state: &State) {
        let newest = state.log.back().map_or(0, |line| line.seq);
        let (before, count) = std::mem::replace(&mut self.seen, (newest, state.log.len()));
        if self.source != Source::Events {
            return;
        }
        if newest < before {
            (self.back, self.found) = (0, None);
            return;
        }
        let grown = state.log.iter().rev().take_while(|line| line.seq > before).count();
        self.moved(grown, (count + grown).saturating_sub(state.log.len()), state.log.len());
    }

    /// So many lines came at the end, so many went at the beginning, and so many are there now.
    fn moved(&mut self, grown: usize, gone: usize, count: usize) {
        if self.back > 0 {
            self.back = (self.back + grown).min(count.saturating_sub(1));
        }
        self.found = self.found.and_then(|at| at.checked_sub(gone));
    }

    /// The file to read on, if it is time to look.
    pub fn wants(&mut self, dir: &Path, state: Option<&State>, page: Page) -> Option<Effect> {
        let (Source::Slot(slot), Some(state), Page::Log) = (&self.source, state, page) else { return None };
        let generation = running_or_last(state, slot)?;
        let attempt = state.history.get(generation)?.attempts.max(1);
        let path = path(dir, generation, attempt);
        // What somebody reads does not turn into the next trial's log under their eyes; following does.
        let held = self.back > 0 && self.raw.slot == *slot;
        if self.raw.path != path && !held {
            let title = format!("{slot}: gen {generation}, attempt {attempt}");
            self.raw = Raw { slot: slot.clone(), path: path.clone(), title, ..Raw::default() };
            (self.back, self.found) = (0, None);
        }
        self.raw.grows = state.running.contains_key(&generation) && self.raw.path == path;
        if self.raw.asked_at.is_some_and(|at| self.now < at + self.raw.pause()) {
            return None;
        }
        self.raw.asked_at = Some(self.now);
        Some(Effect::ReadLog { path: self.raw.path.clone(), from: self.raw.read })
    }

    /// When a raw log that grows is to be looked into again.
    pub fn wakes_at(&self, page: Page) -> Option<i64> {
        let follows = page == Page::Log && self.source != Source::Events && self.raw.grows;
        self.raw.asked_at.filter(|_| follows).map(|at| at + self.raw.pause())
    }

    /// Takes in what was read of a raw log; true if anything to be seen changed.
    pub fn read(&mut self, path: &Path, from: u64, bytes: Result<Vec<u8>, String>) -> bool {
        if self.raw.path != path || self.raw.read != from {
            return false;
        }
        let first = !std::mem::replace(&mut self.raw.looked, true);
        match bytes {
            Err(why) => {
                let changed = self.raw.error.as_ref() != Some(&why);
                self.raw.error = Some(why);
                changed || first
            }
            Ok(bytes) => {
                let (grown, gone) = self.raw.add(&bytes);
                self.moved(grown, gone, self.raw.lines.len());
                first || grown > 0 || !bytes.is_empty()
            }
        }
    }

    /// The lines there are.
    pub fn len(&self, state: &State) -> usize {
        match self.source {
            Source::Events => state.log.len(),
            Source::Slot(_) => self.raw.lines.len(),
        }
    }

    /// A line's text.
    pub fn line<'a>(&'a self, at: usize, state: &'a State) -> Option<&'a str> {
        match self.source {
            Source::Events => state.log.get(at).map(|l| l.text.as_str()),
            Source::Slot(_) => self.raw.lines.get(at).map(String::as_str),
        }
    }

    /// Goes to the next line with the search's text in it, back or forth, round the end.
    pub fn find(&mut self, forth: bool, state: &State, size: (u16, u16)) -> bool {
        let count = self.len(state);
        let wanted = self.search.to_lowercase();
        if wanted.is_empty() || count == 0 {
            return false;
        }
        let start = self.found.unwrap_or_else(|| count.saturating_sub(self.back + 1));
        let step = |i: usize| if forth { (start + i) % count } else { (start + count - i % count) % count };
        let hit = (1..=count)
            .map(step)
            .find(|i| self.line(*i, state).is_some_and(|l| l.to_lowercase().contains(&wanted)));
        if let Some(hit) = hit {
            self.found = Some(hit);
            self.back = (count - hit - 1).min(self.most_back(state, size));
        }
        hit.is_some()
    }

    /// How many rows a line takes in so many columns.
    fn rows(&self, at: usize, state: &State, columns: u16) -> usize {
        let text = self.line(at, state).unwrap_or_default();
        let lines = match self.source {
            Source::Events => wrap(text, event_cells(columns), "~"),
            Source::Slot(_) => fold(text, raw_cells(columns)),
        };
        lines.len().max(1)
    }

    /// How far back the log can be scrolled on a screen of this size: until its first line is the uppermost.
    pub fn most_back(&self, state: &State, (columns, rows): (u16, u16)) -> usize {
        let (count, room) = (self.len(state), usize::from(rows.saturating_sub(6)).max(1));
        let (mut used, mut lines) = (0, 0);
        while lines < count {
            used += self.rows(lines, state, columns.saturating_sub(2));
            if used > room {
                break;
            }
            lines += 1;
        }
        count - lines.max(1).min(count)
    }
}

/// Cells of an event's text in a box of this inner width.
pub fn event_cells(columns: u16) -> u16 {
    columns.saturating_sub(INDENT + 1).max(8)
}

/// Cells of a line of a raw log in a box of this inner width.
pub fn raw_cells(columns: u16) -> u16 {
    columns.saturating_sub(2).max(1)
}

impl Raw {
    /// Milliseconds until it is looked into again.
    fn pause(&self) -> i64 {
        if self.lines.is_empty() { LOOK_EMPTY_MS } else { LOOK_MS }
    }

    /// Adds bytes; returns how many lines were added, and how many went for that. Control characters never reach a terminal.
    fn add(&mut self, bytes: &[u8]) -> (usize, usize) {
        self.read += bytes.len() as u64;
        self.error = None;
        let before = self.lines.len();
        for (i, piece) in String::from_utf8_lossy(bytes).split(['\n', '\r']).enumerate() {
            let clean: String = piece.replace('\t', "    ").chars().filter(|c| !c.is_control()).collect();
            match self.lines.last_mut() {
                Some(last) if i == 0 && self.open_line => last.push_str(&clean),
                _ if clean.is_empty() => {}
                _ => self.lines.push(clean),
            }
        }
        self.open_line = !bytes.is_empty() && !bytes.ends_with(b"\n") && !bytes.ends_with(b"\r");
        let grown = self.lines.len() - before;
        let excess = self.lines.len().saturating_sub(LINES);
        self.lines.drain(..excess);
        (grown, excess)
    }
}

/// Where the log of an attempt is.
pub fn path(dir: &Path, generation: u64, attempt: u32) -> PathBuf {
    dir.join("trials").join(format!("{generation:06}")).join(format!("a{}", attempt.max(1))).join("log.txt")
}

/// The lines in these bytes, without control characters.
pub fn lines(bytes: &[u8]) -> Vec<String> {
    let mut raw = Raw::default();
    raw.add(bytes);
    raw.lines
}

fn running_or_last(state: &State, slot: &str) -> Option<u64> {
    let running = state.running.iter().find(|(_, r)| r.slot == slot).map(|(g, _)| *g);
    running.or_else(|| {
        let on = |g: &&u64| state.history.get(**g).is_some_and(|t| t.slot.as_deref() == Some(slot));
        state.ended.iter().rev().find(on).copied()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_raw_log_is_read_in_pieces_and_stripped_of_control_characters() {
        let mut log = LogView { raw: Raw { path: "x".into(), ..Raw::default() }, ..LogView::default() };
        assert!(log.read(Path::new("x"), 0, Ok(b"epoch 1\r\n\x1b[31mlo".to_vec())));
        assert!(log.read(Path::new("x"), 16, Ok(b"ss\n".to_vec())));
        assert_eq!(log.raw.lines, ["epoch 1", "[31mloss"]);
        assert!(
            !log.read(Path::new("x"), 3, Ok(b"again".to_vec())),
            "what was read before is not read twice"
        );
    }
}
