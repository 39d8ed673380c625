//! yolov3's evolution as of 2020-01: the best row as parent (or the weighted mean of the best ten), genes multiplied by
//! a squared factor, no bounds on the factor; then the space's bounds, which are the original's nine limits and wide
//! ones besides. Three methods, N and U drawn for each gene, u one for the whole child:
//!
//! ```text
//! 1: (1 + gain * sigma * N * u)^2
//! 2: (1 + gain * sigma * N * U)^2
//! 3: (1 + gain * sigma * N * [U < probability])^2, drawn again while nothing changed (the default)
//! ```
//!
//! Methods 1 and 2 move every number; a choice has no factor and moves with the mutation probability in all three.

use super::mutate::{Draw, at_least_one, gene, other_option, until_changed};
use super::parent::{Parent, Rules, parent};
use super::yolov5::{IntoBoxes, stored};
use super::{Ask, Bred, Knobs, ParentMode, Refusal, Rng, Strategy};
use crate::space::Kind;

const RULES: Rules = Rules { epsilon: 0.0, digits: 3 };

/// yolov3 of 2020-01.
pub struct Yolov3;

/// The factor of a gene; `scale` is what the method multiplies the normal draw by.
pub fn factor(gain: f64, sigma: f64, normal: f64, scale: f64) -> f64 {
    (1.0 + gain * sigma * normal * scale).powi(2)
}

impl Strategy for Yolov3 {
    fn knobs(&self) -> Knobs {
        Knobs { parent: true, top: true, sigma: true, probability: true, method: true }
    }

    fn propose(&self, ask: &Ask, rng: &mut Rng) -> Result<Bred, Refusal> {
        let from = origin(ask, rng);
        let (params, settings) = (&ask.space.params, ask.settings);
        let (genes, changes) = until_changed(rng, |rng| {
            let draw = Draw::new(params.len(), settings.probability, true, rng);
            let child = params.iter().enumerate().map(|(i, param)| {
                let scale = match settings.method {
                    1 => draw.scale,
                    2 => draw.uniform[i],
                    _ => f64::from(u8::from(draw.mutates[i])),
                };
                let (x, v) = (from.genes[i], factor(param.gain, settings.sigma, draw.normal[i], scale));
                let moved = || match &param.kind {
                    Kind::Choice(_) => draw.mutates[i].then(|| other_option(param, x, rng)),
                    _ if v == 1.0 => None,
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

/// The best candidate, or the weighted mean of the best.
fn origin(ask: &Ask, rng: &mut Rng) -> Parent {
    if ask.settings.parent == ParentMode::Weighted {
        return parent(ask, RULES, rng);
    }
    let settings = super::Settings { top: 1, ..ask.settings.clone() };
    parent(&Ask { settings: &settings, ..*ask }, RULES, rng)
}
