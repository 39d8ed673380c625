//! The picker: which session to attach to, where there is more than one to choose from.

use std::path::PathBuf;

use super::key::{Code, Key};

/// How a session stands. Those that want attention most come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    Running,
    /// Its process went away before the end: a reboot, a kill.
    Interrupted,
    /// It was stopped in good order before its trials were done.
    Closed,
    /// It has nothing left to do.
    Complete,
}

impl Standing {
    pub fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Closed => "closed",
            Self::Complete => "complete",
            Self::Interrupted => "interrupted",
        }
    }
}

/// One session.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    pub name: String,
    pub standing: Standing,
    /// Trials that ended, and those that the run is to have.
    pub done: (u64, u64),
    /// The best fitness, as far as known.
    pub best: Option<f64>,
    pub dir: PathBuf,
}

/// What was picked, by its directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Picked {
    /// Attach to a running session.
    Attach(PathBuf),
    /// Resume one that does not run.
    Resume(PathBuf),
    /// Look at its journal.
    Replay(PathBuf),
    Nothing,
}

/// The list and the cursor.
#[derive(Debug, Clone, Default)]
pub struct Picker {
    pub choices: Vec<Choice>,
    /// Whether there are sessions that have not been read yet.
    pub reading: bool,
    pub cursor: usize,
    /// Whether the question stands if an interrupted session is to be resumed.
    pub asks: bool,
}

impl Picker {
    /// Takes the sessions as they stand now: running ones first, then interrupted, then closed, then complete ones. The
    /// cursor stays on its session.
    pub fn renew(&mut self, mut choices: Vec<Choice>, reading: bool) {
        choices.sort_by_key(|choice| choice.standing);
        let chosen = self.choices.get(self.cursor).map(|choice| (&choice.dir, choice.standing));
        let place = chosen.and_then(|(dir, _)| choices.iter().position(|choice| choice.dir == *dir));
        // While the list is being filled, the top is where one begins.
        let stays = if self.reading && self.cursor == 0 && !self.asks { 0 } else { place.unwrap_or(0) };
        let same = |at: usize| choices.get(at).map(|choice| (&choice.dir, choice.standing)) == chosen;
        self.asks = self.asks && same(stays);
        (self.cursor, self.choices, self.reading) = (stays, choices, reading);
    }

    /// Takes a key; what was picked once it is clear.
    pub fn key(&mut self, key: Key) -> Option<Picked> {
        let chosen = self.choices.get(self.cursor);
        let last = self.choices.len().saturating_sub(1);
        if self.asks {
            self.asks = false;
            return match key.code {
                Code::Enter | Code::Char('y') => chosen.map(|c| Picked::Resume(c.dir.clone())),
                _ if key.interrupts() => Some(Picked::Nothing),
                _ => None,
            };
        }
        match key.code {
            _ if key.interrupts() => return Some(Picked::Nothing),
            Code::Esc | Code::Char('q') => return Some(Picked::Nothing),
            Code::Up | Code::Char('k') => self.cursor = self.cursor.saturating_sub(1),
            Code::Down | Code::Char('j') | Code::Tab => self.cursor = (self.cursor + 1).min(last),
            Code::Home | Code::Char('g') => self.cursor = 0,
            Code::End | Code::Char('G') => self.cursor = last,
            Code::Char('r') if chosen.is_some_and(|c| c.standing != Standing::Running) => self.asks = true,
            Code::Char('v') => return chosen.map(|c| Picked::Replay(c.dir.clone())),
            Code::Enter => match chosen? {
                Choice { standing: Standing::Running, dir, .. } => return Some(Picked::Attach(dir.clone())),
                Choice { standing: Standing::Interrupted, .. } => self.asks = true,
                Choice { dir, .. } => return Some(Picked::Replay(dir.clone())),
            },
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(name: &str, standing: Standing) -> Choice {
        Choice { name: name.into(), standing, done: (0, 300), best: None, dir: name.into() }
    }

    fn picker() -> Picker {
        let mut picker = Picker::default();
        let three = [("old", Standing::Complete), ("cut", Standing::Interrupted), ("now", Standing::Running)];
        picker.renew(three.map(|(name, standing)| choice(name, standing)).into(), false);
        picker
    }

    fn keys(picker: &mut Picker, keys: &str) -> Option<Picked> {
        Key::sequence(keys).into_iter().filter_map(|key| picker.key(key)).last()
    }

    #[test]
    fn a_running_session_is_attached_to_and_a_complete_one_replayed() {
        assert_eq!(keys(&mut picker(), "<enter>"), Some(Picked::Attach("now".into())));
        assert_eq!(keys(&mut picker(), "jj<enter>"), Some(Picked::Replay("old".into())));
        assert_eq!(picker().choices[0].name, "now");
    }

    #[test]
    fn an_interrupted_session_is_resumed_only_after_a_question() {
        let mut p = picker();
        assert_eq!(keys(&mut p, "j<enter>"), None);
        assert!(p.asks);
        assert_eq!(keys(&mut p, "n"), None);
        assert_eq!(keys(&mut p, "<enter>y"), Some(Picked::Resume("cut".into())));
    }

    #[test]
    fn the_cursor_stays_on_its_session_whatever_becomes_of_the_others() {
        let mut p = picker();
        assert_eq!(keys(&mut p, "j<enter>"), None);
        let now = |cut| {
            vec![choice("new", Standing::Running), choice("cut", cut), choice("now", Standing::Running)]
        };
        p.renew(now(Standing::Interrupted), false);
        assert!(p.asks && p.choices[p.cursor].name == "cut");
        p.renew(now(Standing::Running), false);
        assert!(!p.asks && p.choices[p.cursor].name == "cut", "somebody else resumed it");
    }

    #[test]
    fn the_cursor_begins_at_the_top_of_a_list_that_is_being_filled() {
        let mut p = Picker::default();
        p.renew(vec![choice("old", Standing::Complete)], true);
        p.renew(vec![choice("old", Standing::Complete), choice("now", Standing::Running)], false);
        assert_eq!(keys(&mut p, "<enter>"), Some(Picked::Attach("now".into())));
    }

    #[test]
    fn esc_picks_nothing() {
        assert_eq!(keys(&mut picker(), "<esc>"), Some(Picked::Nothing));
    }
}
