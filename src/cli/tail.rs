//! Between a journal that another process writes and the screen: read-only, for a session that cannot be reached from
//! here (another host, another account, a socket that is gone).

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::{Receiver, Sender};
use tokio::time::Instant;

use super::find;
use crate::app::{News, Request};
use crate::clock;
use crate::dir::{Holder, SessionDir, Tail};
use crate::journal::{Event, JournalError};
use crate::wire::Client;

/// How often it is looked whether the session can be reached after all, and still lives.
const LOOK: Duration = Duration::from_secs(2);
/// A heartbeat this old is worth a word, in milliseconds.
const SILENT: i64 = 60_000;

/// Why a journal is not followed any more.
pub enum Over {
    /// The screen was left.
    Left,
    /// The session itself can be reached.
    Reachable,
    /// It closed or is gone, or its journal cannot be read.
    Lost(String),
}

/// Follows the journal of the session in `dir`.
pub async fn tail(dir: &Path, news: &Sender<News>, requests: &mut Receiver<Request>) -> Over {
    let (mut look_at, mut said_silent) = (Instant::now() + LOOK, false);
    let mut tail = match begin(dir, news).await {
        Ok(tail) => tail,
        Err(over) => return over,
    };
    loop {
        tokio::select! {
            () = tail.changed() => {}
            request = requests.recv() => match request {
                None => return Over::Left,
                Some(Request::Do { id, .. } | Request::Say { id, .. }) => {
                    let why = "only the journal is followed here: nothing was changed".into();
                    let _ = news.send(News::Answer { id, result: Err(why) }).await;
                }
                Some(Request::Replay(_)) => {}
            },
        }
        let entries = match tail.news() {
            Ok(entries) => entries,
            Err(JournalError::Replaced { .. }) => {
                match begin(dir, news).await {
                    Ok(again) => tail = again,
                    Err(over) => return over,
                }
                Vec::new()
            }
            Err(error) => return Over::Lost(error.to_string()),
        };
        for entry in entries {
            let closed = matches!(entry.event, Event::Closed { .. });
            if news.send(News::Entry(Arc::new(entry))).await.is_err() {
                return Over::Left;
            }
            if closed {
                return Over::Lost("the session closed".into());
            }
        }
        if Instant::now() >= look_at {
            look_at = Instant::now() + LOOK;
            if Client::connect(dir, true).await.is_ok() {
                return Over::Reachable;
            }
            let Some(holder) = find::holder(dir) else {
                return Over::Lost("the session's process is gone".into());
            };
            let silent = silence(&holder);
            if let Some(text) = silent.filter(|_| !said_silent) {
                said_silent = true;
                let _ = news.send(News::Notice { text }).await;
            }
        }
    }
}

/// Says that the journal is followed, and what is in it so far.
async fn begin(dir: &Path, news: &Sender<News>) -> Result<Tail, Over> {
    let session = SessionDir::new(dir);
    let host = find::holder(dir).map_or_else(|| "another process".into(), |holder| holder.host);
    let opened = tokio::task::spawn_blocking(move || Tail::open(&session)).await;
    let (tail, state) = match opened {
        Ok(Ok(opened)) => opened,
        Ok(Err(error)) => return Err(Over::Lost(error.to_string())),
        Err(error) => return Err(Over::Lost(error.to_string())),
    };
    for told in [News::Tailing { host, dir: dir.to_owned() }, News::Snapshot(Box::new(state))] {
        news.send(told).await.map_err(|_| Over::Left)?;
    }
    Ok(tail)
}

/// A word about a host that has not been heard of for long.
fn silence(holder: &Holder) -> Option<String> {
    let silent = clock::now().saturating_sub(holder.heartbeat);
    let since = clock::duration(silent as f64 / 1000.0);
    (silent > SILENT)
        .then(|| format!("{} has not been heard of for {since}: its session may be gone", holder.host))
}
