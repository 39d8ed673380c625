//! Who may read a session's files, and what room they may take.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use crate::common::{World, processes, wait_until};
use crate::sim::sim;

/// Every file and directory below, with its permission bits.
fn modes(dir: &Path) -> Vec<(String, u32)> {
    let mut found = vec![(dir.display().to_string(), std::fs::metadata(dir).unwrap().mode() & 0o777)];
    for entry in std::fs::read_dir(dir).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(modes(&path));
        } else {
            found.push((path.display().to_string(), entry.metadata().unwrap().mode() & 0o777));
        }
    }
    found
}

/// A run that leaves every kind of file there is.
fn run(world: &World, options: &[&str]) -> String {
    let start =
        ["run", "--detach", "--devices", "cpu", "--generations", "2", "--dir", "d", "--param", "x=1[0..2]"];
    let words = [&start, options, &["--", "sh", "-c", r#"echo 1 > {dir}/more; echo '{{"acc":1}}'"#]].concat();
    let output = world.run(&words);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    wait_until("it is complete", || world.status("d")["state"] == "complete");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_session_is_its_users_alone_whatever_the_trainer_writes() {
    let world = World::new();
    run(&world, &[]);
    let found = modes(&world.path("d"));
    for name in ["session.log", "journal.jsonl", "a1/more", "a1/log.txt", "live/hyp.yaml", "lock"] {
        assert!(found.iter().any(|(path, _)| path.ends_with(name)), "no {name} in {found:?}");
    }
    let open: Vec<_> = found.iter().filter(|(_, mode)| mode & 0o077 != 0).collect();
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn no_value_of_the_environment_that_could_be_a_secret_is_written_anywhere() {
    let world = World::new();
    let words = ["run", "--headless", "--devices", "cpu", "--generations", "1", "--dir", "d", "--param"];
    let words =
        [&words[..], &["x=1[0..2]", "--", "sh", "-c", r#"test ${{#HUB_TOKEN}} = 7 && echo '{{"acc":1}}'"#]];
    let run = world.evotop(&words.concat()).env("HUB_TOKEN", "hunter2").output().unwrap();
    assert!(
        run.status.success(),
        "the trainer has it all the same: {}",
        String::from_utf8_lossy(&run.stderr)
    );
    let told =
        |(path, _): &(String, u32)| std::fs::read(path).is_ok_and(|b| b.windows(7).any(|w| w == b"hunter2"));
    let written: Vec<_> = modes(&world.path("d")).into_iter().filter(told).collect();
    assert!(written.is_empty(), "{written:?}");
}

#[test]
fn a_session_listens_on_a_socket_of_its_users_alone_and_on_no_network() {
    let world = World::new();
    world.good(&sim("--detach", "500", &["--dir", "d"]));
    let socket = evotop::wire::socket_of(&world.path("d")).unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().mode() & 0o777;
    assert_eq!((mode(socket.parent().unwrap()), mode(&socket)), (0o700, 0o600));
    let [session] = processes(&world, "session")[..] else { panic!("not one session") };
    let inodes: Vec<String> = std::fs::read_dir(format!("/proc/{session}/fd"))
        .unwrap()
        .filter_map(|fd| std::fs::read_link(fd.unwrap().path()).ok()?.to_str().map(Into::into))
        .filter_map(|link: String| Some(link.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned()))
        .collect();
    assert!(!inodes.is_empty(), "no socket among its descriptors");
    for table in ["tcp", "tcp6", "udp", "udp6"] {
        let text = std::fs::read_to_string(format!("/proc/{session}/net/{table}")).unwrap_or_default();
        let listening = text.lines().find(|line| {
            line.split_whitespace().nth(9).is_some_and(|inode| inodes.iter().any(|own| own == inode))
        });
        assert_eq!(listening, None, "in {table}");
    }
    world.stop("d");
}

#[test]
fn a_place_for_sockets_that_others_can_enter_is_refused_by_name() {
    let world = World::new();
    let uid = std::fs::metadata(world.home.path()).unwrap().uid();
    // As on a host of its own, whose sockets have a place of their own.
    let host = format!("host-{}", std::process::id());
    let place = format!("/tmp/evotop-{uid}-{host}");
    std::fs::create_dir(&place).unwrap();
    std::fs::set_permissions(&place, std::fs::Permissions::from_mode(0o755)).unwrap();
    let words = sim("--headless", "0", &["--generations", "1", "--dir", "d"]);
    let refused = world.evotop(&words).env("EVOTOP_HOST", host).output().unwrap();
    std::fs::remove_dir(&place).unwrap();
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(!refused.status.success() && said.contains(&place) && said.contains("yours alone"), "{said}");
}

#[test]
fn share_read_lets_everybody_look_and_nobody_else_write_and_says_what_is_in_the_way() {
    let world = World::new();
    std::fs::set_permissions(world.home.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
    let said = run(&world, &["--share-read"]);
    let found = modes(&world.path("d"));
    let wrong = |(_, mode): &&(String, u32)| mode & 0o044 != 0o044 || mode & 0o022 != 0;
    let wrong: Vec<_> = found.iter().filter(wrong).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    assert!(said.contains("chmod o+x"), "{said}");
}

#[test]
fn a_run_that_would_fill_the_disk_is_not_begun_and_one_that_does_is_held() {
    let world = World::new();
    let with = |more: &[&'static str]| sim("--detach", "20", &[&["--dir", "d"], more].concat());
    let output = world.run(&with(&["--min-free", "900000T"]));
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("--min-free asks for") && !world.path("d").exists(), "{said}");
    world.good(&with(&["--generations", "1"]));
    wait_until("it is complete", || world.status("d")["state"] == "complete");
    world.good(&with(&["--generations", "3", "--min-free", "900000T"]));
    let why = world.status("d")["why"].as_str().unwrap().to_owned();
    assert!(why.contains("disk full") && why.contains("left on the session's disk"), "{why}");
    assert_eq!(world.status("d")["done"], 1);
    world.good(&["stop", "d"]);
    wait_until("it has ended", || world.status("d")["state"] == "closed");
    // Another time there is room.
    world.good(&with(&["--generations", "3"]));
    wait_until("it goes on by itself", || world.status("d")["state"] == "complete");
}

#[test]
fn a_long_session_log_begins_anew_and_keeps_the_one_before() {
    let world = World::new();
    let words = sim("--detach", "10", &["--dir", "d"]);
    let output = world.evotop(&words).env("EVOTOP_SESSION_LOG_BYTES", "1000").output().unwrap();
    assert!(output.status.success());
    let (log, before) = (world.path("d/session.log"), world.path("d/session.log.1"));
    wait_until("the log was begun anew", || before.exists());
    let length = |path: &Path| std::fs::metadata(path).map_or(0, |meta| meta.len());
    wait_until("it is written on", || length(&log) > 0);
    assert!(length(&before) >= 1000);
    assert_eq!(std::fs::metadata(&log).unwrap().mode() & 0o777, 0o600);
    world.good(&["stop", "d", "--now"]);
    wait_until("its last word is there", || {
        std::fs::read_to_string(&log).is_ok_and(|text| text.contains("closed: stopped by"))
    });
}

#[test]
fn nothing_that_a_trainer_or_a_file_says_steers_a_terminal() {
    let world = World::new();
    let said = r#"printf '{{"epoch":1,"ac\\u001b[31mc":0.5}}\n'; printf '{{"type":"error","message":"\\u001b]0;x\\u0007bad"}}\n'; exit 1"#;
    let words =
        ["run", "--headless", "--devices", "cpu", "--dir", "d", "--generations", "1", "--param", "x=1[0..2]"];
    let output = world.run(&[&words[..], &["--name", "s\u{1b}[2J", "--", "sh", "-c", said]].concat());
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(text.contains("failed") && text.contains("bad"), "{text}");
    let harmful: Vec<char> = text.chars().filter(|c| c.is_control() && *c != '\n').collect();
    assert!(harmful.is_empty(), "{harmful:?} in {text:?}");
    let again = String::from_utf8(world.run(&["status", "d"]).stdout).unwrap();
    assert!(!again.contains('\u{1b}'), "{again:?}");
}
