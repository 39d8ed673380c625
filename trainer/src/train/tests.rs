//! A training from its start to its end: what it begins with, what stays as it is, what is kept and which numbers are given.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tch::{Device, Kind, Tensor};

use super::*;
use crate::data::Library;
use crate::data::tests::batches_of;
use crate::loss::anchor_sizes;
use crate::options::Options;

const WEIGHTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../assets/digits/yolov5p.safetensors");

/// libtorch's generator belongs to the whole process.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What each epoch measured.
#[derive(Default)]
struct Measured(Vec<Option<[f64; 7]>>);

impl Watch for Measured {
    fn flow(&mut self) -> Flow {
        Flow::Continue
    }
    fn batch(&mut self, _: &BatchReport) {}
    fn epoch(&mut self, report: &EpochReport) {
        self.0.push(report.metrics);
    }
    fn say(&mut self, _: String) {}
}

/// Twelve scenes of digits to train on and four to validate, and these options more.
fn setup(folder: &Path, more: &[(&str, &str)]) -> Setup {
    let data = crate::digits::write(&folder.join("d"), 12, 4, 0).unwrap();
    let usual = [("data", data.to_str().unwrap()), ("img", "64"), ("batch", "4")];
    let words = usual.iter().chain(more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Setup::prepare(&Options::from_map(&words.collect()).unwrap(), &Library::new(), &mut |_| {}).unwrap()
}

fn run(epochs: u32) -> Run {
    let hyp = Hyp::default();
    Run { hyp, epochs, seed: 0, device: Device::Cpu, threads: 1, results: None, keep: None }
}

#[test]
fn the_average_begins_with_the_network_as_it_was_before_its_anchors_were_fitted_and_it_was_rounded() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let setup = setup(folder.path(), &[("cfg", "yolov5p")]);
    let run = Run { hyp: Hyp { anchors: Some(3.0), ..Hyp::default() }, ..run(1) };
    let trainer = Trainer::start(&setup, &run, &mut Measured::default()).unwrap();
    let Learner { model, ema, criterion, .. } = &trainer.learner;
    assert!(ema.model.detect().has_placeholders() && !model.detect().has_placeholders());
    assert_eq!(criterion.anchors, anchor_sizes(&model.detect().anchors), "the loss goes by the fitted ones");
    let halved = |x: &Tensor| x.to_kind(Kind::Half).to_kind(Kind::Float);
    let (own, average) = (&model.arena().params, &ema.model.arena().params);
    assert!(own.equal(&halved(average)) && !own.equal(average), "the network is rounded, the average is not");
    let anchors = &model.detect().anchors;
    assert!(anchors.equal(&halved(anchors)));
}

#[test]
fn anchors_without_sizes_are_refused_where_nobody_would_fit_them() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let cfg = folder.path().join("counted.yaml");
    let yaml = include_str!("../../../assets/models/yolov5p.yaml");
    let (start, rest) = yaml.split_once("anchors:\n").unwrap();
    let (_, rest) = rest.split_once("# Rows").unwrap();
    std::fs::write(&cfg, format!("{start}anchors: 3\n# Rows{rest}")).unwrap();
    let words = [("cfg", cfg.to_str().unwrap()), ("noautoanchor", "true")];
    let refused = |setup: &Setup, run: &Run| {
        matches!(Trainer::start(setup, run, &mut Measured::default()), Err(TrainError::NoAnchors(3)))
    };
    assert!(refused(&setup(folder.path(), &words), &run(1)), "a YAML that only counts them");
    let named = setup(folder.path(), &[("cfg", "yolov5p"), words[1]]);
    let counting = Run { hyp: Hyp { anchors: Some(3.0), ..Hyp::default() }, ..run(1) };
    assert!(refused(&named, &counting), "hyperparameters that only count them");
    assert!(!refused(&named, &run(1)));
    assert!(!refused(&setup(folder.path(), &words[..1]), &run(1)));
}

#[test]
fn a_model_of_stride_64_is_trained_and_validated_at_sides_that_it_divides() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let cfg = folder.path().join("coarse.yaml");
    let yaml = include_str!("../../../assets/models/yolov5p.yaml");
    // The finest level's three layers feed a fourth level through one more halving.
    let coarse = yaml
        .replace(
            "- [116, 90, 156, 198, 373, 326]",
            "- [116, 90, 156, 198, 373, 326]\n  - [436, 615, 739, 380, 925, 792]",
        )
        .replace(
            "- [[17, 20, 23], 1, Detect",
            "- [-1, 1, Conv, [1024, 3, 2]]\n  - [[17, 20, 23, 24], 1, Detect",
        );
    assert!(coarse.len() > yaml.len() + 60, "{coarse}");
    std::fs::write(&cfg, coarse).unwrap();
    let setup = setup(folder.path(), &[("cfg", cfg.to_str().unwrap()), ("img", "150")]);
    assert_eq!((setup.stride, setup.img), (64, 192));
    let ended = train(&setup, &run(1), &mut Measured::default()).unwrap();
    assert!(matches!(ended, End::Finished { .. }), "{ended:?}");
}

#[test]
fn a_frozen_layer_keeps_its_weights_while_the_others_learn() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let setup = setup(folder.path(), &[("cfg", "yolov5p"), ("freeze", "1,24")]);
    let run = Run { hyp: Hyp { lr0: 0.1, ..Hyp::default() }, ..run(1) };
    let mut trainer = Trainer::start(&setup, &run, &mut Measured::default()).unwrap();
    let copied = |trainer: &Trainer| -> Vec<(String, Tensor)> {
        trainer.learner.model.state().into_iter().map(|(name, tensor)| (name, tensor.copy())).collect()
    };
    let before = copied(&trainer);
    assert!(matches!(trainer.epoch(1, &mut Measured::default()).unwrap(), epoch::Trained::Whole(_)));
    for ((name, then), (_, now)) in before.iter().zip(copied(&trainer)) {
        let frozen = name.starts_with("model.1.") || name.starts_with("model.24.");
        if frozen && (name.ends_with("weight") || name.ends_with("bias")) {
            assert!(then.equal(&now), "{name}");
        } else if name.ends_with("conv.weight") || name.contains("running") {
            assert!(!then.equal(&now), "{name}: what a layer sees is measured in a frozen one too");
        }
    }
}

#[test]
fn the_numbers_of_a_kept_training_are_those_of_its_best_weights_as_they_are_in_the_file() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let setup = setup(folder.path(), &[("weights", WEIGHTS)]);
    let run = Run { keep: Some(folder.path().to_owned()), ..run(2) };
    let End::Finished { metrics } = train(&setup, &run, &mut Measured::default()).unwrap() else {
        panic!("no end")
    };
    let best = Weights::read(&folder.path().join(BEST), Purpose::Validate).unwrap();
    let mut model = Model::new(best.described().unwrap(), Device::Cpu).unwrap();
    best.transfer(&mut model, false);
    let criterion = Criterion::new(&run.hyp, model.detect(), 64, 0.0);
    let val = ValLoader::new(setup.val.clone(), batches_of(64, 8, 1));
    let again = evaluate(&model, Some((&criterion, false)), &val, false, &mut || Flow::Continue).unwrap();
    assert_eq!(metrics, again.seven());
    assert!(metrics[2] > 0.0, "{metrics:?}");
    let last = Weights::read(&folder.path().join(LAST), Purpose::Train).unwrap();
    assert_eq!(last.names, setup.train.names());
}

#[test]
fn the_numbers_of_a_trial_are_those_of_its_last_epoch_which_alone_may_be_validated() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let setup = setup(folder.path(), &[("weights", WEIGHTS), ("val", "last")]);
    let mut measured = Measured::default();
    let End::Finished { metrics } = train(&setup, &run(3), &mut measured).unwrap() else { panic!("no end") };
    assert_eq!(measured.0, [None, None, Some(metrics)]);
}

/// Holds the training once in its batches and once in its validation.
struct Pausing(Vec<f64>, u32);
impl Watch for Pausing {
    fn flow(&mut self) -> Flow {
        self.1 += 1;
        if self.1 == 2 || self.1 == 4 {
            std::thread::sleep(Duration::from_secs(1));
        }
        Flow::Continue
    }
    fn batch(&mut self, _: &BatchReport) {}
    fn epoch(&mut self, report: &EpochReport) {
        self.0.push(report.seconds);
    }
    fn say(&mut self, _: String) {}
}

#[test]
fn a_pause_is_no_part_of_an_epochs_seconds() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let setup = setup(folder.path(), &[("weights", WEIGHTS)]);
    let mut watch = Pausing(Vec::new(), 0);
    let began = Instant::now();
    train(&setup, &run(1), &mut watch).unwrap();
    // Both pauses lie in the whole and beside the epoch.
    assert!(watch.1 >= 4 && watch.0[0] + 2.0 <= began.elapsed().as_secs_f64(), "{:?}", watch.0);
}

#[test]
fn a_training_ends_early_where_no_epoch_was_as_good_for_as_long_as_patience_lasts() {
    let mut best = Best::default();
    let mut ends = |epoch, map, patience| {
        best.see(epoch, [0.0, 0.0, map, map, 0.0, 0.0, 0.0]);
        best.is_stale(epoch, patience)
    };
    // As the original, an equal epoch counts as a better one: the first ones are all zero.
    assert_eq!([ends(1, 0.0, 2), ends(2, 0.0, 2), ends(3, 0.0, 2), ends(4, 0.5, 2)], [false; 4]);
    assert_eq!([ends(5, 0.4, 2), ends(6, 0.4, 0), ends(6, 0.4, 2)], [false, false, true]);
}
