//! The screen without a terminal: key strings into the real model, cells out of the real view.

mod fixture;
mod keys;
mod look;
