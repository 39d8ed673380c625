//! Where the page Density stands.

use crate::session::State;

/// The grid of charts, or one of them at full size.
#[derive(Debug, Clone, Default)]
pub struct DensityView {
    /// The parameter of the selected chart.
    pub cursor: usize,
    /// One chart at full size.
    pub open: bool,
    /// The second parameter of a map of mean fitness.
    pub second: Option<usize>,
    /// Trials up to this generation only; none is all of them.
    pub until: Option<u64>,
}

impl DensityView {
    /// Moves the selection: the second parameter where there is one, past the first, since with itself a parameter makes
    /// no map.
    pub fn by(&mut self, steps: i64, params: usize) {
        let last = params.saturating_sub(1) as i64;
        let moved = |from: usize| (from as i64 + steps).clamp(0, last);
        let Some(second) = &mut self.second else {
            self.cursor = moved(self.cursor) as usize;
            return;
        };
        let (first, to, step) = (self.cursor as i64, moved(*second), steps.signum());
        let past = if (0..=last).contains(&(first + step)) { first + step } else { first - step };
        *second = if to == first { past } else { to } as usize;
    }

    /// A step back or forth through the generations; the last one follows the run again.
    pub fn step(&mut self, forth: bool, state: &State) {
        let Some(last) = state.history.next_generation().checked_sub(1) else { return };
        let step = (last / 150).max(1);
        let at = self.until.unwrap_or(last);
        let to = if forth { at + step } else { at.saturating_sub(step) };
        self.until = (to < last).then_some(to);
    }
}
