//! Amounts of room, as people write them and as they read them.

/// Bytes in `500M`, `20G`, `1.5GB`, `0`.
///
/// # Errors
/// Where it is not a size.
pub fn read(text: &str) -> Result<u64, String> {
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

/// In few cells: `512 MB`, `1.1 GB`.
pub fn short(bytes: u64) -> String {
    let n = bytes as f64;
    match n {
        _ if n < 1e6 => format!("{:.0} KB", n / 1e3),
        _ if n < 1e9 => format!("{:.0} MB", n / 1e6),
        _ if n < 1e11 => format!("{:.1} GB", n / 1e9),
        _ => format!("{:.0} GB", n / 1e9),
    }
}

/// What a file or a directory takes: `17.3 MB`.
pub fn taken(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

/// What is free or asked for on a disk, in whole megabytes as long as these are few: `16 MB`. Rounded up, so that a limit
/// is never said to be less than it is.
pub fn free(bytes: u64) -> String {
    if bytes < 10_000_000_000 {
        format!("{} MB", bytes.div_ceil(1_000_000))
    } else {
        format!("{:.1} GB", bytes as f64 / 1e9)
    }
}

/// A GPU's memory, as its driver and its users count it: `11.0 GiB`.
pub fn gibibytes(bytes: u64) -> String {
    format!("{:.1} GiB", bytes as f64 / f64::from(1 << 30))
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
            assert_eq!(read(text), Ok(expected), "{text}");
        }
        for text in ["", "M", "-1G", "10X", "1.2.3G", "1e9"] {
            assert!(read(text).unwrap_err().contains("500M"), "{text}");
        }
    }

    #[test]
    fn sizes_are_written_for_the_place_they_stand_in() {
        assert_eq!([800_000, 512_000_000, 1_100_000_000].map(short), ["800 KB", "512 MB", "1.1 GB"]);
        assert_eq!([15_000_001, 9_999_000_000, 12_340_000_000].map(free), ["16 MB", "9999 MB", "12.3 GB"]);
        assert_eq!((taken(17_260_000), gibibytes(11 << 30)), ("17.3 MB".into(), "11.0 GiB".into()));
    }
}
