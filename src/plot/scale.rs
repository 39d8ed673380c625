//! From values to places: linear or logarithmic, with ticks.

use crate::space::{Kind, Param, Scalar};
use crate::stats;

/// A range of values.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Scale<'a> {
    pub low: f64,
    pub high: f64,
    pub log: bool,
    /// The options of a choice, whose values are their places.
    pub options: &'a [Scalar],
}

/// Letters of an option beside a tick.
const LETTERS: usize = 7;
/// Decades from which on a scale is logarithmic.
const DECADES: f64 = 100.0;

impl<'a> Scale<'a> {
    /// Around these values, with a little room on both sides; logarithmic where they span more than two decades.
    pub fn around(values: impl Iterator<Item = f64>) -> Self {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for x in values.filter(|x| x.is_finite()) {
            (low, high) = (low.min(x), high.max(x));
        }
        if low > high {
            return Self { high: 1.0, ..Self::default() };
        }
        if low == high {
            return Self::with_room(low - 0.5 * low.abs(), high + 0.5 * high.abs());
        }
        let log = low > 0.0 && high / low > DECADES;
        if log {
            let room = (high / low).powf(0.05);
            return Self { low: low / room, high: high * room, log, options: &[] };
        }
        Self::with_room(low, high)
    }

    /// Around the values of a parameter; around its bounds where it has never moved, around all options of a choice.
    pub fn of(param: &'a Param, values: impl Iterator<Item = f64>) -> Self {
        if let Kind::Choice(options) = &param.kind {
            return Self { options, ..Self::with_room(param.low, param.high) };
        }
        let values: Vec<f64> = values.collect();
        let moved = values.windows(2).any(|pair| pair[0] != pair[1]);
        if moved {
            return Self::around(values.into_iter());
        }
        Self::around(values.into_iter().chain([param.low, param.high]))
    }

    fn with_room(low: f64, high: f64) -> Self {
        let room = if high > low { (high - low) * 0.06 } else { 1.0 };
        Self { low: low - room, high: high + room, ..Self::default() }
    }

    /// From the first to the last generation.
    pub fn generations(last: u64) -> Self {
        let last = (last as f64).max(1.0);
        Self { low: -0.02 * last, high: 1.02 * last, ..Self::default() }
    }

    /// Where a value lies, 0 at the low end and 1 at the high one.
    pub fn unit(&self, x: f64) -> f64 {
        let u = if self.log {
            (x.max(f64::MIN_POSITIVE) / self.low).ln() / (self.high / self.low).ln()
        } else {
            (x - self.low) / (self.high - self.low)
        };
        u.clamp(0.0, 1.0)
    }

    /// At most about so many ticks, each with its label.
    pub fn ticks(&self, count: usize) -> Vec<(f64, String)> {
        if !self.options.is_empty() {
            return self.options.iter().enumerate().map(|(i, option)| (i as f64, short(option))).collect();
        }
        if self.log {
            let ticks = stats::log_ticks(self.low, self.high, count);
            return ticks.into_iter().map(|x| (x, number(x))).collect();
        }
        // As many as there may be: a coarse step often leaves one alone.
        let choices = (count..count + 4).map(|n| stats::ticks(self.low, self.high, n));
        let fitting = choices.filter(|ticks| ticks.len() <= count + 1);
        let ticks = fitting.max_by_key(Vec::len).unwrap_or_default();
        let step = ticks.windows(2).map(|pair| pair[1] - pair[0]).next().unwrap_or(0.01);
        let decimals = (-(step * 1.000_001).log10().floor()).clamp(0.0, 6.0) as usize;
        let label = |x: f64| {
            if x != 0.0 && !(1e-4..1e6).contains(&x.abs()) { number(x) } else { format!("{x:.decimals$}") }
        };
        ticks.into_iter().map(|x| (x, label(x))).collect()
    }
}

/// An option in few characters.
fn short(option: &Scalar) -> String {
    let text = option.to_string();
    if text.chars().count() <= LETTERS {
        return text;
    }
    text.chars().take(LETTERS - 1).chain(['…']).collect()
}

/// A number in few characters.
fn number(x: f64) -> String {
    if x == 0.0 || (1e-3..1e5).contains(&x.abs()) {
        let text = format!("{x:.4}");
        return text.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    format!("{x:.0e}")
}
