//! Mending a journal: a copy without its damaged lines, and the list of what it leaves out.

use std::collections::BTreeSet;
use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use super::writer::{encode, place};
use super::{AttemptStart, Disk, Entry, Event, Imported, JournalError, VERSION, line};

/// How much of a dropped line is shown.
const EXCERPT: usize = 100;

/// Trials that can be lost in one place, or as many as the file has bytes, should they have been imported in one line. A
/// number further ahead is damage, and no run's.
const MOST_LOST: u64 = 100_000;

/// What a mended copy holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Entries in the copy.
    pub kept: u64,
    /// Lines that are not in it.
    pub dropped: Vec<Dropped>,
    /// Trials whose proposal is lost: an empty row holds their place, so that later trials keep their numbers.
    pub lost: Vec<u64>,
}

/// A line that was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dropped {
    /// 1 for the first line.
    pub line: u64,
    pub why: String,
    /// Its beginning.
    pub text: String,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Dropped { line, why, text } in &self.dropped {
            writeln!(f, "line {line} left out: {why}: {text}")?;
        }
        for generation in &self.lost {
            writeln!(f, "trial {generation} is lost")?;
        }
        write!(f, "{} entries kept, {} lines left out", self.kept, self.dropped.len())
    }
}

/// Writes a mended copy of the journal `from` as `to`, which must not be there yet.
///
/// Entries are numbered anew. What was bred after a lost trial can no longer be derived by `verify`.
///
/// # Errors
/// Where a file cannot be read or written, the journal is of a newer version, or its first line is damaged: then
/// there is nothing to go on from.
pub fn repair(disk: &dyn Disk, from: &Path, to: &Path) -> Result<Report, JournalError> {
    if to.exists() {
        return Err(JournalError::Exists { path: to.to_owned() });
    }
    let mut lines = BufReader::new(File::open(from).map_err(JournalError::io("open", from))?);
    let length = std::fs::metadata(from).map_err(JournalError::io("read", from))?.len();
    let mut mending = Mending { most_lost: MOST_LOST.max(length), ..Mending::default() };
    place(disk, to, |file| {
        let (mut text, mut out, mut number) = (Vec::new(), Vec::new(), 0);
        loop {
            text.clear();
            let length = lines.read_until(b'\n', &mut text).map_err(JournalError::io("read", from))?;
            number += 1;
            if length == 0 {
                let nothing = || JournalError::NoStart { path: from.to_owned() };
                return if number == 1 { Err(nothing()) } else { Ok(()) };
            }
            out.clear();
            mending.line(from, number, &text, &mut out)?;
            file.append(&out).map_err(JournalError::io("write to", to))?;
        }
    })?;
    Ok(mending.report)
}

#[derive(Debug, Default)]
struct Mending {
    report: Report,
    lost: BTreeSet<u64>,
    params: usize,
    next_generation: u64,
    most_lost: u64,
}

impl Mending {
    fn line(&mut self, from: &Path, number: u64, text: &[u8], out: &mut Vec<u8>) -> Result<(), JournalError> {
        let whole = text.strip_suffix(b"\n");
        let entry = match whole {
            None => Err("it is not complete".to_owned()),
            Some(whole) => line::read(whole).map_err(|why| why.to_string()),
        };
        if number == 1 {
            let version = line::version(text).filter(|found| *found > VERSION);
            if let Some(found) = version {
                return Err(JournalError::Newer { path: from.to_owned(), found });
            }
            let Ok(Entry { event: Event::Created(created), .. }) = &entry else {
                return Err(JournalError::NoStart { path: from.to_owned() });
            };
            self.params = created.space.params.len();
        }
        match entry.and_then(|entry| self.useless(number, &entry.event).map_or(Ok(entry), Err)) {
            Err(why) => self.drop_line(number, text, why),
            Ok(entry) => self.keep(entry, from, out)?,
        }
        Ok(())
    }

    /// Why a line is left out although it is good.
    fn useless(&self, number: u64, event: &Event) -> Option<String> {
        match event {
            Event::Created(_) => (number > 1).then(|| "a session is created only once".into()),
            Event::Proposed(proposed) => match proposed.generation.checked_sub(self.next_generation) {
                None => Some(format!("trial {} is there already", proposed.generation)),
                Some(lost) => (lost > self.most_lost)
                    .then(|| format!("trial {} cannot come so soon", proposed.generation)),
            },
            Event::Started(AttemptStart { generation, .. })
            | Event::Epoch { generation, .. }
            | Event::Requeued { generation, .. }
            | Event::Ended { generation, .. }
            | Event::Frozen { generation, .. } => {
                self.is_lost(*generation).then(|| format!("the proposal of trial {generation} is lost"))
            }
            _ => None,
        }
    }

    fn keep(&mut self, entry: Entry, from: &Path, out: &mut Vec<u8>) -> Result<(), JournalError> {
        match &entry.event {
            Event::Proposed(proposed) => {
                for generation in self.next_generation..proposed.generation {
                    self.hold_place(generation, entry.time, from, out)?;
                }
                self.next_generation = proposed.generation + 1;
            }
            Event::Imported(import) => self.next_generation += import.rows.len() as u64,
            _ => {}
        }
        self.write(entry.time, entry.event, from, out)
    }

    fn is_lost(&self, generation: u64) -> bool {
        generation >= self.next_generation || self.lost.contains(&generation)
    }

    fn hold_place(
        &mut self,
        generation: u64,
        time: i64,
        from: &Path,
        out: &mut Vec<u8>,
    ) -> Result<(), JournalError> {
        self.lost.insert(generation);
        self.report.lost.push(generation);
        let rows = vec![(vec![None; self.params], Vec::new())];
        let source = format!("repair: trial {generation} is lost");
        self.write(time, Event::Imported(Imported { source, rows, ..Imported::default() }), from, out)
    }

    fn write(&mut self, time: i64, event: Event, path: &Path, out: &mut Vec<u8>) -> Result<(), JournalError> {
        let entry = Entry { seq: self.report.kept, time, event };
        self.report.kept += 1;
        encode(path, &entry, out)
    }

    fn drop_line(&mut self, line: u64, text: &[u8], why: String) {
        let text = String::from_utf8_lossy(text.trim_ascii_end());
        let text: String = text.chars().filter(|c| !c.is_control()).take(EXCERPT).collect();
        self.report.dropped.push(Dropped { line, why, text });
    }
}
