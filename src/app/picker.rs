//! The picker: which session to attach to, where there is more than one to choose from.

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
    Finished,
}

impl Standing {
    pub fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Closed => "closed",
            Self::Finished => "finished",
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
    /// Where it is: its directory, and the host if another.
    pub place: String,
}

/// What was picked, by index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Picked {
    /// Attach to a running session.
    Attach(usize),
    /// Resume one that does not run.
    Resume(usize),
    /// Look at its journal.
    Replay(usize),
    Nothing,
}

/// The list and the cursor.
#[derive(Debug, Clone)]
pub struct Picker {
    pub choices: Vec<Choice>,
    pub cursor: usize,
    /// Whether the question stands if an interrupted session is to be resumed.
    pub asks: bool,
}

impl Picker {
    /// Running sessions first, then interrupted, then closed, then finished ones.
    pub fn new(mut choices: Vec<Choice>) -> Self {
        choices.sort_by_key(|choice| choice.standing);
        Self { choices, cursor: 0, asks: false }
    }

    /// Takes a key; what was picked once it is clear.
    pub fn key(&mut self, key: Key) -> Option<Picked> {
        let chosen = self.choices.get(self.cursor);
        let last = self.choices.len().saturating_sub(1);
        if self.asks {
            self.asks = false;
            return match key.code {
                Code::Enter | Code::Char('y') => Some(Picked::Resume(self.cursor)),
                Code::Char('c') if key.ctrl => Some(Picked::Nothing),
                _ => None,
            };
        }
        match key.code {
            Code::Char('c') if key.ctrl => return Some(Picked::Nothing),
            Code::Esc | Code::Char('q') => return Some(Picked::Nothing),
            Code::Up | Code::Char('k') => self.cursor = self.cursor.saturating_sub(1),
            Code::Down | Code::Char('j') | Code::Tab => self.cursor = (self.cursor + 1).min(last),
            Code::Home | Code::Char('g') => self.cursor = 0,
            Code::End | Code::Char('G') => self.cursor = last,
            Code::Char('r') if chosen.is_some_and(|c| c.standing != Standing::Running) => self.asks = true,
            Code::Char('v') => return chosen.map(|_| Picked::Replay(self.cursor)),
            Code::Enter => match chosen?.standing {
                Standing::Running => return Some(Picked::Attach(self.cursor)),
                Standing::Interrupted => self.asks = true,
                Standing::Closed | Standing::Finished => return Some(Picked::Replay(self.cursor)),
            },
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picker() -> Picker {
        let choice = |name: &str, standing| Choice {
            name: name.into(),
            standing,
            done: (0, 300),
            best: None,
            place: String::new(),
        };
        Picker::new(vec![
            choice("old", Standing::Finished),
            choice("cut", Standing::Interrupted),
            choice("now", Standing::Running),
        ])
    }

    fn keys(picker: &mut Picker, keys: &str) -> Option<Picked> {
        Key::sequence(keys).into_iter().filter_map(|key| picker.key(key)).last()
    }

    #[test]
    fn a_running_session_is_attached_to_and_a_finished_one_replayed() {
        assert_eq!(keys(&mut picker(), "<enter>"), Some(Picked::Attach(0)));
        assert_eq!(keys(&mut picker(), "jj<enter>"), Some(Picked::Replay(2)));
        assert_eq!(picker().choices[0].name, "now");
    }

    #[test]
    fn an_interrupted_session_is_resumed_only_after_a_question() {
        let mut p = picker();
        assert_eq!(keys(&mut p, "j<enter>"), None);
        assert!(p.asks);
        assert_eq!(keys(&mut p, "n"), None);
        assert_eq!(keys(&mut p, "<enter>y"), Some(Picked::Resume(1)));
    }

    #[test]
    fn esc_picks_nothing() {
        assert_eq!(keys(&mut picker(), "<esc>"), Some(Picked::Nothing));
    }
}
