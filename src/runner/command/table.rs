//! A `results.csv` that grows while a program runs: YOLOv5's, Ultralytics', or anybody's with a header. Also the
//! `results.txt` without a header that YOLOv5 wrote in 2021.

use indexmap::IndexMap;

use crate::clean::clean;
use crate::trial::{Metrics, YOLO_METRICS};

/// Columns that are no metrics: what counts, and what a trainer sets or sees while it trains.
const COUNTS: [&str; 6] = ["epoch", "epochs", "step", "time", "seconds", "timestamp"];
const TRAINING: [&str; 4] = ["train/", "x/", "lr/", "train_"];

/// The columns of a `results.txt` of 2021: epoch, memory, four training losses and two counts, then these.
const TXT: [&str; 7] = YOLO_METRICS;
const TXT_BEFORE: usize = 8;

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// 1 for the first.
    pub epoch: u32,
    /// Where the row says so.
    pub epochs: Option<u32>,
    /// The columns that are metrics.
    pub metrics: Metrics,
    /// The columns that are training losses.
    pub losses: Metrics,
}

/// What was read of a table so far.
#[derive(Debug, Clone, Default)]
pub struct Table {
    header: Option<Vec<String>>,
    /// The beginning of a line whose end is not written yet.
    begun: Vec<u8>,
    rows: u32,
}

impl Table {
    /// Takes what was written since the last time. Only whole lines count.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<Row> {
        let mut rows = Vec::new();
        for part in bytes.split_inclusive(|b| *b == b'\n') {
            self.begun.extend_from_slice(part);
            if part.ends_with(b"\n") {
                let line = std::mem::take(&mut self.begun);
                rows.extend(self.line(&String::from_utf8_lossy(&line)));
            }
        }
        rows
    }

    /// The program has ended: a last line without an end counts too.
    pub fn finish(&mut self) -> Option<Row> {
        let line = std::mem::take(&mut self.begun);
        self.line(&String::from_utf8_lossy(&line))
    }

    fn line(&mut self, line: &str) -> Option<Row> {
        let line = line.trim();
        if line.is_empty() {
            return None;
        }
        if self.header.is_none() && line.contains(',') {
            self.header = Some(clean(line).split(',').map(|name| name.trim().to_owned()).collect());
            return None;
        }
        let row = match &self.header {
            Some(header) => by_header(header, line)?,
            None => without_header(line)?,
        };
        self.rows += 1;
        Some(Row { epoch: self.rows, ..row })
    }
}

fn by_header(header: &[String], line: &str) -> Option<Row> {
    let cells: Vec<&str> = line.split(',').map(str::trim).collect();
    if cells.len() != header.len() {
        return None;
    }
    let numbers: IndexMap<&str, f64> =
        header.iter().zip(cells).filter_map(|(name, cell)| Some((name.as_str(), number(cell)?))).collect();
    let is_training = |name: &str| TRAINING.iter().any(|prefix| name.starts_with(prefix));
    let pick = |wanted: &dyn Fn(&str) -> bool| -> Metrics {
        numbers.iter().filter(|(name, _)| wanted(name)).map(|(name, x)| (*name, *x)).collect()
    };
    let metrics = pick(&|name| !COUNTS.contains(&name.to_lowercase().as_str()) && !is_training(name));
    let losses = pick(&|name| is_training(name) && name.contains("loss"));
    let row = Row { epoch: 0, epochs: None, metrics, losses };
    (!row.metrics.0.is_empty() || !row.losses.0.is_empty()).then_some(row)
}

fn without_header(line: &str) -> Option<Row> {
    let cells: Vec<&str> = line.split_whitespace().collect();
    if cells.len() < TXT_BEFORE + TXT.len() {
        return None;
    }
    let epochs = cells[0].split_once('/').and_then(|(_, last)| last.parse::<u32>().ok()).map(|last| last + 1);
    let metrics: Option<Metrics> =
        TXT.iter().zip(&cells[TXT_BEFORE..]).map(|(name, cell)| Some((*name, number(cell)?))).collect();
    let losses: Option<Metrics> = ["train/box_loss", "train/obj_loss", "train/cls_loss"]
        .iter()
        .zip(&cells[2..])
        .map(|(name, cell)| Some((*name, number(cell)?)))
        .collect();
    Some(Row { epoch: 0, epochs, metrics: metrics?, losses: losses? })
}

/// A cell's number; an empty cell is none, and so is text.
fn number(cell: &str) -> Option<f64> {
    cell.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const YOLOV5: &str = "               epoch,      train/box_loss,   metrics/precision,      metrics/recall,     metrics/mAP_0.5,metrics/mAP_0.5:0.95,        val/box_loss,               x/lr0\n                   0,             0.11871,            0.012306,            0.034483,           0.0045218,          0.00092111,              0.1131,                 0.1\n";

    #[test]
    fn a_row_counts_once_its_line_is_whole_wherever_it_was_cut() {
        for cut in 0..YOLOV5.len() {
            let mut table = Table::default();
            let mut rows = table.feed(&YOLOV5.as_bytes()[..cut]);
            assert!(rows.is_empty());
            rows.extend(table.feed(&YOLOV5.as_bytes()[cut..]));
            assert_eq!(rows.len(), 1, "cut at {cut}");
            let row = &rows[0];
            assert_eq!(row.epoch, 1);
            assert_eq!(
                row.metrics.0.keys().collect::<Vec<_>>(),
                [
                    "metrics/precision",
                    "metrics/recall",
                    "metrics/mAP_0.5",
                    "metrics/mAP_0.5:0.95",
                    "val/box_loss"
                ]
            );
            assert_eq!(row.losses.get("train/box_loss"), Some(0.11871));
        }
    }

    #[test]
    fn a_last_line_without_its_end_counts_when_the_program_is_over() {
        let mut table = Table::default();
        assert!(table.feed(b"epoch,acc\n1,0.5\n2,0.6").len() == 1);
        assert_eq!(table.finish().unwrap().metrics.get("acc"), Some(0.6));
        assert_eq!(table.finish(), None);
    }

    #[test]
    fn the_table_of_2021_is_read_by_position() {
        let line = "      1/2      2.1G    0.1171   0.03026   0.02751    0.1749        37       320    0.0123    0.3333   0.01234  0.004321    0.1102   0.02801   0.02633\n";
        let rows = Table::default().feed(line.as_bytes());
        assert_eq!(rows[0].epochs, Some(3));
        assert_eq!(rows[0].metrics.get("metrics/mAP_0.5:0.95"), Some(0.004_321));
        assert_eq!(rows[0].losses.get("train/box_loss"), Some(0.1171));
        assert_eq!(rows[0].metrics.0.len(), 7);
    }

    #[test]
    fn nan_is_a_number_and_garbage_is_no_row() {
        let mut table = Table::default();
        let rows = table.feed(b"epoch,acc\nx,y\n1,nan\n1\n\xff\xfe\n2,0.5,3\n");
        assert_eq!(rows.len(), 1);
        assert!(rows[0].metrics.get("acc").unwrap().is_nan());
    }
}
