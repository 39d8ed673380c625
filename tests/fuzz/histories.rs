//! Tables of earlier runs, evotop's own and other programs'.

use std::fs;

use evotop::dir::{EvolveCsv, EvolveText, SessionDir};
use evotop::journal::{Access, Entry, Event};
use evotop::session::State;
use evotop::space::OutOfBounds;
use evotop::transfer::import;

use crate::journal::{created, state};
use crate::mutate::damage;

/// Imports from a file of this name; what was taken comes out of the state's own table again.
fn round(name: &str, example: &[u8]) {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join(name);
    let dir = home.path().join("again");
    damage(name, &[example], |bytes| {
        fs::write(&path, bytes).unwrap();
        let mut created = created();
        let before = created.space.clone();
        let report = match import(&path, &mut created.space, OutOfBounds::Widen) {
            Ok(report) => report,
            Err(error) => {
                assert!(error.to_string().contains(name), "{error}");
                assert_eq!(created.space, before, "a refused file changed the space");
                return false;
            }
        };
        let event = Event::Imported(report.imported);
        let text = serde_json::to_vec(&event).unwrap();
        assert_eq!(serde_json::from_slice::<Event>(&text).unwrap(), event);
        let mut state = State::new(&created, 0);
        state.apply(&Entry { seq: 1, time: 0, event });
        let _ = (state.status(), state.proposal());
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir(&dir).unwrap();
        EvolveCsv::open(&SessionDir::new(&dir), &state, Access::Private).unwrap();
        true
    });
}

fn tables() -> (tempfile::TempDir, SessionDir) {
    let home = tempfile::tempdir().unwrap();
    let dir = SessionDir::new(home.path());
    let state = state();
    EvolveCsv::open(&dir, &state, Access::Private).unwrap();
    EvolveText::of(&state).unwrap().write(&dir, Access::Private).unwrap();
    (home, dir)
}

#[test]
fn a_damaged_evolve_csv_is_taken_or_refused_by_name() {
    let (_home, dir) = tables();
    round("evolve.csv", &fs::read(dir.evolve_csv()).unwrap());
}

#[test]
fn a_damaged_evolve_txt_is_taken_or_refused_by_name() {
    let (_home, dir) = tables();
    round("evolve.txt", &fs::read(dir.evolve_txt()).unwrap());
}
