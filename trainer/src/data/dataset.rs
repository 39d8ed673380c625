//! One split of a data set, checked and listed, with its pictures in memory where asked for. Never writes anything.

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use rayon::prelude::*;

use super::files::{images, label_path};
use super::labels::{self, Labels};
use super::pixels::{self, Pixels};
use super::resize::{Interpolation, load_size, resize};
use super::{DataError, DataYaml, Split};
use crate::machine;

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
        let mut label_files = 0;
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
                    warnings.push(message);
                }
            }
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
    fn read_all(&mut self) -> Result<(), DataError> {
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
        match self.items.first() {
            Some(_) => Ok(()),
            None => Err(DataError::Unreadable { split: self.split.word(), images: self.found.corrupt }),
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

/// What looking at one image and its label file gave.
struct Checked {
    has_file: bool,
    warnings: Vec<String>,
    result: Result<((usize, usize), Labels), String>,
}

fn check(path: &std::path::Path) -> Checked {
    let mut warnings = Vec::new();
    let label_file = label_path(path);
    let text = std::fs::read(&label_file);
    let has_file = text.is_ok();
    let result = pixels::size(path).map_err(|error| error.to_string()).and_then(|size| {
        if size.0 < 10 || size.1 < 10 {
            return Err(format!(
                "{}: {} x {} pixels are too few, 10 x 10 are the least; left out",
                path.display(),
                size.0,
                size.1
            ));
        }
        if pixels::is_cut_off(path) {
            warnings.push(format!("{}: this JPEG has no end, it is used as far as it goes", path.display()));
        }
        let text = match text {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(format!("{}: {error}; image left out", label_file.display())),
        };
        let labels = labels::parse(&text)
            .map_err(|message| format!("{}: {message}; image left out", label_file.display()))?;
        if labels.duplicates > 0 {
            warnings.push(format!(
                "{}: {} duplicate labels dropped",
                label_file.display(),
                labels.duplicates
            ));
        }
        Ok((size, labels))
    });
    Checked { has_file, warnings, result }
}

/// Refuses a split that nothing can be learned from or measured with.
fn refuse(
    yaml: &DataYaml,
    split: Split,
    items: &[Item],
    label_files: usize,
    single_class: bool,
) -> Result<(), DataError> {
    let path = yaml.entries(split).first().cloned().unwrap_or_else(|| yaml.file.clone());
    if label_files == 0 {
        return Err(DataError::NoLabels { path, images: items.len() });
    }
    if items.is_empty() {
        return Err(DataError::NoImages { path });
    }
    if items.iter().all(|item| item.labels.boxes.is_empty()) {
        return Err(DataError::AllEmpty { path });
    }
    let beyond = |item: &&Item| item.labels.boxes.iter().any(|label| label.class as usize >= yaml.classes());
    if let Some(item) = items.iter().find(beyond).filter(|_| !single_class) {
        let class = item.labels.boxes.iter().map(|label| label.class as usize).max().unwrap_or_default();
        return Err(DataError::ClassOutOfRange {
            path: label_path(&item.path),
            class,
            classes: yaml.classes(),
        });
    }
    Ok(())
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

/// A data set and how it was opened.
type Opened = (DataYaml, Split, Options, Arc<Dataset>);

/// The data sets that a worker has open; they stay decoded from one training to the next.
#[derive(Debug, Default)]
pub struct Library {
    open: Mutex<Vec<Opened>>,
}

impl Library {
    pub fn new() -> Self {
        Self::default()
    }

    /// The split as opened before with the same options, or newly opened. Another size or cache setting replaces what was there.
    ///
    /// # Errors
    /// As `Dataset::open`.
    pub fn open(&self, yaml: &DataYaml, split: Split, options: Options) -> Result<Arc<Dataset>, DataError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((.., dataset)) = open.iter().find(|(y, s, o, _)| (y, *s, *o) == (yaml, split, options)) {
            return Ok(Arc::clone(dataset));
        }
        open.retain(|(_, s, ..)| *s != split);
        let mut dataset = Dataset::list(yaml, split, options)?;
        if options.cache == Cache::Ram {
            let needed = dataset.cache_bytes();
            match machine::available_memory().filter(|free| needed > free / 10 * 9) {
                None => dataset.read_all()?,
                Some(free) => dataset.warnings.push(format!(
                    "{}: {} of pictures would not fit into {} of free memory, so they are read anew for every epoch; \
                     a smaller --img makes them fit, --cache none silences this",
                    split.word(),
                    machine::bytes(needed),
                    machine::bytes(free)
                )),
            }
        }
        let dataset = Arc::new(dataset);
        open.push((yaml.clone(), split, options, Arc::clone(&dataset)));
        Ok(dataset)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    const OPTIONS: Options = Options { img: 64, single_class: false, cache: Cache::Ram };

    /// A data set of one class per `(image, label text)`; pictures are left half black, right half white.
    fn set(files: &[(&str, Option<&str>)]) -> (tempfile::TempDir, DataYaml) {
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

    const BOX: Option<&str> = Some("1 .5 .5 .2 .2\n");

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

    #[test]
    fn a_library_opens_the_same_split_once() {
        let (_folder, yaml) = set(&[("a.png", BOX)]);
        let library = Library::new();
        let first = library.open(&yaml, Split::Train, OPTIONS).unwrap();
        let val = library.open(&yaml, Split::Val, OPTIONS).unwrap();
        assert!(Arc::ptr_eq(&first, &library.open(&yaml, Split::Train, OPTIONS).unwrap()));
        let smaller = library.open(&yaml, Split::Train, Options { img: 32, ..OPTIONS }).unwrap();
        assert_eq!(smaller.picture(0).unwrap().width, 32);
        drop(first);
        assert!(Arc::ptr_eq(&val, &library.open(&yaml, Split::Val, OPTIONS).unwrap()));
    }
}
