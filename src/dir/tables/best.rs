//! The best candidate as a hyp file, under both names it had: `hyp_evolve.yaml` and, in 2021, `hyp_evolved.yaml`.

use std::fmt::Write;

use super::row::Columns;
use crate::dir::{DirError, SessionDir, replace};
use crate::journal::Access;
use crate::session::State;
use crate::space::hyp;
use crate::space::number::general;
use crate::trial::Trial;

/// Writes the best candidate so far; nothing where none has finished.
///
/// # Errors
/// Where it cannot be written; the old files stay.
pub fn write_best(dir: &SessionDir, state: &State, access: Access) -> Result<(), DirError> {
    let Some(text) = best_text(state) else { return Ok(()) };
    replace(&dir.hyp_evolve(), text.as_bytes(), access)?;
    replace(&dir.hyp_evolved(), text.as_bytes(), access)
}

/// The best candidate's hyp file as text; none where nothing has finished.
pub fn best_text(state: &State) -> Option<String> {
    state.history.best().map(|(best, fitness)| text(state, best, fitness))
}

fn text(state: &State, best: &Trial, fitness: f64) -> String {
    let columns = Columns::of(state);
    let mut text = format!("# Hyperparameters evolved by evotop, session {}\n", one_line(&state.name));
    let last = state.history.next_generation().saturating_sub(1);
    let _ = writeln!(text, "# Best generation: {}", best.generation);
    let _ = writeln!(text, "# Last generation: {last}");
    let _ = writeln!(text, "# Fitness: {}", general(fitness, 5));
    for ((name, _), value) in columns.metrics.iter().zip(columns.metrics(best)) {
        let _ = writeln!(text, "#   {}: {}", one_line(name), general(value, 5));
    }
    text.push('\n');
    text + &hyp::write(&state.space.hyp(&best.genes))
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
