//! Freezing, thawing, giving up.

use std::time::Duration;

use evotop::runner::SlotNewsKind;
use evotop::trial::Outcome;

use super::bench::{Bench, shell, spec, template, wait_until, worker};

/// The state letter of a process: `S` sleeps, `T` is stopped.
fn state(pid: u32) -> char {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').and_then(|(_, rest)| rest.trim().chars().next()).unwrap_or('-')
}

#[tokio::test]
async fn a_frozen_program_is_stopped_and_goes_on() {
    // It starts no process: a shell that waits for a stopped child to begin is not seen as stopped itself.
    let mut bench = Bench::new(template(r#"while [ ! -f {dir}/go ]; do :; done; echo '{{"acc":0.5}}'"#));
    bench.start(1);
    let pid = bench.started().await;
    bench.slot().pause(1);
    tokio::task::spawn_blocking(move || wait_until("it is stopped", || state(pid) == 'T')).await.unwrap();
    std::fs::write(bench.path("trials/000001/a1/go"), "").unwrap();
    bench.slot().resume(1);
    assert!(matches!(bench.ended().await, Outcome::Finished { .. }));
    bench.close().await;
}

#[tokio::test]
async fn frozen_time_counts_for_no_time_limit() {
    let mut run = spec(template(r#"while [ ! -f {dir}/go ]; do sleep 0.02; done; echo '{{"acc":0.5}}'"#));
    run.trial_timeout = Some(2);
    run.silence = Some(2);
    let mut bench = Bench::with(run);
    bench.start(1);
    bench.started().await;
    bench.slot().pause(1);
    tokio::time::sleep(Duration::from_millis(2500)).await;
    std::fs::write(bench.path("trials/000001/a1/go"), "").unwrap();
    bench.slot().resume(1);
    assert!(matches!(bench.ended().await, Outcome::Finished { .. }));
    bench.close().await;
}

#[tokio::test]
async fn a_frozen_program_can_be_given_up() {
    let mut bench = Bench::new(shell("sleep 3600"));
    bench.start(1);
    bench.started().await;
    bench.slot().pause(1);
    bench.slot().cancel(1);
    assert_eq!(bench.ended().await, Outcome::Aborted);
    bench.close().await;
}

#[tokio::test]
async fn a_program_that_ignores_term_is_killed_after_the_grace_and_gone_before_it_is_said() {
    let script = "trap '' TERM; echo > {dir}/ignores; while true; do sleep 0.05; done";
    let mut bench = Bench::new(template(script));
    bench.start(1);
    let pid = bench.started().await;
    // Before that it would end of TERM like any other.
    wait_until("it ignores TERM", || bench.path("trials/000001/a1/ignores").exists());
    bench.slot().cancel_as(1, Outcome::Interrupted);
    assert_eq!(bench.ended().await, Outcome::Interrupted);
    assert!(evotop::process::start_time(pid).is_none(), "it still runs");
    let lost = |kind: &SlotNewsKind| matches!(kind, SlotNewsKind::Lost { .. });
    assert!(!bench.heard.iter().any(lost), "it was taken for one that nobody can kill: {:?}", bench.heard);
    bench.close().await;
}

#[tokio::test]
async fn a_worker_gives_up_in_its_own_words_or_is_killed() {
    for on_cancel in [r#"echo '{"type":"cancelled","trial":'$trial'}'"#, "true"] {
        let on_job =
            format!(r#"while read word; do case "$word" in *cancel*) {on_cancel}; break;; esac; done"#);
        let mut bench = Bench::new(worker(&on_job));
        bench.start(1);
        bench.started().await;
        bench.slot().cancel(1);
        assert_eq!(bench.ended().await, Outcome::Aborted);
        bench.close().await;
    }
}

#[tokio::test]
async fn the_simulated_trainer_holds_and_goes_on() {
    let mut run = spec(evotop::trial::Trainer::Sim);
    run.options.insert("sim-epoch-ms".into(), "100".into());
    run.options.insert("epochs".into(), "2".into());
    run.trial_timeout = Some(30);
    let mut bench = Bench::with(run);
    bench.start(1);
    bench.started().await;
    bench.slot().pause(1);
    tokio::time::sleep(Duration::from_millis(600)).await;
    bench.slot().resume(1);
    let outcome = bench.ended().await;
    let Outcome::Finished { metrics } = outcome else { panic!("{outcome:?}") };
    assert_eq!(metrics.0.len(), 7);
    bench.start(2);
    bench.started().await;
    bench.slot().cancel(2);
    assert_eq!(bench.ended().await, Outcome::Aborted);
    bench.close().await;
}
