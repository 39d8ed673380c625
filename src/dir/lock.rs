//! One session process per directory.
//!
//! The file `lock` says who has the session: host, boot, process, heartbeat. On one machine the kernel's lock on the
//! file decides, and behind it whether the process still lives, so a lock that was left behind is recognised and
//! taken over. From another host nothing can be known of the process: the session is never called stale there, and only
//! `--take-over` helps, after a heartbeat that has lapsed.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use thiserror::Error;

use super::SessionDir;
use super::holder::{Holder, LENGTH, Said, read};
use crate::clock;
use crate::journal::Access;

/// A heartbeat this old has lapsed.
const LAPSED: Duration = Duration::from_secs(60);
/// How long a lapsed heartbeat is watched before it is believed: clocks of two hosts may differ.
const WATCHED: Duration = Duration::from_secs(11);

/// Why a session cannot be had.
#[derive(Debug, Error)]
pub enum LockError {
    #[error("the session in {dir} is open in process {pid} on {host}: attach to it, or stop it first", dir = .dir.display())]
    Held { dir: PathBuf, host: String, pid: u32 },
    #[error(
        "the session in {dir} was opened on host {host} (process {pid}, last heard of {silent} ago), and from here nobody can tell whether it still runs: \
         attach or stop it there; if that host is gone, use --take-over",
        dir = .dir.display()
    )]
    OtherHost { dir: PathBuf, host: String, pid: u32, silent: String },
    #[error(
        "the session in {dir} is alive on host {host} (process {pid}, last heard of {silent} ago): it cannot be taken over; stop it there",
        dir = .dir.display()
    )]
    AliveElsewhere { dir: PathBuf, host: String, pid: u32, silent: String },
    #[error("{path} does not say who has the session: remove it if nobody has, or use --take-over", path = .path.display())]
    Garbled { path: PathBuf },
    #[error("{path} is no longer ours: {by} has the session", path = .path.display())]
    Lost { path: PathBuf, by: String },
    #[error("cannot {doing} {path}: {source}", path = .path.display())]
    Io { doing: &'static str, path: PathBuf, source: io::Error },
}

impl LockError {
    fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { doing, path: path.to_owned(), source }
    }
}

/// A session that is ours. Given back when dropped.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    file: File,
    this: Holder,
}

impl Lock {
    /// Takes the session for this process; its directory is there.
    ///
    /// With `take_over`, also from another host that is silent: this watches its heartbeat for some seconds.
    ///
    /// # Errors
    /// Where another process has it or may have it.
    pub fn take(dir: &SessionDir, take_over: bool) -> Result<Self, LockError> {
        Self::take_as(dir, dir.access(), Holder::this(), take_over.then_some((LAPSED, WATCHED)))
    }

    /// Takes a session that is about to be made, for whose files this is to be the access.
    ///
    /// # Errors
    /// As [`Lock::take`].
    pub fn of_new(dir: &SessionDir, access: Access) -> Result<Self, LockError> {
        Self::take_as(dir, access, Holder::this(), None)
    }

    /// As [`Lock::take`], as a given process; `take_over` is the age of a lapsed heartbeat, and how long to watch it.
    fn take_as(
        dir: &SessionDir,
        access: Access,
        this: Holder,
        take_over: Option<(Duration, Duration)>,
    ) -> Result<Self, LockError> {
        let path = dir.lock();
        let mut open = OpenOptions::new();
        let open = open.read(true).write(true).create(true).truncate(false).mode(access.file_mode());
        let file = open.open(&path).map_err(LockError::io("open", &path))?;
        // On a file system without such locks, what the file says has to do.
        let locked = flock(&file, FlockOperation::NonBlockingLockExclusive);
        let alone = locked != Err(rustix::io::Errno::WOULDBLOCK);
        let holder = read(&file).map_err(LockError::io("read", &path))?;
        match (holder, alone) {
            (Said::Nobody, true) => {}
            (Said::Holder(holder), true) if holder.is(&this) || !holder.may_live(&this) => {}
            (Said::Holder(holder), true) if !holder.is_on_host_of(&this) => {
                silent_elsewhere(dir, &file, &holder, take_over)?;
            }
            (Said::Garbled, true) if take_over.is_some() => {}
            (Said::Garbled, true) => return Err(LockError::Garbled { path }),
            (Said::Holder(holder), _) => {
                return Err(LockError::Held {
                    dir: dir.root().to_owned(),
                    host: holder.host,
                    pid: holder.pid,
                });
            }
            (Said::Nobody | Said::Garbled, false) => {
                return Err(LockError::Held { dir: dir.root().to_owned(), host: this.host, pid: 0 });
            }
        }
        let mut lock = Self { path, file, this };
        lock.write()?;
        // A newer build may have written more: its end would make ours unreadable.
        lock.file.set_len(LENGTH as u64).map_err(LockError::io("write", &lock.path))?;
        Ok(lock)
    }

    /// Says that we are still here; every few seconds.
    ///
    /// # Errors
    /// Where it cannot be written, or another process has taken the session over: then nothing more is to be written
    /// to it.
    pub fn beat(&mut self) -> Result<(), LockError> {
        let there = OpenOptions::new().read(true).open(&self.path).and_then(|file| read(&file));
        match there {
            Ok(Said::Holder(holder)) if !holder.is(&self.this) => {
                let by = format!("process {} on {}", holder.pid, holder.host);
                return Err(LockError::Lost { path: self.path.clone(), by });
            }
            _ => {}
        }
        self.write()
    }

    fn write(&mut self) -> Result<(), LockError> {
        self.this.beat(&self.file).map_err(LockError::io("write", &self.path))
    }

    /// Who has, or may have, the session in this directory; none if nobody.
    pub fn holder(dir: &SessionDir) -> Option<Holder> {
        let file = File::open(dir.lock()).ok()?;
        let Said::Holder(holder) = read(&file).ok()? else { return None };
        holder.may_live(&Holder::this()).then_some(holder)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Emptied, not removed: whoever waits for it has this very file open.
        if matches!(read(&self.file), Ok(Said::Holder(holder)) if holder.is(&self.this)) {
            let _ = self.file.set_len(0);
        }
    }
}

/// Whether a session of another host may be taken over.
fn silent_elsewhere(
    dir: &SessionDir,
    file: &File,
    holder: &Holder,
    take_over: Option<(Duration, Duration)>,
) -> Result<(), LockError> {
    let silent = clock::now().saturating_sub(holder.heartbeat).max(0);
    let said = clock::duration(silent as f64 / 1000.0);
    let (dir, host, pid) = (dir.root().to_owned(), holder.host.clone(), holder.pid);
    let Some((lapsed, watched)) = take_over else {
        return Err(LockError::OtherHost { dir, host, pid, silent: said });
    };
    let old_enough = silent as u128 > lapsed.as_millis();
    if old_enough {
        std::thread::sleep(watched);
    }
    let still = matches!(read(file), Ok(Said::Holder(now)) if now == *holder);
    if old_enough && still { Ok(()) } else { Err(LockError::AliveElsewhere { dir, host, pid, silent: said }) }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::FileExt;

    use super::*;
    use crate::process;

    const PATIENCE: Option<(Duration, Duration)> = Some((Duration::from_secs(60), Duration::from_millis(50)));

    fn elsewhere(heartbeat: i64) -> Holder {
        Holder { host: "far".into(), heartbeat, ..Holder::this() }
    }

    fn held_by(dir: &SessionDir, holder: &Holder) {
        std::fs::write(dir.lock(), serde_json::to_string(holder).unwrap()).unwrap();
    }

    fn session() -> (tempfile::TempDir, SessionDir) {
        let dir = tempfile::tempdir().unwrap();
        let session = SessionDir::new(dir.path());
        (dir, session)
    }

    #[test]
    fn a_session_is_had_by_one_process_and_given_back() {
        let (_keep, dir) = session();
        let mut lock = Lock::take(&dir, false).unwrap();
        let error = Lock::take(&dir, true).unwrap_err();
        assert!(matches!(&error, LockError::Held { pid, .. } if *pid == std::process::id()), "{error}");
        assert_eq!(Lock::holder(&dir).unwrap().pid, std::process::id());
        lock.beat().unwrap();
        drop(lock);
        assert_eq!(Lock::holder(&dir), None);
        Lock::take(&dir, false).unwrap();
    }

    #[test]
    fn a_lock_left_behind_on_this_host_is_taken() {
        let (_keep, dir) = session();
        let here = Holder::this();
        let other_start = Holder { start_time: here.start_time + 1, ..here.clone() };
        let before_boot = Holder { boot_id: "another".into(), ..here.clone() };
        for stale in [other_start, before_boot] {
            held_by(&dir, &stale);
            assert_eq!(Lock::holder(&dir), None);
            Lock::take(&dir, false).unwrap();
        }
    }

    #[test]
    fn a_living_process_keeps_the_session_where_the_file_system_has_no_locks() {
        let (_keep, dir) = session();
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let start_time = process::start_time(child.id()).unwrap();
        held_by(&dir, &Holder { pid: child.id(), start_time, ..Holder::this() });
        assert!(matches!(Lock::take(&dir, true), Err(LockError::Held { .. })));
        child.kill().unwrap();
        child.wait().unwrap();
        Lock::take(&dir, false).unwrap();
    }

    #[test]
    fn a_session_of_another_host_is_never_stale() {
        let (_keep, dir) = session();
        held_by(&dir, &elsewhere(0));
        let error = Lock::take(&dir, false).unwrap_err().to_string();
        assert!(error.contains("host far") && error.contains("--take-over"), "{error}");
        assert!(Lock::holder(&dir).is_some());
        // Another machine of the same name is another host.
        held_by(&dir, &Holder { machine: "other".into(), boot_id: "x".into(), ..Holder::this() });
        assert!(matches!(Lock::take(&dir, false), Err(LockError::OtherHost { .. })));
    }

    #[test]
    fn taking_over_needs_a_lapsed_heartbeat_that_stays_silent() {
        let (_keep, dir) = session();
        held_by(&dir, &elsewhere(clock::now() - 59_000));
        let early = Lock::take_as(&dir, dir.access(), Holder::this(), PATIENCE);
        assert!(matches!(early, Err(LockError::AliveElsewhere { .. })));

        // Its clock is an hour behind ours, but it beats.
        let behind = clock::now() - 3_600_000;
        held_by(&dir, &elsewhere(behind));
        let path = dir.lock();
        let beating = std::thread::spawn(move || {
            for beat in 1..20 {
                std::thread::sleep(Duration::from_millis(10));
                let text = serde_json::to_string(&elsewhere(behind + beat)).unwrap();
                // Over the old text, as a heartbeat is: never half a file.
                let file = OpenOptions::new().write(true).open(&path).unwrap();
                file.write_all_at(text.as_bytes(), 0).unwrap();
            }
        });
        let beaten = Lock::take_as(&dir, dir.access(), Holder::this(), PATIENCE);
        beating.join().unwrap();
        assert!(matches!(beaten, Err(LockError::AliveElsewhere { .. })));

        let lock = Lock::take_as(&dir, dir.access(), Holder::this(), PATIENCE).unwrap();
        drop(lock);
    }

    #[test]
    fn who_was_taken_over_notices_at_the_next_heartbeat() {
        let (_keep, dir) = session();
        let mut lock = Lock::take(&dir, false).unwrap();
        held_by(&dir, &elsewhere(clock::now()));
        let error = lock.beat().unwrap_err().to_string();
        assert!(error.contains("on far has the session"), "{error}");
        drop(lock);
        assert!(Lock::holder(&dir).is_some(), "the other one's lock is left alone");
    }

    #[test]
    fn a_garbled_lock_is_not_taken_for_nobodys() {
        let (_keep, dir) = session();
        std::fs::write(dir.lock(), "{\"host\":").unwrap();
        assert!(matches!(Lock::take(&dir, false), Err(LockError::Garbled { .. })));
        std::fs::write(dir.lock(), "").unwrap();
        Lock::take(&dir, false).unwrap();
    }

    #[test]
    fn a_lock_without_the_machine_is_this_machine_s_if_it_is_of_this_boot() {
        let (_keep, dir) = session();
        let here = Holder { machine: "0af1".into(), ..Holder::this() };
        let older = Holder { machine: String::new(), start_time: here.start_time + 1, ..here.clone() };
        held_by(&dir, &older);
        drop(Lock::take_as(&dir, dir.access(), here.clone(), None).unwrap());
        // Of another boot it may be another machine of this name.
        held_by(&dir, &Holder { boot_id: "another".into(), ..older });
        assert!(matches!(Lock::take_as(&dir, dir.access(), here, None), Err(LockError::OtherHost { .. })));
    }

    #[test]
    fn nothing_is_left_of_a_longer_lock_of_a_newer_build() {
        let (_keep, dir) = session();
        let stale = Holder { boot_id: "another".into(), ..Holder::this() };
        let text = serde_json::to_string(&stale).unwrap();
        let longer = format!(r#","rack":"{}"}}"#, "x".repeat(500));
        std::fs::write(dir.lock(), text.replace('}', &longer)).unwrap();
        let _lock = Lock::take(&dir, false).unwrap();
        assert_eq!(Lock::holder(&dir).unwrap().pid, std::process::id());
    }
}
