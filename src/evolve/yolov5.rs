//! YOLOv5's evolution, v7.0: one of the best five as parent, genes multiplied by
//! `clip(gain * [U < probability] * N(0,1) * u * sigma + 1, 0.3, 3)`, u uniform and one for the whole child, drawn
//! again while nothing changed; then bounds and 5 decimals.
//!
//! A multiplied zero stays zero for ever, as in the original; `normal` is the strategy where zeros move.

use super::mutate::{Draw, at_least_one, gene, other_option, until_changed};
use super::parent::{Rules, parent};
use super::{Ask, Bred, Knobs, Refusal, Rng, Strategy};
use crate::space::{Kind, Param, number};

/// The factor's bounds.
const FACTOR: (f64, f64) = (0.3, 3.0);
/// Decimals of a stored gene.
const DECIMALS: usize = 5;

/// A version of YOLOv5's evolution.
pub struct Yolov5 {
    pub rules: Rules,
}

impl Yolov5 {
    pub const V7: Self = Self { rules: Rules { epsilon: 1e-6, digits: 5 } };
    pub const MARCH_2021: Self = Self { rules: Rules { epsilon: 0.0, digits: 3 } };
}

/// The factor of a gene.
pub fn factor(gain: f64, mutates: bool, normal: f64, scale: f64, sigma: f64) -> f64 {
    let mutates = if mutates { 1.0 } else { 0.0 };
    (gain * mutates * normal * scale * sigma + 1.0).clamp(FACTOR.0, FACTOR.1)
}

impl Strategy for Yolov5 {
    fn knobs(&self) -> Knobs {
        Knobs { parent: true, top: true, sigma: true, probability: true, method: false }
    }

    fn propose(&self, ask: &Ask, rng: &mut Rng) -> Result<Bred, Refusal> {
        let from = parent(ask, self.rules, rng);
        let params = &ask.space.params;
        let (genes, changes) = until_changed(rng, |rng| {
            let draw = Draw::new(params.len(), ask.settings.probability, true, rng);
            let child = params.iter().enumerate().map(|(i, param)| {
                let x = from.genes[i];
                let v = factor(param.gain, draw.mutates[i], draw.normal[i], draw.scale, ask.settings.sigma);
                let moved = || match &param.kind {
                    _ if v == 1.0 => None,
                    Kind::Choice(_) => Some(other_option(param, x, rng)),
                    Kind::Int => Some(at_least_one(x, x * v, v - 1.0)),
                    Kind::Float | Kind::Log => Some(x * v),
                };
                gene(ask, param, x, moved, |x| stored(param, x))
            });
            child.unzip::<_, _, Vec<_>, Vec<_>>().into_boxes()
        });
        Ok(Bred { genes, parents: from.generations, changes, round: None })
    }
}

/// A gene as it is stored: 5 decimals; 5 significant digits on a logarithmic scale, which has no smallest step.
pub fn stored(param: &Param, x: f64) -> f64 {
    match param.kind {
        Kind::Log => number::significant(x, DECIMALS),
        _ => number::decimals(x, DECIMALS),
    }
}

/// Two vectors as two boxes.
pub trait IntoBoxes<A, B> {
    fn into_boxes(self) -> (Box<[A]>, Box<[B]>);
}

impl<A, B> IntoBoxes<A, B> for (Vec<A>, Vec<B>) {
    fn into_boxes(self) -> (Box<[A]>, Box<[B]>) {
        (self.0.into(), self.1.into())
    }
}
