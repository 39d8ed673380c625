//! The disk, as far as the journal needs one: a trait, so that tests can put one beneath it that forgets.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

/// Who may read what a session writes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Access {
    /// The user alone: 0600 and 0700.
    #[default]
    Private,
    /// Everybody may look (`--share-read`): 0644 and 0755.
    ShareRead,
}

impl Access {
    /// Who may read this file, and so whatever else is made for it; the user alone where it is not there.
    pub fn of(path: &Path) -> Self {
        let shared = fs::metadata(path).is_ok_and(|meta| meta.mode() & 0o004 != 0);
        if shared { Self::ShareRead } else { Self::Private }
    }

    /// Has this process, and every one that it starts, make its files for the same readers.
    pub fn set_umask(self) {
        rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o777 & !self.dir_mode()));
    }

    /// Permission bits of a file.
    pub fn file_mode(self) -> u32 {
        match self {
            Self::Private => 0o600,
            Self::ShareRead => 0o644,
        }
    }

    /// Permission bits of a directory.
    pub fn dir_mode(self) -> u32 {
        match self {
            Self::Private => 0o700,
            Self::ShareRead => 0o755,
        }
    }
}

/// A place for files.
pub trait Disk: fmt::Debug + Send + Sync {
    /// Opens a file that is there, for appending.
    ///
    /// # Errors
    /// Those of the system, here and below.
    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;
    /// Makes an empty file, in place of one that is there.
    ///
    /// # Errors
    /// Those of the system.
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;
    /// Renames a file, over another one.
    ///
    /// # Errors
    /// Those of the system.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    ///
    /// # Errors
    /// Those of the system.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Makes names in a directory last.
    ///
    /// # Errors
    /// Those of the system.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;
}

/// A file that only grows, or is cut back to an earlier length.
pub trait DiskFile: fmt::Debug + Send {
    /// Appends all of it. After an error, some of it may have been.
    ///
    /// # Errors
    /// Those of the system, here and below.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Makes what was appended last.
    ///
    /// # Errors
    /// Those of the system.
    fn sync(&mut self) -> io::Result<()>;
    /// Cuts the file back to a length.
    ///
    /// # Errors
    /// Those of the system.
    fn cut(&mut self, length: u64) -> io::Result<()>;
}

/// The real one.
#[derive(Debug, Clone, Copy, Default)]
pub struct FileDisk {
    /// Who may read what is made here.
    pub access: Access,
}

impl Disk for FileDisk {
    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(OpenOptions::new().append(true).open(path)?))
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let mode = self.access.file_mode();
        // Made anew, so that neither the mode nor a link of a file left over there counts.
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        Ok(Box::new(OpenOptions::new().append(true).create_new(true).mode(mode).open(path)?))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        // A relative file name has the empty path as its parent.
        let dir = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
        File::open(dir)?.sync_all()
    }
}

impl DiskFile for File {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }
}
