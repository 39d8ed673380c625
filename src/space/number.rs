//! Numbers as text: floats that PyYAML reads back as floats.

/// `x` in the shortest form that reads back as the same number, and as a float in PyYAML: YAML 1.1 wants a
/// point before the exponent and a sign after it, so `1e-6` would be a string there and is written `1.0e-06`.
pub fn yaml(x: f64) -> String {
    if x.is_nan() {
        return ".nan".into();
    }
    if x.is_infinite() {
        return if x > 0.0 { ".inf".into() } else { "-.inf".into() };
    }
    let size = x.abs();
    if size != 0.0 && !(1e-4..1e16).contains(&size) {
        let text = format!("{x:e}");
        if let Some((digits, exponent)) = text.split_once('e') {
            let point = if digits.contains('.') { "" } else { ".0" };
            let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |rest| ('-', rest));
            return format!("{digits}{point}e{sign}{exponent:0>2}");
        }
    }
    let text = format!("{x}");
    if text.contains('.') { text } else { text + ".0" }
}

/// `x` as C's `%.{digits}g` writes it: `0.01`, `1.2346e+05`, `1e-06`, `nan`.
pub fn general(x: f64, digits: usize) -> String {
    if x.is_nan() {
        return "nan".into();
    }
    if x.is_infinite() {
        return if x > 0.0 { "inf".into() } else { "-inf".into() };
    }
    let precision = digits.max(1);
    let scientific = format!("{x:.*e}", precision - 1);
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let trimmed = |text: &str| {
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }.to_owned()
    };
    if (-4..precision as i32).contains(&exponent) {
        let decimals = (precision as i32 - 1 - exponent).max(0) as usize;
        return trimmed(&format!("{x:.decimals$}"));
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{}e{sign}{:02}", trimmed(digits), exponent.abs())
}

/// `x` rounded to `digits` significant decimal digits, correctly (through the decimal text).
pub fn significant(x: f64, digits: usize) -> f64 {
    if x == 0.0 || !x.is_finite() {
        return x;
    }
    format!("{x:.*e}", digits.saturating_sub(1)).parse().unwrap_or(x)
}

/// `x` rounded to `places` decimals, correctly (through the decimal text, as Python's `round` does).
pub fn decimals(x: f64, places: usize) -> f64 {
    format!("{x:.places$}").parse().unwrap_or(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_written_so_that_pyyaml_reads_a_float() {
        for (x, text) in [
            (1e-6, "1.0e-06"),
            (3e-4, "0.0003"),
            (2.5e-7, "2.5e-07"),
            (0.01, "0.01"),
            (3.0, "3.0"),
            (-1e20, "-1.0e+20"),
            (0.0, "0.0"),
        ] {
            assert_eq!(yaml(x), text);
        }
    }

    #[test]
    fn tables_are_written_as_c_writes_them() {
        for (x, text) in [
            (0.01, "0.01"),
            (0.0, "0"),
            (-0.0, "-0"),
            (1e-6, "1e-06"),
            (0.000_123_456, "0.00012346"),
            (0.000_012_345_6, "1.2346e-05"),
            (123_456.0, "1.2346e+05"),
            (99_999.4, "99999"),
            (99_999.5, "1e+05"),
            (0.999_996, "1"),
            (100.0, "100"),
            (0.937, "0.937"),
            (2.5e-300, "2.5e-300"),
            (f64::NAN, "nan"),
            (f64::NEG_INFINITY, "-inf"),
        ] {
            assert_eq!(general(x, 5), text);
        }
        assert_eq!(general(0.123_45, 3), "0.123");
        assert_eq!(general(1234.0, 3), "1.23e+03");
    }

    #[test]
    fn rounding_goes_by_the_decimal_digits() {
        assert_eq!(significant(0.123_456_78, 5), 0.12346);
        assert_eq!(significant(123_456.0, 3), 123_000.0);
        assert_eq!(decimals(2.675, 2), 2.67);
        assert_eq!(decimals(0.000_005, 5), 0.000_01);
    }
}
