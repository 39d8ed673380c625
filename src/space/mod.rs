//! WHAT is searched: parameters with their start value, gain, bounds, kind and pin. Pure.
//!
//! `param.rs` is one parameter, `space.rs` all of them with the fixed keys of the hyp file, `hyp.rs` and
//! `file.rs` read and write the YAML. How the next value is bred is not here: see `evolve`.

pub mod number;
mod param;
mod scalar;
#[path = "space.rs"]
mod whole;

pub use param::{Kind, Param};
pub use scalar::Scalar;
pub use whole::Space;
