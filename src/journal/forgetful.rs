//! A disk for tests: it forgets what was not synced when the power goes, and fails on request.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Disk, DiskFile, FileDisk};

/// What goes wrong next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The next append writes this many bytes and reports a full disk.
    Short(usize),
    /// As `Short`, and it is the user's quota that is used up.
    Quota(usize),
    /// As `Short`, and the file cannot be cut back either.
    ShortAndStuck(usize),
    /// The next sync fails, and what it was to make last never will.
    Sync,
}

#[derive(Debug, Default)]
struct Platter {
    /// By file number: the bytes that survive.
    synced: HashMap<u64, Vec<u8>>,
    /// Names as they are now, and as they survive.
    names: HashMap<PathBuf, u64>,
    synced_names: HashMap<PathBuf, u64>,
    next_file: u64,
    fault: Option<Fault>,
    syncs: u64,
}

/// A disk over real files, so that a journal on it is read as any other.
#[derive(Debug, Clone, Default)]
pub struct ForgetfulDisk(Arc<Mutex<Platter>>);

impl ForgetfulDisk {
    fn platter(&self) -> MutexGuard<'_, Platter> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes something go wrong once.
    pub fn fail(&self, fault: Fault) {
        self.platter().fault = Some(fault);
    }

    /// How often a file was synced.
    pub fn syncs(&self) -> u64 {
        self.platter().syncs
    }

    /// The power goes. Of each file's unsynced bytes, the first `kept` are there nevertheless.
    pub fn crash(&self, kept: usize) {
        let mut platter = self.platter();
        let mut survivors = Vec::new();
        for (path, number) in &platter.synced_names {
            let synced = platter.synced.get(number).cloned().unwrap_or_default();
            let there = platter.names.iter().find(|(_, n)| *n == number);
            let written = there.and_then(|(now, _)| std::fs::read(now).ok()).unwrap_or_default();
            let tail = written.strip_prefix(&synced[..]).unwrap_or_default();
            let tail = &tail[..kept.min(tail.len())];
            survivors.push((path.clone(), [&synced[..], tail].concat()));
        }
        for path in platter.names.keys() {
            let _ = std::fs::remove_file(path);
        }
        for (path, bytes) in survivors {
            let _ = std::fs::write(path, bytes);
        }
        platter.names = platter.synced_names.clone();
        platter.fault = None;
    }
}

impl Disk for ForgetfulDisk {
    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let file = FileDisk::default().open(path)?;
        let mut platter = self.platter();
        let number = platter.names.get(path).copied().ok_or(io::ErrorKind::NotFound)?;
        let written = std::fs::read(path)?;
        platter.synced.insert(number, written);
        Ok(Box::new(ForgetfulFile { disk: self.clone(), path: path.to_owned(), number, file }))
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let file = FileDisk::default().create(path)?;
        let mut platter = self.platter();
        let number = platter.next_file;
        platter.next_file += 1;
        platter.names.insert(path.to_owned(), number);
        Ok(Box::new(ForgetfulFile { disk: self.clone(), path: path.to_owned(), number, file }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        FileDisk::default().rename(from, to)?;
        let mut platter = self.platter();
        let number = platter.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
        platter.names.insert(to.to_owned(), number);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.platter().names.remove(path);
        FileDisk::default().remove(path)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        let mut platter = self.platter();
        let platter = &mut *platter;
        platter.synced_names.retain(|path, _| path.parent() != Some(dir));
        let here = platter.names.iter().filter(|(path, _)| path.parent() == Some(dir));
        platter.synced_names.extend(here.map(|(path, number)| (path.clone(), *number)));
        Ok(())
    }
}

#[derive(Debug)]
struct ForgetfulFile {
    disk: ForgetfulDisk,
    path: PathBuf,
    number: u64,
    file: Box<dyn DiskFile>,
}

impl ForgetfulFile {
    /// Where the file is now: it may have been renamed since it was made.
    fn place(&self) -> PathBuf {
        let platter = self.disk.platter();
        let now = platter.names.iter().find(|(_, number)| **number == self.number);
        now.map_or_else(|| self.path.clone(), |(path, _)| path.clone())
    }
}

fn full(errno: rustix::io::Errno) -> io::Error {
    io::Error::from_raw_os_error(errno.raw_os_error())
}

impl DiskFile for ForgetfulFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let fault = self.disk.platter().fault;
        let (written, errno) = match fault {
            Some(Fault::Short(written) | Fault::ShortAndStuck(written)) => {
                (written, rustix::io::Errno::NOSPC)
            }
            Some(Fault::Quota(written)) => (written, rustix::io::Errno::DQUOT),
            Some(Fault::Sync) | None => return self.file.append(bytes),
        };
        if !matches!(fault, Some(Fault::ShortAndStuck(_))) {
            self.disk.platter().fault = None;
        }
        self.file.append(&bytes[..written.min(bytes.len())])?;
        Err(full(errno))
    }

    fn sync(&mut self) -> io::Result<()> {
        let bytes = std::fs::read(self.place())?;
        let mut platter = self.disk.platter();
        platter.syncs += 1;
        if platter.fault == Some(Fault::Sync) {
            platter.fault = None;
            return Err(io::Error::from_raw_os_error(rustix::io::Errno::IO.raw_os_error()));
        }
        platter.synced.insert(self.number, bytes);
        Ok(())
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        if matches!(self.disk.platter().fault, Some(Fault::ShortAndStuck(_))) {
            self.disk.platter().fault = None;
            return Err(io::Error::from_raw_os_error(rustix::io::Errno::IO.raw_os_error()));
        }
        self.file.cut(length)
    }
}
