//! A line of `tune_results.ndjson` as a record: `iteration`, `fitness`, `hyperparameters`, and `datasets` with the metrics
//! of each data set, as Ultralytics' tuner writes it.

use serde_json::{Map, Value};

/// A JSON object with the line that it stands on.
type Record = (usize, Map<String, Value>);

/// A line's object. What Python's `json` writes for numbers that JSON lacks is the text that it writes (`NaN`).
pub fn object(line: &str) -> Option<Map<String, Value>> {
    serde_json::from_str(line).or_else(|_| serde_json::from_str(&quoted(line))).ok()
}

/// `NaN`, `Infinity` and `-Infinity` outside texts, in quotes.
fn quoted(line: &str) -> String {
    let mut out = String::new();
    // Every other piece lies within quotes; a quote after a backslash ends none.
    let mut rest = line;
    while let Some(at) = rest.find('"') {
        let end = text_end(&rest[at + 1..]).map_or(rest.len(), |end| at + 1 + end);
        out += &words(&rest[..at]);
        out += &rest[at..end];
        rest = &rest[end..];
    }
    out + &words(rest)
}

/// Where a text that has begun ends, after its closing quote.
fn text_end(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(at, c)| {
        let closes = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        closes.then_some(at + 1)
    })
}

fn words(text: &str) -> String {
    let plain = text.replace("-Infinity", "\u{0}").replace("Infinity", "\"Infinity\"");
    plain.replace('\u{0}', "\"-Infinity\"").replace("NaN", "\"NaN\"")
}

/// Leaves each record one result: its own `fitness` before its data set's, and alone where the file has records of
/// several data sets, whose metrics are no one row. A training that failed has none: its zeros stand for nothing.
/// Returns what was left out.
pub fn one_result_each(records: &mut Vec<Record>) -> Vec<String> {
    let mut notices = Vec::new();
    records.retain(|(line, record)| {
        let failed = record.get("failed_datasets").and_then(Value::as_array).into_iter().flatten();
        let failed: Vec<&str> = failed.filter_map(Value::as_str).collect();
        if !failed.is_empty() {
            notices.push(format!("line {line}: training failed on {}; it was left out", failed.join(", ")));
        }
        failed.is_empty()
    });
    let data_sets =
        |record: &Map<String, Value>| record.get("datasets").and_then(Value::as_object).map_or(0, Map::len);
    let several = records.iter().any(|(_, record)| data_sets(record) > 1);
    if several {
        notices.push(
            "it has results of several data sets; the fitness over all of them stands for their metrics"
                .into(),
        );
    }
    for (_, record) in records {
        record.remove("save_dirs");
        record.remove("iteration");
        if several {
            record.remove("datasets");
        }
        let own = record.contains_key("fitness");
        let data_sets = record.get_mut("datasets").and_then(Value::as_object_mut);
        for data_set in data_sets.into_iter().flat_map(Map::values_mut).filter_map(Value::as_object_mut) {
            if own {
                data_set.remove("fitness");
            }
        }
    }
    notices
}
