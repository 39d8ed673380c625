//! Tables and hyp files that the originals read: made from the state, and made again wherever they are not as they
//! should be.
//!
//! `row.rs` is a trial as a row, `csv.rs` the appended `evolve.csv`, `text.rs` the `evolve.txt` of 2021, `best.rs` the
//! best candidate as a hyp file. Reading an earlier run's table is not here.

mod best;
mod csv;
mod row;
mod text;

pub use best::{best_text, write_best};
pub use csv::{EvolveCsv, csv_text};
pub use row::{RESULT, quoted};
pub use text::EvolveText;

#[cfg(test)]
mod tests;
