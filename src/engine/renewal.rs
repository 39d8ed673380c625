//! What is written whole while a session runs, `evolve.txt` and `evolve.png`: off the loop, at most once a minute, and
//! at the end. An error is for the log, and keeps nothing from going on.

use std::time::Duration;

use futures_util::FutureExt;
use tokio::task::{JoinError, JoinHandle};
use tokio::time::Instant;

use crate::dir::{EvolveText, SessionDir, replace};
use crate::journal::Access;
use crate::plot::{self, Data, Form, Kind, PlotError};
use crate::session::State;

/// Between two writings.
const RENEWAL: Duration = Duration::from_secs(60);

/// The files, and who writes them.
#[derive(Debug)]
pub(super) struct Renewal {
    dir: SessionDir,
    access: Access,
    /// What went wrong, once it is over.
    writing: Option<JoinHandle<Vec<String>>>,
    /// Trials that had ended when the last writing began, and when that was.
    begun: (usize, Instant),
}

impl Renewal {
    pub fn new(dir: SessionDir, access: Access) -> Self {
        Self { dir, access, writing: None, begun: (0, Instant::now()) }
    }

    /// Begins to write where it is time. What went wrong with the writing before.
    pub fn settle(&mut self, state: &State) -> Vec<String> {
        let wrong = self.writing.as_mut().and_then(FutureExt::now_or_never).map(said);
        if wrong.is_some() {
            self.writing = None;
        }
        let due = state.ended.len() != self.begun.0 && self.begun.1.elapsed() >= RENEWAL;
        if due && self.writing.is_none() {
            self.begin(state);
        }
        wrong.unwrap_or_default()
    }

    /// Writes one last time. What went wrong.
    pub async fn finish(&mut self, state: &State) -> Vec<String> {
        if let Some(before) = self.writing.take() {
            before.await.ok();
        }
        self.begin(state);
        match self.writing.take() {
            Some(writing) => said(writing.await),
            None => Vec::new(),
        }
    }

    /// References are taken here, and the rest is done on another thread.
    fn begin(&mut self, state: &State) {
        self.begun = (state.ended.len(), Instant::now());
        let (text, data) = (EvolveText::of(state), Data::of(state));
        let (dir, access) = (self.dir.clone(), self.access);
        self.writing = Some(tokio::task::spawn_blocking(move || {
            let text = text.and_then(|text| text.write(&dir, access).err()).map(|error| error.to_string());
            text.into_iter().chain(picture(&dir, &data, access)).collect()
        }));
    }
}

/// Draws `evolve.png`; what went wrong. That there is nothing to draw yet is nothing wrong.
fn picture(dir: &SessionDir, data: &Data, access: Access) -> Option<String> {
    match plot::draw(data, Kind::Density, Form::Png) {
        Ok(bytes) => replace(&dir.evolve_png(), &bytes, access).err().map(|error| error.to_string()),
        Err(PlotError::Nothing) => None,
        Err(error) => Some(format!("{}: {error}", dir.evolve_png().display())),
    }
}

fn said(result: Result<Vec<String>, JoinError>) -> Vec<String> {
    result.unwrap_or_else(|error| vec![format!("evolve.txt and evolve.png were not written: {error}")])
}
