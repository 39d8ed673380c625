//! A made-up session: the same journal every time, folded and decided by the real state.

use std::sync::Arc;

use evotop::app::{Effect, Input, Key, Model, News, Options, Request};
use evotop::evolve::{Settings, StrategyKind, Weights};
use evotop::journal::{
    AttemptStart, Created, Entry, Event, Host, How, Opened, Proposed, SlotSpec, VERSION, Who,
};
use evotop::runner::{DeviceUse, Figures};
use evotop::session::{Command, State, steer};
use evotop::space::{Kind, Param, Scalar, Space};
use evotop::trial::protocol::Progress;
use evotop::trial::{Change, End, FailureClass, Metrics, Origin, RunSpec, Trainer, YOLO_METRICS};

/// 2026-11-24 08:00:00 UTC.
pub const START: i64 = 1_795_507_200_000;

/// Name, start, gain, low, high.
const PARAMS: [(&str, f64, f64, f64, f64); 29] = [
    ("lr0", 0.01, 1.0, 1e-5, 0.1),
    ("lrf", 0.2, 1.0, 0.01, 1.0),
    ("momentum", 0.937, 0.3, 0.6, 0.98),
    ("weight_decay", 0.0005, 1.0, 0.0, 0.001),
    ("warmup_epochs", 3.0, 1.0, 0.0, 5.0),
    ("warmup_momentum", 0.8, 1.0, 0.0, 0.95),
    ("warmup_bias_lr", 0.1, 1.0, 0.0, 0.2),
    ("box", 0.05, 1.0, 0.02, 0.2),
    ("cls", 0.5, 1.0, 0.2, 4.0),
    ("cls_pw", 1.0, 1.0, 0.5, 2.0),
    ("obj", 1.0, 1.0, 0.2, 4.0),
    ("obj_pw", 1.0, 1.0, 0.5, 2.0),
    ("iou_t", 0.2, 0.0, 0.1, 0.7),
    ("anchor_t", 4.0, 1.0, 2.0, 8.0),
    ("anchors", 3.0, 2.0, 2.0, 10.0),
    ("fl_gamma", 0.0, 0.0, 0.0, 2.0),
    ("hsv_h", 0.015, 1.0, 0.0, 0.1),
    ("hsv_s", 0.7, 1.0, 0.0, 0.9),
    ("hsv_v", 0.4, 1.0, 0.0, 0.9),
    ("degrees", 0.0, 1.0, 0.0, 45.0),
    ("translate", 0.1, 1.0, 0.0, 0.9),
    ("scale", 0.5, 1.0, 0.0, 0.9),
    ("shear", 0.0, 1.0, 0.0, 10.0),
    ("perspective", 0.0, 0.0, 0.0, 0.001),
    ("flipud", 0.0, 1.0, 0.0, 1.0),
    ("fliplr", 0.5, 0.0, 0.0, 1.0),
    ("mosaic", 1.0, 1.0, 0.0, 1.0),
    ("mixup", 0.0, 1.0, 0.0, 1.0),
    ("copy_paste", 0.0, 1.0, 0.0, 1.0),
];

/// A session, its journal, and a screen attached to it.
pub struct Run {
    pub state: State,
    pub entries: Vec<Entry>,
    pub model: Model,
    pub now: i64,
    pub effects: Vec<Effect>,
    who: Who,
    noise: u64,
}

/// The person at the screen.
pub fn me(how: How) -> Who {
    Who { user: "ada".into(), tty: Some("pts/3".into()), ssh: None, how }
}

impl Run {
    /// A session that was just created with these slots, and a screen attached.
    pub fn new(slots: usize) -> Self {
        let space = Space {
            params: PARAMS
                .iter()
                .map(|(name, value, gain, low, high)| Param {
                    name: (*name).into(),
                    value: *value,
                    gain: *gain,
                    low: *low,
                    high: *high,
                    kind: Kind::Float,
                    pin: None,
                })
                .collect(),
            fixed: [("optimizer".to_owned(), Scalar::Text("sgd".into()))].into_iter().collect(),
        };
        let created = Created {
            version: VERSION,
            name: "digits".into(),
            evotop: "0.1.0".into(),
            rules: evotop::evolve::RULES_VERSION,
            seed: 0,
            trial_seed: 0,
            space,
            settings: Settings::for_strategy(StrategyKind::Yolov5, Weights::yolov5()),
            spec: RunSpec {
                trainer: Trainer::Yolo,
                options: [("weights".to_owned(), "yolov5p.safetensors".to_owned())].into_iter().collect(),
                cwd: "/home/ada".into(),
                devices: "auto".into(),
                hyp: "hyp.digits.yaml".into(),
                space: None,
                trial_timeout: None,
                silence: None,
                grace: 10,
            },
        };
        let state = State::new(&created, START);
        let model = Model::new(Options::default(), START);
        let mut run = Self {
            entries: vec![Entry { seq: 0, time: START, event: Event::Created(Box::new(created)) }],
            state,
            model,
            now: START,
            effects: Vec::new(),
            who: me(How::Key),
            noise: 1,
        };
        run.tell(News::Connected { read_only: false, dir: "/tmp/digits".into(), demo: false });
        run.tell(News::Snapshot(Box::new(run.state.clone())));
        run.journal(Event::Opened(Opened {
            host: Host { name: "gpu-box".into(), boot_id: "b".into() },
            pid: 4711,
            start_time: 1,
            evotop: "0.1.0".into(),
            argv: Vec::new(),
        }));
        for i in 0..slots {
            let name = if slots == 1 { "cpu".to_owned() } else { format!("cuda:{i}") };
            let slot = SlotSpec { name: name.clone(), device: name };
            run.journal(Event::SlotAdded { slot, who: None });
        }
        run
    }

    /// Takes the screen to this size.
    pub fn sized(mut self, columns: u16, rows: u16) -> Self {
        let effects = self.model.input(Input::Resize(columns, rows), self.now);
        self.effects.extend(effects);
        self
    }

    /// Tells the screen something.
    pub fn tell(&mut self, news: News) {
        let effects = self.model.news(news, self.now);
        self.effects.extend(effects);
    }

    /// Something happens: journaled, folded, told.
    pub fn journal(&mut self, event: Event) {
        let entry = Entry { seq: self.state.seq + 1, time: self.now, event };
        self.state.apply(&entry);
        self.entries.push(entry.clone());
        self.tell(News::Entry(Arc::new(entry)));
    }

    /// Time passes.
    pub fn wait(&mut self, ms: i64) {
        self.now += ms;
        self.model.tick(self.now);
    }

    /// A number between 0 and 1, the next of a fixed sequence.
    pub fn chance(&mut self) -> f64 {
        self.noise =
            self.noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.noise >> 33) as f64 / (1u64 << 31) as f64
    }

    /// The next trial is bred by hand of this file (not by a strategy: snapshots must not move with one).
    pub fn propose(&mut self) -> u64 {
        let generation = self.state.history.next_generation();
        let parent = self.state.history.best().map(|(t, _)| (t.generation, t.genes.clone()));
        let (origin, mut genes) = match &parent {
            Some((_, genes)) => (Origin::Bred, genes.clone()),
            None if generation == 0 => (Origin::Start, self.state.space.start()),
            None => (Origin::Bred, self.state.space.start()),
        };
        let mut changes = Vec::new();
        if origin == Origin::Bred {
            for (gene, p) in genes.iter_mut().zip(self.state.space.params.clone()) {
                let (a, b) = (self.chance(), self.chance());
                if let Some(held) = p.held() {
                    *gene = held;
                    changes.push(Change::Held);
                } else if a < 0.3 {
                    changes.push(Change::Kept);
                } else {
                    let x =
                        evotop::space::number::decimals(*gene * (1.0 + (b - 0.5) * 0.5 * p.gain.min(1.0)), 5);
                    *gene = p.clip(x);
                    changes.push(if p.on_bound(*gene) { Change::Bounded } else { Change::Mutated });
                }
            }
        }
        self.journal(Event::Proposed(Proposed {
            generation,
            candidate: None,
            origin,
            seed: 0,
            revision: self.state.revision,
            settings: 0,
            genes,
            parents: parent.map(|p| p.0).filter(|_| origin == Origin::Bred).into_iter().collect(),
            changes: changes.into(),
            round: (self.state.settings.strategy == StrategyKind::Population).then_some(0),
            who: None,
        }));
        generation
    }

    /// The trial starts on this slot.
    pub fn start(&mut self, generation: u64, slot: usize) {
        let slot = self.state.slots.get_index(slot).map(|(n, _)| n.clone()).unwrap_or_default();
        let attempt = self.state.history.get(generation).map_or(1, |t| t.attempts + 1);
        let start =
            AttemptStart { generation, attempt, slot, pid: 100, start_time: 1, group: 100, uuid: None };
        self.journal(Event::Started(start));
    }

    /// The metrics of a training of this quality.
    pub fn metrics(&mut self, quality: f64) -> Metrics {
        let noise: Vec<f64> = (0..YOLO_METRICS.len()).map(|_| self.chance() * 0.02).collect();
        let values = [1.05, 0.98, 1.02, 0.66, 0.08, 0.05, 0.03];
        let values = values.iter().enumerate().map(|(i, v)| {
            let x = if i < 4 { v * quality + noise[i] } else { v * (1.5 - quality) + noise[i] * 0.1 };
            evotop::space::number::decimals(x, 5)
        });
        YOLO_METRICS.iter().zip(values).map(|(n, x)| (*n, x)).collect()
    }

    /// How good the trial would come out, by a landscape of its own.
    fn quality(&mut self, generation: u64) -> f64 {
        let genes = self.state.history.get(generation).map(|t| t.genes.clone()).unwrap_or_default();
        let best = [0.016, 0.12, 0.9];
        let miss: f64 = best.iter().zip(&genes).map(|(b, x)| ((x - b) / b).abs().min(1.0)).sum();
        0.82 - 0.18 * miss + (self.chance() - 0.5) * 0.05
    }

    /// After an epoch.
    pub fn epoch(&mut self, generation: u64, epoch: u32, epochs: u32) {
        let quality = self.quality(generation) * (0.5 + 0.5 * f64::from(epoch) / f64::from(epochs));
        let metrics = self.metrics(quality);
        self.journal(Event::Epoch { generation, epoch, epochs, seconds: 3.0, metrics });
    }

    /// The trial ends, well.
    pub fn finish(&mut self, generation: u64) {
        let quality = self.quality(generation);
        let metrics = self.metrics(quality);
        self.journal(Event::Ended { generation, end: End::Finished, metrics, who: None });
    }

    /// Whole trials on the first slot, one after the other; here and there one goes wrong.
    pub fn trials(&mut self, count: u64) {
        for _ in 0..count {
            let generation = self.propose();
            self.start(generation, 0);
            for epoch in 1..=3 {
                self.now += 2_000;
                self.epoch(generation, epoch, 3);
            }
            self.now += 500;
            if generation % 17 == 11 {
                let end = End::Diverged { epoch: 2, what: "train/box_loss is NaN".into() };
                self.journal(Event::Ended { generation, end, metrics: Metrics::default(), who: None });
            } else if generation % 23 == 19 {
                let detail = "exit status 1: CUDA error: device-side assert triggered".into();
                let end = End::Failed { class: FailureClass::Crash, detail };
                self.journal(Event::Ended { generation, end, metrics: Metrics::default(), who: None });
            } else {
                self.finish(generation);
            }
        }
    }

    /// Progress within an epoch.
    pub fn progress(&mut self, generation: u64, epoch: u32, epochs: u32, batch: u32, batches: u32) {
        let at = f64::from(epoch - 1) + f64::from(batch) / f64::from(batches);
        let loss = |scale: f64| scale * (0.4 + 0.6 * (-at).exp());
        let progress = Progress {
            epoch,
            epochs,
            batch,
            batches,
            rate: Some(112.0),
            unit: Some("img/s".into()),
            memory: Some(1_100_000_000),
            losses: [("box", loss(0.08)), ("obj", loss(0.05)), ("cls", loss(0.04))].into_iter().collect(),
        };
        self.tell(News::Progress { generation, progress });
    }

    /// A run in the middle: 37 trials done, one in training on each slot.
    pub fn mid_run(slots: usize) -> Self {
        let mut run = Self::new(slots);
        run.trials(37);
        for slot in 0..slots {
            let generation = run.propose();
            run.start(generation, slot);
            run.now += 700;
        }
        let running: Vec<u64> = run.state.running.keys().copied().collect();
        for batch in 1..=20 {
            run.now += 100;
            for generation in &running {
                run.progress(*generation, 1, 3, batch, 20);
            }
        }
        for generation in &running {
            run.epoch(*generation, 1, 3);
        }
        for batch in 1..=12 {
            run.now += 100;
            for generation in &running {
                run.progress(*generation, 2, 3, batch, 20);
            }
        }
        if slots > 1 {
            let devices = (0..slots).map(|i| DeviceUse {
                device: format!("cuda:{i}"),
                name: Some("NVIDIA A100".into()),
                utilisation: Some(0.93),
                memory: Some((11_000_000_000, 80_000_000_000)),
                temperature: Some(61.0),
                watts: Some(240.0),
                others: Vec::new(),
            });
            let devices = devices.collect();
            run.tell(News::Figures(Figures { devices, silent: Vec::new() }));
        }
        run
    }

    /// Types keys; what they ask of the session is decided and answered at once.
    pub fn keys(&mut self, keys: &str) -> &mut Self {
        self.type_keys(keys);
        self.answer();
        self
    }

    /// Types keys; requests stay unanswered.
    pub fn type_keys(&mut self, keys: &str) {
        for key in Key::sequence(keys) {
            let effects = self.model.input(Input::Key(key), self.now);
            self.effects.extend(effects);
        }
    }

    /// The session decides on every request that was sent.
    pub fn answer(&mut self) {
        let (requests, rest) = self.effects.drain(..).partition(|e| matches!(e, Effect::Send(_)));
        self.effects = rest;
        for request in requests {
            let (id, command, how) = match request {
                Effect::Send(Request::Do { id, command }) => (id, Ok(command), How::Key),
                Effect::Send(Request::Say { id, line }) => {
                    (id, steer::parse(&line, &self.state), How::CommandLine)
                }
                _ => continue,
            };
            let who = Who { how, ..self.who.clone() };
            let decided = command
                .map_err(|e| e.to_string())
                .and_then(|command: Command| self.state.decide(&command, &who).map_err(|e| e.to_string()));
            match decided {
                Ok(events) => {
                    for event in events {
                        self.journal(event);
                    }
                    self.tell(News::Answer { id, result: Ok(String::new()) });
                }
                Err(why) => self.tell(News::Answer { id, result: Err(why) }),
            }
        }
    }
}
