//! What makes an image unfit to learn from, and what a whole split.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::dataset::{Found, Item};
use super::files::label_path;
use super::labels::{self, Labels};
use super::{DataError, DataYaml, Split, pixels};

/// What the images of a split and their label files are like.
#[derive(Default)]
pub struct Seen {
    pub items: Vec<Item>,
    /// Of its counts, only those of what is wrong.
    pub found: Found,
    pub warnings: Vec<String>,
    label_files: usize,
    first_corrupt: Option<String>,
}

/// Looks at all of them; no picture is decoded.
pub fn see(paths: Vec<PathBuf>) -> Seen {
    let checked: Vec<Checked> = paths.par_iter().map(|path| check(path)).collect();
    let mut seen = Seen::default();
    for (path, checked) in paths.into_iter().zip(checked) {
        seen.label_files += usize::from(checked.has_file);
        match checked.result {
            Ok((size, labels)) => {
                if labels.duplicates > 0 {
                    let (file, count) = (label_path(&path), labels.duplicates);
                    seen.warnings.push(format!("{}: {count} duplicate labels dropped", file.display()));
                    seen.found.duplicates += count;
                }
                seen.items.push(Item { path, size, labels });
            }
            Err(message) => {
                seen.found.corrupt += 1;
                seen.first_corrupt.get_or_insert_with(|| message.clone());
                seen.warnings.push(message);
            }
        }
    }
    seen
}

/// What looking at one image and its label file gave.
struct Checked {
    has_file: bool,
    /// Native width and height, and the labels; or why it is left out.
    result: Result<((usize, usize), Labels), String>,
}

fn check(path: &Path) -> Checked {
    let label_file = label_path(path);
    let text = fs::read(&label_file);
    let has_file = text.is_ok();
    let result = pixels::size(path).map_err(|error| format!("{error}; left out")).and_then(|size| {
        if size.0 < 10 || size.1 < 10 {
            return Err(format!(
                "{}: {} x {} pixels are too few, 10 x 10 are the least; left out",
                path.display(),
                size.0,
                size.1
            ));
        }
        let text = match text {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            Err(error) => return Err(format!("{}: {error}; image left out", label_file.display())),
        };
        let labels = labels::parse(&text)
            .map_err(|message| format!("{}: {message}; image left out", label_file.display()))?;
        Ok((size, labels))
    });
    Checked { has_file, result }
}

impl Seen {
    /// Refuses a split that nothing can be learned from or measured with.
    pub fn refuse(&self, yaml: &DataYaml, split: Split, single_class: bool) -> Result<(), DataError> {
        let Self { items, found, .. } = self;
        let path = yaml.entries(split).first().cloned().unwrap_or_else(|| yaml.file.clone());
        if items.is_empty() {
            return Err(match self.first_corrupt.clone() {
                Some(first) => DataError::Unusable { split: split.word(), images: found.corrupt, first },
                None => DataError::NoImages { path },
            });
        }
        if self.label_files == 0 {
            return Err(DataError::NoLabels { path, images: items.len() });
        }
        if items.iter().all(|item| item.labels.boxes.is_empty()) {
            return Err(DataError::AllEmpty { path });
        }
        let beyond =
            |item: &&Item| item.labels.boxes.iter().any(|label| label.class as usize >= yaml.classes());
        if let Some(item) = items.iter().find(beyond).filter(|_| !single_class) {
            let path = label_path(&item.path);
            // Once more from the file: what is shown is what is written there.
            let text = fs::read_to_string(&path).unwrap_or_default();
            let class = labels::highest_class(&text).unwrap_or_default();
            return Err(DataError::ClassOutOfRange { path, class, classes: yaml.classes() });
        }
        Ok(())
    }
}
