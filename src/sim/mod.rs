//! The simulated trainer, `--trainer sim`: a real worker process on a documented fitness landscape.
//!
//! `landscape.rs` says what a candidate is worth and how its training looks, `worker.rs` speaks the worker protocol.
//! It trains nothing; everything else of a run is real.

mod landscape;
mod worker;

pub use landscape::{Landscape, optimum, weight};
pub use worker::serve;
