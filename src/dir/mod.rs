//! A session's directory: what lies where, who has it, and the files that can be made again from the journal.
//!
//! `layout.rs` says where things are, `write.rs` replaces a file whole, `lock.rs` keeps a second process out and
//! `holder.rs` says which one is in, `registry.rs` knows the user's sessions, `tables/` are the files that the originals read, `live/`
//! those that steer when they are edited. `share.rs` is who may look, `retention.rs` removes the
//! directories of trials, `fork.rs` begins a session with another one's past, `tail.rs` follows what another
//! process writes, `started.rs` says how one was started. The
//! journal itself is in `journal`.

#[cfg(test)]
mod crash;
mod error;
mod fork;
mod holder;
mod layout;
mod live;
mod lock;
mod registry;
mod retention;
mod share;
mod started;
mod tables;
mod tail;
mod write;

pub use error::DirError;
pub use fork::fork;
pub use holder::Holder;
pub use layout::{SessionDir, bytes};
pub use live::{Live, Meaning, Saved, Watch};
pub use lock::{Lock, LockError};
pub use registry::{Known, Registry};
pub use retention::{Collected, Keep, KeepError, Plan};
pub use started::write_session_yaml;
pub use tables::{EvolveCsv, EvolveText, RESULT, best_text, csv_text, quoted, write_best};
pub use tail::Tail;
pub use write::{replace, replace_with};
