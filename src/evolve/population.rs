//! `yolov5-population`: the genetic algorithm of today's YOLOv5, in rounds of 50 trials.
//!
//! With t the part of the run's rounds that is done, a round has an elite of `2 + int(3 t)`, tournaments of
//! `max(2, int(10 - 10 t))`, crossover with probability `max(0.5, 1 - t)`, mutation of a gene with probability
//! `max(0.01, 0.5 - t)`. Selected are the winners of `50 - elite` tournaments and all whose fitness is among the `elite`
//! highest; two of them, drawn for each child, are crossed at one point (or the first is copied), and a mutated gene
//! moves by a uniform draw from -0.1 to 0.1, absolute; on a logarithmic scale that is a tenth of the range.
//!
//! The original scores by `mAP_0.5` alone; here that is the default fitness of this strategy, and can be changed.
//! Two things differ: bounds, pins and gains of 0 hold, and a copy of its parent is drawn again, since training it
//! a second time tells nothing.
//!
//! The first population: the built-in hyp files that have every searched parameter, the rest uniform within the bounds.
//! Where 50 candidates have finished before (under another strategy, or imported), the best 50 of those.

use std::sync::OnceLock;

use rand::RngExt;

use super::mutate::{at_least_one, gene, other_option, until_changed};
use super::yolov5::{IntoBoxes, stored};
use super::{Ask, Bred, Knobs, Refusal, Rng, Strategy, stream};
use crate::space::{Hyp, Kind, Param, builtin, hyp};
use crate::trial::{Change, Trial};

/// Trials of a round.
pub const SIZE: usize = 50;
/// A mutation's largest step.
const STEP: f64 = 0.1;
/// The stream a round's selection is drawn from; a child's own is 0.
const SELECTION: u64 = 1;
/// The files that the first population begins with.
const FILES: [&str; 6] =
    ["scratch-low", "scratch-med", "scratch-high", "voc", "objects365", "no-augmentation"];

/// A genetic algorithm in rounds.
pub struct Population;

/// What changes from round to round.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates {
    pub elite: usize,
    pub tournament: usize,
    pub crossover: f64,
    pub mutation: f64,
}

/// The rates of round `round` of `rounds`.
pub fn rates(round: u32, rounds: u32) -> Rates {
    let t = f64::from(round) / f64::from(rounds.max(1));
    Rates {
        elite: 2 + (3.0 * t) as usize,
        tournament: ((10.0 - 10.0 * t) as usize).max(2),
        crossover: (1.0 - t).max(0.5),
        mutation: (0.5 - t).max(0.01),
    }
}

impl Strategy for Population {
    fn knobs(&self) -> Knobs {
        Knobs { parent: false, top: false, sigma: false, probability: false, method: false }
    }

    fn propose(&self, ask: &Ask, rng: &mut Rng) -> Result<Bred, Refusal> {
        let history = ask.history;
        let (round, members) = match history.last_round() {
            None if history.parents() >= SIZE => (1, &[][..]),
            None => (0, &[][..]),
            Some((round, members)) if members.len() < SIZE => (round, members),
            Some((round, members)) => {
                let open = |g: &&u64| history.get(**g).is_some_and(|t| t.end.is_none());
                let left = members.iter().filter(open).count();
                if left > 0 {
                    return Err(Refusal::Round { left: left as u32, of: SIZE as u32 });
                }
                (round + 1, &[][..])
            }
        };
        let pool = if round == 0 { Vec::new() } else { pool(ask, round) };
        if pool.is_empty() {
            return Ok(initial(ask, round, members.len(), rng));
        }
        let rounds = ask.settings.generations.div_ceil(SIZE as u64);
        let rates = rates(round, u32::try_from(rounds).unwrap_or(u32::MAX));
        let mut selection = stream(ask.seed, members.first().copied().unwrap_or(ask.generation));
        selection.set_stream(SELECTION);
        let selected = select(&pool, rates, &mut selection);
        Ok(child(ask, &selected, rates, round, rng))
    }
}

/// The population that a round is bred from: the finished members of the round before, or else the best there are.
fn pool<'a>(ask: &Ask<'a>, round: u32) -> Vec<(&'a Trial, f64)> {
    let history = ask.history;
    let before = history.round(round - 1).iter().filter_map(|g| history.get(*g));
    let finished: Vec<_> =
        before.filter(|t| t.is_parent()).filter_map(|t| Some((&**t, t.fitness?))).collect();
    if !finished.is_empty() {
        return finished;
    }
    let others = history.ranked().filter(|(t, _)| t.round != Some(round));
    others.take(SIZE).map(|(t, fitness)| (&**t, fitness)).collect()
}

/// Winners of tournaments, then everyone with one of the highest scores; at most the first 50 breed.
fn select<'a>(pool: &[(&'a Trial, f64)], rates: Rates, rng: &mut Rng) -> Vec<&'a Trial> {
    let size = rates.tournament.min(pool.len());
    let winner = |rng: &mut Rng| {
        let entrants = rand::seq::index::sample(rng, pool.len(), size);
        entrants
            .into_iter()
            .map(|i| pool[i])
            .reduce(|best, other| if other.1 > best.1 { other } else { best })
    };
    let mut selected: Vec<&Trial> = Vec::with_capacity(SIZE);
    for _ in 0..SIZE.saturating_sub(rates.elite) {
        selected.extend(winner(rng).map(|(trial, _)| trial));
    }
    let mut scores: Vec<f64> = pool.iter().map(|(_, fitness)| *fitness).collect();
    scores.sort_by(|a, b| b.total_cmp(a));
    let last = scores[(rates.elite - 1).min(scores.len() - 1)];
    selected.extend(pool.iter().filter(|(_, fitness)| *fitness >= last).map(|(trial, _)| *trial));
    selected.truncate(SIZE);
    selected
}

fn child(ask: &Ask, selected: &[&Trial], rates: Rates, round: u32, rng: &mut Rng) -> Bred {
    let params = &ask.space.params;
    let mut parents = Box::default();
    let (genes, changes) = until_changed(rng, |rng| {
        let pair = rand::seq::index::sample(rng, selected.len(), selected.len().min(2));
        let (first, second) = (selected[pair.index(0)], selected[pair.index(pair.len() - 1)]);
        let crossed = params.len() > 1 && rng.random::<f64>() < rates.crossover;
        let point = if crossed { rng.random_range(1..params.len()) } else { params.len() };
        let same = first.generation == second.generation;
        parents = if same || !crossed {
            Box::from([first.generation])
        } else {
            Box::from([first.generation, second.generation])
        };
        let genes = params.iter().enumerate().map(|(i, param)| {
            let from = if i < point { first } else { second };
            let (own, x) = (known(first, i, param), known(from, i, param));
            let mutates = rng.random::<f64>() < rates.mutation;
            let step = rng.random_range(-STEP..STEP);
            let moved = || mutates.then(|| moved(param, x, step, rng));
            let (x, change) = gene(ask, param, x, moved, |x| stored(param, x));
            // A gene that is as in the first parent was kept, wherever it came from.
            let change = if change == Change::Kept && x != own { Change::Crossed } else { change };
            (x, change)
        });
        genes.unzip::<_, _, Vec<_>, Vec<_>>().into_boxes()
    });
    Bred { genes, parents, changes, round: Some(round) }
}

/// A trial's gene; the start value where an imported row lacked it.
fn known(trial: &Trial, i: usize, param: &Param) -> f64 {
    trial.genes.get(i).copied().filter(|x| x.is_finite()).unwrap_or(param.value)
}

fn moved(param: &Param, x: f64, step: f64, rng: &mut Rng) -> f64 {
    match &param.kind {
        Kind::Choice(_) => other_option(param, x, rng),
        Kind::Float => x + step,
        Kind::Int => at_least_one(x, x + step, step),
        Kind::Log => x.max(param.low) * (step * (param.high / param.low).ln()).exp(),
    }
}

/// A member of the first population.
fn initial(ask: &Ask, round: u32, member: usize, rng: &mut Rng) -> Bred {
    let file = files().iter().filter_map(|hyp| of_file(ask, hyp)).nth(member);
    let params = &ask.space.params;
    let (genes, changes) = until_changed(rng, |rng| {
        let genes = params.iter().enumerate().map(|(i, param)| {
            let drawn = param.from_unit(rng.random());
            let x = file.as_ref().map_or(drawn, |values| values[i]);
            let (x, change) = gene(ask, param, x, || Some(x), |x| stored(param, x));
            (x, if matches!(change, Change::Held | Change::Set) { change } else { Change::New })
        });
        genes.unzip::<_, _, Vec<_>, Vec<_>>().into_boxes()
    });
    Bred { genes, parents: Box::default(), changes, round: Some(round) }
}

/// A built-in file's values for this space; none where it lacks a parameter that has no default.
fn of_file(ask: &Ask, hyp: &Hyp) -> Option<Vec<f64>> {
    let value = |param: &Param| match (hyp.get(&param.name), param.name.as_str()) {
        (Some(value), _) => value.number(),
        (None, "anchors") => Some(3.0),
        (None, "copy_paste") => Some(0.0),
        (None, _) => None,
    };
    ask.space.params.iter().map(value).collect()
}

fn files() -> &'static [Hyp] {
    static FILES_READ: OnceLock<Vec<Hyp>> = OnceLock::new();
    FILES_READ.get_or_init(|| FILES.iter().filter_map(|name| hyp::read(&builtin::hyp(name)?).ok()).collect())
}
