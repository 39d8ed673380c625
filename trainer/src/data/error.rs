//! What can be wrong with a data set. Each message names the file, what is wrong and the remedy.

use std::path::{Path, PathBuf};

#[derive(Debug, thiserror::Error)]
pub enum DataError {
    #[error("{}: {why}", path.display())]
    Io { path: PathBuf, why: std::io::Error },
    #[error("{}: {message}", path.display())]
    Yaml { path: PathBuf, message: String },
    #[error("{}: no such {role} images: {}{hint}", yaml.display(), missing.display())]
    Missing { yaml: PathBuf, role: &'static str, missing: PathBuf, hint: String },
    #[error("{}: no images found (extensions bmp, jpg, jpeg, mpo, png, tif, tiff, webp)", path.display())]
    NoImages { path: PathBuf },
    #[error(
        "{}: none of {images} images has a label file; labels are looked for in .../labels/NAME.txt for .../images/NAME.jpg",
        path.display()
    )]
    NoLabels { path: PathBuf, images: usize },
    #[error("{}: all label files are empty, there is no object to find", path.display())]
    AllEmpty { path: PathBuf },
    #[error(
        "{}: {class} is used, but the data set names only {classes} (0 to {}); add names or correct the label",
        path.display(), classes.saturating_sub(1)
    )]
    ClassOutOfRange { path: PathBuf, class: String, classes: usize },
    #[error("{}: {message}; replace or remove this image", path.display())]
    Picture { path: PathBuf, message: String },
    #[error("none of the {images} {split} images can be used; the first: {first}")]
    Unusable { split: &'static str, images: usize, first: String },
    #[error(
        "no thread could be started to load images: {0}; `ulimit -u` and `ulimit -v` tell the limits, a training needs fewer with --threads 1"
    )]
    Threads(String),
    #[error("loading images stopped unexpectedly: {0}")]
    Loader(String),
    #[error(transparent)]
    Torch(#[from] tch::TchError),
}

impl DataError {
    /// Whether a split is not wrong but empty: without pictures, or without an object in them.
    pub(super) fn is_emptiness(&self) -> bool {
        matches!(self, Self::NoImages { .. } | Self::NoLabels { .. } | Self::AllEmpty { .. })
    }

    pub(crate) fn io(path: &Path, why: std::io::Error) -> Self {
        Self::Io { path: path.to_path_buf(), why }
    }

    pub(crate) fn picture(path: &Path, message: &impl ToString) -> Self {
        // Some decoders' words span lines; a warning is one.
        let message = message.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
        Self::Picture { path: path.to_path_buf(), message }
    }
}
