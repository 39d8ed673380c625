//! evotop: htop for hyperparameter evolution.
//!
//! Read it as data; it flows down this list, and only [`session::Command`] travels back up:
//!
//! ```text
//! hyp file -> space -> strategy -> trial -> worker -> outcome -> journal -> state -> model -> cells -> bytes
//! ```
//!
//! No module imports one below it.

// These panic where nobody listens, or where the disk is full that standard error is a file on.
#![deny(clippy::print_stdout, clippy::print_stderr)]

pub mod clean;
pub mod clock;
pub mod hash;
pub mod shell;
pub mod size;
pub mod stats;

pub mod space;
pub mod trial;

pub mod evolve;

pub mod journal;

pub mod session;

pub mod process;

pub mod dir;

pub mod plot;
pub mod transfer;

pub mod runner;
pub mod sim;

pub mod wire;

pub mod engine;

pub mod app;

pub mod view;

pub mod term;

pub mod cli;
