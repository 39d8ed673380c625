//! The live files of a session: what a save means, and that they show what is.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::leaves::{self, File, Leaf, Leaves, Place};
use super::told::Told;
use super::versions::Versions;
use super::{edits, text};
use crate::dir::layout::make_dir;
use crate::dir::{DirError, SessionDir, replace};
use crate::journal::{Access, How, Who};
use crate::process;
use crate::session::{Command, State};
use crate::space::{Source, SpaceError};

/// A save by a person.
#[derive(Debug, Clone, PartialEq)]
pub struct Saved {
    pub file: PathBuf,
    /// Whoever owns the file.
    pub who: Who,
    pub meaning: Meaning,
}

/// What a save means.
#[derive(Debug, Clone, PartialEq)]
pub enum Meaning {
    /// What the person changed, and nothing else: one step of undo.
    Edit(Command),
    /// Something to tell: values that stay since they are newer than the text that was edited.
    Remark(String),
    /// It was not understood, and changes nothing: file, line and remedy.
    Wrong(String),
}

/// The live files.
#[derive(Debug)]
pub struct Live {
    dir: PathBuf,
    access: Access,
    versions: Versions,
    told: Told,
    files: [OneFile; 3],
    /// The revision they show, if nothing was saved since.
    settled: Option<u32>,
}

#[derive(Debug)]
struct OneFile {
    file: File,
    path: PathBuf,
    /// What was read or written last.
    text: Option<String>,
    /// What that says; none where it was not understood: a person's mistake is theirs to mend, and not written over.
    says: Option<Leaves>,
    /// Whether that is what the revision it names was like.
    stamped: bool,
    /// Why it could not even be read, once that was said.
    unreadable: Option<String>,
    /// The last save, and the revision it was made from.
    saved: Option<(u32, Leaves)>,
}

impl Live {
    /// Takes the files as they are; those that are missing are written by [`Live::settle`]. What was edited while the
    /// session was not open is found by the first [`Live::saved`].
    ///
    /// # Errors
    /// Where the directory cannot be made.
    pub fn open(dir: &SessionDir, access: Access) -> Result<Self, DirError> {
        let live = dir.live();
        make_dir(&live, access)?;
        let one = |file: File| OneFile {
            file,
            path: live.join(file.name()),
            text: None,
            says: None,
            stamped: false,
            unreadable: None,
            saved: None,
        };
        let (files, versions) = (File::ALL.map(one), Versions::new(dir.journal()));
        let told = Told::open(&live, access);
        Ok(Self { dir: live, access, versions, told, files, settled: None })
    }

    /// The directory they are in.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// What was saved since the last look. Our own writing, empty files and what editors leave about are not.
    pub fn saved(&mut self, state: &State) -> Vec<Saved> {
        self.settled = None;
        let mut saved = Vec::new();
        for one in &mut self.files {
            if let Some(text) = one.news() {
                let is_first = one.text.is_none();
                let mut meanings = one.taken(text, state, &mut self.versions);
                if let Some(text) = &one.text {
                    let mistaken = meanings.iter().any(|meaning| matches!(meaning, Meaning::Wrong(_)));
                    if is_first && mistaken && self.told.knows(one.file, text) {
                        meanings.clear();
                    }
                    self.told.keep(one.file, text, mistaken);
                }
                let (file, who) = (&one.path, owner(&one.path));
                saved.extend(meanings.into_iter().map(|meaning| Saved {
                    file: file.clone(),
                    who: who.clone(),
                    meaning,
                }));
            }
        }
        saved
    }

    /// Brings the files to what the state says, where they say otherwise; a person's comments stay. A save that came
    /// in between is not written over: it is found by the next [`Live::saved`].
    ///
    /// # Errors
    /// Where they cannot be written.
    pub fn settle(&mut self, state: &State) -> Result<(), DirError> {
        if self.settled == Some(state.revision) {
            return Ok(());
        }
        self.versions.keep(state);
        for one in &mut self.files {
            one.settle(state, self.access)?;
        }
        self.settled = Some(state.revision);
        Ok(())
    }
}

impl OneFile {
    /// A text that is not ours, if there is one.
    fn news(&self) -> Option<Result<String, SpaceError>> {
        match fs::read(&self.path) {
            Ok(bytes) => match String::from_utf8(bytes) {
                Ok(text) if text.trim().is_empty() || self.text.as_ref() == Some(&text) => None,
                Ok(text) => Some(Ok(text)),
                Err(_) => Some(Err(self.error("it is not text in UTF-8; save it as such".into()))),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => Some(Err(SpaceError::Io { path: self.path.clone(), error })),
        }
    }

    fn error(&self, what: String) -> SpaceError {
        SpaceError::File { file: self.name(), line: None, what }
    }

    fn name(&self) -> String {
        format!("live/{}", self.file.name())
    }

    /// What a text that was saved means.
    fn taken(
        &mut self,
        text: Result<String, SpaceError>,
        state: &State,
        versions: &mut Versions,
    ) -> Vec<Meaning> {
        let text = match text {
            Ok(text) => text,
            // Said once, not at every look.
            Err(error) => {
                let said = error.to_string();
                let before = self.unreadable.replace(said.clone());
                return if before.as_ref() == Some(&said) { Vec::new() } else { vec![Meaning::Wrong(said)] };
            }
        };
        let source = Source { name: self.name(), text };
        (self.text, self.says, self.unreadable) = (Some(source.text.clone()), None, None);
        self.compared(&source, state, versions)
            .unwrap_or_else(|error| vec![Meaning::Wrong(error.to_string())])
    }

    /// Compares a text with the revision it was made from and with the present: three ways.
    fn compared(
        &mut self,
        source: &Source,
        state: &State,
        versions: &mut Versions,
    ) -> Result<Vec<Meaning>, SpaceError> {
        let file = self.file;
        let mine = leaves::read(file, source, &state.space)?;
        let now = leaves::of(file, &state.space, &state.settings);
        let from = text::revision(&source.text).unwrap_or(state.revision);
        let before = versions.at(from, state).map_err(|error| self.error(error.to_string()))?;
        let (space, settings) = before.ok_or_else(|| {
            let is = state.revision;
            self.error(format!(
                "it says revision {from}, and the session is at {is}: it belongs to another session; remove the file and edit the one that appears"
            ))
        })?;
        let base = leaves::of(file, &space, &settings);
        let saved = self.saved.take().filter(|(revision, _)| *revision == from);
        // An editor that stays open saves its earlier changes again: those are not new.
        let again =
            |place: &Place, leaf: &Leaf| saved.as_ref().is_some_and(|(_, s)| s.get(place) == Some(leaf));
        let differs =
            |(place, leaf): &(&Place, &Leaf)| base.get(*place) != Some(*leaf) && !again(place, leaf);
        let changed: Vec<Place> = mine.iter().filter(differs).map(|(place, _)| place.clone()).collect();
        let edits = edits::of(file, source, &changed, &mine, state)?;
        let kept = newer(&mine, &now, &changed);
        self.stamped = mine.iter().all(|(place, leaf)| base.get(place) == Some(leaf));
        self.says = Some(mine.clone());
        self.saved = Some((from, mine));
        let mut meanings = Vec::new();
        if !edits.is_empty() {
            meanings.push(Meaning::Edit(Command::Edit { edits, revision: from }));
        }
        if !kept.is_empty() && from < state.revision {
            meanings.push(Meaning::Remark(format!(
                "{} was edited as of revision {from}, and it is {} now: {kept}; reload it before you edit on",
                source.name, state.revision
            )));
        }
        Ok(meanings)
    }

    fn settle(&mut self, state: &State, access: Access) -> Result<(), DirError> {
        let gone = !self.path.exists();
        let wanted = leaves::of(self.file, &state.space, &state.settings);
        let (space, settings, revision) = (&state.space, &state.settings, state.revision);
        let new = match (&self.text, &self.says) {
            _ if gone => text::fresh(self.file, space, settings, revision),
            (Some(old), Some(says)) if *says != wanted || !self.stamped => {
                text::renewed(self.file, old, space, settings, revision)
            }
            // As it should be, not understood, or not looked at yet.
            _ => return Ok(()),
        };
        if !gone && self.news().is_some() {
            return Ok(());
        }
        replace(&self.path, new.as_bytes(), access)?;
        (self.text, self.says, self.stamped) = (Some(new), Some(wanted), true);
        Ok(())
    }
}

/// Values of a stale text that the person left alone, and that are newer by now.
fn newer(mine: &Leaves, now: &Leaves, changed: &[Place]) -> String {
    let stale = mine.iter().filter(|(place, leaf)| now.get(*place) != Some(leaf) && !changed.contains(place));
    let said = stale.filter_map(|((key, field), _)| {
        let name = match (key.as_str(), field.as_str()) {
            (key, "") => key.to_owned(),
            ("pins", field) => format!("pin of {field}"),
            (key, field) => format!("{key}.{field}"),
        };
        Some(format!("{name} stays {}", text::in_words(now.get(&(key.clone(), field.clone()))?)))
    });
    said.collect::<Vec<_>>().join(", ")
}

fn owner(path: &Path) -> Who {
    let user = fs::metadata(path).map_or_else(|_| process::user(), |meta| process::user_name(meta.uid()));
    Who { user, tty: None, ssh: None, how: How::File }
}
