//! Files that are replaced whole: whoever reads one sees the old text or the new one, also after a crash.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::DirError;
use crate::journal::{Access, Disk, FileDisk};

/// Puts `bytes` in place of a file: written beside, synced, renamed, the directory synced.
///
/// # Errors
/// Those of the system; then the file is as it was.
pub fn replace(path: &Path, bytes: &[u8], access: Access) -> Result<(), DirError> {
    replace_with(path, access, |out| out.write_all(bytes))
}

/// As [`replace`], for what is too long to hold in memory.
///
/// # Errors
/// As [`replace`].
pub fn replace_with(
    path: &Path,
    access: Access,
    fill: impl FnOnce(&mut BufWriter<File>) -> std::io::Result<()>,
) -> Result<(), DirError> {
    let beside = beside(path);
    let written = write(&beside, access, fill).and_then(|()| fs::rename(&beside, path));
    if let Err(error) = written {
        // It may be what fills the disk; the error that matters is the first one.
        let _ = fs::remove_file(&beside);
        return Err(DirError::io("write", path)(error));
    }
    let dir = path.parent().unwrap_or(path);
    FileDisk { access }.sync_dir(dir).map_err(DirError::io("sync the directory", dir))
}

fn write(
    beside: &Path,
    access: Access,
    fill: impl FnOnce(&mut BufWriter<File>) -> std::io::Result<()>,
) -> std::io::Result<()> {
    let mut open = OpenOptions::new();
    let file = open.write(true).create(true).truncate(true).mode(access.file_mode()).open(beside)?;
    let mut out = BufWriter::with_capacity(1 << 16, file);
    fill(&mut out)?;
    out.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()
}

/// `.NAME.evotop-new`, in the same directory: hidden, and known as our own by the watcher of `live/`.
pub(super) fn beside(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".evotop-new");
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("hyp.yaml");
        replace(&path, b"lr0: 0.01\n", Access::Private).unwrap();
        let failed = replace_with(&path, Access::Private, |out| {
            out.write_all(b"lr0: 0.")?;
            Err(std::io::Error::other("the disk is full"))
        });
        assert!(failed.unwrap_err().to_string().contains("hyp.yaml: the disk is full"));
        assert_eq!(fs::read(&path).unwrap(), b"lr0: 0.01\n");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left beside it");
    }
}
