//! Every way a trial can end, provoked with real processes under real guards.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test: what fails shows itself")]

mod bench;
mod ends;
mod hold;
mod leftovers;
mod programs;
mod silence;
mod storm;
