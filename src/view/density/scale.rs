//! What lies where on a chart's axes, and what it is called there.

use crate::app::columns::Columns;
use crate::space::{Kind, Param};
use crate::stats;
use crate::view::text;

/// Fitness at the bottom and at the top of every chart, with room for more, so that charts stay as they are.
pub(super) fn y_range(columns: &Columns) -> (f32, f32) {
    let (low, high) = columns.range.unwrap_or((0.0, 1.0));
    let size = (high - low).max(high.abs() * 0.01).max(1e-6);
    let step = 10f32.powf((size / 4.0).log10().floor());
    let (low, high) = ((low / step).floor() * step, (high / step + 1e-3).ceil() * step);
    (low, if high > low { high } else { low + step })
}

/// Values at the left and at the right edge, whether the scale is logarithmic, and what its values are called where they are
/// choices.
pub(super) struct Scale {
    pub low: f64,
    pub high: f64,
    pub log: bool,
    pub names: Vec<String>,
}

impl Scale {
    /// From low to high; logarithmic where that spans more than two decades.
    pub fn of(p: &Param) -> Self {
        let (low, high) = (p.low.min(p.value), p.high.max(p.value));
        let wide = low > 0.0 && high / low > 100.0;
        let high = if high > low { high } else { low + low.abs().max(1.0) };
        let names = match &p.kind {
            Kind::Choice(choices) => choices.iter().map(ToString::to_string).collect(),
            _ => Vec::new(),
        };
        Self { low, high, log: p.kind == Kind::Log && low > 0.0 || wide, names }
    }

    /// Where a value lies, 0 to 1.
    pub fn unit(&self, x: f64) -> f64 {
        let u = if self.log {
            (x.max(f64::MIN_POSITIVE).ln() - self.low.ln()) / (self.high.ln() - self.low.ln())
        } else {
            (x - self.low) / (self.high - self.low)
        };
        u.clamp(0.0, 1.0)
    }

    /// About so many values that are worth a number.
    pub fn ticks(&self, count: usize) -> Vec<f64> {
        if !self.names.is_empty() {
            (0..self.names.len()).map(|i| i as f64).collect()
        } else if self.log {
            stats::log_ticks(self.low, self.high, count)
        } else {
            stats::ticks(self.low, self.high, count)
        }
    }
}

impl Scale {
    /// A value as it stands at the axis; nothing where a choice has none, as at the end of one with a single option.
    pub fn label(&self, x: f64) -> String {
        if self.names.is_empty() {
            return text::tick(x);
        }
        self.names.get(x as usize).cloned().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::Scalar;

    #[test]
    fn at_the_ends_of_a_choice_s_axis_stand_options_and_no_numbers() {
        let ends = |options: &[&str]| {
            let high = options.len() as f64 - 1.0;
            let kind = Kind::Choice(options.iter().map(|word| Scalar::Text((*word).into())).collect());
            let p = Param { name: "o".into(), value: 0.0, gain: 1.0, low: 0.0, high, kind, pin: None };
            let scale = Scale::of(&p);
            [scale.low, scale.high].map(|x| scale.label(x))
        };
        assert_eq!(ends(&["sgd", "adam"]), ["sgd", "adam"]);
        assert_eq!(ends(&["sgd"]), ["sgd", ""]);
    }
}
