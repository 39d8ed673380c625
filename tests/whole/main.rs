//! The whole program, as a person or a script meets it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test: what fails shows itself")]

mod chaos;
mod common;
#[path = "../../examples/study/evolution.rs"]
mod evolution;

mod eras;
mod figures;
mod files;
mod headless;
mod hosts;
mod leftovers;
mod libtorch;
mod modules;
mod pictures;
mod programs;
mod protocol;
mod pruning;
mod pty;
mod resume;
mod sim;
mod stopping;
mod terminal;
mod unattended;
