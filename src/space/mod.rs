//! WHAT is searched: parameters with their start value, gain, bounds, kind and pin. Pure.
//!
//! `param.rs` is one parameter, `space.rs` all of them with the fixed keys of the hyp file. `yaml.rs` reads a file with the
//! lines of its keys, `hyp.rs` start values, `file.rs` gains and bounds, `load.rs` joins the two by name, `bounds.rs` is what
//! happens outside the bounds. `builtin.rs` has the files that are built in, `propose.rs` bounds for any hyp file, `scalar.rs`
//! is a plain value and `number.rs` how numbers are written. How the next value is bred is not here: see `evolve`.

mod bounds;
pub mod builtin;
mod file;
pub mod hyp;
mod load;
pub mod number;
mod param;
mod propose;
mod scalar;
#[cfg(test)]
mod tests;
#[path = "space.rs"]
mod whole;
mod yaml;

pub use bounds::{OutOfBounds, within};
pub use file::{Range, read as read_ranges};
pub use hyp::Hyp;
pub use load::{Defaults, load, parse_param};
pub use param::{Kind, Param};
pub use propose::propose;
pub use scalar::Scalar;
pub use whole::Space;
pub use yaml::{Source, SpaceError};
