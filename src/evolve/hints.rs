//! What a person should know about the search, said only where it is true.

use std::fmt;

use super::{History, Settings, StrategyKind};
use crate::space::{Kind, Space};

/// Fewest candidates before anything is said.
const CANDIDATES: usize = 10;
/// Candidates whose lineage is looked at.
const TOP: usize = 5;
/// Generations of ancestors that are followed.
const DEPTH: usize = 1000;

/// A hint.
#[derive(Debug, Clone, PartialEq)]
pub enum Hint {
    /// The best candidate rests on a bound: the search would like to go further.
    OnBound { param: String, value: String, low: bool },
    /// The best five have one ancestor after the first generation.
    OneLineage { ancestor: u64 },
    /// The parameter is 0 in all that may be parents, and this strategy multiplies.
    ZeroCannotMove { param: String, strategy: &'static str },
}

impl Hint {
    /// What is so.
    pub fn fact(&self) -> String {
        match self {
            Self::OnBound { param, value, low } => {
                let bound = if *low { "low" } else { "high" };
                format!("the best {param} = {value} rests on its {bound} bound")
            }
            Self::OneLineage { ancestor } => format!("the best five all come from trial {ancestor}"),
            Self::ZeroCannotMove { param, strategy } => {
                format!("{param} is 0 and {strategy} multiplies, so it stays 0")
            }
        }
    }

    /// What changes it.
    pub fn remedy(&self) -> String {
        match self {
            Self::OnBound { param, low: true, .. } => format!("set {param}.low lets it go down"),
            Self::OnBound { param, .. } => format!("set {param}.high lets it go up"),
            Self::OneLineage { .. } => "more sigma, a larger top or parent weighted widen the search".into(),
            Self::ZeroCannotMove { param, .. } => {
                format!("strategy normal moves it, or set {param} tries a value")
            }
        }
    }

    /// A best that would go further comes first; a zero is often meant.
    fn rank(&self) -> u8 {
        match self {
            Self::OnBound { .. } => 0,
            Self::OneLineage { .. } => 1,
            Self::ZeroCannotMove { .. } => 2,
        }
    }
}

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.fact(), self.remedy())
    }
}

/// The hints that hold now, the most important first.
pub fn hints(space: &Space, settings: &Settings, history: &History) -> Vec<Hint> {
    let top: Vec<_> = history.ranked().take(TOP).map(|(trial, _)| trial).collect();
    let mut hints = Vec::new();
    let multiplies = matches!(
        settings.strategy,
        StrategyKind::Yolov5 | StrategyKind::Yolov5March2021 | StrategyKind::Yolov3
    );
    let parents: Vec<_> =
        history.ranked().take(settings.top.max(1) as usize).map(|(trial, _)| trial).collect();
    for (i, param) in space.params.iter().enumerate() {
        if !param.is_free() || matches!(param.kind, Kind::Choice(_)) {
            continue;
        }
        let zero = parents.iter().all(|t| t.genes.get(i) == Some(&0.0)) && !parents.is_empty();
        if zero && multiplies && param.kind != Kind::Int {
            let strategy = settings.strategy.name();
            hints.push(Hint::ZeroCannotMove { param: param.name.clone(), strategy });
        } else if let Some(x) = top.first().and_then(|t| t.genes.get(i)).copied()
            && history.parents() >= CANDIDATES
            && param.on_bound(x)
            // A value that it started with is no sign of a search that was stopped.
            && x != param.value
        {
            let value = param.show(x, 5);
            hints.push(Hint::OnBound { param: param.name.clone(), value, low: x <= param.low });
        }
    }
    if top.len() == TOP && history.parents() >= CANDIDATES {
        hints.extend(one_lineage(history, &top.iter().map(|t| t.generation).collect::<Vec<_>>()));
    }
    hints.sort_by_key(Hint::rank);
    hints
}

/// The last common ancestor along first parents, if it is not the very first trial.
fn one_lineage(history: &History, top: &[u64]) -> Option<Hint> {
    let line = |from: u64| -> Vec<u64> {
        let parent = |g: &u64| history.get(*g)?.parents.first().copied().filter(|p| p < g);
        std::iter::successors(Some(from), parent).take(DEPTH).collect()
    };
    let lines: Vec<Vec<u64>> = top.iter().map(|g| line(*g)).collect();
    let common = lines.first()?.iter().find(|g| lines.iter().all(|line| line.contains(g)))?;
    let first = lines.first()?.last()?;
    (common != first && *common != 0).then_some(Hint::OneLineage { ancestor: *common })
}
