//! What a person changed in a live file, as edits of the present settings.

use super::leaves::{File, Leaf, Leaves, Place};
use crate::evolve::{Edit, ParentMode, Prune, Rule, StrategyKind};
use crate::session::{Draft, State, steer};
use crate::space::{Source, SpaceError};

/// The edits for these places, whose new values are in `mine`. Checked one after the other against the present state.
///
/// # Errors
/// Names the line of the first that is refused.
pub(super) fn of(
    file: File,
    source: &Source,
    changed: &[Place],
    mine: &Leaves,
    state: &State,
) -> Result<Vec<Edit>, SpaceError> {
    let mut draft = Draft::of(state);
    let mut edits: Vec<Edit> = Vec::new();
    for (key, field) in changed {
        let Some(leaf) = mine.get(&(key.clone(), field.clone())) else { continue };
        let edit = match file {
            File::Settings => setting(key, field, leaf),
            File::Space => ranged(key, mine, changed, field, state),
            File::Hyp => {
                let (Some(p), Leaf::Number(x)) = (state.space.get(key), leaf) else {
                    let what =
                        format!("{key} is not searched, so it cannot be changed while the run goes on");
                    return Err(source.wrong(key, what));
                };
                Some(steer::set_value(p, *x))
            }
        };
        let Some(edit) = edit.filter(|edit| !edits.contains(edit)) else { continue };
        let back = draft.apply(&edit).map_err(|error| source.wrong(key, error.to_string()))?;
        if back != edit {
            edits.push(edit);
        }
    }
    Ok(edits)
}

fn setting(key: &str, field: &str, leaf: &Leaf) -> Option<Edit> {
    Some(match (key, leaf) {
        ("strategy", Leaf::Word(name)) => Edit::Strategy(StrategyKind::parse(name)?),
        ("parent", Leaf::Word(name)) => Edit::Parent(ParentMode::parse(name)?),
        ("prune", Leaf::Word(name)) => Edit::Prune(Prune::parse(name)?),
        ("top", Leaf::Number(n)) => Edit::Top(*n as u32),
        ("sigma", Leaf::Number(x)) => Edit::Sigma(*x),
        ("probability", Leaf::Number(x)) => Edit::Probability(*x),
        ("method", Leaf::Number(n)) => Edit::Method(*n as u8),
        ("generations", Leaf::Number(n)) => Edit::Generations(*n as u64),
        ("fitness", Leaf::Weights(weights)) => Edit::Fitness(weights.clone()),
        ("pins", Leaf::Number(x)) => Edit::Pin { param: field.to_owned(), at: Some(*x) },
        ("pins", Leaf::Absent) => Edit::Pin { param: field.to_owned(), at: None },
        (name, Leaf::Word(text)) => {
            let rule = Rule::of(name)?;
            Edit::Rule { rule, to: rule.read(text).ok()? }
        }
        _ => return None,
    })
}

/// Gain, or both bounds: the one that the person did not touch stays as it is now.
fn ranged(key: &str, mine: &Leaves, changed: &[Place], field: &str, state: &State) -> Option<Edit> {
    let p = state.space.get(key)?;
    let new = |field: &str, now: f64| {
        let place = (key.to_owned(), field.to_owned());
        match mine.get(&place) {
            Some(Leaf::Number(x)) if changed.contains(&place) => *x,
            _ => now,
        }
    };
    let param = key.to_owned();
    Some(match field {
        "gain" => Edit::Gain { param, to: new("gain", p.gain) },
        _ => Edit::Bounds { param, low: new("low", p.low), high: new("high", p.high) },
    })
}
