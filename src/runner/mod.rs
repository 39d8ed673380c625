//! Trials on real processes.
//!
//! The seam: the engine opens a [`Slot`] with a [`SlotConfig`], gives it one [`Job`](crate::trial::Job) at a time, and
//! hears [`SlotNews`]. None of its calls blocks. `Started` comes when a process has the job, `Ended` exactly once for
//! each job, whatever happens, and only when the process is gone or free again; `Lost` says that a slot's process
//! cannot be killed. A slot that is dropped has its trainer ended; [`Slot::close`] waits for that.
//!
//! Behind it: `slot.rs` is a slot in the hands of the engine, `task.rs` the task that owns it, with `active.rs` for
//! the job under way, `worker.rs` for a trainer that speaks the worker protocol (`talk.rs`: what a line of it means)
//! and `once.rs` for any program (`command/`: what it is told and how its result is found; `results.rs`: its table on
//! disk). `process.rs` is a trainer under its guard, `guard.rs` the guard itself, `trainer.rs` which program in which
//! environment, `build.rs` which state of it, `log.rs` keeps a trial's log, `silence.rs` knows when a trainer says nothing for unusually long.
//! `health.rs` says when a slot is to blame, `devices.rs` which slots there are, `gpus.rs` what NVML knows of them,
//! `figures.rs` what the screen is told of both, `marks.rs` how a session's processes are known,
//! `survivors.rs` ends what an earlier session left, `children.rs` knows what a killed guard left.
//! What an end means for the trial is not here: see `session`.

mod active;
mod build;
pub mod builtin;
pub mod children;
pub mod command;
pub mod devices;
pub mod figures;
pub mod gpus;
pub mod guard;
pub mod health;
mod log;
mod marks;
mod news;
mod nvidia_smi;
mod once;
mod process;
mod results;
mod silence;
mod slot;
pub mod survivors;
mod talk;
mod task;
mod trainer;
mod worker;

pub use build::script_text;
pub use figures::{DeviceUse, Figures, Holder, Silence};
pub use news::{SlotConfig, SlotNews, SlotNewsKind};
pub use slot::Slot;
