//! The user's sessions, wherever they are: one small file each in `$XDG_STATE_HOME/evotop/sessions/`.
//!
//! A convenience, not a truth: whatever is wrong with it, sessions are found by their directory.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::layout::make_dir;
use super::{DirError, SessionDir, replace};
use crate::journal::Access;
use crate::{clock, process};

/// A session that was started once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    pub name: String,
    /// From the root on.
    pub dir: PathBuf,
    pub host: String,
    /// When it was last started, milliseconds since 1970-01-01 UTC.
    pub started: i64,
}

impl Known {
    /// Whether it is there; of another host's session that cannot be told where the directory is not shared.
    fn is_there(&self, here: &str) -> bool {
        self.host != here || self.is_seen()
    }

    /// Whether its journal can be seen from here.
    fn is_seen(&self) -> bool {
        SessionDir::new(&self.dir).journal().exists()
    }
}

/// The place where sessions are registered.
#[derive(Debug, Clone)]
pub struct Registry {
    place: PathBuf,
}

impl Registry {
    /// The user's own.
    pub fn open() -> Self {
        let set = |name: &str| std::env::var_os(name).filter(|value| Path::new(value).is_absolute());
        let state = set("XDG_STATE_HOME").map_or_else(
            || set("HOME").map_or_else(|| "/".into(), PathBuf::from).join(".local/state"),
            PathBuf::from,
        );
        Self::at(&state.join("evotop/sessions"))
    }

    /// The one in this directory.
    pub fn at(place: &Path) -> Self {
        Self { place: place.to_owned() }
    }

    /// Registers a session, or that it was started again.
    ///
    /// # Errors
    /// Where it cannot be written; the session works without.
    pub fn add(&self, name: &str, dir: &Path) -> Result<(), DirError> {
        let dir = fs::canonicalize(dir).map_err(DirError::io("find", dir))?;
        make_dir(&self.place, Access::Private)?;
        let host = process::host().name;
        let path = self.file_of(&dir, &host);
        let known = Known { name: name.to_owned(), dir, host, started: clock::now() };
        let text = serde_json::to_string_pretty(&known).unwrap_or_default() + "\n";
        match replace(&path, text.as_bytes(), Access::Private) {
            // Another process that starts the same session has put in place what both wrote.
            Err(DirError::Io { source, .. }) if source.kind() == ErrorKind::NotFound && path.exists() => {
                Ok(())
            }
            written => written,
        }
    }

    /// Every session that is still there, the one started last first. What cannot be read is passed over, and one that
    /// several hosts of a shared disk have started is there once.
    pub fn list(&self) -> Vec<Known> {
        let mut known = self.all();
        let mut seen = HashSet::new();
        known.retain(|session| !session.is_seen() || seen.insert(session.dir.clone()));
        known
    }

    /// As [`Registry::list`], as often as hosts have started it.
    fn all(&self) -> Vec<Known> {
        let here = process::host().name;
        let mut known: Vec<Known> = self.files().filter_map(|path| read(&path)).collect();
        known.retain(|session| session.is_there(&here));
        known.sort_by(|a, b| b.started.cmp(&a.started).then_with(|| a.dir.cmp(&b.dir)));
        known
    }

    /// The session of this name or in this directory; of several, this host's, and of those the one started last.
    pub fn find(&self, name_or_dir: &str) -> Option<Known> {
        let dir = fs::canonicalize(name_or_dir).ok();
        let here = process::host().name;
        let wanted = |known: &Known| known.name == name_or_dir || Some(&known.dir) == dir.as_ref();
        // The list has what several hosts have started as the last one's. Of equals, the first is taken.
        self.all().into_iter().filter(wanted).min_by_key(|known| known.host != here)
    }

    /// Forgets the session in this directory.
    ///
    /// # Errors
    /// Where its file cannot be removed.
    pub fn remove(&self, dir: &Path) -> Result<(), DirError> {
        let full = fs::canonicalize(dir).unwrap_or_else(|_| dir.to_owned());
        for path in self.files().filter(|path| read(path).is_some_and(|known| known.dir == full)) {
            fs::remove_file(&path).map_err(DirError::io("remove", &path))?;
        }
        Ok(())
    }

    fn files(&self) -> impl Iterator<Item = PathBuf> {
        let entries = fs::read_dir(&self.place).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).filter(|path| path.extension() == Some(OsStr::new("json")))
    }

    fn file_of(&self, dir: &Path, host: &str) -> PathBuf {
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(host.as_bytes());
        hasher.update(dir.as_os_str().as_encoded_bytes());
        let last: String = dir
            .file_name()
            .map(|name| name.to_string_lossy().chars().filter(char::is_ascii_alphanumeric).take(40).collect())
            .unwrap_or_default();
        self.place.join(format!("{last}-{:08x}.json", hasher.finalize()))
    }
}

fn read(path: &Path) -> Option<Known> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(home: &Path, name: &str) -> PathBuf {
        let dir = home.join(name);
        fs::create_dir_all(&dir).unwrap();
        fs::write(SessionDir::new(&dir).journal(), "").unwrap();
        fs::canonicalize(dir).unwrap()
    }

    #[test]
    fn sessions_are_found_by_name_and_by_directory_whatever_else_lies_there() {
        let home = tempfile::tempdir().unwrap();
        let registry = Registry::at(&home.path().join("state/evotop/sessions"));
        assert_eq!(registry.list(), []);
        let (a, b) = (session(home.path(), "a/exp"), session(home.path(), "b/exp2"));
        registry.add("exp", &a).unwrap();
        registry.add("exp2", &b).unwrap();
        registry.add("exp2", &b).unwrap();
        fs::write(registry.place.join("broken.json"), "{\"name\":").unwrap();
        fs::write(registry.place.join("note.txt"), "hello").unwrap();
        fs::create_dir(registry.place.join("dir.json")).unwrap();
        assert_eq!(registry.list().len(), 2);
        assert_eq!(registry.find("exp").unwrap().dir, a);
        assert_eq!(registry.find(b.to_str().unwrap()).unwrap().name, "exp2");
        assert_eq!(registry.find("nothing"), None);
        registry.remove(&b).unwrap();
        assert_eq!(registry.find("exp2"), None);
        fs::remove_dir_all(&a).unwrap();
        assert_eq!(registry.list(), []);
    }

    #[test]
    fn of_two_sessions_of_one_name_the_one_started_last_is_meant() {
        let home = tempfile::tempdir().unwrap();
        let registry = Registry::at(&home.path().join("state"));
        let (a, b) = (session(home.path(), "a/exp"), session(home.path(), "b/exp"));
        registry.add("exp", &a).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(3));
        registry.add("exp", &b).unwrap();
        assert_eq!(registry.find("exp").unwrap().dir, b);
        std::thread::sleep(std::time::Duration::from_millis(3));
        registry.add("exp", &a).unwrap();
        assert_eq!(registry.find("exp").unwrap().dir, a);
        assert_eq!(registry.list().len(), 2);
    }

    #[test]
    fn of_two_sessions_of_one_name_this_hosts_is_meant_also_where_another_host_started_it_last() {
        let home = tempfile::tempdir().unwrap();
        let registry = Registry::at(&home.path().join("state"));
        let (a, b) = (session(home.path(), "a/exp"), session(home.path(), "b/exp"));
        registry.add("exp", &a).unwrap();
        let known = registry.list().remove(0);
        let write = |file: &str, known: &Known| {
            fs::write(registry.place.join(file), serde_json::to_string(known).unwrap()).unwrap();
        };
        write("earlier.json", &Known { dir: b, started: known.started - 1, ..known.clone() });
        write("far.json", &Known { host: "far".into(), started: known.started + 1, ..known.clone() });
        assert_eq!(registry.find("exp"), Some(known));
    }

    #[test]
    fn a_session_that_two_hosts_of_a_shared_disk_have_started_is_listed_once() {
        let home = tempfile::tempdir().unwrap();
        let registry = Registry::at(&home.path().join("state"));
        let dir = session(home.path(), "exp");
        registry.add("exp", &dir).unwrap();
        let here = registry.list().remove(0);
        let far = Known { host: "far".into(), started: here.started - 1, ..here.clone() };
        let write = |name: &str, known: &Known| {
            fs::write(registry.place.join(name), serde_json::to_string(known).unwrap()).unwrap();
        };
        write("far.json", &far);
        assert_eq!(registry.list(), std::slice::from_ref(&here));
        // What cannot be seen from here may be two.
        let (gone, other) = (Known { dir: "/far/exp".into(), ..far.clone() }, "further".to_owned());
        write("far.json", &gone);
        write("further.json", &Known { host: other, ..gone });
        assert_eq!(registry.list().len(), 3);
    }

    /// As it is written now: what it says has to be read for ever.
    const WRITTEN: &str = r#"{
  "name": "exp",
  "dir": "/runs/exp",
  "host": "far",
  "started": 1764000000000
}"#;

    #[test]
    fn a_session_is_read_as_it_was_registered_and_fields_of_a_newer_build_are_ignored() {
        let home = tempfile::tempdir().unwrap();
        let registry = Registry::at(home.path());
        let known = Known {
            name: "exp".into(),
            dir: "/runs/exp".into(),
            host: "far".into(),
            started: 1_764_000_000_000,
        };
        assert_eq!(serde_json::to_string_pretty(&known).unwrap(), WRITTEN);
        for text in [WRITTEN, &WRITTEN.replace("\n}", ",\n  \"tags\": [\"a\"]\n}")] {
            fs::write(registry.place.join("exp-0.json"), text).unwrap();
            assert_eq!(registry.list(), std::slice::from_ref(&known), "{text}");
        }
    }
}
