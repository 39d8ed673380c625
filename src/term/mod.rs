//! Cells as bytes, and bytes as input: the terminal itself.
//!
//! [`run`] is the loop between a [`Link`] and the terminal, `screen.rs` what it turns: input into requests, news into frames;
//! [`pick`] is the picker's loop, [`run_plain`] the one of plain lines, [`play`] a replay as the other end of a link.
//! `taken.rs` is what every loop on a terminal begins with: `guard.rs` takes the terminal and gives it back, `keeper.rs` does
//! where the screen was killed, `caps.rs` asks what it knows, `signals.rs` hears signals. `frame.rs` sends what differs in
//! one write, `input.rs` makes keys of bytes, `clipboard.rs` knows the clipboard, `files.rs` reads and writes for the model.
//! What is shown is decided elsewhere: see `app` and `view`.

pub mod caps;
mod clipboard;
mod files;
mod frame;
mod guard;
pub mod input;
mod keeper;
mod pick;
mod plain;
mod replay;
mod run;
mod screen;
mod signals;
mod taken;

pub use frame::Frame;
pub use keeper::give_back;
pub use pick::{Sessions, pick};
pub use plain::run_plain;
pub use replay::play;
pub use run::{Exit, Link, TermOptions, ThemeChoice, run};
