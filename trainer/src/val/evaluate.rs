//! A validation: batches through a model, its rows to detections, detections to seven numbers. The model itself is the caller's.

use rayon::prelude::*;
use tch::{Device, Kind, TchError, Tensor};

use crate::data::{Batch, DataError, ValLoader};

use super::ap::{ClassResult, Tally, per_class};
use super::matching::{Truth, correct, native};
use super::nms::{Detection, NmsOptions, suppress};

/// What a model makes of a batch.
pub struct Forward {
    /// `[n, rows, 5 + classes]`: centre x, y, width, height in pixels, objectness, class scores.
    pub predictions: Tensor,
    /// `[3]`: box, objectness and class loss, not multiplied by the batch size.
    pub loss: Option<Tensor>,
}

/// The outcome of a validation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evaluation {
    pub precision: f64,
    pub recall: f64,
    pub map50: f64,
    /// Mean over thresholds 0.5 to 0.95.
    pub map: f64,
    /// Box, objectness and class loss, means over batches; zero where none were given.
    pub losses: [f64; 3],
    pub images: usize,
    pub instances: usize,
    /// Classes that have labels.
    pub classes: Vec<ClassResult>,
    /// Pictures that could not be read and have no part in this, a line each.
    pub left_out: Vec<String>,
    /// Pictures with a part in this whose files are damaged, likewise.
    pub damaged: Vec<String>,
}

impl Evaluation {
    /// Precision, recall, mAP50, mAP50-95, and the losses box, obj, cls.
    pub fn seven(&self) -> [f64; 7] {
        let [box_loss, obj_loss, cls_loss] = self.losses;
        [self.precision, self.recall, self.map50, self.map, box_loss, obj_loss, cls_loss]
    }

    /// A row for all classes and one for each that has labels.
    pub fn table(&self, names: &[String]) -> String {
        let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0).max(8);
        let head = ["images", "instances", "P", "R", "mAP50", "mAP50-95"];
        let mut lines = vec![line(width, "class", &head.map(str::to_owned))];
        let mut row = |name: &str, instances: usize, numbers: [f64; 4]| {
            let [p, r, map50, map] = numbers.map(|number| format!("{number:.6}"));
            lines.push(line(
                width,
                name,
                &[self.images.to_string(), instances.to_string(), p, r, map50, map],
            ));
        };
        row("all", self.instances, [self.precision, self.recall, self.map50, self.map]);
        for class in &self.classes {
            let number = class.class.to_string();
            let name = names.get(class.class as usize).map_or(number.as_str(), String::as_str);
            row(name, class.instances, [class.precision, class.recall, class.ap50(), class.mean_ap()]);
        }
        lines.concat()
    }
}

fn line(width: usize, name: &str, cells: &[String; 6]) -> String {
    let [images, instances, p, r, map50, map] = cells;
    format!("{name:>width$} {images:>9} {instances:>9} {p:>9} {r:>9} {map50:>9} {map:>9}\n")
}

/// Runs `forward` on every batch and measures what it finds.
///
/// # Errors
/// Those of the loader, of libtorch and of `forward`, which ends the validation by returning one.
pub fn evaluate<E>(
    loader: &ValLoader,
    options: &NmsOptions,
    mut forward: impl FnMut(&Batch) -> Result<Forward, E>,
) -> Result<Evaluation, E>
where
    E: From<DataError> + From<TchError>,
{
    let mut tally = Tally::default();
    let mut losses = Tensor::zeros([3], (Kind::Float, Device::Cpu));
    let (mut images, mut batches) = (0, 0);
    let (mut left_out, mut damaged) = (Vec::new(), Vec::new());
    for batch in loader.pass()? {
        let mut batch = batch?;
        left_out.append(&mut batch.left_out);
        damaged.append(&mut batch.damaged);
        if batch.is_empty() {
            continue;
        }
        let Forward { predictions, loss } = forward(&batch)?;
        if let Some(loss) = loss {
            losses = losses.to_device(loss.device()).f_add(&loss.detach().to_kind(Kind::Float))?;
        }
        count(&batch, &predictions, options, &mut tally)?;
        images += batch.len();
        batches += 1;
    }
    let losses = (losses / f64::from(batches.max(1))).to_device(Device::Cpu);
    let losses = std::array::from_fn(|i| losses.double_value(&[i as i64]));
    Ok(Evaluation { left_out, damaged, ..summarise(&tally, images, losses) })
}

fn summarise(tally: &Tally, images: usize, losses: [f64; 3]) -> Evaluation {
    let mut evaluation =
        Evaluation { losses, images, instances: tally.labels.len(), ..Evaluation::default() };
    evaluation.classes = per_class(tally);
    // Where nothing is right anywhere there is no confidence to choose: all is zero.
    if !tally.right.iter().flatten().any(|right| *right) {
        for class in &mut evaluation.classes {
            *class = ClassResult { precision: 0.0, recall: 0.0, ap: [0.0; 10], ..*class };
        }
        return evaluation;
    }
    let count = evaluation.classes.len().max(1) as f64;
    let mean = |value: fn(&ClassResult) -> f64| evaluation.classes.iter().map(value).sum::<f64>() / count;
    let (precision, recall) = (mean(|c| c.precision), mean(|c| c.recall));
    let (map50, map) = (mean(ClassResult::ap50), mean(ClassResult::mean_ap));
    Evaluation { precision, recall, map50, map, ..evaluation }
}

/// Adds a batch's detections and labels to the tally.
fn count(
    batch: &Batch,
    predictions: &Tensor,
    options: &NmsOptions,
    tally: &mut Tally,
) -> Result<(), DataError> {
    let classes = (predictions.size()[2] - 5) as usize;
    let rows = likely_rows(predictions, options.confidence, batch.len())?;
    let truths = truths(batch)?;
    let found: Vec<_> = rows
        .par_iter()
        .zip(&truths)
        .zip(&batch.origins)
        .map(|((rows, truths), origin)| {
            let mut detections = suppress(rows, classes, options);
            for detection in &mut detections {
                detection.corners = native(detection.corners, origin);
                if options.single_class {
                    detection.class = 0;
                }
            }
            let right = correct(&detections, truths);
            (detections, right)
        })
        .collect();
    for ((detections, right), truths) in found.into_iter().zip(&truths) {
        tally.confidence.extend(detections.iter().map(|d: &Detection| d.confidence));
        tally.class.extend(detections.iter().map(|d| d.class));
        tally.right.extend(right);
        tally.labels.extend(truths.iter().map(|truth| truth.class));
    }
    Ok(())
}

/// Each picture's rows of which a detection can come; only those leave the device. Early in a training nearly all rows have
/// objectness enough and none a class that is sure enough besides.
fn likely_rows(predictions: &Tensor, confidence: f32, images: usize) -> Result<Vec<Vec<f32>>, DataError> {
    let part = |from, to| predictions.f_slice(2, Some(from), to, 1).map(|part| part.to_kind(Kind::Float));
    let (objectness, classes) = (part(4, Some(5))?, part(5, None)?);
    let sure = classes.f_amax([2_i64].as_slice(), true)?.f_mul(&objectness)?;
    // No class is surer than 1, so that objectness suffices wherever the product does.
    let likely = sure.f_gt(f64::from(confidence))?.f_squeeze_dim(2)?;
    let counts = likely.f_sum_dim_intlist([1_i64].as_slice(), false, Kind::Int64)?.to_device(Device::Cpu);
    let width = predictions.size()[2] as usize;
    let chosen = predictions.f_index(&[Some(&likely)])?.to_kind(Kind::Float).to_device(Device::Cpu);
    let values = Vec::<f32>::try_from(chosen.contiguous().view([-1_i64]))?;
    let mut rest = values.as_slice();
    Ok((0..images as i64)
        .map(|image| {
            let (own, others) = rest.split_at(counts.int64_value(&[image]) as usize * width);
            rest = others;
            own.to_vec()
        })
        .collect())
}

/// Each picture's labels in its own pixels.
fn truths(batch: &Batch) -> Result<Vec<Vec<Truth>>, DataError> {
    let size = batch.images.size();
    let (width, height) = (size[3] as f32, size[2] as f32);
    let targets = Vec::<f32>::try_from(batch.targets.f_view([-1_i64])?)?;
    let mut truths = vec![Vec::new(); batch.len()];
    for target in targets.chunks_exact(6) {
        let (x, y, w, h) = (target[2] * width, target[3] * height, target[4] * width, target[5] * height);
        let corners = [x - w / 2.0, y - h / 2.0, x + w / 2.0, y + h / 2.0];
        let image = target[0] as usize;
        truths[image]
            .push(Truth { class: target[1] as u32, corners: native(corners, &batch.origins[image]) });
    }
    Ok(truths)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::data::tests::{BOX, batches_of, damage, set};
    use crate::data::{Cache, DataYaml, Dataset, Options, Split};

    fn loader() -> (tempfile::TempDir, ValLoader) {
        let folder = tempfile::tempdir().unwrap();
        let file = crate::digits::write(&folder.path().join("d"), 2, 12, 0).unwrap();
        let options = Options { img: 160, single_class: false, cache: Cache::Ram };
        let dataset = Dataset::open(&DataYaml::read(&file).unwrap(), Split::Val, options).unwrap();
        (folder, ValLoader::new(Arc::new(dataset), batches_of(160, 5, 1)))
    }

    /// A model that knows the labels: each becomes a row, `wrong` of them with the next class.
    fn oracle(batch: &Batch, sure: f32, wrong: usize) -> Forward {
        let (n, side) = (batch.len(), batch.images.size()[3] as f32);
        let targets = Vec::<f32>::try_from(batch.targets.view([-1_i64])).unwrap();
        let mut rows = vec![vec![0.0_f32; 15]; n * 8];
        let mut used = vec![0; n];
        for (number, target) in targets.chunks_exact(6).enumerate() {
            let image = target[0] as usize;
            let row = &mut rows[image * 8 + used[image]];
            used[image] += 1;
            for (out, value) in row.iter_mut().zip(&target[2..6]) {
                *out = value * side;
            }
            row[4] = sure;
            row[5 + (target[1] as usize + usize::from(number < wrong)) % 10] = 1.0;
        }
        let predictions = Tensor::from_slice(&rows.concat()).view([n as i64, 8, 15]);
        Forward { predictions, loss: Some(Tensor::from_slice(&[1.0_f32, 2.0, 4.0])) }
    }

    #[test]
    fn a_model_that_knows_all_labels_is_perfect() {
        let (_folder, loader) = loader();
        let result =
            evaluate::<DataError>(&loader, &NmsOptions::default(), |b| Ok(oracle(b, 0.9, 0))).unwrap();
        assert_eq!((result.images, result.losses), (12, [1.0, 2.0, 4.0]));
        let expected = [1.0, 1.0, 0.995, 0.995];
        assert!(result.seven().iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-3), "{result:?}");
        let table = result.table(loader.dataset().names());
        assert!(table.lines().nth(1).unwrap().contains("all        12"), "{table}");
        assert!(table.contains("0.995000"), "{table}");
        assert_eq!(table.lines().count(), 2 + result.classes.len());
    }

    #[test]
    fn losses_are_means_over_batches_whatever_their_size() {
        let (_folder, loader) = loader();
        let result = evaluate::<DataError>(&loader, &NmsOptions::default(), |batch| {
            let loss = [0.0, 1.0, batch.len() as f32];
            Ok(Forward { loss: Some(Tensor::from_slice(&loss)), ..oracle(batch, 0.9, 0) })
        });
        // Batches of 5, 5 and 2.
        assert_eq!(result.unwrap().losses, [0.0, 1.0, 4.0]);
    }

    #[test]
    fn where_all_classes_count_as_one_a_model_of_many_is_measured_by_its_boxes() {
        let folder = tempfile::tempdir().unwrap();
        let file = crate::digits::write(&folder.path().join("d"), 2, 5, 0).unwrap();
        let options = Options { img: 160, single_class: true, cache: Cache::Ram };
        let dataset = Dataset::open(&DataYaml::read(&file).unwrap(), Split::Val, options).unwrap();
        let loader = ValLoader::new(Arc::new(dataset), batches_of(160, 5, 1));
        let map50 = |single_class| {
            let options = NmsOptions { single_class, ..NmsOptions::default() };
            evaluate::<DataError>(&loader, &options, |b| Ok(oracle(b, 0.9, 99))).unwrap().map50
        };
        assert!(map50(true) > 0.99 && map50(false) == 0.0, "{} {}", map50(true), map50(false));
    }

    #[test]
    fn rows_that_no_detection_can_come_of_stay_on_the_device() {
        let rows = [
            [0.9, 0.0005, 0.0008],
            [0.9, 0.5, 0.0],
            [0.002, 0.6, 0.4],
            [0.0009, 1.0, 1.0],
            [0.5, 0.003, 0.001],
        ];
        let rows = rows.map(|[objectness, a, b]| [9.0_f32, 9.0, 4.0, 4.0, objectness, a, b]);
        let predictions = Tensor::from_slice(rows.concat().as_slice()).view([1, 5, 7]);
        let left = likely_rows(&predictions, 0.001, 1).unwrap();
        assert_eq!(left, [[rows[1], rows[2], rows[4]].concat()]);
    }

    #[test]
    fn mistakes_and_silence_cost_and_a_diverged_model_scores_zero() {
        let (_folder, loader) = loader();
        let run = |sure: f32, wrong: usize| {
            evaluate::<DataError>(&loader, &NmsOptions::default(), |b| Ok(oracle(b, sure, wrong))).unwrap()
        };
        let (right, some) = (run(0.9, 0), run(0.9, 3));
        assert!(some.map50 < right.map50 && some.map50 > 0.3, "{some:?}");
        for silent in [run(0.0005, 0), run(f32::NAN, 0)] {
            assert_eq!(silent.seven()[..4], [0.0; 4]);
            assert_eq!(silent.instances, right.instances);
        }
    }

    #[test]
    fn a_validation_of_nothing_gives_zeros() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("images")).unwrap();
        let text = "train: images\nval: images\nnames: [a]\n";
        let yaml = DataYaml::parse(&folder.path().join("x.yaml"), text).unwrap();
        let options = Options { img: 160, single_class: false, cache: Cache::Ram };
        let dataset = Arc::new(Dataset::open(&yaml, Split::Val, options).unwrap());
        let loader = ValLoader::new(dataset, batches_of(160, 5, 1));
        let result = evaluate::<DataError>(&loader, &NmsOptions::default(), |b| Ok(oracle(b, 0.9, 0)));
        assert_eq!(result.unwrap(), Evaluation::default());
    }

    #[test]
    fn pictures_that_cannot_be_read_have_no_part_and_are_named() {
        let (folder, yaml) = set(&[("a.png", BOX), ("b.png", BOX), ("c.png", BOX)]);
        let options = Options { img: 64, single_class: false, cache: Cache::None };
        let listed = Dataset::list(&yaml, Split::Val, options).unwrap();
        damage(&folder.path().join("images/c.png"));
        // The last batch has that picture alone: the model does not see it.
        let loader = ValLoader::new(Arc::new(listed), batches_of(64, 2, 1));
        let result =
            evaluate::<DataError>(&loader, &NmsOptions::default(), |b| Ok(oracle(b, 0.9, 0))).unwrap();
        assert_eq!((result.images, result.instances, result.losses), (2, 2, [1.0, 2.0, 4.0]));
        assert!(result.left_out.len() == 1 && result.left_out[0].contains("c.png"), "{:?}", result.left_out);
    }

    #[test]
    fn an_error_of_the_model_ends_the_validation() {
        let (_folder, loader) = loader();
        let mut calls = 0;
        let result = evaluate(&loader, &NmsOptions::default(), |_| {
            calls += 1;
            Err(DataError::Loader("cancelled".to_owned()))
        });
        assert!(result.is_err());
        assert_eq!(calls, 1);
    }
}
