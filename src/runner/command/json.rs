//! JSON lines of a program that is run once for each trial.
//!
//! `{"epoch": 3, "epochs": 10, "acc": 0.41}` is an epoch, `{"acc": 0.62}` a result; metrics may also stand in
//! `"metrics": {...}`. The worker protocol's `epoch`, `result`, `diverged` and `error` are understood too, without `trial`.

use indexmap::IndexMap;
use serde_json::Value;

use crate::clean::clean_json;
use crate::trial::{FailureClass, Metrics};

/// Numbers that are no metrics.
const NO_METRICS: [&str; 10] =
    ["epoch", "epochs", "step", "steps", "time", "seconds", "trial", "timestamp", "batch", "batches"];

/// What a JSON line says.
#[derive(Debug, Clone, PartialEq)]
pub enum Said {
    Epoch { epoch: Option<u32>, epochs: Option<u32>, metrics: Metrics },
    Result(Metrics),
    Diverged { epoch: Option<u32>, what: String },
    Error { class: FailureClass, message: String },
}

/// What this line says; nothing where it is no JSON object, or has no number in it.
pub fn line(text: &str) -> Option<Said> {
    let text = text.trim();
    if !text.starts_with('{') || !text.ends_with('}') {
        return None;
    }
    let object: IndexMap<String, Value> = serde_json::from_str(&clean_json(&null_for_nan(text))).ok()?;
    let count = |name: &str| object.get(name).and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok());
    let word = |name: &str| object.get(name).and_then(Value::as_str);
    match word("type") {
        Some("diverged") => {
            let what = word("what").unwrap_or("it says so").to_owned();
            return Some(Said::Diverged { epoch: count("epoch"), what });
        }
        Some("error") => {
            let class = object.get("class").and_then(|class| serde_json::from_value(class.clone()).ok());
            let message = word("message").unwrap_or("it says so").to_owned();
            return Some(Said::Error { class: class.unwrap_or(FailureClass::Crash), message });
        }
        Some("result" | "epoch") | None => {}
        Some(_) => return None,
    }
    let nested = ["metrics", "result"].iter().find_map(|name| object.get(*name));
    let metrics = match nested {
        Some(Value::Object(inner)) => metrics(inner.iter()),
        Some(Value::Number(x)) => [("fitness", x.as_f64().unwrap_or(f64::NAN))].into_iter().collect(),
        _ => metrics(object.iter()),
    };
    if metrics.0.is_empty() {
        return None;
    }
    let is_epoch = object.contains_key("epoch") && word("type") != Some("result");
    Some(if is_epoch {
        Said::Epoch { epoch: count("epoch"), epochs: count("epochs"), metrics }
    } else {
        Said::Result(metrics)
    })
}

/// The numbers in an object; null is one that is not finite.
fn metrics<'a>(entries: impl Iterator<Item = (&'a String, &'a Value)>) -> Metrics {
    let number = |value: &Value| match value {
        Value::Number(x) => x.as_f64(),
        Value::Null => Some(f64::NAN),
        _ => None,
    };
    entries
        .filter(|(name, _)| !NO_METRICS.contains(&name.as_str()))
        .filter_map(|(name, value)| Some((name.clone(), number(value)?)))
        .collect()
}

/// Python writes `NaN` and `Infinity` into its JSON; neither is.
fn null_for_nan(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut rest, mut quoted) = (text, false);
    while let Some(c) = rest.chars().next() {
        let word = ["NaN", "-Infinity", "Infinity"].iter().find(|word| !quoted && rest.starts_with(**word));
        if let Some(word) = word {
            out.push_str("null");
            rest = &rest[word.len()..];
            continue;
        }
        let taken =
            if quoted && c == '\\' { rest.chars().take(2).map(char::len_utf8).sum() } else { c.len_utf8() };
        quoted ^= c == '"';
        out.push_str(&rest[..taken]);
        rest = &rest[taken..];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn epochs_and_results_are_told_apart() {
        let Some(Said::Epoch { epoch, epochs, metrics }) =
            line(r#"{"epoch": 3, "epochs": 10, "acc": 0.5, "time": 4}"#)
        else {
            panic!("not an epoch")
        };
        assert_eq!((epoch, epochs, metrics.0.len(), metrics.get("acc")), (Some(3), Some(10), 1, Some(0.5)));
        let acc = |text: &str| match line(text) {
            Some(Said::Result(metrics)) => metrics.get("acc"),
            _ => None,
        };
        assert_eq!(acc(r#"{"acc": 0.5, "note": "done"}"#), Some(0.5));
        assert_eq!(acc(r#"{"metrics": {"acc": 0.5}}"#), Some(0.5));
        assert_eq!(acc(r#"{"type":"result","trial":3,"metrics":{"acc":0.5}}"#), Some(0.5));
        let Some(Said::Result(one)) = line(r#"{"result": 0.25}"#) else { panic!("not a result") };
        assert_eq!(one.get("fitness"), Some(0.25));
    }

    #[test]
    fn what_python_writes_for_nan_is_not_finite() {
        let Some(Said::Result(metrics)) = line(r#"{"a": NaN, "b": -Infinity, "c \" NaN": 1}"#) else {
            panic!("not understood")
        };
        assert!(metrics.get("a").unwrap().is_nan() && metrics.get("b").unwrap().is_nan());
        assert_eq!(metrics.get("c \" NaN"), Some(1.0));
    }

    #[test]
    fn ordinary_output_is_no_result() {
        for text in [
            "{'lr': 0.1}",
            "{}",
            "{not json}",
            r#"{"name": "x"}"#,
            "acc 0.5",
            r#"{"type":"batch","batch":3}"#,
        ] {
            assert_eq!(line(text), None, "{text}");
        }
    }

    #[test]
    fn a_program_can_say_what_went_wrong() {
        assert_eq!(
            line(r#"{"type":"diverged","epoch":2,"what":"loss is NaN"}"#),
            Some(Said::Diverged { epoch: Some(2), what: "loss is NaN".into() })
        );
        assert_eq!(
            line(r#"{"type":"error","class":"out-of-memory","message":"no"}"#),
            Some(Said::Error { class: FailureClass::OutOfMemory, message: "no".into() })
        );
    }
}
