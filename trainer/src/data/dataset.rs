//! One split of a data set, listed, with its pictures in memory where asked for. What makes an image or a split unfit is in `check.rs`,
//! what stays open from one training to the next in `library.rs`. Never writes anything.

use std::borrow::Cow;
use std::path::PathBuf;

use rayon::prelude::*;

use super::check::{Seen, see};
use super::files::images;
use super::labels::Labels;
use super::pixels::{self, Picture, Pixels};
use super::resize::{Interpolation, load_size, resize};
use super::{DataError, DataYaml, Split};

/// Whether pictures stay in memory once read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Cache {
    #[default]
    Ram,
    None,
}

/// How a split is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Options {
    /// Long side of a loaded picture in pixels.
    pub img: usize,
    /// Every class counts as class 0.
    pub single_class: bool,
    pub cache: Cache,
}

/// One picture's file and what is known of it without decoding it.
#[derive(Clone, Debug)]
pub struct Item {
    pub path: PathBuf,
    /// Native width and height as shown.
    pub size: (usize, usize),
    pub labels: Labels,
}

/// Counts of what was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Found {
    pub images: usize,
    pub instances: usize,
    pub backgrounds: usize,
    pub corrupt: usize,
    /// Damaged, but used as they decode.
    pub damaged: usize,
    pub duplicates: usize,
}

#[derive(Debug)]
pub struct Dataset {
    items: Vec<Item>,
    /// Pictures at load size; empty unless cached.
    cached: Vec<Picture>,
    /// Every picture has been read once, and those that cannot be are no part of this.
    read: bool,
    options: Options,
    split: Split,
    names: Vec<String>,
    found: Found,
    warnings: Vec<String>,
}

impl Dataset {
    /// Lists and checks a split, and reads its pictures.
    ///
    /// # Errors
    /// Where folders are missing or hold nothing to learn from; single bad files only make a warning.
    pub fn open(yaml: &DataYaml, split: Split, options: Options) -> Result<Self, DataError> {
        let mut dataset = Self::list(yaml, split, options)?;
        dataset.read_all(options.cache)?;
        Ok(dataset)
    }

    /// Lists and checks a split without decoding a picture: for who wants each of them but once. Pictures that cannot be read are found
    /// out as they come, and left out then.
    ///
    /// # Errors
    /// As [`Dataset::open`].
    pub fn list(yaml: &DataYaml, split: Split, options: Options) -> Result<Self, DataError> {
        let paths = match images(yaml, split) {
            // Validation without pictures is one that gives zeros, see below.
            Err(DataError::NoImages { .. }) if split == Split::Val => Vec::new(),
            listed => listed?,
        };
        let mut seen = see(paths);
        match seen.refuse(yaml, split, options.single_class) {
            Err(nothing) if split == Split::Val && nothing.is_emptiness() => seen.warnings.insert(
                0,
                format!("{nothing}; precision, recall and mAP are 0 in every validation, so no training can be told from another"),
            ),
            judged => judged?,
        }
        let Seen { mut items, found, warnings, .. } = seen;
        if options.single_class {
            items.iter_mut().flat_map(|item| &mut item.labels.boxes).for_each(|label| label.class = 0);
        }
        let names = if options.single_class { vec!["item".to_owned()] } else { yaml.names.clone() };
        let mut dataset =
            Self { items, cached: Vec::new(), read: false, options, split, names, found, warnings };
        dataset.count();
        Ok(dataset)
    }

    fn count(&mut self) {
        self.found.images = self.items.len();
        self.found.instances = self.items.iter().map(|item| item.labels.boxes.len()).sum();
        self.found.backgrounds = self.items.iter().filter(|item| item.labels.boxes.is_empty()).count();
    }

    /// Reads every picture once, into memory where they are to stay. Those that cannot be read leave the list here, before any training,
    /// so that none of them ends one hours later, and so that the same ones are trained on either way.
    pub(super) fn read_all(&mut self, keep: Cache) -> Result<(), DataError> {
        let (split, img) = (self.split, self.options.img);
        let read: Vec<_> = self
            .items
            .par_iter()
            .map(|item| match keep {
                Cache::Ram => load(item, split, img),
                Cache::None => {
                    pixels::read(&item.path).map(|read| Picture { pixels: Pixels::default(), ..read })
                }
            })
            .collect();
        let mut kept = Vec::with_capacity(read.len());
        for (item, read) in self.items.drain(..).zip(read) {
            match read {
                Ok(picture) => {
                    self.found.damaged += usize::from(picture.damage.is_some());
                    self.warnings.extend(picture.damage.clone());
                    if keep == Cache::Ram {
                        self.cached.push(picture);
                    }
                    kept.push(item);
                }
                Err(error) => {
                    self.found.corrupt += 1;
                    self.warnings.push(format!("{error}; left out"));
                }
            }
        }
        self.items = kept;
        self.read = true;
        self.count();
        match (self.items.first(), self.warnings.last()) {
            (None, Some(last)) if self.found.corrupt > 0 => Err(DataError::Unusable {
                split: self.split.word(),
                images: self.found.corrupt,
                first: last.clone(),
            }),
            _ => Ok(()),
        }
    }

    /// Whether all pictures have been read once, so that one that cannot be read any more has gone missing since.
    pub(super) fn is_read(&self) -> bool {
        self.read
    }

    pub fn len(&self) -> usize {
        self.items.len()
    }

    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    pub fn items(&self) -> &[Item] {
        &self.items
    }

    pub fn names(&self) -> &[String] {
        &self.names
    }

    pub fn classes(&self) -> usize {
        self.names.len()
    }

    pub fn split(&self) -> Split {
        self.split
    }

    pub fn options(&self) -> Options {
        self.options
    }

    pub fn found(&self) -> Found {
        self.found
    }

    /// What was wrong with single files, a line each.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Adds what is wrong with the split as a whole.
    pub(super) fn warn(&mut self, line: String) {
        self.warnings.push(line);
    }

    /// One line about all of it.
    pub fn summary(&self) -> String {
        let Found { images, instances, backgrounds, corrupt, damaged, duplicates } = self.found;
        let mut line = format!("{}: {images} images, {instances} objects", self.split.word());
        for (count, what) in [
            (backgrounds, "without objects"),
            (corrupt, "corrupt and left out"),
            (damaged, "damaged and used as they decode"),
            (duplicates, "duplicate labels dropped"),
        ] {
            if count > 0 {
                line.extend([", ", &count.to_string(), " ", what]);
            }
        }
        line
    }

    /// Bytes that the pictures take in memory once cached.
    pub fn cache_bytes(&self) -> u64 {
        self.items.iter().map(|item| cached_bytes(item.size, self.options.img)).sum()
    }

    /// A picture at load size.
    ///
    /// # Errors
    /// Where an uncached picture cannot be read.
    pub fn picture(&self, index: usize) -> Result<Cow<'_, Pixels>, DataError> {
        Ok(match self.loaded(index)? {
            Cow::Borrowed(picture) => Cow::Borrowed(&picture.pixels),
            Cow::Owned(picture) => Cow::Owned(picture.pixels),
        })
    }

    /// The same, with what is wrong with its file.
    pub(super) fn loaded(&self, index: usize) -> Result<Cow<'_, Picture>, DataError> {
        match self.cached.get(index) {
            Some(picture) => Ok(Cow::Borrowed(picture)),
            None => load(&self.items[index], self.split, self.options.img).map(Cow::Owned),
        }
    }
}

fn cached_bytes((width, height): (usize, usize), img: usize) -> u64 {
    let (width, height) = load_size(width, height, img);
    (width * height * 3) as u64
}

/// Training pictures are always scaled bilinearly; validation pictures only where they grow.
fn load(item: &Item, split: Split, img: usize) -> Result<Picture, DataError> {
    let Picture { pixels: native, damage } = pixels::read(&item.path)?;
    let (width, height) = load_size(native.width, native.height, img);
    let how = if split == Split::Train || img > native.width.max(native.height) {
        Interpolation::Bilinear
    } else {
        Interpolation::Area
    };
    let fits = (native.width, native.height) == (width, height);
    let pixels = if fits { native } else { resize(&native, width, height, how) };
    Ok(Picture { pixels, damage })
}

#[cfg(test)]
pub(crate) mod tests;
