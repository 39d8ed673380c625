//! What the picker is told: every known session as it stands, and again as that changes. A session at rest is read from
//! its journal, which takes a second for a very long one: not before the first frame, and once only.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tokio::sync::mpsc;

use super::find;
use crate::app::picker::{Choice, Standing};
use crate::dir::{Registry, SessionDir};
use crate::term::Sessions;

/// How often the sessions are looked at.
const AGAIN: Duration = Duration::from_secs(1);

/// What was read from journals, and how the journal was then: its length, its time, and whether somebody had it open.
type AtRest = HashMap<PathBuf, ((u64, Option<SystemTime>, bool), Choice)>;

/// Begins to read the sessions, on a thread of its own, for as long as somebody listens.
pub fn watch() -> mpsc::Receiver<Sessions> {
    let (tell, heard) = mpsc::channel(1);
    std::thread::spawn(move || {
        let mut at_rest = AtRest::new();
        let mut told = Vec::new();
        loop {
            // The first time, those that were read are shown while the others are.
            let first = told.is_empty();
            let mut choices: Vec<Choice> = Vec::new();
            let mut known = Registry::open().list().into_iter().peekable();
            while let Some(session) = known.next() {
                choices.extend(choice(&session.dir, &mut at_rest));
                let more = known.peek().is_some();
                if first && more && tell.blocking_send((choices.clone(), more)).is_err() {
                    return;
                }
            }
            if (first || choices != told) && tell.blocking_send((choices.clone(), false)).is_err() {
                return;
            }
            told = choices;
            std::thread::sleep(AGAIN);
        }
    });
    heard
}

/// A session as it stands; none where it cannot be read.
fn choice(dir: &Path, at_rest: &mut AtRest) -> Option<Choice> {
    let journal = std::fs::metadata(SessionDir::new(dir).journal()).ok()?;
    let now = (journal.len(), journal.modified().ok(), find::holder(dir).is_some());
    if let Some((_, known)) = at_rest.get(dir).filter(|(then, _)| *then == now) {
        return Some(known.clone());
    }
    let (status, from_journal) = find::status(dir).ok()?;
    let standing = match status.state.as_str() {
        "complete" => Standing::Complete,
        "closed" => Standing::Closed,
        "interrupted" => Standing::Interrupted,
        _ => Standing::Running,
    };
    let choice = Choice {
        name: status.name,
        standing,
        done: (status.done, status.generations),
        best: status.best.map(|best| best.fitness),
        dir: dir.to_owned(),
    };
    if from_journal.is_some() {
        at_rest.insert(dir.to_owned(), (now, choice.clone()));
    }
    Some(choice)
}
