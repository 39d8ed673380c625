//! Batches made on other threads ahead of their use, in a queue of bounded length. Which batches, and what happens to a picture, is in
//! `loader.rs`.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};
use tch::{Device, Tensor};

use super::DataError;
use super::batch::{Batch, Origin};
use super::dataset::Dataset;
use super::labels::Label;
use super::pixels::Pixels;
use super::resize::load_size;
use super::sample::Scratch;
use crate::device::pinned;
use crate::{failure, threads};

/// Batches that wait for the compute thread.
const AHEAD: usize = 3;

/// A thread that makes batches until nobody wants them any more.
pub struct Queue {
    ready: Option<Receiver<Result<Batch, DataError>>>,
    thread: Option<JoinHandle<()>>,
}

impl Queue {
    /// `device` is where the batches will be computed with.
    ///
    /// # Errors
    /// Where no threads can be started.
    pub fn start<F>(threads: usize, device: Device, produce: F) -> Result<Self, DataError>
    where
        F: FnOnce(&mut Maker, &dyn Fn(Result<Batch, DataError>) -> bool) + Send + 'static,
    {
        let refused = |error: &dyn std::fmt::Display| DataError::Threads(error.to_string());
        let pool = ThreadPoolBuilder::new()
            .num_threads(threads.max(1))
            .thread_name(|i| format!("loader-{i}"))
            .build()
            .map_err(|error| refused(&error))?;
        let (sender, ready) = sync_channel(AHEAD);
        let thread = std::thread::Builder::new()
            .name("loader".to_owned())
            .spawn(move || {
                // A second team of libgomp's threads would make more of them than cores: the compute thread's team would then go
                // to sleep at each of its operations, which makes a training on two cores take 1.8 times as long.
                threads::compute_with(1);
                let mut maker = Maker { pool, pictures: Vec::new(), device };
                produce(&mut maker, &|batch| hand_over(&sender, batch));
            })
            .map_err(|error| refused(&error))?;
        Ok(Self { ready: Some(ready), thread: Some(thread) })
    }
}

/// Whether more is wanted; after an error nothing follows.
fn hand_over(sender: &SyncSender<Result<Batch, DataError>>, batch: Result<Batch, DataError>) -> bool {
    let more = batch.is_ok();
    sender.send(batch).is_ok() && more
}

impl Iterator for Queue {
    type Item = Result<Batch, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        // Nothing comes any more: the thread is done, or it panicked, which is no end of the pictures.
        self.ready.as_ref()?.recv().ok().or_else(|| {
            let panic = self.thread.take()?.join().err()?;
            Some(Err(DataError::Loader(failure::told(&*panic))))
        })
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        // Closed first, so that a thread that waits for room in the queue wakes up.
        self.ready = None;
        if let Some(thread) = self.thread.take() {
            // Whether it panicked is of no matter to who wants nothing more from it.
            let _ = thread.join();
        }
    }
}

/// What is made of a picture, beside its pixels.
#[derive(Debug, Default)]
pub struct Sample {
    pub labels: Vec<Label>,
    /// Left and top border in pixels.
    pub pad: (f64, f64),
    /// What is wrong with its file.
    pub damage: Option<String>,
}

/// Makes batches, keeping its memory from one to the next.
pub struct Maker {
    pool: ThreadPool,
    pictures: Vec<u8>,
    device: Device,
}

impl Maker {
    /// Makes one of these members of the data set, each sample by its place and its index.
    ///
    /// # Errors
    /// Where a picture cannot be read any more, or the batch does not fit into memory.
    pub fn batch<F>(
        &mut self,
        dataset: &Dataset,
        members: &[usize],
        (width, height): (usize, usize),
        sample: F,
    ) -> Result<Batch, DataError>
    where
        F: Fn(usize, usize, &mut Scratch) -> Result<Sample, DataError> + Sync,
    {
        let bytes = width * height * 3;
        let Self { pool, pictures, .. } = self;
        pictures.resize(bytes * members.len(), 0);
        let made = pool.install(|| {
            pictures
                .par_chunks_exact_mut(bytes)
                .zip(members)
                .enumerate()
                .map_init(Scratch::default, |scratch, (place, (out, index))| {
                    let made = sample(place, *index, scratch)?;
                    planes(&scratch.picture, out);
                    Ok(made)
                })
                .collect::<Vec<Result<_, DataError>>>()
        });
        self.gather(dataset, members, made, (width, height))
    }

    /// Puts together what was made of these members.
    fn gather(
        &mut self,
        dataset: &Dataset,
        members: &[usize],
        made: Vec<Result<Sample, DataError>>,
        (width, height): (usize, usize),
    ) -> Result<Batch, DataError> {
        let bytes = width * height * 3;
        let mut origins = Vec::with_capacity(members.len());
        let (mut targets, mut left_out, mut damaged) = (Vec::new(), Vec::new(), Vec::new());
        for (from, (&index, made)) in members.iter().zip(made).enumerate() {
            let sample = match made {
                Ok(sample) => sample,
                Err(why) if !dataset.is_read() => {
                    left_out.push(format!("{why}; left out"));
                    continue;
                }
                Err(why) => return Err(why),
            };
            let place = origins.len();
            // The pictures behind one that is left out move up.
            if place < from {
                self.pictures.copy_within(from * bytes..(from + 1) * bytes, place * bytes);
            }
            for label in &sample.labels {
                targets.extend([place as f32, label.class as f32, label.x, label.y, label.w, label.h]);
            }
            // Of a data set that was read this was told then.
            damaged.extend(sample.damage.filter(|_| !dataset.is_read()));
            origins.push(origin(dataset, index, sample.pad));
        }
        let shape = [origins.len() as i64, 3, height as i64, width as i64];
        let pictures = &self.pictures[..bytes * origins.len()];
        Ok(Batch {
            // The largest copy of a training by far: the compute thread is not to wait for it.
            images: pinned(Tensor::f_from_slice(pictures)?.f_view(shape.as_slice())?, self.device)?,
            targets: Tensor::f_from_slice(&targets)?.f_view([(targets.len() / 6) as i64, 6])?,
            origins,
            left_out,
            damaged,
        })
    }
}

fn origin(dataset: &Dataset, index: usize, pad: (f64, f64)) -> Origin {
    let (width, height) = dataset.items()[index].size;
    let (_, loaded) = load_size(width, height, dataset.options().img);
    Origin { index, width, height, gain: loaded as f64 / height as f64, pad }
}

/// Pixels to planes of red, green and blue.
fn planes(pixels: &Pixels, out: &mut [u8]) {
    let (red, rest) = out.split_at_mut(pixels.width * pixels.height);
    let (green, blue) = rest.split_at_mut(pixels.width * pixels.height);
    for (((pixel, r), g), b) in pixels.rgb.chunks_exact(3).zip(red).zip(green).zip(blue) {
        (*r, *g, *b) = (pixel[0], pixel[1], pixel[2]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Split;
    use crate::data::dataset::tests::{BOX, OPTIONS, set};

    #[test]
    fn the_way_back_to_native_pixels_goes_by_the_height_that_truncation_left() {
        let (folder, yaml) = set(&[("a.png", BOX)]);
        image::RgbImage::new(50, 33).save(folder.path().join("images/a.png")).unwrap();
        let dataset = Dataset::open(&yaml, Split::Val, OPTIONS).unwrap();
        // 33 · 64 / 50 is 42.24.
        let expected = Origin { index: 0, width: 50, height: 33, gain: 42.0 / 33.0, pad: (1.0, 2.5) };
        assert_eq!(origin(&dataset, 0, (1.0, 2.5)), expected);
    }

    #[test]
    fn a_loader_that_panics_is_an_error_and_no_end_of_the_pictures() {
        let mut queue = Queue::start(1, Device::Cpu, |_, _| panic!("a picture like no other")).unwrap();
        let error = queue.next().expect("no end").unwrap_err().to_string();
        assert!(error.contains("a picture like no other"), "{error}");
        assert!(queue.next().is_none(), "told once");
        assert!(Queue::start(1, Device::Cpu, |_, _| ()).unwrap().next().is_none(), "a plain end is no error");
    }
}
