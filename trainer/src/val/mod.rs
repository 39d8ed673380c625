//! Validation: suppress what overlaps, match with the labels, measure average precision. Nothing here knows how the model works.

mod ap;
mod evaluate;
mod matching;
mod nms;

pub use ap::{ClassResult, Tally, per_class};
pub use evaluate::{Evaluation, Forward, evaluate};
pub use nms::{Detection, NmsOptions, suppress};
