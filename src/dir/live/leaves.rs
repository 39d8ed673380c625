//! What a live file says, value by value: read from its text, or as it should be.

use indexmap::IndexMap;
use serde_yaml::Value;

use crate::evolve::{ParentMode, Prune, Rule, Settings, Weights};
use crate::session::steer;
use crate::space::{Kind, Param, Scalar, Source, Space, SpaceError, hyp, read_ranges};

/// Which file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum File {
    Settings,
    Space,
    Hyp,
}

impl File {
    /// In the order in which saves of several files are taken.
    pub const ALL: [Self; 3] = [Self::Settings, Self::Space, Self::Hyp];

    pub fn name(self) -> &'static str {
        match self {
            Self::Settings => "settings.yaml",
            Self::Space => "space.yaml",
            Self::Hyp => "hyp.yaml",
        }
    }
}

/// Where a value stands: its key, and its name within that (`low`; a parameter among the pins; empty).
pub(super) type Place = (String, String);

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Leaf {
    Number(f64),
    Word(String),
    Weights(Weights),
    /// A pin that is not there.
    Absent,
}

/// All values of a file. A key that a file lacks has none here: it is as it was.
pub(super) type Leaves = IndexMap<Place, Leaf>;

/// What a file says of these settings.
pub(super) fn of(file: File, space: &Space, settings: &Settings) -> Leaves {
    match file {
        File::Settings => of_settings(space, settings),
        File::Space => space
            .params
            .iter()
            .flat_map(|p| {
                [("gain", p.gain), ("low", p.low), ("high", p.high)]
                    .map(|(field, x)| number(&p.name, field, x))
            })
            .collect(),
        File::Hyp => {
            let searched = space.params.iter().map(|p| number(&p.name, "", shown(p)));
            let fixed = space.fixed.iter().map(|(name, value)| word(name, "", hyp::in_yaml(value)));
            searched.chain(fixed).collect()
        }
    }
}

/// The value that `hyp.yaml` shows: the pin of a pinned parameter.
pub(super) fn shown(p: &Param) -> f64 {
    p.pin.unwrap_or(p.value)
}

fn of_settings(space: &Space, s: &Settings) -> Leaves {
    let mut leaves = Leaves::from_iter([
        word("strategy", "", s.strategy.name().to_owned()),
        word("parent", "", s.parent.name().to_owned()),
        number("top", "", f64::from(s.top)),
        number("sigma", "", s.sigma),
        number("probability", "", s.probability),
        number("method", "", f64::from(s.method)),
        number("generations", "", s.generations as f64),
        word("prune", "", s.prune.name().to_owned()),
        (place("fitness", ""), Leaf::Weights(s.fitness.clone())),
    ]);
    leaves.extend(Rule::ALL.map(|rule| word(rule.name(), "", rule.show(s.rules.get(rule)))));
    leaves.extend(
        space.params.iter().map(|p| (place("pins", &p.name), p.pin.map_or(Leaf::Absent, Leaf::Number))),
    );
    leaves
}

pub(super) fn place(key: &str, field: &str) -> Place {
    (key.to_owned(), field.to_owned())
}

fn number(key: &str, field: &str, x: f64) -> (Place, Leaf) {
    (place(key, field), Leaf::Number(x))
}

fn word(key: &str, field: &str, text: String) -> (Place, Leaf) {
    (place(key, field), Leaf::Word(text))
}

/// Reads a file's text.
///
/// # Errors
/// Names file, line and remedy of what cannot be understood.
pub(super) fn read(file: File, source: &Source, space: &Space) -> Result<Leaves, SpaceError> {
    match file {
        File::Settings => read_settings(source, space),
        File::Space => read_space(source, space),
        File::Hyp => read_hyp(source, space),
    }
}

fn read_space(source: &Source, space: &Space) -> Result<Leaves, SpaceError> {
    let mut leaves = Leaves::new();
    for range in read_ranges(source)? {
        let p = param(source, &range.name, &range.name, space)?;
        if range.kind != p.kind {
            let what = format!("{}: the kind of a parameter cannot be changed while the run goes on", p.name);
            return Err(source.wrong(&p.name, what));
        }
        leaves.extend([
            number(&p.name, "gain", range.gain),
            number(&p.name, "low", range.low),
            number(&p.name, "high", range.high),
        ]);
    }
    Ok(leaves)
}

fn read_hyp(source: &Source, space: &Space) -> Result<Leaves, SpaceError> {
    let mut leaves = Leaves::new();
    for (name, value) in hyp::read(source)? {
        let leaf = match space.get(&name) {
            Some(p) => Leaf::Number(gene(source, &name, p, &value)?),
            None if space.fixed.contains_key(&name) => Leaf::Word(hyp::in_yaml(&value)),
            None => return Err(unknown(source, &name, &name, space)),
        };
        leaves.insert(place(&name, ""), leaf);
    }
    Ok(leaves)
}

fn read_settings(source: &Source, space: &Space) -> Result<Leaves, SpaceError> {
    let known =
        of_settings(space, &Settings::for_strategy(crate::evolve::StrategyKind::Normal, Weights::default()));
    let mut leaves = Leaves::new();
    for (key, value) in source.entries()? {
        match key.as_str() {
            "pins" => leaves.extend(read_pins(source, &value, space)?),
            "fitness" => {
                leaves.insert(place("fitness", ""), Leaf::Weights(read_weights(source, &value)?));
            }
            _ => {
                let leaf = match known.get(&place(&key, "")) {
                    Some(Leaf::Number(_)) => read_number(source, &key, &value)?,
                    Some(Leaf::Word(_)) => read_word(source, &key, &value)?,
                    _ => return Err(source.wrong(&key, no_setting(&key, &known))),
                };
                leaves.insert(place(&key, ""), leaf);
            }
        }
    }
    Ok(leaves)
}

fn no_setting(key: &str, known: &Leaves) -> String {
    let mut names: Vec<&str> = known.keys().map(|(key, _)| key.as_str()).collect();
    names.dedup();
    if !names.contains(&"pins") {
        names.push("pins");
    }
    format!("there is no setting {key}; the settings are {}", names.join(", "))
}

fn read_number(source: &Source, key: &str, value: &Value) -> Result<Leaf, SpaceError> {
    let whole = matches!(key, "top" | "method" | "generations");
    let most = match key {
        "method" => f64::from(u8::MAX),
        "top" => f64::from(u32::MAX),
        // The largest count that a float holds exactly.
        _ => 9_007_199_254_740_992.0,
    };
    match value.as_f64() {
        Some(x) if x.is_finite() && !whole => Ok(Leaf::Number(x)),
        Some(x) if whole && x.fract() == 0.0 && (0.0..=most).contains(&x) => Ok(Leaf::Number(x)),
        _ => {
            let wanted = if whole { "a whole number" } else { "a number" };
            Err(source.wrong(key, format!("{key} is {}; {wanted} is wanted", said(value))))
        }
    }
}

fn read_word(source: &Source, key: &str, value: &Value) -> Result<Leaf, SpaceError> {
    let text = match value {
        // YAML 1.1 takes a bare `off` for a truth value.
        Value::Bool(false) => "off".to_owned(),
        other => said(other),
    };
    if let Some(rule) = Rule::of(key) {
        let to = rule.read(&text);
        let to = to.map_err(|wanted| source.wrong(key, format!("{key} is {text}; {wanted} is wanted")))?;
        return Ok(Leaf::Word(rule.show(to)));
    }
    let (good, wanted) = match key {
        "strategy" => {
            let known = crate::evolve::StrategyKind::parse(&text);
            let names = crate::evolve::StrategyKind::ALL.map(crate::evolve::StrategyKind::name);
            (known.map(|kind| kind.name().to_owned()), names.join(", "))
        }
        "parent" => one_of(&text, &ParentMode::ALL.map(ParentMode::name)),
        _ => one_of(&text, &Prune::ALL.map(Prune::name)),
    };
    good.map(Leaf::Word).ok_or_else(|| source.wrong(key, format!("{key} is {text}; it is one of {wanted}")))
}

fn one_of(text: &str, names: &[&str]) -> (Option<String>, String) {
    (names.contains(&text).then(|| text.to_owned()), names.join(", "))
}

fn read_weights(source: &Source, value: &Value) -> Result<Weights, SpaceError> {
    let wanted = "fitness: metric names with weights are wanted: {'metrics/mAP_0.5': 0.1}";
    match value {
        Value::Mapping(map) => map
            .iter()
            .map(|(name, weight)| {
                let weight = weight.as_f64().filter(|w| w.is_finite());
                let name = name.as_str().map(str::to_owned);
                name.zip(weight).ok_or_else(|| source.wrong("fitness", wanted))
            })
            .collect(),
        Value::String(text) => {
            steer::weights(text).map_err(|error| source.wrong("fitness", format!("fitness: {error}")))
        }
        _ => Err(source.wrong("fitness", wanted)),
    }
}

/// Every parameter's pin, or that it has none.
fn read_pins(source: &Source, value: &Value, space: &Space) -> Result<Leaves, SpaceError> {
    let mut leaves: Leaves = space.params.iter().map(|p| (place("pins", &p.name), Leaf::Absent)).collect();
    let map = match value {
        Value::Mapping(map) => map,
        Value::Null => return Ok(leaves),
        _ => return Err(source.wrong("pins", "pins: names with values are wanted: {lr0: 0.01}")),
    };
    for (name, value) in map {
        let name = said(name);
        let p = param(source, "pins", &name, space)?;
        if value.is_null() {
            continue;
        }
        let scalar = serde_yaml::from_value(value.clone()).map_err(|_| {
            source.wrong("pins", format!("the pin of {name} is {}; a value is wanted", said(value)))
        })?;
        leaves.insert(place("pins", &name), Leaf::Number(gene(source, "pins", p, &scalar)?));
    }
    Ok(leaves)
}

fn param<'a>(source: &Source, key: &str, name: &str, space: &'a Space) -> Result<&'a Param, SpaceError> {
    space.get(name).ok_or_else(|| unknown(source, key, name, space))
}

fn unknown(source: &Source, key: &str, name: &str, space: &Space) -> SpaceError {
    let known: Vec<&str> = space.params.iter().map(|p| p.name.as_str()).collect();
    source.wrong(key, format!("there is no parameter {name}; the parameters are {}", known.join(", ")))
}

/// A value as a gene: an option's index for a choice.
fn gene(source: &Source, key: &str, p: &Param, value: &Scalar) -> Result<f64, SpaceError> {
    let found = match &p.kind {
        Kind::Choice(options) => {
            let same = |option: &Scalar| option == value || option.to_string() == value.to_string();
            options.iter().position(same).map(|i| i as f64)
        }
        Kind::Int => value.number().filter(|x| x.fract() == 0.0),
        Kind::Float | Kind::Log => value.number().filter(|x| x.is_finite()),
    };
    found.ok_or_else(|| {
        let wanted = match &p.kind {
            Kind::Choice(options) => {
                let names: Vec<String> = options.iter().map(ToString::to_string).collect();
                format!("one of {}", names.join(", "))
            }
            Kind::Int => "a whole number".into(),
            Kind::Float | Kind::Log => "a number".into(),
        };
        source.wrong(key, format!("{} is {value}; {wanted} is wanted", p.name))
    })
}

/// A value as it was written, about.
fn said(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "empty".into(),
        other => serde_yaml::to_string(other).unwrap_or_default().trim().to_owned(),
    }
}
