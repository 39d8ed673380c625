//! Numbers about numbers: quantiles, ticks, concentration. Pure; for the screen and for plots.

/// Bins along each side when the concentration of points is measured, as in the original's evolve.png.
pub const BINS: usize = 20;

/// The `q`-quantile, 0 to 1, of finite values; none of nothing. Reorders `values`.
pub fn quantile(values: &mut [f32], q: f64) -> Option<f32> {
    if values.is_empty() {
        return None;
    }
    let at = (q.clamp(0.0, 1.0) * (values.len() - 1) as f64).round() as usize;
    Some(*values.select_nth_unstable_by(at, f32::total_cmp).1)
}

/// Round numbers within `low` to `high`, at most `count` of them, evenly spaced by 1, 2 or 5 times a power of ten.
pub fn ticks(low: f64, high: f64, count: usize) -> Vec<f64> {
    if !(low.is_finite() && high.is_finite()) || high <= low || count == 0 {
        return Vec::new();
    }
    let rough = (high - low) / count as f64;
    let power = rough.log10().floor() as i32;
    // Divided by a whole power of ten rather than multiplied by a fraction: 0.6, not 0.6000000000000001.
    let scaled = |n: f64| if power < 0 { n / 10f64.powi(-power) } else { n * 10f64.powi(power) };
    let multiple = [1.0, 2.0, 5.0, 10.0].into_iter().find(|m| scaled(*m) >= rough).unwrap_or(10.0);
    let step = scaled(multiple);
    if !step.is_normal() {
        return Vec::new();
    }
    let first = (low / step - 1e-9).ceil();
    let tick = |i| scaled((first + i as f64) * multiple);
    (0..=count).map(tick).take_while(|x| *x <= high + step * 1e-9).take(count).collect()
}

/// Powers of ten, and 2 and 5 times them where there is room, within `low` to `high`.
pub fn log_ticks(low: f64, high: f64, count: usize) -> Vec<f64> {
    if !(low.is_finite() && high.is_finite()) || low <= 0.0 || high <= low {
        return Vec::new();
    }
    let decades = low.log10().floor() as i32..=high.log10().ceil() as i32;
    let within = |multiples: &[f64]| -> Vec<f64> {
        let all = decades.clone().flat_map(|d| multiples.iter().map(move |m| m * 10f64.powi(d)));
        all.filter(|x| *x >= low * 0.999_999 && *x <= high * 1.000_001).collect()
    };
    let choices = [within(&[1.0, 2.0, 5.0]), within(&[1.0])];
    if let Some(fitting) = choices.iter().find(|t| !t.is_empty() && t.len() <= count) {
        return fitting.clone();
    }
    let every = choices[1].len().div_ceil(count.max(1)).max(1);
    choices[1].iter().copied().step_by(every).collect()
}

/// How points crowd in a square of [`BINS`] by [`BINS`]. Points are added one by one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Concentration {
    counts: Vec<u32>,
    most: u32,
}

impl Default for Concentration {
    fn default() -> Self {
        Self { counts: vec![0; BINS * BINS], most: 0 }
    }
}

impl Concentration {
    /// Adds a point, both coordinates 0 to 1.
    pub fn add(&mut self, x: f64, y: f64) {
        let count = &mut self.counts[Self::bin(x, y)];
        *count += 1;
        self.most = self.most.max(*count);
    }

    /// How crowded it is around a point: 0 (alone) to 1 (the most crowded).
    pub fn at(&self, x: f64, y: f64) -> f64 {
        if self.most <= 1 {
            return 0.0;
        }
        f64::from(self.counts[Self::bin(x, y)].saturating_sub(1)) / f64::from(self.most - 1)
    }

    /// As [`Concentration::at`] on a logarithmic scale, as the original's evolve.png colours its points.
    pub fn log_at(&self, x: f64, y: f64) -> f64 {
        if self.most <= 1 {
            return 0.0;
        }
        f64::from(self.counts[Self::bin(x, y)].max(1)).ln() / f64::from(self.most).ln()
    }

    fn bin(x: f64, y: f64) -> usize {
        let side = |u: f64| ((u * BINS as f64) as usize).min(BINS - 1);
        side(y) * BINS + side(x)
    }
}

/// Mean of `values` in cells of a grid `columns` by `rows`; none where a cell has no point.
pub fn mean_grid(
    points: impl Iterator<Item = (f64, f64, f64)>,
    columns: usize,
    rows: usize,
) -> Vec<Option<f64>> {
    let mut sums = vec![(0.0, 0u32); columns * rows];
    for (x, y, value) in points {
        let column = ((x * columns as f64) as usize).min(columns.saturating_sub(1));
        let row = ((y * rows as f64) as usize).min(rows.saturating_sub(1));
        if let Some((sum, count)) = sums.get_mut(row * columns + column) {
            *sum += value;
            *count += 1;
        }
    }
    sums.into_iter().map(|(sum, count)| (count > 0).then(|| sum / f64::from(count))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values_of_the_set() {
        let mut values = vec![3.0, 1.0, 2.0, 5.0, 4.0];
        assert_eq!(quantile(&mut values, 0.0), Some(1.0));
        assert_eq!(quantile(&mut values, 0.5), Some(3.0));
        assert_eq!(quantile(&mut values, 1.0), Some(5.0));
        assert_eq!(quantile(&mut [], 0.5), None);
    }

    #[test]
    fn ticks_are_round_and_inside() {
        assert_eq!(ticks(0.0, 37.0, 4), [0.0, 10.0, 20.0, 30.0]);
        assert_eq!(ticks(0.31, 0.62, 3), [0.4, 0.6]);
        assert_eq!(log_ticks(1e-5, 0.1, 6), [1e-5, 1e-4, 1e-3, 1e-2, 1e-1]);
        assert!(ticks(1.0, 1.0, 3).is_empty() && ticks(f64::NAN, 1.0, 3).is_empty());
    }

    #[test]
    fn the_most_crowded_bin_is_one_and_a_lone_point_is_none() {
        let mut c = Concentration::default();
        for _ in 0..5 {
            c.add(0.5, 0.5);
        }
        c.add(0.0, 1.0);
        assert_eq!((c.at(0.5, 0.5), c.at(0.0, 1.0)), (1.0, 0.0));
    }
}
