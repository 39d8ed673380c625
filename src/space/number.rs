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
    fn rounding_goes_by_the_decimal_digits() {
        assert_eq!(significant(0.123_456_78, 5), 0.12346);
        assert_eq!(significant(123_456.0, 3), 123_000.0);
        assert_eq!(decimals(2.675, 2), 2.67);
        assert_eq!(decimals(0.000_005, 5), 0.000_01);
    }
}
