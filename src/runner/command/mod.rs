//! Any program as a trainer: what it is told, and how its result is found in what it prints and writes. Pure.
//!
//! `fill.rs` puts values into a command line, `preset.rs` knows the command lines of known programs. `rules.rs` finds
//! metrics by regular expressions, `json.rs` in JSON lines, `table.rs` in a growing `results.csv`, `bar.rs` reads
//! progress bars; `reader.rs` makes epochs and one result of them all, `verdict.rs` an outcome. `check.rs` shows beforehand what would be found.
//! The process itself is not here: see `runner/task.rs`.

mod bar;
pub mod check;
mod fill;
mod json;
mod preset;
mod reader;
mod rules;
mod table;
mod verdict;

pub use fill::{FillError, Values, check_words, fill};
pub use preset::{Preset, PresetError};
pub use reader::{Found, Reader, Reading, epochs_of};
pub use table::{Row, Table};
pub use verdict::{Ended, speaks_of_memory, speaks_of_space, verdict};
