//! Says when to look at the live files: told by the kernel, and by looking every now and then where the kernel is blind
//! (network file systems, or when its watches are used up).

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use notify::event::{AccessKind, AccessMode};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc as tokio_mpsc;

use super::leaves::File;

/// An editor writes a file in several steps: they are over when nothing was heard for so long.
const QUIET: Duration = Duration::from_millis(150);
/// How often to look where the kernel is blind, and elsewhere (should the directory have been replaced).
const BLIND: Duration = Duration::from_secs(2);
const SEEING: Duration = Duration::from_secs(30);

/// Watches a directory of live files, until it is dropped.
#[derive(Debug)]
pub struct Watch {
    changed: tokio_mpsc::Receiver<()>,
    /// Dropping it ends the thread. None where the kernel could not be asked.
    _watcher: Option<RecommendedWatcher>,
    _stop: mpsc::Sender<()>,
    polls: bool,
}

impl Watch {
    /// Begins to watch.
    pub fn start(dir: &Path) -> Self {
        Self::with(dir, is_network(dir), (BLIND, SEEING))
    }

    fn with(dir: &Path, blind: bool, (often, seldom): (Duration, Duration)) -> Self {
        let (stop, events) = mpsc::channel();
        let (tell, changed) = tokio_mpsc::channel(1);
        let watcher = if blind { None } else { watcher(dir, stop.clone()) };
        let polls = watcher.is_none();
        let every = if polls { often } else { seldom };
        let dir = dir.to_owned();
        // Before anything else happens: what is saved from now on is a change.
        let mut seen = stamps(&dir);
        std::thread::spawn(move || {
            loop {
                let heard = match events.recv_timeout(every) {
                    Ok(()) => true,
                    Err(RecvTimeoutError::Timeout) => false,
                    Err(RecvTimeoutError::Disconnected) => return,
                };
                while heard && events.recv_timeout(QUIET).is_ok() {}
                let now = stamps(&dir);
                // Unheard of changes are looked at once they have settled.
                if (heard || now != seen) && now == stamps_after(&dir, heard) {
                    seen = now;
                    // A signal that was not taken yet stands for this one too.
                    if let Err(tokio_mpsc::error::TrySendError::Closed(())) = tell.try_send(()) {
                        return;
                    }
                }
            }
        });
        Self { changed, _watcher: watcher, _stop: stop, polls }
    }

    /// Waits for a change that has settled. May be cancelled.
    pub async fn changed(&mut self) {
        if self.changed.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
    }

    /// Whether the kernel cannot tell of changes, so that they are noticed a little later.
    pub fn polls(&self) -> bool {
        self.polls
    }
}

fn watcher(dir: &Path, tell: mpsc::Sender<()>) -> Option<RecommendedWatcher> {
    let heard = move |event: notify::Result<notify::Event>| {
        if event.is_ok_and(|event| matters(&event)) {
            let _ = tell.send(());
        }
    };
    let mut watcher = notify::recommended_watcher(heard).ok()?;
    watcher.watch(dir, RecursiveMode::NonRecursive).ok()?;
    Some(watcher)
}

fn matters(event: &notify::Event) -> bool {
    let kind = match event.kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => true,
        EventKind::Access(_) => false,
        _ => true,
    };
    let ours =
        |path: &PathBuf| File::ALL.iter().any(|file| path.file_name() == Some(OsStr::new(file.name())));
    kind && event.paths.iter().any(ours)
}

type Stamp = Option<(u64, u64, i64, i64)>;

fn stamps(dir: &Path) -> [Stamp; 3] {
    File::ALL.map(|file| {
        let meta = fs::metadata(dir.join(file.name())).ok()?;
        Some((meta.ino(), meta.len(), meta.mtime(), meta.mtime_nsec()))
    })
}

fn stamps_after(dir: &Path, settled: bool) -> [Stamp; 3] {
    if !settled {
        std::thread::sleep(QUIET);
    }
    stamps(dir)
}

/// Whether a directory is on a file system whose changes may come from elsewhere.
pub(in crate::dir) fn is_network(dir: &Path) -> bool {
    const NFS: u64 = 0x6969;
    const SMB: u64 = 0x517b;
    const SMB2: u64 = 0xfe53_4d42;
    const CIFS: u64 = 0xff53_4d42;
    const FUSE: u64 = 0x6573_5546;
    const PLAN9: u64 = 0x0102_1997;
    const CEPH: u64 = 0x00c3_6400;
    const LUSTRE: u64 = 0x0bd0_0bd0;
    const GPFS: u64 = 0x4750_4653;
    const BEEGFS: u64 = 0x1983_0326;
    const AFS: u64 = 0x5346_414f;
    let kinds = [NFS, SMB, SMB2, CIFS, FUSE, PLAN9, CEPH, LUSTRE, GPFS, BEEGFS, AFS];
    rustix::fs::statfs(dir).is_ok_and(|found| kinds.contains(&((found.f_type as u64) & 0xffff_ffff)))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn hears(watch: &mut Watch) -> bool {
        tokio::time::timeout(Duration::from_secs(5), watch.changed()).await.is_ok()
    }

    fn run(blind: bool) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("settings.yaml");
        fs::write(&path, "sigma: 0.2\n").unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let mut watch = Watch::with(dir.path(), blind, (Duration::from_millis(50), SEEING));
            assert_eq!(watch.polls(), blind);
            fs::write(&path, "sigma: 0.35\n").unwrap();
            assert!(hears(&mut watch).await, "written in place");
            fs::write(dir.path().join("other~"), "sigma: 0.4\n").unwrap();
            fs::rename(dir.path().join("other~"), &path).unwrap();
            assert!(hears(&mut watch).await, "renamed into place");
            fs::write(dir.path().join(".settings.yaml.swp"), "x").unwrap();
            fs::read(&path).unwrap();
            let quiet = tokio::time::timeout(Duration::from_millis(600), watch.changed()).await;
            assert!(quiet.is_err(), "what an editor leaves about, and reading, are no change");
        });
    }

    #[test]
    fn a_save_is_heard_of_from_the_kernel() {
        run(false);
    }

    #[test]
    fn a_save_is_noticed_where_the_kernel_is_blind() {
        run(true);
    }
}
