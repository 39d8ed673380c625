//! A session as a fold over its events. Pure: no clock, no processes, and no file but the journal that `recover.rs` reads.
//!
//! [`State::decide`] (`decide.rs`) turns a [`Command`] (`command.rs`) into events or refuses it, [`State::apply`] (`fold.rs`)
//! folds an event into the state (`state.rs`); the same two serve the session, recovery, every client, replay and export.
//! `draft.rs` is where edits are tried first, `advance.rs` what follows from the state by itself, `steer/` the grammar of commands, `stop.rs` when a run has had
//! enough, `times.rs` how long things take, `undo.rs` what can be taken back, `log.rs` an event as a line, `status.rs` how the
//! session stands, `verify.rs` the check that a journal follows from its own start. Who asks, and what runs, is not here: see
//! `engine`.

mod advance;
mod command;
mod decide;
mod draft;
mod fold;
mod log;
mod recover;
mod state;
mod status;
pub mod steer;
mod stop;
#[cfg(test)]
mod tests;
mod times;
mod undo;
mod verify;

pub use advance::{Next, Waiting};
pub use command::{Command, Refused};
pub use draft::Draft;
pub use log::{LogLine, mode_text};
pub use recover::{RecoverError, Recovery, recover};
pub use state::{EpochEnd, Running, Slot, SlotHealth, State};
pub use status::{Best, ParamStatus, SlotStatus, Status, TrialCost};
pub use stop::Stopped;
pub use undo::{Step, Undo};
pub use verify::{Verified, Verifier, VerifyError};
