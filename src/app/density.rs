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
    /// Moves the selection: the second parameter where there is one.
    pub fn by(&mut self, steps: i64, params: usize) {
        let at = self.second.as_mut().unwrap_or(&mut self.cursor);
        *at = (*at as i64 + steps).clamp(0, params.saturating_sub(1) as i64) as usize;
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
