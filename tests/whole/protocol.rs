//! Builds of different age over one socket: what is frozen works both ways, and for the rest the session's own program
//! is used.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::CommandExt;
use std::path::Path;

use serde_json::{Value, json};

use crate::common::{World, processes, wait_until};
use crate::sim::sim;

fn tell(stream: &mut UnixStream, message: &Value) {
    let bytes = serde_json::to_vec(message).unwrap();
    stream.write_all(&u32::try_from(bytes.len()).unwrap().to_be_bytes()).unwrap();
    stream.write_all(&bytes).unwrap();
}

fn hear(stream: &mut UnixStream) -> Option<Value> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).ok()?;
    let mut bytes = vec![0; u32::from_be_bytes(length) as usize];
    stream.read_exact(&mut bytes).ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// A session as a build of the future answers: another protocol, fields nobody knows, and nothing but what is frozen.
fn later_session(dir: &Path, program: &Path, status: &Value) -> std::sync::mpsc::Receiver<Value> {
    let listener = UnixListener::bind(evotop::wire::socket_of(dir).unwrap()).unwrap();
    let hello = json!({"type": "hello", "protocol": 99, "build": "9.0.0", "program": program, "dir": dir, "name": "later", "mood": "good"});
    let status = json!({"type": "status", "status": status});
    let (tell_heard, heard) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            while let Some(message) = hear(&mut stream) {
                let answer = match message["type"].as_str().unwrap() {
                    "hello" => hello.clone(),
                    "status" => status.clone(),
                    _ => {
                        json!({"type": "answer", "id": message["id"], "granted": true, "text": "as you say"})
                    }
                };
                tell(&mut stream, &answer);
                let _ = tell_heard.send(message);
            }
        }
    });
    heard
}

fn finished(world: &World) {
    world.good(&sim("--headless", "0", &["--generations", "2", "--dir", "d"]));
}

#[test]
fn a_session_of_a_later_build_is_shown_by_its_own_program_and_still_stopped_steered_and_asked() {
    let world = World::new();
    finished(&world);
    let mut status = world.status("d");
    status["tea"] = json!("hot");
    let program = world.path("evotop-9");
    std::fs::write(&program, "#!/bin/sh\necho \"evotop 9 was asked: $*\"\n").unwrap();
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let heard = later_session(&world.path("d"), &program, &status);

    let shown = world.run(&["attach", "d", "--read-only", "--ascii"]);
    let text = String::from_utf8([shown.stdout, shown.stderr].concat()).unwrap();
    assert!(text.contains("evotop 9 was asked: attach d --read-only --ascii"), "{text}");
    assert!(text.contains("started by evotop 9.0.0"), "{text}");

    assert!(world.good(&["status", "d"]).contains("2 of 2"));
    assert!(world.good(&["steer", "d", "sigma", "0.3"]).contains("as you say"));
    assert!(world.good(&["stop", "d", "--now"]).contains("as you say"));
    let said: Vec<String> = heard.try_iter().filter_map(|m| Some(m["line"].as_str()?.to_owned())).collect();
    assert_eq!(said, ["sigma 0.3", "stop now"]);

    // Its program is not there any more: it is said what would help.
    std::fs::remove_file(&program).unwrap();
    let output = world.run(&["attach", "d"]);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && text.contains("speaks protocol 99 (evotop 9.0.0)"), "{text}");
    let _ = std::fs::remove_file(evotop::wire::socket_of(&world.path("d")).unwrap());
}

/// Starts a session in `d` and connects to it: what is said gets its answer.
fn to_a_session(world: &World) -> impl FnMut(Value) -> Value {
    world.good(&sim("--detach", "200", &["--dir", "d"]));
    let mut session = UnixStream::connect(evotop::wire::socket_of(&world.path("d")).unwrap()).unwrap();
    move |message| {
        tell(&mut session, &message);
        hear(&mut session).unwrap()
    }
}

#[test]
fn a_client_of_a_later_build_may_ask_pause_steer_and_stop_but_not_attach() {
    let world = World::new();
    let mut ask = to_a_session(&world);
    let hello = ask(json!({"type": "hello", "protocol": 99, "build": "9.0.0", "mood": "good"}));
    assert_eq!((&hello["type"], &hello["protocol"]), (&json!("hello"), &json!(2)));
    assert_eq!(ask(json!({"type": "status"}))["status"]["state"], "running");
    let refused = ask(json!({"type": "attach"}));
    assert!(
        refused["granted"] == false && refused["text"].as_str().unwrap().contains("its own program"),
        "{refused}"
    );
    assert_eq!(ask(json!({"type": "no-such-thing", "id": 3}))["granted"], false);
    assert_eq!(ask(json!({"type": "say", "id": 4, "line": "sigma 0.3", "how": "shell"}))["granted"], true);
    assert_eq!(ask(json!({"type": "pause", "id": 5}))["granted"], true);
    assert_eq!(ask(json!({"type": "stop", "id": 6, "now": true}))["granted"], true);
    wait_until("it has ended", || world.status("d")["state"] == "closed");
    assert_eq!(world.status("d")["settings"]["sigma"], 0.3);
}

#[test]
fn a_client_that_only_looks_is_refused_by_the_session_itself_whatever_it_sends() {
    let world = World::new();
    let mut ask = to_a_session(&world);
    ask(json!({"type": "hello", "protocol": 1, "build": "9.0.0", "read_only": true}));
    for message in [
        json!({"type": "say", "id": 1, "line": "sigma 0.3", "how": "shell"}),
        json!({"type": "do", "id": 2, "command": "pause", "how": "key"}),
        json!({"type": "pause", "id": 3}),
        json!({"type": "stop", "id": 4, "now": true}),
    ] {
        let answer = ask(message.clone());
        assert_eq!((&answer["id"], &answer["granted"]), (&message["id"], &json!(false)), "{message}");
        assert!(answer["text"].as_str().unwrap().contains("only looks"), "{answer}");
    }
    let status = ask(json!({"type": "status"}));
    assert_eq!(status["status"]["state"], "running");
    assert_eq!(status["status"]["settings"]["sigma"], 0.2);
    world.stop("d");
}

/// As when evotop is installed anew while a session runs.
#[test]
fn a_session_whose_program_is_replaced_goes_on_with_the_build_it_was_started_with() {
    let world = World::new();
    let program = world.path("evotop");
    std::fs::copy(env!("CARGO_BIN_EXE_evotop"), &program).unwrap();
    let words =
        ["run", "--headless", "--devices", "cpu", "--param", "x=1[0..2]", "--dir", "d", "--", "sh", "-c"];
    let mut session = std::process::Command::new(&program);
    let environment = world.evotop(&[]);
    session.args(words).arg(r#"sleep 0.2; echo '{{"acc":1}}'"#).arg0("evotop").current_dir(world.home.path());
    session.envs(environment.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let mut session = session.stdout(std::process::Stdio::null()).spawn().unwrap();
    wait_until("it trains", || world.path("d/trials/000001").exists());
    std::fs::remove_file(&program).unwrap();
    std::fs::write(&program, "#!/bin/sh\nexit 1\n").unwrap();
    let done = || world.status("d")["done"].as_u64().unwrap();
    let before = done();
    wait_until("trials end as before", || done() > before + 2);
    assert_eq!(world.status("d")["ends"]["failed"], Value::Null);
    assert_eq!(world.status("d")["slots"][0]["health"], "well");
    world.good(&["stop", "d", "--now"]);
    session.wait().unwrap();
    assert!(processes(&world, "guard").is_empty());
}
