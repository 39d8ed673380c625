//! Space files: what is searched, `name: [gain, low, high]` or a map with a kind.
//!
//! ```yaml
//! lr0: [1, 0.00001, 0.1]
//! lr: {kind: log, low: 1.0e-06, high: 0.01}
//! layers: {kind: int, low: 1, high: 8, gain: 1}
//! optimizer: {kind: choice, options: [SGD, Adam, AdamW]}
//! ```

use serde::Deserialize;
use serde_yaml::Value;

use super::yaml::{Source, SpaceError};
use super::{Kind, Scalar};

/// One line of a space file.
#[derive(Debug, Clone, PartialEq)]
pub struct Range {
    pub name: String,
    pub gain: f64,
    pub low: f64,
    pub high: f64,
    pub kind: Kind,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Long {
    #[serde(default = "float")]
    kind: String,
    #[serde(default = "one")]
    gain: f64,
    low: Option<f64>,
    high: Option<f64>,
    #[serde(default)]
    options: Vec<Scalar>,
}

fn float() -> String {
    "float".into()
}

fn one() -> f64 {
    1.0
}

/// Reads a space file.
///
/// # Errors
/// Names file, line and remedy.
pub fn read(source: &Source) -> Result<Vec<Range>, SpaceError> {
    source.entries()?.into_iter().map(|(name, value)| range(source, name, value)).collect()
}

fn range(source: &Source, name: String, value: Value) -> Result<Range, SpaceError> {
    let wrong = |what: String| source.wrong(&name, format!("{name}: {what}"));
    let (gain, low, high, kind) = match value {
        Value::Sequence(_) => {
            let triple: [f64; 3] = serde_yaml::from_value(value)
                .map_err(|_| wrong("three numbers are wanted: [gain, low, high]".into()))?;
            (triple[0], triple[1], triple[2], Kind::Float)
        }
        Value::Mapping(_) => {
            let long: Long = serde_yaml::from_value(value).map_err(|error| wrong(error.to_string()))?;
            long.range().map_err(wrong)?
        }
        _ => {
            return Err(wrong(
                "[gain, low, high] is wanted, or a map with kind, gain, low, high, options".into(),
            ));
        }
    };
    check(gain, low, high, &kind).map_err(wrong)?;
    Ok(Range { name, gain, low, high, kind })
}

impl Long {
    fn range(self) -> Result<(f64, f64, f64, Kind), String> {
        let bounds = || match (self.low, self.high) {
            (Some(low), Some(high)) => Ok((low, high)),
            _ => Err("low and high are wanted".to_owned()),
        };
        if self.kind != "choice" && !self.options.is_empty() {
            return Err("options are for kind: choice".into());
        }
        match self.kind.as_str() {
            "float" => bounds().map(|(low, high)| (self.gain, low, high, Kind::Float)),
            "int" => bounds().map(|(low, high)| (self.gain, low, high, Kind::Int)),
            "log" => bounds().map(|(low, high)| (self.gain, low, high, Kind::Log)),
            "choice" if self.low.is_some() || self.high.is_some() => {
                Err("a choice has options, no low and high".into())
            }
            "choice" if self.options.len() < 2 => Err("a choice needs at least two options".into()),
            "choice" => Ok((self.gain, 0.0, (self.options.len() - 1) as f64, Kind::Choice(self.options))),
            other => Err(format!("there is no kind {other}; there are float, int, log, choice")),
        }
    }
}

/// Whether gain and bounds make sense together.
pub(super) fn check(gain: f64, low: f64, high: f64, kind: &Kind) -> Result<(), String> {
    if !(gain.is_finite() && gain >= 0.0) {
        return Err(format!("the gain {gain} is not a number from 0 up"));
    }
    if !(low.is_finite() && high.is_finite() && low < high) {
        return Err(format!("the bounds {low} to {high} are the wrong way round, or not numbers"));
    }
    match kind {
        Kind::Log if low <= 0.0 => Err(format!("a logarithmic range starts above 0, not at {low}")),
        Kind::Int if low.fract() != 0.0 || high.fract() != 0.0 => {
            Err(format!("the bounds {low} to {high} of an int have to be whole"))
        }
        _ => Ok(()),
    }
}
