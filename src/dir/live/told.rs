//! Of which texts a mistake was told already: a session that is started again does not tell it again.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::leaves::File;
use crate::dir::replace;
use crate::hash::fnv1a;
use crate::journal::Access;

/// Hashes of those texts, by file: in `live/.told`. A convenience: where it cannot be read or written, more is told.
#[derive(Debug)]
pub(super) struct Told {
    path: PathBuf,
    access: Access,
    of: BTreeMap<String, u64>,
}

impl Told {
    pub fn open(live: &Path, access: Access) -> Self {
        let path = live.join(".told");
        let of =
            fs::read(&path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
        Self { path, access, of }
    }

    /// Whether this text's mistake was told by an earlier process.
    pub fn knows(&self, file: File, text: &str) -> bool {
        self.of.get(file.name()) == Some(&fnv1a(text.as_bytes()))
    }

    /// Keeps that this text's mistake is told, or that the text is all right.
    pub fn keep(&mut self, file: File, text: &str, mistaken: bool) {
        let before = self.of.get(file.name()).copied();
        let now = mistaken.then(|| fnv1a(text.as_bytes()));
        if before == now {
            return;
        }
        match now {
            Some(hash) => _ = self.of.insert(file.name().to_owned(), hash),
            None => _ = self.of.remove(file.name()),
        }
        if let Ok(text) = serde_json::to_vec(&self.of) {
            let _ = replace(&self.path, &text, self.access);
        }
    }
}
