//! What a training is asked for, by the names of the originals' options. The same words come from a command line and, as a map,
//! from evotop.

use std::path::PathBuf;

use clap::builder::RangedI64ValueParser;
use clap::{Args, Parser, ValueEnum};
use indexmap::IndexMap;

use crate::optim::Rule;

/// The name of the built-in data set.
pub const DIGITS: &str = "digits";

/// When the EMA is validated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Val {
    /// After every epoch.
    #[default]
    Every,
    /// After the last epoch only, as the originals do while they evolve.
    Last,
}

/// Where decoded pictures stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Cached {
    /// In memory, from one training to the next.
    #[default]
    Ram,
    /// Nowhere: they are read again each time.
    None,
}

/// The optimisers, as the originals spell them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum OptimizerName {
    #[default]
    #[value(name = "SGD", alias = "sgd")]
    Sgd,
    #[value(name = "Adam", alias = "adam")]
    Adam,
    #[value(name = "AdamW", alias = "adamw")]
    AdamW,
}

impl From<OptimizerName> for Rule {
    fn from(name: OptimizerName) -> Self {
        match name {
            OptimizerName::Sgd => Self::Sgd,
            OptimizerName::Adam => Self::Adam,
            OptimizerName::AdamW => Self::AdamW,
        }
    }
}

/// Options of a training.
#[derive(Debug, Clone, PartialEq, Args)]
pub struct Options {
    /// Data set YAML, or `digits`, the built-in one
    #[arg(long, default_value = DIGITS)]
    pub data: String,
    /// Weights to start from (.pt or .safetensors); empty for random ones. The built-in data set without a cfg has weights of its own
    #[arg(long)]
    pub weights: Option<String>,
    /// Model: a YAML file or a built-in name such as yolov5n
    #[arg(long)]
    pub cfg: Option<String>,
    /// Epochs of a training [default: 100; in an evolution 10, or 8 on the built-in data set]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub epochs: Option<u32>,
    /// Pictures a batch [default: 16; 8 of the built-in data set]
    #[arg(long, visible_aliases = ["batch-size"], value_parser = batches())]
    pub batch: Option<u32>,
    /// Picture side in pixels, made a multiple of the model's stride, 32 mostly [default: 640; 160 of the built-in data set]
    #[arg(long, visible_aliases = ["imgsz", "img-size"], value_parser = sides())]
    pub img: Option<u32>,
    /// cpu, cuda:N, mps or auto
    #[arg(long, default_value = "auto")]
    pub device: String,
    /// Where decoded pictures stay
    #[arg(long, value_enum, default_value_t, num_args = 0..=1, default_missing_value = "ram")]
    pub cache: Cached,
    /// What makes steps of gradients
    #[arg(long, value_enum, default_value_t, ignore_case = true)]
    pub optimizer: OptimizerName,
    /// What chance is drawn from; the same seed, device and threads give the same numbers
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Layers that are not trained: one number for the first N, or a list
    #[arg(long, value_delimiter = ',', num_args = 1..)]
    pub freeze: Vec<usize>,
    /// All classes count as one
    #[arg(long)]
    pub single_cls: bool,
    /// When it is validated
    #[arg(long, value_enum, default_value_t)]
    pub val: Val,
    /// Rates fall along a cosine
    #[arg(long)]
    pub cos_lr: bool,
    /// Share of a class target that is spread, 0 to 1
    #[arg(long, default_value_t = 0.0, value_parser = fraction)]
    pub label_smoothing: f64,
    /// Epochs without improvement before the training ends; 0 for never
    #[arg(long, default_value_t = 100)]
    pub patience: u32,
    /// Keep the model's anchors as they are; in an evolution hyp `anchors` then has no effect
    #[arg(long)]
    pub noautoanchor: bool,
    /// Training batches of similar shapes, without mosaic
    #[arg(long)]
    pub rect: bool,
    /// Threads that compute, and as many that load; 0 for what evotop gives a slot, or all cores
    #[arg(long, default_value_t = 0)]
    pub threads: usize,
    /// Where a `train` puts its folder
    #[arg(long, default_value = "runs/train")]
    pub project: PathBuf,
    /// The folder's name
    #[arg(long, default_value = "exp")]
    pub name: String,
    /// Pictures of the built-in data set: train and val
    #[arg(long, value_name = "TRAIN,VAL", default_value = "128,64", value_parser = two)]
    pub digits: [usize; 2],
}

/// How many pictures a batch may have.
pub fn batches() -> RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(1..=4096)
}

/// How long a picture's side may be.
pub fn sides() -> RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(1..=8192)
}

fn two(text: &str) -> Result<[usize; 2], String> {
    let numbers =
        text.split_once([',', ' ']).and_then(|(a, b)| Some([a.trim().parse().ok()?, b.trim().parse().ok()?]));
    numbers.ok_or_else(|| "not two numbers such as 128,64".to_owned())
}

fn fraction(text: &str) -> Result<f64, String> {
    text.parse().ok().filter(|x| (0.0..=1.0).contains(x)).ok_or_else(|| "not a number from 0 to 1".to_owned())
}

#[derive(Parser)]
#[command(no_binary_name = true)]
struct Only {
    #[command(flatten)]
    options: Options,
}

/// Options that are switches: present or not.
const SWITCHES: &[&str] = &["single-cls", "cos-lr", "noautoanchor", "rect"];

impl Options {
    /// Options as evotop hands them on: names without dashes.
    ///
    /// # Errors
    /// As a command line would say it.
    pub fn from_map(map: &IndexMap<String, String>) -> Result<Self, String> {
        let mut words = Vec::new();
        for (name, value) in map {
            let name = name.trim_start_matches('-').replace('_', "-");
            if SWITCHES.contains(&name.as_str()) {
                match value.as_str() {
                    "" | "true" | "1" => words.push(format!("--{name}")),
                    "false" | "0" => {}
                    other => return Err(format!("--{name}: {other} is neither true nor false")),
                }
            } else if name == "freeze" {
                words.push(format!("--{name}"));
                words.extend(value.split([',', ' ']).filter(|part| !part.is_empty()).map(str::to_owned));
            } else {
                words.push(format!("--{name}={value}"));
            }
        }
        Only::try_parse_from(words).map(|only| only.options).map_err(|why| {
            // Only the sentence; usage and hints are for a terminal.
            let text = why.to_string();
            let text = text.strip_prefix("error: ").unwrap_or(&text);
            text.split("\n\n").next().unwrap_or(text).replace('\n', " ")
        })
    }

    /// Whether the built-in data set is meant.
    pub fn is_digits(&self) -> bool {
        self.data == DIGITS
    }

    /// Pictures a batch. Few for the small built-in set, so that a short training still outlasts its warm-up of 100 batches.
    pub fn batch(&self) -> u32 {
        self.batch.unwrap_or(if self.is_digits() { 8 } else { 16 })
    }

    /// The side of pictures for a model of this stride.
    pub fn img(&self, stride: usize) -> usize {
        round_img(self.img.unwrap_or(usual_img(&self.data)), stride)
    }

    /// Whether a parameter of this name is held still by `--freeze`.
    pub fn freezes(&self, name: &str) -> bool {
        let number = |rest: &str| rest.split_once('.')?.0.parse().ok();
        name.split("model.").skip(1).filter_map(number).any(|layer| match self.freeze[..] {
            [n] => layer < n,
            ref list => list.contains(&layer),
        })
    }

    /// Threads to compute with.
    pub fn threads(&self) -> usize {
        if self.threads > 0 {
            return self.threads;
        }
        cores()
    }
}

/// The cores this process may use: what `OMP_NUM_THREADS` says (evotop sets it, so that slots on one machine share its cores), or all.
pub fn cores() -> usize {
    told(std::env::var("OMP_NUM_THREADS").ok().as_deref())
        .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from))
}

/// The number in a value of `OMP_NUM_THREADS`, the first of a list.
fn told(value: Option<&str>) -> Option<usize> {
    value?.split(',').next()?.trim().parse().ok().filter(|n| *n > 0)
}

/// The side of a data set's pictures where none is asked for.
pub fn usual_img(data: &str) -> u32 {
    if data == DIGITS { 160 } else { 640 }
}

/// The next multiple of a model's stride, at least twice that.
pub fn round_img(img: u32, stride: usize) -> usize {
    (img as usize).div_ceil(stride).max(2).saturating_mul(stride)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&str, &str)]) -> Result<Options, String> {
        Options::from_map(&pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect())
    }

    #[test]
    fn fixture_1_rounding_of_picture_sides() {
        assert_eq!([30, 65, 650, 640].map(|img| round_img(img, 32)), [64, 96, 672, 640]);
        assert_eq!([30, 640, 650].map(|img| round_img(img, 64)), [128, 640, 704]);
    }

    #[test]
    fn options_come_as_a_map_too() {
        let options =
            map(&[("data", "d.yaml"), ("single_cls", "true"), ("batch-size", "8"), ("optimizer", "adam")])
                .unwrap();
        assert_eq!((options.data.as_str(), options.single_cls, options.batch()), ("d.yaml", true, 8));
        assert_eq!((options.img(32), options.optimizer), (640, OptimizerName::Adam));
        assert_eq!(map(&[]).unwrap().img(32), 160);
        let said = map(&[("epochs", "many")]).unwrap_err();
        assert!(said.contains("many") && said.contains("--epochs"), "{said}");
        let said = map(&[("label-smoothing", "7")]).unwrap_err();
        assert!(said.contains("--label-smoothing") && said.contains("0 to 1"), "{said}");
        assert!(map(&[("lr", "1")]).unwrap_err().contains("--lr"));
    }

    #[test]
    fn a_slots_share_of_the_cores_is_respected() {
        assert_eq!(
            [Some("3"), Some("2,4"), Some("0"), Some("many"), None].map(told),
            [Some(3), Some(2), None, None, None]
        );
    }

    #[test]
    fn freeze_takes_a_count_or_a_list() {
        let first = map(&[("freeze", "2")]).unwrap();
        assert!(first.freezes("model.1.bn.weight") && !first.freezes("model.2.cv1.conv.weight"));
        let all = map(&[("freeze", "18446744073709551615")]).unwrap();
        assert!(all.freezes("model.24.m.0.weight"), "however many there are");
        let list = map(&[("freeze", "0,10")]).unwrap();
        assert!(list.freezes("model.10.conv.weight") && !list.freezes("model.1.conv.weight"));
        assert!(!map(&[]).unwrap().freezes("model.0.conv.weight"));
    }
}
