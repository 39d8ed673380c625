//! What is set: a parameter's pin, value, gain or bounds, or a setting; and how its value is read.

use indexmap::IndexMap;

use super::GrammarError;
use super::words::{Words, finite, number};
use crate::evolve::{Edit, ParentMode, Prune, Rule, StrategyKind, Weights};
use crate::session::{Command, State};
use crate::space::Param;

/// Names of the settings, as `set` takes them.
pub const SETTINGS: [&str; 16] = [
    "sigma",
    "probability",
    "parent",
    "top",
    "strategy",
    "method",
    "fitness",
    "generations",
    "prune",
    Rule::PruneWarmUp.name(),
    Rule::PruneTrials.name(),
    Rule::PrunePatience.name(),
    Rule::RepeatBest.name(),
    Rule::MaxHours.name(),
    Rule::Patience.name(),
    Rule::Target.name(),
];

/// The name in the grammar of what has a shorter one on the screen.
pub(super) fn full_name(word: &str) -> &str {
    if word == "mutation" { "probability" } else { word }
}

pub(super) fn param<'s>(word: &str, state: &'s State) -> Result<&'s Param, GrammarError> {
    state.space.get(word).ok_or_else(|| no_subject(word, state))
}

fn no_subject(word: &str, state: &State) -> GrammarError {
    let params: Vec<&str> = state.space.params.iter().map(|p| p.name.as_str()).collect();
    GrammarError::NoSubject { word: word.into(), params: params.join(", "), settings: SETTINGS.join(", ") }
}

pub(super) fn gene(p: &Param, word: &str) -> Result<f64, GrammarError> {
    let wanted = || match &p.kind {
        crate::space::Kind::Choice(options) => {
            let labels: Vec<String> = options.iter().map(ToString::to_string).collect();
            format!("one of {}", labels.join(", "))
        }
        crate::space::Kind::Int => "a whole number".into(),
        _ => "a number".into(),
    };
    p.parse(word).ok_or_else(|| GrammarError::Value { word: word.into(), wanted: wanted() })
}

fn edit(edit: Edit, state: &State) -> Command {
    Command::Edit { edits: vec![edit], revision: state.revision }
}

/// The value a parameter is pinned at when none is said: the best trial's, or the start value.
pub fn pin_value(p: &Param, state: &State) -> f64 {
    let best = state.history.best().and_then(|(t, _)| Some(*t.genes.get(state.space.index(&p.name)?)?));
    best.filter(|x| x.is_finite()).unwrap_or(p.value)
}

pub(super) fn pin(words: &mut Words, state: &State) -> Result<Command, GrammarError> {
    let p = param(words.want("a parameter")?, state)?;
    let at = match words.next() {
        None => pin_value(p, state),
        Some("at") => gene(p, words.want("the value")?)?,
        Some(other) => return Err(words.wrong(format!("{other} is not at"))),
    };
    Ok(edit(Edit::Pin { param: p.name.clone(), at: Some(at) }, state))
}

pub(super) fn unpin(words: &mut Words, state: &State) -> Result<Command, GrammarError> {
    let p = param(words.want("a parameter")?, state)?;
    Ok(edit(Edit::Pin { param: p.name.clone(), at: None }, state))
}

pub(super) fn set(words: &mut Words, state: &State) -> Result<Command, GrammarError> {
    let subject = words.want("a parameter or setting")?;
    if let Some(p) = state.space.get(subject) {
        let value = gene(p, words.want("the value")?)?;
        return Ok(edit(set_value(p, value), state));
    }
    if let Some(name) = SETTINGS.into_iter().find(|name| *name == full_name(subject)) {
        return setting(name, words, state);
    }
    let Some((p, field)) =
        subject.rsplit_once('.').and_then(|(name, field)| Some((state.space.get(name)?, field)))
    else {
        return Err(no_subject(subject, state));
    };
    let value = finite(words.want("the value")?)?;
    let param = p.name.clone();
    Ok(edit(
        match field {
            "gain" => Edit::Gain { param, to: value },
            "low" => Edit::Bounds { param, low: value, high: p.high },
            "high" => Edit::Bounds { param, low: p.low, high: value },
            _ => return Err(words.wrong(format!("{field} is not gain, low or high"))),
        },
        state,
    ))
}

/// What "set the value" means: it moves a pin, changes what a gain of 0 holds, and is the value of a free
/// parameter in the next proposal only, since children come from parents (SEMANTICS 7).
pub fn set_value(p: &Param, value: f64) -> Edit {
    let param = p.name.clone();
    match (p.pin, p.is_free()) {
        (Some(_), _) => Edit::Pin { param, at: Some(value) },
        (None, true) => Edit::Next { param, at: Some(value) },
        (None, false) => Edit::Value { param, to: value },
    }
}

/// The setting that the verb is named for.
pub(super) fn named(words: &mut Words, state: &State) -> Result<Command, GrammarError> {
    setting(words.verb.map_or("", |verb| verb.name), words, state)
}

fn setting(name: &'static str, words: &mut Words, state: &State) -> Result<Command, GrammarError> {
    if let Some(rule) = Rule::of(name) {
        let word = words.want("the value")?;
        let to = rule.read(word).map_err(|wanted| GrammarError::Value { word: word.into(), wanted })?;
        return Ok(edit(Edit::Rule { rule, to }, state));
    }
    let new = match name {
        "sigma" => Edit::Sigma(finite(words.want("the value")?)?),
        "probability" => Edit::Probability(finite(words.want("the value")?)?),
        "top" => Edit::Top(number(words.want("the number")?, "a whole number")?),
        "method" => Edit::Method(number(words.want("the method")?, "1, 2 or 3")?),
        "generations" => Edit::Generations(number(words.want("the number")?, "a whole number")?),
        "parent" => Edit::Parent(parent(words.want("the mode")?)?),
        "prune" => Edit::Prune(prune(words.want("the rule")?)?),
        "strategy" => Edit::Strategy(strategy(words.want("the name")?)?),
        _ => Edit::Fitness(weights(&words.rest().join(" "))?),
    };
    Ok(edit(new, state))
}

/// The way of making parents of this name.
///
/// # Errors
/// Names the ones there are.
pub fn parent(name: &str) -> Result<ParentMode, GrammarError> {
    let wanted = || "single or weighted".into();
    ParentMode::parse(name).ok_or_else(|| GrammarError::Value { word: name.into(), wanted: wanted() })
}

/// The pruning rule of this name.
///
/// # Errors
/// Names the ones there are.
pub fn prune(name: &str) -> Result<Prune, GrammarError> {
    let wanted = || "off, median or asha".into();
    Prune::parse(name).ok_or_else(|| GrammarError::Value { word: name.into(), wanted: wanted() })
}

/// The strategy of this name.
///
/// # Errors
/// Names the ones there are.
pub fn strategy(name: &str) -> Result<StrategyKind, GrammarError> {
    let known = || StrategyKind::ALL.map(StrategyKind::name).join(", ");
    StrategyKind::parse(name)
        .ok_or_else(|| GrammarError::Value { word: name.into(), wanted: format!("one of {}", known()) })
}

/// Fitness weights: `0.1*metrics/mAP_0.5 + 0.9*metrics/mAP_0.5:0.95`; a metric alone has weight 1, `-loss` is -1.
///
/// # Errors
/// Where a term is neither a metric nor a number times a metric.
pub fn weights(text: &str) -> Result<Weights, GrammarError> {
    let mut weights = IndexMap::new();
    for term in text.split(" + ").map(str::trim) {
        let (weight, metric) = match term.split_once('*') {
            Some((weight, metric)) => (finite(weight.trim())?, metric.trim()),
            None => term.strip_prefix('-').map_or((1.0, term), |metric| (-1.0, metric)),
        };
        if metric.is_empty() || metric.contains(char::is_whitespace) {
            return Err(GrammarError::Value {
                word: term.into(),
                wanted: "WEIGHT*METRIC [+ WEIGHT*METRIC ...]".into(),
            });
        }
        weights.insert(metric.to_owned(), weight);
    }
    Ok(Weights(weights))
}
