//! Rules that are off unless somebody sets a number: when a run stops, how often the best is tried again, and how soon
//! a hopeless trial is stopped.
//!
//! One table for all ways of setting them: a flag, a command, a line of `settings.yaml`. What follows from them is said
//! elsewhere: `session` stops and repeats, `prune.rs` finds hopeless trials.

use serde::{Deserialize, Serialize};

/// Which rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    MaxHours,
    Patience,
    Target,
    RepeatBest,
    PruneWarmUp,
    PruneTrials,
    PrunePatience,
}

/// The numbers of the rules; none where a rule is off, or as it is by itself.
///
/// Left out of their JSON where there is none: the digest of older journals stays as it was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rules {
    /// Hours that slots may train, all of them together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_hours: Option<f64>,
    /// Trials in a row that may end without a better best.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patience: Option<u64>,
    /// The fitness that is enough.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<f64>,
    /// Every so many generations the best candidate is trained again with another seed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeat_best: Option<u64>,
    /// Epochs that every trial gets; a fifth of them by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prune_warm_up: Option<u64>,
    /// Trials to compare with before anything is stopped; 10 by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prune_trials: Option<u64>,
    /// Epochs that a trial goes on after it first looked hopeless; 0 by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prune_patience: Option<u64>,
}

impl Rule {
    pub const ALL: [Self; 7] = [
        Self::MaxHours,
        Self::Patience,
        Self::Target,
        Self::RepeatBest,
        Self::PruneWarmUp,
        Self::PruneTrials,
        Self::PrunePatience,
    ];

    /// The rule of this name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.name() == name)
    }

    /// Its name, wherever it is set.
    pub const fn name(self) -> &'static str {
        match self {
            Self::MaxHours => "max-hours",
            Self::Patience => "patience",
            Self::Target => "target",
            Self::RepeatBest => "repeat-best",
            Self::PruneWarmUp => "prune-warm-up",
            Self::PruneTrials => "prune-trials",
            Self::PrunePatience => "prune-patience",
        }
    }

    /// What it takes, in the notation of the docs.
    pub const fn takes(self) -> &'static str {
        match self {
            Self::MaxHours => "HOURS|off",
            Self::Patience | Self::RepeatBest => "N|off",
            Self::Target => "FITNESS|off",
            Self::PruneWarmUp | Self::PrunePatience => "EPOCHS|auto",
            Self::PruneTrials => "N|auto",
        }
    }

    /// What it does, in a line.
    pub const fn doc(self) -> &'static str {
        match self {
            Self::MaxHours => "stop when the slots have trained so many hours together (GPU-hours)",
            Self::Patience => "stop when so many trials in a row ended without a better best",
            Self::Target => "stop when the best candidate's fitness is this high",
            Self::RepeatBest => "train the best candidate again with another seed every N generations",
            Self::PruneWarmUp => {
                "epochs that every trial gets before it may be pruned (auto: a fifth of them)"
            }
            Self::PruneTrials => "trials to compare with before any is pruned (auto: 10)",
            Self::PrunePatience => {
                "epochs that a trial must look hopeless in a row, after the first (auto: 0)"
            }
        }
    }

    /// The word where it has no number.
    pub const fn without(self) -> &'static str {
        match self {
            Self::MaxHours | Self::Patience | Self::Target | Self::RepeatBest => "off",
            Self::PruneWarmUp | Self::PruneTrials | Self::PrunePatience => "auto",
        }
    }

    /// Least and greatest number, and whether it is a whole one.
    pub const fn range(self) -> (f64, f64, bool) {
        match self {
            Self::MaxHours => (1e-6, 1e9, false),
            Self::Target => (-1e300, 1e300, false),
            Self::RepeatBest => (2.0, 1e9, true),
            Self::Patience | Self::PruneWarmUp => (1.0, 1e9, true),
            Self::PruneTrials => (2.0, 1e6, true),
            Self::PrunePatience => (0.0, 1e6, true),
        }
    }

    /// Reads a number, or the word where there is none.
    ///
    /// # Errors
    /// Says what is wanted.
    pub fn read(self, text: &str) -> Result<Option<f64>, String> {
        let whole = self.range().2;
        match text.parse::<f64>() {
            _ if text == self.without() || text == "off" => Ok(None),
            Ok(x) if x.is_finite() && (!whole || x.fract() == 0.0) => Ok(Some(x)),
            _ => {
                let number = if whole { "a whole number" } else { "a number" };
                Err(format!("{number} or {}", self.without()))
            }
        }
    }

    /// A number as [`Rule::read`] takes it.
    pub fn show(self, to: Option<f64>) -> String {
        to.map_or_else(|| self.without().to_owned(), |x| x.to_string())
    }
}

impl Rules {
    /// The number of a rule.
    pub fn get(&self, rule: Rule) -> Option<f64> {
        let whole = |n: Option<u64>| n.map(|n| n as f64);
        match rule {
            Rule::MaxHours => self.max_hours,
            Rule::Patience => whole(self.patience),
            Rule::Target => self.target,
            Rule::RepeatBest => whole(self.repeat_best),
            Rule::PruneWarmUp => whole(self.prune_warm_up),
            Rule::PruneTrials => whole(self.prune_trials),
            Rule::PrunePatience => whole(self.prune_patience),
        }
    }

    /// Sets the number of a rule; returns the one before.
    pub fn set(&mut self, rule: Rule, to: Option<f64>) -> Option<f64> {
        let before = self.get(rule);
        let whole = to.map(|x| x as u64);
        match rule {
            Rule::MaxHours => self.max_hours = to,
            Rule::Patience => self.patience = whole,
            Rule::Target => self.target = to,
            Rule::RepeatBest => self.repeat_best = whole,
            Rule::PruneWarmUp => self.prune_warm_up = whole,
            Rule::PruneTrials => self.prune_trials = whole,
            Rule::PrunePatience => self.prune_patience = whole,
        }
        before
    }
}
