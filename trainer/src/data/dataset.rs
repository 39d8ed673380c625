//! One split of a data set, listed, with its pictures in memory where asked for. What makes an image or a split unfit is in `check.rs`,
//! what stays open from one training to the next in `library.rs`. Never writes anything.

use std::borrow::Cow;
use std::path::PathBuf;

use rayon::prelude::*;

use super::check::{Checked, check, refuse};
use super::files::images;
use super::labels::Labels;
use super::pixels::{self, Pixels};
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
    pub duplicates: usize,
}

#[derive(Debug)]
pub struct Dataset {
    items: Vec<Item>,
    /// Pictures at load size; empty unless cached.
    cached: Vec<Pixels>,
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
        let mut found = Found::default();
        let mut warnings = Vec::new();
        let mut items = Vec::with_capacity(paths.len());
        let (mut label_files, mut first_corrupt) = (0, None);
        let checked: Vec<Checked> = paths.par_iter().map(|path| check(path)).collect();
        for (path, checked) in paths.into_iter().zip(checked) {
            label_files += usize::from(checked.has_file);
            warnings.extend(checked.warnings);
            match checked.result {
                Ok((size, labels)) => {
                    found.duplicates += labels.duplicates;
                    items.push(Item { path, size, labels });
                }
                Err(message) => {
                    found.corrupt += 1;
                    first_corrupt.get_or_insert_with(|| message.clone());
                    warnings.push(message);
                }
            }
        }
        if let Some(first) = first_corrupt.filter(|_| items.is_empty()) {
            return Err(DataError::Unusable { split: split.word(), images: found.corrupt, first });
        }
        match refuse(yaml, split, &items, label_files, options.single_class) {
            Err(nothing) if split == Split::Val && nothing.is_emptiness() => warnings.insert(
                0,
                format!("{nothing}; precision, recall and mAP are 0 in every validation, so no training can be told from another"),
            ),
            judged => judged?,
        }
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
                Cache::Ram => load(item, split, img).map(Some),
                Cache::None => pixels::read(&item.path).map(|_| None),
            })
            .collect();
        let mut kept = Vec::with_capacity(read.len());
        for (item, read) in self.items.drain(..).zip(read) {
            match read {
                Ok(pixels) => {
                    self.cached.extend(pixels);
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
        let Found { images, instances, backgrounds, corrupt, duplicates } = self.found;
        let mut line = format!("{}: {images} images, {instances} objects", self.split.word());
        for (count, what) in [
            (backgrounds, "without objects"),
            (corrupt, "corrupt and left out"),
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
        match self.cached.get(index) {
            Some(pixels) => Ok(Cow::Borrowed(pixels)),
            None => load(&self.items[index], self.split, self.options.img).map(Cow::Owned),
        }
    }
}

fn cached_bytes((width, height): (usize, usize), img: usize) -> u64 {
    let (width, height) = load_size(width, height, img);
    (width * height * 3) as u64
}

/// Training pictures are always scaled bilinearly; validation pictures only where they grow.
fn load(item: &Item, split: Split, img: usize) -> Result<Pixels, DataError> {
    let native = pixels::read(&item.path)?;
    let (width, height) = load_size(native.width, native.height, img);
    let how = if split == Split::Train || img > native.width.max(native.height) {
        Interpolation::Bilinear
    } else {
        Interpolation::Area
    };
    Ok(if (native.width, native.height) == (width, height) {
        native
    } else {
        resize(&native, width, height, how)
    })
}

#[cfg(test)]
pub(crate) mod tests;
