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
    if best.is_empty() {
        return Parent { genes: ask.space.start(), generations: Box::default() };
    }
    let fitness: Vec<f64> = best.iter().map(|(_, fitness)| *fitness).collect();
    let weights = weights(&fitness, rules.epsilon);
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

/// The weight of each, of fitness from the best to the worst: `fitness - worst fitness + epsilon`.
fn weights(fitness: &[f64], epsilon: f64) -> Vec<f64> {
    let worst = fitness.last().copied().unwrap_or_default();
    let weights: Vec<f64> = fitness.iter().map(|fitness| fitness - worst + epsilon).collect();
    if weights.iter().sum::<f64>() > 0.0 { weights } else { vec![1.0; fitness.len()] }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixture_15_weights_are_what_fitness_is_above_the_worst() {
        let expected = [0.280_001, 0.180_001, 0.080_001, 0.030_001, 1e-6];
        for (weight, expected) in weights(&[0.3, 0.2, 0.1, 0.05, 0.02], 1e-6).into_iter().zip(expected) {
            assert!((weight / expected - 1.0).abs() < 1e-4, "{weight} {expected}");
        }
        assert_eq!(weights(&[0.4, 0.4], 0.0), [1.0, 1.0], "equal fitness and no epsilon: a uniform draw");
    }
}
