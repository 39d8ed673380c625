//! One line an event: for pipes, for screen readers, for `grep`. No colours, no borders, nothing beyond ASCII of its
//! own.

use jiff::tz::TimeZone;

use super::text;
use crate::app::News;
use crate::journal::{Entry, Event};
use crate::session::{State, mode_text};
use crate::trial::End;

/// Makes lines of news.
#[derive(Debug)]
pub struct Plain {
    state: Option<Box<State>>,
    /// Said already; it is tried again once a second.
    lost: bool,
    zone: TimeZone,
}

impl Plain {
    pub fn new(zone: TimeZone) -> Self {
        Self { state: None, lost: false, zone }
    }

    /// Whether the session ended in good order: nothing more will come.
    pub fn is_over(&self) -> bool {
        self.state.as_ref().is_some_and(|s| s.open.is_none() && s.seq > 0)
    }

    /// The lines that news is worth.
    pub fn lines(&mut self, news: News) -> Vec<String> {
        match news {
            News::Snapshot(state) => {
                let line = standing(&state);
                let time = state.time;
                self.state = Some(state);
                vec![self.stamped(time, &line)]
            }
            News::Entry(entry) => self.entry(&entry).into_iter().collect(),
            News::Lost { why } => {
                let said = std::mem::replace(&mut self.lost, true);
                if said { Vec::new() } else { vec![format!("connection lost: {why}")] }
            }
            News::Connected { .. } if std::mem::take(&mut self.lost) => vec!["connected again".into()],
            News::Tailing { host, .. } => {
                self.lost = false;
                vec![format!("following the journal that {host} writes; nothing can be changed from here")]
            }
            News::Notice { text } => vec![text],
            News::Answer { result: Err(why), .. } => vec![format!("refused: {why}")],
            News::Answer { result: Ok(text), .. } if !text.is_empty() => vec![text],
            _ => Vec::new(),
        }
    }

    fn entry(&mut self, entry: &Entry) -> Option<String> {
        let Some(state) = &mut self.state else {
            let Event::Created(created) = &entry.event else { return None };
            let state = State::new(created, entry.time);
            let line = format!("{} created, {} parameters", state.name, state.space.params.len());
            self.state = Some(Box::new(state));
            return Some(self.stamped(entry.time, &line));
        };
        state.apply(entry);
        let mut line = String::new();
        if let Event::Epoch { generation, epoch, epochs, metrics, .. } = &entry.event {
            let values =
                metrics.0.iter().map(|(name, x)| format!("{} {}", text::metric(name), text::tick(*x)));
            let values: Vec<String> = values.collect();
            let epoch = text::epoch(*epoch, *epochs).unwrap_or_else(|| "epoch".into());
            line = format!("gen {generation} {epoch}: {}", values.join(" "));
        } else {
            line.clone_from(&state.log.back().filter(|line| line.seq == entry.seq)?.text);
        }
        if let Event::Ended { end: End::Finished, .. } = &entry.event
            && let Some((best, fitness)) = state.history.best()
        {
            line = format!("{line} (best {fitness:.4} at gen {})", best.generation);
        }
        Some(self.stamped(entry.time, &line))
    }

    fn stamped(&self, time: i64, line: &str) -> String {
        format!("{} {line}", text::full_time(time, &self.zone))
    }
}

/// The whole run in a line.
fn standing(state: &State) -> String {
    let last = state.history.next_generation().saturating_sub(1);
    let mode = match (&state.mode, state.is_complete(), state.open.is_some()) {
        (_, true, _) => "complete".into(),
        (crate::journal::Mode::Running, _, true) => format!("{} training", state.running.len()),
        (crate::journal::Mode::Running, _, false) => "session ended".into(),
        (paused, ..) => mode_text(paused),
    };
    let best = state
        .history
        .best()
        .map_or_else(String::new, |(t, f)| format!(", best {f:.4} at gen {}", t.generation));
    format!("{}: gen {last}/{}, {mode}{best}", state.name, state.generations())
}
