//! Known programs: which words their command lines need, so that people write only what is theirs.
//!
//! Words that are there already are left as they are, and so are those that the script does not know (its text is
//! asked, where it can be read): YOLOv5 of 2021 says `--notest` where later ones say `--noval`.

use std::path::PathBuf;

use indexmap::IndexMap;
use thiserror::Error;

use super::Values;
use crate::trial::{Job, YOLO_METRICS};

/// A known program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// YOLOv5's `train.py`.
    Yolov5,
    /// Ultralytics' `yolo detect train`.
    Ultralytics,
}

/// Why a preset cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PresetError {
    #[error("--preset {0}: there are yolov5 and ultralytics")]
    Unknown(String),
    #[error(
        "--preset yolov5 on {0}: that program takes the number of a GPU, and the driver does not say which this one has; write cuda:N in --devices, with numbers in CUDA_VISIBLE_DEVICES where that is set"
    )]
    NoIndex(String),
}

impl Preset {
    /// # Errors
    /// Says which presets there are.
    pub fn parse(name: &str) -> Result<Self, PresetError> {
        match name {
            "yolov5" => Ok(Self::Yolov5),
            "ultralytics" => Ok(Self::Ultralytics),
            _ => Err(PresetError::Unknown(name.into())),
        }
    }

    /// Whether the mask of visible GPUs is left alone: YOLOv5 overwrites it with its own `--device`.
    pub fn keeps_mask(self) -> bool {
        self == Self::Yolov5
    }

    /// # Errors
    /// Where the program is to be told its device's number, and that is not known.
    pub fn knows_device(self, device: &str, number: Option<&str>) -> Result<(), PresetError> {
        if self.keeps_mask() && number.is_none() { Err(PresetError::NoIndex(device.into())) } else { Ok(()) }
    }

    /// Whether zeros in a row mean that nothing was validated.
    pub fn zero_is_none(self) -> bool {
        self == Self::Yolov5
    }

    /// The fitness that the program itself uses.
    pub fn fitness(self) -> IndexMap<String, f64> {
        let names = match self {
            Self::Yolov5 => ["metrics/mAP_0.5", "metrics/mAP_0.5:0.95"],
            Self::Ultralytics => ["metrics/mAP50(B)", "metrics/mAP50-95(B)"],
        };
        names.map(str::to_owned).into_iter().zip([0.1, 0.9]).collect()
    }

    /// The metrics that a row of its `results.csv` has, in order.
    pub fn metrics(self) -> Vec<String> {
        let names: &[&str] = match self {
            Self::Yolov5 => &YOLO_METRICS,
            Self::Ultralytics => &[
                "metrics/precision(B)",
                "metrics/recall(B)",
                "metrics/mAP50(B)",
                "metrics/mAP50-95(B)",
                "val/box_loss",
                "val/cls_loss",
                "val/dfl_loss",
            ],
        };
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    /// Where it writes its results, under the words of [`Preset::words`].
    pub fn results(self, job: &Job) -> PathBuf {
        job.dir.join("train")
    }

    /// The command line with what the program needs. `index` is the device's number among all GPUs as the program is
    /// to be told, `cpu` for none; `script` is the text of its script where that can be read.
    ///
    /// # Errors
    /// Where the device has no number.
    pub fn words(
        self,
        words: &[String],
        values: &Values,
        job: &Job,
        index: Option<&str>,
        script: Option<&str>,
    ) -> Result<Vec<String>, PresetError> {
        let more = match self {
            Self::Yolov5 => {
                let device = index.ok_or_else(|| PresetError::NoIndex(job.device.clone()))?;
                yolov5(words, job, device, script)
            }
            Self::Ultralytics => ultralytics(words, values, job),
        };
        Ok([words, &more].concat())
    }
}

/// What YOLOv5's `train.py` needs besides these words.
fn yolov5(words: &[String], job: &Job, device: &str, script: Option<&str>) -> Vec<String> {
    let (dir, seed) = (job.dir.to_string_lossy(), job.seed.to_string());
    let hyp = job.dir.join("hyp.yaml").to_string_lossy().into_owned();
    let validates = if script.is_some_and(|s| !s.contains("--noval")) { "--notest" } else { "--noval" };
    let mut wanted = vec![
        vec!["--hyp", &hyp],
        vec!["--project", &dir],
        vec!["--name", "train"],
        vec!["--device", device],
        vec!["--seed", &seed],
        vec!["--exist-ok"],
        vec![validates],
        vec!["--nosave"],
    ];
    wanted.retain(|option| {
        let is_default = option[0] == "--seed" && job.seed == 0;
        knows(script, option[0]) && !has(words, option[0]) && !is_default
    });
    wanted.concat().into_iter().map(str::to_owned).collect()
}

/// What Ultralytics' `yolo` needs besides these words: its own arguments, and every hyperparameter.
fn ultralytics(words: &[String], values: &Values, job: &Job) -> Vec<String> {
    let device = if matches!(&*job.device, "cpu" | "mps") { &*job.device } else { "0" };
    let own = [
        ("project", job.dir.to_string_lossy().into_owned()),
        ("name", "train".to_owned()),
        ("exist_ok", "True".to_owned()),
        ("device", device.to_owned()),
        ("seed", job.seed.to_string()),
        ("plots", "False".to_owned()),
    ];
    let hyp = values.hyp().iter().map(|(name, value)| (name.as_str(), value.clone()));
    let said = |name: &str| words.iter().any(|word| word.split_once('=').is_some_and(|(n, _)| n == name));
    let wanted = own.into_iter().chain(hyp).filter(|(name, _)| !said(name));
    wanted.map(|(name, value)| format!("{name}={value}")).collect()
}

/// Whether a script knows an option, as far as its text is known.
fn knows(script: Option<&str>, option: &str) -> bool {
    let quoted = |q: char| format!("{q}{option}{q}");
    script.is_none_or(|text| text.contains(&quoted('"')) || text.contains(&quoted('\'')))
}

fn has(words: &[String], option: &str) -> bool {
    words
        .iter()
        .any(|word| word == option || word.strip_prefix(option).is_some_and(|rest| rest.starts_with('=')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::Scalar;

    fn job(device: &str, seed: u64) -> Job {
        Job {
            trial: 3,
            attempt: 1,
            seed,
            hyp: IndexMap::from([("lr0".to_owned(), Scalar::Float(0.01))]),
            dir: "/s/a1".into(),
            previous: None,
            device: device.into(),
            threads: 1,
        }
    }

    fn line(preset: Preset, text: &str, job: &Job, index: Option<&str>, script: Option<&str>) -> String {
        let words: Vec<String> = text.split(' ').map(Into::into).collect();
        preset.words(&words, &Values::of(job), job, index, script).unwrap().join(" ")
    }

    #[test]
    fn yolov5_gets_what_its_own_evolve_passes() {
        assert_eq!(
            line(Preset::Yolov5, "python train.py --data d.yaml", &job("cuda:0", 0), Some("5"), None),
            "python train.py --data d.yaml --hyp /s/a1/hyp.yaml --project /s/a1 --name train --device 5 \
             --exist-ok --noval --nosave"
        );
    }

    #[test]
    fn words_of_the_users_own_stay_and_an_older_script_is_asked_what_it_knows() {
        let script = "add_argument('--hyp') add_argument('--project') add_argument('--name') add_argument('--device') \
                      add_argument('--exist-ok') add_argument('--notest') add_argument('--nosave')";
        let text =
            line(Preset::Yolov5, "python train.py --name=mine", &job("cpu", 2), Some("cpu"), Some(script));
        assert!(!text.contains("--name train") && !text.contains("--seed"), "{text}");
        assert!(text.ends_with("--device cpu --exist-ok --notest --nosave"), "{text}");
    }

    #[test]
    fn ultralytics_gets_its_own_words() {
        let text =
            line(Preset::Ultralytics, "yolo detect train data=d.yaml lr0=1", &job("cuda:0", 2), None, None);
        assert_eq!(
            text,
            "yolo detect train data=d.yaml lr0=1 project=/s/a1 name=train exist_ok=True device=0 seed=2 plots=False"
        );
    }

    #[test]
    fn a_device_without_a_number_is_refused() {
        let job = job("cuda:0", 0);
        let error = Preset::Yolov5.words(&[], &Values::of(&job), &job, None, None).unwrap_err();
        assert!(error.to_string().contains("cuda:N"));
        assert!(Preset::parse("yolo").unwrap_err().to_string().contains("ultralytics"));
    }
}
