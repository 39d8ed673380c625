//! The command line: its past, and completion from the grammar's own table.

use super::line::Line;
use crate::evolve::{ParentMode, Prune, Rule, StrategyKind};
use crate::session::{State, steer};

/// How many lines are remembered.
const REMEMBERED: usize = 100;

/// Lines given before.
#[derive(Debug, Clone, Default)]
pub struct Past(Vec<String>);

impl Past {
    /// Remembers a line, once.
    pub fn remember(&mut self, line: &str) {
        self.0.retain(|l| l != line);
        self.0.push(line.to_owned());
        if self.0.len() > REMEMBERED {
            self.0.remove(0);
        }
    }
}

/// The command line while it is open.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CommandLine {
    pub line: Line,
    pub error: Option<String>,
    /// How far back in the past, and what was typed before going there.
    back: usize,
    typed: Option<Line>,
    /// What Tab goes through: the text before the word, the words, and which one stands there.
    pub completion: Option<(String, Vec<String>, usize)>,
}

impl CommandLine {
    /// A line with this in it already.
    pub fn with(text: &str) -> Self {
        Self { line: Line::new(text), ..Self::default() }
    }

    /// One line further back in the past, or forth.
    pub fn recall(&mut self, past: &Past, back: bool) {
        let to = if back { (self.back + 1).min(past.0.len()) } else { self.back.saturating_sub(1) };
        if to == self.back {
            return;
        }
        if self.back == 0 {
            self.typed = Some(self.line.clone());
        }
        self.back = to;
        self.line = match to {
            0 => self.typed.take().unwrap_or_default(),
            n => past.0.get(past.0.len() - n).map_or_else(Line::default, |l| Line::new(l)),
        };
    }

    /// Completes the word before the cursor; again: the next one that fits.
    pub fn complete(&mut self, state: &State, back: bool) {
        if let Some((before, words, at)) = &mut self.completion {
            let count = words.len();
            *at = if back { (*at + count - 1) % count } else { (*at + 1) % count };
            self.line = Line::new(&format!("{before}{}", words[*at]));
            return;
        }
        let text: String = self.line.text().chars().take(self.line.cursor()).collect();
        let start = text.rfind(' ').map_or(0, |i| i + 1);
        let (before, word) = text.split_at(start);
        let words = candidates(before, state);
        let fitting: Vec<String> = words.into_iter().filter(|w| w.starts_with(word)).collect();
        match &fitting[..] {
            [] => {}
            [one] => self.line = Line::new(&format!("{before}{one} ")),
            [first, ..] => {
                let shared = fitting.iter().fold(first.as_str(), |a, b| shared_start(a, b));
                if shared.len() > word.len() {
                    self.line = Line::new(&format!("{before}{shared}"));
                } else {
                    self.line = Line::new(&format!("{before}{first}"));
                    self.completion = Some((before.to_owned(), fitting, 0));
                }
            }
        }
    }
}

fn shared_start<'a>(a: &'a str, b: &str) -> &'a str {
    let end = a.char_indices().zip(b.chars()).find(|((_, x), y)| x != y).map(|((i, _), _)| i);
    &a[..end.unwrap_or(a.len().min(b.len()))]
}

/// The words that may come next, after these.
pub fn candidates(before: &str, state: &State) -> Vec<String> {
    let words: Vec<&str> = before.split_whitespace().collect();
    let params = || state.space.params.iter().map(|p| p.name.clone());
    let own = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
    let strategies = || StrategyKind::ALL.map(|k| k.name().to_owned()).to_vec();
    let running = || state.running.keys().map(u64::to_string).collect::<Vec<_>>();
    match &words[..] {
        [] => steer::VERBS.iter().map(|v| v.name.to_owned()).collect(),
        ["pin"] => params().collect(),
        ["unpin"] => state.space.params.iter().filter(|p| p.pin.is_some()).map(|p| p.name.clone()).collect(),
        ["pin", _] => own(&["at"]),
        ["set"] => {
            let fields = params().flat_map(|p| ["gain", "low", "high"].map(|f| format!("{p}.{f}")));
            params().chain(fields).chain(own(&steer::SETTINGS)).collect()
        }
        ["parent"] | ["set", "parent"] => own(&ParentMode::ALL.map(ParentMode::name)),
        ["prune"] | ["set", "prune"] => own(&Prune::ALL.map(Prune::name)),
        ["method"] | ["set", "method"] => own(&["1", "2", "3"]),
        ["strategy"] | ["set", "strategy"] => strategies(),
        [rule] | ["set", rule] if Rule::of(rule).is_some() => {
            own(&[Rule::of(rule).map_or("off", Rule::without)])
        }
        ["fitness", ..] => state.metrics.clone(),
        ["freeze" | "thaw" | "abort"] => running(),
        ["abort", _] => own(&["requeue"]),
        ["repeat"] => own(&["best"]),
        ["exclude" | "include"] => own(&["best", "earlier"]),
        ["enqueue", rest @ ..] if rest.last() == Some(&"from") => own(&["best"]),
        ["enqueue", ..] => params().map(|p| format!("{p}=")).chain(own(&["from"])).collect(),
        ["slots", ..] => state.slots.keys().map(|s| format!("-{s}")).collect(),
        ["undo" | "redo"] => own(&["!"]),
        ["stop"] => own(&["now"]),
        _ => Vec::new(),
    }
}
