//! The splits that stay open, and decoded, from one training to the next.

use std::sync::{Arc, Mutex, PoisonError};

use evotop::size;

use super::dataset::{Cache, Dataset, Options};
use super::{DataError, DataYaml, Split};
use crate::machine;

/// The splits to train on and to validate.
type Both = [Arc<Dataset>; 2];

/// The data set that a worker has open; it stays decoded from one training to the next.
#[derive(Debug, Default)]
pub struct Library {
    open: Mutex<Option<(DataYaml, Options, Both)>>,
}

impl Library {
    pub fn new() -> Self {
        Self::default()
    }

    /// The splits to train on and to validate, as opened before with the same options, or newly opened. Another size or cache setting
    /// replaces what was there. `listed` gets them when files and labels are known, before the pictures are read: that can take long, and
    /// much memory.
    ///
    /// # Errors
    /// As `Dataset::open`.
    pub fn open(
        &self,
        yaml: &DataYaml,
        options: Options,
        listed: &mut dyn FnMut(&Dataset, &Dataset),
    ) -> Result<Both, DataError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((.., both)) = open.as_ref().filter(|(y, o, _)| (y, *o) == (yaml, options)) {
            return Ok(both.clone());
        }
        *open = None;
        let mut both =
            [Dataset::list(yaml, Split::Train, options)?, Dataset::list(yaml, Split::Val, options)?];
        listed(&both[0], &both[1]);
        for dataset in &mut both {
            let keep = fitting(dataset);
            dataset.read_all(keep)?;
        }
        let both = both.map(Arc::new);
        *open = Some((yaml.clone(), options, both.clone()));
        Ok(both)
    }
}

/// Where the pictures of a split stay: not in memory where they would not fit into what is free.
fn fitting(dataset: &mut Dataset) -> Cache {
    let (wanted, needed) = (dataset.options().cache, dataset.cache_bytes());
    match machine::available_memory().filter(|free| wanted == Cache::Ram && needed > free / 10 * 9) {
        None => wanted,
        Some(free) => {
            dataset.warn(format!(
                "{}: {} of pictures would not fit into {} of free memory, so they are read anew for every epoch; \
                 a smaller --img makes them fit, --cache none silences this",
                dataset.split().word(),
                size::short(needed),
                size::short(free)
            ));
            Cache::None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::dataset::tests::{BOX, OPTIONS, damage, set};

    #[test]
    fn a_library_opens_the_same_data_set_once_and_lets_it_be_looked_at_before_pictures_are_read() {
        let (folder, yaml) = set(&[("a.png", BOX), ("b.png", BOX)]);
        // Its header is enough to be listed.
        damage(&folder.path().join("images/b.png"));
        let library = Library::new();
        let mut seen = Vec::new();
        let mut open = |options| {
            library
                .open(&yaml, options, &mut |train, val| seen.push((train.len(), val.cache_bytes())))
                .unwrap()
        };
        let [first, val] = open(OPTIONS);
        let [again, val_again] = open(OPTIONS);
        assert!(Arc::ptr_eq(&first, &again) && Arc::ptr_eq(&val, &val_again));
        let [smaller, _] = open(Options { img: 32, ..OPTIONS });
        assert_eq!(smaller.picture(0).unwrap().width, 32);
        assert_eq!(seen, [(2, 2 * 64 * 32 * 3), (2, 2 * 32 * 16 * 3)]);
        assert_eq!((first.len(), smaller.len()), (1, 1));
    }
}
