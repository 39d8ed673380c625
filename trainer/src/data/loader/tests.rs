//! Which pictures come, in which order, and that chance belongs to the seed alone.

use super::*;
use crate::data::dataset::tests::{BOX, batches_of, damage, damaged_within, set};
use crate::data::{Cache, DataYaml, Options, Pixels, Split};

const OPTIONS: Options = Options { img: 64, single_class: false, cache: Cache::Ram };
const TRAIN: TrainOptions =
    TrainOptions { img: 64, stride: 32, batch: 4, seed: 5, threads: 1, rect: false, device: Device::Cpu };
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
    let loader = ValLoader::new(Arc::clone(&dataset), batches_of(64, 2, 2));
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
        let loader = ValLoader::new(Arc::new(dataset), batches_of(64, 3, 2));
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
        let loader = ValLoader::new(Arc::new(dataset), batches_of(64, 2, 1));
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
    let loader = ValLoader::new(dataset, batches_of(64, 1, 1));
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
