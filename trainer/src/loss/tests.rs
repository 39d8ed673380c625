//! Fixtures 2 (training), 3 and 5.

use tch::{Device, Kind, Tensor};

use super::{Criterion, ciou_and_iou};
use crate::assign::Target;
use crate::fixture::{close, fill, input, scene};
use crate::hyp::Hyp;
use crate::model::{Config, Group, Model};
use crate::optim::length;

#[test]
fn fixture_3_complete_iou_and_its_gradient() {
    for (a, b, overlap, expected) in [
        ([0.5, 0.5, 2.0, 1.0], [0.7, 0.4, 1.5, 1.5], 0.545_455, 0.533_909),
        ([0.0, 0.0, 1.0, 1.0], [3.0, 3.0, 1.0, 1.0], 0.0, -0.562_500),
        ([5.0, 5.0, 2.0, 8.0], [5.5, 4.0, 4.0, 4.0], 0.333_333, 0.299_862),
    ] {
        let a = Tensor::from_slice(&a.map(|x: f64| x as f32)).view([1, 4]).set_requires_grad(true);
        let b = Tensor::from_slice(&b.map(|x: f64| x as f32)).view([1, 4]);
        let (got, iou) = ciou_and_iou(&a, &b);
        close(&iou, &[overlap], 1e-5);
        close(&got, &[expected], 1e-4);
        if expected > 0.5 {
            close(
                &Tensor::run_backward(&[got], &[a], false, false)[0],
                &[0.064, -0.032, -0.197_635, 0.455_096],
                1e-4,
            );
        }
    }
}

const COCO: [[[f32; 2]; 3]; 3] = [
    [[10., 13.], [16., 30.], [33., 23.]],
    [[30., 61.], [62., 45.], [59., 119.]],
    [[116., 90.], [156., 198.], [373., 326.]],
];
const TINY: [[[f32; 2]; 3]; 2] =
    [[[10., 14.], [23., 27.], [37., 58.]], [[81., 82.], [135., 169.], [344., 319.]]];

fn criterion(classes: i64, anchors: &[[[f32; 2]; 3]], strides: &[f32]) -> Criterion {
    Criterion {
        gains: [0.05, 1.0, 0.5],
        cls_pw: 1.0,
        obj_pw: 1.0,
        fl_gamma: 0.0,
        anchor_t: 4.0,
        label_smoothing: 0.0,
        classes,
        anchors: anchors
            .iter()
            .zip(strides)
            .map(|(level, stride)| level.iter().map(|wh| wh.map(|x| x / stride)).collect())
            .collect(),
    }
}

fn logits(grids: &[i64], out: i64) -> Vec<Tensor> {
    grids
        .iter()
        .enumerate()
        .map(|(i, n)| {
            let numbers: Vec<f32> =
                (0..2 * 3 * n * n * out).map(|k| (2.0 * (0.37 * k as f64 + i as f64).sin()) as f32).collect();
            Tensor::from_slice(&numbers).view([2, 3, *n, *n, out]).set_requires_grad(true)
        })
        .collect()
}

#[test]
fn fixture_5_loss_its_parts_and_its_gradient() {
    let x = logits(&[8, 4, 2], 8);
    let loss = criterion(3, &COCO, &[8.0, 16.0, 32.0]).loss(&x, &scene());
    close(&loss.total, &[13.082_810], 1e-4);
    close(&loss.parts, &[0.138_470, 4.914_909, 1.488_026], 1e-4);
    let gradients = Tensor::run_backward(&[loss.total], &x, false, false);
    for (gradient, expected) in gradients.iter().zip([4.439_718, 1.510_254, 0.947_842]) {
        close(&gradient.abs().sum(Kind::Double), &[expected], 1e-4);
    }
}

#[test]
fn fixture_5_every_setting_of_the_loss() {
    let usual = || criterion(3, &COCO, &[8.0, 16.0, 32.0]);
    let hyp = Hyp::default();
    for (criterion, expected) in [
        (Criterion { gains: hyp.scaled_gains(3, 3, 64), ..usual() }, 0.486_840),
        (Criterion { label_smoothing: 0.1, ..usual() }, 13.074_469),
        (Criterion { cls_pw: 0.5, obj_pw: 2.0, ..usual() }, 12.724_859),
        (Criterion { fl_gamma: 1.5, ..usual() }, 6.094_809),
    ] {
        close(&criterion.loss(&logits(&[8, 4, 2], 8), &scene()).total, &[expected], 1e-4);
    }
    close(&usual().loss(&logits(&[8, 4, 2], 8), &[]).total, &[9.928_381], 1e-4);
    let one: Vec<Target> = scene().into_iter().map(|t| Target { class: 0, ..t }).collect();
    let single = criterion(1, &COCO, &[8.0, 16.0, 32.0]).loss(&logits(&[8, 4, 2], 6), &one);
    close(&single.total, &[10.125_617], 1e-4);
    let tiny = criterion(3, &TINY, &[16.0, 32.0]).loss(&logits(&[4, 2], 8), &scene());
    close(&tiny.total, &[11.332_363], 1e-4);
}

#[test]
fn fixture_2_forward_and_backward_in_train_mode() {
    for (name, heads, total, parts, norm) in [
        (
            "yolov5n",
            vec![0.625_658, 0.627_782, 0.680_893],
            10.533_813,
            [0.124_089, 3.998_091, 1.144_726],
            52.8118,
        ),
        ("yolov3-tiny", vec![0.673_198, 0.675_758], 9.354_499, [0.085_831, 3.816_124, 0.775_295], 21.0737),
    ] {
        let mut model = Model::new(&Config::find(name).unwrap(), Device::Cpu).unwrap();
        fill(&mut model);
        let hyp = Hyp::default();
        let mut criterion = Criterion::new(&hyp, model.detect(), 640, 0.0);
        criterion.gains = [hyp.box_, hyp.obj, hyp.cls];
        let logits = model.train_forward(&input(2, 64, 96));
        for (level, expected) in heads.iter().enumerate() {
            close(&logits[level].abs().mean(Kind::Double), &[*expected], 1e-4);
        }
        let loss = criterion.loss(&logits, &scene());
        close(&loss.total, &[total], 1e-4);
        close(&loss.parts, &parts, 1e-4);
        close(&length(&model.arena().gradient(&loss.total)), &[norm], 1e-4);
        if name == "yolov5n" {
            let mean = model.state().into_iter().find(|(n, _)| n == "model.0.bn.running_mean").unwrap().1;
            close(&mean.slice(0, 0, 3, 1), &[-0.040_870, -0.072_435, 0.072_231], 1e-4);
        }
    }
}

#[test]
fn groups_are_those_of_the_reference() {
    let model = Model::new(&Config::find("yolov5n").unwrap(), Device::Cpu).unwrap();
    let count = |group| model.arena().entries().iter().filter(|entry| entry.group == Some(group)).count();
    assert_eq!(Group::TRAINED.map(count), [60, 60, 57]);
}

#[test]
fn the_loss_of_half_precision_logits_is_computed_in_single_precision() {
    let usual = || criterion(3, &COCO, &[8.0, 16.0, 32.0]);
    for kind in [Kind::Half, Kind::BFloat16] {
        for criterion in [usual(), Criterion { fl_gamma: 1.5, cls_pw: 0.5, obj_pw: 2.0, ..usual() }] {
            let leaves = logits(&[8, 4, 2], 8);
            let half: Vec<Tensor> = leaves.iter().map(|x| x.to_kind(kind)).collect();
            let widened: Vec<Tensor> = half.iter().map(|x| x.to_kind(Kind::Float)).collect();
            let loss = criterion.loss(&half, &scene());
            close(&loss.total, &[criterion.loss(&widened, &scene()).total.double_value(&[])], 1e-6);
            assert_eq!((loss.total.kind(), loss.parts.kind()), (Kind::Float, Kind::Float));
            for gradient in Tensor::run_backward(&[loss.total], &leaves, false, false) {
                let sum = gradient.abs().sum(Kind::Double).double_value(&[]);
                assert!(sum.is_finite() && sum > 0.1, "{sum}");
            }
        }
    }
}
