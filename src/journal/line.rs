//! One entry as one line of text, and back.
//!
//! ```text
//! {"seq":12,"time":1764000000000,"event":{"closed":{"why":"complete"}},"crc":"5e1f09aa"}
//! ```
//! The crc is the crc32 of the line without its crc field: everything before `,"crc"`, and a `}`.

use serde::Deserialize;
use thiserror::Error;

use super::{Entry, Event};

const CRC_OPEN: &[u8] = b",\"crc\":\"";
const CRC_CLOSE: &[u8] = b"\"}";
const CRC_DIGITS: usize = 8;
const CRC_FIELD: usize = CRC_OPEN.len() + CRC_DIGITS + CRC_CLOSE.len();

/// Why a line is not an entry.
#[derive(Debug, Error)]
pub(super) enum LineError {
    #[error("it does not end with a crc")]
    NoCrc,
    #[error("its crc is {found} and should be {right}: it was damaged or altered")]
    Crc { found: String, right: String },
    #[error("it is not an entry of a journal: {0}")]
    Json(#[from] serde_json::Error),
}

/// Appends the entry's line, with its newline.
pub(super) fn write(entry: &Entry, out: &mut Vec<u8>) -> Result<(), LineError> {
    let start = out.len();
    serde_json::to_writer(&mut *out, entry)?;
    let crc = crc32fast::hash(&out[start..]);
    out.pop();
    out.extend_from_slice(CRC_OPEN);
    out.extend_from_slice(format!("{crc:08x}").as_bytes());
    out.extend_from_slice(CRC_CLOSE);
    out.push(b'\n');
    Ok(())
}

/// Reads a line, without its newline.
pub(super) fn read(line: &[u8]) -> Result<Entry, LineError> {
    check(line)?;
    serde_json::from_slice(line).or_else(|error| unknown(line).ok_or(LineError::Json(error)))
}

/// The journal's version, from its first line: read before anything else of it, since all else may be new.
pub(super) fn version(line: &[u8]) -> Option<u32> {
    #[derive(Deserialize)]
    struct First {
        event: Created,
    }
    #[derive(Deserialize)]
    struct Created {
        created: Version,
    }
    #[derive(Deserialize)]
    struct Version {
        version: u32,
    }
    serde_json::from_slice::<First>(line).ok().map(|first| first.event.created.version)
}

fn check(line: &[u8]) -> Result<(), LineError> {
    let at = line.len().checked_sub(CRC_FIELD).ok_or(LineError::NoCrc)?;
    let (body, field) = line.split_at(at);
    let digits = field
        .strip_prefix(CRC_OPEN)
        .and_then(|rest| rest.strip_suffix(CRC_CLOSE))
        .and_then(|digits| std::str::from_utf8(digits).ok())
        .ok_or(LineError::NoCrc)?;
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(body);
    hasher.update(b"}");
    let right = format_args!("{:08x}", hasher.finalize()).to_string();
    if digits == right {
        Ok(())
    } else {
        Err(LineError::Crc { found: digits.escape_debug().to_string(), right })
    }
}

/// An event that a newer evotop added, and that can be ignored since the version stayed: it becomes a note, so
/// that the numbers go on and the log says so.
fn unknown(line: &[u8]) -> Option<Entry> {
    #[derive(Deserialize)]
    struct Loose {
        seq: u64,
        time: i64,
        event: serde_json::Value,
    }
    let Loose { seq, time, event } = serde_json::from_slice(line).ok()?;
    let name = match &event {
        serde_json::Value::String(name) => name.clone(),
        serde_json::Value::Object(fields) => fields.keys().next()?.clone(),
        _ => return None,
    };
    let probe = serde_json::json!({ &name: null });
    let error = serde_json::from_value::<Event>(probe).err()?.to_string();
    let text = format!("an event of a newer evotop, not understood here: {name}");
    error.contains(&format!("unknown variant `{name}`")).then_some(Entry {
        seq,
        time,
        event: Event::Note { text },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(event: Event) -> Vec<u8> {
        let mut out = Vec::new();
        write(&Entry { seq: 12, time: 1_764_000_000_000, event }, &mut out).unwrap();
        assert_eq!(out.pop(), Some(b'\n'));
        out
    }

    #[test]
    fn a_line_reads_back_and_a_person_can_read_it() {
        let text = line(Event::Closed { why: "complete".into() });
        let shown = String::from_utf8(text.clone()).unwrap();
        assert!(
            shown.starts_with(
                r#"{"seq":12,"time":1764000000000,"event":{"closed":{"why":"complete"}},"crc":""#
            ),
            "{shown}"
        );
        let entry = read(&text).unwrap();
        assert_eq!((entry.seq, entry.event), (12, Event::Closed { why: "complete".into() }));
    }

    #[test]
    fn any_altered_byte_is_noticed() {
        let good = line(Event::Note { text: "lr0 0.01".into() });
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            assert!(read(&bad).is_err(), "byte {at} altered: {}", String::from_utf8_lossy(&bad));
        }
    }

    #[test]
    fn an_event_added_later_is_a_note_and_a_damaged_known_one_an_error() {
        let with = |event: &str| {
            let body = format!(r#"{{"seq":3,"time":5,"event":{event}}}"#);
            let crc = crc32fast::hash(body.as_bytes());
            format!(r#"{},"crc":"{crc:08x}"}}"#, &body[..body.len() - 1]).into_bytes()
        };
        let Event::Note { text } = read(&with(r#"{"tea-break":{"minutes":5}}"#)).unwrap().event else {
            panic!("not a note")
        };
        assert!(text.contains("tea-break"));
        assert!(read(&with(r#"{"closed":{"reason":5}}"#)).is_err());
        assert!(read(&with(r#"{"mode":{"mode":"asleep","who":null}}"#)).is_err());
    }
}
