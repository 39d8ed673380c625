//! The one loop that owns a session: its state, journal, slots and socket.
//!
//! A turn of the loop (`turn.rs`) is always the same: something happened -> events -> journal, one fsync -> state ->
//! clients -> whatever follows from the new state by itself, until nothing does. Only then are slots and files brought
//! to what the state says (`stations.rs`, `files.rs`, `renewal.rs`). `start.rs` opens a session and takes over what an earlier
//! process left, `run.rs` is the loop with its signals and timers, `finish.rs` how it ends, `hooks.rs` what `--on`
//! runs, `output.rs` what it prints, `space.rs` what a full disk means, `figures.rs` what no journal holds: what GPUs do, and which trainers are silent. What
//! a command or an end means is not here: see `session`.

mod figures;
mod files;
mod finish;
mod hooks;
mod output;
mod renewal;
mod run;
mod space;
mod start;
mod stations;
mod turn;

pub use finish::Finish;
pub use hooks::{Hook, Occasion};
pub use run::run;
pub use start::{EngineError, Limits, OnFailure, Start};
