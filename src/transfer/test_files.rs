//! What the tests of importing and exporting share.

use std::fs;
use std::path::PathBuf;

use super::*;
use crate::journal::sample::{created, trial};
use crate::journal::{Entry, Event};
use crate::session::State;
use crate::space::{Defaults, OutOfBounds, Space, builtin, load};

pub struct Files(tempfile::TempDir);

impl Files {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn with(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }
}

pub fn yolov5() -> Space {
    let (hyp, ranges) = (builtin::hyp("scratch-2021-03").unwrap(), builtin::space("yolov5").unwrap());
    load(&hyp, &ranges, Defaults::Yolov5March2021, OutOfBounds::Abort).unwrap().0
}

pub fn yolov3() -> Space {
    let (hyp, ranges) = (builtin::hyp("yolov3-2020-01").unwrap(), builtin::space("yolov3").unwrap());
    load(&hyp, &ranges, Defaults::None, OutOfBounds::Abort).unwrap().0
}

pub fn state(trials: u64) -> State {
    let mut state = State::new(&created(), 0);
    for event in (0..trials).flat_map(trial).chain([]) {
        state.apply(&Entry { seq: state.seq + 1, time: 5, event });
    }
    state
}

/// A state that has nothing but these imported trials.
pub fn with_import(of: &State, report: Report) -> State {
    let mut created = created();
    created.space = of.space.clone();
    let mut state = State::new(&created, 0);
    state.apply(&Entry { seq: 1, time: 0, event: Event::Imported(report.imported) });
    state
}

/// What was said has each of these.
pub fn says(said: &str, parts: &[&str]) {
    for part in parts {
        assert!(said.contains(part), "{said:?} lacks {part:?}");
    }
}

pub const ROW_2021: &str = "      0.55       0.6       0.7       0.4      0.05      0.04      0.02      0.01       0.2     0.937    0.0005         3       0.8       0.1      0.05       0.5         1         1         1       0.2         4         0     0.015       0.7       0.4         0       0.1       0.5         0         0         0       0.5         1         0";

/// A line as Ultralytics' tuner of 8.4 writes it.
pub fn record(iteration: u64, fitness: &str, lr0: &str, datasets: &str) -> String {
    format!(
        "{{\"iteration\": {iteration}, \"fitness\": {fitness}, \"hyperparameters\": {{\"bgr\": 0.1, \"lr0\": {lr0}}}, \
         \"datasets\": {{{datasets}}}, \"save_dirs\": {{\"coco8\": \"runs/tune NaN {iteration}\"}}}}\n"
    )
}

pub fn data_set(name: &str, map: f64) -> String {
    format!("\"{name}\": {{\"metrics/mAP50-95(B)\": {map}, \"val/box_loss\": 1.5, \"fitness\": {map}}}")
}

/// What is in a session that begins with these trials: learning rate and fitness of each.
pub fn scored(space: Space, report: Report) -> Vec<(f64, Option<f64>)> {
    scored_of(&with_import(&State::new(&crate::journal::Created { space, ..created() }, 0), report))
}

pub fn scored_of(state: &State) -> Vec<(f64, Option<f64>)> {
    state.history.trials().iter().map(|t| (t.genes[0], t.fitness)).collect()
}
