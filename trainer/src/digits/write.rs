//! Scenes as an ordinary YOLO data set on disk.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use evotop::size;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use crate::data::Split;
use crate::machine;

use super::scene::{SCENE, Scene, compose};
use super::source::{Digit, digits};

/// How many scenes are made where nobody says otherwise.
pub const TRAIN: usize = 128;
pub const VAL: usize = 64;

/// Raised when the same seed starts to give other pictures, so that older ones are not taken for them.
pub const EDITION: u32 = 2;

/// Bytes that a scene takes on a disk: a picture with much noise in it, and its labels.
const SCENE_BYTES: u64 = 48 << 10;

/// Part of every scene's seed. Another number gives other pictures, and they are another edition.
const STREAM: u64 = 1;

#[derive(Debug, thiserror::Error)]
pub enum DigitsError {
    #[error("the built-in digits cannot be read: {0}")]
    Sheet(image::ImageError),
    #[error("the built-in weights cannot be read: {0}")]
    Weights(String),
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: std::io::Error },
    #[error("{}: {source}", path.display())]
    Picture { path: PathBuf, source: image::ImageError },
    #[error("{}: holds something else already; name another folder or empty this one", path.display())]
    Occupied { path: PathBuf },
    #[error("{}: {count} scenes need about {}, {} are free; ask for fewer or name a folder elsewhere",
        path.display(), size::short(*needed), size::short(*free))]
    Room { path: PathBuf, count: usize, needed: u64, free: u64 },
}

/// Writes `train` and `val` scenes into the folder `out` and returns the path of its data YAML. Where the very same scenes are there
/// already, nothing is written; where anything else is, nothing is touched.
///
/// # Errors
/// Where the folder holds other things, cannot be written, or would fill the disk.
pub fn write(out: &Path, train: usize, val: usize, seed: u64) -> Result<PathBuf, DigitsError> {
    let io = |path: &Path| {
        let path = path.to_path_buf();
        move |source| DigitsError::Io { path, source }
    };
    let out = std::path::absolute(out).map_err(io(out))?;
    let yaml = out.join("digits.yaml");
    let wanted = describe(&out, train, val, seed);
    if fs::read_to_string(&yaml).is_ok_and(|there| there == wanted) {
        return Ok(yaml);
    }
    if fs::read_dir(&out).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(DigitsError::Occupied { path: out });
    }
    let count = train.saturating_add(val);
    let needed = SCENE_BYTES.saturating_mul(count as u64);
    if let Some(free) = machine::free_disk(&out).filter(|free| *free < needed) {
        return Err(DigitsError::Room { path: out, count, needed, free });
    }
    let parent = out.parent().unwrap_or(Path::new("/")).to_path_buf();
    fs::create_dir_all(&parent).map_err(io(&parent))?;
    // Written beside and moved into place, so that a half-written data set is never taken for a whole one.
    let name = out.file_name().unwrap_or_default().to_string_lossy();
    let beside = parent.join(format!(".{name}-{}", std::process::id()));
    let made = write_into(&beside, train, val, seed, &wanted)
        .and_then(|()| fs::rename(&beside, &out).map_err(io(&out)));
    if made.is_err() {
        // What is left is of no use; the first error is the one to tell.
        let _ = fs::remove_dir_all(&beside);
    }
    // Another process may have been faster with the same scenes.
    if made.is_err() && fs::read_to_string(&yaml).is_ok_and(|there| there == wanted) {
        return Ok(yaml);
    }
    made.map(|()| yaml)
}

fn describe(out: &Path, train: usize, val: usize, seed: u64) -> String {
    let mut text = format!(
        "# {train} + {val} scenes of handwritten digits, seed {seed}, edition {EDITION}, {SCENE} x {SCENE} pixels.\n\
         # Digits: E. Alpaydin, C. Kaynak, Optical Recognition of Handwritten Digits, UCI, 1998, CC BY 4.0, https://doi.org/10.24432/C50P49\n\
         path: {}\ntrain: images/train\nval: images/val\nnames:\n",
        // A JSON string is a YAML string whatever the path contains.
        serde_json::Value::from(out.to_string_lossy())
    );
    for digit in 0..10 {
        let _ = writeln!(text, "  {digit}: '{digit}'");
    }
    text
}

fn write_into(folder: &Path, train: usize, val: usize, seed: u64, yaml: &str) -> Result<(), DigitsError> {
    for (split, count) in [(Split::Train, train), (Split::Val, val)] {
        let digits = digits(split)?;
        let [images, labels] = ["images", "labels"].map(|part| folder.join(part).join(split.word()));
        for path in [&images, &labels] {
            fs::create_dir_all(path).map_err(|source| DigitsError::Io { path: path.clone(), source })?;
        }
        (0..count).into_par_iter().try_for_each(|number| {
            let scene = scene(&digits, split, number, seed);
            write_scene(&scene, &images, &labels, number)
        })?;
    }
    let path = folder.join("digits.yaml");
    fs::write(&path, yaml).map_err(|source| DigitsError::Io { path, source })
}

/// A scene depends on its seed, split and number only, so that a larger data set begins with the smaller one.
fn scene(digits: &[Digit], split: Split, number: usize, seed: u64) -> Scene {
    let mut key = [0; 32];
    let parts = [seed, u64::from(split == Split::Val), number as u64, STREAM];
    for (part, value) in key.chunks_exact_mut(8).zip(parts) {
        part.copy_from_slice(&value.to_le_bytes());
    }
    compose(digits, &mut ChaCha8Rng::from_seed(key))
}

fn write_scene(scene: &Scene, images: &Path, labels: &Path, number: usize) -> Result<(), DigitsError> {
    let picture = images.join(format!("{number:06}.png"));
    image::save_buffer(
        &picture,
        &scene.pixels.rgb,
        SCENE as u32,
        SCENE as u32,
        image::ExtendedColorType::Rgb8,
    )
    .map_err(|source| DigitsError::Picture { path: picture, source })?;
    let mut text = String::new();
    for label in &scene.labels {
        let _ = writeln!(text, "{} {:.6} {:.6} {:.6} {:.6}", label.class, label.x, label.y, label.w, label.h);
    }
    let path = labels.join(format!("{number:06}.txt"));
    fs::write(&path, text).map_err(|source| DigitsError::Io { path, source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Cache, DataYaml, Dataset, Options};

    const OPTIONS: Options = Options { img: 160, single_class: false, cache: Cache::Ram };

    #[test]
    fn what_is_written_is_an_ordinary_data_set_without_complaints() {
        let folder = tempfile::tempdir().unwrap();
        let file = write(&folder.path().join("d"), 12, 6, 3).unwrap();
        let yaml = DataYaml::read(&file).unwrap();
        assert_eq!(yaml.classes(), 10);
        for (split, count) in [(Split::Train, 12), (Split::Val, 6)] {
            let dataset = Dataset::open(&yaml, split, OPTIONS).unwrap();
            assert_eq!(dataset.len(), count);
            assert!(dataset.warnings().is_empty(), "{:?}", dataset.warnings());
            assert!(dataset.found().instances >= 2 * count);
            assert_eq!(dataset.picture(0).unwrap().rgb.len(), 160 * 160 * 3);
        }
    }

    #[test]
    fn a_larger_data_set_begins_with_the_smaller_and_another_seed_differs() {
        let folder = tempfile::tempdir().unwrap();
        let picture = |name: &str, train: usize, seed: u64, number: usize| {
            let out = folder.path().join(name);
            write(&out, train, 2, seed).unwrap();
            fs::read(out.join(format!("images/train/{number:06}.png"))).unwrap()
        };
        assert_eq!(picture("a", 3, 0, 2), picture("b", 5, 0, 2));
        assert_ne!(picture("a", 3, 0, 2), picture("c", 3, 1, 2));
        assert_ne!(picture("a", 3, 0, 2), picture("a", 3, 0, 1));
    }

    #[test]
    fn the_same_again_writes_nothing_and_other_things_are_never_touched() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("d");
        let file = write(&out, 2, 2, 0).unwrap();
        let touched = fs::metadata(&file).unwrap().modified().unwrap();
        assert_eq!(write(&out, 2, 2, 0).unwrap(), file);
        assert_eq!(fs::metadata(&file).unwrap().modified().unwrap(), touched);
        let error = write(&out, 3, 2, 0).unwrap_err().to_string();
        assert!(error.contains("something else"), "{error}");
        assert!(!out.join("images/train/000002.png").exists());
    }

    #[test]
    fn more_scenes_than_the_disk_holds_are_refused_before_one_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let error = write(&folder.path().join("d"), usize::MAX, 2, 0).unwrap_err().to_string();
        assert!(error.contains("are free; ask for fewer"), "{error}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
