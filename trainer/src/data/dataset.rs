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
    options: Options,
    split: Split,
    names: Vec<String>,
    found: Found,
    warnings: Vec<String>,
}

impl Dataset {
    /// Lists and checks a split, and reads its pictures where they are to be cached.
    ///
    /// # Errors
    /// Where folders are missing or hold nothing to learn from; single bad files only make a warning.
    pub fn open(yaml: &DataYaml, split: Split, options: Options) -> Result<Self, DataError> {
        let mut dataset = Self::list(yaml, split, options)?;
        if options.cache == Cache::Ram {
            dataset.read_all()?;
        }
        Ok(dataset)
    }

    /// Lists and checks a split without decoding a picture.
    ///
    /// # Errors
    /// As [`Dataset::open`].
    pub fn list(yaml: &DataYaml, split: Split, options: Options) -> Result<Self, DataError> {
        let paths = images(yaml, split)?;
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
        refuse(yaml, split, &items, label_files, options.single_class)?;
        if options.single_class {
            items.iter_mut().flat_map(|item| &mut item.labels.boxes).for_each(|label| label.class = 0);
        }
        let names = if options.single_class { vec!["item".to_owned()] } else { yaml.names.clone() };
        let mut dataset = Self { items, cached: Vec::new(), options, split, names, found, warnings };
        dataset.count();
        Ok(dataset)
    }

    fn count(&mut self) {
        self.found.images = self.items.len();
        self.found.instances = self.items.iter().map(|item| item.labels.boxes.len()).sum();
        self.found.backgrounds = self.items.iter().filter(|item| item.labels.boxes.is_empty()).count();
    }

    /// Reads every picture into memory; those that cannot be read leave the list.
    pub(super) fn read_all(&mut self) -> Result<(), DataError> {
        let read: Vec<_> =
            self.items.par_iter().map(|item| load(item, self.split, self.options.img)).collect();
        let mut kept = Vec::with_capacity(read.len());
        for (item, read) in self.items.drain(..).zip(read) {
            match read {
                Ok(pixels) => {
                    self.cached.push(pixels);
                    kept.push(item);
                }
                Err(error) => {
                    self.found.corrupt += 1;
                    self.warnings.push(format!("{error}; left out"));
                }
            }
        }
        self.items = kept;
        self.count();
        match (self.items.first(), self.warnings.last()) {
            (None, Some(last)) => Err(DataError::Unusable {
                split: self.split.word(),
                images: self.found.corrupt,
                first: last.clone(),
            }),
            _ => Ok(()),
        }
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
pub(super) mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::data::files::label_path;

    pub const OPTIONS: Options = Options { img: 64, single_class: false, cache: Cache::Ram };

    /// A data set of one class per `(image, label text)`; pictures are left half black, right half white.
    pub fn set(files: &[(&str, Option<&str>)]) -> (tempfile::TempDir, DataYaml) {
        let folder = tempfile::tempdir().unwrap();
        for part in ["images", "labels"] {
            fs::create_dir(folder.path().join(part)).unwrap();
        }
        let picture = image::RgbImage::from_fn(64, 32, |x, _| image::Rgb([if x < 32 { 0 } else { 255 }; 3]));
        for (name, label) in files {
            let path = folder.path().join("images").join(name);
            picture.save(&path).unwrap();
            if let Some(label) = label {
                fs::write(label_path(&path), label).unwrap();
            }
        }
        let yaml =
            DataYaml::parse(&folder.path().join("x.yaml"), "train: images\nval: images\nnames: [a, b]\n");
        (folder, yaml.unwrap())
    }

    fn refused(files: &[(&str, Option<&str>)]) -> String {
        let (_folder, yaml) = set(files);
        Dataset::open(&yaml, Split::Train, OPTIONS).unwrap_err().to_string()
    }

    pub const BOX: Option<&str> = Some("1 .5 .5 .2 .2\n");

    #[test]
    fn all_common_picture_formats_are_read() {
        let (_folder, yaml) =
            set(&[("a.jpg", BOX), ("b.png", BOX), ("c.bmp", BOX), ("d.webp", BOX), ("e.tiff", BOX)]);
        let dataset = Dataset::open(&yaml, Split::Train, OPTIONS).unwrap();
        assert!(dataset.warnings().is_empty(), "{:?}", dataset.warnings());
        assert_eq!(dataset.len(), 5);
        for index in 0..5 {
            let picture = dataset.picture(index).unwrap();
            assert_eq!((picture.width, picture.height), (64, 32));
            assert!(picture.row(16)[5 * 3] < 10 && picture.row(16)[60 * 3] > 245, "{index}");
        }
        assert_eq!(dataset.cache_bytes(), 5 * 64 * 32 * 3);
    }

    #[test]
    fn a_bad_file_costs_its_picture_and_is_named_and_the_rest_goes_on() {
        let (folder, yaml) = set(&[
            ("a.png", BOX),
            ("b.png", Some("1 .5 .5 .2\n")),
            ("c.png", None),
            ("d.png", Some("1 .5 .5 .2 .2\n1 .5 .5 .2 .2\n")),
        ]);
        fs::write(folder.path().join("images/e.png"), "no picture").unwrap();
        let tiny = image::RgbImage::new(8, 40);
        tiny.save(folder.path().join("images/f.png")).unwrap();
        let before = listing(folder.path());
        let dataset = Dataset::open(&yaml, Split::Train, OPTIONS).unwrap();
        assert_eq!(
            dataset.found(),
            Found { images: 3, instances: 2, backgrounds: 1, corrupt: 3, duplicates: 1 }
        );
        for (name, word) in
            [("b.txt", "4 columns"), ("d.txt", "duplicate"), ("e.png", ""), ("f.png", "8 x 40")]
        {
            let found = dataset.warnings().iter().any(|line| line.contains(name) && line.contains(word));
            assert!(found, "{name}: {:?}", dataset.warnings());
        }
        assert_eq!(
            dataset.summary(),
            "train: 3 images, 2 objects, 1 without objects, 3 corrupt and left out, 1 duplicate labels dropped"
        );
        assert_eq!(listing(folder.path()), before, "the data set was written to");
    }

    fn listing(folder: &Path) -> Vec<(PathBuf, std::time::SystemTime)> {
        let mut found: Vec<_> = ["images", "labels"]
            .iter()
            .flat_map(|part| fs::read_dir(folder.join(part)).unwrap())
            .map(|entry| entry.unwrap())
            .map(|entry| (entry.path(), entry.metadata().unwrap().modified().unwrap()))
            .collect();
        found.sort();
        found
    }

    #[test]
    fn what_nothing_can_be_learned_from_is_refused_with_a_remedy() {
        assert!(refused(&[("a.png", None)]).contains("none of 1 images has a label file"));
        assert!(refused(&[("a.png", Some(""))]).contains("all label files are empty"));
        let beyond = refused(&[("a.png", BOX), ("b.png", Some("2 .5 .5 .2 .2\n"))]);
        assert!(
            beyond.contains("b.txt") && beyond.contains("class 2") && beyond.contains("only 2"),
            "{beyond}"
        );
    }

    #[test]
    fn a_picture_that_breaks_off_is_left_out_before_it_is_decoded() {
        let (folder, yaml) = set(&[("a.png", BOX), ("b.png", BOX), ("c.webp", BOX), ("d.webp", BOX)]);
        for name in ["b.png", "d.webp"] {
            let path = folder.path().join("images").join(name);
            let bytes = fs::read(&path).unwrap();
            fs::write(&path, &bytes[..bytes.len() - 14]).unwrap();
        }
        let uncached = Options { cache: Cache::None, ..OPTIONS };
        let dataset = Dataset::open(&yaml, Split::Train, uncached).unwrap();
        assert_eq!((dataset.len(), dataset.found().corrupt), (2, 2));
        assert!(
            dataset.warnings().iter().all(|line| line.contains("breaks off")),
            "{:?}",
            dataset.warnings()
        );
    }

    #[test]
    fn where_no_image_can_be_used_the_first_mistake_is_told() {
        let said = refused(&[("a.png", Some("1 .5 .5 .2 .2 .9\n")), ("b.png", Some("1 .5\n"))]);
        assert!(said.contains("none of the 2 train images"), "{said}");
        assert!(said.contains("a.txt: line 1: 6 columns"), "{said}");
    }

    #[test]
    fn a_single_class_takes_all_labels() {
        let (_folder, yaml) = set(&[("a.png", Some("7 .5 .5 .2 .2\n"))]);
        let options = Options { single_class: true, ..OPTIONS };
        let dataset = Dataset::open(&yaml, Split::Train, options).unwrap();
        assert_eq!((dataset.classes(), dataset.items()[0].labels.boxes[0].class), (1, 0));
    }

    #[test]
    fn a_cut_off_jpeg_is_used_as_far_as_it_goes_and_said() {
        let (folder, yaml) = set(&[("a.jpg", BOX)]);
        let path = folder.path().join("images/a.jpg");
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..bytes.len() - 40]).unwrap();
        let dataset = Dataset::open(&yaml, Split::Train, OPTIONS).unwrap();
        assert_eq!(dataset.len(), 1);
        assert!(dataset.warnings()[0].contains("no end"), "{:?}", dataset.warnings());
    }
}
