//! The built-in data set: real handwritten digits on made-up backgrounds. `source` has the digits, `scene` composes pictures of them,
//! `write` makes an ordinary YOLO data set of those. Nothing else in this program knows that it is special.

mod scene;
mod source;
mod write;

pub use source::weights;
pub use write::{DigitsError, EDITION, TRAIN, VAL, write};
