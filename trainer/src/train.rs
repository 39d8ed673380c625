//! One training: epochs of batches, each followed by a validation of the EMA. Who watches it and what it is started from are elsewhere.

mod anchors;
mod clock;
mod epoch;
mod learner;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tch::Device;

use crate::data::{DataError, TrainLoader, TrainOptions, ValLoader, ValOptions};
use crate::device::autocast;
use crate::ema::Ema;
use crate::hyp::Hyp;
use crate::loss::Criterion;
use crate::model::{Model, ModelError};
use crate::optim::Optimizer;
use crate::options::Val;
use crate::schedule::{Fall, Schedule, Stepper};
use crate::setup::Setup;
use crate::table::{EpochRow, ResultsCsv};
use crate::threads;
use crate::val::{self, Evaluation, Forward, NmsOptions};
use crate::weights::{self, Purpose, Weights, WeightsError};
use evotop::trial::YOLO_METRICS;

use clock::Holding;
pub use clock::Shares;
use learner::Learner;

/// Between two reports of batches.
const REPORT: Duration = Duration::from_millis(250);
/// The average as of the last epoch, and as of the best.
const LAST: &str = "last.safetensors";
const BEST: &str = "best.safetensors";

/// Why a training broke off.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    #[error(transparent)]
    Data(#[from] DataError),
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error(transparent)]
    Weights(#[from] WeightsError),
    #[error(transparent)]
    Torch(#[from] tch::TchError),
    #[error("cancelled while it validated")]
    Cancelled,
    #[error("--freeze holds every layer of this model still: name fewer, so that something is left to train")]
    AllFrozen,
    #[error(
        "the {0} anchors of a level have no sizes yet, which only AutoAnchor finds: train without --noautoanchor, or leave out hyp `anchors` and give sizes in the model's YAML"
    )]
    NoAnchors(i64),
    #[error("results.csv: {0}")]
    Results(#[from] std::io::Error),
}

/// What is particular to one training.
#[derive(Debug, Clone)]
pub struct Run {
    pub hyp: Hyp,
    pub epochs: u32,
    pub seed: u64,
    pub device: Device,
    pub threads: usize,
    /// Where `results.csv` goes.
    pub results: Option<PathBuf>,
    /// Where `last` and `best` weights go.
    pub keep: Option<PathBuf>,
}

/// Whether to go on after a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    Continue,
    Cancel,
}

/// Progress within an epoch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BatchReport {
    /// 1 for the first.
    pub epoch: u32,
    pub epochs: u32,
    pub batch: u32,
    pub batches: u32,
    /// Pictures a second since the last report.
    pub rate: f64,
    pub seconds_a_batch: f64,
    /// Bytes this process holds; on the CPU that is what the training holds.
    pub memory: Option<u64>,
    /// Means since the start of the epoch: boxes, objectness, classes.
    pub losses: [f64; 3],
}

/// An epoch that is over.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EpochReport {
    /// 1 for the first.
    pub epoch: u32,
    pub epochs: u32,
    /// Means: boxes, objectness, classes.
    pub losses: [f64; 3],
    /// `None` where this epoch was not validated.
    pub metrics: Option<[f64; 7]>,
    pub seconds: f64,
    /// Of the training in it.
    pub shares: Shares,
}

/// Somebody who follows a training and may end it.
pub trait Watch {
    /// Asked before every batch, of a validation too; a pause is spent in here.
    fn flow(&mut self) -> Flow;
    fn batch(&mut self, report: &BatchReport);
    fn epoch(&mut self, report: &EpochReport);
    fn say(&mut self, text: String);
}

/// How a training ended.
#[derive(Debug, Clone)]
pub enum End {
    Finished {
        metrics: [f64; 7],
    },
    /// A loss or metric is no number any more.
    Diverged {
        epoch: u32,
        what: String,
    },
    Cancelled,
}

/// A training under way.
struct Trainer<'a> {
    setup: &'a Setup,
    run: &'a Run,
    learner: Learner,
    schedule: Schedule,
    stepper: Stepper,
    loader: TrainLoader,
}

/// Trains once.
///
/// # Errors
/// Where pictures or memory fail; libtorch may also panic, which callers catch.
pub fn train(setup: &Setup, run: &Run, watch: &mut dyn Watch) -> Result<End, TrainError> {
    match trained(setup, run, watch) {
        Err(TrainError::Cancelled) => Ok(End::Cancelled),
        ended => ended,
    }
}

fn trained(setup: &Setup, run: &Run, watch: &mut dyn Watch) -> Result<End, TrainError> {
    tch::manual_seed(run.seed as i64);
    threads::compute_with(run.threads);
    let watch = &mut Holding::new(watch);
    let mut trainer = Trainer::start(setup, run, watch)?;
    let val = ValLoader::new(
        setup.val.clone(),
        ValOptions {
            img: setup.img,
            stride: setup.stride,
            batch: 2 * setup.options.batch() as usize,
            threads: run.threads,
            device: run.device,
        },
    );
    let mut csv = run.results.as_deref().map(ResultsCsv::create).transpose()?;
    let mut best = Best::default();
    let mut shares = Shares::default();
    for epoch in 1..=run.epochs {
        let began = Instant::now();
        watch.held();
        let trained = match trainer.epoch(epoch, watch)? {
            epoch::Trained::Whole(trained) => trained,
            epoch::Trained::Diverged(what) => return Ok(End::Diverged { epoch, what }),
            epoch::Trained::Cancelled => return Ok(End::Cancelled),
        };
        shares.add(&trained.shares);
        let last = epoch == run.epochs;
        let metrics = if last || setup.options.val == Val::Every {
            Some(trainer.validate(&val, watch)?.seven())
        } else {
            None
        };
        if let Some(metrics) = metrics {
            if let Some(at) = metrics.iter().position(|x| !x.is_finite()) {
                return Ok(End::Diverged { epoch, what: format!("{} is {}", YOLO_METRICS[at], metrics[at]) });
            }
            best.see(epoch, metrics);
        }
        if let Some(csv) = &mut csv {
            csv.append(&EpochRow {
                epoch: u64::from(epoch) - 1,
                train: trained.losses,
                metrics: metrics.unwrap_or_default(),
                rates: trained.rates,
            })?;
        }
        trainer.keep(epoch, &best)?;
        let seconds = began.elapsed().saturating_sub(watch.held()).as_secs_f64();
        watch.epoch(&EpochReport {
            epoch,
            epochs: run.epochs,
            losses: trained.losses,
            metrics,
            seconds,
            shares: trained.shares,
        });
        if metrics.is_some() && !last && best.is_stale(epoch, setup.options.patience) {
            watch.say(format!("no better since epoch {}: stopped after epoch {epoch}", best.epoch));
            break;
        }
    }
    watch.say(shares.to_string());
    // As the originals: while hyperparameters are bred the last epoch counts, otherwise the best as it was kept.
    let metrics = match &run.keep {
        Some(dir) => trainer.validate_kept(&dir.join(BEST), &val, watch)?.seven(),
        None => best.last,
    };
    Ok(End::Finished { metrics })
}

/// The best epoch so far; an equal one replaces it.
#[derive(Debug, Default)]
struct Best {
    epoch: u32,
    fitness: f64,
    last: [f64; 7],
}

impl Best {
    fn see(&mut self, epoch: u32, metrics: [f64; 7]) {
        let fitness = 0.1 * metrics[2] + 0.9 * metrics[3];
        self.last = metrics;
        if self.epoch == 0 || fitness >= self.fitness {
            (self.epoch, self.fitness) = (epoch, fitness);
        }
    }

    /// Whether it was so long ago that the training may end; a patience of 0 never ends.
    fn is_stale(&self, epoch: u32, patience: u32) -> bool {
        patience > 0 && epoch - self.epoch >= patience
    }
}

impl<'a> Trainer<'a> {
    fn start(setup: &'a Setup, run: &'a Run, watch: &mut dyn Watch) -> Result<Self, TrainError> {
        let (options, hyp) = (&setup.options, &run.hyp);
        let mut model = setup.model(hyp.anchors_per_level(), run.device, &mut |text| watch.say(text))?;
        if options.noautoanchor && model.detect().has_placeholders() {
            return Err(TrainError::NoAnchors(model.detect().anchors_per_level));
        }
        if model.arena().trained() == 0 {
            return Err(TrainError::AllFrozen);
        }
        let ema = Ema::new(&model)?;
        anchors::fit(setup, run, &mut model, watch);
        model.arena_mut().round_to_half();
        let img = setup.img;
        let loader = TrainLoader::new(
            setup.train.clone(),
            hyp.augment(),
            TrainOptions {
                img,
                stride: setup.stride,
                batch: options.batch() as usize,
                seed: run.seed,
                threads: run.threads,
                rect: options.rect,
                device: run.device,
            },
        )?;
        let fall = if options.cos_lr { Fall::Cosine } else { Fall::Linear };
        let batches = loader.batches() as u64;
        let schedule = Schedule::new(hyp, run.epochs.into(), batches, options.batch().into(), fall);
        let rule = options.optimizer.into();
        let optimizer = Optimizer::new(rule, model.arena(), hyp.momentum, schedule.weight_decay());
        let criterion = Criterion::new(hyp, model.detect(), img as i64, options.label_smoothing);
        let learner = Learner::new(model, ema, criterion, optimizer);
        if run.device.is_cuda() && !learner.is_mixed() {
            watch.say(
                "half precision gives other numbers for this model on this GPU, so it computes in single precision"
                    .to_owned(),
            );
        }
        Ok(Self { setup, run, learner, schedule, stepper: Stepper::default(), loader })
    }

    fn validate(&mut self, val: &ValLoader, watch: &mut dyn Watch) -> Result<Evaluation, TrainError> {
        let mixed = self.learner.is_mixed();
        let Learner { ema, criterion, .. } = &mut self.learner;
        if mixed {
            ema.model.arena_mut().round_to_half();
        }
        evaluate(&ema.model, Some((criterion, mixed)), val, self.setup.options.single_cls, &mut || {
            watch.flow()
        })
    }

    /// Validates weights that were kept, as they are in their file: rounded.
    fn validate_kept(
        &mut self,
        file: &Path,
        val: &ValLoader,
        watch: &mut dyn Watch,
    ) -> Result<Evaluation, TrainError> {
        Weights::read(file, Purpose::Validate)?.transfer(&mut self.learner.ema.model, false);
        self.validate(val, watch)
    }

    fn keep(&self, epoch: u32, best: &Best) -> Result<(), TrainError> {
        let Some(dir) = &self.run.keep else { return Ok(()) };
        let names = self.setup.train.names();
        weights::write(&self.learner.ema.model, names, &dir.join(LAST))?;
        if best.epoch == epoch {
            weights::write(&self.learner.ema.model, names, &dir.join(BEST))?;
        }
        Ok(())
    }
}

/// Validates a network. With the criterion of the training it is in and whether that computes in half precision, its losses too and in
/// the same; weights by themselves are measured in single precision on every device. `flow` is asked before every batch.
///
/// # Errors
/// Where pictures or memory fail, and where it is cancelled.
pub fn evaluate(
    model: &Model,
    training: Option<(&Criterion, bool)>,
    val: &ValLoader,
    single_class: bool,
    flow: &mut dyn FnMut() -> Flow,
) -> Result<Evaluation, TrainError> {
    let device = model.device();
    let options = NmsOptions { single_class, ..NmsOptions::default() };
    let mixed = training.is_some_and(|(_, mixed)| mixed);
    val::evaluate(val, &options, |batch| {
        if flow() == Flow::Cancel {
            return Err(TrainError::Cancelled);
        }
        let pictures = batch.floats(device);
        let (predictions, logits) = autocast(mixed, || model.eval_forward(&pictures));
        let _guard = tch::no_grad_guard();
        let loss = training.map(|(criterion, _)| criterion.loss(&logits, &epoch::targets_of(batch)).parts);
        Ok(Forward { predictions, loss })
    })
}

#[cfg(test)]
mod tests;
