//! The command line of `evotop run`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::dir::Keep;
use crate::engine::OnFailure;
use crate::evolve::Rule;
use crate::size;

/// Start an evolution, or go on with one: the same words resume it.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
The trainer:
  evotop run --data coco128.yaml --weights yolov5s.pt --epochs 10     the built-in YOLO trainer
  evotop run --hyp my.yaml -- python train.py --hyp {hyp}             any program
  evotop run --param lr=3e-4[1e-6..1e-2,log] --metric acc='val acc ([0-9.]+)' -- python train.py {args}
Without any of it, the built-in trainer on the built-in digits.")]
pub struct RunArgs {
    /// Name of the session [default: the next free exp, exp2, ...]
    #[arg(long)]
    pub name: Option<String>,
    /// Directory of the session itself [default: runs/evolve/NAME]
    #[arg(long)]
    pub dir: Option<PathBuf>,
    /// Start values: a hyp file, or the name of a built-in one (evotop hyp list)
    #[arg(long)]
    pub hyp: Option<String>,
    /// Gains and bounds: a space file, or the name of a built-in one
    #[arg(long)]
    pub space: Option<String>,
    /// A parameter without any file: NAME=START[LOW..HIGH] or NAME=START[LOW..HIGH,log|int], once for each
    #[arg(long = "param", value_name = "PARAM")]
    pub params: Vec<String>,

    /// Rules of breeding: yolov5, yolov5-2021-03, yolov3, yolov5-population, normal [default: yolov5 for YOLO, else normal]
    #[arg(long, help_heading = "Evolution")]
    pub strategy: Option<String>,
    /// Parent selection: single or weighted
    #[arg(long, help_heading = "Evolution")]
    pub parent: Option<String>,
    /// yolov3's mutation method: 1, 2 or 3
    #[arg(long, help_heading = "Evolution")]
    pub method: Option<u8>,
    /// Standard deviation of a mutation
    #[arg(long, help_heading = "Evolution")]
    pub sigma: Option<f64>,
    /// Mutation probability of a gene
    #[arg(long, help_heading = "Evolution")]
    pub mutation_prob: Option<f64>,
    /// How many of the best may be parents
    #[arg(long, help_heading = "Evolution")]
    pub top: Option<u32>,
    /// How many trials the run is to have [default: 300]
    #[arg(long, help_heading = "Evolution")]
    pub generations: Option<u64>,
    /// Seed of the evolution [default: 0]
    #[arg(long, help_heading = "Evolution")]
    pub seed: Option<u64>,
    /// What a trial's training is seeded with [default: 0]
    #[arg(long, help_heading = "Evolution")]
    pub trial_seed: Option<u64>,
    /// What is maximised: WEIGHT*METRIC + WEIGHT*METRIC, or the name of a metric
    #[arg(long, help_heading = "Evolution")]
    pub fitness: Option<String>,
    /// Stop hopeless trials early: off, median or asha
    #[arg(long, help_heading = "Evolution")]
    pub prune: Option<String>,
    /// Epochs that every trial gets before it may be pruned [default: a fifth of them]
    #[arg(long, value_name = "EPOCHS", help_heading = "Evolution")]
    pub prune_warm_up: Option<String>,
    /// Trials to compare with before any is pruned [default: 10]
    #[arg(long, value_name = "N", help_heading = "Evolution")]
    pub prune_trials: Option<String>,
    /// Epochs that a trial must look hopeless in a row, after the first [default: 0]
    #[arg(long, value_name = "EPOCHS", help_heading = "Evolution")]
    pub prune_patience: Option<String>,
    /// Train the best candidate again with another seed every N generations [default: off]
    #[arg(long, value_name = "N", help_heading = "Evolution")]
    pub repeat_best: Option<String>,
    /// Stop when the slots have trained so many hours together (GPU-hours) [default: off]
    #[arg(long, value_name = "HOURS", help_heading = "Evolution")]
    pub max_hours: Option<String>,
    /// Stop when so many trials in a row ended without a better best [default: off]
    #[arg(long, value_name = "N", help_heading = "Evolution")]
    pub patience: Option<String>,
    /// Stop when the best candidate's fitness is this high [default: off]
    #[arg(long, value_name = "FITNESS", allow_hyphen_values = true, help_heading = "Evolution")]
    pub target: Option<String>,
    /// Start values outside the bounds: abort, clip or widen
    #[arg(long, value_enum, default_value_t = OutOfBounds::Abort, help_heading = "Evolution")]
    pub out_of_bounds: OutOfBounds,
    /// Trials of an earlier run as first parents: evolve.csv, evolve.txt, a session, ...
    #[arg(long, value_name = "FILE", help_heading = "Evolution")]
    pub from: Vec<PathBuf>,
    /// Hyp files to try first
    #[arg(long, value_name = "FILE", help_heading = "Evolution")]
    pub enqueue: Vec<PathBuf>,

    /// Where trials run: auto, cpu, cpu*2, cuda:0,cuda:1, a UUID [default: auto]
    #[arg(long, visible_alias = "device", help_heading = "Trials")]
    pub devices: Option<String>,
    /// Threads of a slot [default: the machine's cores shared among the slots]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..), help_heading = "Trials")]
    pub threads: Option<u16>,
    /// The trainer: yolo (built in), sim (simulated), or a program that speaks the worker protocol
    #[arg(long, help_heading = "Trials")]
    pub trainer: Option<String>,
    /// How a known program is called and read: yolov5 or ultralytics
    #[arg(long, help_heading = "Trials")]
    pub preset: Option<String>,
    /// A metric in what a program prints: NAME='REGEX'[:last|best|mean5][:max|min], once for each
    #[arg(long = "metric", value_name = "METRIC", help_heading = "Trials")]
    pub metrics: Vec<String>,
    /// What to do when the run cannot go on by itself: pause or exit [default: exit with --headless, else pause]
    #[arg(long, value_enum, help_heading = "Trials")]
    pub on_failure: Option<OnFailureArg>,
    /// End in good order within this time: 90m, 11h30m, seconds
    #[arg(long, value_name = "TIME", help_heading = "Trials")]
    pub time_limit: Option<String>,
    /// Time a program has to end by itself before it is killed [default: 10s]
    #[arg(long, value_name = "TIME", help_heading = "Trials")]
    pub grace: Option<String>,
    /// End a trial that takes longer: 2h, seconds
    #[arg(long, value_name = "TIME", help_heading = "Trials")]
    pub trial_timeout: Option<String>,
    /// End a trial that prints nothing for so long [default: off]
    #[arg(long, value_name = "TIME", help_heading = "Trials")]
    pub silence: Option<String>,
    /// Keep only these trials' directories as it goes: best:5,last:3,failed [default: all]
    #[arg(long, value_name = "WHAT", help_heading = "Trials")]
    pub keep: Option<Keep>,
    /// Run a command on events, which are given with commas: paused,failed,slot-lost,best,finished
    #[arg(long = "on", num_args = 2, value_names = ["EVENTS", "CMD"], help_heading = "Trials")]
    pub on: Vec<String>,

    /// A demonstration: built-in digits, the screen at once; leaving offers to stop it
    #[arg(long, conflicts_with_all = ["headless", "detach"], help_heading = "Session")]
    pub demo: bool,
    /// Run in the foreground with plain log lines; others can attach
    #[arg(long, help_heading = "Session")]
    pub headless: bool,
    /// Start it and return
    #[arg(long, conflicts_with = "headless", help_heading = "Session")]
    pub detach: bool,
    /// Options from a YAML file, by their long names; the command line wins
    #[arg(long, value_name = "FILE", help_heading = "Session")]
    pub config: Option<PathBuf>,
    /// Let every user of this machine look at the session's files (never change them) [default: you alone]
    #[arg(long, help_heading = "Session")]
    pub share_read: bool,
    /// Hold the run before the session's disk has less room than this: 500M, 20G
    #[arg(long, value_name = "SIZE", default_value = "16M", value_parser = size::read, help_heading = "Session")]
    pub min_free: u64,
    /// Take a session over from another host that has been silent
    #[arg(long, help_heading = "Session")]
    pub take_over: bool,

    #[command(flatten)]
    pub screen: crate::cli::attach::ScreenArgs,

    #[command(flatten)]
    pub trainer_options: TrainerArgs,

    /// Any program as trainer: placeholders {hyp} {args} {dir} {device} {seed} {generation} {attempt} and {PARAM}
    #[arg(last = true, value_name = "CMD")]
    pub command: Vec<String>,
}

/// Options of the built-in trainer, passed on to it and journaled.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Built-in trainer")]
pub struct TrainerArgs {
    /// Data set YAML, or digits, the built-in one [default: digits]
    #[arg(long)]
    pub data: Option<String>,
    /// Weights to start from (.pt or .safetensors); empty for random ones. The built-in data set without a cfg has weights of its own
    #[arg(long)]
    pub weights: Option<String>,
    /// Model: a YAML file or a built-in name such as yolov5n [default: that of the weights, or yolov5n; yolov5p on the built-in data set]
    #[arg(long)]
    pub cfg: Option<String>,
    /// Epochs of a trial [default: 10; 8 on the built-in data set]
    #[arg(long)]
    pub epochs: Option<u32>,
    /// Pictures a batch [default: 16; 8 of the built-in data set]
    #[arg(long)]
    pub batch: Option<u32>,
    /// Picture side in pixels, made a multiple of the model's stride, 32 mostly [default: 640; 160 of the built-in data set]
    #[arg(long)]
    pub img: Option<u32>,
    /// Where decoded pictures stay: ram, from one trial to the next, or none [default: ram]
    #[arg(long)]
    pub cache: Option<String>,
    /// What makes steps of gradients: SGD, Adam or AdamW [default: SGD]
    #[arg(long)]
    pub optimizer: Option<String>,
    /// Layers that are not trained: one number for the first N, or a list: 0,1,2
    #[arg(long)]
    pub freeze: Option<String>,
    /// All classes count as one
    #[arg(long)]
    pub single_cls: bool,
    /// When it is validated: every, after every epoch, or last, after the last one alone [default: every]
    #[arg(long)]
    pub val: Option<String>,
    /// Rates fall along a cosine
    #[arg(long)]
    pub cos_lr: bool,
    /// Share of a class target that is spread, 0 to 1 [default: 0]
    #[arg(long)]
    pub label_smoothing: Option<f64>,
    /// Keep the model's anchors, so that the hyperparameter anchors has no effect
    #[arg(long)]
    pub noautoanchor: bool,
    /// Training batches of similar shapes, without mosaic
    #[arg(long)]
    pub rect: bool,
    /// Sim: standard deviation of the fitness
    #[arg(long, hide_short_help = true)]
    pub sim_noise: Option<f64>,
    /// Sim: fraction of trials that fail
    #[arg(long, hide_short_help = true)]
    pub sim_fail: Option<f64>,
    /// Sim: fraction of trials that diverge
    #[arg(long, hide_short_help = true)]
    pub sim_diverge: Option<f64>,
    /// Sim: milliseconds of an epoch
    #[arg(long, hide_short_help = true)]
    pub sim_epoch_ms: Option<u64>,
}

/// What happens to a start value outside the bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OutOfBounds {
    Abort,
    Clip,
    Widen,
}

/// `--on-failure`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OnFailureArg {
    Pause,
    Exit,
}

impl From<OnFailureArg> for OnFailure {
    fn from(arg: OnFailureArg) -> Self {
        match arg {
            OnFailureArg::Pause => Self::Pause,
            OnFailureArg::Exit => Self::Exit,
        }
    }
}

impl RunArgs {
    /// What is said of a rule.
    pub fn rule(&self, rule: Rule) -> Option<&str> {
        match rule {
            Rule::MaxHours => self.max_hours.as_deref(),
            Rule::Patience => self.patience.as_deref(),
            Rule::Target => self.target.as_deref(),
            Rule::RepeatBest => self.repeat_best.as_deref(),
            Rule::PruneWarmUp => self.prune_warm_up.as_deref(),
            Rule::PruneTrials => self.prune_trials.as_deref(),
            Rule::PrunePatience => self.prune_patience.as_deref(),
        }
    }
}

impl TrainerArgs {
    /// As the trainer gets them: names without dashes, values as given.
    pub fn options(&self) -> indexmap::IndexMap<String, String> {
        let given = [
            ("data", self.data.clone()),
            ("weights", self.weights.clone()),
            ("cfg", self.cfg.clone()),
            ("epochs", self.epochs.map(|n| n.to_string())),
            ("batch", self.batch.map(|n| n.to_string())),
            ("img", self.img.map(|n| n.to_string())),
            ("cache", self.cache.clone()),
            ("optimizer", self.optimizer.clone()),
            ("freeze", self.freeze.clone()),
            ("single-cls", self.single_cls.then(|| "true".into())),
            ("val", self.val.clone()),
            ("cos-lr", self.cos_lr.then(|| "true".into())),
            ("label-smoothing", self.label_smoothing.map(|x| x.to_string())),
            ("noautoanchor", self.noautoanchor.then(|| "true".into())),
            ("rect", self.rect.then(|| "true".into())),
            ("sim-noise", self.sim_noise.map(|x| x.to_string())),
            ("sim-fail", self.sim_fail.map(|x| x.to_string())),
            ("sim-diverge", self.sim_diverge.map(|x| x.to_string())),
            ("sim-epoch-ms", self.sim_epoch_ms.map(|n| n.to_string())),
        ];
        given.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    }
}

impl From<OutOfBounds> for crate::space::OutOfBounds {
    fn from(arg: OutOfBounds) -> Self {
        match arg {
            OutOfBounds::Abort => Self::Abort,
            OutOfBounds::Clip => Self::Clip,
            OutOfBounds::Widen => Self::Widen,
        }
    }
}
