//! What makes an image unfit to learn from, and what a whole split.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use super::dataset::Item;
use super::files::label_path;
use super::labels::{self, Labels};
use super::{DataError, DataYaml, Split, pixels};

/// What looking at one image and its label file gave.
pub struct Checked {
    pub has_file: bool,
    pub warnings: Vec<String>,
    pub result: Result<((usize, usize), Labels), String>,
}

/// Looks at them; the picture is not decoded.
pub fn check(path: &Path) -> Checked {
    let mut warnings = Vec::new();
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
        if pixels::is_cut_off(path) {
            warnings.push(format!("{}: this JPEG has no end, it is used as far as it goes", path.display()));
        }
        let text = match text {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
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
pub fn refuse(
    yaml: &DataYaml,
    split: Split,
    items: &[Item],
    label_files: usize,
    single_class: bool,
) -> Result<(), DataError> {
    let path = yaml.entries(split).first().cloned().unwrap_or_else(|| yaml.file.clone());
    if items.is_empty() {
        return Err(DataError::NoImages { path });
    }
    if label_files == 0 {
        return Err(DataError::NoLabels { path, images: items.len() });
    }
    if items.iter().all(|item| item.labels.boxes.is_empty()) {
        return Err(DataError::AllEmpty { path });
    }
    let beyond = |item: &&Item| item.labels.boxes.iter().any(|label| label.class as usize >= yaml.classes());
    if let Some(item) = items.iter().find(beyond).filter(|_| !single_class) {
        let path = label_path(&item.path);
        // Once more from the file: what is shown is what is written there.
        let text = fs::read_to_string(&path).unwrap_or_default();
        let class = labels::highest_class(&text).unwrap_or_default();
        return Err(DataError::ClassOutOfRange { path, class, classes: yaml.classes() });
    }
    Ok(())
}
