//! Damaged input for everything that reads what people, programs or other machines wrote: nothing panics, an error names
//! the place, and what is accepted comes out as it went in.
//!
//! `mutate.rs` damages good examples and drives a target, one file beside it for each kind of input. A bounded number in
//! every `make test`; `make fuzz` goes on for as long as it is told, from another seed each time. On stable Rust, so
//! without coverage: instead, damaged input that was accepted is damaged further.

#![expect(clippy::unwrap_used, reason = "a test: what fails shows itself")]

mod histories;
mod journal;
mod mutate;
mod trainers;
mod wire;
mod yaml;
