//! What the columns of tables without names mean: the orders of the originals of 2020 and 2021.

use super::Table;
use crate::space::{Range, Space, builtin, read_ranges};
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

/// Keys in the order in which a program writes them.
struct Order {
    keys: Vec<String>,
    said: &'static str,
}

/// Names a table of numbers. Where its width fits several orders, the values of all rows decide: columns are never read
/// in an order that may be shifted.
pub fn name(table: &mut Table, space: &Space) -> Result<(), String> {
    let width = table.names.len();
    let hyps = width
        .checked_sub(RESULTS.len())
        .filter(|n| *n > 0)
        .ok_or_else(|| format!("{width} columns are not enough for the seven results and hyperparameters"))?;
    let orders = orders(hyps, space);
    let ranges = originals(hyps);
    let limits = |key: &str| limits(key, space, &ranges);
    let beats = |a: &Order, b: &Order| {
        let speaks = |of, against, rows| speaks(table, &limits, of, against, rows);
        // Where no column decides by all of its values (one rests on a bound that two keys share), those that can be of one
        // key alone do, if none of them contradicts.
        let by = |rows| (speaks(a, b, rows), speaks(b, a, rows));
        match by(Rows::All) {
            (false, false) => by(Rows::Any) == (true, false),
            both => both == (true, false),
        }
    };
    let alone = |a: &&Order| orders.iter().all(|b| a.keys == b.keys || beats(a, b));
    let said = |separator: &str| orders.iter().map(|o| o.said).collect::<Vec<_>>().join(separator);
    let Some(order) = orders.iter().find(alone) else {
        return Err(if orders.is_empty() {
            format!(
                "{hyps} hyperparameters have no names and no known order (18: yolov3 2020, 27 or 28: YOLOv5 2021); \
                 write a first line with names and call it .csv"
            )
        } else {
            format!(
                "{hyps} hyperparameters have no names, and their values do not say which order they are in: {}; \
                 write a first line with names and call it .csv",
                said(", or ")
            )
        });
    };
    let why =
        if orders.len() > 1 { format!(": of {}, the values fit that", said(", ")) } else { String::new() };
    table
        .notices
        .push(format!("its columns have no names; they are taken in the order of {}{why}", order.said));
    let mut results = owned(&RESULTS);
    if hyps == YOLOV3.len() {
        results[3] = F1.into();
    }
    table.names = results.into_iter().chain(order.keys.iter().cloned()).collect();
    Ok(())
}

/// The orders that have as many keys, the run's own first; each once.
fn orders(hyps: usize, space: &Space) -> Vec<Order> {
    let params = space.params.iter().map(|p| p.name.clone());
    let own = params.chain(space.fixed.keys().cloned()).collect();
    let yolov5 = |more: &[&str]| owned(&YOLOV5).into_iter().chain(owned(more)).collect::<Vec<_>>();
    let with_copy_paste = || with_anchors().into_iter().chain(owned(&["copy_paste"])).collect();
    let all = [
        (own, "this run"),
        (owned(&YOLOV3), "yolov3 of 2020"),
        (owned(&YOLOV5), "YOLOv5 of 2021-03"),
        (with_anchors(), "YOLOv5 of 2021-03 with anchors"),
        (yolov5(&["copy_paste"]), "YOLOv5 of 2021-03 with copy_paste"),
        (with_copy_paste(), "YOLOv5 v6 or later"),
        (yolov5(&["copy_paste", "anchors"]), "YOLOv5 v6 or later, anchors last"),
        (yolov5(&["anchors", "copy_paste"]), "YOLOv5 of 2021-03 with anchors and copy_paste last"),
    ];
    let mut orders: Vec<Order> = Vec::new();
    for (keys, said) in all {
        if keys.len() == hyps && orders.iter().all(|known| known.keys != keys) {
            orders.push(Order { keys, said });
        }
    }
    orders
}

/// The bounds within which the originals with that many keys keep their values.
fn originals(hyps: usize) -> Vec<Range> {
    let name = if hyps == YOLOV3.len() { "yolov3" } else { "yolov5" };
    builtin::space(name).and_then(|source| read_ranges(&source).ok()).unwrap_or_default()
}

/// Where values of a key lie: within the original's bounds, or this run's.
fn limits(key: &str, space: &Space, originals: &[Range]) -> Option<(f64, f64)> {
    let original = originals.iter().find(|range| range.name == key).map(|range| (range.low, range.high));
    let own = space.get(key).map(|param| (param.low, param.high));
    let both = original.zip(own).map(|(a, b)| (a.0.min(b.0), a.1.max(b.1)));
    both.or(original).or(own)
}

/// How many rows' values it takes.
#[derive(Clone, Copy)]
enum Rows {
    All,
    Any,
}

/// Whether a column speaks for one order and against another: the values of these rows are ones that the key of the one can
/// have and that of the other cannot (`anchors` is 2 to 10 where `fl_gamma` is 0 to 2).
fn speaks(
    table: &Table,
    limits: &dyn Fn(&str) -> Option<(f64, f64)>,
    of: &Order,
    against: &Order,
    rows: Rows,
) -> bool {
    of.keys.iter().zip(&against.keys).enumerate().any(|(i, (a, b))| {
        let cells = table.rows.iter().filter_map(|row| row.cells.get(RESULTS.len() + i)?.as_ref()?.number());
        let mut values = cells.filter(|x| x.is_finite()).peekable();
        let (Some(a), Some(b)) = (limits(a), limits(b)) else { return false };
        let within = |limits: (f64, f64), x: f64| (limits.0..=limits.1).contains(&x);
        let of_one = |x: f64| within(a, x) && !within(b, x);
        match rows {
            Rows::All => values.peek().is_some() && values.all(of_one),
            Rows::Any => values.any(of_one),
        }
    })
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn with_anchors() -> Vec<String> {
    let mut keys = owned(&YOLOV5);
    keys.insert(ANCHORS_AT, "anchors".into());
    keys
}
