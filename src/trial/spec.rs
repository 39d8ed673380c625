//! What trains: chosen once when a run is started, and journaled.

use std::path::PathBuf;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// The trainer of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Trainer {
    /// The simulated trainer: a documented fitness landscape, no GPU.
    Sim,
    /// `evotop-yolo`, the built-in trainer.
    Yolo,
    /// A program that speaks the worker protocol.
    Worker { argv: Vec<String> },
    /// Any program, started once for each trial.
    Command { argv: Vec<String>, metrics: Vec<MetricRule>, preset: Option<String> },
}

impl Trainer {
    /// Whether it is a program that is run once for each trial.
    pub fn is_command(&self) -> bool {
        matches!(self, Self::Command { .. })
    }

    /// Whether its metrics are the seven of YOLO.
    pub fn is_yolo(&self) -> bool {
        match self {
            Self::Sim | Self::Yolo => true,
            Self::Worker { .. } => false,
            Self::Command { preset, .. } => preset.as_deref() == Some("yolov5"),
        }
    }
}

/// Where a metric is found in what a program prints: `acc='val acc ([0-9.]+)':last:max`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetricRule {
    pub name: String,
    /// A regular expression whose first group is the number.
    pub pattern: String,
    pub take: Take,
    /// Smaller is better: its weight is negative.
    pub minimise: bool,
}

impl MetricRule {
    /// Reads `NAME=REGEX[:last|best|mean5][:max|min]`, in either order; the defaults are last and max.
    ///
    /// # Errors
    /// Says what is wrong with it, and how it is written.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = |what: &str| {
            format!(
                "--metric {text}: {what}; write NAME='REGEX with one (group)'[:last|best|mean5][:max|min]"
            )
        };
        let (name, mut pattern) = text.split_once('=').ok_or_else(|| wrong("no = in it"))?;
        let (mut take, mut minimise) = (Take::Last, false);
        while let Some((rest, word)) = pattern.rsplit_once(':') {
            match word {
                "last" => take = Take::Last,
                "best" => take = Take::Best,
                "mean5" => take = Take::Mean5,
                "max" => minimise = false,
                "min" => minimise = true,
                _ => break,
            }
            pattern = rest;
        }
        let pattern = pattern.trim_matches('\'');
        let regex = regex::Regex::new(pattern).map_err(|error| wrong(&error.to_string()))?;
        if regex.captures_len() < 2 {
            return Err(wrong("the expression has no (group) around the number"));
        }
        if name.is_empty() || name.contains(char::is_whitespace) {
            return Err(wrong("the name is empty or has spaces"));
        }
        Ok(Self { name: name.into(), pattern: pattern.into(), take, minimise })
    }
}

/// Which of a metric's values is the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Take {
    Last,
    Best,
    /// The mean of the last five.
    Mean5,
}

/// How a run was started: what must be the same for it to be the same run when it is resumed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunSpec {
    pub trainer: Trainer,
    /// Options for the trainer, as given: `data`, `weights`, `epochs`, ... without the dashes.
    pub options: IndexMap<String, String>,
    /// The working directory trainers start in.
    pub cwd: PathBuf,
    /// Slots as given on the command line: `auto`, `cpu*2`, `cuda:0,cuda:1`.
    pub devices: String,
    /// The hyp file's name as given, and the space's.
    pub hyp: String,
    pub space: Option<String>,
    /// Seconds a trial may take.
    pub trial_timeout: Option<u64>,
    /// Seconds without output after which a trial is ended.
    pub silence: Option<u64>,
    /// Seconds between TERM and KILL.
    pub grace: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_is_read_as_people_write_it() {
        let rule = MetricRule::parse("acc='val acc: ([0-9.]+)':best:max").unwrap();
        assert_eq!(
            (rule.pattern.as_str(), rule.take, rule.minimise),
            ("val acc: ([0-9.]+)", Take::Best, false)
        );
        let rule = MetricRule::parse("loss=loss=([0-9.]+):min").unwrap();
        assert_eq!((rule.pattern.as_str(), rule.take, rule.minimise), ("loss=([0-9.]+)", Take::Last, true));
        for bad in ["acc", "acc=([0-9", "acc=val acc", "=(x)", "a b=(x)"] {
            assert!(MetricRule::parse(bad).unwrap_err().contains("--metric"), "{bad}");
        }
    }
}
