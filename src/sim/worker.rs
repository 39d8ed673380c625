//! The simulated trainer as a worker: the protocol of `trial::protocol` on standard input and output.
//!
//! Options: `epochs` (3), `sim-epoch-ms` (200), `sim-noise` (0), `sim-fail` and `sim-diverge` (0): the fraction of
//! trainings that end with an error, or with a loss that is not a number.

use std::io::{BufRead, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use indexmap::IndexMap;

use super::Landscape;
use crate::evolve::Weights;
use crate::trial::protocol::{FromWorker, PROTOCOL, ToWorker};
use crate::trial::{FailureClass, Job, Metrics, YOLO_METRICS};

/// Batches of an epoch.
const BATCHES: u32 = 20;
/// Between two reports of progress.
const REPORT: Duration = Duration::from_millis(250);

/// What the run was started with.
struct Options {
    epochs: u32,
    epoch: Duration,
    noise: f64,
    fail: f64,
    diverge: f64,
}

impl Options {
    fn read(options: &IndexMap<String, String>) -> Result<Self, String> {
        fn get<T: std::str::FromStr>(
            options: &IndexMap<String, String>,
            name: &str,
            default: T,
        ) -> Result<T, String> {
            let Some(text) = options.get(name) else { return Ok(default) };
            text.parse().map_err(|_| format!("--{name} {text} is not a number it can take"))
        }
        Ok(Self {
            epochs: get(options, "epochs", 3)?,
            epoch: Duration::from_millis(get(options, "sim-epoch-ms", 200)?),
            noise: get(options, "sim-noise", 0.0)?,
            fail: get(options, "sim-fail", 0.0)?,
            diverge: get(options, "sim-diverge", 0.0)?,
        })
    }
}

/// How a training was left.
enum Left {
    Ended,
    Cancelled,
    /// Standard input is at its end, or `exit` was said.
    Exit,
}

/// Serves until standard input ends. Lines that are not understood are an error.
///
/// # Errors
/// Where evotop does not listen any more, or says what no worker understands.
pub fn serve(out: &mut impl Write) -> Result<(), String> {
    let (tell, told) = channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if tell.send(line).is_err() {
                return;
            }
        }
    });
    let mut options = None;
    while let Ok(line) = told.recv() {
        match understood(&line)? {
            ToWorker::Setup { options: given, .. } => {
                options = Some(Options::read(&given)?);
                say(out, &hello())?;
            }
            ToWorker::Job(job) => {
                let options = options.as_ref().ok_or("a job came before setup")?;
                if let Left::Exit = train(&job, options, &told, out)? {
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

fn hello() -> FromWorker {
    FromWorker::Hello {
        protocol: PROTOCOL,
        program: format!("evotop sim {}", env!("CARGO_PKG_VERSION")),
        build: format!("sim-{}", env!("CARGO_PKG_VERSION")),
        metrics: YOLO_METRICS.map(String::from).to_vec(),
        fitness: Weights::yolov5().0,
    }
}

fn train(
    job: &Job,
    options: &Options,
    told: &Receiver<String>,
    out: &mut impl Write,
) -> Result<Left, String> {
    let mut landscape = Landscape::new(&job.hyp, job.seed, options.noise);
    let (fails, diverges) = (landscape.chance() < options.fail, landscape.chance() < options.diverge);
    let trial = job.trial;
    let mut reported = Instant::now();
    let mut metrics = Metrics::default();
    for epoch in 1..=options.epochs {
        let began = Instant::now();
        for batch in 1..=BATCHES {
            if let Some(left) = between(told, options.epoch / BATCHES, trial, out)? {
                return Ok(left);
            }
            if reported.elapsed() >= REPORT {
                reported = Instant::now();
                let done = f64::from(epoch - 1) + f64::from(batch) / f64::from(BATCHES);
                let losses = landscape.losses(done, options.epochs);
                say(
                    out,
                    &FromWorker::Batch {
                        trial,
                        epoch,
                        epochs: options.epochs,
                        batch,
                        batches: BATCHES,
                        rate: Some(f64::from(BATCHES) * 16.0 / options.epoch.as_secs_f64().max(1e-3)),
                        unit: Some("img/s".into()),
                        memory: Some(1 << 30),
                        losses: ["box", "obj", "cls"].into_iter().zip(losses).collect(),
                    },
                )?;
            }
        }
        if fails && epoch * 2 >= options.epochs {
            let message = "a failure was asked for (--sim-fail)".into();
            say(out, &FromWorker::Error { trial, class: FailureClass::Crash, message })?;
            return Ok(Left::Ended);
        }
        if diverges && epoch * 2 >= options.epochs {
            say(out, &FromWorker::Diverged { trial, epoch, what: "box loss is NaN (--sim-diverge)".into() })?;
            return Ok(Left::Ended);
        }
        metrics = landscape.after(epoch, options.epochs);
        let seconds = began.elapsed().as_secs_f64();
        say(
            out,
            &FromWorker::Epoch { trial, epoch, epochs: options.epochs, metrics: metrics.clone(), seconds },
        )?;
    }
    say(out, &FromWorker::Result { trial, metrics })?;
    Ok(Left::Ended)
}

/// A batch's time, in which evotop is listened to. How the training was left, where it does not go on.
fn between(
    told: &Receiver<String>,
    time: Duration,
    trial: u64,
    out: &mut impl Write,
) -> Result<Option<Left>, String> {
    let end = Instant::now() + time;
    let mut paused = false;
    loop {
        let line = if paused {
            told.recv().map_err(|_| RecvTimeoutError::Disconnected)
        } else {
            told.recv_timeout(end.saturating_duration_since(Instant::now()))
        };
        match line.map(|line| understood(&line)) {
            Err(RecvTimeoutError::Timeout) => return Ok(None),
            Err(RecvTimeoutError::Disconnected) | Ok(Ok(ToWorker::Exit)) => return Ok(Some(Left::Exit)),
            Ok(Ok(ToWorker::Pause)) => {
                paused = true;
                say(out, &FromWorker::Paused { trial })?;
            }
            Ok(Ok(ToWorker::Resume)) => {
                paused = false;
                say(out, &FromWorker::Resumed { trial })?;
            }
            Ok(Ok(ToWorker::Cancel)) => {
                say(out, &FromWorker::Cancelled { trial })?;
                return Ok(Some(Left::Cancelled));
            }
            Ok(Ok(ToWorker::Job(_) | ToWorker::Setup { .. })) => {
                return Err("a job came while another ran".into());
            }
            Ok(Err(why)) => return Err(why),
        }
    }
}

fn understood(line: &str) -> Result<ToWorker, String> {
    serde_json::from_str(line).map_err(|error| format!("not understood: {line}: {error}"))
}

fn say(out: &mut impl Write, line: &FromWorker) -> Result<(), String> {
    let mut text = serde_json::to_vec(line).map_err(|error| error.to_string())?;
    text.push(b'\n');
    out.write_all(&text)
        .and_then(|()| out.flush())
        .map_err(|error| format!("evotop does not listen: {error}"))
}
