//! A whole state in pieces: first everything but the trials as JSON, then the trials, a few thousand a piece.
//!
//! Taking a snapshot costs the loop a copy of references; the pieces are encoded off it.

use std::sync::Arc;

use bytes::Bytes;
use thiserror::Error;

use super::frame::PIECE;
use crate::session::State;
use crate::trial::Trial;

/// Trials in a piece.
const TRIALS: usize = 2048;

/// A state at one moment, not yet encoded.
#[derive(Debug, Clone)]
pub struct Snapshot {
    head: Vec<u8>,
    trials: Vec<Arc<Trial>>,
}

/// Why pieces do not make a state.
#[derive(Debug, Error)]
pub enum SnapshotError {
    #[error("a snapshot without its first piece")]
    NoHead,
    #[error("the snapshot's first piece: {0}")]
    Head(#[from] serde_json::Error),
    #[error("a snapshot's trials: {0}")]
    Trials(#[from] postcard::Error),
}

impl Snapshot {
    /// The state as it is now.
    ///
    /// # Errors
    /// Never in practice: the state is plain data.
    pub fn of(state: &State) -> Result<Self, SnapshotError> {
        Ok(Self { head: serde_json::to_vec(state)?, trials: state.history.trials().to_vec() })
    }

    /// How many frames it takes.
    pub fn pieces(&self) -> usize {
        1 + self.trials.len().div_ceil(TRIALS)
    }

    /// Its frames.
    pub fn frames(&self) -> impl Iterator<Item = Result<Bytes, SnapshotError>> + '_ {
        let head = std::iter::once_with(|| {
            let mut frame = vec![PIECE];
            frame.extend_from_slice(&self.head);
            Ok(frame.into())
        });
        let trials =
            self.trials.chunks(TRIALS).map(|chunk| Ok(postcard::to_extend(chunk, vec![PIECE])?.into()));
        head.chain(trials)
    }
}

/// A state that comes piece by piece. Each is taken in as it comes, while the session still makes the next.
#[derive(Debug, Default)]
pub struct Assembly {
    awaited: usize,
    state: Option<Box<State>>,
}

impl Assembly {
    /// Of a snapshot of so many pieces, none of which has come.
    pub fn new(pieces: usize) -> Self {
        Self { awaited: pieces, state: None }
    }

    /// Takes the next piece in, its first byte taken off; the state once it is whole.
    ///
    /// # Errors
    /// Where a piece is missing or damaged.
    pub fn add(&mut self, piece: &[u8]) -> Result<Option<Box<State>>, SnapshotError> {
        self.awaited = self.awaited.checked_sub(1).ok_or(SnapshotError::NoHead)?;
        if let Some(state) = &mut self.state {
            let trials: Vec<Arc<Trial>> = postcard::from_bytes(piece)?;
            state.history.extend(trials);
        } else {
            self.state = Some(serde_json::from_slice(piece)?);
        }
        Ok(if self.awaited == 0 { self.state.take() } else { None })
    }
}
