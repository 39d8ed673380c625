//! Amounts of room as people write them.

/// Bytes in `500M`, `20G`, `1.5GB`, `0`.
pub fn bytes(text: &str) -> Result<u64, String> {
    let wrong = || format!("{text}: not a size; write 500M, 20G, 1.5T, or bytes");
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor = match unit.trim().to_ascii_uppercase().trim_end_matches('B').trim_end_matches('I') {
        "" => 1.0,
        "K" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        _ => return Err(wrong()),
    };
    let bytes = number.parse::<f64>().map_err(|_| wrong())? * factor;
    if bytes.is_finite() && bytes < 1e18 { Ok(bytes as u64) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_people_write_them() {
        for (text, expected) in [
            ("0", 0),
            ("500M", 500_000_000),
            ("20g", 20_000_000_000),
            ("1.5 GB", 1_500_000_000),
            ("4KiB", 4000),
        ] {
            assert_eq!(bytes(text), Ok(expected), "{text}");
        }
        for text in ["", "M", "-1G", "10X", "1.2.3G", "1e9"] {
            assert!(bytes(text).unwrap_err().contains("500M"), "{text}");
        }
    }
}
