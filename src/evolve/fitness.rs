//! Fitness: a weighted sum of named metrics.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// Fitness weights: metric name to weight.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Weights(pub IndexMap<String, f64>);

impl Weights {
    /// The default of YOLOv5: `0.1 mAP_0.5 + 0.9 mAP_0.5:0.95`.
    pub fn yolov5() -> Self {
        [("metrics/mAP_0.5", 0.1), ("metrics/mAP_0.5:0.95", 0.9)].into_iter().collect()
    }

    /// The default of yolov3 2020-01: `0.8 mAP + 0.2 F1`.
    pub fn yolov3() -> Self {
        [("metrics/mAP_0.5", 0.8), ("metrics/F1", 0.2)].into_iter().collect()
    }

    /// The default of today's YOLOv5 population: `mAP_0.5` alone.
    pub fn population() -> Self {
        [("metrics/mAP_0.5", 1.0)].into_iter().collect()
    }

    /// The weighted sum of `values`, named by `names` position by position.
    ///
    /// None where a metric with a weight is missing or is not a finite number, or the sum is too large for one.
    pub fn fitness(&self, names: &[String], values: &[f64]) -> Option<f64> {
        let mut sum = 0.0;
        for (name, weight) in self.0.iter().filter(|(_, w)| **w != 0.0) {
            let at = names.iter().position(|n| n == name)?;
            let value = values.get(at).copied().filter(|x| x.is_finite())?;
            sum += weight * value;
        }
        (!self.0.is_empty() && sum.is_finite()).then_some(sum)
    }
}

impl<S: Into<String>> FromIterator<(S, f64)> for Weights {
    fn from_iter<I: IntoIterator<Item = (S, f64)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(name, w)| (name.into(), w)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixture_15_fitness_is_a_tenth_map50_and_nine_tenths_map() {
        let names: Vec<String> =
            ["metrics/precision", "metrics/recall", "metrics/mAP_0.5", "metrics/mAP_0.5:0.95"]
                .map(String::from)
                .into();
        let fitness = Weights::yolov5().fitness(&names, &[0.5, 0.6, 0.7, 0.4]).unwrap();
        assert!((fitness - 0.43).abs() < 1e-12);
        assert_eq!(Weights::yolov5().fitness(&names, &[0.5, 0.6, f64::NAN, 0.4]), None);
        assert_eq!(Weights::yolov5().fitness(&names[..3], &[0.5, 0.6, 0.7]), None);
        let heavy: Weights = [("metrics/recall", 10.0)].into_iter().collect();
        assert_eq!(heavy.fitness(&names, &[0.5, 1e308, 0.7, 0.4]), None);
    }
}
