//! What the slots' rows and the device's line say.

use evotop::app::News;
use evotop::journal::Event;
use evotop::runner::{DeviceUse, Figures, Holder, Silence};
use evotop::trial::protocol::Progress;

use crate::fixture::Run;
use crate::look::text;

fn gpu(device: &str) -> DeviceUse {
    DeviceUse {
        device: device.into(),
        name: Some("NVIDIA A100".into()),
        utilisation: Some(0.93),
        memory: Some((61_000_000_000, 80_000_000_000)),
        temperature: Some(61.0),
        watts: Some(240.0),
        others: vec![Holder { pid: 77, bytes: 41_000_000_000 }],
    }
}

#[test]
fn a_silent_trainer_is_marked_on_its_row_instead_of_a_rate_that_is_no_longer_true() {
    let mut run = Run::mid_run(4);
    let second = run.state.running.keys().nth(1).copied().unwrap();
    let since = run.now;
    run.wait(34 * 60_000);
    run.tell(News::Figures(Figures {
        devices: Vec::new(),
        silent: vec![Silence { generation: second, since }],
    }));
    for (columns, rows) in [(59, 15), (80, 24), (120, 40)] {
        let shown = text(&run.model, columns, rows);
        let row = shown.lines().find(|l| l.contains("cuda:1")).unwrap();
        assert!(row.contains("silent 34m") && !row.contains("/s"), "{shown}");
    }
    run.tell(News::Figures(Figures::default()));
    assert!(!text(&run.model, 120, 40).contains("silent"));
}

#[test]
fn a_trial_that_trains_is_not_starting_where_nobody_knows_how_many_epochs_there_are() {
    let mut run = Run::new(2);
    for slot in 0..2 {
        let generation = run.propose();
        run.start(generation, slot);
    }
    assert!(text(&run.model, 120, 40).contains("starting"));
    let metrics = run.metrics(0.5);
    run.journal(Event::Epoch { generation: 0, epoch: 4, epochs: 0, seconds: 3.0, metrics });
    for (columns, rows) in [(80, 24), (120, 40)] {
        let shown = text(&run.model, columns, rows);
        let row = shown.lines().find(|l| l.contains("cuda:0")).unwrap();
        assert!(row.contains("epoch 4") && !shown.contains("starting") && !shown.contains("4/0"), "{shown}");
    }
    // A progress bar without a total knows no more than the rows do.
    let progress = Progress { epoch: 5, ..Progress::default() };
    run.tell(News::Progress { generation: 0, progress });
    assert!(text(&run.model, 120, 40).contains("epoch 5"));
}

#[test]
fn each_slot_has_its_rate_and_memory_and_the_comparison_with_the_best() {
    let run = Run::mid_run(4);
    let shown = text(&run.model, 120, 40);
    for slot in ["cuda:0", "cuda:1", "cuda:2", "cuda:3"] {
        let row = shown.lines().rfind(|l| l.contains(slot) && l.contains("/s")).unwrap();
        assert!(row.contains("112/s  1.1G") && (row.contains("+0.0") || row.contains("-0.0")), "{shown}");
    }
    assert!(text(&run.model, 200, 60).contains("112 img/s  1.1 GB"));
}

#[test]
fn what_a_gpu_does_and_who_else_holds_its_memory_is_told_as_far_as_it_fits_whole() {
    let mut run = Run::mid_run(1);
    assert!(!text(&run.model, 120, 40).contains("busy"), "nothing is known without a driver");
    run.tell(News::Figures(Figures { devices: vec![gpu("cpu")], silent: Vec::new() }));
    let wide = text(&run.model, 200, 60);
    let line = "A100  93% busy  61.0 of 80.0 GB  61 C  240 W  pid 77: 41.0 GB";
    assert!(wide.contains(line), "{wide}");
    let narrow = text(&run.model, 80, 24);
    assert!(narrow.contains("93% busy  61.0 of 80.0 GB ") && !narrow.contains("61 C"), "{narrow}");
    run.tell(News::Lost { why: "gone".into() });
    assert!(!text(&run.model, 120, 40).contains("busy"), "what was known then is not known now");
}

#[test]
fn a_slot_without_work_until_a_round_is_over_says_how_much_of_it_is_left() {
    let mut run = Run::new(4);
    let command = evotop::session::steer::parse("strategy yolov5-population", &run.state).unwrap();
    for event in run.state.decide(&command, &crate::fixture::me(evotop::journal::How::Shell)).unwrap() {
        run.journal(event);
    }
    for (columns, rows) in [(80, 24), (120, 40)] {
        let shown = text(&run.model, columns, rows);
        assert!(shown.contains(" parent -   sigma -   mut"), "it has none of these: {shown}");
    }
    run.trials(48);
    for slot in 0..2 {
        let generation = run.propose();
        run.start(generation, slot);
    }
    for (columns, rows, says) in
        [(80, 24, "cuda:3  round: 2 of 50 left"), (120, 40, "cuda:3  waiting for round: 2 of 50 left")]
    {
        let shown = text(&run.model, columns, rows);
        assert!(shown.contains(says), "{shown}");
    }
}

#[test]
fn the_title_of_the_slots_is_cut_at_a_word() {
    let mut run = Run::mid_run(4);
    run.keys("r");
    let wide = text(&run.model, 120, 40);
    assert!(wide.contains("4 of 4 training, 1 waiting"), "{wide}");
    let narrow = text(&run.model, 80, 24);
    assert!(narrow.contains("┌ Slots  4 of 4, 1 waiting ─"), "{narrow}");
}

#[test]
fn two_slots_of_one_gpu_with_a_long_name_are_told_apart() {
    let mut run = Run::new(0);
    for name in ["GPU-1a2b3c4d-0000-1111-2222-333344445555", "GPU-1a2b3c4d-0000-1111-2222-333344445555#2"] {
        let device = name.trim_end_matches("#2").to_owned();
        let slot = evotop::journal::SlotSpec { name: name.into(), device };
        run.journal(evotop::journal::Event::SlotAdded { slot, who: None });
    }
    let shown = text(&run.model, 120, 40);
    assert!(shown.contains("GPU-1a2b3c…2 ") && shown.contains("GPU-1a2b3c…5 "), "{shown}");
}

#[test]
fn the_time_of_silence_is_whole_on_every_row() {
    let mut run = Run::mid_run(2);
    let since = run.now;
    run.wait(34 * 60_000);
    for count in [1, 2] {
        let running = run.state.running.keys().take(count);
        let silent = running.map(|g| Silence { generation: *g, since }).collect();
        run.tell(News::Figures(Figures { devices: Vec::new(), silent }));
        for (columns, rows) in [(60, 16), (80, 24), (120, 40)] {
            let shown = text(&run.model, columns, rows);
            assert_eq!(shown.matches("silent 34m").count(), count, "{columns}x{rows} {shown}");
        }
    }
}

#[test]
fn a_trial_that_takes_longer_than_usual_is_not_said_to_end_now() {
    let mut run = Run::new(1);
    run.trials(5);
    let generation = run.propose();
    run.start(generation, 0);
    run.wait(10 * 60_000);
    run.keys(" ");
    for (columns, rows) in [(80, 24), (120, 40)] {
        let shown = text(&run.model, columns, rows);
        assert!(!shown.contains("last in") && !shown.contains("left 0"), "{shown}");
    }
}

#[test]
fn a_complete_run_does_not_say_from_which_generation_changes_apply() {
    let mut run = Run::new(1);
    run.trials(3);
    assert!(text(&run.model, 120, 40).contains("changes apply from gen 3"));
    run.keys(":generations 3<enter>");
    let shown = text(&run.model, 120, 40);
    assert!(
        shown.contains("complete: more generations go on") && !shown.contains("changes apply"),
        "{shown}"
    );
    run.keys(":generations 9<enter>");
    assert!(text(&run.model, 120, 40).contains("changes apply from gen 3"));
    run.journal(Event::Closed { why: "asked to".into() });
    for (columns, rows) in [(80, 24), (120, 40)] {
        let shown = text(&run.model, columns, rows);
        assert!(shown.contains("stopped") && !shown.contains("from gen 3"), "{shown}");
    }
}

/// Keys act on the selected slot: it is in view, and it is known which one that is.
#[test]
fn a_small_screen_shows_the_selected_slot_of_many() {
    let mut run = Run::mid_run(8).sized(40, 8);
    let selected = |run: &Run| {
        let shown = text(&run.model, 40, 8);
        shown.lines().find(|line| line.starts_with('>')).map(str::to_owned)
    };
    assert!(selected(&run).is_some_and(|row| row.contains("cuda:0")));
    run.keys("]]]]]]]z");
    let row = selected(&run).unwrap();
    assert!(row.contains("cuda:7") && row.contains("frozen since"), "{row}");
}

/// People look at this for hours: a bar that jumps each time a trial begins is no calm.
#[test]
fn the_columns_of_a_slot_stay_where_they_are_as_one_trial_follows_another() {
    let mut run = Run::new(1);
    run.trials(12);
    let row = |run: &Run| {
        let shown = text(&run.model, 120, 40);
        let row = shown.lines().skip_while(|line| !line.contains(" Device ")).nth(1).unwrap();
        row.rsplit("││").next().unwrap().to_owned()
    };
    let generation = run.propose();
    run.start(generation, 0);
    run.progress(generation, 1, 3, 5, 10);
    let before = row(&run);
    run.finish(generation);
    let next = run.propose();
    run.start(next, 0);
    let starting = row(&run);
    run.progress(next, 1, 3, 2, 10);
    let on = row(&run);
    let bar =
        |row: &str| (row.find("gen"), row.matches(['\u{2500}', '\u{2501}', '\u{2578}', '\u{257a}']).count());
    assert_eq!(bar(&before), bar(&starting), "\n{before}\n{starting}");
    assert_eq!(bar(&starting), bar(&on), "\n{starting}\n{on}");
    assert!(on.contains("/s") && !starting.contains("/s"), "{starting}");
}

/// Only when all of a round are bred does a free slot wait for the last of them.
#[test]
fn a_free_slot_waits_for_the_round_only_where_nothing_is_left_to_breed() {
    let mut run = Run::new(2);
    run.keys(":strategy yolov5-population<enter>");
    for _ in 0..3 {
        run.propose();
    }
    run.start(0, 0);
    assert!(!text(&run.model, 120, 40).contains("round:"));
}
