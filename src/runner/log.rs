//! A trial's log: its first and last 256 KB on disk, whatever it prints.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// What is kept of the beginning, and of the end.
const KEPT: usize = 256 * 1024;
/// Beyond this the middle is taken out.
const LONGEST: u64 = 3 * KEPT as u64;

/// The log of one attempt. A log that cannot be written is given up: no trial fails for it.
#[derive(Debug)]
pub struct TrialLog {
    path: PathBuf,
    file: Option<File>,
    /// Bytes of the file, and bytes that were written to it in all.
    length: u64,
    written: u64,
}

impl Drop for TrialLog {
    fn drop(&mut self) {
        if self.length > 2 * KEPT as u64 + 100 {
            let _ = self.shorten();
        }
    }
}

impl TrialLog {
    /// Begins `log.txt` in an attempt's directory.
    pub fn begin(dir: &Path) -> Self {
        let path = dir.join("log.txt");
        let file = OpenOptions::new().create(true).append(true).open(&path).ok();
        Self { path, file, length: 0, written: 0 }
    }

    /// Adds a line.
    pub fn line(&mut self, text: &str) {
        let Some(file) = &mut self.file else { return };
        let written = file.write_all(format!("{text}\n").as_bytes());
        self.length += text.len() as u64 + 1;
        self.written += text.len() as u64 + 1;
        if written.is_err() || (self.length > LONGEST && self.shorten().is_err()) {
            self.file = None;
        }
    }

    /// Takes the middle out.
    fn shorten(&mut self) -> io::Result<()> {
        let text = std::fs::read(&self.path)?;
        let (head, tail) = (&text[..KEPT.min(text.len())], &text[text.len().saturating_sub(KEPT)..]);
        let mut kept = head.to_vec();
        let left_out = self.written.saturating_sub((head.len() + tail.len()) as u64);
        kept.extend_from_slice(format!("\n[... {left_out} bytes left out ...]\n").as_bytes());
        kept.extend_from_slice(tail);
        let beside = self.path.with_extension("txt.new");
        std::fs::write(&beside, &kept)?;
        std::fs::rename(&beside, &self.path)?;
        self.file = Some(OpenOptions::new().append(true).open(&self.path)?);
        self.length = kept.len() as u64;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_keeps_its_beginning_and_its_end_and_stays_small() {
        let dir = tempfile::tempdir().unwrap();
        let mut log = TrialLog::begin(dir.path());
        for i in 0..200_000 {
            log.line(&format!("line {i}"));
        }
        assert!(std::fs::metadata(dir.path().join("log.txt")).unwrap().len() < LONGEST + 100);
        drop(log);
        let text = std::fs::read_to_string(dir.path().join("log.txt")).unwrap();
        assert!(text.starts_with("line 0\n") && text.ends_with("line 199999\n"));
        let written: usize = (0..200_000).map(|i| format!("line {i}\n").len()).sum();
        let left_out = format!("[... {} bytes left out ...]", written - 2 * KEPT);
        assert!(text.contains(&left_out) && text.matches("left out").count() == 1, "{left_out}");
        assert!(text.len() < 2 * KEPT + 100);
    }
}
