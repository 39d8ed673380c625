//! Every figure that is promised, measured here, in one table: `make bench`.
//!
//! `long_run.rs` makes a run of many generations, `journal.rs` measures recovery and writing, `breeding.rs` proposals,
//! `frames.rs` the screen as a library, `program.rs` the real program without a screen, `screen.rs` the real program
//! in a real terminal (`terminal.rs`), `trainer.rs` the built-in trainer where it is built. `table.rs` prints.
//! `make bench ONLY=screen` measures one part.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a benchmark: what fails shows itself")]

mod breeding;
mod clock;
#[path = "../../tests/screen/fixture.rs"]
#[expect(dead_code, reason = "shared with the tests, which use all of it")]
mod fixture;
mod frames;
mod journal;
mod long_run;
mod program;
mod screen;
mod table;
mod terminal;
mod trainer;

use std::time::Duration;

use criterion::Criterion;
use table::Row;

/// A part of the table: its name, and what measures it.
type Part = (&'static str, fn(&mut Criterion) -> Vec<Row>);

const PARTS: [Part; 6] = [
    ("breeding", breeding::rows),
    ("journal", journal::rows),
    ("program", program::rows),
    ("frames", frames::rows),
    ("screen", screen::rows),
    ("trainer", trainer::rows),
];

fn main() {
    if let Some(path) = std::env::var_os(journal::RECOVER) {
        return journal::recover_here(path.as_ref());
    }
    let only = std::env::var("EVOTOP_BENCH").unwrap_or_default();
    let mut criterion = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .without_plots();
    let mut rows = Vec::new();
    for (name, measure) in PARTS {
        if only.is_empty() || only.split(',').any(|part| part == name) {
            eprintln!("measuring {name}");
            rows.extend(measure(&mut criterion));
        }
    }
    criterion.final_summary();
    table::print(&rows);
}
