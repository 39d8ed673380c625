//! Trainers that say nothing for unusually long.

use evotop::runner::SlotNewsKind;
use evotop::trial::Outcome;

use super::bench::{Bench, shell};

/// Since when it is silent.
fn silent(kind: &SlotNewsKind) -> Option<i64> {
    match kind {
        SlotNewsKind::Silent { since, .. } => *since,
        _ => None,
    }
}

fn speaks_again(kind: &SlotNewsKind) -> Option<()> {
    matches!(kind, SlotNewsKind::Silent { since: None, .. }).then_some(())
}

#[tokio::test]
async fn a_trainer_that_falls_silent_is_told_and_so_is_that_it_speaks_again() {
    let mut bench = Bench::new(shell(
        "for i in 1 2 3 4 5; do echo $i; sleep 0.05; done; sleep 2; echo on; echo '{\"acc\":0.5}'",
    ));
    bench.start(1);
    bench.started().await;
    let before = evotop::clock::now();
    let since = bench.until("it is silent", silent).await;
    assert!((before - 1000..=evotop::clock::now() - 600).contains(&since), "silent since its last word");
    bench.until("it speaks again", speaks_again).await;
    assert!(matches!(bench.ended().await, Outcome::Finished { .. }));
    bench.close().await;
}

#[tokio::test]
async fn a_trainer_that_is_held_is_not_called_silent() {
    let mut bench = Bench::new(shell("while true; do echo on; sleep 0.05; done"));
    bench.start(1);
    bench.started().await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    bench.slot().pause(1);
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    while bench.news.try_recv().is_ok() {}
    // Much longer than what is unusual here.
    tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
    while let Ok(news) = bench.news.try_recv() {
        assert!(silent(&news.kind).is_none(), "{news:?}");
    }
    bench.slot().cancel(1);
    assert_eq!(bench.ended().await, Outcome::Aborted);
    bench.close().await;
}
