//! How a trial ended, what it cost and from whom it came, as evotop's own tables say it, in a few columns, and back.

use crate::space::Scalar;
use crate::trial::{Cost, End, FailureClass, Trial};

/// The word for the end.
pub const END: &str = "end";
/// After or in which epoch, of which class and why; empty where an end has none.
pub const EPOCH: &str = "end_epoch";
pub const CLASS: &str = "end_class";
pub const DETAIL: &str = "end_detail";
/// Seconds of a slot; empty where there are none.
pub const COST: [&str; 4] = ["seconds", "seconds_lost", "seconds_given_up", "seconds_saved"];

/// The trial's number, and those of its parents with spaces between.
pub const GENERATION: &str = "generation";
pub const PARENTS: &str = "parents";

/// The numbers of a trial's parents as a cell.
pub fn of_parents(parents: &[u64]) -> String {
    parents.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

/// The parents that a cell tells of.
pub fn parents(cell: &Scalar) -> Vec<u64> {
    match cell.number() {
        Some(one) => vec![one as u64],
        None => cell.to_string().split_whitespace().filter_map(|word| word.parse().ok()).collect(),
    }
}

/// What the columns after the word for the end say.
pub fn of_end(trial: &Trial) -> [(&'static str, Option<Scalar>); 3] {
    let text = |text: String| Some(Scalar::Text(text));
    let (epoch, class, detail) = match &trial.end {
        Some(End::Diverged { epoch, what }) => (Some(*epoch), None, text(what.clone())),
        Some(End::Pruned { epoch }) => (Some(*epoch), None, None),
        Some(End::Failed { class, detail }) => (None, text(class.to_string()), text(detail.clone())),
        Some(End::Finished | End::Aborted | End::Imported) | None => (None, None, None),
    };
    [(EPOCH, epoch.map(|epoch| Scalar::Int(epoch.into()))), (CLASS, class), (DETAIL, detail)]
}

/// What the columns of the cost say.
pub fn of_cost(cost: Cost) -> impl Iterator<Item = (&'static str, Option<Scalar>)> {
    let seconds = [cost.used, cost.lost, cost.given_up, cost.saved];
    COST.into_iter().zip(seconds.map(|x| (x > 0.0).then_some(Scalar::Float(x))))
}

/// The cost that these numbers tell of.
pub fn cost(number: impl Fn(&str) -> Option<f64>) -> Cost {
    let [used, lost, given_up, saved] =
        COST.map(|name| number(name).filter(|x| *x > 0.0).unwrap_or_default());
    Cost { used, lost, given_up, saved }
}

/// The end that these cells tell of, where it is not simply a result; an error for a word that is no end.
pub fn end<'a>(word: &str, cell: impl Fn(&str) -> Option<&'a Scalar>) -> Result<Option<End>, String> {
    let epoch = cell(EPOCH).and_then(Scalar::number).map_or(0, |x| x as u32);
    let detail = cell(DETAIL).map(ToString::to_string).unwrap_or_default();
    Ok(match word {
        "finished" | "imported" => None,
        "diverged" => Some(End::Diverged { epoch, what: detail }),
        "pruned" => Some(End::Pruned { epoch }),
        "aborted" => Some(End::Aborted),
        "failed" => {
            let class = cell(CLASS).map(|class| serde_json::Value::String(class.to_string()));
            let class = class.and_then(|class| serde_json::from_value(class).ok());
            Some(End::Failed { class: class.unwrap_or(FailureClass::Crash), detail })
        }
        _ => return Err(format!("{END} = {word} is no end that is known")),
    })
}
