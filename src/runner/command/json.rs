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

/// Numbers that are not finite, as Python writes them; some libraries write the same in quotes.
const NOT_FINITE: [(&str, f64); 3] =
    [("NaN", f64::NAN), ("-Infinity", f64::NEG_INFINITY), ("Infinity", f64::INFINITY)];

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
    let object: IndexMap<String, Value> = serde_json::from_str(&clean_json(&quoted_nan(text))).ok()?;
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
    let entries: Vec<(&str, &Value)> = match nested {
        Some(Value::Object(inner)) => named(inner),
        Some(value) if !value.is_null() && number(value).is_some() => vec![("fitness", value)],
        _ => named(&object),
    };
    // Null may be one that was not measured this time: the end of the program tells.
    let broken = entries.iter().find_map(|(name, value)| not_finite(value.as_str()?).map(|x| (name, x)));
    if let Some((name, x)) = broken {
        return Some(Said::Diverged { epoch: count("epoch"), what: format!("{name} is {x}") });
    }
    let metrics: Metrics = entries.iter().filter_map(|(name, value)| Some((*name, number(value)?))).collect();
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

/// What of an object may be a metric.
fn named<'a>(object: impl IntoIterator<Item = (&'a String, &'a Value)>) -> Vec<(&'a str, &'a Value)> {
    let entries = object.into_iter().map(|(name, value)| (name.as_str(), value));
    entries.filter(|(name, _)| !NO_METRICS.contains(name)).collect()
}

/// A value's number; null is one that is not finite.
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(x) => x.as_f64(),
        Value::Null => Some(f64::NAN),
        Value::String(text) => not_finite(text),
        _ => None,
    }
}

fn not_finite(text: &str) -> Option<f64> {
    NOT_FINITE.iter().find(|(word, _)| *word == text).map(|(_, x)| *x)
}

/// Puts what Python writes for numbers that are not finite, which no JSON has, into quotes.
fn quoted_nan(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut rest, mut quoted) = (text, false);
    while let Some(c) = rest.chars().next() {
        let word = NOT_FINITE.iter().map(|(word, _)| *word).find(|word| !quoted && rest.starts_with(word));
        if let Some(word) = word {
            out.extend(["\"", word, "\""]);
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
    use proptest::prelude::*;

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
    fn a_metric_that_is_not_finite_ends_the_trial_where_it_is_said() {
        let diverged = |epoch, what: &str| Some(Said::Diverged { epoch, what: what.into() });
        for (text, expected) in [
            (r#"{"epoch": 3, "epochs": 9, "acc": 0.5, "loss": NaN}"#, diverged(Some(3), "loss is NaN")),
            (r#"{"epoch": 3, "metrics": {"loss": Infinity}}"#, diverged(Some(3), "loss is inf")),
            (r#"{"acc \" NaN": -Infinity}"#, diverged(None, "acc \" NaN is -inf")),
            (r#"{"result": NaN}"#, diverged(None, "fitness is NaN")),
            (r#"{"loss": "NaN"}"#, diverged(None, "loss is NaN")),
        ] {
            assert_eq!(line(text), expected, "{text}");
        }
        // What is in quotes already is text, and what is no metric says nothing of the training.
        let note = line(r#"{"epoch": 1, "acc": 1, "note": "a NaN, -Infinity \" NaN", "time": NaN}"#);
        assert!(matches!(note, Some(Said::Epoch { metrics, .. }) if metrics.0.len() == 1));
    }

    #[test]
    fn null_is_not_finite_only_where_it_is_the_last_word() {
        let Some(Said::Epoch { metrics, .. }) = line(r#"{"epoch": 1, "loss": 1, "auc": null}"#) else {
            panic!("not an epoch")
        };
        assert!(metrics.get("auc").unwrap().is_nan());
    }

    proptest! {
        #[test]
        fn json_stays_what_it_was(text in "\\PC{0,30}", x in -1e9..1e9) {
            let object = serde_json::json!({ text.clone(): x, "note": [&text, "NaN"] }).to_string();
            prop_assert_eq!(quoted_nan(&object), object);
        }
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
