use std::fs;
use std::path::Path;

use tch::Device;

use super::*;
use crate::data::ValOptions;
use crate::data::files::label_path;

pub const OPTIONS: Options = Options { img: 64, single_class: false, cache: Cache::Ram };

/// Validation batches of pictures of this side.
pub fn batches_of(img: usize, batch: usize, threads: usize) -> ValOptions {
    ValOptions { img, stride: 32, batch, threads, device: Device::Cpu }
}

/// A data set of one class per `(image, label text)`; pictures are left half black, right half white.
pub fn set(files: &[(&str, Option<&str>)]) -> (tempfile::TempDir, DataYaml) {
    let folder = tempfile::tempdir().unwrap();
    for part in ["images", "labels"] {
        fs::create_dir(folder.path().join(part)).unwrap();
    }
    let picture = image::RgbImage::from_fn(64, 32, |x, _| image::Rgb([if x < 32 { 0 } else { 255 }; 3]));
    for (name, label) in files {
        let path = folder.path().join("images").join(name);
        picture.save(&path).unwrap();
        if let Some(label) = label {
            fs::write(label_path(&path), label).unwrap();
        }
    }
    let yaml = DataYaml::parse(&folder.path().join("x.yaml"), "train: images\nval: images\nnames: [a, b]\n");
    (folder, yaml.unwrap())
}

fn refused(files: &[(&str, Option<&str>)]) -> String {
    let (_folder, yaml) = set(files);
    Dataset::open(&yaml, Split::Train, OPTIONS).unwrap_err().to_string()
}

pub const BOX: Option<&str> = Some("1 .5 .5 .2 .2\n");

#[test]
fn all_common_picture_formats_are_read() {
    let (_folder, yaml) =
        set(&[("a.jpg", BOX), ("b.png", BOX), ("c.bmp", BOX), ("d.webp", BOX), ("e.tiff", BOX)]);
    let dataset = Dataset::open(&yaml, Split::Train, OPTIONS).unwrap();
    assert!(dataset.warnings().is_empty(), "{:?}", dataset.warnings());
    assert_eq!(dataset.len(), 5);
    for index in 0..5 {
        let picture = dataset.picture(index).unwrap();
        assert_eq!((picture.width, picture.height), (64, 32));
        assert!(picture.row(16)[5 * 3] < 10 && picture.row(16)[60 * 3] > 245, "{index}");
    }
    assert_eq!(dataset.cache_bytes(), 5 * 64 * 32 * 3);
}

#[test]
fn a_bad_file_costs_its_picture_and_is_named_and_the_rest_goes_on() {
    let (folder, yaml) = set(&[
        ("a.png", BOX),
        ("b.png", Some("1 .5 .5 .2\n")),
        ("c.png", None),
        ("d.png", Some("1 .5 .5 .2 .2\n1 .5 .5 .2 .2\n")),
    ]);
    fs::write(folder.path().join("images/e.png"), "no picture").unwrap();
    let tiny = image::RgbImage::new(8, 40);
    tiny.save(folder.path().join("images/f.png")).unwrap();
    let before = listing(folder.path());
    let dataset = Dataset::open(&yaml, Split::Train, OPTIONS).unwrap();
    assert_eq!(
        dataset.found(),
        Found { images: 3, instances: 2, backgrounds: 1, corrupt: 3, damaged: 0, duplicates: 1 }
    );
    for (name, word) in
        [("b.txt", "4 columns"), ("d.txt", "duplicate"), ("e.png", "left out"), ("f.png", "8 x 40")]
    {
        let found = dataset.warnings().iter().any(|line| line.contains(name) && line.contains(word));
        assert!(found, "{name}: {:?}", dataset.warnings());
    }
    assert_eq!(
        dataset.summary(),
        "train: 3 images, 2 objects, 1 without objects, 3 corrupt and left out, 1 duplicate labels dropped"
    );
    assert_eq!(listing(folder.path()), before, "the data set was written to");
}

fn listing(folder: &Path) -> Vec<(PathBuf, std::time::SystemTime)> {
    let mut found: Vec<_> = ["images", "labels"]
        .iter()
        .flat_map(|part| fs::read_dir(folder.join(part)).unwrap())
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.path(), entry.metadata().unwrap().modified().unwrap()))
        .collect();
    found.sort();
    found
}

#[test]
fn what_nothing_can_be_learned_from_is_refused_with_a_remedy() {
    assert!(refused(&[("a.png", None)]).contains("none of 1 images has a label file"));
    assert!(refused(&[("a.png", Some(""))]).contains("all label files are empty"));
    let beyond = refused(&[("a.png", BOX), ("b.png", Some("2 .5 .5 .2 .2\n"))]);
    assert!(beyond.contains("b.txt") && beyond.contains("class 2") && beyond.contains("only 2"), "{beyond}");
}

#[test]
fn a_picture_that_breaks_off_is_left_out_before_any_training() {
    let (folder, yaml) = set(&[("a.png", BOX), ("b.png", BOX), ("c.webp", BOX), ("d.webp", BOX)]);
    for name in ["b.png", "d.webp"] {
        let path = folder.path().join("images").join(name);
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..bytes.len() - 14]).unwrap();
    }
    let uncached = Options { cache: Cache::None, ..OPTIONS };
    let dataset = Dataset::open(&yaml, Split::Train, uncached).unwrap();
    assert_eq!((dataset.len(), dataset.found().corrupt), (2, 2));
    for (name, line) in ["b.png", "d.webp"].iter().zip(dataset.warnings()) {
        assert!(line.contains(name) && line.ends_with("left out"), "{line}");
    }
}

#[test]
fn where_no_image_can_be_used_the_first_mistake_is_told() {
    let said = refused(&[("a.png", Some("1 .5 .5 .2 .2 .9\n")), ("b.png", Some("1 .5\n"))]);
    assert!(said.contains("none of the 2 train images"), "{said}");
    assert!(said.contains("a.txt: line 1: 6 columns"), "{said}");
}

#[test]
fn a_single_class_takes_all_labels() {
    let (_folder, yaml) = set(&[("a.png", Some("7 .5 .5 .2 .2\n"))]);
    let options = Options { single_class: true, ..OPTIONS };
    let dataset = Dataset::open(&yaml, Split::Train, options).unwrap();
    assert_eq!((dataset.classes(), dataset.items()[0].labels.boxes[0].class), (1, 0));
}

#[test]
fn a_cut_off_jpeg_is_used_as_far_as_it_goes_and_said() {
    let (folder, yaml) = set(&[("a.jpg", BOX)]);
    let path = folder.path().join("images/a.jpg");
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 40]).unwrap();
    let dataset = Dataset::open(&yaml, Split::Train, OPTIONS).unwrap();
    assert_eq!(dataset.len(), 1);
    assert!(dataset.warnings()[0].contains("no end"), "{:?}", dataset.warnings());
}

/// A JPEG of 64 x 48 pixels in which a marker comes where pixels are still to come.
pub fn damaged_within() -> Vec<u8> {
    let picture =
        image::RgbImage::from_fn(64, 48, |x, y| image::Rgb([(x * 4) as u8, (y * 5) as u8, (x * y) as u8]));
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, image::ImageFormat::Jpeg).unwrap();
    let mut bytes = bytes.into_inner();
    let place = bytes.len() * 3 / 4;
    bytes[place..place + 2].copy_from_slice(&[0xFF, 0xD9]);
    bytes
}

#[test]
fn a_jpeg_damaged_within_is_used_counted_and_named_once_whether_pictures_are_kept_in_memory_or_not() {
    let (folder, yaml) = set(&[("a.png", BOX), ("b.jpg", BOX)]);
    fs::write(folder.path().join("images/b.jpg"), damaged_within()).unwrap();
    for cache in [Cache::Ram, Cache::None] {
        let dataset = Dataset::open(&yaml, Split::Train, Options { cache, ..OPTIONS }).unwrap();
        assert_eq!(dataset.summary(), "train: 2 images, 2 objects, 1 damaged and used as they decode");
        let [line] = dataset.warnings() else { panic!("{:?}", dataset.warnings()) };
        assert!(line.contains("b.jpg: this JPEG is damaged"), "{line}");
        assert_eq!(dataset.picture(1).unwrap().width, 64);
    }
}

#[test]
fn validation_pictures_are_averaged_where_they_shrink_and_all_others_scaled_bilinearly() {
    let (folder, yaml) = set(&[("a.png", BOX)]);
    // Of four columns the middle two are white: that is all that bilinear scaling to a quarter sees.
    let columns =
        image::RgbImage::from_fn(256, 256, |x, _| image::Rgb([if x % 4 % 3 == 0 { 0 } else { 255 }; 3]));
    columns.save(folder.path().join("images/a.png")).unwrap();
    let first = |split, img| {
        let dataset = Dataset::open(&yaml, split, Options { img, ..OPTIONS }).unwrap();
        dataset.picture(0).unwrap().rgb[..12].to_vec()
    };
    assert_eq!((first(Split::Train, 64), first(Split::Val, 64)), (vec![255; 12], vec![128; 12]));
    assert_eq!(first(Split::Val, 512), first(Split::Train, 512));
}

#[test]
fn ten_pixels_a_side_are_enough_and_nine_are_not() {
    let (folder, yaml) = set(&[("a.png", BOX), ("b.png", BOX), ("c.png", BOX)]);
    for (name, width, height) in [("a", 10, 10), ("b", 9, 10), ("c", 10, 9)] {
        let path = folder.path().join(format!("images/{name}.png"));
        image::RgbImage::new(width, height).save(path).unwrap();
    }
    let dataset = Dataset::open(&yaml, Split::Train, OPTIONS).unwrap();
    assert_eq!((dataset.len(), dataset.items()[0].size), (1, (10, 10)));
}

#[test]
fn validation_pictures_without_any_label_are_taken_with_a_warning_in_the_first_place() {
    let (folder, yaml) = set(&[("a.png", None), ("b.png", None)]);
    fs::write(folder.path().join("images/c.png"), "no picture").unwrap();
    let dataset = Dataset::open(&yaml, Split::Val, OPTIONS).unwrap();
    assert_eq!((dataset.len(), dataset.found().instances), (2, 0));
    let first = &dataset.warnings()[0];
    assert!(first.contains("none of 2 images has a label file") && first.contains("mAP are 0"), "{first}");
    fs::write(folder.path().join("labels/a.txt"), "").unwrap();
    let dataset = Dataset::open(&yaml, Split::Val, OPTIONS).unwrap();
    assert!(dataset.warnings()[0].contains("all label files are empty"), "{:?}", dataset.warnings());
}

#[test]
fn a_validation_folder_without_pictures_is_an_empty_split_and_a_missing_one_a_mistake() {
    let (folder, mut yaml) = set(&[]);
    for cache in [Cache::Ram, Cache::None] {
        let dataset = Dataset::open(&yaml, Split::Val, Options { cache, ..OPTIONS }).unwrap();
        assert!(dataset.is_empty());
        assert!(dataset.warnings()[0].contains("no images found"), "{:?}", dataset.warnings());
    }
    assert!(Dataset::open(&yaml, Split::Train, OPTIONS).is_err());
    yaml.val = vec![folder.path().join("imagse")];
    assert!(Dataset::open(&yaml, Split::Val, OPTIONS).unwrap_err().to_string().contains("imagse"));
}

/// Flips bits in the middle of what a PNG packs, which its header does not show.
pub fn damage(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    for byte in &mut bytes[middle..middle + 4] {
        *byte ^= 0x5A;
    }
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_picture_damaged_in_its_middle_is_left_out_whether_pictures_are_kept_in_memory_or_not() {
    let (folder, yaml) = set(&[("a.png", BOX), ("b.png", BOX), ("c.png", BOX)]);
    damage(&folder.path().join("images/b.png"));
    let [kept, read] = [Cache::Ram, Cache::None]
        .map(|cache| Dataset::open(&yaml, Split::Train, Options { cache, ..OPTIONS }).unwrap());
    for dataset in [&kept, &read] {
        assert_eq!((dataset.len(), dataset.found().corrupt), (2, 1));
        let warnings = dataset.warnings();
        assert!(warnings.len() == 1 && warnings[0].contains("b.png"), "{warnings:?}");
        assert!(warnings[0].ends_with("left out"), "{warnings:?}");
    }
    let paths = |dataset: &Dataset| dataset.items().iter().map(|i| i.path.clone()).collect::<Vec<_>>();
    assert_eq!(paths(&kept), paths(&read));
    assert!((0..2).all(|i| kept.picture(i).unwrap() == read.picture(i).unwrap()));
}

#[test]
fn a_class_out_of_range_is_shown_as_it_is_written_with_its_line() {
    let said = refused(&[("a.png", BOX), ("b.png", Some("1 .5 .5 .2 .2\n1e30 .5 .5 .2 .2\n"))]);
    assert!(said.contains("b.txt: line 2: class 1e30 "), "{said}");
}

#[test]
fn a_png_by_the_name_of_a_jpeg_is_judged_by_what_it_is() {
    let (folder, yaml) = set(&[("a.png", BOX), ("b.jpg", BOX)]);
    let inside = |name: &str| folder.path().join("images").join(name);
    fs::rename(inside("a.png"), inside("a.jpg")).unwrap();
    fs::rename(inside("b.jpg"), inside("b.png")).unwrap();
    let bytes = fs::read(inside("b.png")).unwrap();
    fs::write(inside("b.png"), &bytes[..bytes.len() - 40]).unwrap();
    let dataset = Dataset::open(&yaml, Split::Train, OPTIONS).unwrap();
    let warnings = dataset.warnings();
    assert!(
        dataset.len() == 2 && warnings.len() == 1 && warnings[0].contains("b.png: this JPEG"),
        "{warnings:?}"
    );
}

#[test]
fn a_pfm_is_named_and_left_out_as_by_the_original() {
    let (folder, yaml) = set(&[("a.png", BOX)]);
    let picture = [b"PF\n16 16\n-1.0\n".as_slice(), &[0; 16 * 16 * 12]].concat();
    fs::write(folder.path().join("images/b.pfm"), picture).unwrap();
    let dataset = Dataset::open(&yaml, Split::Train, OPTIONS).unwrap();
    let warnings = dataset.warnings();
    assert!(dataset.len() == 1 && warnings.len() == 1 && warnings[0].contains("b.pfm"), "{warnings:?}");
}
