//! Batches made on other threads ahead of their use, in a queue of bounded length. Which batches, and what happens to a picture, is in
//! `loader.rs`.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};
use tch::Tensor;

use super::DataError;
use super::batch::{Batch, Origin};
use super::dataset::Dataset;
use super::labels::Label;
use super::pixels::Pixels;
use super::resize::load_size;
use super::sample::Scratch;
use crate::{failure, threads};

/// Batches that wait for the compute thread.
const AHEAD: usize = 3;

/// A thread that makes batches until nobody wants them any more.
pub struct Queue {
    ready: Option<Receiver<Result<Batch, DataError>>>,
    thread: Option<JoinHandle<()>>,
}

impl Queue {
    /// # Errors
    /// Where no threads can be started.
    pub fn start<F>(threads: usize, produce: F) -> Result<Self, DataError>
    where
        F: FnOnce(&mut Maker, &dyn Fn(Result<Batch, DataError>) -> bool) + Send + 'static,
    {
        let lost = |error: &dyn std::fmt::Display| DataError::Loader(error.to_string());
        let pool = ThreadPoolBuilder::new()
            .num_threads(threads.max(1))
            .thread_name(|i| format!("loader-{i}"))
            .build()
            .map_err(|error| lost(&error))?;
        let (sender, ready) = sync_channel(AHEAD);
        let thread = std::thread::Builder::new()
            .name("loader".to_owned())
            .spawn(move || {
                // A second team of libgomp's threads would make more of them than cores: the compute thread's team would then go
                // to sleep at each of its operations, which makes a training on two cores take 1.8 times as long.
                threads::compute_with(1);
                let mut maker = Maker { pool, pictures: Vec::new() };
                produce(&mut maker, &|batch| hand_over(&sender, batch));
            })
            .map_err(|error| lost(&error))?;
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

/// Makes batches, keeping its memory from one to the next.
pub struct Maker {
    pool: ThreadPool,
    pictures: Vec<u8>,
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
        F: Fn(usize, usize, &mut Scratch) -> Result<(Vec<Label>, (f64, f64)), DataError> + Sync,
    {
        let Self { pool, pictures } = self;
        let bytes = width * height * 3;
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
        let (mut targets, mut left_out) = (Vec::new(), Vec::new());
        let mut origins = Vec::with_capacity(members.len());
        for (from, (&index, made)) in members.iter().zip(made).enumerate() {
            let (labels, pad) = match made {
                Ok(made) => made,
                Err(why) if !dataset.is_read() => {
                    left_out.push(format!("{why}; left out"));
                    continue;
                }
                Err(why) => return Err(why),
            };
            let place = origins.len();
            // The pictures behind one that is left out move up.
            if place < from {
                pictures.copy_within(from * bytes..(from + 1) * bytes, place * bytes);
            }
            for label in &labels {
                targets.extend([place as f32, label.class as f32, label.x, label.y, label.w, label.h]);
            }
            let item = &dataset.items()[index];
            let loaded = load_size(item.size.0, item.size.1, dataset.options().img);
            origins.push(Origin {
                index,
                width: item.size.0,
                height: item.size.1,
                gain: loaded.1 as f64 / item.size.1 as f64,
                pad,
            });
        }
        let shape = [origins.len() as i64, 3, height as i64, width as i64];
        Ok(Batch {
            images: Tensor::f_from_slice(&pictures[..bytes * origins.len()])?.f_view(shape.as_slice())?,
            targets: Tensor::f_from_slice(&targets)?.f_view([(targets.len() / 6) as i64, 6])?,
            origins,
            left_out,
        })
    }
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

    #[test]
    fn a_loader_that_panics_is_an_error_and_no_end_of_the_pictures() {
        let mut queue = Queue::start(1, |_, _| panic!("a picture like no other")).unwrap();
        let error = queue.next().expect("no end").unwrap_err().to_string();
        assert!(error.contains("a picture like no other"), "{error}");
        assert!(queue.next().is_none(), "told once");
        assert!(Queue::start(1, |_, _| ()).unwrap().next().is_none(), "a plain end is no error");
    }
}
