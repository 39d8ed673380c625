//! Who may look into a session's directory (`--share-read`).

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::{DirError, SessionDir};
use crate::journal::Access;

impl SessionDir {
    /// Who may look: whoever may read the journal.
    pub fn access(&self) -> Access {
        Access::of(&self.journal())
    }

    /// Lets everybody look at a session that its user kept private so far. Links are not followed.
    ///
    /// # Errors
    /// Where a file's permissions cannot be changed.
    pub fn share(&self) -> Result<(), DirError> {
        open_up(self.root())
    }

    /// The directory above that keeps others out, where there is one: its user decides about that.
    pub fn out_of_reach(&self) -> Option<PathBuf> {
        let full = fs::canonicalize(self.root()).ok()?;
        let above = full.ancestors().skip(1);
        let closed = |dir: &&Path| fs::metadata(dir).is_ok_and(|meta| meta.mode() & 0o001 == 0);
        above.filter(closed).last().map(Path::to_owned)
    }
}

fn open_up(path: &Path) -> Result<(), DirError> {
    let meta = fs::symlink_metadata(path).map_err(DirError::io("find", path))?;
    if meta.is_symlink() {
        return Ok(());
    }
    let more = if meta.is_dir() { 0o055 } else { 0o044 };
    let mode = (meta.mode() | more) & 0o777;
    fs::set_permissions(path, Permissions::from_mode(mode)).map_err(DirError::io("share", path))?;
    if meta.is_dir() {
        let entries = fs::read_dir(path).map_err(DirError::io("read", path))?;
        for entry in entries.flatten() {
            open_up(&entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_session_is_shared_with_everything_in_it_and_nothing_that_a_link_leads_to() {
        let home = tempfile::tempdir().unwrap();
        let dir = SessionDir::new(home.path().join("s"));
        let attempt = dir.create_attempt(0, 1, Access::Private).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
        let write = |path: &Path| {
            fs::write(path, "x").unwrap();
            fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
        };
        let (log, elsewhere) = (attempt.join("log.txt"), home.path().join("elsewhere"));
        for path in [&dir.journal(), &log, &elsewhere] {
            write(path);
        }
        std::os::unix::fs::symlink(&elsewhere, attempt.join("link")).unwrap();
        assert_eq!(dir.access(), Access::Private);
        dir.share().unwrap();
        assert_eq!(dir.access(), Access::ShareRead);
        assert_eq!((mode(dir.root()), mode(&attempt), mode(&log)), (0o755, 0o755, 0o644));
        assert_eq!(mode(&elsewhere), 0o600);
        fs::set_permissions(home.path(), Permissions::from_mode(0o700)).unwrap();
        assert_eq!(dir.out_of_reach(), Some(fs::canonicalize(home.path()).unwrap()));
    }
}
