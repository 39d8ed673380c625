//! The files of a session that follow from its state: attempts' directories, tables, the best candidate, live files.
//!
//! `evolve.csv` is appended as trials end, `hyp_evolve.yaml` follows the best; what takes longer is in `renewal.rs`. None of
//! them is needed: all can be made again from the journal, so an error here is said, and the run goes on.

use std::path::PathBuf;

use super::renewal::Renewal;
use crate::dir::{
    DirError, EvolveCsv, Keep, Live, Plan, Saved, SessionDir, Watch, replace, write_best, write_session_yaml,
};
use crate::journal::Access;
use crate::session::State;
use crate::space::{Hyp, hyp};

/// The session's directory in the hands of the engine.
#[derive(Debug)]
pub(super) struct Files {
    dir: SessionDir,
    access: Access,
    csv: EvolveCsv,
    live: Live,
    renewal: Renewal,
    /// The best candidate that `hyp_evolve.yaml` shows.
    best: Option<(u64, f64)>,
    /// Which trials keep their directory, and how many had ended when that was seen to last.
    keep: Option<Keep>,
    kept_at: usize,
    /// An error that was said: it is not said again before it is another.
    said: Option<String>,
}

impl Files {
    /// Brings the tables to what the state says, and takes the live files as they are.
    ///
    /// # Errors
    /// Where they cannot be written.
    pub fn open(dir: SessionDir, state: &State, keep: Option<Keep>) -> Result<Self, DirError> {
        let access = dir.access();
        let csv = EvolveCsv::open(&dir, state, access)?;
        let live = Live::open(&dir, access)?;
        write_session_yaml(&dir, state, access)?;
        Ok(Self {
            renewal: Renewal::new(dir.clone(), access),
            dir,
            access,
            csv,
            live,
            best: None,
            keep,
            kept_at: 0,
            said: None,
        })
    }

    /// Makes an attempt's directory, with its `hyp.yaml`. Returns it, and the one of the attempt before.
    pub fn begin(
        &self,
        generation: u64,
        attempt: u32,
        values: &Hyp,
    ) -> Result<(PathBuf, Option<PathBuf>), DirError> {
        let dir = self.dir.create_attempt(generation, attempt, self.access)?;
        replace(&dir.join("hyp.yaml"), hyp::write(values).as_bytes(), self.access)?;
        let before = attempt.checked_sub(1).filter(|n| *n > 0).map(|n| self.dir.attempt(generation, n));
        Ok((dir, before.filter(|dir| dir.exists())))
    }

    /// Says when a live file may have been edited.
    pub fn watch(&self) -> Watch {
        Watch::start(self.live.dir())
    }

    /// What people saved in the live files since the last look.
    pub fn saved(&mut self, state: &State) -> Vec<Saved> {
        self.live.saved(state)
    }

    /// Brings the files to what the state says. An error that was not said before.
    pub fn settle(&mut self, state: &State) -> Option<String> {
        let settled = self.csv.update(state).and_then(|()| self.write_best(state));
        let settled = settled.and_then(|()| self.live.settle(state));
        self.keep_few(state);
        let renewed = self.renewal.settle(state).into_iter().next();
        let error = settled.err().map(|error| error.to_string()).or(renewed);
        let news = error.clone().filter(|error| self.said.as_ref() != Some(error));
        self.said = error;
        news
    }

    /// Removes the directories of trials that are not kept, off the loop. What cannot be removed now is tried again
    /// when the next trial ends.
    fn keep_few(&mut self, state: &State) {
        let Some(keep) = self.keep.filter(|_| state.ended.len() != self.kept_at) else { return };
        self.kept_at = state.ended.len();
        let (plan, dir) = (Plan::of(&keep, state), self.dir.clone());
        tokio::task::spawn_blocking(move || plan.collect(&dir));
    }

    /// Writes everything one last time. What went wrong.
    pub async fn finish(&mut self, state: &State) -> Vec<String> {
        self.best = None;
        let kept = self.keep.map_or(Ok(()), |keep| Plan::of(&keep, state).collect(&self.dir).map(drop));
        let written = [self.csv.update(state), self.write_best(state), kept];
        let mut wrong: Vec<String> =
            written.into_iter().filter_map(Result::err).map(|error| error.to_string()).collect();
        wrong.extend(self.renewal.finish(state).await);
        wrong
    }

    fn write_best(&mut self, state: &State) -> Result<(), DirError> {
        let best = state.history.best().map(|(trial, fitness)| (trial.generation, fitness));
        if best == self.best {
            return Ok(());
        }
        write_best(&self.dir, state, self.access)?;
        self.best = best;
        Ok(())
    }
}
