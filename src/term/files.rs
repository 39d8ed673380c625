//! What the model asks of files: reading on in a log, writing a new file.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// The most that is read at once.
const AT_ONCE: u64 = 256 * 1024;

/// The bytes of a file from there on; of a long one its last part where it is read from the start.
///
/// # Errors
/// Where it cannot be read.
pub fn read_on(path: &Path, from: u64) -> Result<Vec<u8>, String> {
    let read = || -> io::Result<Vec<u8>> {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        file.take(AT_ONCE).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    read().map_err(|e| e.to_string())
}

/// The last bytes of a file.
///
/// # Errors
/// Where it cannot be read.
pub fn read_end(path: &Path) -> Result<Vec<u8>, String> {
    const LAST: u64 = 8 * 1024;
    let length = fs::metadata(path).map_err(|e| e.to_string())?.len();
    read_on(path, length.saturating_sub(LAST))
}

/// Writes a file that is not there yet.
///
/// # Errors
/// Where it is there, or cannot be written.
pub fn write_new(path: &Path, text: &str) -> Result<(), String> {
    let write = || -> io::Result<()> {
        if let Some(parent) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
            fs::create_dir_all(parent)?;
        }
        File::create_new(path)?.write_all(text.as_bytes())
    };
    write().map_err(|e| e.to_string())
}
