//! From files to batches, in the order of the flow: a data YAML names folders, files and labels are checked, pictures are read and
//! scaled, combined and changed by chance, and put into batches. Nothing here knows the model or the loss.

mod augment;
mod batch;
mod boxes;
mod check;
mod copy_paste;
mod dataset;
mod error;
mod files;
mod hsv;
mod labels;
mod letterbox;
mod library;
mod loader;
mod mosaic;
mod perspective;
mod pixels;
mod queue;
mod rect;
mod resize;
mod sample;
mod warp;
mod yaml;

pub use augment::Augment;
pub use batch::{Batch, Origin};
pub use dataset::{Cache, Dataset, Found, Item, Options};
pub use error::DataError;
pub use labels::{Label, Labels, Polygon};
pub use library::Library;
pub use loader::{TrainLoader, TrainOptions, ValLoader, ValOptions};
pub use pixels::{Picture, Pixels, decode};
pub use yaml::{DataYaml, Split};

#[cfg(test)]
pub(crate) use dataset::tests;
