//! One searched parameter.

use serde::{Deserialize, Serialize};

use super::{Scalar, number};

/// How a parameter's values are spread.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Any number between the bounds.
    Float,
    /// Whole numbers.
    Int,
    /// Positive numbers, even on a logarithmic scale.
    Log,
    /// One of the options; the gene is the option's index.
    Choice(Vec<Scalar>),
}

/// One parameter of the search space.
///
/// A gene is an `f64` whatever the kind: an `int` is a whole number, a `choice` the index of its option.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Param {
    pub name: String,
    /// The value in the hyp file: what generation 0 trains.
    pub value: f64,
    /// Multiplies the mutation (YOLO's metadata); 0 holds the parameter still.
    pub gain: f64,
    pub low: f64,
    pub high: f64,
    pub kind: Kind,
    /// Held still at this value by a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin: Option<f64>,
}

impl Param {
    /// Whether breeding may change it: not pinned, and its gain is not 0.
    pub fn is_free(&self) -> bool {
        self.pin.is_none() && self.gain != 0.0
    }

    /// The value it is held at, if it is held still.
    pub fn held(&self) -> Option<f64> {
        self.pin.or_else(|| (self.gain == 0.0).then_some(self.value))
    }

    /// Whether `x` may stand for this parameter: within the bounds, whole where the kind says so.
    pub fn admits(&self, x: f64) -> bool {
        let whole = !matches!(self.kind, Kind::Int | Kind::Choice(_)) || x.fract() == 0.0;
        x >= self.low && x <= self.high && whole
    }

    /// `x` brought within the bounds and, for `int` and `choice`, to a whole number.
    pub fn clip(&self, x: f64) -> f64 {
        let x = if matches!(self.kind, Kind::Int | Kind::Choice(_)) { x.round() } else { x };
        x.max(self.low).min(self.high)
    }

    /// Whether `x` rests on a bound (the search would like to go further). The first and the last option of a choice are none.
    pub fn on_bound(&self, x: f64) -> bool {
        let bounded = self.low < self.high && !matches!(self.kind, Kind::Choice(_));
        bounded && (x <= self.low || x >= self.high)
    }

    /// Position of `x` between the bounds, 0 to 1; logarithmic for kind `log`.
    pub fn to_unit(&self, x: f64) -> f64 {
        let (low, high, x) = match self.kind {
            Kind::Log => (self.low.ln(), self.high.ln(), x.max(f64::MIN_POSITIVE).ln()),
            _ => (self.low, self.high, x),
        };
        if high > low { ((x - low) / (high - low)).clamp(0.0, 1.0) } else { 0.0 }
    }

    /// The inverse of [`Param::to_unit`]; `int` and `choice` come out whole.
    pub fn from_unit(&self, u: f64) -> f64 {
        let x = match self.kind {
            Kind::Log => (self.low.ln() + u * (self.high.ln() - self.low.ln())).exp(),
            _ => self.low + u * (self.high - self.low),
        };
        self.clip(x)
    }

    /// The gene as the trainer gets it.
    pub fn scalar(&self, x: f64) -> Scalar {
        match &self.kind {
            Kind::Int => Scalar::Int(x as i64),
            Kind::Choice(options) => {
                options.get(x as usize).cloned().unwrap_or_else(|| Scalar::Text(format!("option {x}")))
            }
            Kind::Float | Kind::Log => Scalar::Float(x),
        }
    }

    /// The gene as a person reads it: an option's label, a whole number, or at most `digits` significant digits.
    pub fn show(&self, x: f64, digits: usize) -> String {
        match self.kind {
            Kind::Float | Kind::Log => format!("{}", number::significant(x, digits)),
            Kind::Int | Kind::Choice(_) => self.scalar(x).to_string(),
        }
    }

    /// Reads a value from a file: a finite number, whole where the kind says so, or an option by its label or number.
    pub fn read(&self, value: &Scalar) -> Option<f64> {
        if let Kind::Choice(options) = &self.kind {
            let same = |option: &Scalar| option.to_string() == value.to_string();
            let alike = |option: &Scalar| option.as_number().is_some_and(|x| value.as_number() == Some(x));
            let at = options.iter().position(same).or_else(|| options.iter().position(alike));
            return at.map(|i| i as f64);
        }
        value.number().filter(|x| x.is_finite() && (self.kind != Kind::Int || x.fract() == 0.0))
    }

    /// Reads a value as a person writes it: a number, or an option's label.
    pub fn parse(&self, text: &str) -> Option<f64> {
        if let Kind::Choice(options) = &self.kind {
            return options.iter().position(|o| o.to_string() == text).map(|i| i as f64);
        }
        let x: f64 = text.trim().parse().ok()?;
        (x.is_finite() && (self.kind != Kind::Int || x.fract() == 0.0)).then_some(x)
    }
}
