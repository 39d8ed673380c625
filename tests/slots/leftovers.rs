//! Whatever is killed, nothing of a trial is left.

use std::process::Stdio;
use std::time::Duration;

use evotop::process::{self, ProcessId};
use evotop::runner::{children, survivors};
use evotop::trial::{FailureClass, Outcome, Trainer};

use super::bench::{Bench, marked, template, wait_until};

/// A trainer with a child in a session and group of its own that ignores TERM. Both write their pids.
fn with_grandchild(then: &str) -> Trainer {
    with_child_of("setsid sh", then)
}

/// The same, whose child is run by this shell.
fn with_child_of(shell: &str, then: &str) -> Trainer {
    let child = "trap \"\" TERM; echo $$ > {dir}/grandchild; while true; do sleep 0.05; done";
    template(&format!(
        "{shell} -c '{child}' & while [ ! -s {{dir}}/grandchild ]; do sleep 0.01; done; echo up; {then}"
    ))
}

async fn grandchild(bench: &Bench, trial: u64) -> ProcessId {
    let path = bench.path(&format!("trials/{trial:06}/a1/grandchild"));
    let read = move || {
        let mut pid = None;
        wait_until("the grandchild runs", || {
            pid = std::fs::read_to_string(&path).ok().and_then(|text| text.trim().parse().ok());
            pid.is_some()
        });
        ProcessId::of(pid.unwrap())
    };
    tokio::task::spawn_blocking(read).await.unwrap()
}

#[tokio::test]
async fn a_grandchild_in_a_group_of_its_own_ends_with_its_trial() {
    let mut bench = Bench::new(with_grandchild(r#"echo '{{"acc":0.5}}'"#));
    bench.start(1);
    assert!(matches!(bench.ended().await, Outcome::Finished { .. }));
    let child = grandchild(&bench, 1).await;
    assert!(!child.lives());
    bench.close().await;
}

#[tokio::test]
async fn an_aborted_trial_takes_its_grandchild_along() {
    let mut bench = Bench::new(with_grandchild("sleep 3600"));
    bench.start(1);
    bench.started().await;
    let child = grandchild(&bench, 1).await;
    bench.slot().cancel(1);
    assert_eq!(bench.ended().await, Outcome::Aborted);
    assert!(!child.lives());
    bench.close().await;
}

#[tokio::test]
async fn a_killed_guard_takes_trainer_and_grandchild_along() {
    let mut bench = Bench::new(with_grandchild("sleep 3600"));
    bench.start(1);
    let trainer = ProcessId::of(bench.started().await);
    let child = grandchild(&bench, 1).await;
    kill(parent(trainer.pid));
    let outcome = bench.ended().await;
    assert!(matches!(outcome, Outcome::Failed { class: FailureClass::Crash, .. }), "{outcome:?}");
    assert!(!trainer.lives() && !child.lives());
    bench.close().await;
}

/// Neither its environment nor its group nor its session of processes tells whose it is. What never came from a guard stays.
#[tokio::test]
async fn a_killed_guard_takes_along_a_grandchild_that_wiped_its_environment() {
    // In a process of its own, as a session is: what it takes in would be other tests' children.
    if std::env::var_os("EVOTOP_TEST_ALONE").is_none() {
        let mut alone = std::process::Command::new(std::env::current_exe().unwrap());
        let name = "leftovers::a_killed_guard_takes_along_a_grandchild_that_wiped_its_environment";
        let said = alone.args(["--exact", name]).env("EVOTOP_TEST_ALONE", "1").output().unwrap();
        let text = String::from_utf8_lossy(&said.stdout);
        assert!(said.status.success() && text.contains("1 passed"), "{text}");
        return;
    }
    // A shell that became this process may have begun something before, as a container's entry point does.
    let mut before = std::process::Command::new("sleep");
    let mut before = before.arg("3600").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut bench = Bench::new(with_child_of("setsid env -i PATH=$PATH sh", "sleep 3600"));
    children::take_in(bench.dir.path()).unwrap();
    bench.start(1);
    let trainer = ProcessId::of(bench.started().await);
    let child = grandchild(&bench, 1).await;
    // What a hook left in the background is nobody's business, and neither is what comes to a container's first process.
    // Nor is either where it has a limit of its own on file locks.
    let begun = ["sleep 3600", "env -i sleep 3600", "prlimit --locks=4096: sleep 3600"];
    let [of_hook, of_others, of_limited] = begun.map(|begun| {
        let script = format!("{begun} > /dev/null 2>&1 & echo $!");
        let said = std::process::Command::new("sh").args(["-c", &script]).env(children::HOOK, "1").output();
        String::from_utf8(said.unwrap().stdout).unwrap().trim().parse::<u32>().unwrap()
    });
    kill(parent(trainer.pid));
    bench.ended().await;
    assert!(!trainer.lives() && !child.lives());
    let mut living = process::children();
    living.sort_unstable();
    let mut expected = [before.id(), of_hook, of_others, of_limited];
    expected.sort_unstable();
    assert_eq!(living, expected, "the dead are buried");
    expected.into_iter().for_each(kill);
    before.wait().unwrap();
    bench.close().await;
}

#[tokio::test]
async fn a_slot_that_is_dropped_ends_its_trainer() {
    let mut bench = Bench::new(with_grandchild("sleep 3600"));
    bench.start(1);
    let trainer = ProcessId::of(bench.started().await);
    let child = grandchild(&bench, 1).await;
    drop(bench.slot.take());
    assert_eq!(bench.ended().await, Outcome::Interrupted);
    assert!(!trainer.lives() && !child.lives());
}

/// A session is killed, and its guards with it: what their trainers started in groups of their own lives on. The next
/// session finds it.
#[tokio::test]
async fn survivors_of_a_killed_session_are_ended_before_anything_starts() {
    let mut bench = Bench::new(with_grandchild("trap '' TERM; while true; do sleep 0.05; done"));
    bench.start(1);
    let trainer = ProcessId::of(bench.started().await);
    let child = grandchild(&bench, 1).await;
    // What a session that dies with its guard leaves, seen from the next: this bench must not clean up, so its guard is
    // stopped instead of killed.
    stop(parent(trainer.pid));
    let ended = survivors::end(bench.dir.path(), &[(trainer, trainer.pid)], Duration::from_millis(200)).await;
    assert!(ended >= 2, "{ended}");
    assert!(!trainer.lives() && !child.lives());
    assert_eq!(survivors::end(bench.dir.path(), &[(trainer, trainer.pid)], Duration::ZERO).await, 0);
    assert!(marked(bench.dir.path()).is_empty());
    bench.ended().await;
}

fn parent(pid: u32) -> u32 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    stat.rsplit_once(')').unwrap().1.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn kill(pid: u32) {
    send(pid, "-KILL");
}

fn stop(pid: u32) {
    send(pid, "-STOP");
}

fn send(pid: u32, signal: &str) {
    assert!(std::process::Command::new("kill").args([signal, &pid.to_string()]).status().unwrap().success());
}
