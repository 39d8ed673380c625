//! Ends and classes (SEMANTICS 2 and 3).

use evotop::runner::SlotNewsKind;
use evotop::trial::{FailureClass, Outcome, Trainer};

use super::bench::{Bench, command, shell, spec, worker};

/// How one trial with this trainer ends.
async fn end(trainer: Trainer) -> Outcome {
    let mut bench = Bench::new(trainer);
    let outcome = bench.run(3).await;
    bench.close().await;
    outcome
}

fn class(outcome: &Outcome) -> FailureClass {
    match outcome {
        Outcome::Failed { class, .. } => *class,
        other => panic!("not a failure: {other:?}"),
    }
}

fn detail(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Failed { detail, .. } => detail,
        other => panic!("not a failure: {other:?}"),
    }
}

fn accuracy(outcome: &Outcome) -> f64 {
    match outcome {
        Outcome::Finished { metrics } => metrics.get("acc").unwrap(),
        other => panic!("not finished: {other:?}"),
    }
}

#[tokio::test]
async fn a_result_finishes_a_trial() {
    assert_eq!(accuracy(&end(shell(r#"echo '{"acc":0.5}'"#)).await), 0.5);
    assert_eq!(
        accuracy(&end(worker(r#"echo '{"type":"result","trial":'$trial',"metrics":{"acc":0.5}}'"#)).await),
        0.5
    );
}

#[tokio::test]
async fn a_result_counts_even_if_the_program_then_exits_with_an_error() {
    assert_eq!(accuracy(&end(shell(r#"echo '{"acc":0.5}'; exit 1"#)).await), 0.5);
}

#[tokio::test]
async fn exit_0_without_a_result_is_a_failure() {
    let outcome = end(shell("echo done")).await;
    assert_eq!(class(&outcome), FailureClass::Protocol);
    assert!(detail(&outcome).contains("no result"), "{outcome:?}");
}

#[tokio::test]
async fn an_exit_with_an_error_is_told_with_the_last_line() {
    let outcome = end(shell("echo epoch 1; echo 'ValueError: lr is too large' >&2; exit 3")).await;
    assert_eq!(class(&outcome), FailureClass::Crash);
    assert!(detail(&outcome).contains("exit code 3"), "{outcome:?}");
    assert!(detail(&outcome).contains("ValueError: lr is too large"), "{outcome:?}");
}

#[tokio::test]
async fn a_signal_is_named() {
    let outcome = end(shell("kill -SEGV $$")).await;
    assert_eq!(class(&outcome), FailureClass::Crash);
    assert!(detail(&outcome).contains("signal 11"), "{outcome:?}");
}

#[tokio::test]
async fn memory_that_runs_out_is_known_by_text_and_by_signal() {
    let text = "echo 'torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB' >&2; exit 1";
    assert_eq!(class(&end(shell(text)).await), FailureClass::OutOfMemory);
    assert_eq!(class(&end(shell("kill -KILL $$")).await), FailureClass::OutOfMemory);
    let said = r#"echo '{"type":"error","trial":'$trial',"class":"out-of-memory","message":"2 GiB"}'"#;
    assert_eq!(class(&end(worker(said)).await), FailureClass::OutOfMemory);
}

#[tokio::test]
async fn a_full_disk_in_the_trainer_is_no_space() {
    // /dev/full answers every write as a full disk does.
    let outcome = end(shell("cat /etc/passwd > /dev/full")).await;
    assert_eq!(class(&outcome), FailureClass::NoSpace);
}

#[tokio::test]
async fn a_loss_that_is_not_a_number_diverges() {
    let diverged = |outcome: &Outcome| matches!(outcome, Outcome::Diverged { .. });
    assert!(diverged(&end(command(&["sh", "-c", "echo acc nan"], &["acc=acc ([0-9.]+)"])).await));
    assert!(diverged(&end(shell(r#"echo '{"acc": NaN}'"#)).await));
    assert!(diverged(&end(shell("echo 'Loss is nan, stopping training'; exit 1")).await));
    let said = r#"echo '{"type":"diverged","trial":'$trial',"epoch":2,"what":"box loss is NaN"}'"#;
    assert!(diverged(&end(worker(said)).await));
}

#[tokio::test]
async fn a_loss_that_is_not_a_number_ends_a_training_at_once() {
    // It would go on for an hour.
    let trainer = command(&["sh", "-c", "echo loss nan; sleep 3600"], &["loss=loss ([0-9.]+):min"]);
    assert!(matches!(end(trainer).await, Outcome::Diverged { epoch: 1, .. }));
    // As Python's json.dumps writes them.
    for (x, told) in [("NaN", "loss is NaN"), ("Infinity", "loss is inf"), ("-Infinity", "loss is -inf")] {
        let line = format!(r#"{{"epoch": 2, "epochs": 9, "loss": {x}, "acc": 0.5}}"#);
        let outcome = end(shell(&format!("echo '{line}'; sleep 3600"))).await;
        assert_eq!(outcome, Outcome::Diverged { epoch: 2, what: told.into() });
    }
}

#[tokio::test]
async fn silence_ends_a_trial_only_where_it_is_asked_for() {
    let mut run = spec(shell("echo begun; sleep 3600"));
    run.silence = Some(1);
    let mut bench = Bench::with(run);
    assert_eq!(class(&bench.run(0).await), FailureClass::Silent);
    bench.close().await;
}

#[tokio::test]
async fn a_trial_that_takes_too_long_is_ended_though_it_never_stops_talking() {
    let mut run = spec(shell("while true; do echo on and on; done"));
    run.trial_timeout = Some(1);
    let mut bench = Bench::with(run);
    assert_eq!(class(&bench.run(0).await), FailureClass::Timeout);
    bench.close().await;
}

#[tokio::test]
async fn a_program_that_is_not_there_is_the_slots_fault() {
    let outcome = end(command(&["/no/such/program"], &[])).await;
    assert_eq!(class(&outcome), FailureClass::SlotLost);
    assert!(detail(&outcome).contains("/no/such/program"), "{outcome:?}");
    let outcome = end(Trainer::Worker { argv: vec!["/no/such/worker".into()] }).await;
    assert_eq!(class(&outcome), FailureClass::SlotLost);
}

#[tokio::test]
async fn a_worker_that_ends_before_it_says_who_it_is_cannot_start() {
    let outcome =
        end(Trainer::Worker { argv: vec!["sh".into(), "-c".into(), "echo no GPU >&2; exit 1".into()] }).await;
    assert_eq!(class(&outcome), FailureClass::SlotLost);
    assert!(detail(&outcome).contains("no GPU"), "{outcome:?}");
}

#[tokio::test]
async fn an_unknown_placeholder_names_those_there_are() {
    let outcome = end(command(&["echo", "{lr0}"], &[])).await;
    assert!(detail(&outcome).contains("no {lr0}") && detail(&outcome).contains("{lr}"), "{outcome:?}");
}

#[tokio::test]
async fn a_broken_message_ends_the_trial_and_ordinary_output_does_not() {
    let outcome = end(worker(r#"echo hello; echo '{"type":"result","trial":'"#)).await;
    assert_eq!(class(&outcome), FailureClass::Protocol);
    assert!(detail(&outcome).contains(r#"{"type":"result""#), "{outcome:?}");
}

#[tokio::test]
async fn garbage_and_a_line_without_its_end_do_no_harm() {
    let script = r#"head -c 300000 /dev/urandom; echo; printf '\033]0;title\007'; printf '{"acc":0.5}'"#;
    assert_eq!(accuracy(&end(shell(script)).await), 0.5);
}

#[tokio::test]
async fn a_hundred_megabytes_without_a_line_end_take_little_memory() {
    let before = peak();
    let script = r#"head -c 100000000 /dev/zero | tr '\0' x; echo; echo '{"acc":0.5}'"#;
    assert_eq!(accuracy(&end(shell(script)).await), 0.5);
    let grown = peak() - before;
    assert!(grown < 40_000, "the session's peak grew by {grown} kB");
}

/// The largest memory this process has had, in kB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_worker_stays_between_trials_and_a_failed_one_is_replaced() {
    let on_job = r#"if [ $trial = 2 ]; then exit 1; fi; echo '{"type":"result","trial":'$trial',"metrics":{"acc":0.5}}'"#;
    let mut bench = Bench::new(worker(on_job));
    let mut pids = Vec::new();
    for trial in 0..4 {
        bench.start(trial);
        pids.push(bench.started().await);
        let outcome = bench.ended().await;
        assert_eq!(matches!(outcome, Outcome::Finished { .. }), trial != 2, "{outcome:?}");
    }
    assert!(pids[0] == pids[1] && pids[1] == pids[2], "{pids:?}");
    assert_ne!(pids[2], pids[3], "a fresh process after a failure");
    bench.close().await;
}

#[tokio::test]
async fn what_a_trainer_prints_is_in_the_trials_log_without_control_characters() {
    let mut bench =
        Bench::new(shell(r#"printf 'a\033[31mred\033[0m\rb\n'; echo oops >&2; echo '{"acc":1}'"#));
    bench.run(7).await;
    let log = std::fs::read_to_string(bench.path("trials/000007/a1/log.txt")).unwrap();
    for line in ["ared", "b", "oops"] {
        assert!(log.lines().any(|l| l == line), "{log}");
    }
    assert!(log.chars().all(|c| c == '\n' || !c.is_control()));
    bench.close().await;
}

#[tokio::test]
async fn a_busy_slot_refuses_a_second_trial_and_still_ends_both() {
    let mut bench = Bench::new(shell(r#"sleep 0.3; echo '{"acc":0.5}'"#));
    bench.start(1);
    bench.start(2);
    let mut ended = Vec::new();
    while ended.len() < 2 {
        let trial = bench
            .until("both ends", |kind| match kind {
                SlotNewsKind::Ended { trial, outcome, .. } => Some((*trial, outcome.clone())),
                _ => None,
            })
            .await;
        ended.push(trial);
    }
    ended.sort_by_key(|(trial, _)| *trial);
    assert_eq!(accuracy(&ended[0].1), 0.5);
    assert_eq!(class(&ended[1].1), FailureClass::Protocol);
    bench.close().await;
}

#[tokio::test]
async fn the_simulated_trainer_fails_and_diverges_on_request_and_is_the_same_each_time() {
    let run = |option: Option<&'static str>| async move {
        let mut run = spec(Trainer::Sim);
        run.options.insert("sim-epoch-ms".into(), "0".into());
        run.options.insert("sim-noise".into(), "0.1".into());
        if let Some(option) = option {
            run.options.insert(option.into(), "1".into());
        }
        let mut bench = Bench::with(run);
        let outcome = bench.run(5).await;
        let epochs = bench.heard.iter().filter(|kind| matches!(kind, SlotNewsKind::Epoch { .. })).count();
        bench.close().await;
        (outcome, epochs)
    };
    assert_eq!(class(&run(Some("sim-fail")).await.0), FailureClass::Crash);
    assert!(matches!(run(Some("sim-diverge")).await.0, Outcome::Diverged { .. }));
    let (first, epochs) = run(None).await;
    assert!(matches!(&first, Outcome::Finished { metrics } if metrics.0.len() == 7));
    assert_eq!(epochs, 3);
    assert_eq!(first, run(None).await.0);
}

#[tokio::test]
async fn a_worker_of_another_protocol_is_refused_by_its_number() {
    let hello = r#"read line; echo '{"type":"hello","protocol":9,"program":"p","build":"1","metrics":[]}'; sleep 3600"#;
    let outcome = end(Trainer::Worker { argv: vec!["sh".into(), "-c".into(), hello.into()] }).await;
    assert_eq!(class(&outcome), FailureClass::SlotLost);
    assert!(detail(&outcome).contains("protocol 9"), "{outcome:?}");
}
