//! A value outside the bounds of its parameter: never clipped silently, always by the way that was chosen.

use super::{Kind, Param};

/// What happens to a value outside its bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutOfBounds {
    /// An error that names the ways out.
    Abort,
    /// The value moves to the bound.
    Clip,
    /// The bound moves to the value.
    Widen,
}

/// Brings a value and the bounds together, as asked. Returns the value, and what is to be said about it.
///
/// # Errors
/// Where that was not asked for, or a logarithmic range would have to reach 0: the text names the ways out.
pub fn within(p: &mut Param, x: f64, outside: OutOfBounds) -> Result<(f64, Option<String>), String> {
    if (p.low..=p.high).contains(&x) {
        return Ok((x, None));
    }
    let said = format!("{} = {x} is outside its bounds {} to {}", p.name, p.low, p.high);
    match outside {
        OutOfBounds::Abort => Err(format!(
            "{said}; --out-of-bounds widen moves the bound, --out-of-bounds clip moves the value, or change one of the files"
        )),
        OutOfBounds::Widen if p.kind == Kind::Log && x <= 0.0 => Err(format!(
            "{said}, and a logarithmic range cannot be widened to it; --out-of-bounds clip moves the value"
        )),
        OutOfBounds::Widen => {
            (p.low, p.high) = (p.low.min(x), p.high.max(x));
            Ok((x, Some(format!("{said}: they are {} to {} now", p.low, p.high))))
        }
        OutOfBounds::Clip => {
            let clipped = x.clamp(p.low, p.high);
            Ok((clipped, Some(format!("{said}: it counts as {clipped}"))))
        }
    }
}
