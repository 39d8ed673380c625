//! Files that steer when they are edited: `live/hyp.yaml`, `live/space.yaml`, `live/settings.yaml`.
//!
//! `leaves.rs` is what such a file says, value by value; `text.rs` writes it, keeping a person's comments; `edits.rs`
//! turns what a person changed into edits; `versions.rs` knows what the settings were at an earlier revision, `told.rs` which mistakes were told; `files.rs`
//! puts it together, `watch.rs` says when to look.

mod edits;
mod files;
mod leaves;
mod text;
mod told;
mod versions;
mod watch;

pub use files::{Live, Meaning, Saved};
pub use watch::Watch;
pub(in crate::dir) use watch::is_network;

#[cfg(test)]
mod tests;
