//! A hyp file and a space file, joined by name into a [`Space`].
//!
//! A space key that the hyp file lacks takes its recipe's documented default, with a notice; a hyp key without a
//! space entry is fixed and passed on. What lies outside its bounds is never clipped silently.

use indexmap::IndexMap;

use super::bounds::{OutOfBounds, within};
use super::file::Range;
use super::hyp::Hyp;
use super::yaml::{Source, SpaceError};
use super::{Kind, Param, Scalar, Space, file, hyp};

/// What a recipe does about keys that a hyp file lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Defaults {
    /// YOLOv5 v7.0: `anchors` 3, appended last; `copy_paste` 0.
    Yolov5,
    /// YOLOv5 2021-03: `anchors` is not evolved; `copy_paste` 0.
    Yolov5March2021,
    /// None is known: it is an error.
    None,
}

/// Joins a hyp file and a space file. Returns the space and what is to be told about it.
///
/// # Errors
/// Names file, line, value and remedy.
pub fn load(
    hyp_source: &Source,
    space_source: &Source,
    defaults: Defaults,
    outside: OutOfBounds,
) -> Result<(Space, Vec<String>), SpaceError> {
    let (mut hyp, ranges) = (hyp::read(hyp_source)?, file::read(space_source)?);
    let mut notices = Vec::new();
    let mut searched: IndexMap<String, Range> = ranges.into_iter().map(|r| (r.name.clone(), r)).collect();
    for name in searched.keys().cloned().collect::<Vec<_>>() {
        if hyp.contains_key(&name) {
            continue;
        }
        match (defaults, name.as_str()) {
            (Defaults::Yolov5March2021, "anchors") => {
                searched.shift_remove(&name);
                notices.push(format!("{}: anchors is not there and not evolved", hyp_source.name));
            }
            (Defaults::Yolov5, "anchors") => added(&mut hyp, hyp_source, &name, 3.0, &mut notices),
            (Defaults::Yolov5 | Defaults::Yolov5March2021, "copy_paste") => {
                added(&mut hyp, hyp_source, &name, 0.0, &mut notices);
            }
            _ => {
                return Err(space_source.wrong(
                    &name,
                    format!("{name} is searched, but {} has no value for it: add a line `{name}: VALUE` there, or leave it out here", hyp_source.name),
                ));
            }
        }
    }
    let mut space = Space::default();
    for (name, value) in hyp {
        match searched.get(&name) {
            Some(range) => space.params.push(param(hyp_source, range, &value, outside, &mut notices)?),
            None => {
                space.fixed.insert(name, value);
            }
        }
    }
    if !space.fixed.is_empty() {
        let names: Vec<&str> = space.fixed.keys().map(String::as_str).collect();
        notices.push(format!("fixed, since {} has no range for it: {}", space_source.name, names.join(", ")));
    }
    Ok((space, notices))
}

fn added(hyp: &mut Hyp, source: &Source, name: &str, value: f64, notices: &mut Vec<String>) {
    notices.push(format!("{}: no {name}, it starts at {value}", source.name));
    hyp.insert(name.into(), Scalar::Float(value));
}

fn param(
    source: &Source,
    range: &Range,
    value: &Scalar,
    outside: OutOfBounds,
    notices: &mut Vec<String>,
) -> Result<Param, SpaceError> {
    let Range { name, gain, low, high, kind } = range.clone();
    let mut param = Param { name, value: 0.0, gain, low, high, kind, pin: None };
    let name = param.name.clone();
    let x = param.read(value).ok_or_else(|| {
        let why = match &param.kind {
            Kind::Choice(options) => {
                let known: Vec<String> = options.iter().map(ToString::to_string).collect();
                format!("is not one of {}", known.join(", "))
            }
            Kind::Int if value.number().is_some() => "has to be a whole number".into(),
            _ => "is searched, so a number is wanted".into(),
        };
        source.wrong(&name, format!("{name} = {value} {why}"))
    })?;
    let (x, said) = within(&mut param, x, outside).map_err(|why| source.wrong(&name, why))?;
    param.value = x;
    notices.extend(said);
    Ok(param)
}

/// Reads `lr=3e-4[1e-6..1e-2,log]`, `layers=3[1..8,int]`, `opt=SGD[SGD|Adam|AdamW]`: a parameter without any file.
///
/// # Errors
/// Says what is wrong with it, and how it is written.
pub fn parse_param(text: &str) -> Result<Param, SpaceError> {
    let wrong = |what: &str| {
        SpaceError::Param(format!(
            "--param {text}: {what}; write NAME=START[LOW..HIGH], [LOW..HIGH,log], [LOW..HIGH,int] or NAME=A[A|B|C]"
        ))
    };
    let (name, rest) = text.split_once('=').ok_or_else(|| wrong("no = in it"))?;
    let (start, range) = rest
        .strip_suffix(']')
        .and_then(|r| r.split_once('['))
        .ok_or_else(|| wrong("no [range] at its end"))?;
    let named = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "_-.".contains(c));
    if !named {
        return Err(wrong("the name has other characters than letters, digits, _ - ."));
    }
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|x| x.is_finite());
    let (low, high, kind) = if let Some((low, high)) = range.split_once("..") {
        let (high, kind) = high.split_once(',').unwrap_or((high, "float"));
        let kind = match kind.trim() {
            "float" => Kind::Float,
            "int" => Kind::Int,
            "log" => Kind::Log,
            _ => return Err(wrong("the kind is not float, int or log")),
        };
        let bounds = number(low).zip(number(high)).ok_or_else(|| wrong("the bounds are not numbers"))?;
        (bounds.0, bounds.1, kind)
    } else {
        let options: Vec<Scalar> =
            range.split('|').map(|o| serde_yaml::from_str(o).unwrap_or(Scalar::Text(o.into()))).collect();
        if options.len() < 2 {
            return Err(wrong("the range is neither LOW..HIGH nor options with | between them"));
        }
        (0.0, (options.len() - 1) as f64, Kind::Choice(options))
    };
    file::check(1.0, low, high, &kind).map_err(|what| wrong(&what))?;
    let mut param = Param { name: name.into(), value: 0.0, gain: 1.0, low, high, kind, pin: None };
    param.value = param.parse(start).ok_or_else(|| wrong("the start value is not one the range has"))?;
    if param.admits(param.value) { Ok(param) } else { Err(wrong("the start value is outside the range")) }
}
