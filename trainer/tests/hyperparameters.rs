//! Every hyperparameter acts: changing it alone changes a short training. Only `iou_t` must not.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

use std::sync::{Mutex, PoisonError};

use std::path::Path;

use evotop_yolo::data::Library;
use evotop_yolo::digits;
use evotop_yolo::hyp::Hyp;
use evotop_yolo::options::Options;
use evotop_yolo::setup::Setup;
use evotop_yolo::train::{BatchReport, End, EpochReport, Flow, Run, Watch, train};
use tch::Device;

/// Turns every box of the data set into a polygon with the same corners, so that copy-paste has something to cut out.
fn boxes_to_polygons(dir: &Path) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            boxes_to_polygons(&path);
        } else if path.extension().is_some_and(|end| end == "txt") {
            let polygons: Vec<String> = std::fs::read_to_string(&path)
                .unwrap()
                .lines()
                .map(|line| {
                    let n: Vec<f64> = line.split_whitespace().map(|x| x.parse().unwrap()).collect();
                    let (l, t, r, b) =
                        (n[1] - n[3] / 2.0, n[2] - n[4] / 2.0, n[1] + n[3] / 2.0, n[2] + n[4] / 2.0);
                    let corners = [l, t, r, t, r, b, l, b].map(|x| format!("{:.6}", x.clamp(0.0, 1.0)));
                    format!("{} {}", n[0], corners.join(" "))
                })
                .collect();
            std::fs::write(&path, polygons.join("\n")).unwrap();
        }
    }
}

/// The losses of each epoch.
#[derive(Default)]
struct Losses(Vec<[f64; 3]>);

impl Watch for Losses {
    fn flow(&mut self) -> Flow {
        Flow::Continue
    }
    fn batch(&mut self, _: &BatchReport) {}
    fn epoch(&mut self, report: &EpochReport) {
        self.0.push(report.losses);
    }
    fn say(&mut self, _: String) {}
}

/// What a training of 2 epochs on 12 pictures comes to.
fn trained(setup: &Setup, hyp: &Hyp) -> (Vec<[f64; 3]>, [f64; 7]) {
    let run = Run {
        hyp: hyp.clone(),
        epochs: 2,
        seed: 3,
        device: Device::Cpu,
        threads: 1,
        results: None,
        keep: None,
    };
    let mut losses = Losses::default();
    match train(setup, &run, &mut losses).unwrap() {
        End::Finished { metrics } => (losses.0, metrics),
        other => panic!("{other:?}"),
    }
}

/// libtorch's generator belongs to the whole process, as a worker's one training at a time may expect: two trainings
/// side by side would draw from each other's stream.
static ALONE: Mutex<()> = Mutex::new(());

/// Trains with and without one hyperparameter changed; says whether anything differs.
fn acts(name: &str, value: f64) -> bool {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let dir = tempfile::tempdir().unwrap();
    let yaml = digits::write(dir.path(), 12, 4, 0).unwrap();
    boxes_to_polygons(&dir.path().join("labels"));
    let options = [
        ("data", yaml.to_str().unwrap()),
        ("img", "64"),
        ("batch", "3"),
        ("cfg", "yolov5p"),
        ("val", "last"),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .collect();
    let options = Options::from_map(&options).unwrap();
    let setup = Setup::prepare(&options, &Library::new(), &mut |_| {}).unwrap();
    let usual = Hyp::default();
    let mut other = usual.clone();
    assert!(other.set(name, value) && other != usual);
    let before = trained(&setup, &usual);
    assert_eq!(before, trained(&setup, &usual), "the same twice");
    before != trained(&setup, &other)
}

macro_rules! every_one_acts {
    ($($name:ident = $value:literal;)*) => {$(
        #[test]
        fn $name() {
            assert!(acts(stringify!($name), $value));
        }
    )*};
}

every_one_acts! {
    lr0 = 0.02;
    lrf = 0.5;
    momentum = 0.8;
    weight_decay = 0.1;
    warmup_epochs = 50.0;
    warmup_momentum = 0.5;
    warmup_bias_lr = 0.05;
    box_ = 0.1;
    cls = 1.0;
    cls_pw = 0.7;
    obj = 2.0;
    obj_pw = 0.7;
    anchor_t = 2.0;
    anchors = 3.0;
    fl_gamma = 1.5;
    hsv_h = 0.1;
    hsv_s = 0.2;
    hsv_v = 0.1;
    degrees = 10.0;
    translate = 0.3;
    scale = 0.1;
    shear = 5.0;
    perspective = 0.0005;
    flipud = 1.0;
    fliplr = 0.0;
    mosaic = 0.0;
    mixup = 1.0;
    copy_paste = 1.0;
}

#[test]
fn iou_t_does_not_act() {
    assert!(!acts("iou_t", 0.6));
}
