//! Every page and dialogue at 80x24 and 120x40, from a fixed journal.

use crate::fixture::Run;
use crate::look::text;

fn check(name: &str, slots: usize, keys: &str) {
    for (columns, rows) in [(80, 24), (120, 40)] {
        let mut run = Run::mid_run(slots).sized(columns, rows);
        run.keys(keys);
        insta::assert_snapshot!(format!("{name}_{columns}x{rows}"), text(&run.model, columns, rows));
    }
}

#[test]
fn live_with_one_slot() {
    check("live_1", 1, "");
}

#[test]
fn live_with_four_slots_one_of_them_frozen() {
    check("live_4", 4, "]z[");
}

#[test]
fn live_with_eight_slots_paused() {
    check("live_8", 8, "jp ]]]]]]");
}

#[test]
fn density() {
    check("density", 1, "2j");
}

#[test]
fn density_of_one_parameter() {
    check("density_open", 1, "2<enter>");
}

#[test]
fn density_as_a_map_of_two() {
    check("density_map", 1, "2v");
}

#[test]
fn history() {
    check("history", 4, "3jjjjj");
}

#[test]
fn history_sorted_and_filtered() {
    check("history_best", 1, "3o/finished lr0<0.0125<enter>");
}

#[test]
fn a_generation() {
    check("generation", 1, "3jj<enter>");
}

#[test]
fn log() {
    check("log", 4, "+4/started<enter>");
}

#[test]
fn help() {
    check("help", 1, "?");
}

#[test]
fn dialogues() {
    check("abort", 4, "]x");
    check("leave", 1, "q");
    check("edit", 1, "jje");
    check("strategy", 1, "m");
}

#[test]
fn lines_and_knobs() {
    check("knob", 1, "s<up>");
    check("command", 1, ":set lr0.");
    check("command_error", 1, ":set lr1 0.1<enter>");
    check("fitness", 1, "f");
    check("filter", 1, "/hsv");
}
