//! What a person can set about breeding, ranking and stopping.

use serde::{Deserialize, Serialize};

use super::{Rules, Weights};

/// The rules a candidate is bred by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum StrategyKind {
    /// YOLOv5 as of 2021-03, the seeds' version.
    #[serde(rename = "yolov5-2021-03")]
    Yolov5March2021,
    /// YOLOv5 v7.0.
    #[serde(rename = "yolov5")]
    Yolov5,
    /// yolov3 as of 2020-01.
    #[serde(rename = "yolov3")]
    Yolov3,
    /// Today's YOLOv5: a genetic algorithm in rounds of 50.
    #[serde(rename = "yolov5-population")]
    Population,
    /// Additive in the normalised range, so that zeros move.
    #[serde(rename = "normal")]
    Normal,
}

impl StrategyKind {
    pub const ALL: [Self; 5] =
        [Self::Yolov5, Self::Yolov5March2021, Self::Yolov3, Self::Population, Self::Normal];

    /// Its name on the command line, the screen and in the journal.
    pub fn name(self) -> &'static str {
        match self {
            Self::Yolov5March2021 => "yolov5-2021-03",
            Self::Yolov5 => "yolov5",
            Self::Yolov3 => "yolov3",
            Self::Population => "yolov5-population",
            Self::Normal => "normal",
        }
    }

    /// The strategy of this name; `yolov5-v7.0` is another name for `yolov5`.
    pub fn parse(name: &str) -> Option<Self> {
        let name = if name == "yolov5-v7.0" { "yolov5" } else { name };
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// How a parent is made from the best candidates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ParentMode {
    /// One of them (yolov3: the best).
    Single,
    /// Their weighted mean.
    Weighted,
}

impl ParentMode {
    pub const ALL: [Self; 2] = [Self::Single, Self::Weighted];

    /// The mode of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.name() == name)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::Weighted => "weighted",
        }
    }
}

/// Which hopeless trials are stopped early.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Prune {
    Off,
    Median,
    Asha,
}

impl Prune {
    pub const ALL: [Self; 3] = [Self::Off, Self::Median, Self::Asha];

    /// The rule of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.name() == name)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Median => "median",
            Self::Asha => "asha",
        }
    }
}

/// The settings of a session: state, changed by edits, recorded in the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    pub strategy: StrategyKind,
    pub parent: ParentMode,
    /// How many of the best candidates may be parents.
    pub top: u32,
    /// Standard deviation of a mutation.
    pub sigma: f64,
    /// Mutation probability of a gene, 0.01 to 1.
    pub probability: f64,
    /// yolov3's mutation method: 1, 2 or 3.
    pub method: u8,
    /// Metric name to weight.
    pub fitness: Weights,
    /// How many trials the run is to have.
    pub generations: u64,
    pub prune: Prune,
    #[serde(flatten)]
    pub rules: Rules,
}

/// How hopeless trials are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pruning {
    pub rule: Prune,
    /// Epochs that every trial gets; none: a fifth of them, and at least one.
    pub warm_up: Option<u32>,
    /// Trials to compare with, before anything is stopped.
    pub trials: usize,
    /// Epochs that a trial has to look hopeless in a row, after the first.
    pub patience: u32,
}

impl From<Prune> for Pruning {
    fn from(rule: Prune) -> Self {
        Self { rule, warm_up: None, trials: 10, patience: 0 }
    }
}

impl Settings {
    /// How hopeless trials are found under these settings.
    pub fn pruning(&self) -> Pruning {
        let usual = Pruning::from(self.prune);
        let whole = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
        Pruning {
            warm_up: self.rules.prune_warm_up.map(whole),
            trials: self.rules.prune_trials.map_or(usual.trials, |n| n as usize),
            patience: self.rules.prune_patience.map_or(usual.patience, whole),
            ..usual
        }
    }

    /// A strategy's own defaults for what it reads; 300 generations, as the originals.
    pub fn for_strategy(strategy: StrategyKind, fitness: Weights) -> Self {
        let (top, probability) = match strategy {
            StrategyKind::Yolov3 => (10, 0.1),
            _ => (5, 0.8),
        };
        Self {
            strategy,
            parent: ParentMode::Single,
            top,
            sigma: 0.2,
            probability,
            method: 3,
            fitness,
            generations: 300,
            prune: Prune::Off,
            rules: Rules::default(),
        }
    }
}
