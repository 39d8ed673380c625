//! Which parameters mattered, as far as the trials so far can tell.
//!
//! Fitness is fitted by a sum of parabolas, one for each parameter in its normalised (or logarithmic) range; the ridge
//! penalty is chosen by generalised cross-validation (Golub, Heath and Wahba 1979). A parameter's importance is the
//! variance of its parabola over the range that was tried and as much again on either side, as a share of all of them: the
//! first-order term of a functional analysis of variance (Hutter, Hoos and Leyton-Brown 2014). Unlike methods that compare
//! the densities of good and other trials (PED-ANOVA), it does not need trials spread evenly, which evolution, crowding
//! around its best, never gives.
//!
//! It says how far it is to be trusted: `explained` is the part of the fitness's variance that the fit predicts for a trial
//! left out, and a parameter is `clear` only where its effect is more than twice its standard error. What never varied
//! has no importance; interactions are not seen.

use super::History;
use crate::space::{Kind, Space};

/// Trials looked at: the last ones.
const LAST: usize = 2000;
/// Trials beyond one for each term of the fit, before anything is said.
const SPARE: usize = 8;

/// How much parameters matter.
#[derive(Debug, Clone, PartialEq)]
pub enum Importance {
    /// Too few trials: so many more are needed.
    TooFew { needed: usize },
    Known {
        /// Part of the variance of fitness that the fit predicts for a trial left out; 0 or less says nothing is known.
        explained: f64,
        /// In the order of the space's parameters.
        params: Vec<Share>,
    },
}

/// One parameter's importance.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Share {
    /// Of all parameters' 1.
    pub share: f64,
    /// Whether it stands out from chance.
    pub clear: bool,
}

/// A column of the fit: a straight or a bent one.
struct Term {
    param: usize,
    column: Vec<f64>,
    /// Its values at places evenly spaced over what was tried and as much again on either side.
    range: [f64; RANGE],
}

/// Places at which a parameter's effect is looked at.
const RANGE: usize = 9;

/// The importance of every parameter, from the trials that may be parents.
pub fn importance(space: &Space, history: &History) -> Importance {
    let rows: Vec<(&[f64], f64)> = {
        let all = history.trials().iter().rev().filter(|t| t.is_parent());
        let complete =
            all.filter(|t| t.genes.len() == space.params.len() && t.genes.iter().all(|x| x.is_finite()));
        complete.filter_map(|t| Some((&*t.genes, t.fitness?))).take(LAST).collect()
    };
    let terms: Vec<Term> = (0..space.params.len()).flat_map(|i| terms(space, &rows, i)).collect();
    let wanted = terms.len() + SPARE;
    if rows.len() < wanted || terms.is_empty() {
        return Importance::TooFew { needed: wanted.saturating_sub(rows.len()).max(1) };
    }
    let mean = rows.iter().map(|(_, y)| y).sum::<f64>() / rows.len() as f64;
    let y: Vec<f64> = rows.iter().map(|(_, y)| y - mean).collect();
    let Some(fit) = fit(&terms, &y) else {
        return Importance::Known { explained: 0.0, params: vec![Share::default(); space.params.len()] };
    };
    let mut params = vec![Share::default(); space.params.len()];
    for (i, param) in params.iter_mut().enumerate() {
        let own: Vec<usize> = (0..terms.len()).filter(|t| terms[*t].param == i).collect();
        let curve = (0..RANGE).map(|at| own.iter().map(|t| fit.weights[*t] * terms[*t].range[at]).sum());
        param.share = variance(&curve.collect::<Vec<f64>>());
        param.clear = own.iter().any(|t| fit.weights[*t].abs() > 2.0 * fit.errors[*t]);
    }
    let total: f64 = params.iter().map(|p| p.share).sum();
    if total > 0.0 {
        for param in &mut params {
            param.share /= total;
        }
    }
    Importance::Known { explained: fit.explained, params }
}

/// The columns of one parameter: its unit, and its square with the straight part taken out; both of mean 0 and variance
/// 1. An option of a choice has a column of its own.
fn terms(space: &Space, rows: &[(&[f64], f64)], i: usize) -> Vec<Term> {
    let param = &space.params[i];
    let x: Vec<f64> = rows.iter().map(|(genes, _)| genes[i]).collect();
    let grid: [f64; RANGE] = std::array::from_fn(|at| at as f64 / (RANGE - 1) as f64);
    if let Kind::Choice(options) = &param.kind {
        let column = |option: usize| {
            let is = |x: f64| f64::from(u8::from(x as usize == option));
            let at: [f64; RANGE] = std::array::from_fn(|at| is((at * options.len() / RANGE) as f64));
            scaled(i, x.iter().map(|x| is(*x)).collect(), at)
        };
        return (1..options.len()).filter_map(column).collect();
    }
    let unit: Vec<f64> = x.iter().map(|x| param.to_unit(*x)).collect();
    // Not far beyond what was tried: a parabola through a corner of the range says nothing of its other end.
    let (least, most) = unit.iter().fold((1f64, 0f64), |(low, high), u| (low.min(*u), high.max(*u)));
    let width = most - least;
    let (from, to) = ((least - width).max(0.0), (most + width).min(1.0));
    let grid = grid.map(|at| from + at * (to - from));
    let Some(straight) = scaled(i, unit, grid) else { return Vec::new() };
    let u = &straight.column;
    let squares: Vec<f64> = u.iter().map(|u| u * u).collect();
    let slope = u.iter().zip(&squares).map(|(u, s)| u * s).sum::<f64>() / u.len() as f64;
    let bent_at = std::array::from_fn(|at| straight.range[at].powi(2) - slope * straight.range[at]);
    let bent = scaled(i, u.iter().zip(&squares).map(|(u, s)| s - slope * u).collect(), bent_at);
    std::iter::once(straight).chain(bent).collect()
}

/// A column of mean 0 and variance 1, and the same shift and scale over the range; none where it does not vary.
fn scaled(param: usize, mut column: Vec<f64>, mut range: [f64; RANGE]) -> Option<Term> {
    let mean = column.iter().sum::<f64>() / column.len().max(1) as f64;
    let deviation = variance(&column).sqrt();
    if deviation.is_nan() || deviation < 1e-6 {
        return None;
    }
    column.iter_mut().chain(&mut range).for_each(|x| *x = (*x - mean) / deviation);
    Some(Term { param, column, range })
}

fn variance(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n
}

struct Fit {
    weights: Vec<f64>,
    /// Standard errors of the weights.
    errors: Vec<f64>,
    explained: f64,
}

/// Ridge regression, the penalty by generalised cross-validation. None where fitness does not vary.
fn fit(terms: &[Term], y: &[f64]) -> Option<Fit> {
    let (n, p) = (y.len() as f64, terms.len());
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let total = dot(y, y);
    if total <= 0.0 {
        return None;
    }
    let mut gram = vec![vec![0.0; p]; p];
    for i in 0..p {
        for j in 0..=i {
            gram[i][j] = dot(&terms[i].column, &terms[j].column);
            gram[j][i] = gram[i][j];
        }
    }
    let right: Vec<f64> = terms.iter().map(|t| dot(&t.column, y)).collect();
    let mut best: Option<(f64, Fit)> = None;
    for power in -12..=2 {
        let penalty = 10f64.powf(f64::from(power) / 2.0) * n;
        let Some(inverse) = inverse(&gram, penalty) else { continue };
        let weights: Vec<f64> = inverse.iter().map(|row| dot(row, &right)).collect();
        let predicted = weights.iter().map(|w| w * w * penalty).sum::<f64>();
        // |y - Xw|^2 = y'y - w'X'y - penalty w'w, since (X'X + penalty) w = X'y.
        let residual = (total - dot(&weights, &right) - predicted).max(0.0);
        let trace: f64 = (0..p).map(|i| inverse[i][i]).sum();
        let freedom = p as f64 - penalty * trace + 1.0;
        let score = residual / n / (1.0 - freedom / n).max(1e-3).powi(2);
        if best.as_ref().is_none_or(|(known, _)| score < *known) {
            let scatter = residual / (n - freedom).max(1.0);
            let errors = (0..p).map(|i| (scatter * inverse[i][i]).sqrt()).collect();
            best = Some((score, Fit { weights, errors, explained: 1.0 - score / (total / n) }));
        }
    }
    best.map(|(_, fit)| fit)
}

/// The inverse of `gram + penalty`, by Cholesky's factor.
fn inverse(gram: &[Vec<f64>], penalty: f64) -> Option<Vec<Vec<f64>>> {
    let p = gram.len();
    let mut lower = vec![vec![0.0; p]; p];
    for i in 0..p {
        for j in 0..=i {
            let sum: f64 = (0..j).map(|k| lower[i][k] * lower[j][k]).sum();
            let left = gram[i][j] + if i == j { penalty } else { 0.0 } - sum;
            if i == j && left <= 0.0 {
                return None;
            }
            lower[i][j] = if i == j { left.sqrt() } else { left / lower[j][j] };
        }
    }
    let mut inverse = vec![vec![0.0; p]; p];
    for column in 0..p {
        let mut x = vec![0.0; p];
        for i in column..p {
            let sum: f64 = (column..i).map(|k| lower[i][k] * x[k]).sum();
            x[i] = (f64::from(u8::from(i == column)) - sum) / lower[i][i];
        }
        for i in (0..p).rev() {
            let sum: f64 = (i + 1..p).map(|k| lower[k][i] * x[k]).sum();
            x[i] = (x[i] - sum) / lower[i][i];
        }
        for (row, x) in inverse.iter_mut().zip(x) {
            row[column] = x;
        }
    }
    Some(inverse)
}
