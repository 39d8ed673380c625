//! Who has a session open, as its lock file says. What that means for whoever wants it is in `lock.rs`.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use serde::{Deserialize, Serialize};

use crate::{clock, process};

/// The holder is written at one length, so that each heartbeat is one write over the last.
pub(super) const LENGTH: usize = 512;

/// Who has a session open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    pub host: String,
    /// Tells two hosts of one name apart.
    #[serde(default)]
    pub machine: String,
    pub boot_id: String,
    pub pid: u32,
    /// The process's start time in clock ticks since boot.
    pub start_time: u64,
    /// Milliseconds since 1970-01-01 UTC.
    pub heartbeat: i64,
}

impl Holder {
    /// This process.
    pub fn this() -> Self {
        let (host, pid) = (process::host(), std::process::id());
        Self {
            host: host.name,
            machine: process::machine_id(),
            boot_id: host.boot_id,
            pid,
            start_time: process::start_time(pid).unwrap_or_default(),
            heartbeat: clock::now(),
        }
    }

    /// Whether it is the same process, whatever the time.
    pub(super) fn is(&self, other: &Self) -> bool {
        (self.pid, self.start_time) == (other.pid, other.start_time)
            && self.boot_id == other.boot_id
            && self.is_on_host_of(other)
    }

    /// Where one of them does not say its machine, the boot has to be the same: it may be another machine of this name.
    pub(super) fn is_on_host_of(&self, other: &Self) -> bool {
        let unsaid = self.machine.is_empty() || other.machine.is_empty();
        let same = self.machine == other.machine || unsaid && self.boot_id == other.boot_id;
        self.host == other.host && same
    }

    /// Whether it is on this host.
    pub fn is_here(&self) -> bool {
        self.is_on_host_of(&Self::this())
    }

    /// Whether it may still have the session, seen from `here`: on another host that cannot be ruled out.
    pub(super) fn may_live(&self, here: &Self) -> bool {
        if !self.is_on_host_of(here) {
            return true;
        }
        self.boot_id == here.boot_id && process::is_alive(self.pid, self.start_time)
    }

    /// Writes itself over what the file said, as of now.
    pub(super) fn beat(&mut self, file: &File) -> io::Result<()> {
        self.heartbeat = clock::now();
        let text = serde_json::to_string(self).unwrap_or_default();
        let line = format!("{text:width$}\n", width = LENGTH - 1);
        file.write_all_at(line.as_bytes(), 0)
    }
}

/// What a lock file says.
pub(super) enum Said {
    Nobody,
    Holder(Holder),
    Garbled,
}

/// What this file says.
pub(super) fn read(file: &File) -> io::Result<Said> {
    let mut bytes = [0; 2 * LENGTH];
    let mut length = 0;
    loop {
        match file.read_at(&mut bytes[length..], length as u64)? {
            0 => break,
            more => length += more,
        }
    }
    let text = bytes[..length].trim_ascii();
    if text.is_empty() {
        return Ok(Said::Nobody);
    }
    Ok(serde_json::from_slice(text).map_or(Said::Garbled, Said::Holder))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A lock as it is written now: what it says has to be read for ever.
    const WRITTEN: &str = r#"{"host":"far","machine":"0af1","boot_id":"b-1","pid":7,"start_time":12,"heartbeat":1764000000000}"#;

    #[test]
    fn a_lock_is_read_as_it_was_written_by_an_older_build_and_by_a_newer_one() {
        let dir = tempfile::tempdir().unwrap();
        let read = |text: &str| {
            let path = dir.path().join("lock");
            std::fs::write(&path, text).unwrap();
            let Ok(Said::Holder(holder)) = read(&File::open(path).unwrap()) else {
                panic!("not read: {text}")
            };
            holder
        };
        let holder = read(WRITTEN);
        assert_eq!((holder.pid, holder.start_time, holder.heartbeat), (7, 12, 1_764_000_000_000));
        assert_eq!((&*holder.host, &*holder.machine, &*holder.boot_id), ("far", "0af1", "b-1"));
        assert_eq!(serde_json::to_string(&holder).unwrap(), WRITTEN);
        let newer = WRITTEN.replace('}', r#","rack":{"row":3}}"#);
        assert_eq!(read(&newer), holder);
        let older = WRITTEN.replace(r#""machine":"0af1","#, "");
        assert_eq!(read(&older), Holder { machine: String::new(), ..holder });
    }
}
