//! Processes and the machine they are on, as the kernel tells of them: who is alive, since when, where.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::process::{Pid, Resource, Rlimit, getrlimit, setrlimit, test_kill_process};
use serde::{Deserialize, Serialize};

use crate::journal::Host;

/// For tests: another host name than the machine's own.
const HOST_FOR_TESTS: &str = "EVOTOP_HOST";

/// This machine. `EVOTOP_HOST` is another name for it in tests.
pub fn host() -> Host {
    let name =
        faked_host().unwrap_or_else(|| rustix::system::uname().nodename().to_string_lossy().into_owned());
    Host { name, boot_id: line("/proc/sys/kernel/random/boot_id").unwrap_or_default() }
}

/// The name that this machine is to have in a test.
pub fn faked_host() -> Option<String> {
    std::env::var(HOST_FOR_TESTS).ok().filter(|name| !name.is_empty())
}

/// What tells two machines of the same name apart, where the system has one.
pub fn machine_id() -> String {
    line("/etc/machine-id").unwrap_or_default()
}

/// When a process was started, in clock ticks since boot; none where it is gone. A zombie is gone.
pub fn start_time(pid: u32) -> Option<u64> {
    let stat = stat(pid)?;
    let mut fields = stat.split_ascii_whitespace();
    let state = fields.next()?;
    let start = fields.nth(18)?.parse().ok()?;
    (!matches!(state, "Z" | "X")).then_some(start)
}

/// Whether this very process still runs: a process id alone is used again by others.
pub fn is_alive(pid: u32, started: u64) -> bool {
    start_time(pid) == Some(started)
}

/// A process: a process id alone is used again by others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ProcessId {
    pub pid: u32,
    /// Clock ticks since boot; 0 where the system does not tell.
    pub start_time: u64,
}

impl ProcessId {
    /// The process that has this id now.
    pub fn of(pid: u32) -> Self {
        Self { pid, start_time: start_time(pid).unwrap_or_default() }
    }

    /// The process that has this id now, if one does that is not dead.
    pub fn living(pid: u32) -> Option<Self> {
        Some(Self { pid, start_time: start_time(pid)? })
    }

    /// Whether this very process still runs.
    pub fn lives(&self) -> bool {
        is_alive(self.pid, self.start_time)
    }
}

/// This process's children, the dead that are not buried included.
pub fn children() -> Vec<u32> {
    // The kernel keeps a list for each thread, unless it was built without.
    let listed = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten().map(|task| {
        let text = std::fs::read_to_string(task.path().join("children")).ok()?;
        Some(text.split_ascii_whitespace().filter_map(|pid| pid.parse().ok()).collect())
    });
    if let Some(lists) = listed.collect::<Option<Vec<Vec<u32>>>>() {
        return lists.into_iter().flatten().collect();
    }
    let own = std::process::id();
    all().filter(|pid| parent(*pid) == Some(own)).collect()
}

/// The living processes that this one can see, but for itself.
///
/// Known before anything is asked of them: what is found out of one that has this id later is not taken for theirs.
pub fn others() -> impl Iterator<Item = ProcessId> {
    let own = std::process::id();
    all().filter(move |pid| *pid != own).filter_map(ProcessId::living)
}

/// A variable of the environment that a process was started with.
pub fn variable(pid: u32, name: &str) -> Option<String> {
    let environment = std::fs::read(format!("/proc/{pid}/environ")).ok()?;
    let mut entries = environment.split(|b| *b == 0);
    let value = entries.find_map(|entry| entry.strip_prefix(name.as_bytes())?.strip_prefix(b"="))?;
    Some(String::from_utf8_lossy(value).into_owned())
}

/// The soft limit on file locks of a process, where it has one. Linux limits nothing by it since 2.4, shows it to
/// everybody, and hands it down to every child.
pub fn lock_limit(pid: u32) -> Option<u64> {
    let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).ok()?;
    let locks = limits.lines().find_map(|line| line.strip_prefix("Max file locks"))?;
    locks.split_ascii_whitespace().next()?.parse().ok()
}

/// Sets this process's own. Says whether the system allows it.
pub fn limit_locks(locks: u64) -> bool {
    let maximum = getrlimit(Resource::Locks).maximum;
    setrlimit(Resource::Locks, Rlimit { current: Some(locks), maximum }).is_ok()
}

/// Whether it could, and whoever reads it would see that; it is as it was afterwards.
pub fn may_limit_locks(locks: u64) -> bool {
    let before = getrlimit(Resource::Locks);
    let may = limit_locks(locks) && lock_limit(std::process::id()) == Some(locks);
    let _ = setrlimit(Resource::Locks, before);
    may
}

/// Whether this process may end that one. Another user's it may not, unless this is root's.
pub fn may_signal(pid: u32) -> bool {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    pid.is_some_and(|pid| test_kill_process(pid).is_ok())
}

/// A process's words, as it was called.
pub fn words(pid: u32) -> String {
    let bytes = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&bytes).replace('\0', " ").trim().to_owned()
}

fn all() -> impl Iterator<Item = u32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

fn parent(pid: u32) -> Option<u32> {
    after_name(pid, 1)
}

/// The process group of a process; 0 where that is one of another container.
pub fn group(pid: u32) -> Option<u32> {
    after_name(pid, 2)
}

/// Whether stopping this process leaves somebody who lets it go on: a shell with jobs. Without one (in a terminal of its
/// own, as a window of tmux) it would stand still for ever.
pub fn has_job_control() -> bool {
    let own = std::process::id();
    let (Some(parent), Some(group), Some(session)) =
        (after_name(own, 1), after_name(own, 2), after_name(own, 3))
    else {
        // Where the kernel does not tell, a shell is what is usual.
        return true;
    };
    // The kernel's own rule: a group is orphaned where no member's parent is of the same session and another group.
    after_name(parent, 3) == Some(session) && after_name(parent, 2) != Some(group)
}

/// A field of [`stat`].
fn after_name(pid: u32, field: usize) -> Option<u32> {
    stat(pid)?.split_ascii_whitespace().nth(field)?.parse().ok()
}

/// The fields of `/proc/PID/stat` behind the program's name, which stands in parentheses and may hold anything,
/// parentheses included.
fn stat(pid: u32) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    Some(stat.rsplit_once(')')?.1.to_owned())
}

/// Bytes that a user may still write to the disk of this directory; none where it does not say.
pub fn free_space(dir: &Path) -> Option<u64> {
    rustix::fs::statvfs(dir).ok().map(|fs| fs.f_bavail.saturating_mul(fs.f_frsize))
}

/// Where this program's file is, or was when it was started: for people, and to find what lies beside it.
pub fn own_program() -> PathBuf {
    let path = std::env::current_exe().unwrap_or_else(|_| "evotop".into());
    // What the kernel appends where the file was replaced or removed since.
    let text = path.to_string_lossy();
    text.strip_suffix(" (deleted)").map(PathBuf::from).unwrap_or(path)
}

/// How to start this very program again, also where its file was replaced by another build since.
pub fn this_program() -> PathBuf {
    let running = PathBuf::from("/proc/self/exe");
    if running.exists() { running } else { own_program() }
}

/// How to start the program that another process runs, whatever became of its file; none where that cannot be told.
pub fn program_of(pid: u32) -> Option<PathBuf> {
    let path = PathBuf::from(format!("/proc/{pid}/exe"));
    path.exists().then_some(path)
}

/// Whether a file is the program of this process.
pub fn is_this_program(path: &Path) -> bool {
    let own = identity(&this_program());
    own.is_some() && identity(path) == own
}

/// Whether this path leads a process to another file than this one, as it may in a container.
pub fn sees_another(pid: u32, path: &Path) -> bool {
    let below_root = path.strip_prefix("/").unwrap_or(path);
    let there = identity(&Path::new("/proc").join(pid.to_string()).join("root").join(below_root));
    there.is_some() && there != identity(path)
}

/// What tells a file from every other one.
fn identity(path: &Path) -> Option<(u64, u64)> {
    std::fs::metadata(path).ok().map(|meta| (meta.dev(), meta.ino()))
}

/// The name of the user this process belongs to, or the number where it has no name.
pub fn user() -> String {
    user_name(rustix::process::getuid().as_raw())
}

/// The name of a user, or the number.
pub fn user_name(uid: u32) -> String {
    let passwd = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let named = passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    });
    named.unwrap_or_else(|| uid.to_string())
}

fn line(path: &str) -> Option<String> {
    Some(std::fs::read_to_string(Path::new(path)).ok()?.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_alive_and_one_of_another_start_time_is_not() {
        let pid = std::process::id();
        let started = start_time(pid).unwrap();
        assert!(is_alive(pid, started));
        assert!(!is_alive(pid, started + 1));
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let (gone, born) = (child.id(), start_time(child.id()));
        child.wait().unwrap();
        assert!(!born.is_some_and(|born| is_alive(gone, born)));
    }

    #[test]
    fn a_child_is_among_the_children_until_it_is_buried() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let is_child = children().contains(&child.id());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(is_child && !children().contains(&child.id()));
    }

    /// As where a system hides it, or does not know this limit.
    #[test]
    fn a_limit_that_cannot_be_read_tells_nothing_and_so_is_none_that_can_be_set() {
        if std::env::var_os("EVOTOP_TEST_ALONE").is_none() {
            let before = lock_limit(std::process::id());
            let mut alone = std::process::Command::new("unshare");
            let script = "mount --bind /dev/null /proc/$$/limits && exec \"$@\"";
            alone.args(["-Urm", "sh", "-c", script, "sh"]).arg(std::env::current_exe().unwrap());
            let name =
                "process::tests::a_limit_that_cannot_be_read_tells_nothing_and_so_is_none_that_can_be_set";
            let said = alone.args(["--exact", name]).env("EVOTOP_TEST_ALONE", "1").output();
            let text =
                said.map(|said| String::from_utf8_lossy(&said.stdout).into_owned()).unwrap_or_default();
            // Where users may not have namespaces, nothing can be hidden.
            assert!(text.contains("1 passed") || !text.contains("running 1 test"), "{text}");
            may_limit_locks(4096);
            assert_eq!(lock_limit(std::process::id()), before);
            return;
        }
        assert!(!may_limit_locks(4096));
    }

    #[test]
    fn a_user_without_a_name_is_a_number() {
        assert_eq!(user_name(0), "root");
        assert_eq!(user_name(4_123_456_789), "4123456789");
    }
}
