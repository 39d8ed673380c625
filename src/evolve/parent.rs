//! Parents: one of the best candidates, or their weighted mean.

use rand::RngExt;

use super::{Ask, ParentMode, Rng};
use crate::space::number;

/// What a child starts from.
#[derive(Debug, Clone, PartialEq)]
pub struct Parent {
    pub genes: Box<[f64]>,
    /// Its generations, the heaviest first; none where nothing has finished yet.
    pub generations: Box<[u64]>,
}

/// How an original weighs and stores its parents.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// Added to every weight. Without it, equal fitness leaves nothing to draw by: the draw is uniform then.
    pub epsilon: f64,
    /// Significant digits that a parent carries: what the original's file keeps.
    pub digits: usize,
}

/// The parent of the next child: of the `top` best candidates, by weight `fitness - worst fitness + epsilon`
/// (YOLOv5), one drawn by weight or the weighted mean. The start candidate where nothing has finished yet.
pub fn parent(ask: &Ask, rules: Rules, rng: &mut Rng) -> Parent {
    let best: Vec<_> = ask.history.ranked().take(ask.settings.top as usize).collect();
    let Some(worst) = best.last().map(|(_, fitness)| *fitness) else {
        return Parent { genes: ask.space.start(), generations: Box::default() };
    };
    let mut weights: Vec<f64> = best.iter().map(|(_, fitness)| fitness - worst + rules.epsilon).collect();
    if weights.iter().sum::<f64>() <= 0.0 {
        weights.fill(1.0);
    }
    let genes = |trial: &crate::trial::Trial| -> Vec<f64> {
        let known = trial.genes.iter().zip(&ask.space.params);
        known.map(|(x, p)| if x.is_nan() { p.value } else { number::significant(*x, rules.digits) }).collect()
    };
    match ask.settings.parent {
        ParentMode::Single => {
            let trial = best[drawn(&weights, rng)].0;
            Parent { genes: genes(trial).into(), generations: [trial.generation].into() }
        }
        ParentMode::Weighted => {
            let total: f64 = weights.iter().sum();
            let mut mean = vec![0.0; ask.space.params.len()];
            for ((trial, _), weight) in best.iter().zip(&weights) {
                for (sum, x) in mean.iter_mut().zip(genes(trial)) {
                    *sum += x * weight / total;
                }
            }
            let generations = best.iter().map(|(trial, _)| trial.generation).collect();
            Parent { genes: mean.into(), generations }
        }
    }
}

/// An index drawn in proportion to its weight. The weights are not negative and not all zero.
fn drawn(weights: &[f64], rng: &mut Rng) -> usize {
    let mut left = rng.random::<f64>() * weights.iter().sum::<f64>();
    for (i, weight) in weights.iter().enumerate() {
        left -= weight;
        if left < 0.0 {
            return i;
        }
    }
    weights.len() - 1
}
