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

    /// What the reference wrote of a training of 40 epochs: the header, an epoch without validation, and the last one.
    const REFERENCE: &str = concat!(
        "               epoch,      train/box_loss,      train/obj_loss,      train/cls_loss,   metrics/precision,",
        "      metrics/recall,     metrics/mAP_0.5,metrics/mAP_0.5:0.95,        val/box_loss,        val/obj_loss,",
        "        val/cls_loss,               x/lr0,               x/lr1,               x/lr2\n",
        "                   0,              0.1124,            0.027035,             0.25644,                   0,",
        "                   0,                   0,                   0,                   0,                   0,",
        "                   0,             0.07024,           0.0033067,           0.0033067\n",
        "                  39,            0.040088,            0.018768,             0.13246,             0.77272,",
        "             0.66506,             0.79317,             0.49464,            0.031341,            0.010619,",
        "             0.08927,            0.000595,            0.000595,            0.000595\n",
    );

    #[test]
    fn a_table_is_byte_for_byte_the_one_of_the_reference() {
        let folder = tempfile::tempdir().unwrap();
        let mut csv = ResultsCsv::create(folder.path()).unwrap();
        for row in REFERENCE.lines().skip(1) {
            let numbers: Vec<f64> = row.split(',').map(|cell| cell.trim().parse().unwrap()).collect();
            csv.append(&EpochRow {
                epoch: numbers[0] as u64,
                train: numbers[1..4].try_into().unwrap(),
                metrics: numbers[4..11].try_into().unwrap(),
                rates: numbers[11..].try_into().unwrap(),
            })
            .unwrap();
        }
        assert_eq!(std::fs::read_to_string(folder.path().join("results.csv")).unwrap(), REFERENCE);
    }
}
