//! What `?` lists: the keys that hold here, the command line's words, the marks. Drawn in `view`, scrolled here.

use super::action::{Action, Context, ROWS};
use super::key::{Code, Key};
use super::measure::{width, wrap};
use super::model::Model;
use super::overlay::Overlay;
use crate::session::steer;

/// A line of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    Blank,
    Heading(String),
    /// A key or word, and what it does.
    Key(String, String),
    /// A mark of the table, and what it means.
    Mark(Mark, String),
    /// The rest of what did not fit in the line before.
    More(String),
}

/// The marks of the table of hyperparameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    Now,
    Best,
    Both,
    Elite,
    Letter(&'static str),
}

const MARKS: [(Mark, &str); 9] = [
    (Mark::Now, "this trial's value"),
    (Mark::Best, "the best trial's value"),
    (Mark::Both, "both"),
    (Mark::Elite, "where the parents' values lie"),
    (Mark::Letter("P"), "pinned"),
    (Mark::Letter("="), "held still by a gain of 0"),
    (Mark::Letter("!"), "rests on a bound"),
    (Mark::Letter("%"), "how much it mattered for the fitness so far; dim where that may be chance"),
    (Mark::Letter("~"), "asked for, not yet answered"),
];

/// The keys of a replay: the action whose keys they are, and what they do there.
pub const REPLAY: [(&[Action], &str, &str); 4] = [
    (&[Action::Pause], "play or hold", "play on, or hold; at the end play it again"),
    (&[Action::SigmaDown, Action::SigmaUp], "speed", "half or twice the speed"),
    (&[Action::ProbabilityDown, Action::ProbabilityUp], "step", "a trial back or forth"),
    (&[Action::PreviousSlot, Action::NextSlot], "ten steps", "ten trials back or forth"),
];

/// The words of a replay's command line.
pub const REPLAY_WORDS: [(&str, &str); 3] = [
    ("start", "to the beginning"),
    ("end", "to the end"),
    ("goto GENERATION", "to where this generation's trial has ended"),
];

/// The list in lines of the width that [`columns`] says.
pub fn lines(model: &Model) -> Vec<Entry> {
    let (columns, replay) = (columns(model.size.0), model.replay.is_some());
    let mut lines = Vec::new();
    let heading = |lines: &mut Vec<Entry>, text: &str| {
        if !lines.is_empty() {
            lines.push(Entry::Blank);
        }
        lines.push(Entry::Heading(text.to_owned()));
    };
    if replay {
        heading(&mut lines, "in a replay");
        for (actions, _, doc) in REPLAY {
            let keys: Vec<String> = actions.iter().map(|action| model.keymap.hint(*action)).collect();
            lines.push(Entry::Key(keys.join(" "), doc.to_owned()));
        }
        heading(&mut lines, "on a replay's command line");
        lines.extend(REPLAY_WORDS.map(|(word, doc)| Entry::Key(word.to_owned(), doc.to_owned())));
    }
    // What a replay refuses, or takes for its own, is not listed there.
    let holds = |action: Action| {
        let own = REPLAY.iter().any(|(actions, ..)| actions.contains(&action));
        !replay || action == Action::CommandLine || !(own || action.steers())
    };
    for context in [Context::Everywhere, Context::Live, Context::Density, Context::History, Context::Log] {
        let rows = || ROWS.iter().enumerate().filter(|(_, row)| row.context == context && holds(row.action));
        if rows().next().is_none() {
            continue;
        }
        let on = if context == Context::Everywhere { "every page" } else { context.name() };
        heading(&mut lines, &format!("on {on}"));
        for (i, row) in rows() {
            let keys: Vec<String> = model.keymap.keys(i).iter().map(ToString::to_string).collect();
            lines.push(Entry::Key(keys.join(" "), row.doc.to_owned()));
        }
    }
    if !replay {
        heading(&mut lines, "on the command line");
        lines.extend(steer::VERBS.iter().map(|v| Entry::Key(v.name.to_owned(), v.doc.to_owned())));
    }
    heading(&mut lines, "marks");
    lines.extend(MARKS.map(|(mark, what)| Entry::Mark(mark, what.to_owned())));
    let keys = key_cells(&lines, columns);
    lines.into_iter().flat_map(|entry| wrapped(entry, columns.saturating_sub(keys + 2))).collect()
}

/// What does not fit in a line goes on in the next one.
fn wrapped(entry: Entry, room: u16) -> Vec<Entry> {
    let (Entry::Key(_, doc) | Entry::Mark(_, doc)) = &entry else { return vec![entry] };
    let mut lines = wrap(doc, room, "~").into_iter();
    let line = lines.next().unwrap_or_default();
    let first = match entry {
        Entry::Key(key, _) => Entry::Key(key, line),
        Entry::Mark(mark, _) => Entry::Mark(mark, line),
        other => other,
    };
    std::iter::once(first).chain(lines.map(Entry::More)).collect()
}

/// Cells of the first column, for the keys.
pub fn key_cells(lines: &[Entry], columns: u16) -> u16 {
    let keys =
        lines.iter().filter_map(|line| if let Entry::Key(key, _) = line { Some(width(key)) } else { None });
    keys.max().unwrap_or(8).min(columns / 3)
}

/// How wide the list is on a screen of this width. One that is not much wider is the list's alone.
pub fn columns(screen: u16) -> u16 {
    let room = screen.saturating_sub(4);
    if room < 88 { room } else { 84 }
}

/// How many of its lines are in view.
pub fn rows(screen: u16, lines: usize) -> usize {
    usize::from(screen.saturating_sub(4).max(1)).min(lines)
}

impl Model {
    /// A key while the list is shown: what moves on every page moves here as well.
    pub(super) fn over_help(&mut self, scroll: usize, key: Key) {
        let count = lines(self).len();
        let rows = rows(self.size.1, count).max(1);
        let most = count.saturating_sub(rows);
        if key.interrupts() || matches!(key.code, Code::Esc | Code::Enter) {
            return;
        }
        let page = rows.saturating_sub(1).max(1);
        let to = match self.keymap.action(Context::Everywhere, key) {
            Some(Action::Help | Action::Leave | Action::Back) => return,
            Some(Action::Down) => scroll + 1,
            Some(Action::Up) => scroll.saturating_sub(1),
            Some(Action::PageDown | Action::Pause) => scroll + page,
            Some(Action::PageUp) => scroll.saturating_sub(page),
            Some(Action::First) => 0,
            Some(Action::Last) => most,
            _ => scroll,
        };
        self.overlay = Some(Overlay::Help { scroll: to.min(most) });
    }
}
