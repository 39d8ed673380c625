//! Histories that travel: earlier runs in, this one out.
//!
//! `read.rs` reads a file or a session's directory as a table, `table.rs` is named columns and text as such, `json.rs` JSON
//! as such, `records.rs` a tuner's JSON lines, `formats.rs` says what columns without names mean; `columns.rs` matches them
//! by name with a search space, `import.rs` takes trials from the rows, `seen.rs` knows the trials that several files tell of;
//! `export.rs` writes a session as other tools read it, `optuna.rs` as an Optuna journal; `told.rs` is how a trial ended and
//! what it cost, out and in. The tables that a session keeps up while it runs are in `dir::tables`.

mod columns;
#[cfg(test)]
mod damage_tests;
mod export;
#[cfg(test)]
mod export_tests;
mod formats;
mod import;
#[cfg(test)]
mod import_tests;
mod json;
#[cfg(test)]
mod line_tests;
mod optuna;
mod read;
mod records;
#[cfg(test)]
mod round_trip_tests;
mod seen;
mod table;
#[cfg(test)]
mod test_files;
mod told;

pub use export::{Format, held, write};
pub use import::{ImportError, Report, import};
pub use seen::Seen;
pub use table::Table;
