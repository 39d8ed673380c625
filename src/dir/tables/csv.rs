//! `evolve.csv`: one row for every trial with a result, in the order in which they ended.
//!
//! Appended as trials end, so that a generation costs the same after 100,000 as after one. When the session is opened
//! the file is compared with what the journal says; from the first difference on it is written again.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::row::{Columns, has_row};
use crate::dir::{DirError, SessionDir, replace_with};
use crate::journal::Access;
use crate::session::State;
use crate::trial::Trial;

/// The table, kept up with the state.
#[derive(Debug)]
pub struct EvolveCsv {
    path: PathBuf,
    access: Access,
    columns: Columns,
    /// How many of the trials that ended are in the file, where they have a row.
    ended: usize,
    /// Bytes that are as they should be; none before the first row.
    length: u64,
}

impl EvolveCsv {
    /// Brings the file to what the state says.
    ///
    /// # Errors
    /// Where it cannot be read or written.
    pub fn open(dir: &SessionDir, state: &State, access: Access) -> Result<Self, DirError> {
        let path = dir.evolve_csv();
        let mut table = Self { path, access, columns: Columns::of(state), ended: 0, length: 0 };
        if state.ended.is_empty() {
            table.put_aside()?;
        } else {
            table.mend(state)?;
        }
        Ok(table)
    }

    /// Appends the trials that ended since.
    ///
    /// # Errors
    /// Where it cannot be written; what is missing is written with the next update.
    pub fn update(&mut self, state: &State) -> Result<(), DirError> {
        let columns = Columns::of(state);
        let same = columns.header() == self.columns.header();
        self.columns = columns;
        let new = state.ended.get(self.ended..).unwrap_or_default();
        if same && new.is_empty() {
            return Ok(());
        }
        let there = std::fs::metadata(&self.path).map_or(0, |meta| meta.len());
        if !same || there != self.length || state.ended.len() < self.ended {
            return self.mend(state);
        }
        let mut text = if self.length == 0 { self.columns.header() } else { String::new() };
        let before = text.len();
        text.extend(rows(state, self.ended).map(|trial| self.columns.csv(trial)));
        if text.len() > before {
            self.append(text.as_bytes())?;
        }
        self.ended = state.ended.len();
        Ok(())
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), DirError> {
        let mut open = OpenOptions::new();
        let open = open.append(true).create(true).mode(self.access.file_mode());
        let mut file = open.open(&self.path).map_err(DirError::io("open", &self.path))?;
        if let Err(error) = file.write_all(bytes) {
            // If this fails too, the length tells at the next update.
            let _ = file.set_len(self.length);
            return Err(DirError::io("write", &self.path)(error));
        }
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Compares the file with the state, and writes it again from the first difference on.
    fn mend(&mut self, state: &State) -> Result<(), DirError> {
        let first = rows(state, 0).next().is_some().then(|| self.columns.header());
        let mut lines = first.into_iter().chain(rows(state, 0).map(|trial| self.columns.csv(trial)));
        let mut good = 0;
        let mut differs = None;
        if let Ok(file) = File::open(&self.path) {
            let mut found = BufReader::new(file);
            let mut line = Vec::new();
            for wanted in lines.by_ref() {
                line.clear();
                found.read_until(b'\n', &mut line).map_err(DirError::io("read", &self.path))?;
                if line != wanted.as_bytes() {
                    differs = Some(wanted);
                    break;
                }
                good += line.len() as u64;
            }
        }
        let rest = differs.into_iter().chain(lines);
        self.length = if good == 0 {
            replace_by(&self.path, self.access, rest)?
        } else {
            cut_and_append(&self.path, good, rest)?
        };
        self.ended = state.ended.len();
        Ok(())
    }

    /// A table that was there before the first trial ended is somebody's earlier run: it is kept under another name.
    fn put_aside(&mut self) -> Result<(), DirError> {
        let names = (1..).map(|n: u32| self.path.with_file_name(format!("evolve.before-{n}.csv")));
        if std::fs::metadata(&self.path).is_ok_and(|meta| meta.len() > 0)
            && let Some(aside) = names.into_iter().find(|aside| !aside.exists())
        {
            std::fs::rename(&self.path, aside).map_err(DirError::io("put aside", &self.path))?;
        }
        Ok(())
    }
}

/// The whole table as text.
pub fn csv_text(state: &State) -> String {
    let columns = Columns::of(state);
    let rows = rows(state, 0).map(|trial| columns.csv(trial));
    std::iter::once(columns.header()).chain(rows).collect()
}

/// Trials with a row, in the order of their ends, leaving the first ends out.
fn rows(state: &State, from: usize) -> impl Iterator<Item = &Arc<Trial>> {
    let ended = state.ended.get(from..).unwrap_or_default();
    ended.iter().filter_map(|generation| state.history.get(*generation)).filter(|trial| has_row(trial))
}

fn replace_by(path: &Path, access: Access, lines: impl Iterator<Item = String>) -> Result<u64, DirError> {
    let mut length = 0;
    let mut lines = lines.peekable();
    if lines.peek().is_none() && !path.exists() {
        return Ok(0);
    }
    replace_with(path, access, |out| {
        for line in lines {
            length += line.len() as u64;
            out.write_all(line.as_bytes())?;
        }
        Ok(())
    })?;
    Ok(length)
}

fn cut_and_append(path: &Path, good: u64, lines: impl Iterator<Item = String>) -> Result<u64, DirError> {
    let write = || {
        let file = OpenOptions::new().append(true).open(path)?;
        file.set_len(good)?;
        let mut out = std::io::BufWriter::new(file);
        let mut length = good;
        for line in lines {
            length += line.len() as u64;
            out.write_all(line.as_bytes())?;
        }
        out.flush()?;
        Ok(length)
    };
    write().map_err(DirError::io("write", path))
}
