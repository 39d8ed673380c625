//! The network: a YAML (`config.rs`) becomes a list of layers (`plan.rs`, within `limits.rs`) made of blocks (`blocks.rs`,
//! `conv.rs`, `detect.rs`); `model.rs` builds and runs them, `arena.rs` holds every parameter in one piece of memory, `init.rs` gives first values.
//! Losses, optimisers and files are elsewhere.

mod arena;
mod blocks;
mod config;
mod conv;
mod detect;
mod init;
mod limits;
#[expect(clippy::module_inception, reason = "the struct Model is what this module is about")]
mod model;
mod plan;

#[cfg(test)]
mod tests;

use std::path::PathBuf;

pub use arena::{Arena, Group};
pub use config::{Anchors, Argument, BUILT_IN, Config, From, Row};
pub use conv::{Pass, Role, Visitor};
pub use detect::{Detect, ordered};
pub use model::Model;
pub use plan::{LayerPlan, channels, plan, repeats, stride};

/// Why there is no model.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    #[error("{path}: cannot be read: {why}")]
    Read { path: PathBuf, why: String },
    #[error("{origin}: not a model: {why}")]
    Yaml { origin: String, why: String },
    #[error("no model is called {name}: give a YAML file or one of {known}")]
    Unknown { name: String, known: String },
    #[error("layer {layer} ({module}): {why}")]
    Layer { layer: usize, module: String, why: String },
}
