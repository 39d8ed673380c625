//! Pictures as shapes: what has to be there, whatever the history.

use proptest::prelude::*;

use super::canvas::{Canvas, Shape};
use super::colour::viridis;
use super::scale::Scale;
use super::*;
use crate::journal::sample::{created, trial};
use crate::journal::{Entry, Event, Imported};
use crate::session::State;
use crate::space::{self, Scalar};
use crate::trial::{End, Metrics};

/// A session of so many trials with these fitnesses; none: it diverged.
fn state(fitness: &[Option<f64>]) -> State {
    let mut state = State::new(&created(), 0);
    for (generation, fitness) in (0..).zip(fitness) {
        let [proposed, started, epoch, _] = trial(generation);
        let (end, metrics) = match fitness {
            Some(x) => (
                End::Finished,
                [("metrics/mAP_0.5", *x), ("metrics/mAP_0.5:0.95", *x)].into_iter().collect::<Metrics>(),
            ),
            None => (End::Diverged { epoch: 1, what: "loss is NaN".into() }, Metrics::default()),
        };
        for event in [proposed, started, epoch, Event::Ended { generation, end, metrics, who: None }] {
            state.apply(&Entry { seq: state.seq + 1, time: state.time + 1000, event });
        }
    }
    state
}

fn texts(canvas: &Canvas) -> Vec<&str> {
    let texts = canvas.shapes.iter().filter_map(|shape| match shape {
        Shape::Text { text, .. } => Some(text.as_str()),
        _ => None,
    });
    texts.collect()
}

fn dots(canvas: &Canvas) -> Vec<((f64, f64), super::canvas::Rgb)> {
    let dot = |shape: &Shape| if let Shape::Dot { at, fill, .. } = shape { Some((*at, *fill)) } else { None };
    canvas.shapes.iter().filter_map(dot).collect()
}

#[test]
fn the_sheet_has_a_chart_for_each_parameter_with_the_best_value_in_its_title() {
    let mut state = state(&[Some(0.2), Some(0.5), None, Some(0.4)]);
    state.space.params[1].pin = Some(0.3);
    let data = Data::of(&state).read().unwrap();
    let sheet = density::sheet(&data);
    let best = &state.history.best().unwrap().0.genes;
    let all = texts(&sheet);
    for (param, x) in state.space.params.iter().zip(best) {
        let title = format!("{} = {}", param.name, param.show(*x, 3));
        let found: Vec<_> = all.iter().filter(|t| t.starts_with(&title)).collect();
        assert_eq!(found.len(), 1, "{title} in {all:?}");
        assert_eq!(found[0].ends_with(" held"), param.pin.is_some());
    }
    assert_eq!(dots(&sheet).len(), 3 * 3, "each finished trial in each chart, and no other");
    assert!(all.contains(&"4 trials, best fitness 0.5000 at gen 1"), "{all:?}");
}

#[test]
fn where_trials_crowd_the_colour_is_brightest() {
    let mut state = state(&[Some(0.5); 12]);
    for generation in 0..10 {
        state.history.update(generation, |t| t.genes = [0.5, 0.5, 0.5].into());
    }
    let sheet = density::sheet(&Data::of(&state).read().unwrap());
    let (first, last) = (dots(&sheet)[0].1, dots(&sheet).last().unwrap().1);
    assert_eq!((first, last), (viridis(0.0), viridis(1.0)), "the crowd lies on top");
    assert_eq!(dots(&sheet).len(), 3 * 3, "points of one pixel are drawn once");
}

#[test]
fn a_file_is_what_its_ending_says_and_has_its_size() {
    let state = state(&[Some(0.2), Some(0.5), Some(0.4)]);
    for kind in [Kind::Density, Kind::Fitness, Kind::Params, Kind::Pair, Kind::Lineage] {
        let png = draw(&Data::of(&state), kind, Form::Png).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(&png)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert!(info.width > 600 && info.height > 200, "{kind:?}");
        assert!(pixels.chunks(3).any(|p| p == [38, 38, 38]), "{kind:?} has text");
        let svg = String::from_utf8(draw(&Data::of(&state), kind, Form::Svg).unwrap()).unwrap();
        assert!(svg.starts_with("<svg ") && svg.trim_end().ends_with("</svg>"), "{kind:?}");
        assert!(svg.contains("best fitness 0.5000"), "{kind:?}: text stays text");
    }
}

#[test]
fn what_cannot_be_drawn_says_why() {
    let refused = |state: &State, kind| draw(&Data::of(state), kind, Form::Svg).unwrap_err().to_string();
    assert!(refused(&state(&[None, None]), Kind::Density).contains("no trial has a fitness"));
    let few = state(&[Some(0.2), Some(0.3)]);
    assert!(refused(&few, Kind::Importance).contains("more with a fitness are needed"));
    assert!(refused(&state(&[Some(0.2)]), Kind::Pair).contains("two parameters that varied"));
}

#[test]
fn what_did_not_finish_is_a_stroke_at_the_foot_and_named() {
    let state = state(&[Some(0.2), None, Some(0.5)]);
    let chart = fitness::chart(&Data::of(&state).read().unwrap());
    assert!(texts(&chart).contains(&"diverged") && texts(&chart).contains(&"finished"));
    assert!(!texts(&chart).contains(&"failed"), "only what there is");
}

#[test]
fn the_best_s_ancestors_are_named_by_generation() {
    let state = state(&[Some(0.2), Some(0.3), Some(0.5)]);
    let tree = lineage::tree(&Data::of(&state).read().unwrap());
    let all = texts(&tree);
    assert!(all.iter().any(|t| t.contains("2 steps from its first ancestor")), "{all:?}");
    assert!(["0", "1", "2"].iter().all(|g| all.contains(g)));
}

/// Trains a candidate again.
fn repeat(state: &mut State, candidate: u64, fitness: f64) {
    let generation = state.history.next_generation();
    let [Event::Proposed(proposed), started, epoch, _] = trial(generation) else { panic!() };
    let genes = state.history.get(candidate).unwrap().genes.clone();
    let (candidate, origin) = (Some(candidate), crate::trial::Origin::Repeat);
    let metrics =
        ["metrics/mAP_0.5", "metrics/mAP_0.5:0.95"].map(|name| (name, fitness)).into_iter().collect();
    let proposed =
        Event::Proposed(crate::journal::Proposed { candidate, origin, genes, seed: 1, ..proposed });
    for event in
        [proposed, started, epoch, Event::Ended { generation, end: End::Finished, metrics, who: None }]
    {
        state.apply(&Entry { seq: state.seq + 1, time: state.time + 1000, event });
    }
}

#[test]
fn in_the_lineage_a_candidate_stands_at_its_mean_as_the_heading_says() {
    let mut state = state(&[Some(0.2), Some(0.5), Some(0.4), Some(0.3), Some(0.1)]);
    repeat(&mut state, 1, 0.3);
    repeat(&mut state, 2, 0.4);
    let tree = lineage::tree(&Data::of(&state).read().unwrap());
    let heights: Vec<f64> = dots(&tree).iter().map(|dot| dot.0.1).collect();
    // Candidates 1 and 2 have the same mean.
    let same = heights.iter().filter(|y| (**y - heights[2]).abs() < 1e-6).count();
    assert_eq!((heights.len(), same), (5, 2), "{heights:?}");
    // So does one of an earlier run.
    let rows = vec![(vec![Some(0.5); 3], vec![Some(0.3); 2]); 2];
    let metrics = ["metrics/mAP_0.5", "metrics/mAP_0.5:0.95"].map(String::from).into();
    let imported = Imported { metrics, rows, ..Imported::default() };
    state.apply(&Entry { seq: state.seq + 1, time: state.time, event: Event::Imported(imported) });
    assert_eq!(dots(&lineage::tree(&Data::of(&state).read().unwrap())).len(), 6);
}

/// How many dashed lines there are in a colour: each is many strokes at one place.
fn dashed(canvas: &Canvas, colour: super::canvas::Rgb) -> usize {
    let mut places: Vec<u64> = Vec::new();
    for shape in &canvas.shapes {
        if let Shape::Line { points, colour: own, .. } = shape
            && *own == colour
            && points.len() == 2
            && points[0].0 == points[1].0
            && (points[0].1 - points[1].1).abs() < 12.0
        {
            places.push(points[0].0.to_bits());
        }
    }
    places.sort_unstable();
    places.dedup();
    places.len()
}

#[test]
fn another_era_is_marked_in_every_picture_over_the_generations() {
    let mut state = state(&[Some(0.2), Some(0.5)]);
    let marks = |state: &State| {
        let data = Data::of(state).read().unwrap();
        [params::sheet(&data), fitness::chart(&data)].map(|canvas| dashed(&canvas, super::canvas::SPINE))
    };
    assert_eq!(marks(&state), [0, 0]);
    let event = Event::Era(crate::journal::Era { era: 1, reason: "another build".into() });
    state.apply(&Entry { seq: state.seq + 1, time: state.time, event });
    let [proposed, started, epoch, ended] = trial(2);
    for event in [proposed, started, epoch, ended] {
        state.apply(&Entry { seq: state.seq + 1, time: state.time + 1000, event });
    }
    assert_eq!(marks(&state), [state.space.params.len(), 1]);
}

#[test]
fn a_bound_at_which_the_best_rests_is_red_also_where_the_search_began_there() {
    let mut state = state(&[Some(0.2), Some(0.5)]);
    let red =
        |state: &State| dashed(&density::sheet(&Data::of(state).read().unwrap()), super::canvas::ACCENT);
    assert_eq!(red(&state), 0);
    let low = state.space.params[0].low;
    state.space.params[0].value = low;
    for generation in 0..2 {
        state.history.update(generation, |t| t.genes[0] = low);
    }
    assert_eq!(red(&state), 1);
}

#[test]
fn a_long_name_on_the_diagonal_of_the_pairs_is_not_cut() {
    let mut state = state(&[Some(0.2), Some(0.5), Some(0.4)]);
    state.space.params[1].name = "label_smoothing_x".into();
    for generation in 0..3 {
        state.history.update(generation, |t| t.genes[1] = 0.921 + generation as f64 / 1000.0);
    }
    let data = Data::of(&state).read().unwrap();
    let pairs = pair::matrix(&data).unwrap_or_else(|_| panic!());
    assert!(texts(&pairs).contains(&"label_smoothing_x = 0.922"), "{:?}", texts(&pairs));
}

#[test]
fn ticks_say_what_they_mean() {
    let labels = |low, high, log| -> Vec<String> {
        Scale { low, high, log, options: &[] }.ticks(4).into_iter().map(|(_, label)| label).collect()
    };
    assert_eq!(labels(0.88, 0.98, false), ["0.88", "0.90", "0.92", "0.94", "0.96"]);
    assert_eq!(labels(1e-5, 0.1, true), ["1e-5", "0.001", "0.1"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_shape_lies_within_the_picture(
        fitness in proptest::collection::vec(proptest::option::of(-1e3..1e3f64), 1..20),
        values in proptest::collection::vec(-1e4..1e4f64, 60),
    ) {
        let mut state = state(&fitness);
        for generation in 0..fitness.len() as u64 {
            let at = generation as usize * 3;
            state.history.update(generation, |t| t.genes = values[at..at + 3].into());
        }
        if let Some(data) = Data::of(&state).read() {
            for canvas in [density::sheet(&data), fitness::chart(&data), params::sheet(&data), lineage::tree(&data)] {
                for shape in &canvas.shapes {
                    let places = match shape {
                        Shape::Line { points, .. } => points.clone(),
                        Shape::Dot { at, .. } | Shape::Text { at, .. } => vec![*at],
                        Shape::Rect { at, size, .. } => vec![*at, (at.0 + size.0, at.1 + size.1)],
                    };
                    for (x, y) in places {
                        prop_assert!((-1.0..=canvas.width + 1.0).contains(&x), "{shape:?}");
                        prop_assert!((-1.0..=canvas.height + 1.0).contains(&y), "{shape:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn labels_of_an_axis_do_not_run_into_each_other() {
    let words: Vec<Scalar> = (0..30).map(|i| Scalar::Text(format!("word{i}"))).collect();
    let panel = super::panel::Panel {
        left: 10.0,
        top: 10.0,
        width: 170.0,
        height: 130.0,
        x: Scale { low: 0.00029, high: 0.00064, ..Scale::default() },
        y: Scale { high: 29.0, options: &words, ..Scale::default() },
    };
    let mut canvas = Canvas::new(200.0, 200.0);
    panel.frame(&mut canvas, super::panel::Labels { x: false, y: true });
    let up: Vec<f64> = canvas
        .shapes
        .iter()
        .filter_map(|shape| if let Shape::Text { at, .. } = shape { Some(at.1) } else { None })
        .collect();
    assert!(up.len() >= 4, "{up:?}");
    assert!(up.windows(2).all(|pair| pair[0] - pair[1] > 1.4 * super::canvas::SMALL), "{up:?}");
    let mut canvas = Canvas::new(200.0, 200.0);
    panel.frame(&mut canvas, super::panel::Labels { x: true, y: false });
    let below = canvas.shapes.iter().filter_map(|shape| match shape {
        Shape::Text { at, text, size, .. } => Some((at.0, super::canvas::width_of(text, *size))),
        _ => None,
    });
    let labels: Vec<(f64, f64)> = below.collect();
    assert!(labels.len() >= 2);
    for pair in labels.windows(2) {
        assert!(pair[1].0 - pair[0].0 >= f64::midpoint(pair[0].1, pair[1].1), "{labels:?}");
    }
}

#[test]
fn a_choice_has_its_options_at_its_ticks_and_no_bounds() {
    let mut state = state(&[Some(0.2), Some(0.5), Some(0.4)]);
    let words = ["SGD", "Adam", "a_long_optimizer"].map(|word| Scalar::Text(word.into()));
    let param = &mut state.space.params[1];
    (param.kind, param.high) = (space::Kind::Choice(words.into()), 2.0);
    for generation in 0..3 {
        state.history.update(generation, |t| t.genes[1] = generation as f64);
    }
    let data = Data::of(&state).read().unwrap();
    assert_eq!(data.best_value(1), Some(1.0));
    state.history.update(1, |t| t.genes[1] = 2.0);
    let data = Data::of(&state).read().unwrap();
    assert!(!data.rests(1), "the last option is no bound");
    for canvas in [density::sheet(&data), params::sheet(&data), pair::matrix(&data).unwrap()] {
        let all = texts(&canvas);
        assert!(["SGD", "Adam", "a_long…"].iter().all(|word| all.contains(word)), "{all:?}");
    }
}
