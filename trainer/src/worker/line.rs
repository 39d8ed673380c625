//! One training on the line to evotop: what is told of it, and what is asked meanwhile.

use std::io::Write;
use std::sync::mpsc::TryRecvError;

use evotop::trial::protocol::{FromWorker, ToWorker};
use evotop::trial::{Metrics, YOLO_METRICS};

use super::{Words, WorkerError};
use crate::machine;
use crate::preflight::{self, Outlook};
use crate::train::{BatchReport, EpochReport, Flow, Watch};

/// How a training was left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    Ended,
    /// Standard input is at its end, or `exit` was said.
    Exit,
}

/// One training as evotop follows it.
pub struct Line<'a, W> {
    pub trial: u64,
    pub told: &'a Words,
    pub output: &'a mut W,
    pub left: Left,
    pub fault: Option<WorkerError>,
    pub estimated: &'a mut bool,
    /// Of all validations of the training, in training batches.
    pub val_batches: usize,
}

impl<W: Write> Line<'_, W> {
    fn say(&mut self, word: &FromWorker) {
        if let Err(why) = say(self.output, word) {
            self.fault.get_or_insert(why.into());
        }
    }

    /// Says, once, what a generation and the run will take.
    fn expect(&mut self, generation: f64) {
        *self.estimated = true;
        let text = preflight::expected(generation, machine::generations(), machine::slots());
        self.say(&FromWorker::Log { text });
    }

    fn exit(&mut self) -> Flow {
        self.left = Left::Exit;
        Flow::Cancel
    }
}

impl<W: Write> Watch for Line<'_, W> {
    fn flow(&mut self) -> Flow {
        let trial = self.trial;
        let mut paused = false;
        while self.fault.is_none() {
            let word = if paused {
                self.told.recv().map_err(|_| TryRecvError::Disconnected)
            } else {
                self.told.try_recv()
            };
            match word {
                Err(TryRecvError::Empty) => return Flow::Continue,
                Err(TryRecvError::Disconnected) | Ok(Ok(ToWorker::Exit)) => return self.exit(),
                Ok(Err(why)) => self.fault = Some(why),
                Ok(Ok(ToWorker::Job(_) | ToWorker::Setup { .. })) => self.fault = Some(WorkerError::TwoJobs),
                Ok(Ok(ToWorker::Pause)) => {
                    paused = true;
                    self.say(&FromWorker::Paused { trial });
                }
                Ok(Ok(ToWorker::Resume)) => {
                    paused = false;
                    self.say(&FromWorker::Resumed { trial });
                }
                Ok(Ok(ToWorker::Cancel)) => return Flow::Cancel,
            }
        }
        Flow::Cancel
    }

    fn batch(&mut self, report: &BatchReport) {
        if !*self.estimated && report.batch >= preflight::TIMED.min(report.batches as usize) as u32 {
            let outlook = Outlook {
                seconds_per_batch: report.seconds_a_batch,
                batches: report.batches as usize,
                val_batches: self.val_batches,
                epochs: report.epochs,
            };
            self.expect(outlook.generation());
        }
        let losses = ["box", "obj", "cls"].into_iter().zip(report.losses).collect();
        self.say(&FromWorker::Batch {
            trial: self.trial,
            epoch: report.epoch,
            epochs: report.epochs,
            batch: report.batch,
            batches: report.batches,
            rate: Some((report.rate * 10.0).round() / 10.0),
            unit: Some("img/s".to_owned()),
            memory: report.memory,
            losses,
        });
    }

    fn epoch(&mut self, report: &EpochReport) {
        let mut metrics = named(&report.metrics.unwrap_or_default());
        if report.metrics.is_none() {
            metrics.0.clear();
        }
        for (name, loss) in
            ["train/box_loss", "train/obj_loss", "train/cls_loss"].into_iter().zip(report.losses)
        {
            metrics.0.insert(name.to_owned(), loss);
        }
        let (epoch, epochs, seconds) = (report.epoch, report.epochs, report.seconds);
        if !*self.estimated {
            self.expect(seconds * f64::from(epochs));
        }
        self.say(&FromWorker::Epoch { trial: self.trial, epoch, epochs, metrics, seconds });
    }

    fn say(&mut self, text: String) {
        Line::say(self, &FromWorker::Log { text });
    }
}

/// The metrics of a validation by name.
pub fn named(metrics: &[f64; 7]) -> Metrics {
    YOLO_METRICS.into_iter().zip(metrics.iter().copied()).collect()
}

/// A line to evotop.
pub fn say(output: &mut impl Write, word: &FromWorker) -> std::io::Result<()> {
    let mut text = serde_json::to_vec(word)?;
    text.push(b'\n');
    output.write_all(&text)?;
    output.flush()
}
