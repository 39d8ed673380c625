//! AutoAnchor at the start of a training: do the anchors suit the data set, and if not, which do?

use tch::Tensor;

use super::{Run, Watch};
use crate::anchors;
use crate::loss::anchor_sizes;
use crate::model::{Model, ordered};
use crate::setup::Setup;

pub(super) fn fit(setup: &Setup, run: &Run, model: &mut Model, watch: &mut dyn Watch) {
    if setup.options.noautoanchor {
        return;
    }
    let pixels: Vec<[f64; 2]> = anchor_sizes(&model.detect().anchors_in_pixels())
        .concat()
        .into_iter()
        .map(|wh| wh.map(f64::from))
        .collect();
    let per_level = model.detect().anchors_per_level;
    let fit = anchors::fit(&setup.train, &pixels, run.hyp.anchor_t, run.seed);
    watch.say(fit.summary());
    if let Some((found, _)) = fit.better {
        let flat: Vec<f32> = found.iter().flatten().map(|x| *x as f32).collect();
        let pixels = Tensor::from_slice(&flat).view([-1, per_level, 2]);
        let detect = model.detect();
        let grid = detect.to_grid(&ordered(&pixels, &detect.strides));
        model.set_anchors(&grid);
    }
}
