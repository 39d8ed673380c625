//! A live file as text: written fresh, or a person's own text with the values that changed put in.

use std::fmt::Write;

use super::leaves::{self, File, Leaf, Leaves, shown};
use crate::evolve::{Rule, Settings, StrategyKind};
use crate::space::number::yaml;
use crate::space::{Kind, Param, Scalar, Source, Space, hyp};

const REVISION: &str = "# revision:";

/// The revision that a text says it was written at.
pub(super) fn revision(text: &str) -> Option<u32> {
    text.lines().find_map(|line| line.trim().strip_prefix(REVISION)?.trim().parse().ok())
}

/// A key, its value as text, and a remark behind it.
type Line = (String, String, String);

/// The text of a file that is not there yet.
pub(super) fn fresh(file: File, space: &Space, settings: &Settings, revision: u32) -> String {
    let mut text = format!("{}\n{REVISION} {revision}\n\n", head(file));
    let lines = lines(file, space, settings);
    let width = lines.iter().map(|(key, value, _)| key.len() + value.len() + 2).filter(|n| *n < 60).max();
    for (key, value, remark) in &lines {
        let line = format!("{}: {value}", key_text(key));
        let _ = if remark.is_empty() {
            writeln!(text, "{line}")
        } else {
            writeln!(text, "{line:width$}  # {remark}", width = width.unwrap_or_default())
        };
    }
    text
}

/// `text` with the values that differ from `wanted` put in, its comments kept; fresh where that cannot be done.
pub(super) fn renewed(file: File, text: &str, space: &Space, settings: &Settings, revision: u32) -> String {
    let source = |text: &str| Source { name: file.name().to_owned(), text: text.to_owned() };
    let wanted = leaves::of(file, space, settings);
    let touched = leaves::read(file, &source(text), space)
        .map(|found| retouched(file, text, &found, &wanted, space, settings, revision));
    touched
        .ok()
        .filter(|text| leaves::read(file, &source(text), space).is_ok_and(|found| same(&found, &wanted)))
        .unwrap_or_else(|| fresh(file, space, settings, revision))
}

fn same(a: &Leaves, b: &Leaves) -> bool {
    a.len() == b.len() && a.iter().all(|(place, leaf)| b.get(place) == Some(leaf))
}

fn retouched(
    file: File,
    text: &str,
    found: &Leaves,
    wanted: &Leaves,
    space: &Space,
    settings: &Settings,
    revision: u32,
) -> String {
    let mut out: Vec<String> = text.lines().map(str::to_owned).collect();
    let differs =
        |key: &str| wanted.iter().any(|(place, leaf)| place.0 == key && found.get(place) != Some(leaf));
    for (key, value, _) in lines(file, space, settings).into_iter().filter(|(key, ..)| differs(key)) {
        match entry(&out, &key) {
            Some((first, last)) => {
                let line = &out[first];
                let colon = colon(line, &key).unwrap_or(line.len());
                let remark = if first == last { remark(&line[colon..]) } else { "" };
                let new = format!("{} {value}{remark}", &line[..colon]);
                out.splice(first..=last, [new]);
            }
            None => out.push(format!("{}: {value}", key_text(&key))),
        }
    }
    let stamp = format!("{REVISION} {revision}");
    match out.iter_mut().find(|line| line.trim().starts_with(REVISION)) {
        Some(line) => *line = stamp,
        None => out.insert(0, stamp),
    }
    out.join("\n") + "\n"
}

/// First and last line of a key's entry: the lines below that are indented belong to it.
fn entry(lines: &[String], key: &str) -> Option<(usize, usize)> {
    let first = lines.iter().position(|line| colon(line, key).is_some())?;
    let below = lines[first + 1..].iter().take_while(|line| line.is_empty() || line.starts_with([' ', '\t']));
    let indented = below.enumerate().filter(|(_, line)| !line.trim().is_empty()).map(|(i, _)| i + 1).last();
    Some((first, first + indented.unwrap_or(0)))
}

/// Where the value begins on a key's line: behind its colon.
fn colon(line: &str, key: &str) -> Option<usize> {
    let rest = line.trim_start_matches(['"', '\'']).strip_prefix(key)?;
    let after = rest.trim_start_matches(['"', '\'']).trim_start().strip_prefix(':')?;
    (after.is_empty() || after.starts_with([' ', '\t'])).then(|| line.len() - after.len())
}

/// A comment at the end of a value, with the space before it.
fn remark(value: &str) -> &str {
    let (mut quote, mut before) = (None, ' ');
    for (at, c) in value.char_indices() {
        match (quote, c) {
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            (None, '#') if before.is_whitespace() => return &value[value[..at].trim_end().len()..],
            _ => {}
        }
        before = c;
    }
    ""
}

fn head(file: File) -> &'static str {
    match file {
        File::Settings => {
            "# How the search goes on. Edit and save: it applies from the next proposal.\n\
             # A mistake is reported in the session's log and changes nothing. A line that is left out stays as it is."
        }
        File::Space => {
            "# What is searched: name: [gain, low, high]. Edit and save: it applies from the next proposal.\n\
             # A gain of 0 holds a parameter still."
        }
        File::Hyp => {
            "# Values. Edit and save. Where a parameter is pinned, the pin moves; where its gain is 0, that is its value\n\
             # from now on; where it is free, the value is used in the next proposal only, since children come from\n\
             # parents: hold it with a pin in settings.yaml."
        }
    }
}

fn lines(file: File, space: &Space, settings: &Settings) -> Vec<Line> {
    match file {
        File::Settings => setting_lines(space, settings),
        File::Space => space.params.iter().map(|p| (p.name.clone(), range(p), String::new())).collect(),
        File::Hyp => {
            let searched = space.params.iter().map(|p| (&p.name, p.scalar(shown(p)), ""));
            let fixed = space.fixed.iter().map(|(name, value)| (name, value.clone(), "not searched"));
            let line = |(name, value, remark): (&String, Scalar, &str)| {
                (name.clone(), hyp::in_yaml(&value), remark.to_owned())
            };
            searched.chain(fixed).map(line).collect()
        }
    }
}

fn setting_lines(space: &Space, s: &Settings) -> Vec<Line> {
    let line = |key: &str, value: String, remark: &str| (key.to_owned(), value, remark.to_owned());
    let pins = space.params.iter().filter_map(|p| Some((&p.name, hyp::in_yaml(&p.scalar(p.pin?)))));
    let rule = |rule: Rule| {
        let value = s.rules.get(rule).map_or_else(|| format!("'{}'", rule.without()), |x| x.to_string());
        line(rule.name(), value, rule.doc())
    };
    let first = vec![
        line("strategy", s.strategy.name().into(), &StrategyKind::ALL.map(StrategyKind::name).join(", ")),
        line("parent", s.parent.name().into(), "single, weighted"),
        line("top", s.top.to_string(), "how many of the best may be parents"),
        line("sigma", yaml(s.sigma), "standard deviation of a mutation"),
        line("probability", yaml(s.probability), "mutation probability of a gene, 0.01 to 1"),
        line("method", s.method.to_string(), "mutation method of yolov3: 1, 2, 3"),
        line("generations", s.generations.to_string(), "how many trials the run is to have"),
        line("prune", format!("'{}'", s.prune.name()), "'off', median, asha"),
    ];
    let last = [
        line("fitness", flow(s.fitness.0.iter().map(|(name, w)| (name, yaml(*w)))), ""),
        line("pins", flow(pins), "{lr0: 0.01} holds lr0 still"),
    ];
    first.into_iter().chain(Rule::ALL.map(rule)).chain(last).collect()
}

fn flow<'a>(entries: impl Iterator<Item = (&'a String, String)>) -> String {
    let entries: Vec<String> = entries.map(|(name, value)| format!("{}: {value}", key_text(name))).collect();
    format!("{{{}}}", entries.join(", "))
}

fn key_text(key: &str) -> String {
    hyp::in_yaml(&Scalar::Text(key.to_owned()))
}

fn range(p: &Param) -> String {
    let (gain, low, high) = (yaml(p.gain), yaml(p.low), yaml(p.high));
    match &p.kind {
        Kind::Float => format!("[{gain}, {low}, {high}]"),
        Kind::Int => format!("{{kind: int, gain: {gain}, low: {low}, high: {high}}}"),
        Kind::Log => format!("{{kind: log, gain: {gain}, low: {low}, high: {high}}}"),
        Kind::Choice(options) => {
            let options: Vec<String> = options.iter().map(hyp::in_yaml).collect();
            format!("{{kind: choice, gain: {gain}, options: [{}]}}", options.join(", "))
        }
    }
}

/// A value in words, for a remark about it.
pub(super) fn in_words(leaf: &Leaf) -> String {
    match leaf {
        Leaf::Number(x) => format!("{x}"),
        Leaf::Word(text) => text.clone(),
        Leaf::Weights(w) => flow(w.0.iter().map(|(name, w)| (name, yaml(*w)))),
        Leaf::Absent => "not pinned".into(),
    }
}
