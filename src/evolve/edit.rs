//! Edits: the absolute new value of one setting, or of one parameter's pin, value, gain or bounds.
//!
//! Every way of steering (a key, the command line, the shell, a file) ends as edits. An edit that is applied
//! gives back the edit that takes it back, which is all that undo needs.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{ParentMode, Prune, Rule, Settings, StrategyKind, Weights};
use crate::space::{Kind, Param, Space};

/// The new value of one thing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Edit {
    Strategy(StrategyKind),
    Parent(ParentMode),
    Top(u32),
    Sigma(f64),
    Probability(f64),
    Method(u8),
    Fitness(Weights),
    Generations(u64),
    Prune(Prune),
    /// The number of a rule; `None`: off, or as it is by itself.
    Rule {
        rule: Rule,
        to: Option<f64>,
    },
    /// Pins (`Some`) or unpins (`None`) a parameter.
    Pin {
        param: String,
        at: Option<f64>,
    },
    /// The value of a parameter that its gain holds still. (A pinned one: `Pin`. A free one takes a value for
    /// the next proposal only: `Next`.)
    Value {
        param: String,
        to: f64,
    },
    /// A free parameter's value in the next proposal only; `None` takes it back.
    Next {
        param: String,
        at: Option<f64>,
    },
    Gain {
        param: String,
        to: f64,
    },
    Bounds {
        param: String,
        low: f64,
        high: f64,
    },
}

/// Why an edit is refused. Nothing has changed then.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum EditError {
    #[error("there is no parameter {name}; the parameters are {known}")]
    NoParam { name: String, known: String },
    #[error("{what} {value} is out of range: {what} goes from {low} to {high}")]
    Range { what: &'static str, value: f64, low: f64, high: f64 },
    #[error(
        "{param} = {value} is outside its bounds {low} to {high}: widen them first (set {param}.low or {param}.high)"
    )]
    Outside { param: String, value: String, low: f64, high: f64 },
    #[error("{param} cannot be {value}: {why}")]
    Kind { param: String, value: f64, why: String },
    #[error("bounds {low} to {high} of {param} are the wrong way round")]
    Reversed { param: String, low: f64, high: f64 },
    #[error("strategy {strategy} has no {setting}")]
    NotInStrategy { strategy: &'static str, setting: &'static str },
    #[error("fitness needs at least one metric with a weight")]
    NoWeights,
    #[error("no trial has reported the metric {name}; reported are {known}")]
    NoMetric { name: String, known: String },
    #[error("{param} is {state}: {remedy}")]
    WrongState { param: String, state: &'static str, remedy: String },
}

/// Values that a person set for the next proposal only, by parameter name.
pub type NextValues = IndexMap<String, f64>;

impl Edit {
    /// Applies the edit and returns the one that takes it back.
    ///
    /// # Errors
    /// Where the value is out of range or the parameter unknown; then nothing has changed.
    pub fn apply(
        &self,
        space: &mut Space,
        settings: &mut Settings,
        next: &mut NextValues,
    ) -> Result<Edit, EditError> {
        self.check(space, settings)?;
        Ok(match self {
            Self::Strategy(to) => Self::Strategy(std::mem::replace(&mut settings.strategy, *to)),
            Self::Parent(to) => Self::Parent(std::mem::replace(&mut settings.parent, *to)),
            Self::Top(to) => Self::Top(std::mem::replace(&mut settings.top, *to)),
            Self::Sigma(to) => Self::Sigma(std::mem::replace(&mut settings.sigma, *to)),
            Self::Probability(to) => Self::Probability(std::mem::replace(&mut settings.probability, *to)),
            Self::Method(to) => Self::Method(std::mem::replace(&mut settings.method, *to)),
            Self::Fitness(to) => Self::Fitness(std::mem::replace(&mut settings.fitness, to.clone())),
            Self::Generations(to) => Self::Generations(std::mem::replace(&mut settings.generations, *to)),
            Self::Prune(to) => Self::Prune(std::mem::replace(&mut settings.prune, *to)),
            Self::Rule { rule, to } => Self::Rule { rule: *rule, to: settings.rules.set(*rule, *to) },
            Self::Pin { param, at } => {
                let p = find(space, param)?;
                Self::Pin { param: param.clone(), at: std::mem::replace(&mut p.pin, *at) }
            }
            Self::Value { param, to } => {
                let p = find(space, param)?;
                Self::Value { param: param.clone(), to: std::mem::replace(&mut p.value, *to) }
            }
            Self::Next { param, at } => {
                let before = match at {
                    Some(at) => next.insert(param.clone(), *at),
                    None => next.shift_remove(param),
                };
                Self::Next { param: param.clone(), at: before }
            }
            Self::Gain { param, to } => {
                let p = find(space, param)?;
                Self::Gain { param: param.clone(), to: std::mem::replace(&mut p.gain, *to) }
            }
            Self::Bounds { param, low, high } => {
                let p = find(space, param)?;
                let before = Self::Bounds { param: param.clone(), low: p.low, high: p.high };
                (p.low, p.high) = (*low, *high);
                before
            }
        })
    }

    /// Whether the edit may be applied.
    ///
    /// # Errors
    /// As [`Edit::apply`].
    pub fn check(&self, space: &Space, settings: &Settings) -> Result<(), EditError> {
        match self {
            Self::Top(n) => range("top n", f64::from(*n), 1.0, 1000.0),
            Self::Sigma(x) => range("sigma", *x, 0.0, 10.0),
            Self::Probability(x) => range("mutation probability", *x, 0.01, 1.0),
            Self::Method(m) => range("method", f64::from(*m), 1.0, 3.0),
            Self::Generations(n) => range("generations", *n as f64, 1.0, 1e9),
            Self::Fitness(w) if w.0.values().all(|w| *w == 0.0) => Err(EditError::NoWeights),
            Self::Pin { param, at: Some(x) } | Self::Value { param, to: x } => {
                inside(known(space, param)?, *x)
            }
            Self::Next { param, at: Some(x) } => {
                let p = known(space, param)?;
                if !p.is_free() {
                    let remedy = format!("set {param} moves what it is held at");
                    return Err(EditError::WrongState { param: param.clone(), state: "held still", remedy });
                }
                inside(p, *x)
            }
            Self::Pin { param, at: None } | Self::Next { param, at: None } => known(space, param).map(|_| ()),
            Self::Gain { param, to } => {
                known(space, param)?;
                range("gain", *to, 0.0, 1000.0)
            }
            Self::Bounds { param, low, high } => bounds(known(space, param)?, *low, *high),
            Self::Rule { rule, to: Some(x) } => {
                let (low, high, _) = rule.range();
                range(rule.name(), *x, low, high)
            }
            Self::Strategy(_)
            | Self::Parent(_)
            | Self::Fitness(_)
            | Self::Prune(_)
            | Self::Rule { to: None, .. } => Ok(()),
        }?;
        self.strategy_has_it(settings)
    }

    /// A setting that the present strategy has not got is refused by name.
    fn strategy_has_it(&self, settings: &Settings) -> Result<(), EditError> {
        let knobs = super::strategy(settings.strategy).knobs();
        let (setting, has) = match self {
            Self::Parent(_) => ("parent selection", knobs.parent),
            Self::Top(_) => ("top n", knobs.top),
            Self::Sigma(_) => ("sigma", knobs.sigma),
            Self::Probability(_) => ("mutation probability", knobs.probability),
            Self::Method(_) => ("method", knobs.method),
            _ => return Ok(()),
        };
        if has {
            Ok(())
        } else {
            Err(EditError::NotInStrategy { strategy: settings.strategy.name(), setting })
        }
    }

    /// What it changes, for messages and for joining steps of one knob: `sigma`, `lr0`, `lr0.gain`.
    pub fn subject(&self) -> String {
        match self {
            Self::Strategy(_) => "strategy".into(),
            Self::Parent(_) => "parent".into(),
            Self::Top(_) => "top".into(),
            Self::Sigma(_) => "sigma".into(),
            Self::Probability(_) => "mutation".into(),
            Self::Method(_) => "method".into(),
            Self::Fitness(_) => "fitness".into(),
            Self::Generations(_) => "generations".into(),
            Self::Prune(_) => "prune".into(),
            Self::Rule { rule, .. } => rule.name().into(),
            Self::Pin { param, .. } | Self::Value { param, .. } | Self::Next { param, .. } => param.clone(),
            Self::Gain { param, .. } => format!("{param}.gain"),
            Self::Bounds { param, .. } => format!("{param} bounds"),
        }
    }
}

fn no_param(space: &Space, name: &str) -> EditError {
    let known: Vec<&str> = space.params.iter().map(|p| p.name.as_str()).collect();
    EditError::NoParam { name: name.into(), known: known.join(", ") }
}

fn known<'a>(space: &'a Space, name: &str) -> Result<&'a Param, EditError> {
    space.get(name).ok_or_else(|| no_param(space, name))
}

fn find<'a>(space: &'a mut Space, name: &str) -> Result<&'a mut Param, EditError> {
    let at = space.index(name).ok_or_else(|| no_param(space, name))?;
    Ok(&mut space.params[at])
}

fn range(what: &'static str, value: f64, low: f64, high: f64) -> Result<(), EditError> {
    if (low..=high).contains(&value) { Ok(()) } else { Err(EditError::Range { what, value, low, high }) }
}

fn inside(p: &Param, x: f64) -> Result<(), EditError> {
    if p.admits(x) {
        return Ok(());
    }
    if x >= p.low && x <= p.high {
        return Err(EditError::Kind {
            param: p.name.clone(),
            value: x,
            why: "it must be a whole number".into(),
        });
    }
    Err(EditError::Outside { param: p.name.clone(), value: p.show(x, 17), low: p.low, high: p.high })
}

fn bounds(p: &Param, low: f64, high: f64) -> Result<(), EditError> {
    if low.is_nan() || high.is_nan() || low.is_infinite() || high.is_infinite() || low >= high {
        return Err(EditError::Reversed { param: p.name.clone(), low, high });
    }
    let fail = |value: f64, why: &str| {
        Err(EditError::Kind { param: format!("a bound of {}", p.name), value, why: why.into() })
    };
    match p.kind {
        Kind::Log if low <= 0.0 => fail(low, "a logarithmic range starts above 0"),
        Kind::Choice(_) => fail(low, "the options of a choice are fixed"),
        Kind::Int if low.fract() != 0.0 || high.fract() != 0.0 => {
            fail(if low.fract() == 0.0 { high } else { low }, "it must be a whole number")
        }
        _ => match p.held() {
            Some(x) if x < low || x > high => fail(x, "it is held still there, outside these bounds"),
            _ => Ok(()),
        },
    }
}
