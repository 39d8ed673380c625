//! Weights from and to files: `safetensors.rs` in and out, `checkpoint.rs` for the `.pt` files of the Python originals, read without
//! Python and without running anything that is in them. How a network holds them is in `model`.

mod checkpoint;
mod pickle;
mod safetensors;
mod tree;

#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::fmt;
use std::path::{Path, PathBuf};

use evotop::clean::clean;
use tch::Tensor;

use crate::model::{Config, Model};

pub use checkpoint::parse as parse_checkpoint;
pub use safetensors::{parse as parse_safetensors, write};

/// Why weights cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    #[error("{}: cannot be read: {why}", path.display())]
    Read { path: PathBuf, why: String },
    #[error("{}: cannot be written: {why}", path.display())]
    Write { path: PathBuf, why: String },
    #[error("{}: not a weights file: {why}", path.display())]
    Format { path: PathBuf, why: String },
    #[error(
        "{0}: it does not say which model it is for; `train` takes it with --cfg, and what that writes says so"
    )]
    Undescribed(String),
}

/// An error as it can be shown: names in a file may be as long as the file, and steer a terminal.
fn brief(why: &str) -> String {
    const MOST: usize = 300;
    let why = clean(why);
    match why.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}...", &why[..end]),
        None => why,
    }
}

/// What weights are wanted for. The checkpoint of a training that was cut off holds two models: as it was trained, and the average
/// (EMA) that is validated. A finished or published one holds the average alone, so that both are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    Train,
    Validate,
}

/// What a file holds.
#[derive(Debug)]
pub struct Weights {
    /// Where they came from, for messages.
    pub origin: String,
    /// By name, in the file's order; single precision.
    pub tensors: Vec<(String, Tensor)>,
    /// The model they belong to, where the file tells.
    pub config: Option<Config>,
    /// Class names, where the file tells.
    pub names: Vec<String>,
}

impl Weights {
    /// Reads a file by its ending.
    ///
    /// # Errors
    /// Names the file and what is wrong with it.
    pub fn read(path: &Path, purpose: Purpose) -> Result<Self, WeightsError> {
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        let wrong = |why: String| WeightsError::Format { path: path.to_owned(), why };
        let ending = ending.to_ascii_lowercase();
        if !["safetensors", "pt", "pth"].contains(&ending.as_str()) {
            return Err(wrong("its name ends neither in .pt nor in .safetensors".to_owned()));
        }
        let bytes = std::fs::read(path)
            .map_err(|why| WeightsError::Read { path: path.to_owned(), why: why.to_string() })?;
        let origin = path.display().to_string();
        match ending.as_str() {
            "safetensors" => safetensors::parse(&bytes, &origin),
            _ => checkpoint::parse(&bytes, &origin, purpose),
        }
        .map_err(wrong)
    }

    /// The model they belong to.
    ///
    /// # Errors
    /// Where the file does not tell.
    pub fn described(&self) -> Result<&Config, WeightsError> {
        self.config.as_ref().ok_or_else(|| WeightsError::Undescribed(self.origin.clone()))
    }

    /// Gives a network everything that has its name and shape; without anchors if those are the network's own business.
    pub fn transfer(&self, model: &mut Model, keep_anchors: bool) -> Transfer {
        let own: Vec<String> = model.state().into_iter().map(|(name, _)| name).collect();
        let there: HashSet<&str> = self.tensors.iter().map(|(name, _)| name.as_str()).collect();
        let lacking = own.iter().filter(|name| !there.contains(name.as_str())).cloned().collect();
        let mut moved = 0;
        let mut left = Vec::new();
        for (name, tensor) in &self.tensors {
            if keep_anchors && name.contains("anchor") {
                continue;
            }
            if model.load_entry(name, tensor) {
                moved += 1;
            } else {
                left.push(name.clone());
            }
        }
        let own_anchors = keep_anchors && there.iter().any(|name| name.contains("anchor"));
        Transfer { origin: self.origin.clone(), moved, total: own.len(), left, lacking, own_anchors }
    }
}

/// What was taken over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    origin: String,
    /// Entries of the network's state that now come from the file.
    pub moved: usize,
    pub total: usize,
    /// Entries of the file that fit nowhere.
    pub left: Vec<String>,
    /// Entries of the network that the file has not: they are as they were.
    pub lacking: Vec<String>,
    /// The file's anchors were not wanted.
    pub own_anchors: bool,
}

impl fmt::Display for Transfer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} of {} entries taken over", self.origin, self.moved, self.total)?;
        if self.own_anchors {
            write!(f, "; not its anchors, the model has its own")?;
        }
        for (what, names) in
            [("left out, of another shape or name", &self.left), ("not in the file", &self.lacking)]
        {
            if !names.is_empty() {
                let shown = names.iter().take(6).map(String::as_str).collect::<Vec<_>>().join(", ");
                write!(f, "; {what}: {shown}{}", if names.len() > 6 { ", ..." } else { "" })?;
            }
        }
        Ok(())
    }
}
