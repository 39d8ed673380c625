//! What the pages say of the past: eras, settings of the time, what mattered.

use evotop::journal::{Era, Event};
use evotop::view::{Cache, Theme, draw};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::fixture::Run;
use crate::look::text;

/// The screen in plain ASCII.
fn ascii(run: &Run, columns: u16, rows: u16) -> String {
    let mut buf = Buffer::empty(Rect::new(0, 0, columns, rows));
    draw(&run.model, &Theme::plain(true), &mut Cache::default(), &mut buf);
    let line = |y| (0..columns).map(|x| buf[(x, y)].symbol()).collect::<String>();
    (0..rows).map(line).collect::<Vec<_>>().join("\n")
}

/// Rows of the first chart on the page Density, without its axes.
fn first_chart(shown: &str) -> String {
    shown.lines().skip(3).take(5).map(|l| l.get(1..22).unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

#[test]
fn points_of_an_earlier_era_are_marked_in_every_plot() {
    let mut run = Run::new(1);
    run.trials(12);
    run.keys("2");
    let before = ascii(&run, 120, 40);
    assert!(!first_chart(&before).contains('x') && !before.contains("earlier era"), "{before}");
    run.journal(Event::Era(Era { era: 1, reason: "the trainer is another one".into() }));
    run.trials(6);
    let shown = ascii(&run, 120, 40);
    assert!(first_chart(&shown).contains('x') && shown.contains("x earlier era"), "{shown}");
    // A step back before the era, and nothing is of an earlier one.
    run.keys("<left><left><left><left><left><left><left><left>");
    let then = ascii(&run, 120, 40);
    assert!(then.contains("up to gen 9") && !first_chart(&then).contains('x'), "{then}");
    run.keys("<esc>1");
    let live = ascii(&run, 120, 40);
    assert!(live.contains("! era 1 from gen 12"), "{live}");
}

#[test]
fn a_logarithmic_parameter_has_a_logarithmic_axis_upwards_as_well() {
    let mut run = Run::mid_run(1);
    run.keys("2jjvkkk");
    let shown = text(&run.model, 120, 40);
    assert!(shown.contains("momentum (across) and lr0 (up)"), "{shown}");
    for tick in ["1e-4┤", "0.001┤", "0.01┤"] {
        assert!(shown.contains(tick), "{tick} is missing\n{shown}");
    }
}

#[test]
fn the_quantiles_of_a_chart_at_full_size_stand_whole_at_every_width() {
    let mut run = Run::mid_run(1);
    run.keys("2<enter><left>");
    for _ in 0..29 {
        for columns in 60..130 {
            let shown = text(&run.model, columns, 24);
            let line = shown.lines().find(|line| line.contains("q10")).unwrap();
            let words: Vec<&str> = line.split_whitespace().collect();
            let value =
                |name: &str| words[words.iter().position(|word| *word == name).unwrap() + 1].parse::<f64>();
            assert!(["q10", "median", "q90"].iter().all(|name| value(name).is_ok()), "{columns}\n{shown}");
        }
        run.keys("j");
    }
}

#[test]
fn a_generation_tells_the_settings_of_its_time_and_what_was_changed_since() {
    let mut run = Run::mid_run(1);
    run.keys("+++w");
    run.finish(37);
    run.trials(2);
    run.keys("3g<enter>");
    let shown = text(&run.model, 120, 40);
    let line =
        |shown: &str, label: &str| shown.lines().find(|l| l.contains(label)).unwrap_or_default().to_owned();
    assert!(line(&shown, "settings").contains("parent weighted of 5, sigma 0.23"), "{shown}");
    assert!(!shown.contains("changed since"), "{shown}");
    run.keys("<left><left><left>");
    let shown = text(&run.model, 120, 40);
    assert!(shown.contains("Generation 36"), "{shown}");
    assert!(line(&shown, "settings").contains("parent single of 5, sigma 0.2, mutation 0.8"), "{shown}");
    assert!(line(&shown, "changed since").contains("parent, sigma"), "{shown}");
}

#[test]
fn the_axes_of_choices_name_them() {
    use evotop::space::{Kind, Scalar};
    let mut run = Run::new(1);
    run.trials(5);
    let mut state = run.state.clone();
    let p = &mut state.space.params[0];
    let names = ["sgd", "adam", "adamw"].map(|name| Scalar::Text(name.into()));
    (p.name, p.low, p.high, p.value, p.kind) =
        ("optimizer_name".into(), 0.0, 2.0, 0.0, Kind::Choice(names.to_vec()));
    run.tell(evotop::app::News::Snapshot(Box::new(state)));
    run.keys("2");
    let axis = |shown: &str| shown.lines().find(|l| l.contains(" sgd ") && l.contains("adamw")).is_some();
    assert!(axis(&text(&run.model, 80, 24)), "{}", text(&run.model, 80, 24));
    run.keys("<enter>");
    let shown = text(&run.model, 80, 24);
    assert!(
        shown.lines().any(|l| l.contains("sgd ") && l.contains(" adam ") && l.contains(" adamw")),
        "{shown}"
    );
    run.keys("jvk");
    let shown = text(&run.model, 80, 24);
    assert!(shown.contains("lrf (across) and optimizer_name (up)"), "{shown}");
    assert!(["sgd┤", "adam┤", "adamw┤"].iter().all(|name| shown.contains(name)), "{shown}");
    for (key, up) in
        [("j", "momentum"), ("k", "optimizer_name"), ("k", "optimizer_name"), ("G", "copy_paste")]
    {
        run.keys(key);
        let shown = text(&run.model, 80, 24);
        assert!(shown.contains(&format!("lrf (across) and {up} (up)")), "never with itself: {shown}");
    }
}

#[test]
fn the_upward_axis_of_a_choice_names_as_many_options_as_have_room() {
    use evotop::space::{Kind, Scalar};
    let mut run = Run::new(1);
    run.trials(5);
    let mut state = run.state.clone();
    let p = &mut state.space.params[0];
    let names = (10..50).map(|i| Scalar::Text(format!("word{i}")));
    (p.low, p.high, p.value, p.kind) = (0.0, 39.0, 0.0, Kind::Choice(names.collect()));
    run.tell(evotop::app::News::Snapshot(Box::new(state)));
    run.keys("2<enter>jvk");
    let shown = text(&run.model, 80, 24);
    let rows: Vec<usize> = shown
        .lines()
        .enumerate()
        .filter(|(_, l)| l.contains("┤") && l.contains("word"))
        .map(|(y, _)| y)
        .collect();
    assert!(rows.len() >= 5, "{shown}");
    assert!(rows.windows(2).all(|pair| pair[1] - pair[0] >= 2), "{shown}");
}

#[test]
fn the_heads_of_a_generation_s_columns_stand_apart_whatever_the_numbers_are() {
    let mut run = Run::new(1);
    run.trials(1);
    let rows = |run: &mut Run| {
        run.keys("3<enter>");
        let shown = text(&run.model, 80, 40);
        run.keys("<esc>");
        let head = shown.lines().find(|line| line.contains("made by")).unwrap().replace("made by", "made-by");
        let row = shown.lines().find(|line| line.contains(" lr0 ")).unwrap();
        (head.split_whitespace().count(), row.to_owned())
    };
    rows(&mut run);
    run.trials(120);
    let (heads, row) = rows(&mut run);
    // Borders, the name, three values, two changes, by what it was made; "parent" or "gen" stands before two numbers.
    assert_eq!(heads, 2 + 1 + 3 + 2 + 1 + 2, "{row}");
}

#[test]
fn what_mattered_stands_in_the_table_once_there_are_trials_enough() {
    let mut run = Run::new(1);
    run.trials(40);
    assert!(!text(&run.model, 120, 40).contains("matters"), "forty trials say nothing of 29 parameters");
    run.trials(200);
    let shown = text(&run.model, 120, 40);
    assert!(shown.contains("matters") && shown.contains("% of the fitness"), "{shown}");
    // The landscape of these trials knows lr0, lrf and momentum only.
    let share = |name: &str| {
        let line = shown.lines().find(|l| l.contains(&format!(" {name} "))).unwrap();
        let word = line.split_whitespace().find(|w| w.ends_with('%') && !w.starts_with(['+', '-']));
        word.map_or(0.0, |w| w.trim_end_matches('%').parse::<f64>().unwrap())
    };
    let known: f64 = ["lr0", "lrf", "momentum"].map(share).iter().sum();
    assert!(known > 60.0, "{known}\n{shown}");
    assert!(!text(&run.model, 80, 24).contains("matters"), "there is no room for it");
}

#[test]
fn the_most_important_hint_of_the_status_stands_whole_below_the_table_where_a_row_is_left() {
    let run = Run::mid_run(1);
    let told = run.state.status().hints;
    let fact = |hint: &str| hint.split(": ").next().unwrap().to_owned();
    assert!(told[0].starts_with("the best hsv_s") && told[0].contains("high bound"), "{told:?}");
    for (columns, rows) in [(120, 40), (160, 48), (200, 60), (250, 70)] {
        let shown = ascii(&run, columns, rows);
        assert!(shown.contains(&fact(&told[0])) && shown.is_ascii(), "{columns}x{rows}\n{shown}");
        for param in &run.state.space.params {
            assert!(shown.contains(&format!(" {} ", param.name)), "{} was pushed away\n{shown}", param.name);
        }
    }
    assert!(ascii(&run, 200, 60).contains(&told[0]), "there is room for what changes it");
    for (columns, rows) in (60..200).step_by(7).flat_map(|c| [24, 36, 39, 50].map(|r| (c, r))) {
        let shown = ascii(&run, columns, rows);
        for (hint, start) in told.iter().map(|hint| (hint, hint.get(..12).unwrap())) {
            assert!(!shown.contains(start) || shown.contains(&fact(hint)), "{columns}x{rows}\n{shown}");
        }
    }
}

#[test]
fn a_hint_follows_what_is_changed_at_once() {
    let mut run = Run::mid_run(1);
    assert!(ascii(&run, 120, 40).contains("rests on its high bound"));
    run.keys(":set hsv_s.high 1<enter>");
    let shown = ascii(&run, 120, 40);
    let first = run.state.status().hints[0].split(": ").next().unwrap().to_owned();
    assert!(shown.contains(&first) && !shown.contains("hsv_s = 0.9"), "{first}\n{shown}");
}

#[test]
fn a_long_line_of_a_raw_log_is_shown_whole() {
    let mut run = Run::mid_run(1).sized(80, 24);
    run.keys("4<tab>");
    let wanted = run.effects.iter().rev().find_map(|e| match e {
        evotop::app::Effect::ReadLog { path, from } => Some((path.clone(), *from)),
        _ => None,
    });
    let (path, from) = wanted.unwrap();
    let line = (0..40).map(|i| format!("column{i}")).collect::<Vec<_>>().join("  ");
    run.model.log_read(&path, from, Ok(format!("{line}\n").into_bytes()));
    let shown = crate::look::text(&run.model, 80, 24);
    for i in 0..40 {
        assert!(shown.contains(&format!(" column{i} ")), "column{i} is missing: {shown}");
    }
}

#[test]
fn a_lineage_goes_back_to_the_start_candidate() {
    let mut run = Run::new(2);
    // Both are proposed before anything has finished: the second is made of the start candidate itself.
    for slot in 0..2 {
        let generation = run.propose();
        run.start(generation, slot);
    }
    run.finish(1);
    let child = run.propose();
    run.start(child, 1);
    run.keys("3<enter>");
    let shown = crate::look::text(&run.model, 80, 24);
    assert!(shown.contains("2 < 1 < start (2 steps)"), "{shown}");
}

/// A run whose best candidate was trained three times.
fn repeated() -> Option<(Run, u64)> {
    let mut run = Run::new(1);
    run.trials(12);
    let best = run.state.history.best()?.0.generation;
    for _ in 0..2 {
        run.keys(&format!(":repeat {best}<enter>"));
        let generation = *run.state.queue.back()?;
        run.start(generation, 0);
        run.now += 6_000;
        run.finish(generation);
    }
    assert_eq!(run.state.history.best()?.0.generation, best);
    Some((run, best))
}

#[test]
fn the_mean_of_a_repeated_candidate_is_never_shown_without_how_sure_it_is() {
    let (mut run, best) = repeated().unwrap();
    let (mean, error) = run.state.repeated(best).unwrap();
    let own = run.state.history.get(best).unwrap().fitness.unwrap();
    let error = format!("±{}", &format!("{error:.4}")[1..]);
    let (sure, own) = (format!("{mean:.4} {error}"), format!("{own:.4}"));
    for (columns, rows) in [(80, 24), (120, 40)] {
        run = run.sized(columns, rows);
        let live = text(&run.model, columns, rows);
        let header =
            if columns < 120 { format!("best {sure}  ") } else { format!("best {sure} at gen {best}") };
        assert!(live.lines().next().unwrap().contains(&header), "{live}");
        assert!(live.lines().next().unwrap().contains("left "), "{live}");
        run.keys("3");
        let history = text(&run.model, columns, rows);
        let rows_of_it: Vec<&str> = history.lines().filter(|l| l.contains(&format!("mean {sure}"))).collect();
        assert_eq!(rows_of_it.len(), 3, "the candidate and its repeats\n{history}");
        assert!(rows_of_it.iter().any(|l| l.contains(&own)), "{history}");
        run.keys("2<enter>");
        let density = text(&run.model, columns, rows);
        let at = if columns < 120 { String::new() } else { format!(" at gen {best}") };
        assert!(density.contains(&format!("({sure}{at})")), "{density}");
        assert!(density.contains("q90 0.0"), "{density}");
        // Of a step back only the highest result is known.
        run.keys("<left>");
        let back = text(&run.model, columns, rows);
        assert!(!back.contains(&format!("({sure}")), "{back}");
        run.keys("<right>v");
        let map = text(&run.model, columns, rows);
        assert!(map.contains(&format!("best {sure} at gen {best}: lr0")), "{map}");
        run.keys("<esc><esc><esc>1");
    }
    let shown = ascii(&run, 120, 40);
    assert!(shown.contains(&sure.replace('±', "+-")), "{shown}");
    let narrow = text(&run.model, 40, 6);
    assert!(narrow.contains(&format!("best {sure} at gen {best}")), "{narrow}");
}

#[test]
fn a_candidate_that_was_trained_once_is_shown_without_a_mean() {
    let (mut run, best) = repeated().unwrap();
    let once = (0..12).find(|g| *g != best && run.state.history.get(*g).unwrap().fitness.is_some());
    assert_eq!(run.state.repeated(once.unwrap()), None);
    run.keys("3");
    let shown = text(&run.model, 120, 40);
    assert_eq!(shown.matches("mean ").count(), 3, "{shown}");
    let mut plain = Run::mid_run(1);
    plain.keys("3");
    assert!(!text(&plain.model, 120, 40).contains('±'));
}
