//! Which pictures come in which batch, and what is done to them: for training endlessly and by chance, for validation once and as they
//! are. The same seed gives the same batches whatever the number of threads, since every sample draws from a stream of its own. The
//! threads are in `queue.rs`.

use std::sync::Arc;

use rand::SeedableRng as _;
use rand::seq::SliceRandom as _;
use rand_chacha::ChaCha8Rng;
use tch::Device;

use super::augment::Augment;
use super::batch::Batch;
use super::boxes::PixelBox;
use super::dataset::Dataset;
use super::queue::{Queue, Sample};
use super::rect::{self, Rect};
use super::sample::{Scratch, make};
use super::{DataError, letterbox};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrainOptions {
    /// Side of a picture in pixels, a multiple of the stride.
    pub img: usize,
    /// The model's: what the sides of batches are multiples of.
    pub stride: usize,
    /// Pictures per batch.
    pub batch: usize,
    pub seed: u64,
    /// Threads that make samples.
    pub threads: usize,
    /// Batches of similar shapes, without mosaic and in a fixed order.
    pub rect: bool,
    /// Where the batches will be computed with.
    pub device: Device,
}

/// Endless training batches, epoch after epoch.
pub struct TrainLoader {
    queue: Queue,
    batches: usize,
}

impl TrainLoader {
    /// # Errors
    /// Where no threads can be started.
    pub fn new(dataset: Arc<Dataset>, augment: Augment, options: TrainOptions) -> Result<Self, DataError> {
        let batches = dataset.len().div_ceil(options.batch.max(1));
        let queue = Queue::start(options.threads, options.device, move |maker, send| {
            let plan = options
                .rect
                .then(|| rect::plan(&sizes(&dataset), options.batch, options.img, 0.0, options.stride));
            for epoch in 0.. {
                let order = match &plan {
                    Some(plan) => plan.order.clone(),
                    None => shuffled(dataset.len(), options.seed, epoch),
                };
                for (number, members) in order.chunks(options.batch.max(1)).enumerate() {
                    let shape = plan.as_ref().map_or((options.img, options.img), |plan| plan.shapes[number]);
                    let first = (number * options.batch.max(1)) as u64;
                    let batch = maker.batch(&dataset, members, shape, |place, index, scratch| {
                        let mut rng = stream(options.seed, epoch, first + place as u64);
                        make(&dataset, &augment, index, shape, plan.is_none(), &mut rng, scratch)
                            .map(|labels| Sample { labels, ..Sample::default() })
                    });
                    if !send(batch) {
                        return;
                    }
                }
            }
        })?;
        Ok(Self { queue, batches })
    }

    /// Batches per epoch; the last one may be short.
    pub fn batches(&self) -> usize {
        self.batches
    }

    /// # Errors
    /// Where a picture cannot be read any more; nothing follows then.
    pub fn next_batch(&mut self) -> Result<Batch, DataError> {
        self.queue.next().unwrap_or_else(|| Err(DataError::Loader("its threads are gone".to_owned())))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValOptions {
    /// As in training.
    pub img: usize,
    pub stride: usize,
    /// Pictures per batch; commonly twice those of training.
    pub batch: usize,
    pub threads: usize,
    pub device: Device,
}

/// Validation batches of similar shapes, in the same order every time.
pub struct ValLoader {
    dataset: Arc<Dataset>,
    plan: Arc<Rect>,
    options: ValOptions,
}

impl ValLoader {
    pub fn new(dataset: Arc<Dataset>, options: ValOptions) -> Self {
        let ValOptions { img, stride, batch, .. } = options;
        let plan = Arc::new(rect::plan(&sizes(&dataset), batch, img, 0.5, stride));
        Self { dataset, plan, options }
    }

    pub fn batches(&self) -> usize {
        self.plan.shapes.len()
    }

    pub fn dataset(&self) -> &Dataset {
        &self.dataset
    }

    /// Starts one pass over the data set.
    ///
    /// # Errors
    /// Where no threads can be started.
    pub fn pass(&self) -> Result<impl Iterator<Item = Result<Batch, DataError>> + use<>, DataError> {
        let (dataset, plan) = (Arc::clone(&self.dataset), Arc::clone(&self.plan));
        let ValOptions { batch, threads, device, .. } = self.options;
        Queue::start(threads, device, move |maker, send| {
            for (members, shape) in plan.order.chunks(batch.max(1)).zip(&plan.shapes) {
                let made = maker.batch(&dataset, members, *shape, |_, index, scratch| {
                    plain(&dataset, index, *shape, scratch)
                });
                if !send(made) {
                    return;
                }
            }
        })
    }
}

/// A picture without any augmentation.
fn plain(
    dataset: &Dataset,
    index: usize,
    (width, height): (usize, usize),
    scratch: &mut Scratch,
) -> Result<Sample, DataError> {
    let loaded = dataset.loaded(index)?;
    let picture = &loaded.pixels;
    let fit = letterbox::fit(picture.width, picture.height, width, height, false);
    letterbox::draw(picture, &fit, width, height, &mut scratch.picture);
    let side = |length: usize| (fit.ratio * length as f64) as f32;
    let (left, top) = (fit.pad.0 as f32, fit.pad.1 as f32);
    let labels = dataset.items()[index]
        .labels
        .boxes
        .iter()
        .map(|label| {
            PixelBox::place(label, side(picture.width), side(picture.height), left, top)
                .normalised(width as f32, height as f32)
        })
        .collect();
    Ok(Sample { labels, pad: fit.pad, damage: loaded.damage.clone() })
}

fn sizes(dataset: &Dataset) -> Vec<(usize, usize)> {
    dataset.items().iter().map(|item| item.size).collect()
}

fn shuffled(len: usize, seed: u64, epoch: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..len).collect();
    order.shuffle(&mut stream(seed, epoch, u64::MAX));
    order
}

/// The stream of one sample.
fn stream(seed: u64, epoch: u64, place: u64) -> ChaCha8Rng {
    let mut bytes = [0; 32];
    for (part, value) in bytes.chunks_exact_mut(8).zip([seed, epoch, place, 0]) {
        part.copy_from_slice(&value.to_le_bytes());
    }
    ChaCha8Rng::from_seed(bytes)
}

#[cfg(test)]
mod tests;
