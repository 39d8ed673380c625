//! Where a session's socket lives: `/tmp/evotop-UID/`, private to the user.
//!
//! Not in the login's runtime directory: that goes away at logout, and the session does not. The name follows from
//! the session's directory, so that nothing needs to be looked up.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::hash::fnv1a;
use crate::process;

/// Why there is no place for a socket.
#[derive(Debug, Error)]
pub enum PlaceError {
    #[error("{dir}: {error}", dir = dir.display())]
    Io { dir: PathBuf, error: io::Error },
    #[error("{dir} belongs to user {owner} and is open to mode {mode:o}: it has to be yours alone; remove it, or have it removed", dir = dir.display())]
    NotPrivate { dir: PathBuf, owner: u32, mode: u32 },
}

/// The socket of the session in `dir`, in a directory that is there and private.
///
/// # Errors
/// Where the directory cannot be made, or is somebody else's.
pub fn socket_of(dir: &Path) -> Result<PathBuf, PlaceError> {
    let uid = rustix::process::getuid().as_raw();
    // Two hosts do not share this place.
    let host = process::faked_host().map(|host| format!("-{host}")).unwrap_or_default();
    let home = PathBuf::from(format!("/tmp/evotop-{uid}{host}"));
    private(&home)?;
    let full = fs::canonicalize(dir).map_err(|error| PlaceError::Io { dir: dir.into(), error })?;
    Ok(home.join(format!("{:016x}.sock", fnv1a(full.as_os_str().as_encoded_bytes()))))
}

/// Makes the place of sockets where it is not there, and sees to it that it is this user's alone.
pub(super) fn private(home: &Path) -> Result<(), PlaceError> {
    let io_error = |error| PlaceError::Io { dir: home.to_owned(), error };
    match DirBuilder::new().mode(0o700).create(home) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(io_error(error)),
        _ => {}
    }
    let there = fs::symlink_metadata(home).map_err(io_error)?;
    let (owner, mode) = (there.uid(), there.mode() & 0o777);
    if !there.is_dir() || owner != rustix::process::getuid().as_raw() || mode & 0o077 != 0 {
        return Err(PlaceError::NotPrivate { dir: home.to_owned(), owner, mode });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_build_finds_a_session_at_the_same_place() {
        let dir = tempfile::tempdir().unwrap();
        let socket = socket_of(dir.path()).unwrap();
        assert_eq!(socket, socket_of(&dir.path().join(".")).unwrap());
        assert!(socket.as_os_str().len() < 100, "a socket's path has room for 107 bytes");
    }

    #[test]
    fn a_place_that_others_may_enter_and_a_link_to_one_are_refused_with_what_to_do() {
        let dir = tempfile::tempdir().unwrap();
        let (home, open, link) = (dir.path().join("made"), dir.path().join("open"), dir.path().join("link"));
        private(&home).unwrap();
        private(&home).unwrap();
        DirBuilder::new().mode(0o755).create(&open).unwrap();
        std::os::unix::fs::symlink(&home, &link).unwrap();
        for refused in [open, link] {
            let said = private(&refused).unwrap_err().to_string();
            assert!(said.contains("has to be yours alone; remove it"), "{said}");
        }
    }
}
