//! How processes of a session are known whatever became of them: marks that every child inherits, whatever process group
//! or session it moves to and whoever its parent is by now.
//!
//! A session's processes carry two. One is a variable of their environment, with the session's directory. The other is
//! for those that wipe their environment: a number made of that directory, as the soft limit on file locks, which
//! outlives fork, exec, `setsid` and `env -i`, can be read of every process, and has limited nothing since Linux 2.4.
//! Where a system does not let it be set, there is the first alone. Who is ended is not here: see `survivors.rs`.

use std::path::Path;

use crate::hash::fnv1a;
use crate::process::{self, ProcessId};

/// In the environment of everything a session runs: the session's directory.
pub(super) const SESSION: &str = "EVOTOP_SESSION";
/// In the environment of everything one guard runs: which guard.
pub(super) const GUARD: &str = "EVOTOP_GUARD";

/// The upper 16 bits of every session's number: `ev`. No limit that people or systems set is near, and infinity, which
/// is what everybody has, is all ones.
const KIND: u64 = 0x6576 << HASHED;
/// As many bits of it are the directory's.
const HASHED: u32 = 48;

/// What everything that one session or one guard runs has in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mark {
    /// A session's directory, as [`directory`] spells it.
    Session(String),
    Guard(String),
}

impl Mark {
    /// The mark of the session in this directory.
    pub fn of(session: &Path) -> Self {
        Self::Session(directory(session))
    }

    /// The processes that have it and may be signalled, but for this one. Reads the whole process table.
    pub fn bearers(&self) -> Vec<ProcessId> {
        let bears = |process: &ProcessId| match self {
            Self::Session(dir) => {
                let pid = process.pid;
                let is_marked = has(pid, SESSION, dir) || process::lock_limit(pid) == Some(number(dir));
                // A container's session may be in a directory of this name. Another user's number can be read as well,
                // and what it sees cannot: nobody here could end it, whosever it is.
                is_marked && process::may_signal(pid) && !process::sees_another(pid, Path::new(dir))
            }
            Self::Guard(guard) => has(process.pid, GUARD, guard),
        };
        process::others().filter(bears).collect()
    }
}

fn has(pid: u32, name: &str, value: &String) -> bool {
    process::variable(pid, name).as_ref() == Some(value)
}

/// A session's directory, however it was spelled.
pub(super) fn directory(session: &Path) -> String {
    let full = std::fs::canonicalize(session).unwrap_or_else(|_| session.to_owned());
    full.to_string_lossy().into_owned()
}

/// Puts the number of the session that the environment names on this process, and so on all that comes from it.
pub(super) fn number_this() {
    if let Ok(dir) = std::env::var(SESSION) {
        process::limit_locks(number(&dir));
    }
}

/// The number of the session in this directory, as [`directory`] spells it.
pub(super) fn number(dir: &str) -> u64 {
    let hash = fnv1a(dir.as_bytes());
    // Folded, as the hash's authors advise where fewer bits are wanted.
    KIND | (hash ^ (hash >> HASHED)) & ((1 << HASHED) - 1)
}

/// The number that a process has, if it is one of a session.
pub(super) fn number_of(pid: u32) -> Option<u64> {
    process::lock_limit(pid).filter(|limit| limit >> HASHED == KIND >> HASHED)
}

#[cfg(test)]
mod tests {
    use std::process::{Child, Command};

    use super::*;

    /// The bearers, once the kernel shows the child's environment: a moment after it has begun.
    fn found(mark: &Mark, child: &mut Child) -> Vec<ProcessId> {
        let mut found = Vec::new();
        while found.is_empty() && child.try_wait().unwrap().is_none() {
            found = mark.bearers();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        found
    }

    #[test]
    fn a_process_is_found_by_its_environment() {
        let mark = Mark::Guard(format!("{}-mark", std::process::id()));
        let Mark::Guard(value) = &mark else { unreachable!() };
        let mut child = Command::new("sleep").arg("60").env(GUARD, value).spawn().unwrap();
        let found = found(&mark, &mut child);
        assert_eq!(found.iter().map(|p| p.pid).collect::<Vec<_>>(), [child.id()]);
        assert!(!found[0].lives());
    }

    #[test]
    fn a_session_of_a_container_in_a_directory_of_the_same_name_is_another_one() {
        let dir = tempfile::tempdir().unwrap();
        let mark = Mark::of(dir.path());
        let begin = |script: &str| {
            let mut command = Command::new("unshare");
            command
                .args(["-Urm", "sh", "-c", script, "sh"])
                .arg(dir.path())
                .env(SESSION, directory(dir.path()));
            let mut child = command.spawn().unwrap();
            while process::words(child.id()) != "sleep 60" && child.try_wait().unwrap().is_none() {}
            child
        };
        let mut same = begin("exec sleep 60");
        let mut other = begin("mount -t tmpfs none \"$1\" && exec sleep 60");
        let found = mark.bearers();
        let both = [&mut same, &mut other].map(|child| {
            let ran = child.try_wait().unwrap().is_none();
            let _ = child.kill();
            child.wait().unwrap();
            ran
        });
        // Where users may not have namespaces, there are no such containers either.
        if both == [true, true] {
            assert_eq!(found.iter().map(|p| p.pid).collect::<Vec<_>>(), [same.id()]);
        }
    }

    #[test]
    fn numbers_are_those_of_their_directories_and_far_from_any_limit_that_is_set() {
        // For ever: what an older build left is found by this.
        assert_eq!(number("/runs/evolve/exp"), 0x6576_e221_523e_6868);
        assert_ne!(number("/runs/evolve/exp"), number("/runs/evolve/exp2"));
        assert_eq!(number("") >> HASHED, 0x6576);
    }
}
