//! The strategy `normal` against its formula, `z' = z + g N u sigma` for genes with U < p, in distribution.
//!
//! Every mean of n draws has to lie within five of its standard errors, taken from the draws themselves.

use super::formula_tests::{child, history, settings, space};
use super::{Bred, Settings, StrategyKind};
use crate::space::{Kind, Scalar, Space};
use crate::trial::Change;

/// Proposals of a test.
const N: u64 = 10_000;
/// So small that no step of the parent below reaches a bound.
const SIGMA: f64 = 0.04;
/// Where each gene starts, and what its gain is.
const PARENT: [f64; 5] = [0.0, 30.0, 1e-4, 50.0, 1.0];
const GAINS: [f64; 5] = [1.0, 0.5, 0.8, 1.0, 1.0];

/// Two floats (one of them at 0), a logarithmic one, a whole number and a choice of four.
fn mixed() -> Space {
    let bounds = [[-2.0, 6.0], [10.0, 60.0], [1e-6, 1e-2], [0.0, 100.0], [0.0, 3.0]];
    let names = ["zero", "float", "log", "int", "choice"];
    let all: Vec<_> = (0..5).map(|i| (names[i], PARENT[i], [GAINS[i], bounds[i][0], bounds[i][1]])).collect();
    let mut space = space(&all);
    space.params[2].kind = Kind::Log;
    space.params[3].kind = Kind::Int;
    space.params[4].kind = Kind::Choice(["a", "b", "c", "d"].map(|o| Scalar::Text(o.into())).into());
    space
}

/// Children of the one parent.
fn bred(space: &Space, probability: f64, sigma: f64, n: u64) -> Vec<Bred> {
    let settings = Settings { sigma, probability, ..settings(StrategyKind::Normal) };
    let history = history(&[(&PARENT[..space.params.len()], 0.5)]);
    (1..=n).map(|generation| child(space, &settings, &history, generation)).collect()
}

/// The steps of the gene in its range, of the children in which it moved.
fn steps(space: &Space, bred: &[Bred], i: usize) -> Vec<f64> {
    let unit = |x| space.params[i].to_unit(x);
    let moved = bred.iter().filter(|child| child.changes[i] == Change::Mutated);
    moved.map(|child| unit(child.genes[i]) - unit(PARENT[i])).collect()
}

#[track_caller]
fn assert_mean(values: impl IntoIterator<Item = f64>, expected: f64) {
    let values: Vec<f64> = values.into_iter().collect();
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let error = (variance / n).sqrt();
    assert!(n > 500.0 && variance > 0.0, "{n} values, variance {variance}");
    assert!((mean - expected).abs() < 5.0 * error, "{mean} ± {error} is not {expected}");
}

fn one_if(yes: bool) -> f64 {
    f64::from(u8::from(yes))
}

/// P(|N| u < t), which is the mean of min(1, t / |N|).
fn within(t: f64) -> f64 {
    let density = |x: f64| 2.0 * (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
    (0..100_000).map(|i| (f64::from(i) + 0.5) * 1e-4).map(|x| density(x) * (t / x).min(1.0) * 1e-4).sum()
}

#[test]
fn each_gene_moves_with_the_mutation_probability() {
    let space = mixed();
    for p in [0.8, 0.3] {
        let bred = bred(&space, p, SIGMA, N);
        // The draw where none of five moves is drawn again.
        let expected = p / (1.0 - (1.0f64 - p).powi(5));
        for (i, parent) in PARENT.iter().enumerate() {
            assert_mean(bred.iter().map(|child| one_if(child.changes[i] != Change::Kept)), expected);
            assert!(
                bred.iter().all(|child| (child.changes[i] == Change::Kept) == (child.genes[i] == *parent))
            );
        }
    }
}

#[test]
fn steps_have_the_formula_s_mean_and_variance_in_the_range_and_in_the_log_range() {
    let space = mixed();
    let bred = bred(&space, 0.8, SIGMA, N);
    for (i, gain) in GAINS.iter().enumerate().take(3) {
        let steps = steps(&space, &bred, i);
        assert_mean(steps.iter().copied(), 0.0);
        // E (N u)^2 is 1/3, and E (N u)^4 is 3/5.
        let size = gain * SIGMA;
        assert_mean(steps.iter().map(|z| (z / size).powi(2)), 1.0 / 3.0);
        assert_mean(steps.iter().map(|z| (z / size).powi(4)), 3.0 / 5.0);
    }
    // One u for the whole child: of two genes that move, E u^4 is 1/5, where a u for each would make it 1/9.
    let both = bred.iter().filter(|child| child.changes[..2].iter().all(|c| *c == Change::Mutated));
    let squared = |child: &Bred, i: usize| {
        let param = &space.params[i];
        ((child.genes[i] - PARENT[i]) / (param.high - param.low) / (GAINS[i] * SIGMA)).powi(2)
    };
    assert_mean(both.map(|child| squared(child, 0) * squared(child, 1)), 1.0 / 5.0);
}

#[test]
fn a_whole_number_s_step_is_rounded_and_never_none() {
    let bred = bred(&mixed(), 0.8, SIGMA, N);
    let moved = bred.iter().filter(|child| child.changes[3] == Change::Mutated);
    let steps: Vec<f64> = moved.map(|child| child.genes[3] - PARENT[3]).collect();
    assert!(steps.iter().all(|step| step.fract() == 0.0 && *step != 0.0));
    assert_mean(steps.iter().map(|step| step.signum()), 0.0);
    // The range is 100, so that a step of 1 is one of 0.01.
    let below = |step: f64| within(step / 100.0 / SIGMA);
    assert_mean(steps.iter().map(|step| one_if(step.abs() == 1.0)), below(1.5));
    for k in [2.0, 3.0, 5.0] {
        assert_mean(steps.iter().map(|step| one_if(step.abs() == k)), below(k + 0.5) - below(k - 0.5));
    }
}

#[test]
fn a_choice_takes_each_of_the_other_options_alike() {
    let bred = bred(&mixed(), 0.8, SIGMA, N);
    let moved: Vec<f64> = bred.iter().map(|child| child.genes[4]).filter(|x| *x != PARENT[4]).collect();
    for option in [0.0, 2.0, 3.0] {
        assert_mean(moved.iter().map(|x| one_if(*x == option)), 1.0 / 3.0);
    }
}

#[test]
fn a_step_that_leads_out_ends_on_the_bound() {
    let mut space = mixed();
    space.params[0].low = -0.5;
    let bred = bred(&space, 0.8, 0.2, N);
    // Half of the steps go down; the parent lies at a thirteenth of the range.
    let expected = 0.8 / (1.0 - 0.2f64.powi(5)) * (1.0 - within(1.0 / 13.0 / 0.2)) / 2.0;
    assert_mean(bred.iter().map(|child| one_if(child.genes[0] == -0.5)), expected);
    assert!(bred.iter().all(|child| (child.genes[0] == -0.5) == (child.changes[0] == Change::Bounded)));
}

#[test]
fn where_no_draw_moves_anything_one_gene_is_drawn_from_its_whole_range() {
    let mut space = mixed();
    space.params.remove(1);
    space.params.truncate(2);
    let settings = Settings { sigma: 0.0, ..settings(StrategyKind::Normal) };
    let history = history(&[(&[0.0, 1e-4], 0.5)]);
    let bred: Vec<Bred> = (1..=1200).map(|g| child(&space, &settings, &history, g)).collect();
    assert_mean(bred.iter().map(|child| one_if(child.changes[0] == Change::New)), 0.5);
    for (i, param) in space.params.iter().enumerate() {
        let new = bred.iter().filter(|child| child.changes[i] == Change::New);
        let drawn: Vec<f64> = new.map(|child| param.to_unit(child.genes[i])).collect();
        assert_mean(drawn.iter().copied(), 0.5);
        assert_mean(drawn.iter().map(|z| (z - 0.5).powi(2)), 1.0 / 12.0);
        assert!(
            bred.iter().all(|child| child.changes[i] == Change::New || child.changes[1 - i] == Change::New)
        );
    }
}
