//! The TRUTH: what happened, in order, on disk before anybody is told.
//!
//! `event.rs` is what can happen, `line.rs` an entry as text with its crc, `lines.rs` many of them on every core,
//! `writer.rs` appends, `reader.rs` reads from the start or follows, `repair.rs` mends, `copy.rs` takes a part of one,
//! `disk.rs` is the disk beneath, `error.rs` what can go wrong. State is folded from events elsewhere: see `session`.

mod copy;
mod disk;
mod error;
mod event;
#[cfg(test)]
pub mod forgetful;
mod line;
mod lines;
mod reader;
mod repair;
#[cfg(test)]
pub mod sample;
mod writer;

pub use copy::copy;
pub use disk::{Access, Disk, DiskFile, FileDisk};
pub use error::{JournalError, is_no_space};
pub use event::{
    AttemptStart, Created, Entry, Era, Event, Host, How, Imported, Mode, More, Opened, PauseWhy, Program,
    Proposed, Row, SlotSpec, SteerKind, Steered, VERSION, Who,
};
pub use reader::{Follow, Recovered, look, read};
pub use repair::{Dropped, Report, repair};
pub use writer::Writer;

#[cfg(test)]
mod tests;
