//! Histories that travel: earlier runs in, this one out.
//!
//! `table.rs` reads a file as named columns, `records.rs` is a tuner's JSON lines, `formats.rs` says what the columns
//! without names mean, `import.rs` matches them by name with a search space, `seen.rs` knows the trials that several
//! files tell of; `export.rs` writes a session as other tools read it, `optuna.rs` as an Optuna
//! journal. The tables that a session keeps up while it runs are in `dir::tables`.

mod export;
mod formats;
mod import;
mod optuna;
mod records;
mod seen;
mod table;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod travel_tests;

pub use export::{Format, held, write};
pub use import::{ImportError, Report, import};
pub use seen::Seen;
pub use table::Table;
