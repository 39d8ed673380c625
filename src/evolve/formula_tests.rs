//! The strategies against their formulas: the reference's numbers, distributions, and draws that pin the stream.

use super::{Ask, Bred, History, NextValues, ParentMode, Settings, StrategyKind, Weights};
use super::{population, propose, yolov3, yolov5};
use crate::space::{Kind, Param, Space, number};
use crate::trial::{Change, End, Origin, Trial};

pub(super) fn space(params: &[(&str, f64, [f64; 3])]) -> Space {
    let param = |(name, value, [gain, low, high]): &(&str, f64, [f64; 3])| Param {
        name: (*name).into(),
        value: *value,
        gain: *gain,
        low: *low,
        high: *high,
        kind: Kind::Float,
        pin: None,
    };
    Space { params: params.iter().map(param).collect(), ..Space::default() }
}

pub(super) fn finished(generation: u64, genes: &[f64], fitness: f64) -> Trial {
    let (end, fitness) = (Some(End::Finished), Some(fitness));
    Trial { end, fitness, ..Trial::new(generation, Origin::Bred, genes.into()) }
}

pub(super) fn history(rows: &[(&[f64], f64)]) -> History {
    let mut history = History::default();
    for (i, (genes, fitness)) in rows.iter().enumerate() {
        history.push(finished(i as u64, genes, *fitness));
    }
    history
}

pub(super) fn child(space: &Space, settings: &Settings, history: &History, generation: u64) -> Bred {
    let next = NextValues::new();
    propose(&Ask { space, settings, history, next: &next, seed: 7, generation }).unwrap()
}

pub(super) fn settings(kind: StrategyKind) -> Settings {
    Settings::for_strategy(kind, Weights::yolov5())
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Wide bounds, so that only the factor acts.
const WIDE: [f64; 3] = [1.0, 0.0, 1e6];

#[test]
fn fixture_15_evolve_factors_genes_and_rates_are_the_reference_s() {
    let genes = [(1.0, 0.1, 1.5), (0.3, 0.79, -2.0), (2.0, 0.8, 0.7), (0.0, 0.2, 1.0), (1.0, 0.5, -30.0)];
    let parents = [0.01, 0.937, 3.0, 0.2, 0.0005];
    let expected = [(1.18, 0.0118), (0.928, 0.86954), (1.0, 3.0), (1.0, 0.2), (0.3, 0.00015)];
    for (((gain, uniform, normal), parent), (v, gene)) in genes.into_iter().zip(parents).zip(expected) {
        let factor = yolov5::factor(gain, uniform < 0.8, normal, 0.6, 0.2);
        assert!((factor - v).abs() < 1e-12, "{factor} is not {v}");
        assert_eq!(number::decimals(parent * factor, 5), gene);
    }
    assert!((yolov3::factor(1.0, 0.2, 1.5, 1.0) - 1.69).abs() < 1e-12);
    assert!((yolov3::factor(0.1, 0.2, -2.0, 1.0) - 0.9216).abs() < 1e-12);
    let rates = |g| {
        let r = population::rates(g, 300);
        (r.elite, r.tournament, r.crossover, r.mutation)
    };
    assert_eq!((rates(75), rates(225)), ((2, 7, 0.75, 0.25), (4, 2, 0.5, 0.01)));
}

#[test]
fn fixture_15_evolve_parents_are_drawn_by_fitness_above_the_worst() {
    let space = space(&[("a", 1.0, WIDE)]);
    let rows: Vec<([f64; 1], f64)> =
        [0.3, 0.2, 0.1, 0.05, 0.02, 0.01].iter().map(|f| ([1.0 + f], *f)).collect();
    let rows: Vec<(&[f64], f64)> = rows.iter().map(|(genes, f)| (&genes[..], *f)).collect();
    let history = history(&rows);
    let mut drawn = [0.0; 6];
    let n = 20_000;
    for generation in 100..100 + n {
        let parents = child(&space, &settings(StrategyKind::Yolov5), &history, generation).parents;
        drawn[parents[0] as usize] += 1.0 / n as f64;
    }
    let total = 0.280_001 + 0.180_001 + 0.080_001 + 0.030_001 + 1e-6;
    for (share, weight) in drawn.iter().zip([0.280_001, 0.180_001, 0.080_001, 0.030_001, 1e-6, 0.0]) {
        assert!((share - weight / total).abs() < 0.012, "{drawn:?}");
    }
}

#[test]
fn yolov5_factors_are_distributed_as_the_formula_says() {
    let space = space(&[("a", 100.0, WIDE), ("b", 100.0, WIDE), ("c", 100.0, WIDE), ("d", 100.0, WIDE)]);
    let history = history(&[(&[100.0; 4], 0.5)]);
    let (mut factors, mut kept) = (Vec::new(), 0.0);
    for generation in 1..=10_000 {
        let bred = child(&space, &settings(StrategyKind::Yolov5), &history, generation);
        kept += bred.changes.iter().filter(|c| **c == Change::Kept).count() as f64 / 40_000.0;
        factors.push(bred.genes[0] / 100.0 - 1.0);
    }
    // Each gene moves with probability 0.8, the draw where none of four moves being drawn again.
    let expected = (0.2 - 0.2f64.powi(4)) / (1.0 - 0.2f64.powi(4));
    assert!((kept - expected).abs() < 0.01, "{kept} kept, {expected} expected");
    // Variance of [U < 0.8] N u 0.2: 0.8 * 1 * 1/3 * 0.04.
    let variance = mean(&factors.iter().map(|x| x * x).collect::<Vec<_>>());
    assert!(mean(&factors).abs() < 0.005 && (variance - 0.8 / 3.0 * 0.04).abs() < 0.0008, "{variance}");
}

#[test]
fn march_2021_parents_have_three_digits_and_v7_five() {
    let space = space(&[("a", 1.0, WIDE), ("b", 1.0, WIDE)]);
    let history = history(&[(&[0.123_456_7, 0.987_654_3], 0.5)]);
    for (kind, digits) in [(StrategyKind::Yolov5March2021, 3), (StrategyKind::Yolov5, 5)] {
        let parent = [0.123_456_7, 0.987_654_3].map(|x| number::significant(x, digits));
        let kept = (1..200).map(|g| child(&space, &settings(kind), &history, g)).flat_map(|bred| {
            let genes: Vec<_> = bred.genes.iter().copied().zip(parent).zip(bred.changes).collect();
            genes.into_iter().filter(|(_, change)| *change == Change::Kept).map(|(pair, _)| pair)
        });
        let kept: Vec<(f64, f64)> = kept.collect();
        assert!(kept.len() > 20 && kept.iter().all(|(x, parent)| x == parent), "{kept:?}");
    }
}

#[test]
fn yolov3_takes_the_best_row_or_the_weighted_mean_of_ten() {
    let space = space(&[("a", 1.0, WIDE)]);
    let rows: Vec<([f64; 1], f64)> =
        (0..12).map(|i| ([10.0 * f64::from(i + 1)], 0.1 * f64::from(i))).collect();
    let rows: Vec<(&[f64], f64)> = rows.iter().map(|(genes, f)| (&genes[..], *f)).collect();
    let history = history(&rows);
    let single = settings(StrategyKind::Yolov3);
    assert!((1..50).all(|g| *child(&space, &single, &history, g).parents == [11]));
    let weighted = Settings { parent: ParentMode::Weighted, sigma: 1e-6, ..single };
    // Weights 0 to 0.9 over the values 30 to 120.
    let expected = (0..10).map(|i| f64::from(i) * 10.0 * f64::from(i + 3)).sum::<f64>() / 45.0;
    let bred = child(&space, &weighted, &history, 1);
    assert!((bred.genes[0] - expected).abs() < 0.01, "{} is not {expected}", bred.genes[0]);
    assert_eq!(bred.parents.len(), 10);
}

#[test]
fn yolov3_methods_differ_as_their_formulas_do() {
    let space = space(&[("a", 100.0, WIDE), ("b", 100.0, WIDE)]);
    let history = history(&[(&[100.0; 2], 0.5)]);
    let factors = |method| -> Vec<[f64; 2]> {
        let settings = Settings { method, ..settings(StrategyKind::Yolov3) };
        (1..=10_000)
            .map(|g| child(&space, &settings, &history, g).genes)
            .map(|genes| [genes[0] / 100.0, genes[1] / 100.0])
            .collect()
    };
    // E (1 + 0.2 N u)^2 - 1 is 0.04 E u^2; with method 3, 0.04 for a gene that moves.
    let mean_of = |f: &[[f64; 2]]| mean(&f.iter().flatten().copied().collect::<Vec<_>>()) - 1.0;
    let (one, two, three) = (factors(1), factors(2), factors(3));
    let moves = 0.1 / (1.0 - 0.81);
    for (mean, expected) in
        [(mean_of(&one), 0.04 / 3.0), (mean_of(&two), 0.04 / 3.0), (mean_of(&three), 0.04 * moves)]
    {
        assert!((mean - expected).abs() < 0.006, "{mean} is not {expected}");
    }
    // One u for the child couples the sizes of its steps; a u for each gene does not.
    let size = |x: f64| (x.sqrt() - 1.0).powi(2);
    let coupled = |f: &[[f64; 2]]| {
        let both: Vec<f64> = f.iter().map(|[a, b]| size(*a) * size(*b)).collect();
        let [a, b] = [0, 1].map(|i| mean(&f.iter().map(|pair| size(pair[i])).collect::<Vec<_>>()));
        mean(&both) / (a * b)
    };
    // E u^4 / (E u^2)^2 is 9/5.
    assert!((coupled(&one) - 1.8).abs() < 0.25 && (coupled(&two) - 1.0).abs() < 0.15);
    assert!(three.iter().all(|[a, b]| *a != 1.0 || *b != 1.0));
}

/// A population of 50 with one gene apart, the fitness rising with it, and one more parameter at 0.
fn population_of_50(round: u32) -> (Space, History) {
    let space = space(&[("a", 0.5, [1.0, 0.0, 1.0]), ("b", 0.5, [1.0, 0.0, 1.0]), ("c", 0.0, WIDE)]);
    let mut history = history(&[(&[0.5, 0.5, 0.0], 0.0)]);
    for i in 1..=50 {
        let x = i as f64 / 100.0;
        history.push(Trial { round: Some(round), ..finished(i, &[x, x, x], x) });
    }
    (space, history)
}

#[test]
fn a_round_starts_when_the_last_one_has_ended() {
    let (space, mut history) = population_of_50(0);
    let settings = settings(StrategyKind::Population);
    history.update(20, |t| t.end = None);
    history.update(31, |t| t.end = None);
    let next = NextValues::new();
    let ask = |history: &History| {
        propose(&Ask { space: &space, settings: &settings, history, next: &next, seed: 7, generation: 51 })
    };
    assert_eq!(ask(&history), Err(super::Refusal::Round { left: 2, of: 50 }));
    for generation in [20, 31] {
        history.update(generation, |t| t.end = Some(End::Aborted));
    }
    assert_eq!(ask(&history).unwrap().round, Some(1));
}

#[test]
fn a_population_begins_with_the_hyp_files_and_uniform_draws_go_on() {
    let ranges = crate::space::builtin::space("yolov5-population").unwrap();
    let hyp = crate::space::builtin::hyp("digits").unwrap();
    let (space, _) =
        crate::space::load(&hyp, &ranges, crate::space::Defaults::Yolov5, crate::space::OutOfBounds::Abort)
            .unwrap();
    let settings = settings(StrategyKind::Population);
    let mut history = history(&[(&space.start(), 0.1)]);
    let mut members = Vec::new();
    for generation in 1..=50 {
        let bred = child(&space, &settings, &history, generation);
        assert_eq!(bred.round, Some(0));
        members.push(bred.genes.clone());
        let round = bred.round;
        history.push(Trial { round, ..finished(generation, &bred.genes, 0.1) });
    }
    let mosaic = space.index("mosaic").unwrap();
    let scale = space.index("scale").unwrap();
    assert_eq!([0, 1, 3, 5].map(|i| members[i][scale]), [0.5, 0.9, 0.75544, 0.0]);
    let drawn: Vec<f64> = members[6..].iter().map(|genes| genes[mosaic]).collect();
    assert!((mean(&drawn) - 0.5).abs() < 0.15);
    assert_eq!(child(&space, &settings, &history, 51).round, Some(1));
}

#[test]
fn fifty_finished_candidates_are_the_first_population() {
    let (space, mut history) = population_of_50(0);
    for generation in 1..=50 {
        history.update(generation, |t| t.round = None);
    }
    let history = History::from_trials(history.trials().to_vec());
    let bred = child(&space, &settings(StrategyKind::Population), &history, 51);
    assert_eq!(bred.round, Some(1));
    assert!(!bred.parents.is_empty());
}

#[test]
fn a_late_round_selects_harder_and_mutates_less() {
    let settings = Settings { generations: 5000, ..settings(StrategyKind::Population) };
    let seen = |round: u32| {
        let (space, history) = population_of_50(round - 1);
        let (mut fitness, mut moved) = (Vec::new(), Vec::new());
        for seed in 0..400 {
            let next = NextValues::new();
            let ask = Ask {
                space: &space,
                settings: &settings,
                history: &history,
                next: &next,
                seed,
                generation: 51,
            };
            let bred = propose(&ask).unwrap();
            fitness.push(bred.parents[0] as f64);
            let mutated = bred.changes.iter().filter(|c| matches!(c, Change::Mutated | Change::Bounded));
            moved.push(mutated.count() as f64 / 3.0);
        }
        (mean(&fitness), mean(&moved))
    };
    let (early, late) = (seen(1), seen(90));
    // A tournament of 9 of 1..=50 is won by 45.9 in the mean, one of 2 by 34; copies that are drawn again raise the
    // share of moved genes a little above the mutation probability.
    assert!((early.0 - 45.5).abs() < 1.5 && (late.0 - 35.5).abs() < 1.5, "{early:?} {late:?}");
    assert!((0.45..0.62).contains(&early.1) && late.1 < 0.1, "{early:?} {late:?}");
}

#[test]
fn golden_draws_pin_the_random_stream() {
    let space = space(&[
        ("lr0", 0.01, [1.0, 1e-5, 0.1]),
        ("momentum", 0.937, [0.3, 0.6, 0.98]),
        ("degrees", 0.0, [1.0, 0.0, 45.0]),
    ]);
    let history = history(&[(&[0.01, 0.937, 0.0], 0.3), (&[0.02, 0.9, 5.0], 0.4)]);
    let told =
        |kind: StrategyKind, bred: Bred| format!("{} {:?} {:?}", kind.name(), bred.parents, bred.genes);
    let bred = StrategyKind::ALL.map(|kind| {
        if kind == StrategyKind::Population {
            let (space, history) = population_of_50(0);
            return told(kind, child(&space, &settings(kind), &history, 51));
        }
        told(kind, child(&space, &settings(kind), &history, 2))
    });
    let golden = [
        "yolov5 [1] [0.01757, 0.9, 4.17597]",
        "yolov5-2021-03 [1] [0.01757, 0.9, 4.17597]",
        "yolov3 [1] [0.01518, 0.9, 5.0]",
        "yolov5-population [49, 50] [0.49, 0.48317, 0.54854]",
        "normal [1] [0.007847797, 0.9, 0.0]",
    ];
    assert_eq!(bred, golden);
}
