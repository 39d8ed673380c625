//! Writing a journal: nothing is told before it is on disk.
//!
//! [`Writer::commit`] writes and syncs all events of one turn together; [`Writer::note`] writes an epoch event,
//! which is synced with the next commit. What they return may be applied and broadcast. After a failed write the
//! file is cut back to what was told; after a failed sync it is in doubt, and [`Writer::reopen`] has to read it back
//! before anything else is written: a second sync would report success for pages that the first one dropped.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Created, Disk, DiskFile, Entry, Event, JournalError, Recovered, line, reader::read_lines};

/// The end of a journal that grows.
#[derive(Debug)]
pub struct Writer {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    file: Box<dyn DiskFile>,
    /// Bytes that were told of.
    length: u64,
    next_seq: u64,
    /// Why the file must be read back first.
    doubt: Option<String>,
    buffer: Vec<u8>,
}

impl Writer {
    /// Begins a journal with its first entry, which comes back. The directory is there.
    ///
    /// # Errors
    /// Where a journal is there already, or it cannot be written; then there is none.
    pub fn create(
        disk: Arc<dyn Disk>,
        path: &Path,
        time: i64,
        created: Created,
    ) -> Result<(Self, Entry), JournalError> {
        if path.exists() {
            return Err(JournalError::Exists { path: path.to_owned() });
        }
        let entry = Entry { seq: 0, time, event: Event::Created(Box::new(created)) };
        let mut buffer = Vec::new();
        encode(path, &entry, &mut buffer)?;
        let file = place(disk.as_ref(), path, |file| {
            file.append(&buffer).map_err(JournalError::io("write to", path))
        })?;
        let length = buffer.len() as u64;
        let path = path.to_owned();
        Ok((Self { disk, path, file, length, next_seq: 1, doubt: None, buffer }, entry))
    }

    /// Goes on with a journal that was read; a torn tail is cut off first.
    ///
    /// # Errors
    /// Where the file cannot be opened, cut or synced.
    pub fn open(disk: Arc<dyn Disk>, path: &Path, found: &Recovered) -> Result<Self, JournalError> {
        let mut file = disk.open(path).map_err(JournalError::io("open", path))?;
        if found.torn > 0 {
            file.cut(found.length).map_err(JournalError::io("cut the torn line off", path))?;
        }
        // What a process that was killed left behind in the page cache is built upon from here on.
        file.sync().map_err(JournalError::io("sync", path))?;
        let (length, next_seq) = (found.length, found.next_seq);
        let path = path.to_owned();
        Ok(Self { disk, path, file, length, next_seq, doubt: None, buffer: Vec::new() })
    }

    /// Why the journal has to be reopened before anything can be written, if so.
    pub fn doubt(&self) -> Option<&str> {
        self.doubt.as_deref()
    }

    /// Writes events and makes them last: one write, one sync. What comes back may be told.
    ///
    /// # Errors
    /// Where they could not be made to last; then none of them is to be told. [`JournalError::is_no_space`] says
    /// whether the same may succeed later; [`Writer::doubt`] whether the journal has to be reopened first.
    pub fn commit(&mut self, time: i64, events: Vec<Event>) -> Result<Vec<Entry>, JournalError> {
        if events.is_empty() {
            return Ok(Vec::new());
        }
        let entries = self.append(time, events)?;
        if let Err(source) = self.file.sync() {
            self.doubt = Some(format!("it could not be synced ({source})"));
            return Err(JournalError::io("sync", &self.path)(source));
        }
        self.told(&entries);
        Ok(entries)
    }

    /// Writes an event that may be lost with the power: it lasts from the next commit on.
    ///
    /// # Errors
    /// Where it could not be written.
    pub fn note(&mut self, time: i64, event: Event) -> Result<Entry, JournalError> {
        let mut entries = self.append(time, vec![event])?;
        self.told(&entries);
        entries
            .pop()
            .ok_or_else(|| JournalError::Unwritable { path: self.path.clone(), what: "nothing".into() })
    }

    /// Reads the journal back after a failure and puts a synced copy of what was told in its place.
    ///
    /// # Errors
    /// Where there is no room or the disk still fails (try again later), or the file turns out to have lost what
    /// was told.
    pub fn reopen(&mut self) -> Result<(), JournalError> {
        let (path, told) = (self.path.clone(), self.next_seq);
        let file = place(self.disk.as_ref(), &path, |file| {
            let (mut copy, mut failure, mut reached) = (Vec::new(), None, 0);
            let outcome = read_lines(&path, |entry, text| {
                if entry.seq >= told || failure.is_some() {
                    return;
                }
                reached = entry.seq + 1;
                copy.extend_from_slice(text);
                if copy.len() >= COPY_AT_ONCE || reached == told {
                    failure = file.append(&copy).err();
                    copy.clear();
                }
            });
            if let Some(source) = failure {
                return Err(JournalError::io("write to", &path)(source));
            }
            // Damage behind what was told is what is being got rid of.
            if reached < told {
                outcome?;
                return Err(JournalError::Lost { path: path.clone(), found: reached, expected: told });
            }
            Ok(())
        })?;
        (self.file, self.doubt) = (file, None);
        Ok(())
    }

    fn append(&mut self, time: i64, events: Vec<Event>) -> Result<Vec<Entry>, JournalError> {
        if let Some(why) = &self.doubt {
            return Err(JournalError::InDoubt { path: self.path.clone(), why: why.clone() });
        }
        let seqs = self.next_seq..;
        let entries: Vec<Entry> = seqs.zip(events).map(|(seq, event)| Entry { seq, time, event }).collect();
        self.buffer.clear();
        for entry in &entries {
            encode(&self.path, entry, &mut self.buffer)?;
        }
        if let Err(source) = self.file.append(&self.buffer) {
            if let Err(cut) = self.file.cut(self.length) {
                self.doubt = Some(format!("a failed write ({source}) could not be cut off ({cut})"));
            }
            return Err(JournalError::io("write to", &self.path)(source));
        }
        Ok(entries)
    }

    fn told(&mut self, entries: &[Entry]) {
        self.length += self.buffer.len() as u64;
        self.next_seq += entries.len() as u64;
    }
}

const COPY_AT_ONCE: usize = 1 << 20;

/// Appends the entry's line, having read it back: JSON has no NaN, and a line that cannot be read would be found
/// only when it is needed.
pub(super) fn encode(path: &Path, entry: &Entry, out: &mut Vec<u8>) -> Result<(), JournalError> {
    let start = out.len();
    let unwritable = |what: String| JournalError::Unwritable { path: path.to_owned(), what };
    line::write(entry, out).map_err(|error| unwritable(error.to_string()))?;
    line::read(&out[start..out.len() - 1]).map_err(|error| unwritable(error.to_string()))?;
    Ok(())
}

/// Writes a file beside its place, makes it last and renames it.
pub(super) fn place(
    disk: &dyn Disk,
    path: &Path,
    fill: impl FnOnce(&mut Box<dyn DiskFile>) -> Result<(), JournalError>,
) -> Result<Box<dyn DiskFile>, JournalError> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    let written = (|| {
        let mut file = disk.create(&beside).map_err(JournalError::io("make", &beside))?;
        fill(&mut file)?;
        file.sync().map_err(JournalError::io("sync", &beside))?;
        disk.rename(&beside, path).map_err(JournalError::io("put in place", path))?;
        Ok(file)
    })();
    if written.is_err() {
        // It may be what fills the disk. That it is gone matters less than why it had to go.
        let _ = disk.remove(&beside);
    }
    let dir = path.parent().unwrap_or(path);
    written.and_then(|file| {
        disk.sync_dir(dir).map_err(JournalError::io("sync the directory", dir))?;
        Ok(file)
    })
}
