//! The handwritten digits: 1,797 pictures of 8 x 8 grey levels (see assets/digits/README.md).

use crate::data::Split;

use crate::weights::{Weights, parse_safetensors};

use super::DigitsError;

/// Side of a source picture in pixels.
pub const SIDE: usize = 8;
/// Every fifth digit of each class belongs to validation, so that the two splits never share one and both have all classes alike.
const VAL_EVERY: usize = 5;

static SHEET: &[u8] = include_bytes!("../../../assets/digits/digits.png");
static CLASSES: &str = include_str!("../../../assets/digits/digits.txt");

static WEIGHTS: &[u8] = include_bytes!("../../../assets/digits/yolov5p.safetensors");

/// A yolov5p that has learned digits from 2,000 other scenes (how, says assets/digits/README.md).
///
/// # Errors
/// Never in a program that was built whole.
pub fn weights() -> Result<Weights, DigitsError> {
    parse_safetensors(WEIGHTS, "the built-in digits weights").map_err(DigitsError::Weights)
}

/// One handwritten digit.
#[derive(Clone, Debug, PartialEq)]
pub struct Digit {
    pub class: u32,
    /// How much ink, 0 to 1, row by row.
    pub ink: [[f32; SIDE]; SIDE],
}

/// The digits of one split.
pub fn digits(split: Split) -> Result<Vec<Digit>, DigitsError> {
    let sheet = image::load_from_memory(SHEET).map_err(DigitsError::Sheet)?.into_luma8();
    let across = sheet.width() as usize / SIDE;
    let classes = CLASSES.chars().filter_map(|c| c.to_digit(10));
    let ink = |number: usize| {
        let (left, top) = (number % across * SIDE, number / across * SIDE);
        std::array::from_fn(|y| {
            std::array::from_fn(|x| {
                let level = sheet.get_pixel((left + x) as u32, (top + y) as u32).0[0];
                f32::from(level) / 240.0
            })
        })
    };
    let mut seen = [0_usize; 10];
    Ok(classes
        .enumerate()
        .filter(|(_, class)| {
            let seen = &mut seen[*class as usize];
            *seen += 1;
            seen.is_multiple_of(VAL_EVERY) == (split == Split::Val)
        })
        .map(|(number, class)| Digit { class, ink: ink(number) })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data;
    use crate::model::Model;

    #[test]
    fn all_digits_are_there_and_no_digit_is_in_both_splits() {
        let (train, val) = (digits(Split::Train).unwrap(), digits(Split::Val).unwrap());
        assert_eq!((train.len(), val.len()), (1442, 355));
        for class in 0..10 {
            assert!(train.iter().filter(|digit| digit.class == class).count() > 135);
            assert!(val.iter().filter(|digit| digit.class == class).count() > 30);
        }
        assert!(val.iter().all(|digit| !train.contains(digit)));
    }

    #[test]
    fn the_first_digit_is_the_zero_that_everybody_knows() {
        let first = &digits(Split::Train).unwrap()[0];
        let row: Vec<u32> = first.ink[0].iter().map(|ink| (ink * 16.0) as u32).collect();
        assert_eq!((first.class, row), (0, vec![0, 0, 5, 13, 9, 1, 0, 0]));
    }

    #[test]
    fn the_demo_weights_find_digits_that_they_have_not_seen() {
        let folder = tempfile::tempdir().unwrap();
        let file = crate::digits::write(&folder.path().join("d"), 1, 48, 0).unwrap();
        let options = data::Options { img: 160, single_class: false, cache: data::Cache::Ram };
        let val = data::Dataset::open(&data::DataYaml::read(&file).unwrap(), Split::Val, options).unwrap();
        let loader = data::ValLoader::new(std::sync::Arc::new(val), data::tests::batches_of(160, 16, 1));
        let weights = weights().unwrap();
        let mut model = Model::new(weights.config.as_ref().unwrap(), tch::Device::Cpu).unwrap();
        weights.transfer(&mut model, false);
        let cancelled =
            crate::train::evaluate(&model, None, &loader, false, &mut || crate::train::Flow::Cancel);
        assert!(
            matches!(cancelled, Err(crate::train::TrainError::Cancelled)),
            "it ends before its first batch"
        );
        let found =
            crate::train::evaluate(&model, None, &loader, false, &mut || crate::train::Flow::Continue)
                .unwrap();
        assert!(found.map50 > 0.85 && found.map > 0.5, "{:?}", found.seven());
    }
}
