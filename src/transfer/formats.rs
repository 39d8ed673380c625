//! What the columns of tables without names mean: the orders of the originals of 2020 and 2021.

use super::Table;
use crate::space::Space;
use crate::trial::YOLO_METRICS;

/// The results of YOLOv5's table of 2021, and of yolov3's of 2020, whose fourth column is F1.
const RESULTS: [&str; 7] = YOLO_METRICS;
const F1: &str = "metrics/F1";

/// The keys of hyp.scratch of 2021-03, in its order.
const YOLOV5: [&str; 27] = [
    "lr0",
    "lrf",
    "momentum",
    "weight_decay",
    "warmup_epochs",
    "warmup_momentum",
    "warmup_bias_lr",
    "box",
    "cls",
    "cls_pw",
    "obj",
    "obj_pw",
    "iou_t",
    "anchor_t",
    "fl_gamma",
    "hsv_h",
    "hsv_s",
    "hsv_v",
    "degrees",
    "translate",
    "scale",
    "shear",
    "perspective",
    "flipud",
    "fliplr",
    "mosaic",
    "mixup",
];
/// Where `anchors` stands in a file that has it: after `anchor_t`.
const ANCHORS_AT: usize = 14;

const YOLOV3: [&str; 18] = [
    "giou",
    "cls",
    "cls_pw",
    "obj",
    "obj_pw",
    "iou_t",
    "lr0",
    "lrf",
    "momentum",
    "weight_decay",
    "fl_gamma",
    "hsv_h",
    "hsv_s",
    "hsv_v",
    "degrees",
    "translate",
    "scale",
    "shear",
];

/// Names a table of numbers. The run's own order comes first, where it has as many keys.
pub fn name(table: &mut Table, space: &Space) -> Result<(), String> {
    let width = table.names.len();
    let hyps = width
        .checked_sub(RESULTS.len())
        .filter(|n| *n > 0)
        .ok_or_else(|| format!("{width} columns are not enough for the seven results and hyperparameters"))?;
    let plain = space.fixed.is_empty() && hyps == space.params.len();
    let (own, said) = match hyps {
        _ if plain => (space.params.iter().map(|p| p.name.clone()).collect(), "this run"),
        18 => (owned(&YOLOV3), "yolov3 of 2020"),
        27 => (owned(&YOLOV5), "YOLOv5 of 2021-03"),
        28 => (with_anchors(), "YOLOv5 of 2021-03 with anchors"),
        29 => {
            let mut keys = with_anchors();
            keys.push("copy_paste".into());
            (keys, "YOLOv5 v6 or later")
        }
        n if n == space.params.len() + space.fixed.len() => {
            let params = space.params.iter().map(|p| p.name.clone());
            (params.chain(space.fixed.keys().cloned()).collect(), "this run")
        }
        n => {
            return Err(format!(
                "{n} hyperparameters have no names and no known order (18: yolov3 2020, 27 or 28: YOLOv5 2021); \
                 write a first line with names and call it .csv"
            ));
        }
    };
    let mut results = owned(&RESULTS);
    if hyps == YOLOV3.len() {
        results[3] = F1.into();
    }
    table.names = results.into_iter().chain(own).collect();
    table.notices.push(format!("its columns have no names; they are taken in the order of {said}"));
    Ok(())
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn with_anchors() -> Vec<String> {
    let mut keys = owned(&YOLOV5);
    keys.insert(ANCHORS_AT, "anchors".into());
    keys
}
