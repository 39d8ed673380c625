//! The splits that stay open, and decoded, from one training to the next.

use std::sync::{Arc, Mutex, PoisonError};

use evotop::size;

use super::dataset::{Cache, Dataset, Options};
use super::{DataError, DataYaml, Split};
use crate::machine::{self, Memory};

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
        let a_slot = both.iter().map(Dataset::cache_bytes).sum();
        for dataset in &mut both {
            let keep = fitting(dataset, a_slot);
            dataset.read_all(keep)?;
        }
        let both = both.map(Arc::new);
        *open = Some((yaml.clone(), options, both.clone()));
        Ok(both)
    }
}

/// Where the pictures of a split stay: not in memory where they would not fit. `a_slot` is what both splits take.
fn fitting(dataset: &mut Dataset, a_slot: u64) -> Cache {
    let (wanted, needed) = (dataset.options().cache, dataset.cache_bytes());
    let memory = machine::memory().filter(|_| wanted == Cache::Ram);
    match memory.and_then(|memory| too_much(needed, a_slot, machine::slots(), memory)) {
        None => wanted,
        Some(why) => {
            dataset.warn(format!(
                "{}: {why}, so they are read anew for every epoch; a smaller --img makes them fit, --cache none silences this",
                dataset.split().word(),
            ));
            Cache::None
        }
    }
}

/// Why so many bytes of pictures do not fit. All slots read theirs at the same time, when each still sees the same free memory: so
/// what all of them take is held against the whole.
fn too_much(needed: u64, a_slot: u64, slots: usize, memory: Memory) -> Option<String> {
    let most = |bytes: u64| bytes / 10 * 9;
    let all = a_slot.saturating_mul(slots as u64);
    if needed > most(memory.free) {
        let (needed, free) = (size::short(needed), size::short(memory.free));
        Some(format!("{needed} of pictures would not fit into {free} of free memory"))
    } else if all > most(memory.whole) {
        let (all, whole) = (size::short(all), size::short(memory.whole));
        Some(format!("{all} of pictures for {slots} slots would not fit into {whole} of memory"))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::dataset::tests::{BOX, OPTIONS, damage, set};

    #[test]
    fn pictures_stay_in_memory_where_those_of_all_slots_fit_and_these_into_what_is_free() {
        let memory = Memory { whole: 10_000_000, free: 5_000_000 };
        let why = |needed, a_slot, slots| too_much(needed, a_slot, slots, memory).unwrap_or_default();
        assert_eq!(why(4_000_000, 4_500_000, 2), "");
        assert!(
            why(4_600_000, 4_600_000, 1).ends_with("into 5 MB of free memory"),
            "{}",
            why(4_600_000, 0, 1)
        );
        let four = why(2_000_000, 3_000_000, 4);
        assert_eq!(four, "12 MB of pictures for 4 slots would not fit into 10 MB of memory");
    }

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
