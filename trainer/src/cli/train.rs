//! `evotop-yolo train`: one training, told line by line.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use evotop::cli::say;
use evotop::trial::YOLO_METRICS;

use crate::data::Library;
use crate::hyp::Hyp;
use crate::options::Options;
use crate::setup::Setup;
use crate::train::{self, BatchReport, End, EpochReport, Flow, Run, Watch};
use crate::{device, preflight};

pub fn train(options: &Options, hyp: Option<&str>) -> Result<()> {
    let hyp = Hyp::find(hyp.unwrap_or(if options.is_digits() { "digits" } else { "scratch-low" }))?;
    let device = device::named(&options.device).map_err(anyhow::Error::msg)?;
    let mut told = Told(Ok(()));
    let setup = Setup::prepare(options, &Library::new(), &mut |text| told.tell(&text))?;
    let dir = fresh_dir(&options.project, &options.name)?;
    let run = Run {
        hyp,
        epochs: options.epochs.unwrap_or(100),
        seed: options.seed,
        device,
        threads: options.threads(),
        results: Some(dir.clone()),
        keep: Some(dir.clone()),
    };
    for line in preflight::place(run.device, run.threads, &dir) {
        told.tell(&line);
    }
    told.tell(&format!("{}: {} epochs on {}", dir.display(), run.epochs, device::spelled(run.device)));
    let ended = train::train(&setup, &run, &mut told)?;
    told.0?;
    match ended {
        End::Finished { metrics } => {
            for (name, x) in YOLO_METRICS.iter().zip(metrics) {
                say(&format!("{name:>22} {x:.6}"))?;
            }
            Ok(())
        }
        End::Diverged { epoch, what } => bail!("diverged in epoch {epoch}: {what}"),
        End::Cancelled => Ok(()),
    }
}

/// `exp`, `exp2`, `exp3`, ...: the first that is not there.
fn fresh_dir(project: &Path, name: &str) -> Result<PathBuf> {
    let names = std::iter::once(name.to_owned()).chain((2..10_000).map(|n| format!("{name}{n}")));
    let told = |dir: &Path| dir.display().to_string();
    for dir in names.map(|name| project.join(name)) {
        let above = dir.parent().unwrap_or(project);
        std::fs::create_dir_all(above).with_context(|| told(above))?;
        // Made and not only looked for: another training may want the same one.
        match std::fs::create_dir(&dir) {
            Err(taken) if taken.kind() == io::ErrorKind::AlreadyExists => {}
            made => return made.map(|()| dir.clone()).with_context(|| told(&dir)),
        }
    }
    bail!("{}: no free name like {name}", project.display())
}

/// A training on a terminal: one line an epoch. It ends where nobody reads them any more.
struct Told(io::Result<()>);

impl Told {
    fn tell(&mut self, text: &str) {
        if self.0.is_ok() {
            self.0 = say(text);
        }
    }
}

impl Watch for Told {
    fn flow(&mut self) -> Flow {
        if self.0.is_ok() { Flow::Continue } else { Flow::Cancel }
    }

    fn batch(&mut self, _: &BatchReport) {}

    fn epoch(&mut self, report: &EpochReport) {
        let [box_, obj, cls] = report.losses;
        let metrics = report.metrics.map_or_else(String::new, |m| {
            format!("  P {:.4}  R {:.4}  mAP50 {:.4}  mAP {:.4}", m[0], m[1], m[2], m[3])
        });
        self.tell(&format!(
            "epoch {}/{}  box {box_:.4}  obj {obj:.4}  cls {cls:.4}{metrics}  {:.1} s (training {:.1}, of it waiting for pictures {:.1})",
            report.epoch, report.epochs, report.seconds, report.shares.total, report.shares.waiting
        ));
    }

    fn say(&mut self, text: String) {
        self.tell(&text);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::Barrier;

    use super::*;

    #[test]
    fn trainings_that_want_the_same_name_at_once_get_a_folder_each() {
        let project = tempfile::tempdir().unwrap();
        for name in ["exp", "sub/exp"] {
            let barrier = Barrier::new(8);
            let dirs: HashSet<PathBuf> = std::thread::scope(|scope| {
                let one = || {
                    barrier.wait();
                    fresh_dir(project.path(), name).unwrap()
                };
                let all: Vec<_> = (0..8).map(|_| scope.spawn(one)).collect();
                all.into_iter().map(|thread| thread.join().unwrap()).collect()
            });
            let mut wanted: HashSet<_> = (2..=8).map(|n| project.path().join(format!("{name}{n}"))).collect();
            wanted.insert(project.path().join(name));
            assert_eq!(dirs, wanted);
        }
    }
}
