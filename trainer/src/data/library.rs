//! The splits that stay open, and decoded, from one training to the next.

use std::sync::{Arc, Mutex, PoisonError};

use evotop::size;

use super::dataset::{Cache, Dataset, Options};
use super::{DataError, DataYaml, Split};
use crate::machine;

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
        let needed = dataset.cache_bytes();
        let mut keep = options.cache;
        if keep == Cache::Ram
            && let Some(free) = machine::available_memory().filter(|free| needed > free / 10 * 9)
        {
            keep = Cache::None;
            dataset.warn(format!(
                "{}: {} of pictures would not fit into {} of free memory, so they are read anew for every epoch; \
                 a smaller --img makes them fit, --cache none silences this",
                split.word(),
                size::short(needed),
                size::short(free)
            ));
        }
        dataset.read_all(keep)?;
        let dataset = Arc::new(dataset);
        open.push((yaml.clone(), split, options, Arc::clone(&dataset)));
        Ok(dataset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::dataset::tests::{BOX, OPTIONS, set};

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
