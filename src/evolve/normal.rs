//! `normal`: steady state like YOLOv5's, the mutation additive in the parameter's normalised range (logarithmic for
//! kind `log`): `u' = u + gain * N(0,1) * scale * sigma`, u between 0 and 1 from low to high, scale uniform and one for
//! the whole child. So a value at 0 can move, and a step means the same for every parameter.
//!
//! Genes are stored with 7 significant digits. It never proposes a copy of its parent: where a thousand draws
//! changed nothing, one free gene is drawn anew from its whole range.

use rand::RngExt;

use super::mutate::{Draw, at_least_one, gene, other_option, until_changed};
use super::parent::{Rules, parent};
use super::yolov5::IntoBoxes;
use super::{Ask, Bred, Knobs, Refusal, Rng, Strategy};
use crate::space::{Kind, Param, number};
use crate::trial::Change;

/// Significant digits of a stored gene.
const DIGITS: usize = 7;
const RULES: Rules = Rules { epsilon: 1e-6, digits: 17 };

/// The default for anything but YOLO.
pub struct Normal;

impl Strategy for Normal {
    fn knobs(&self) -> Knobs {
        Knobs { parent: true, top: true, sigma: true, probability: true, method: false }
    }

    fn propose(&self, ask: &Ask, rng: &mut Rng) -> Result<Bred, Refusal> {
        let from = parent(ask, RULES, rng);
        let params = &ask.space.params;
        let (mut genes, mut changes) = until_changed(rng, |rng| {
            let draw = Draw::new(params.len(), ask.settings.probability, true, rng);
            let child = params.iter().enumerate().map(|(i, param)| {
                let x = from.genes[i];
                let step = param.gain * draw.normal[i] * draw.scale * ask.settings.sigma;
                let moved = || (draw.mutates[i] && step != 0.0).then(|| moved(param, x, step, rng));
                gene(ask, param, x, moved, stored)
            });
            child.unzip::<_, _, Vec<_>, Vec<_>>().into_boxes()
        });
        if genes == from.genes {
            anew(ask, &mut genes, &mut changes, rng);
        }
        Ok(Bred { genes, parents: from.generations, changes, round: None })
    }
}

fn stored(x: f64) -> f64 {
    number::significant(x, DIGITS)
}

/// The value before bounds: beyond them where the step leads there, so that it is seen to have been stopped.
fn moved(param: &Param, x: f64, step: f64, rng: &mut Rng) -> f64 {
    match &param.kind {
        Kind::Choice(_) => other_option(param, x, rng),
        Kind::Float => x + step * (param.high - param.low),
        Kind::Int => at_least_one(x, x + step * (param.high - param.low), step),
        Kind::Log => x.max(param.low) * (step * (param.high / param.low).ln()).exp(),
    }
}

/// Draws one free gene from its whole range, another one than it was.
fn anew(ask: &Ask, genes: &mut [f64], changes: &mut [Change], rng: &mut Rng) {
    let free = |i: &usize| {
        let p = &ask.space.params[*i];
        p.is_free() && !ask.next.contains_key(&p.name) && p.low < p.high
    };
    let free: Vec<usize> = (0..genes.len()).filter(free).collect();
    if free.is_empty() {
        return;
    }
    let i = free[rng.random_range(0..free.len())];
    let (param, before) = (&ask.space.params[i], genes[i]);
    for _ in 0..100 {
        genes[i] = param.clip(stored(param.from_unit(rng.random())));
        changes[i] = Change::New;
        if genes[i] != before {
            return;
        }
    }
}
