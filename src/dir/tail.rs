//! A session from its journal alone, as another process writes it: from another host over a shared disk, from another
//! account, or where its socket cannot be reached.

use std::path::Path;
use std::time::Duration;

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;

use super::SessionDir;
use super::live::is_network;
use crate::journal::{Entry, Follow, JournalError};
use crate::session::State;

/// How often to look in any case: the kernel tells of nothing that another host writes.
const LOOK: Duration = Duration::from_secs(1);
/// What is written within so short a time is read at once.
const GATHER: Duration = Duration::from_millis(50);

/// A journal that is followed.
#[derive(Debug)]
pub struct Tail {
    follow: Follow,
    told: mpsc::Receiver<()>,
    /// None where the kernel could not be asked, or is blind.
    watcher: Option<RecommendedWatcher>,
}

impl Tail {
    /// Reads the journal so far, and follows it from there.
    ///
    /// # Errors
    /// Where it cannot be read, or is damaged before its last line.
    pub fn open(dir: &SessionDir) -> Result<(Self, State), JournalError> {
        let path = dir.journal();
        let (tell, told) = mpsc::channel(1);
        // Before it is read: what is written from now on is heard of.
        let watcher = if is_network(dir.root()) { None } else { watcher(&path, tell) };
        let mut follow = Follow::open(&path)?;
        let mut entries = Vec::new();
        follow.news(|entry| entries.push(entry))?;
        let state = State::replay(entries).ok_or(JournalError::NoStart { path })?;
        Ok((Self { follow, told, watcher }, state))
    }

    /// Waits until there may be news: told by the kernel, or because it is time to look. May be cancelled.
    pub async fn changed(&mut self) {
        let heard = tokio::time::timeout(LOOK, async {
            if self.told.recv().await.is_none() {
                std::future::pending::<()>().await;
            }
        });
        if heard.await.is_ok() {
            tokio::time::sleep(GATHER).await;
        }
    }

    /// What was written since.
    ///
    /// # Errors
    /// As [`Follow::news`].
    pub fn news(&mut self) -> Result<Vec<Entry>, JournalError> {
        let mut entries = Vec::new();
        self.follow.news(|entry| entries.push(entry))?;
        Ok(entries)
    }

    /// Whether the kernel tells of nothing here, so that news come when it is time to look.
    pub fn polls(&self) -> bool {
        self.watcher.is_none()
    }
}

fn watcher(journal: &Path, tell: mpsc::Sender<()>) -> Option<RecommendedWatcher> {
    let heard = move |event: notify::Result<notify::Event>| {
        if event.is_ok_and(|event| !event.kind.is_access()) {
            // A signal that was not taken yet stands for this one too.
            let _ = tell.try_send(());
        }
    };
    let mut watcher = notify::recommended_watcher(heard).ok()?;
    watcher.watch(journal, RecursiveMode::NonRecursive).ok()?;
    Some(watcher)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::journal::sample::{created, trial};
    use crate::journal::{Access, FileDisk, Writer};

    fn follows(blind: bool) {
        let home = tempfile::tempdir().unwrap();
        let dir = SessionDir::new(home.path());
        dir.create(Access::Private).unwrap();
        let (mut writer, _) =
            Writer::create(Arc::new(FileDisk::default()), &dir.journal(), 1, created()).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let (mut tail, mut state) = Tail::open(&dir).unwrap();
            if blind {
                tail.watcher = None;
            }
            assert_eq!(tail.polls(), blind);
            for generation in 0..3 {
                writer.commit(2, vec![trial(generation)[0].clone()]).unwrap();
                tail.changed().await;
                for entry in tail.news().unwrap() {
                    state.apply(&entry);
                }
                assert_eq!(state.history.next_generation(), generation + 1);
            }
        });
    }

    #[test]
    fn what_is_written_is_heard_of_from_the_kernel() {
        follows(false);
    }

    #[test]
    fn what_is_written_is_found_where_the_kernel_is_blind() {
        follows(true);
    }
}
