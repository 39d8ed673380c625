//! What every mutation shares: which genes move, the redraw while nothing changed, bounds, kinds, held genes.

use rand::RngExt;
use rand_distr::StandardNormal;

use super::{Ask, Rng};
use crate::space::{Kind, Param};
use crate::trial::Change;

/// Redraws before a draw that changes nothing is taken as it is (sigma 0, or nothing but zeros to multiply).
const REDRAWS: usize = 1000;

/// Per gene, whether it mutates and the normal draw it mutates by.
#[derive(Debug, Clone, PartialEq)]
pub struct Draw {
    pub mutates: Vec<bool>,
    /// The uniform draw behind `mutates`.
    pub uniform: Vec<f64>,
    pub normal: Vec<f64>,
    /// One for the whole child, uniform in 0..1: the originals' scalar.
    pub scale: f64,
}

impl Draw {
    /// A draw for every gene, held ones included, so that a pin changes no other gene's stream.
    pub fn new(genes: usize, probability: f64, scalar: bool, rng: &mut Rng) -> Self {
        let uniform: Vec<f64> = (0..genes).map(|_| rng.random()).collect();
        let mutates = uniform.iter().map(|u| *u < probability).collect();
        let normal = (0..genes).map(|_| rng.sample(StandardNormal)).collect();
        Self { mutates, uniform, normal, scale: if scalar { rng.random() } else { 1.0 } }
    }
}

/// A child's genes, and what made each.
pub type Genes = (Box<[f64]>, Box<[Change]>);

/// A child by `attempt`, drawn again while no free gene has changed.
pub fn until_changed(rng: &mut Rng, mut attempt: impl FnMut(&mut Rng) -> Genes) -> Genes {
    let mut child = attempt(rng);
    for _ in 0..REDRAWS {
        if child.1.iter().any(|change| !matches!(change, Change::Kept | Change::Held | Change::Set)) {
            break;
        }
        child = attempt(rng);
    }
    child
}

/// One gene of a child: held, set by a person, kept, or mutated by `mutate` and brought within its bounds.
///
/// `mutate` gives the new value before bounds; `store` rounds it as the strategy stores it.
pub fn gene(
    ask: &Ask,
    param: &Param,
    parent: f64,
    mutate: impl FnOnce() -> Option<f64>,
    store: impl Fn(f64) -> f64,
) -> (f64, Change) {
    if let Some(held) = param.held() {
        return (held, Change::Held);
    }
    if let Some(set) = ask.next.get(&param.name) {
        return (*set, Change::Set);
    }
    let Some(mutated) = mutate() else { return (bounded(param, parent, &store), Change::Kept) };
    let change = if mutated < param.low || mutated > param.high { Change::Bounded } else { Change::Mutated };
    let x = bounded(param, mutated, &store);
    (x, if x == parent { Change::Kept } else { change })
}

/// Within the bounds, before and after it is rounded.
fn bounded(param: &Param, x: f64, store: impl Fn(f64) -> f64) -> f64 {
    param.clip(store(param.clip(x)))
}

/// Another option of a choice, each as likely.
pub fn other_option(param: &Param, parent: f64, rng: &mut Rng) -> f64 {
    let Kind::Choice(options) = &param.kind else { return parent };
    if options.len() < 2 {
        return parent;
    }
    let drawn = rng.random_range(0..options.len() - 1);
    (if drawn >= parent as usize { drawn + 1 } else { drawn }) as f64
}

/// A whole number that moved by less than a half moves by one, to the side the draw points to.
pub fn at_least_one(parent: f64, mutated: f64, side: f64) -> f64 {
    if mutated.round() == parent.round() { parent + side.signum() } else { mutated }
}
