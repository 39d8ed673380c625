//! The TRUTH: what happened, in order, on disk before anybody is told.
//!
//! `event.rs` is what can happen. State is folded from events elsewhere: see `session`.

mod event;

pub use event::{
    AttemptStart, Created, Entry, Era, Event, Host, How, Imported, Mode, Opened, PauseWhy, Program, Proposed,
    Row, SlotSpec, SteerKind, Steered, VERSION, Who,
};
