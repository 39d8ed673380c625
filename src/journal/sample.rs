//! Events for tests: a small session, and any number of events that follow its start.

use indexmap::IndexMap;

use super::{
    AttemptStart, Created, Era, Event, Host, How, Imported, Mode, Opened, PauseWhy, Program, Proposed,
    SlotSpec, SteerKind, Steered, VERSION, Who,
};
use crate::evolve::{Edit, ParentMode, Prune, RULES_VERSION, Settings, StrategyKind, Weights};
use crate::space::{Kind, Param, Scalar, Space};
use crate::trial::{Change, End, FailureClass, MetricRule, Metrics, Origin, RunSpec, Take, Trainer};

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
        Event::Ended { generation, end: End::Finished, metrics: metrics(generation), who: None },
    ]
}

/// Every event there is, every kind of value in them: what `tests/data/journal-v1.jsonl` holds.
pub fn every() -> Vec<Event> {
    let who =
        Who { user: "ada".into(), tty: Some("pts/3".into()), ssh: Some("10.0.0.7".into()), how: How::Key };
    let shell = Who { user: "bob".into(), tty: None, ssh: None, how: How::File };
    let slot = |name: &str| SlotSpec { name: name.into(), device: "cuda:0".into() };
    let ended = |generation, end| Event::Ended { generation, end, metrics: metrics(generation), who: None };
    let mut events = vec![Event::Created(Box::new(created_in_full()))];
    events.extend([
        Event::Opened(Opened {
            host: Host { name: "box".into(), boot_id: "f00d".into() },
            pid: 4000,
            start_time: 70,
            evotop: "0.1.0".into(),
            argv: vec!["evotop".into(), "run".into()],
        }),
        Event::SlotAdded { slot: slot("cuda:0"), who: None },
        Event::SlotAdded { slot: slot("cuda:0#2"), who: Some(who.clone()) },
        Event::Program(Program {
            program: "evotop-yolo 0.1.0".into(),
            build: "abc123".into(),
            argv: vec!["evotop-yolo".into(), "worker".into()],
            cwd: "/tmp".into(),
            env: [("CUDA_VISIBLE_DEVICES".into(), "0".into())].into_iter().collect(),
            metrics: vec!["metrics/mAP_0.5".into(), "metrics/mAP_0.5:0.95".into(), "val/box_loss".into()],
        }),
        Event::Imported(Imported {
            source: "evolve.csv".into(),
            metrics: vec!["metrics/mAP_0.5".into(), "metrics/mAP_0.5:0.95".into()],
            rows: vec![(vec![Some(0.01), None, Some(0.3)], vec![Some(0.5), None])],
            ..Imported::default()
        }),
    ]);
    events.extend((1..=8).flat_map(|generation| {
        let [proposed, started, epoch, ended] = trial(generation);
        if generation == 1 { vec![proposed, started, epoch, ended] } else { vec![proposed, started, epoch] }
    }));
    events.extend([
        ended(2, End::Diverged { epoch: 3, what: "box loss is NaN".into() }),
        Event::Requeued {
            generation: 3,
            attempt: 1,
            class: Some(FailureClass::OutOfMemory),
            detail: "killed by signal 9".into(),
            counts: true,
            who: None,
        },
        ended(3, End::Failed { class: FailureClass::Crash, detail: "exit status 1".into() }),
        ended(4, End::Aborted),
        ended(5, End::Pruned { epoch: 2 }),
        Event::Frozen { generation: 6, frozen: true, who: Some(who.clone()) },
        Event::Frozen { generation: 6, frozen: false, who: None },
        Event::Ended {
            generation: 6,
            end: End::Finished,
            metrics: [("metrics/mAP_0.5", f64::INFINITY)].into_iter().collect::<Metrics>(),
            who: None,
        },
        Event::Requeued {
            generation: 7,
            attempt: 1,
            class: None,
            detail: "put back".into(),
            counts: false,
            who: None,
        },
    ]);
    events.extend(proposals(shell.clone()));
    events.extend([
        Event::Steered(Steered {
            revision: 1,
            edits: edits(),
            inverse: edits(),
            kind: SteerKind::Edit,
            who: who.clone(),
            from: 11,
        }),
        Event::Steered(Steered {
            revision: 2,
            edits: vec![Edit::Sigma(0.2)],
            inverse: vec![Edit::Sigma(0.1)],
            kind: SteerKind::Undo,
            who: shell,
            from: 11,
        }),
        Event::Mode { mode: Mode::Running, who: Some(who.clone()) },
    ]);
    events.extend(pauses());
    events.extend([
        Event::Excluded { first: 1, last: 4, excluded: true, who: Some(who) },
        Event::SlotQuarantined { slot: "cuda:0".into(), reason: "no device".into(), retry_at: 99 },
        Event::SlotHealed { slot: "cuda:0".into() },
        Event::SlotRemoved { slot: "cuda:0#2".into(), who: None },
        Event::Era(Era { era: 1, reason: "another build of the trainer".into() }),
        Event::Note { text: "a note: \u{1b}[31m \"quoted\" größer".into() },
        Event::Closed { why: "stopped by ada".into() },
    ]);
    events
}

fn proposals(who: Who) -> [Event; 2] {
    [
        Event::Proposed(Proposed {
            generation: 9,
            candidate: Some(1),
            origin: Origin::Repeat,
            seed: 1,
            revision: 0,
            settings: 77,
            genes: [0.1, 0.2, 0.3].into(),
            parents: [].into(),
            changes: [].into(),
            round: None,
            who: Some(who),
        }),
        Event::Proposed(Proposed {
            generation: 10,
            candidate: None,
            origin: Origin::Bred,
            seed: 0,
            revision: 0,
            settings: 77,
            genes: [1.0e-7, 0.2, 1.0].into(),
            parents: [1, 6].into(),
            changes: [Change::Crossed, Change::Held, Change::Set].into(),
            round: Some(1),
            who: None,
        }),
    ]
}

fn pauses() -> impl Iterator<Item = Event> {
    let why = [
        PauseWhy::Person,
        PauseWhy::WasFrozen,
        PauseWhy::NothingFree,
        PauseWhy::NoSlot,
        PauseWhy::NoSpace { what: "/data is full".into(), until: None },
        PauseWhy::Failures { count: 3, last: "crash: exit status 1".into() },
        PauseWhy::NoMetric { name: "acc".into(), reported: vec!["loss".into()] },
        PauseWhy::Rule { what: "60 generations without a better one".into() },
    ];
    why.into_iter().map(|why| Event::Mode { mode: Mode::Paused(why), who: None })
}

fn edits() -> Vec<Edit> {
    let param = || "lr0".to_owned();
    vec![
        Edit::Strategy(StrategyKind::Population),
        Edit::Parent(ParentMode::Weighted),
        Edit::Top(7),
        Edit::Sigma(0.1),
        Edit::Probability(0.9),
        Edit::Method(2),
        Edit::Fitness(Weights::yolov3()),
        Edit::Generations(500),
        Edit::Prune(Prune::Asha),
        Edit::Pin { param: param(), at: Some(0.02) },
        Edit::Pin { param: param(), at: None },
        Edit::Value { param: param(), to: 0.03 },
        Edit::Next { param: param(), at: Some(0.04) },
        Edit::Gain { param: param(), to: 0.5 },
        Edit::Bounds { param: param(), low: 1.0e-5, high: 0.1 },
    ]
}

fn created_in_full() -> Created {
    let mut created = created();
    created.space.params[1].kind = Kind::Log;
    created.space.params[1].pin = Some(0.9);
    let options =
        vec![Scalar::Int(16), Scalar::Float(0.5), Scalar::Bool(true), Scalar::Text("cosine".into())];
    created.space.params[2].kind = Kind::Choice(options);
    created.space.fixed.insert("anchors".into(), Scalar::Int(3));
    let acc = MetricRule {
        name: "acc".into(),
        pattern: "acc ([0-9.]+)".into(),
        take: Take::Mean5,
        minimise: false,
    };
    let argv = vec!["python".into(), "train.py".into(), "{hyp}".into()];
    created.spec.trainer = Trainer::Command { argv, metrics: vec![acc], preset: Some("yolov5".into()) };
    created.spec.options.insert("epochs".into(), "10".into());
    created.spec.trial_timeout = Some(3600);
    created
}
