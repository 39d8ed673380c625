//! What the machine has: memory, disk space, graphics driver. Asking is all that is done here.

use std::fs;
use std::path::Path;

/// Bytes of memory that can be had without swapping; none where the system does not say.
pub fn available_memory() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes * 1024)
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

    #[test]
    fn free_space_of_a_folder_that_is_yet_to_be_made_is_that_of_its_parent() {
        let folder = tempfile::tempdir().unwrap();
        let free = free_disk(&folder.path().join("not/yet"));
        assert!(free.is_some_and(|free| free > 0), "{free:?}");
    }
}
