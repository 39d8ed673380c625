//! A space file with proposed bounds for any hyp file: what `evotop hyp init` prints.

use std::fmt::Write;

use super::yaml::{Source, SpaceError};
use super::{Kind, Scalar, builtin, file, hyp, number};

/// A space file for this hyp file. Names that YOLO knows get YOLO's bounds, if the value lies in them; other positive
/// numbers a tenth to ten times their value on a logarithmic scale, whole numbers the like, 0 the range 0 to 1.
/// What cannot be searched is listed as a comment.
///
/// # Errors
/// Where the hyp file cannot be read.
pub fn propose(source: &Source) -> Result<String, SpaceError> {
    let known = builtin::space("yolov5").map(|s| file::read(&s)).transpose()?.unwrap_or_default();
    let mut text = format!(
        "# Proposed for {}: gain, low, high. Look at every bound before you trust it.\n",
        source.name
    );
    for (name, value) in hyp::read(source)? {
        let yolo = known.iter().find(|r| r.name == name && r.kind == Kind::Float);
        let line = match (yolo, &value) {
            (Some(r), value) if value.number().is_some_and(|x| (r.low..=r.high).contains(&x)) => {
                let [gain, low, high] = [r.gain, r.low, r.high].map(number::yaml);
                format!("{name}: [{gain}, {low}, {high}]")
            }
            (_, Scalar::Int(n)) if *n > 0 => {
                format!("{name}: {{kind: int, low: {}, high: {}}}", (n / 4).max(1), n.saturating_mul(4))
            }
            (_, Scalar::Float(x)) if *x > 0.0 => {
                let [low, high] = [x / 10.0, x * 10.0].map(|x| number::yaml(number::significant(x, 3)));
                format!("{name}: {{kind: log, low: {low}, high: {high}}}")
            }
            (_, Scalar::Float(0.0) | Scalar::Int(0)) => format!("{name}: [1.0, 0.0, 1.0]"),
            (_, Scalar::Bool(_)) => format!("{name}: {{kind: choice, options: [false, true]}}"),
            (_, value) => format!("# {name} stays {value}: name its options to search it"),
        };
        let _ = writeln!(text, "{line}");
    }
    Ok(text)
}
