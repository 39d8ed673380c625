//! A model YAML as data: rows, multipliers, anchors. What the rows mean is in `plan.rs`.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::ModelError;

/// A model YAML.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// Classes.
    pub nc: i64,
    pub depth_multiple: f64,
    pub width_multiple: f64,
    pub anchors: Anchors,
    /// Input channels.
    #[serde(default = "three")]
    pub ch: i64,
    #[serde(default)]
    pub activation: Option<String>,
    pub backbone: Vec<Row>,
    pub head: Vec<Row>,
}

fn three() -> i64 {
    3
}

/// Anchors in pixels, or how many each level gets (AutoAnchor then has to find them).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Anchors {
    PerLevel(i64),
    Pixels(Vec<Vec<f64>>),
}

impl Anchors {
    /// Anchors of one level.
    pub fn per_level(&self) -> i64 {
        match self {
            Self::PerLevel(n) => *n,
            Self::Pixels(levels) => levels.first().map_or(0, |level| level.len() as i64 / 2),
        }
    }
}

/// `[from, repeats, module, arguments]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row(pub From, pub i64, pub String, pub Vec<Argument>);

/// Where a layer's input comes from: `-1` is the layer before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum From {
    One(i64),
    Several(Vec<i64>),
}

/// An argument of a row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Argument {
    Flag(bool),
    Integer(i64),
    Number(f64),
    Text(String),
    List(Vec<Argument>),
    Nothing(()),
}

impl Argument {
    /// A whole number, the text forms included.
    pub fn integer(&self) -> Option<i64> {
        match self {
            Self::Integer(n) => Some(*n),
            Self::Text(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// A flag, the text forms included.
    pub fn flag(&self) -> Option<bool> {
        match self {
            Self::Flag(flag) => Some(*flag),
            Self::Text(text) => match text.as_str() {
                "True" | "true" => Some(true),
                "False" | "false" => Some(false),
                _ => None,
            },
            _ => None,
        }
    }

    /// A list of whole numbers; a single one counts as a list of one.
    pub fn integers(&self) -> Option<Vec<i64>> {
        match self {
            Self::List(items) => items.iter().map(Self::integer).collect(),
            one => one.integer().map(|n| vec![n]),
        }
    }
}

macro_rules! built_in {
    ($($name:literal),* $(,)?) => {
        /// The models that need no file: name and YAML.
        pub const BUILT_IN: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../../../assets/models/", $name, ".yaml")))),*];
    };
}

built_in!(
    "yolov5n",
    "yolov5s",
    "yolov5m",
    "yolov5l",
    "yolov5x",
    "yolov5p",
    "yolov3",
    "yolov3-spp",
    "yolov3-tiny",
);

impl Config {
    /// Reads a model YAML; `origin` is what an error calls it.
    ///
    /// # Errors
    /// Says what of the YAML is no model.
    pub fn parse(text: &str, origin: &str) -> Result<Self, ModelError> {
        let config: Self = serde_yaml::from_str(text)
            .map_err(|why| ModelError::Yaml { origin: origin.to_owned(), why: why.to_string() })?;
        config.check(origin)?;
        Ok(config)
    }

    /// A file, or a built-in model by name: `yolov5n`, `yolov5n.yaml`, `models/mine.yaml`.
    ///
    /// # Errors
    /// Lists the built-in models where the name is none and no file.
    pub fn find(name: &str) -> Result<Self, ModelError> {
        let path = Path::new(name);
        if path.is_file() {
            let text = fs::read_to_string(path)
                .map_err(|why| ModelError::Read { path: path.to_owned(), why: why.to_string() })?;
            return Self::parse(&text, name);
        }
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or(name);
        match BUILT_IN.iter().find(|(known, _)| *known == stem) {
            Some((known, text)) => Self::parse(text, known),
            None => Err(ModelError::Unknown {
                name: name.to_owned(),
                known: BUILT_IN.iter().map(|(known, _)| *known).collect::<Vec<_>>().join(", "),
            }),
        }
    }

    /// All rows, numbered over both lists.
    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        self.backbone.iter().chain(&self.head)
    }

    /// Whether the numbers beside the rows are those of a model; `origin` is what an error calls it.
    ///
    /// # Errors
    /// Names the number.
    pub fn check(&self, origin: &str) -> Result<(), ModelError> {
        let fault = |what: String| Err(ModelError::Yaml { origin: origin.to_owned(), why: what });
        if !(1..=100_000).contains(&self.nc) {
            return fault(format!("nc: {} is not a number of classes", self.nc));
        }
        for (name, x) in [("depth_multiple", self.depth_multiple), ("width_multiple", self.width_multiple)] {
            if !(x > 0.0 && x <= 16.0) {
                return fault(format!("{name}: {x} is not between 0 and 16"));
            }
        }
        if !(1..=64).contains(&self.ch) {
            return fault(format!("ch: {} is not a number of colours", self.ch));
        }
        if let Anchors::Pixels(levels) = &self.anchors {
            let length = levels.first().map_or(0, Vec::len);
            let even = length > 0 && length % 2 == 0 && levels.iter().all(|level| level.len() == length);
            if !even || levels.iter().flatten().any(|x| !(x.is_finite() && *x >= 0.0)) {
                return fault("anchors: each level needs the same number of width, height pairs".to_owned());
            }
        }
        if !(1..=64).contains(&self.anchors.per_level()) {
            return fault(format!("anchors: {} for each level", self.anchors.per_level()));
        }
        Ok(())
    }
}
