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
    /// Side of a picture in pixels, a multiple of 32.
    pub img: usize,
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
            let plan = options.rect.then(|| rect::plan(&sizes(&dataset), options.batch, options.img, 0.0));
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

/// Validation batches of similar shapes, in the same order every time.
pub struct ValLoader {
    dataset: Arc<Dataset>,
    plan: Arc<Rect>,
    batch: usize,
    threads: usize,
    device: Device,
}

impl ValLoader {
    /// `batch` is commonly twice that of training.
    pub fn new(dataset: Arc<Dataset>, img: usize, batch: usize, threads: usize) -> Self {
        let batch = batch.max(1);
        let plan = Arc::new(rect::plan(&sizes(&dataset), batch, img, 0.5));
        Self { dataset, plan, batch, threads, device: Device::Cpu }
    }

    /// The same, of batches that will be computed with on `device`.
    #[must_use]
    pub fn on(self, device: Device) -> Self {
        Self { device, ..self }
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
        let (dataset, plan, batch) = (Arc::clone(&self.dataset), Arc::clone(&self.plan), self.batch);
        Queue::start(self.threads, self.device, move |maker, send| {
            for (members, shape) in plan.order.chunks(batch).zip(&plan.shapes) {
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
mod tests {
    use super::*;
    use crate::data::dataset::tests::{BOX, damage, damaged_within, set};
    use crate::data::{Cache, DataYaml, Options, Pixels, Split};

    const OPTIONS: Options = Options { img: 64, single_class: false, cache: Cache::Ram };
    const TRAIN: TrainOptions =
        TrainOptions { img: 64, batch: 4, seed: 5, threads: 1, rect: false, device: Device::Cpu };
    const AUGMENT: Augment = Augment {
        hsv_h: 0.015,
        hsv_s: 0.7,
        hsv_v: 0.4,
        degrees: 5.0,
        translate: 0.1,
        scale: 0.5,
        shear: 2.0,
        perspective: 0.0005,
        flipud: 0.2,
        fliplr: 0.5,
        mosaic: 0.8,
        mixup: 0.3,
        copy_paste: 0.0,
    };

    fn digits(split: Split) -> (tempfile::TempDir, Arc<Dataset>) {
        let folder = tempfile::tempdir().unwrap();
        let file = crate::digits::write(&folder.path().join("d"), 10, 5, 0).unwrap();
        let dataset = Dataset::open(&DataYaml::read(&file).unwrap(), split, OPTIONS).unwrap();
        (folder, Arc::new(dataset))
    }

    fn epoch(dataset: &Arc<Dataset>, augment: Augment, options: TrainOptions) -> Vec<Batch> {
        let mut loader = TrainLoader::new(Arc::clone(dataset), augment, options).unwrap();
        (0..loader.batches()).map(|_| loader.next_batch().unwrap()).collect()
    }

    fn same(a: &Batch, b: &Batch) -> bool {
        a.images.equal(&b.images) && a.targets.equal(&b.targets) && a.origins == b.origins
    }

    #[test]
    fn an_epoch_shows_every_picture_once_in_batches_of_which_the_last_may_be_short() {
        let (_folder, dataset) = digits(Split::Train);
        let batches = epoch(&dataset, AUGMENT, TRAIN);
        assert_eq!(batches.iter().map(Batch::len).collect::<Vec<_>>(), [4, 4, 2]);
        assert_eq!(batches[0].images.size(), [4, 3, 64, 64]);
        let mut seen: Vec<usize> = batches.iter().flat_map(|b| &b.origins).map(|o| o.index).collect();
        assert_ne!(seen, (0..10).collect::<Vec<_>>());
        seen.sort_unstable();
        assert_eq!(seen, (0..10).collect::<Vec<_>>());
        for batch in &batches {
            let boxes = batch.targets.narrow(1, 2, 4);
            assert!(boxes.numel() > 0 && boxes.min().double_value(&[]) > 0.0);
            assert!(boxes.max().double_value(&[]) <= 1.0);
        }
    }

    #[test]
    fn the_seed_decides_and_the_number_of_threads_does_not() {
        let (_folder, dataset) = digits(Split::Train);
        let one = epoch(&dataset, AUGMENT, TRAIN);
        let three = epoch(&dataset, AUGMENT, TrainOptions { threads: 3, ..TRAIN });
        assert!(one.iter().zip(&three).all(|(a, b)| same(a, b)));
        let other = epoch(&dataset, AUGMENT, TrainOptions { seed: 6, ..TRAIN });
        assert!(!one.iter().zip(&other).any(|(a, b)| same(a, b)));
    }

    #[test]
    fn each_kind_of_augmentation_alone_changes_the_batches() {
        let (_folder, dataset) = digits(Split::Train);
        let plain = epoch(&dataset, Augment::default(), TRAIN);
        let changed = [
            Augment { hsv_h: 0.1, ..Augment::default() },
            Augment { hsv_s: 0.5, ..Augment::default() },
            Augment { hsv_v: 0.5, ..Augment::default() },
            Augment { degrees: 10.0, ..Augment::default() },
            Augment { translate: 0.2, ..Augment::default() },
            Augment { scale: 0.5, ..Augment::default() },
            Augment { shear: 5.0, ..Augment::default() },
            Augment { perspective: 0.001, ..Augment::default() },
            Augment { flipud: 1.0, ..Augment::default() },
            Augment { fliplr: 1.0, ..Augment::default() },
            Augment { mosaic: 1.0, ..Augment::default() },
        ];
        for augment in changed {
            let batches = epoch(&dataset, augment, TRAIN);
            assert!(!plain.iter().zip(&batches).any(|(a, b)| a.images.equal(&b.images)), "{augment:?}");
        }
        let mosaic = Augment { mosaic: 1.0, ..Augment::default() };
        let mixed = epoch(&dataset, Augment { mixup: 1.0, ..mosaic }, TRAIN);
        assert!(!epoch(&dataset, mosaic, TRAIN).iter().zip(&mixed).any(|(a, b)| a.images.equal(&b.images)));
    }

    #[test]
    fn epochs_differ_and_a_loader_that_is_dropped_stops() {
        let (_folder, dataset) = digits(Split::Train);
        let mut loader = TrainLoader::new(Arc::clone(&dataset), AUGMENT, TRAIN).unwrap();
        let first: Vec<Batch> = (0..3).map(|_| loader.next_batch().unwrap()).collect();
        let second: Vec<Batch> = (0..3).map(|_| loader.next_batch().unwrap()).collect();
        assert!(!first.iter().zip(&second).any(|(a, b)| same(a, b)));
        drop(loader);
        assert_eq!(Arc::strong_count(&dataset), 1, "its thread still holds the data set");
    }

    #[test]
    fn validation_shows_the_whole_picture_and_knows_the_way_back() {
        let (_folder, dataset) = digits(Split::Val);
        let loader = ValLoader::new(Arc::clone(&dataset), 64, 2, 2);
        let batches: Vec<Batch> = loader.pass().unwrap().map(Result::unwrap).collect();
        assert_eq!(batches.iter().map(Batch::len).collect::<Vec<_>>(), [2, 2, 1]);
        let batch = &batches[0];
        assert_eq!(batch.images.size(), [2, 3, 96, 96]);
        let origin = batch.origins[0];
        assert_eq!((origin.width, origin.gain, origin.pad), (160, 0.4, (16.0, 16.0)));
        let label = dataset.items()[origin.index].labels.boxes[0];
        let x = (batch.targets.double_value(&[0, 2]) * 96.0 - origin.pad.0) / origin.gain;
        assert!((x - f64::from(label.x) * 160.0).abs() < 1e-3, "{x} {label:?}");
    }

    #[test]
    fn a_set_that_was_only_listed_is_read_as_it_comes_and_without_what_cannot_be() {
        let (folder, yaml) = set(&[("a.png", BOX), ("b.png", BOX), ("c.png", BOX)]);
        let inside = |name: &str| folder.path().join("images").join(name);
        damage(&inside("b.png"));
        image::RgbImage::from_pixel(64, 32, image::Rgb([7, 8, 9])).save(inside("c.png")).unwrap();
        let all = |dataset: Dataset| {
            let loader = ValLoader::new(Arc::new(dataset), 64, 3, 2);
            loader.pass().unwrap().map(Result::unwrap).collect::<Vec<_>>()
        };
        let listed = Dataset::list(&yaml, Split::Val, OPTIONS).unwrap();
        assert_eq!((listed.len(), listed.warnings().len()), (3, 0), "nothing is decoded yet");
        let [batch] = all(listed).try_into().unwrap();
        assert_eq!(batch.origins.iter().map(|origin| origin.index).collect::<Vec<_>>(), [0, 2]);
        assert!(batch.left_out.len() == 1 && batch.left_out[0].contains("b.png"), "{:?}", batch.left_out);
        let [opened] = all(Dataset::open(&yaml, Split::Val, OPTIONS).unwrap()).try_into().unwrap();
        assert!(batch.images.equal(&opened.images) && batch.targets.equal(&opened.targets));
    }

    #[test]
    fn damage_is_told_with_the_batch_only_where_pictures_were_not_read_before() {
        let (folder, yaml) = set(&[("a.jpg", BOX), ("b.png", BOX)]);
        std::fs::write(folder.path().join("images/a.jpg"), damaged_within()).unwrap();
        let options = Options { cache: Cache::None, ..OPTIONS };
        let told = |dataset: Dataset| {
            let loader = ValLoader::new(Arc::new(dataset), 64, 2, 1);
            let [batch] = loader.pass().unwrap().map(Result::unwrap).collect::<Vec<_>>().try_into().unwrap();
            assert_eq!((batch.len(), batch.left_out.len()), (2, 0));
            batch.damaged
        };
        let listed = told(Dataset::list(&yaml, Split::Val, options).unwrap());
        assert!(listed.len() == 1 && listed[0].contains("a.jpg: this JPEG is damaged"), "{listed:?}");
        assert!(told(Dataset::open(&yaml, Split::Val, options).unwrap()).is_empty());
    }

    #[test]
    fn rectangular_training_has_no_mosaic_no_shuffling_and_no_more_grey_than_needed() {
        let (folder, yaml) = set(&[("a.png", BOX), ("b.png", BOX), ("c.png", BOX)]);
        let colours = |x, y| image::Rgb([x as u8, 100 + y as u8, 200]);
        image::RgbImage::from_fn(64, 32, colours).save(folder.path().join("images/a.png")).unwrap();
        let dataset = Arc::new(Dataset::open(&yaml, Split::Train, OPTIONS).unwrap());
        let plain = Augment { mosaic: 1.0, ..Augment::default() };
        let options = TrainOptions { rect: true, batch: 2, ..TRAIN };
        let mut loader = TrainLoader::new(Arc::clone(&dataset), plain, options).unwrap();
        let batches: Vec<Batch> = (0..4).map(|_| loader.next_batch().unwrap()).collect();
        let order: Vec<usize> = batches.iter().flat_map(|b| &b.origins).map(|o| o.index).collect();
        assert_eq!(order, [0, 1, 2, 0, 1, 2], "two epochs");
        // All of them are twice as wide as high: what is loaded fills the batch.
        assert_eq!(batches[0].images.size(), [2, 3, 32, 64]);
        assert_eq!(batches[0].images.select(0, 0), as_tensor(&dataset.picture(0).unwrap()));
    }

    fn as_tensor(pixels: &Pixels) -> tch::Tensor {
        let shape = [pixels.height as i64, pixels.width as i64, 3];
        tch::Tensor::from_slice(&pixels.rgb).view(shape).permute([2, 0, 1])
    }

    #[test]
    fn a_picture_loaded_too_small_by_a_float_error_is_enlarged_for_training_only() {
        let (folder, yaml) = set(&[("a.png", BOX)]);
        // 49 · (64 / 49) is a little less than 64.
        image::RgbImage::new(49, 49).save(folder.path().join("images/a.png")).unwrap();
        let options = TrainOptions { batch: 1, ..TRAIN };
        let grey = |batch: &Batch| batch.images.eq(114).sum(tch::Kind::Int64).int64_value(&[]);
        let dataset = Arc::new(Dataset::open(&yaml, Split::Train, OPTIONS).unwrap());
        assert_eq!(dataset.picture(0).unwrap().width, 63);
        assert_eq!(grey(&epoch(&dataset, Augment::default(), options)[0]), 0);
        let loader = ValLoader::new(dataset, 64, 1, 1);
        let seen = loader.pass().unwrap().next().unwrap().unwrap();
        assert_eq!(grey(&seen), (96 * 96 - 63 * 63) * 3);
    }

    #[test]
    fn labels_are_mirrored_with_their_pictures() {
        let (_folder, dataset) = digits(Split::Train);
        let plain = epoch(&dataset, Augment::default(), TRAIN);
        for (augment, axis) in [
            (Augment { fliplr: 1.0, ..Augment::default() }, 2),
            (Augment { flipud: 1.0, ..Augment::default() }, 3),
        ] {
            for (flipped, plain) in epoch(&dataset, augment, TRAIN).iter().zip(&plain) {
                let expected = plain.targets.copy();
                let mut mirrored = expected.select(1, axis);
                mirrored.copy_(&(1.0 - mirrored.copy()));
                assert!(flipped.targets.allclose(&expected, 0.0, 1e-6, false), "axis {axis}");
                assert!(flipped.images.equal(&plain.images.flip([if axis == 2 { 3 } else { 2 }])));
            }
        }
    }

    #[test]
    fn a_picture_that_goes_missing_is_named_and_ends_the_batches() {
        let folder = tempfile::tempdir().unwrap();
        let file = crate::digits::write(&folder.path().join("d"), 3, 1, 0).unwrap();
        let options = Options { cache: Cache::None, ..OPTIONS };
        let yaml = DataYaml::read(&file).unwrap();
        let dataset = Arc::new(Dataset::open(&yaml, Split::Train, options).unwrap());
        std::fs::remove_file(&dataset.items()[1].path).unwrap();
        let mut loader = TrainLoader::new(dataset, Augment::default(), TRAIN).unwrap();
        let error = loader.next_batch().unwrap_err().to_string();
        assert!(error.contains("000001.png"), "{error}");
        assert!(loader.next_batch().is_err());
    }
}
