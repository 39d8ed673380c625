//! What the machine has: memory, disk space, graphics driver. Asking is all that is done here.

use std::fs;
use std::path::Path;

/// Bytes of memory: the machine's, or what the limit of a container or a cluster's job grants of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    pub whole: u64,
    /// What can be had of it without swapping.
    pub free: u64,
}

impl Memory {
    /// Where both are tight.
    fn within(self, other: Self) -> Self {
        Self { whole: self.whole.min(other.whole), free: self.free.min(other.free) }
    }
}

/// What there is of it; none where the system does not say.
pub fn memory() -> Option<Memory> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let bytes = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse::<u64>().ok().map(|kibibytes| kibibytes * 1024)
    };
    let own = Memory { whole: bytes("MemTotal:")?, free: bytes("MemAvailable:")? };
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    Some(in_groups(&groups, Path::new("/sys/fs/cgroup")).map_or(own, |granted| own.within(granted)))
}

/// What the tightest limits grant and leave of all control groups that a process is in, by its `/proc/PID/cgroup`; none without a
/// limit. Version 2 of the kernel's interface and version 1, whose hierarchies have a folder each.
fn in_groups(groups: &str, root: &Path) -> Option<Memory> {
    let lines = groups.lines().filter_map(|line| line.splitn(3, ':').collect::<Vec<_>>().try_into().ok());
    lines
        .filter_map(|[_, controllers, path]: [&str; 3]| {
            let (base, names) = match controllers {
                "" => (root.to_owned(), ["memory.max", "memory.current", "inactive_file"]),
                _ if controllers.split(',').any(|name| name == "memory") => (
                    root.join("memory"),
                    ["memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"],
                ),
                _ => return None,
            };
            // A container may see its own group as the root while the path is the host's: folders that are not there say nothing.
            let own = base.join(path.trim_start_matches('/'));
            own.ancestors()
                .take_while(|group| group.starts_with(&base))
                .filter_map(|group| granted(group, names))
                .reduce(Memory::within)
        })
        .reduce(Memory::within)
}

/// What a group's limit grants and leaves; what the kernel has read from files and nobody needs can be had as well.
fn granted(group: &Path, [limit, used, idle]: [&str; 3]) -> Option<Memory> {
    let number = |name: &str| fs::read_to_string(group.join(name)).ok()?.trim().parse::<u64>().ok();
    let (limit, used) = (number(limit)?, number(used)?);
    let stat = fs::read_to_string(group.join("memory.stat")).unwrap_or_default();
    let idle = stat.lines().find_map(|line| line.strip_prefix(idle)?.trim().parse().ok()).unwrap_or(0);
    Some(Memory { whole: limit, free: limit.saturating_sub(used.saturating_sub(idle)) })
}

/// How many trainings share this machine, as the session that started this process says.
pub fn slots() -> usize {
    std::env::var("EVOTOP_SLOTS").ok().and_then(|text| text.parse().ok()).unwrap_or(1)
}

/// How many generations the run is to have that this training is one of, as that session says.
pub fn generations() -> Option<u64> {
    std::env::var("EVOTOP_GENERATIONS").ok().and_then(|text| text.parse().ok())
}

/// Bytes that can still be written below `folder`.
pub fn free_disk(folder: &Path) -> Option<u64> {
    let folder = std::path::absolute(folder).ok()?;
    let there = folder.ancestors().find(|path| path.exists())?;
    let status = rustix::fs::statvfs(there).ok()?;
    Some(status.f_bavail.saturating_mul(status.f_frsize))
}

/// The version of the NVIDIA driver.
pub fn nvidia_driver() -> Option<String> {
    let text = fs::read_to_string("/proc/driver/nvidia/version").ok()?;
    let line = text.lines().next()?;
    line.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit())).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(folder: &Path, files: [(&str, &str); 3]) {
        fs::create_dir_all(folder).unwrap();
        for (name, text) in files {
            fs::write(folder.join(name), text).unwrap();
        }
    }

    #[test]
    fn the_tightest_limit_of_the_groups_around_a_process_counts() {
        let root = tempfile::tempdir().unwrap();
        let in_job = "0::/job/step/task\n";
        assert_eq!(in_groups(in_job, root.path()), None);
        let files =
            |limit, used, stat| [("memory.max", limit), ("memory.current", used), ("memory.stat", stat)];
        group(&root.path().join("job"), files("1000\n", "700\n", "anon 500\ninactive_file 150\n"));
        group(&root.path().join("job/step"), files("max\n", "700\n", ""));
        group(&root.path().join("job/step/task"), files("2000\n", "100\n", ""));
        assert_eq!(in_groups(in_job, root.path()), Some(Memory { whole: 1000, free: 450 }));
        assert_eq!(in_groups("0::/other\n", root.path()), None);
        group(&root.path().join("job/step/task"), files("90\n", "100\n", ""));
        assert_eq!(in_groups(in_job, root.path()), Some(Memory { whole: 90, free: 0 }));
    }

    #[test]
    fn a_limit_of_the_older_interface_counts_where_a_container_sees_itself_as_the_root() {
        let root = tempfile::tempdir().unwrap();
        let own = root.path().join("memory");
        let stat = "inactive_file 1\ntotal_inactive_file 30\n";
        group(
            &own,
            [("memory.limit_in_bytes", "500"), ("memory.usage_in_bytes", "80"), ("memory.stat", stat)],
        );
        let groups = "12:cpu,memory:/docker/0a1b\n1:name=systemd:/\n";
        assert_eq!(in_groups(groups, root.path()), Some(Memory { whole: 500, free: 450 }));
    }

    #[test]
    fn free_space_of_a_folder_that_is_yet_to_be_made_is_that_of_its_parent() {
        let folder = tempfile::tempdir().unwrap();
        let free = free_disk(&folder.path().join("not/yet"));
        assert!(free.is_some_and(|free| free > 0), "{free:?}");
    }
}
