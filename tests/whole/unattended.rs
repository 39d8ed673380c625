//! Runs that nobody watches: signals, time limits, hooks, services, and what a trainer finds around it.

use std::process::{Child, Command, Stdio};

use crate::common::{World, processes, wait_until};
use crate::sim::sim;

/// A headless run of this shell script.
fn start(world: &World, options: &[&str], script: &str) -> Child {
    let words = ["run", "--headless", "--devices", "cpu", "--param", "x=1[0..2]", "--dir", "d"];
    let words = [&words[..], options, &["--", "sh", "-c", script]].concat();
    world.evotop(&words).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap()
}

fn send(signal: &str, session: &Child) {
    assert!(Command::new("kill").args([signal, &session.id().to_string()]).status().unwrap().success());
}

/// How it ended, and what it said.
fn ended(session: Child) -> (Option<i32>, String) {
    let output = session.wait_with_output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

fn log(world: &World, attempt: &str) -> String {
    std::fs::read_to_string(world.path(&format!("d/trials/{attempt}/log.txt"))).unwrap_or_default()
}

const ONE: &str = r#"echo '{{"acc":1}}'"#;

#[test]
fn a_run_goes_on_where_nobody_hears_what_it_warns_of() {
    let world = World::new();
    let words =
        sim("--headless", "20", &["--dir", "d", "--generations", "9999", "--on", "finished", "false"]);
    let mut session = world.evotop(&words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop((session.stdout.take(), session.stderr.take()));
    wait_until("trials end", || world.path("d/trials/000002").exists());
    let socket = evotop::wire::socket_of(&world.path("d")).unwrap();
    std::fs::remove_file(&socket).unwrap();
    wait_until("the socket is made again, which is said", || socket.exists());
    world.stop("d");
    assert_eq!(session.wait().unwrap().code(), Some(3));
}

#[test]
fn a_terminated_run_ends_within_its_grace_and_the_next_attempt_knows_the_one_before() {
    let world = World::new();
    let script = format!(
        "echo attempt $EVOTOP_ATTEMPT of {{generation}} after $EVOTOP_PREVIOUS; echo with seed {{seed}} and {{args}}; [ -f go ] || exec sleep 99; {ONE}"
    );
    for signal in ["TERM", "USR1"] {
        let session = start(&world, &["--generations", "2", "--grace", "1s"], &script);
        wait_until("it trains", || !processes(&world, "sleep").is_empty());
        send(&format!("-{signal}"), &session);
        let (code, said) = ended(session);
        assert_eq!(code, Some(3), "{said}");
        let closed = format!("closed: asked to end by SIG{signal}, and its grace of 1.0s is over");
        assert!(said.contains(&closed) && !said.contains("time limit"), "{said}");
        assert!(said.contains("gen 0 goes back to the queue") && !said.contains("gen 0 failed"), "{said}");
        assert!(processes(&world, "sleep").is_empty() && processes(&world, "guard").is_empty());
    }
    std::fs::write(world.path("go"), "").unwrap();
    let (code, said) = ended(start(&world, &["--generations", "2"], &script));
    assert_eq!(code, Some(0), "{said}");
    assert!(log(&world, "000000/a1").contains("attempt 1 of 0 after\n"), "{}", log(&world, "000000/a1"));
    let last = log(&world, "000000/a3");
    assert!(last.contains("attempt 3 of 0 after /") && last.contains("trials/000000/a2\n"), "{last}");
    // The same candidate with the same trial seed.
    let trained = |attempt: &str| {
        let log = log(&world, attempt);
        log.lines().find(|line| line.starts_with("with seed ")).map(str::to_owned)
    };
    assert!(trained("000000/a1").is_some_and(|words| words.contains("--")), "{last}");
    assert_eq!(trained("000000/a3"), trained("000000/a1"));
}

#[test]
fn an_interrupt_ends_after_the_trial_and_a_second_one_at_once() {
    let world = World::new();
    let script = format!("while [ ! -f go ]; do sleep 0.05; done; {ONE}");
    let session = start(&world, &["--generations", "9"], &script);
    wait_until("it trains", || !processes(&world, "guard").is_empty());
    wait_until("it is known", || world.status("d")["slots"][0]["generation"] == 0);
    send("-INT", &session);
    wait_until("it is told", || {
        std::fs::read_to_string(world.path("d/journal.jsonl")).unwrap().contains("after the running trials")
    });
    assert_eq!(world.status("d")["slots"][0]["generation"], 0, "the trial goes on, and others can look");
    std::fs::write(world.path("go"), "").unwrap();
    let (code, said) = ended(session);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("gen 0 finished") && !said.contains("gen 1 started"), "{said}");

    std::fs::remove_file(world.path("go")).unwrap();
    let session = start(&world, &["--generations", "9", "--grace", "1s"], &script);
    wait_until("it trains again", || {
        let slot = world.status("d")["slots"][0].clone();
        slot["generation"] == 1 && !processes(&world, "guard").is_empty()
    });
    send("-INT", &session);
    wait_until("it is told again", || {
        std::fs::read_to_string(world.path("d/journal.jsonl"))
            .unwrap()
            .matches("after the running trials")
            .count()
            == 2
    });
    send("-INT", &session);
    let (code, said) = ended(session);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("gen 1 goes back to the queue"), "{said}");
}

#[test]
fn a_time_limit_starts_no_trial_that_cannot_end_in_time() {
    let world = World::new();
    let session = start(&world, &["--generations", "99", "--time-limit", "3s"], &format!("sleep 1.2; {ONE}"));
    let (code, said) = ended(session);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("the time limit leaves no room for another trial"), "{said}");
    assert!(said.contains("gen 1 finished") && !said.contains("gen 2 started"), "{said}");
    assert!(!said.contains("goes back to the queue"), "no trial is given up: {said}");
}

#[test]
fn a_time_limit_that_is_reached_is_what_the_last_words_say() {
    let world = World::new();
    let session = start(&world, &["--generations", "9", "--time-limit", "1s", "--grace", "1s"], "sleep 99");
    let (code, said) = ended(session);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("closed: the time limit of 1.0s is reached"), "{said}");
}

#[test]
fn hooks_hear_of_what_they_asked_for_and_a_bad_one_disturbs_nothing() {
    let world = World::new();
    let hook = r"cat >> heard; echo >> heard";
    let script = r#"[ {generation} != 1 ] || exit 1; echo '{{"acc":1}}'"#;
    let options = ["--generations", "3", "--on", "best,failed,finished", hook, "--on", "finished", "exit 7"];
    let (code, said) = ended(start(&world, &options, script));
    assert_eq!(code, Some(0), "{said}");
    let text = std::fs::read_to_string(world.path("heard")).unwrap();
    let heard: Vec<serde_json::Value> = text
        .lines()
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let mut on: Vec<&str> = heard.iter().map(|event| event["on"].as_str().unwrap()).collect();
    on.sort_unstable();
    assert_eq!(on, ["best", "failed", "finished"], "{text}");
    let finished = heard.iter().find(|event| event["on"] == "finished").unwrap();
    assert_eq!(
        (&finished["name"], &finished["done"], &finished["generations"]),
        (&"d".into(), &3.into(), &3.into())
    );
    assert_eq!(finished["best"]["fitness"], 1.0);
    let failed = heard.iter().find(|event| event["on"] == "failed").unwrap();
    assert_eq!(failed["event"]["event"]["ended"]["generation"], 1);
    let output = world.run(&["run", "--headless", "--dir", "d", "--on", "bets", "true"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("slot-lost, best, finished"));
}

#[test]
fn a_pause_and_a_lost_slot_are_told_to_hooks() {
    let world = World::new();
    let options = ["--generations", "3", "--on", "paused,slot-lost", "cat >> heard; echo >> heard"];
    let words = ["run", "--headless", "--devices", "cpu", "--param", "x=1[0..2]", "--dir", "d"];
    let output = world.run(&[&words[..], &options, &["--", "/no/such/program"]].concat());
    assert_eq!(output.status.code(), Some(4), "{}", String::from_utf8_lossy(&output.stdout));
    let heard = std::fs::read_to_string(world.path("heard")).unwrap();
    assert!(heard.contains(r#""on":"slot-lost""#) && heard.contains(r#""on":"paused""#), "{heard}");
    assert!(heard.contains("no slot is left"), "{heard}");
}

#[test]
fn a_trainer_is_nicer_goes_first_where_memory_runs_out_and_knows_its_share() {
    let world = World::new();
    let script = format!(
        "echo nice $(nice) oom $(cat /proc/self/oom_score_adj) umask $(umask) omp $OMP_NUM_THREADS of $EVOTOP_SLOTS \
         unbuffered $PYTHONUNBUFFERED order $CUDA_DEVICE_ORDER; {ONE}"
    );
    let (code, said) = ended(start(&world, &["--generations", "1", "--threads", "3"], &script));
    assert_eq!(code, Some(0), "{said}");
    let log = log(&world, "000000/a1");
    let own: i32 =
        String::from_utf8(Command::new("nice").output().unwrap().stdout).unwrap().trim().parse().unwrap();
    let nice = (own + 5).min(19);
    assert!(
        log.contains(&format!("nice {nice} oom 500 umask 0077 omp 3 of 1 unbuffered 1 order PCI_BUS_ID")),
        "{log}"
    );
}

/// As a script that must not run twice starts it: `exec 9> lock; flock 9`.
#[test]
fn a_session_and_its_trainers_hold_nothing_that_the_calling_script_had_open() {
    let world = World::new();
    let words = ["run", "--detach", "--devices", "cpu", "--param", "x=1[0..2]", "--dir", "d"];
    let words = [&words[..], &["--", "sh", "-c", "sleep 99"]].concat();
    let evotop = world.evotop(&words);
    let mut script = Command::new("sh");
    script.args(["-c", "exec 9> held; exec \"$@\"", "sh"]).arg(evotop.get_program()).args(evotop.get_args());
    script.current_dir(world.home.path());
    script.envs(evotop.get_envs().filter_map(|(name, value)| Some((name, value?))));
    assert!(script.status().unwrap().success());
    wait_until("it trains", || !processes(&world, "sleep").is_empty());
    let lock = std::fs::read(world.path("d/lock")).unwrap();
    let lock: serde_json::Value = serde_json::from_slice(lock.trim_ascii()).unwrap();
    let session = u32::try_from(lock["pid"].as_u64().unwrap()).unwrap();
    for pid in [processes(&world, "guard"), processes(&world, "sleep"), vec![session]].concat() {
        let open = std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().flatten();
        let open: Vec<_> = open.filter_map(|entry| std::fs::read_link(entry.path()).ok()).collect();
        assert!(open.iter().all(|path| !path.ends_with("held")), "{pid}: {open:?}");
    }
    world.stop("d");
}

#[test]
fn slots_come_and_go_as_a_person_says_and_stay_so_when_the_run_is_started_again() {
    let world = World::new();
    let words = ["run", "--detach", "--devices", "cpu", "--param", "x=1[0..2]", "--dir", "d"];
    let words =
        [&words[..], &["--", "sh", "-c", "while [ ! -f go ]; do sleep 0.05; done; echo '{{\"acc\":1}}'"]]
            .concat();
    world.good(&words);
    let slots = || -> Vec<String> {
        let status = world.status("d");
        let slots = status["slots"].as_array().unwrap();
        slots
            .iter()
            .map(|slot| format!("{} {}", slot["name"].as_str().unwrap(), slot["health"].as_str().unwrap()))
            .collect()
    };
    let busy = || {
        world.status("d")["slots"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|slot| !slot["generation"].is_null())
            .count()
    };
    wait_until("it trains", || busy() == 1);
    world.good(&["steer", "d", "slots", "+cpu#2", "+cpu#3"]);
    wait_until("all three train", || busy() == 3);
    world.good(&["steer", "d", "slots", "-cpu"]);
    assert_eq!(slots(), ["cpu leaving", "cpu#2 well", "cpu#3 well"], "its trial ends first");
    for (wrong, why) in
        [("-cpu#9", "cpu#2, cpu#3"), ("+cpu#2", "another share of its device is cpu#4"), ("+gpu7", "cuda:0")]
    {
        let output = world.run(&["steer", "d", "slots", wrong]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && said.contains(why), "{wrong}: {said}");
    }
    std::fs::write(world.path("go"), "").unwrap();
    wait_until("it has left", || slots() == ["cpu#2 well", "cpu#3 well"]);
    assert_eq!(world.status("d")["ends"]["failed"], serde_json::Value::Null);
    world.good(&["stop", "d"]);
    wait_until("it has ended", || world.status("d")["state"] == "closed");
    world.good(&words);
    assert_eq!(slots(), ["cpu#2 well", "cpu#3 well"]);
    world.stop("d");
    world.good(&["run", "--detach", "--dir", "d", "--devices", "cpu*2"]);
    assert_eq!(slots(), ["cpu well", "cpu#2 well"], "the command line says otherwise");
    world.stop("d");
}

#[test]
fn a_killed_session_is_interrupted_and_a_service_would_start_it_as_it_was() {
    let world = World::new();
    let mut session = world.evotop(&sim(
        "--headless",
        "100",
        &["--dir", "my run", "--grace", "7s", "--keep", "best:2", "--on", "finished", "echo 100%"],
    ));
    let mut session = session.env("VIRTUAL_ENV", "/opt/my env").stdout(Stdio::null()).spawn().unwrap();
    wait_until("it trains", || world.path("my run/trials/000001").exists());
    assert_eq!(world.status("my run")["state"], "running");
    session.kill().unwrap();
    session.wait().unwrap();
    assert_eq!(world.status("my run")["state"], "interrupted");
    assert!(world.good(&["ls"]).contains("interrupted"));
    let unit = world.good(&["service", "my run"]);
    let dir = std::fs::canonicalize(world.path("my run")).unwrap();
    for line in [
        &format!("run --headless --dir \"{}\" --grace 7s --keep best:2", dir.display()),
        "--on finished \"echo 100%%\"",
        "Environment=\"VIRTUAL_ENV=/opt/my env\"",
        "Environment=PATH=",
        &format!("WorkingDirectory={}", std::fs::canonicalize(world.home.path()).unwrap().display()),
        "TimeoutStopSec=",
        "WantedBy=default.target",
    ] {
        assert!(unit.contains(line), "no {line} in\n{unit}");
    }
}
