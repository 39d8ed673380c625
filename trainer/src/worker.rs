//! The worker: evotop's protocol on standard input and output. It stays alive between trainings, so that the data set stays decoded.
//! What a training does is in `train.rs`, what evotop hears of one in `worker/line.rs`, what an error means in `failure.rs`.

mod line;

use std::io::{BufRead, Read as _, Write};
use std::sync::mpsc::{Receiver, channel};

use evotop::evolve::Weights;
use evotop::trial::protocol::{FromWorker, PROTOCOL, ToWorker};
use evotop::trial::{FailureClass, Job, YOLO_METRICS};
use indexmap::IndexMap;

use crate::data::Library;
use crate::device;
use crate::hyp::Hyp;
use crate::options::{Options, Val};
use crate::preflight;
use crate::setup::Setup;
use crate::train::{End, Run, train};

use crate::failure::{catch, class_of, class_of_end, class_of_start, plain};
use line::{Left, Line, named, say};

/// Epochs of a training where none are asked for.
const EPOCHS: u32 = 10;
/// Of one on the built-in data set: 8 of 16 batches, beyond the 100 of the warm-up, so that every hyperparameter has its say.
const DIGITS_EPOCHS: u32 = 8;

/// Why the worker gave up.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    #[error("line {number} is not understood: {why}: {line}")]
    NotUnderstood { number: usize, line: String, why: String },
    #[error("{0}")]
    Options(String),
    #[error("evotop speaks protocol {0}, this worker {PROTOCOL}: use programs of the same build")]
    Protocol(u32),
    #[error("{0} came before setup")]
    TooEarly(&'static str),
    #[error("a job came while another ran")]
    TwoJobs,
    #[error("evotop does not listen any more: {0}")]
    Deaf(#[from] std::io::Error),
    #[error("{0}")]
    Broken(String),
}

/// Serves until `exit` or the end of the input.
///
/// # Errors
/// Where the other side breaks the protocol, memory has run out or a device is broken.
pub fn serve(input: impl BufRead + Send + 'static, output: impl Write) -> Result<(), WorkerError> {
    let (tell, told) = channel();
    std::thread::spawn(move || {
        for (i, line) in input.lines().map_while(Result::ok).enumerate() {
            let word = serde_json::from_str(&line).map_err(|why| {
                let line = line.chars().take(200).collect();
                WorkerError::NotUnderstood { number: i + 1, line, why: why.to_string() }
            });
            if tell.send(word).is_err() {
                return;
            }
        }
    });
    let mut worker =
        Worker { told, output, library: Library::new(), prepared: None, begun: false, estimated: false };
    worker.run()
}

type Words = Receiver<Result<ToWorker, WorkerError>>;

struct Worker<W> {
    told: Words,
    output: W,
    library: Library,
    /// What all trainings share, or why there is none.
    prepared: Option<Result<Setup, String>>,
    /// A training has begun, and where the run writes has been said.
    begun: bool,
    /// How long a training takes has been said.
    estimated: bool,
}

impl<W: Write> Worker<W> {
    fn run(&mut self) -> Result<(), WorkerError> {
        while let Ok(word) = self.told.recv() {
            match word? {
                ToWorker::Setup { protocol, options } => self.set_up(protocol, &options)?,
                ToWorker::Job(job) => {
                    if self.job(&job)? == Left::Exit {
                        return Ok(());
                    }
                }
                ToWorker::Exit => return Ok(()),
                // Late words for a training that is over.
                ToWorker::Pause | ToWorker::Resume | ToWorker::Cancel => {}
            }
        }
        Ok(())
    }

    fn set_up(&mut self, protocol: u32, options: &IndexMap<String, String>) -> Result<(), WorkerError> {
        if protocol != PROTOCOL {
            return Err(WorkerError::Protocol(protocol));
        }
        let options = Options::from_map(options).map_err(WorkerError::Options)?;
        say(
            &mut self.output,
            &FromWorker::Hello {
                protocol: PROTOCOL,
                program: format!("evotop-yolo {}", env!("CARGO_PKG_VERSION")),
                build: build(),
                metrics: YOLO_METRICS.map(str::to_owned).to_vec(),
                fitness: Weights::yolov5().0,
            },
        )?;
        let (output, mut heard) = (&mut self.output, Ok(()));
        let prepared = catch(|| {
            // As it comes: reading the pictures of a large data set takes minutes.
            let mut tell = |text| {
                if heard.is_ok() {
                    heard = say(output, &FromWorker::Log { text });
                }
            };
            Setup::prepare(&options, &self.library, &mut tell).map_err(|why| plain(&why.to_string()))
        });
        heard?;
        self.prepared = Some(prepared.and_then(|inner| inner));
        if let Some(Err(why)) = &self.prepared {
            say(&mut self.output, &FromWorker::Log { text: why.clone() })?;
        }
        Ok(())
    }

    fn job(&mut self, job: &Job) -> Result<Left, WorkerError> {
        let trial = job.trial;
        let setup = match &self.prepared {
            None => return Err(WorkerError::TooEarly("a job")),
            Some(Err(why)) => {
                let (class, message) = (class_of_start(why), why.clone());
                say(&mut self.output, &FromWorker::Error { trial, class, message })?;
                return Ok(Left::Ended);
            }
            Some(Ok(setup)) => setup,
        };
        let run = match self::run(setup, job) {
            Ok(run) => run,
            Err((class, message)) => {
                say(&mut self.output, &FromWorker::Error { trial, class, message })?;
                return Ok(Left::Ended);
            }
        };
        if !self.begun {
            self.begun = true;
            for text in preflight::place(run.device, run.threads, &job.dir) {
                say(&mut self.output, &FromWorker::Log { text })?;
            }
        }
        let mut line = Line {
            trial,
            told: &self.told,
            output: &mut self.output,
            left: Left::Ended,
            fault: None,
            estimated: &mut self.estimated,
            val_batches: val_batches(setup, run.epochs),
        };
        let ended = catch(|| {
            train(setup, &run, &mut line).map_err(|why| (class_of_end(&why), plain(&why.to_string())))
        });
        let (left, fault) = (line.left, line.fault);
        if let Some(fault) = fault {
            return Err(fault);
        }
        match ended.map_err(|why| (class_of(&why), why)).and_then(|inner| inner) {
            Ok(End::Finished { metrics }) => {
                let metrics = named(&metrics);
                say(&mut self.output, &FromWorker::Result { trial, metrics })?;
            }
            Ok(End::Diverged { epoch, what }) => {
                say(&mut self.output, &FromWorker::Diverged { trial, epoch, what })?;
            }
            Ok(End::Cancelled) if left == Left::Ended => {
                say(&mut self.output, &FromWorker::Cancelled { trial })?;
            }
            Ok(End::Cancelled) => {}
            Err((class, message)) => {
                say(&mut self.output, &FromWorker::Error { trial, class, message: message.clone() })?;
                // What is left of memory after that is nobody's guess: a fresh process is the remedy.
                if matches!(class, FailureClass::OutOfMemory | FailureClass::SlotLost) {
                    return Err(WorkerError::Broken(message));
                }
            }
        }
        Ok(left)
    }
}

/// What to train, or why not: the candidate's fault, or the slot's.
fn run(setup: &Setup, job: &Job) -> Result<Run, (FailureClass, String)> {
    let mut numbers = Vec::new();
    for (name, value) in &job.hyp {
        let number = value
            .number()
            .ok_or_else(|| (FailureClass::Crash, format!("{name}: {value} is not a number")))?;
        numbers.push((name.clone(), number));
    }
    let options = &setup.options;
    let mut hyp = Hyp::from_numbers(numbers).map_err(|why| {
        // Names are the same for every candidate, values are its own.
        let class = if why.is_of_names() { FailureClass::SlotLost } else { FailureClass::Crash };
        (class, why.to_string())
    })?;
    // As the original while it evolves: the model's own anchors stay, and the gene has no say.
    if options.noautoanchor {
        hyp.anchors = None;
    }
    Ok(Run {
        hyp,
        epochs: options.epochs.unwrap_or(if options.is_digits() { DIGITS_EPOCHS } else { EPOCHS }),
        seed: job.seed,
        device: device::named(&job.device).map_err(|why| (class_of_start(&why), why))?,
        threads: if job.threads > 0 { job.threads } else { options.threads() },
        results: job.dir.is_dir().then(|| job.dir.clone()),
        keep: None,
    })
}

fn val_batches(setup: &Setup, epochs: u32) -> usize {
    let times = if setup.options.val == Val::Every { epochs } else { 1 };
    setup.val.len().div_ceil(setup.options.batch() as usize) * times as usize
}

/// Tells builds apart: another build may mean another fitness.
fn build() -> String {
    const PIECE: u64 = 1 << 16;
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    if let Ok(file) = std::env::current_exe().and_then(std::fs::File::open) {
        // Piece by piece: all of it at once is room that may not be there, and then this build would pass for another.
        let mut piece = Vec::with_capacity(PIECE as usize);
        while (&file).take(PIECE).read_to_end(&mut piece).is_ok_and(|length| length > 0) {
            hash = piece.chunks(8).fold(hash, |hash, chunk| {
                let word = chunk.iter().fold(0_u64, |word, byte| word << 8 | u64::from(*byte));
                (hash ^ word).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(23)
            });
            piece.clear();
        }
    }
    format!("{}-{hash:016x}", env!("CARGO_PKG_VERSION"))
}
