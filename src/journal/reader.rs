//! Reading a journal: from its start ([`read`]), or as it grows ([`Follow`]).
//!
//! Line by line, never the whole file in memory. A torn last line is forgiven, since the crash that tore it came
//! before anybody was told of it; damage anywhere else is an error that names the line.

use std::fs::File;
use std::io::{BufRead, BufReader, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::{Entry, Event, JournalError, VERSION, line};

const BUFFER: usize = 1 << 18;

/// What a writer needs to go on with a journal that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recovered {
    /// Bytes up to and including the last good line.
    pub length: u64,
    /// The `seq` the next entry gets.
    pub next_seq: u64,
    /// Bytes of a torn line after that; 0 if there is none.
    pub torn: u64,
}

/// Reads a journal and hands over its entries in order.
///
/// # Errors
/// Where the file cannot be read, is of a newer version, does not begin with the creation of a session, or has a
/// bad line before its last. Entries before the bad line have been handed over by then.
pub fn read(path: &Path, mut each: impl FnMut(Entry)) -> Result<Recovered, JournalError> {
    read_lines(path, |entry, _| each(entry))
}

/// As [`read`], with each entry's line and its newline.
pub(super) fn read_lines(path: &Path, mut each: impl FnMut(Entry, &[u8])) -> Result<Recovered, JournalError> {
    let file = File::open(path).map_err(JournalError::io("open", path))?;
    let mut scan = Scan::new(path, BufReader::with_capacity(BUFFER, file));
    while let Some(entry) = scan.next_entry()? {
        each(entry, &scan.buffer);
    }
    if scan.seq == 0 {
        return Err(JournalError::NoStart { path: path.to_owned() });
    }
    Ok(Recovered { length: scan.offset, next_seq: scan.seq, torn: scan.torn })
}

/// A journal that is followed as another process writes it.
#[derive(Debug)]
pub struct Follow {
    path: PathBuf,
    /// Device and inode: a journal that is put in place of this one is another.
    identity: (u64, u64),
    offset: u64,
    line: u64,
    seq: u64,
}

impl Follow {
    /// Starts at the beginning of the file.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        let meta = std::fs::metadata(path).map_err(JournalError::io("open", path))?;
        let identity = (meta.dev(), meta.ino());
        Ok(Self { path: path.to_owned(), identity, offset: 0, line: 0, seq: 0 })
    }

    /// Hands over what is new; returns how many entries that was. A line that is not complete yet waits.
    ///
    /// # Errors
    /// As [`read`]; [`JournalError::Replaced`] where the file was cut back or replaced, as happens after a failure
    /// of its disk: then open it again.
    pub fn news(&mut self, mut each: impl FnMut(Entry)) -> Result<u64, JournalError> {
        let doing = |what| JournalError::io(what, &self.path);
        let mut file = File::open(&self.path).map_err(doing("open"))?;
        let meta = file.metadata().map_err(doing("read"))?;
        if (meta.dev(), meta.ino()) != self.identity || meta.len() < self.offset {
            return Err(JournalError::Replaced { path: self.path.clone() });
        }
        if meta.len() == self.offset {
            return Ok(0);
        }
        file.seek(SeekFrom::Start(self.offset)).map_err(doing("read"))?;
        let mut scan = Scan::new(&self.path, BufReader::with_capacity(BUFFER, file));
        (scan.offset, scan.line, scan.seq) = (self.offset, self.line, self.seq);
        while let Some(entry) = scan.next_entry()? {
            (self.offset, self.line, self.seq) = (scan.offset, scan.line, scan.seq);
            each(entry);
        }
        let count = scan.read;
        Ok(count)
    }
}

/// The good lines of a journal, one after the other.
struct Scan<'a, R> {
    path: &'a Path,
    from: R,
    buffer: Vec<u8>,
    /// Up to and including the last good line.
    offset: u64,
    line: u64,
    seq: u64,
    read: u64,
    torn: u64,
}

impl<'a, R: BufRead> Scan<'a, R> {
    fn new(path: &'a Path, from: R) -> Self {
        Self { path, from, buffer: Vec::new(), offset: 0, line: 0, seq: 0, read: 0, torn: 0 }
    }

    /// The next entry; none at the end, or before a torn last line.
    fn next_entry(&mut self) -> Result<Option<Entry>, JournalError> {
        self.fill()?;
        let Some(text) = self.buffer.strip_suffix(b"\n") else {
            self.torn = self.buffer.len() as u64;
            return Ok(None);
        };
        if self.seq == 0
            && let Some(found) = line::version(text).filter(|found| *found > VERSION)
        {
            return Err(JournalError::Newer { path: self.path.to_owned(), found });
        }
        let entry = match line::read(text) {
            Ok(entry) => entry,
            Err(why) => return self.torn_or(why.to_string()),
        };
        if entry.seq != self.seq {
            return self.bad(format!("its seq is {} and should be {}", entry.seq, self.seq));
        }
        if self.seq == 0 && !matches!(entry.event, Event::Created(_)) {
            return Err(JournalError::NoStart { path: self.path.to_owned() });
        }
        self.offset += self.buffer.len() as u64;
        self.line += 1;
        self.seq += 1;
        self.read += 1;
        Ok(Some(entry))
    }

    fn fill(&mut self) -> Result<(), JournalError> {
        self.buffer.clear();
        self.from.read_until(b'\n', &mut self.buffer).map_err(JournalError::io("read", self.path))?;
        Ok(())
    }

    /// A bad line: forgiven where nothing comes after it.
    fn torn_or(&mut self, why: String) -> Result<Option<Entry>, JournalError> {
        let length = self.buffer.len() as u64;
        self.fill()?;
        if !self.buffer.is_empty() {
            return self.bad(why);
        }
        self.torn = length;
        Ok(None)
    }

    fn bad(&self, what: String) -> Result<Option<Entry>, JournalError> {
        Err(JournalError::BadLine { path: self.path.to_owned(), line: self.line + 1, what })
    }
}
