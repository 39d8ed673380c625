//! The table of hyperparameters: cursor, filter, and what its keys do.

use crate::space::Space;

/// Where the table stands.
#[derive(Debug, Clone, Default)]
pub struct ParamTable {
    /// The parameter under the cursor, as an index into the space.
    pub cursor: usize,
    /// Only names with this in them are shown.
    pub filter: String,
}

impl ParamTable {
    /// The parameters that are shown, as indices into the space.
    pub fn shown(&self, space: &Space) -> Vec<usize> {
        let wanted = self.filter.to_lowercase();
        let matches = |i: &usize| wanted.is_empty() || space.params[*i].name.to_lowercase().contains(&wanted);
        (0..space.params.len()).filter(matches).collect()
    }

    /// Moves the cursor by rows of what is shown.
    pub fn by(&mut self, rows: i64, space: &Space) {
        let shown = self.shown(space);
        let at = shown.iter().position(|i| *i == self.cursor).unwrap_or(0) as i64;
        let to = (at + rows).clamp(0, shown.len().saturating_sub(1) as i64);
        if let Some(i) = shown.get(to as usize) {
            self.cursor = *i;
        }
    }

    /// Shows only what this text is in; a cursor on something else goes to the first that is shown.
    pub fn set_filter(&mut self, filter: String, space: &Space) {
        self.filter = filter;
        let shown = self.shown(space);
        if !shown.contains(&self.cursor) {
            self.cursor = shown.first().copied().unwrap_or(0);
        }
    }
}
