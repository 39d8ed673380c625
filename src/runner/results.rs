//! The `results.csv` of an attempt on disk, read as it grows.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::command::{Row, Table};

/// No more is read at once; the rest comes with the next look.
const AT_ONCE: u64 = 1 << 20;

/// A table that a program writes into its attempt's directory, or into one directly below it.
#[derive(Debug)]
pub struct Results {
    dir: PathBuf,
    found: Option<(PathBuf, u64, Table)>,
    /// It was shorter than what was read of it.
    shrunk: bool,
}

impl Results {
    pub fn in_dir(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), found: None, shrunk: false }
    }

    /// Rows that were written since the last look.
    pub fn look(&mut self) -> Vec<Row> {
        if self.found.is_none() {
            self.found = find(&self.dir).map(|path| (path, 0, Table::default()));
        }
        let Some((path, read, table)) = &mut self.found else { return Vec::new() };
        let Ok(mut file) = File::open(&*path) else { return Vec::new() };
        let length = file.metadata().map_or(0, |meta| meta.len());
        // A program that writes its whole table after each epoch leaves a short one for a moment; one that stays so is
        // another table.
        let before = std::mem::replace(&mut self.shrunk, length < *read);
        match (before, self.shrunk) {
            (false, true) => return Vec::new(),
            (true, true) => (*read, *table, self.shrunk) = (0, Table::default(), false),
            _ => {}
        }
        let mut bytes = Vec::new();
        if length == *read || file.seek(SeekFrom::Start(*read)).is_err() {
            return Vec::new();
        }
        let _ = file.take(AT_ONCE).read_to_end(&mut bytes);
        *read += bytes.len() as u64;
        table.feed(&bytes)
    }

    /// Everything that is left, now that the program has ended.
    pub fn finish(&mut self) -> Vec<Row> {
        let mut rows = self.look();
        loop {
            let before = self.found.as_ref().map_or(0, |(_, read, _)| *read);
            rows.extend(self.look());
            if self.found.as_ref().map_or(0, |(_, read, _)| *read) == before {
                break;
            }
        }
        rows.extend(self.found.as_mut().and_then(|(_, _, table)| table.finish()));
        rows
    }
}

/// `results.csv`, or the `results.txt` of 2021, in the directory or one below it.
fn find(dir: &Path) -> Option<PathBuf> {
    let below = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let below =
        below.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())).map(|entry| entry.path());
    let dirs: Vec<PathBuf> = std::iter::once(dir.to_owned()).chain(below).collect();
    ["results.csv", "results.txt"]
        .iter()
        .find_map(|name| dirs.iter().map(|dir| dir.join(name)).find(|path| path.is_file()))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn rows_come_as_they_are_written_and_once_each() {
        let dir = tempfile::tempdir().unwrap();
        let mut results = Results::in_dir(dir.path());
        assert!(results.look().is_empty());
        std::fs::create_dir(dir.path().join("train")).unwrap();
        let mut file = File::create(dir.path().join("train/results.csv")).unwrap();
        file.write_all(b"epoch,acc\n1,0.5\n2,").unwrap();
        assert_eq!(results.look().len(), 1);
        assert!(results.look().is_empty());
        file.write_all(b"0.6").unwrap();
        assert!(results.look().is_empty());
        let last = results.finish();
        assert_eq!(last[0].metrics.get("acc"), Some(0.6));
        assert_eq!(last[0].epoch, 2);
    }

    #[test]
    fn a_table_that_is_written_whole_after_each_epoch_has_each_row_once_and_another_table_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let mut results = Results::in_dir(dir.path());
        let write = |text: &str| std::fs::write(dir.path().join("results.csv"), text).unwrap();
        write("epoch,acc\n1,0.5\n2,0.6\n");
        assert_eq!(results.look().len(), 2);
        for half in ["", "epoch,acc\n1,0."] {
            write(half);
            assert!(results.look().is_empty());
            write("epoch,acc\n1,0.5\n2,0.6\n");
            assert!(results.look().is_empty());
        }
        write("epoch,acc\n1,0.5\n2,0.6\n3,0.7\n");
        assert_eq!(results.look().iter().map(|row| row.epoch).collect::<Vec<_>>(), [3]);
        write("epoch,acc\n1,0.9\n");
        assert_eq!(results.finish()[0].metrics.get("acc"), Some(0.9), "it stays short: it was begun anew");
    }
}
