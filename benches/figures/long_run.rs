//! A run of many generations of the 29 parameters of YOLOv5, one epoch each, as its journal and as its state.

use std::path::Path;
use std::sync::Arc;

use evotop::dir::SessionDir;
use evotop::journal::{Event, FileDisk, Mode, PauseWhy, Writer};
use evotop::trial::Trainer;

use crate::fixture::Run;

/// What every session is measured at.
pub const SIZES: [u64; 2] = [300, 100_000];

/// One whole trial.
pub fn trial(run: &mut Run) {
    let generation = run.propose();
    run.start(generation, 0);
    run.now += 2_000;
    run.epoch(generation, 1, 1);
    run.finish(generation);
}

/// A run of this many generations, that could go on with the simulated trainer for ever.
pub fn of(generations: u64) -> Run {
    let mut run = Run::new(1);
    for _ in 0..generations {
        trial(&mut run);
    }
    if let Event::Created(created) = &mut run.entries[0].event {
        created.settings.generations = 10_000_000;
        created.spec.trainer = Trainer::Sim;
        run.state.settings.generations = 10_000_000;
        run.state.started_with.generations = 10_000_000;
        run.state.spec.trainer = Trainer::Sim;
    }
    run
}

/// Its journal in this directory, in few pieces; held by a person, so that a session in it is idle.
pub fn write(run: &Run, dir: &Path) {
    let journal = SessionDir::new(dir).journal();
    let (first, rest) = run.entries.split_first().unwrap();
    let Event::Created(created) = &first.event else { panic!("a run begins with its creation") };
    let (mut writer, _) =
        Writer::create(Arc::new(FileDisk::default()), &journal, first.time, (**created).clone()).unwrap();
    for entries in rest.chunks(4096) {
        writer.commit(entries[0].time, entries.iter().map(|entry| entry.event.clone()).collect()).unwrap();
    }
    let held = Event::Mode { mode: Mode::Paused(PauseWhy::Person), who: None };
    writer.commit(run.now, vec![held]).unwrap();
}
