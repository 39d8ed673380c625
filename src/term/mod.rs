//! Cells as bytes, and bytes as input: the terminal itself.
//!
//! [`run`] is the loop between a [`Link`] and the terminal; `guard.rs` takes the terminal and gives it back,
//! `frame.rs` sends what differs in one write, `input.rs` makes keys of bytes, `caps.rs` asks the terminal what it
//! knows, `files.rs` reads and writes for the model. What is shown is decided elsewhere: see `app` and `view`.

pub mod caps;
mod files;
mod frame;
mod guard;
pub mod input;
mod pick;
mod plain;
mod replay;
mod run;

pub use frame::Frame;
pub use pick::pick;
pub use plain::run_plain;
pub use replay::play;
pub use run::{Exit, Link, TermOptions, ThemeChoice, run};
