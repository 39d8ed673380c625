//! Reading a journal: from its start ([`read`]), or as it grows ([`Follow`]).
//!
//! Line by line, never the whole file in memory. A torn last line is forgiven, since the crash that tore it came
//! before anybody was told of it; damage anywhere else is an error that names the line.

use std::fs::File;
use std::io::{BufReader, Seek, SeekFrom};
use std::num::NonZero;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::lines::{Line, Lines, Parallel, Serial};
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
    visit(path, |entry| each(taken(entry)))
}

/// As [`read`], for those who only look: a long journal is read much faster where its entries are not kept.
///
/// # Errors
/// As [`read`].
pub fn look(path: &Path, mut each: impl FnMut(&Entry)) -> Result<Recovered, JournalError> {
    visit(path, |entry| each(entry))
}

fn visit(path: &Path, mut each: impl FnMut(&mut Entry)) -> Result<Recovered, JournalError> {
    let file = File::open(path).map_err(JournalError::io("open", path))?;
    // Under musl every thread waits for the one lock of the heap: alone it is faster.
    let cores = if cfg!(target_env = "musl") { 1 } else { MOST_THREADS };
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get).min(cores);
    if file.metadata().is_ok_and(|meta| meta.len() < LONG) || threads == 1 {
        return read_lines(path, |entry, _| each(entry));
    }
    let mut scan = Scan::new(path, Parallel::new(file, threads));
    while scan.advance()? {
        if let Some(entry) = scan.entry() {
            each(entry);
        }
    }
    scan.recovered()
}

/// As [`read`], with each entry's line and its newline.
pub(super) fn read_lines(
    path: &Path,
    mut each: impl FnMut(&mut Entry, &[u8]),
) -> Result<Recovered, JournalError> {
    let file = File::open(path).map_err(JournalError::io("open", path))?;
    let mut scan = Scan::new(path, Serial::new(BufReader::with_capacity(BUFFER, file), true));
    while scan.advance()? {
        if let Some(mut entry) = scan.entry().map(taken) {
            each(&mut entry, scan.from.text());
        }
    }
    scan.recovered()
}

/// The entry itself, and nothing in its place.
fn taken(entry: &mut Entry) -> Entry {
    let nothing = Entry { seq: entry.seq, time: entry.time, event: Event::Note { text: String::new() } };
    std::mem::replace(entry, nothing)
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
        while scan.advance()? {
            (self.offset, self.line, self.seq) = (scan.offset, scan.line, scan.seq);
            if let Some(entry) = scan.entry() {
                each(taken(entry));
            }
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

impl<'a, L: Lines> Scan<'a, L> {
    fn new(path: &'a Path, from: L) -> Self {
        Self { path, from, offset: 0, line: 0, seq: 0, read: 0, torn: 0 }
    }

    /// Goes on to the next entry. Whether there is one: not at the end, nor before a torn last line.
    fn advance(&mut self) -> Result<bool, JournalError> {
        if !self.next_line()? {
            return Ok(false);
        }
        let Some(Line { length, ended, entry, newer }) = self.from.line() else { return Ok(false) };
        let length = *length;
        if !*ended {
            self.torn = length;
            return Ok(false);
        }
        if let Some(found) = *newer {
            return Err(JournalError::Newer { path: self.path.to_owned(), found });
        }
        let (seq, begins) = match entry {
            Ok(entry) => (entry.seq, matches!(entry.event, Event::Created(_))),
            Err(why) => {
                let why = why.to_string();
                return self.torn_or(length, why);
            }
        };
        if seq != self.seq {
            return Err(self.bad(format!("its seq is {seq} and should be {}", self.seq)));
        }
        if self.seq == 0 && !begins {
            return Err(JournalError::NoStart { path: self.path.to_owned() });
        }
        self.offset += length;
        self.line += 1;
        self.seq += 1;
        self.read += 1;
        Ok(true)
    }

    /// The entry that was gone to.
    fn entry(&mut self) -> Option<&mut Entry> {
        self.from.line()?.entry.as_mut().ok()
    }

    fn next_line(&mut self) -> Result<bool, JournalError> {
        self.from.advance().map_err(JournalError::io("read", self.path))
    }

    /// A bad line: forgiven where nothing comes after it.
    fn torn_or(&mut self, length: u64, why: String) -> Result<bool, JournalError> {
        if self.next_line()? {
            return Err(self.bad(why));
        }
        self.torn = length;
        Ok(false)
    }

    fn bad(&self, what: String) -> JournalError {
        JournalError::BadLine { path: self.path.to_owned(), line: self.line + 1, what }
    }

    /// What a writer needs to go on, once there is no next entry.
    fn recovered(&self) -> Result<Recovered, JournalError> {
        if self.seq == 0 {
            return Err(JournalError::NoStart { path: self.path.to_owned() });
        }
        Ok(Recovered { length: self.offset, next_seq: self.seq, torn: self.torn })
    }
}
