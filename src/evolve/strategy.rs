//! The question a strategy is asked, the answer it gives, and the list of strategies.

use super::edit::NextValues;
use super::normal::Normal;
use super::population::Population;
use super::yolov3::Yolov3;
use super::yolov5::Yolov5;
use super::{History, Rng, Settings, StrategyKind, stream};
use crate::space::Space;
use crate::trial::Change;

/// All that a proposal may depend on.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    pub space: &'a Space,
    pub settings: &'a Settings,
    pub history: &'a History,
    /// Values that a person set for this proposal only.
    pub next: &'a NextValues,
    /// The session seed.
    pub seed: u64,
    /// The number the child will have.
    pub generation: u64,
}

/// A bred candidate.
#[derive(Debug, Clone, PartialEq)]
pub struct Bred {
    /// In the order of the space's parameters, rounded as they will be trained.
    pub genes: Box<[f64]>,
    /// Generations of the parents, the most important first; empty where nothing has finished yet.
    pub parents: Box<[u64]>,
    /// What made each gene what it is.
    pub changes: Box<[Change]>,
    /// The round of a generational strategy.
    pub round: Option<u32>,
}

/// Why there is no proposal now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Every parameter is held still.
    NothingFree,
    /// A generational strategy waits for its round: trials left of how many.
    Round { left: u32, of: u32 },
}

/// Which settings a strategy has; the screen greys the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Knobs {
    pub parent: bool,
    pub top: bool,
    pub sigma: bool,
    pub probability: bool,
    pub method: bool,
}

/// Rules for breeding.
pub trait Strategy: Sync {
    /// Which settings it reads.
    fn knobs(&self) -> Knobs;

    /// The next candidate. At least one parameter is free. Pins, gains and next-only values are to be honoured
    /// inside the "redraw while nothing changed", so that many pins do not breed copies.
    ///
    /// # Errors
    /// [`Refusal::Round`] where it has to wait.
    fn propose(&self, ask: &Ask, rng: &mut Rng) -> Result<Bred, Refusal>;
}

/// The strategy of this kind.
pub fn strategy(kind: StrategyKind) -> &'static dyn Strategy {
    match kind {
        StrategyKind::Yolov5March2021 => &Yolov5::MARCH_2021,
        StrategyKind::Yolov5 => &Yolov5::V7,
        StrategyKind::Yolov3 => &Yolov3,
        StrategyKind::Population => &Population,
        StrategyKind::Normal => &Normal,
    }
}

/// The next candidate.
///
/// # Errors
/// Where every parameter is held still, or the strategy has to wait for its round.
pub fn propose(ask: &Ask) -> Result<Bred, Refusal> {
    if ask.space.free() == 0 {
        return Err(Refusal::NothingFree);
    }
    strategy(ask.settings.strategy).propose(ask, &mut stream(ask.seed, ask.generation))
}
