//! Events for tests: a small session, and any number of events that follow its start.

use indexmap::IndexMap;

use super::{AttemptStart, Created, Event, Proposed, VERSION};
use crate::evolve::{RULES_VERSION, Settings, StrategyKind, Weights};
use crate::space::{Kind, Param, Space};
use crate::trial::{Change, End, Metrics, Origin, RunSpec, Trainer};

const NAMES: [&str; 3] = ["lr0", "momentum", "box"];

/// The start of a session over three parameters.
pub fn created() -> Created {
    let param = |name: &str| Param {
        name: name.into(),
        value: 0.01,
        gain: 1.0,
        low: 0.0,
        high: 1.0,
        kind: Kind::Float,
        pin: None,
    };
    Created {
        version: VERSION,
        name: "exp".into(),
        evotop: "0.1.0".into(),
        rules: RULES_VERSION,
        seed: 7,
        trial_seed: 0,
        space: Space { params: NAMES.map(param).into(), fixed: IndexMap::new() },
        settings: Settings::for_strategy(StrategyKind::Yolov5, Weights::yolov5()),
        spec: RunSpec {
            trainer: Trainer::Sim,
            options: IndexMap::new(),
            cwd: "/tmp".into(),
            devices: "cpu".into(),
            hyp: "hyp.yaml".into(),
            space: None,
            trial_timeout: None,
            silence: None,
            grace: 30,
        },
    }
}

/// The metrics of a trial.
pub fn metrics(generation: u64) -> Metrics {
    let x = 0.1 + 0.8 * (generation as f64 * 0.37).sin().abs();
    [("metrics/mAP_0.5", x), ("metrics/mAP_0.5:0.95", x / 2.0), ("val/box_loss", 0.1)].into_iter().collect()
}

/// The four events of a trial: proposed, started, one epoch, ended.
pub fn trial(generation: u64) -> [Event; 4] {
    let gene = |i: f64| ((generation as f64 + i) * 0.618).fract();
    [
        Event::Proposed(Proposed {
            generation,
            candidate: None,
            origin: if generation == 0 { Origin::Start } else { Origin::Bred },
            seed: 0,
            revision: 0,
            settings: 0,
            genes: [gene(0.1), gene(0.2), gene(0.3)].into(),
            parents: if generation == 0 { [].into() } else { [generation - 1].into() },
            changes: [Change::Mutated, Change::Kept, Change::Bounded].into(),
            round: None,
            who: None,
        }),
        Event::Started(AttemptStart {
            generation,
            attempt: 1,
            slot: "cpu".into(),
            pid: 4242,
            start_time: 77,
            group: 4242,
            uuid: None,
        }),
        Event::Epoch { generation, epoch: 1, epochs: 1, seconds: 0.5, metrics: metrics(generation) },
        Event::Ended { generation, end: End::Finished, metrics: metrics(generation) },
    ]
}
