//! Spans of time as people write them.

use crate::cli::exit::Told;

/// Seconds in `90`, `90s`, `15m`, `11h30m`, `2d`.
pub fn seconds(option: &str, text: &str) -> anyhow::Result<u64> {
    let wrong = || {
        Told::usage(format!("{option} {text}: not a span of time; write seconds, or 90s, 15m, 11h30m, 2d"))
    };
    let (mut total, mut digits) = (0u64, String::new());
    for c in text.chars() {
        let unit = match c {
            '0'..='9' => {
                digits.push(c);
                continue;
            }
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            _ => return Err(wrong()),
        };
        let count: u64 = digits.parse().map_err(|_| wrong())?;
        total = count.checked_mul(unit).and_then(|more| total.checked_add(more)).ok_or_else(wrong)?;
        digits.clear();
    }
    if !digits.is_empty() {
        let rest: u64 = digits.parse().map_err(|_| wrong())?;
        total = total.checked_add(rest).ok_or_else(wrong)?;
    }
    if total == 0 { Err(wrong()) } else { Ok(total) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_as_people_write_them() {
        for (text, expected) in [("90", 90), ("90s", 90), ("15m", 900), ("11h30m", 41_400), ("2d", 172_800)] {
            assert_eq!(seconds("--time-limit", text).unwrap(), expected);
        }
        for text in ["", "h", "1x", "-5", "99999999999999999999", "0"] {
            assert!(seconds("--time-limit", text).is_err(), "{text}");
        }
    }
}
