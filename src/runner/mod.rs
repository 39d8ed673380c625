//! Trials on real processes.
//!
//! The engine sees a [`Slot`] it can give a [`Job`](crate::trial::Job), and the [`SlotNews`] it sends back; `Ended` comes
//! exactly once for each job, whatever happens. Behind that: `slot.rs` is the task that owns a slot, `process.rs` a
//! trainer under its guard, `guard.rs` the guard itself, `talk.rs` what a worker's line means, `log.rs` a trial's log,
//! `health.rs` when a slot is to blame, `devices.rs` which slots there are, `survivors.rs` what an earlier session left.
//! What an end means for the trial is not here: see `session`.

pub mod devices;
pub mod guard;
pub mod health;
mod log;
mod news;
mod process;
mod slot;
pub mod survivors;
mod talk;
mod trainer;

pub use news::{SlotConfig, SlotNews, SlotNewsKind};
pub use slot::Slot;
