//! `results.csv`, one row an epoch, in the columns and to the character of the originals.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use evotop::trial::YOLO_METRICS;

const TRAIN: [&str; 3] = ["train/box_loss", "train/obj_loss", "train/cls_loss"];
const RATES: [&str; 3] = ["x/lr0", "x/lr1", "x/lr2"];

/// One epoch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EpochRow {
    /// 0 for the first.
    pub epoch: u64,
    pub train: [f64; 3],
    pub metrics: [f64; 7],
    /// Of biases, decayed weights, norm weights.
    pub rates: [f64; 3],
}

/// A `results.csv` being written.
#[derive(Debug)]
pub struct ResultsCsv(File);

impl ResultsCsv {
    /// # Errors
    /// Those of the file system.
    pub fn create(dir: &Path) -> io::Result<Self> {
        let mut file =
            OpenOptions::new().create(true).write(true).truncate(true).open(dir.join("results.csv"))?;
        file.write_all(header().as_bytes())?;
        Ok(Self(file))
    }

    /// # Errors
    /// Those of the file system.
    pub fn append(&mut self, row: &EpochRow) -> io::Result<()> {
        self.0.write_all(line(row).as_bytes())
    }
}

fn header() -> String {
    let names = ["epoch"].into_iter().chain(TRAIN).chain(YOLO_METRICS).chain(RATES);
    let cells: Vec<String> = names.map(|name| format!("{name:>20}")).collect();
    format!("{}\n", cells.join(","))
}

fn line(row: &EpochRow) -> String {
    let numbers = [row.epoch as f64].into_iter().chain(row.train).chain(row.metrics).chain(row.rates);
    let cells: Vec<String> = numbers.map(|x| format!("{:>20}", general(x, 5))).collect();
    format!("{}\n", cells.join(","))
}

/// C's `%.Ng`: N significant digits, without trailing zeros, with an exponent where that is shorter.
pub fn general(x: f64, digits: usize) -> String {
    if !x.is_finite() {
        return if x.is_nan() {
            "nan"
        } else if x > 0.0 {
            "inf"
        } else {
            "-inf"
        }
        .to_owned();
    }
    if x == 0.0 {
        return if x.is_sign_negative() { "-0" } else { "0" }.to_owned();
    }
    let scientific = format!("{x:.*e}", digits.saturating_sub(1));
    let Some((mantissa, exponent)) = scientific.split_once('e') else { return scientific };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let trimmed = |text: &str| {
        if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        } else {
            text.to_owned()
        }
    };
    if exponent < -4 || exponent >= digits as i32 {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{}e{sign}{:02}", trimmed(mantissa), exponent.abs());
    }
    let places = (digits as i32 - 1 - exponent).max(0) as usize;
    trimmed(&format!("{x:.places$}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_look_as_in_c() {
        for (x, expected) in [
            (0.0, "0"),
            (0.1, "0.1"),
            (0.000_123_456, "0.00012346"),
            (0.000_012_345_6, "1.2346e-05"),
            (123_456.0, "1.2346e+05"),
            (99_999.6, "1e+05"),
            (12_345.0, "12345"),
            (-2.5, "-2.5"),
            (f64::NAN, "nan"),
        ] {
            assert_eq!(general(x, 5), expected);
        }
    }

    #[test]
    fn a_row_has_the_columns_of_its_header() {
        let row = EpochRow { epoch: 3, train: [0.1; 3], metrics: [0.2; 7], rates: [0.01; 3] };
        assert_eq!(header().split(',').count(), line(&row).split(',').count());
        assert!(header().starts_with("               epoch,      train/box_loss"));
        assert!(line(&row).starts_with("                   3,                 0.1"));
    }
}
