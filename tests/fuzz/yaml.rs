//! Files that people write: hyp, space, live, keys, themes, and a line of the steering grammar.

use std::fs;

use evotop::app::Keymap;
use evotop::dir::{Live, Meaning, SessionDir};
use evotop::journal::{Access, FileDisk, Writer};
use evotop::session::steer;
use evotop::space::{Defaults, OutOfBounds, Source, builtin, hyp, load, parse_param, propose};
use evotop::view::{Depth, Theme};

use crate::journal::{created, state};
use crate::mutate::damage;

fn source(name: &str, bytes: &[u8]) -> Option<Source> {
    Some(Source { name: name.into(), text: std::str::from_utf8(bytes).ok()?.into() })
}

/// Whether it was accepted; an error has to name the file.
fn accepted<T, E: std::fmt::Display>(result: Result<T, E>, place: &str) -> bool {
    match result {
        Ok(_) => true,
        Err(error) => {
            let error = error.to_string();
            assert!(error.contains(place), "the error does not name {place}: {error}");
            false
        }
    }
}

#[test]
fn damaged_hyp_files_are_read_as_they_are_written_or_refused_by_name() {
    let [a, b] = ["scratch-2021-03", "digits"].map(|name| builtin::hyp(name).unwrap().text);
    let texts: [&[u8]; 3] = [a.as_bytes(), b.as_bytes(), b"lr: 1e-3\nname: \"a: b\"\nflag: yes\n"];
    damage("hyp", &texts, |bytes| {
        let Some(source) = source("my.yaml", bytes) else { return false };
        let _ = propose(&source).map_err(|error| assert!(error.to_string().contains("my.yaml")));
        match hyp::read(&source) {
            Ok(values) => {
                let text = hyp::write(&values);
                let again = hyp::read(&Source { name: "again.yaml".into(), text: text.clone() });
                assert_eq!(again.unwrap(), values, "written as {text:?}");
                true
            }
            refused => accepted(refused, "my.yaml"),
        }
    });
}

#[test]
fn damaged_space_files_are_refused_by_name() {
    let hyp = builtin::hyp("scratch-2021-03").unwrap();
    let space = builtin::space("yolov5").unwrap();
    let kinds: &[u8] =
        b"lr0: {kind: log, low: 0.00001, high: 0.1, gain: 1}\nwarmup_epochs: {kind: int, low: 0, high: 5}\n";
    damage("space", &[space.text.as_bytes(), kinds], |bytes| {
        let Some(space) = source("space.yaml", bytes) else { return false };
        let loaded = load(&hyp, &space, Defaults::Yolov5March2021, OutOfBounds::Widen);
        if let Ok((space, _)) = &loaded {
            assert!(
                space.params.iter().all(|p| p.low <= p.high && p.value.is_finite() && p.gain.is_finite())
            );
        }
        match loaded {
            Ok(_) => true,
            Err(error) => {
                let error = error.to_string();
                assert!(error.contains("space.yaml") || error.contains(&hyp.name), "{error}");
                false
            }
        }
    });
}

#[test]
fn damaged_parameters_of_a_command_line_are_refused() {
    let examples: [&[u8]; 3] = [b"lr=3e-4[1e-6..1e-2,log]", b"layers=3[1..8,int]", b"act=relu[relu|gelu]"];
    damage("param", &examples, |bytes| {
        let Ok(text) = std::str::from_utf8(bytes) else { return false };
        let param = parse_param(text);
        if let Ok(p) = &param {
            assert!(p.low <= p.high && p.value.is_finite(), "{p:?}");
        }
        param.is_ok()
    });
}

#[test]
fn a_damaged_live_file_changes_something_or_is_refused_by_name() {
    let home = tempfile::tempdir().unwrap();
    let dir = SessionDir::new(home.path());
    let _ = Writer::create(std::sync::Arc::new(FileDisk::default()), &dir.journal(), 0, created()).unwrap();
    let state = state();
    let mut live = Live::open(&dir, Access::Private).unwrap();
    live.settle(&state).unwrap();
    for name in ["settings.yaml", "space.yaml", "hyp.yaml"] {
        let path = dir.live().join(name);
        let example = fs::read(&path).unwrap();
        damage(name, &[&example], |bytes| {
            fs::write(&path, bytes).unwrap();
            let saved = live.saved(&state);
            for one in &saved {
                match &one.meaning {
                    Meaning::Wrong(text) => assert!(text.contains(name), "{text}"),
                    Meaning::Edit(command) => {
                        // Whatever it asks for is decided, and refused in words.
                        let _ = state.decide(command, &one.who).map_err(|why| why.to_string());
                    }
                    Meaning::Remark(_) => {}
                }
            }
            !saved.iter().any(|one| matches!(one.meaning, Meaning::Wrong(_)))
        });
        fs::write(&path, &example).unwrap();
        let _ = live.saved(&state);
    }
}

#[test]
fn damaged_keys_and_themes_are_refused() {
    damage("keys.yaml", &[include_bytes!("../../assets/keys.yaml")], |bytes| {
        std::str::from_utf8(bytes).is_ok_and(|text| Keymap::with(text).is_ok())
    });
    damage("theme", &[include_bytes!("../../assets/themes/dusk.yaml")], |bytes| {
        std::str::from_utf8(bytes).is_ok_and(|text| Theme::parse(text, Depth::True, false, false).is_ok())
    });
}

#[test]
fn damaged_commands_are_refused() {
    let state = state();
    let examples: [&[u8]; 6] = [
        b"sigma 0.15",
        b"pin lr0 at 0.01",
        b"exclude 0..",
        b"enqueue lr0=0.02 from best",
        b"generations 20",
        b"pause",
    ];
    damage("command", &examples, |bytes| {
        let Ok(text) = std::str::from_utf8(bytes) else { return false };
        match steer::parse(text, &state) {
            Ok(command) => {
                let who = evotop::journal::Who {
                    user: "ada".into(),
                    tty: None,
                    ssh: None,
                    how: evotop::journal::How::Shell,
                };
                let _ = state.decide(&command, &who).map_err(|why| why.to_string());
                true
            }
            Err(why) => {
                assert!(!why.to_string().is_empty());
                false
            }
        }
    });
}
