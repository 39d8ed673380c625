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
}

impl Results {
    pub fn in_dir(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), found: None }
    }

    /// Rows that were written since the last look.
    pub fn look(&mut self) -> Vec<Row> {
        if self.found.is_none() {
            self.found = find(&self.dir).map(|path| (path, 0, Table::default()));
        }
        let Some((path, read, table)) = &mut self.found else { return Vec::new() };
        let Ok(mut file) = File::open(&*path) else { return Vec::new() };
        let length = file.metadata().map_or(0, |meta| meta.len());
        if length < *read {
            // Written anew.
            (*read, *table) = (0, Table::default());
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
        let mut rows = Vec::new();
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
}
