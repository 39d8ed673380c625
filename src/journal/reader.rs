//! Reading a journal: from its start ([`read`]), or as it grows ([`Follow`]).
//!
//! Line by line, never the whole file in memory. A torn last line is forgiven, since the crash that tore it came
//! before anybody was told of it; damage anywhere else is an error that names the line.

use std::fs::File;
use std::io::{self, BufReader, Seek, SeekFrom};
use std::num::NonZero;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::lines::{Line, Parallel, Serial};
use super::{Entry, Event, JournalError};

const BUFFER: usize = 1 << 18;
/// A journal of this many bytes is read on several threads.
const LONG: u64 = 4 << 20;
const MOST_THREADS: usize = 8;

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
    let file = File::open(path).map_err(JournalError::io("open", path))?;
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get).min(MOST_THREADS);
    if file.metadata().is_ok_and(|meta| meta.len() < LONG) || threads == 1 {
        return read_lines(path, |entry, _| each(entry));
    }
    let mut scan = Scan::new(path, Parallel::new(file, threads));
    while let Some(entry) = scan.next_entry()? {
        each(entry);
    }
    scan.recovered()
}

/// As [`read`], with each entry's line and its newline.
pub(super) fn read_lines(path: &Path, mut each: impl FnMut(Entry, &[u8])) -> Result<Recovered, JournalError> {
    let file = File::open(path).map_err(JournalError::io("open", path))?;
    let mut scan = Scan::new(path, Serial::new(BufReader::with_capacity(BUFFER, file), true));
    while let Some(entry) = scan.next_entry()? {
        each(entry, scan.from.text());
    }
    scan.recovered()
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
        let lines = Serial::new(BufReader::with_capacity(BUFFER, file), self.offset == 0);
        let mut scan = Scan::new(&self.path, lines);
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
struct Scan<'a, L> {
    path: &'a Path,
    from: L,
    /// Up to and including the last good line.
    offset: u64,
    line: u64,
    seq: u64,
    read: u64,
    torn: u64,
}

impl<'a, L: Iterator<Item = io::Result<Line>>> Scan<'a, L> {
    fn new(path: &'a Path, from: L) -> Self {
        Self { path, from, offset: 0, line: 0, seq: 0, read: 0, torn: 0 }
    }

    /// The next entry; none at the end, or before a torn last line.
    fn next_entry(&mut self) -> Result<Option<Entry>, JournalError> {
        let Some(line) = self.next_line()? else { return Ok(None) };
        if !line.ended {
            self.torn = line.length;
            return Ok(None);
        }
        if let Some(found) = line.newer {
            return Err(JournalError::Newer { path: self.path.to_owned(), found });
        }
        let entry = match line.entry {
            Ok(entry) => entry,
            Err(why) => return self.torn_or(line.length, why.to_string()),
        };
        if entry.seq != self.seq {
            return self.bad(format!("its seq is {} and should be {}", entry.seq, self.seq));
        }
        if self.seq == 0 && !matches!(entry.event, Event::Created(_)) {
            return Err(JournalError::NoStart { path: self.path.to_owned() });
        }
        self.offset += line.length;
        self.line += 1;
        self.seq += 1;
        self.read += 1;
        Ok(Some(entry))
    }

    fn next_line(&mut self) -> Result<Option<Line>, JournalError> {
        self.from.next().transpose().map_err(JournalError::io("read", self.path))
    }

    /// A bad line: forgiven where nothing comes after it.
    fn torn_or(&mut self, length: u64, why: String) -> Result<Option<Entry>, JournalError> {
        if self.next_line()?.is_some() {
            return self.bad(why);
        }
        self.torn = length;
        Ok(None)
    }

    fn bad(&self, what: String) -> Result<Option<Entry>, JournalError> {
        Err(JournalError::BadLine { path: self.path.to_owned(), line: self.line + 1, what })
    }

    /// What a writer needs to go on, once there is no next entry.
    fn recovered(&self) -> Result<Recovered, JournalError> {
        if self.seq == 0 {
            return Err(JournalError::NoStart { path: self.path.to_owned() });
        }
        Ok(Recovered { length: self.offset, next_seq: self.seq, torn: self.torn })
    }
}
