//! The hyperparameters of a training, by the names of the YOLOv5 hyp files. What they are searched within is evotop's business.

use evotop::space::{builtin, hyp};
use std::path::Path;

use indexmap::IndexMap;
use serde_yaml::Value;

use crate::data::Augment;

/// Why a hyp file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HypError {
    #[error("{0}: no such file, and no built-in one of that name (evotop hyp list)")]
    NotThere(String),
    #[error("{path}: cannot be read: {why}")]
    Read { path: String, why: String },
    #[error("{origin}: not a map of names to numbers: {why}")]
    Yaml { origin: String, why: String },
    #[error("{origin}: {why}")]
    In { origin: String, why: Box<HypError> },
    #[error("{name}: {value} is not a number")]
    NotANumber { name: String, value: String },
    #[error("{name}: {value} is out of range ({range})")]
    OutOfRange { name: &'static str, value: f64, range: &'static str },
    #[error("{0}: no such hyperparameter in a YOLOv5 training")]
    Unknown(String),
    #[error(
        "{0}: the hyperparameters of the YOLOv3 of 2020 belong to another recipe, which this trainer does not have yet; take a hyp file of YOLOv5"
    )]
    Recipe(&'static str),
}

impl HypError {
    /// Whether no values would help, as the names themselves are those of another training.
    pub fn is_of_names(&self) -> bool {
        matches!(self, Self::Unknown(_) | Self::Recipe(_))
    }
}

macro_rules! hyp {
    ($($name:ident = $default:literal, $text:literal;)*) => {
        /// All hyperparameters but `anchors`, which may be absent.
        #[derive(Debug, Clone, PartialEq)]
        pub struct Hyp {
            $(#[doc = $text] pub $name: f64,)*
            /// Anchors a level, refitted by AutoAnchor; `None` or 0 keeps the model's own.
            pub anchors: Option<f64>,
        }

        impl Default for Hyp {
            fn default() -> Self {
                Self { $($name: $default,)* anchors: None }
            }
        }

        impl Hyp {
            /// Every name, in the order of the hyp files.
            pub const NAMES: &[&str] = &[$(stringify!($name),)* "anchors"];

            /// The value of a name; 0 for absent anchors.
            pub fn get(&self, name: &str) -> Option<f64> {
                match name {
                    $(stringify!($name) => Some(self.$name),)*
                    "anchors" => Some(self.anchors.unwrap_or(0.0)),
                    _ => None,
                }
            }

            /// Sets the value of a name; says whether there is one of this name.
            pub fn set(&mut self, name: &str, value: f64) -> bool {
                match name {
                    $(stringify!($name) => self.$name = value,)*
                    "anchors" => self.anchors = (value != 0.0).then_some(value),
                    _ => return false,
                }
                true
            }
        }
    };
}

hyp! {
    lr0 = 0.01, "First learning rate.";
    lrf = 0.01, "Last learning rate as a fraction of the first.";
    momentum = 0.937, "SGD momentum, Adam's beta1.";
    weight_decay = 0.0005, "Decay of weights at a batch of 64.";
    warmup_epochs = 3.0, "Epochs of warm-up (at least 100 iterations).";
    warmup_momentum = 0.8, "Momentum at the start of warm-up.";
    warmup_bias_lr = 0.1, "Learning rate of biases at the start of warm-up.";
    box_ = 0.05, "Gain of the box loss.";
    cls = 0.5, "Gain of the class loss.";
    cls_pw = 1.0, "Weight of positives in the class loss.";
    obj = 1.0, "Gain of the objectness loss.";
    obj_pw = 1.0, "Weight of positives in the objectness loss.";
    iou_t = 0.2, "Without effect in this training.";
    anchor_t = 4.0, "Largest ratio of sides between a target and its anchor.";
    fl_gamma = 0.0, "Focal loss gamma; 0 is no focal loss.";
    hsv_h = 0.015, "Augmentation: hue, as a fraction.";
    hsv_s = 0.7, "Augmentation: saturation, as a fraction.";
    hsv_v = 0.4, "Augmentation: value, as a fraction.";
    degrees = 0.0, "Augmentation: rotation, plus or minus degrees.";
    translate = 0.1, "Augmentation: shift, plus or minus, as a fraction.";
    scale = 0.5, "Augmentation: size, plus or minus, as a fraction.";
    shear = 0.0, "Augmentation: shear, plus or minus degrees.";
    perspective = 0.0, "Augmentation: perspective, plus or minus.";
    flipud = 0.0, "Probability of a flip up-down.";
    fliplr = 0.5, "Probability of a flip left-right.";
    mosaic = 1.0, "Probability of a mosaic of four pictures.";
    mixup = 0.0, "Probability of mixing two mosaics.";
    copy_paste = 0.0, "Share of objects pasted again, mirrored; needs polygons.";
}

/// What shows that hyperparameters are those of the YOLOv3 of 2020: its gain of the box loss, which later ones call `box`; its last
/// learning rate, the exponent of a power of ten, which later ones give as a fraction; or, where somebody left both out, its other names
/// all together and none besides, as every later recipe has further ones.
fn of_another_recipe(numbers: &[(String, f64)]) -> Option<&'static str> {
    let theirs =
        builtin::hyp("yolov3-2020-01").and_then(|source| hyp::read(&source).ok()).unwrap_or_default();
    let mut others = theirs.keys().filter(|name| !["giou", "lrf"].contains(&name.as_str()));
    let has = |wanted: &str| numbers.iter().any(|(name, _)| name == wanted);
    let exponent = numbers.iter().any(|(name, value)| name == "lrf" && *value < 0.0);
    if has("giou") {
        Some("giou")
    } else if exponent {
        Some("lrf below 0")
    } else if others.all(|name| has(name)) && numbers.iter().all(|(name, _)| theirs.contains_key(name)) {
        Some("neither `box` nor `anchor_t`")
    } else {
        None
    }
}

/// The field of a name in a file: `box` is a word of Rust, and its field's name is none of a file.
fn spelled(name: &str) -> &str {
    match name {
        "box" => "box_",
        "box_" => "box",
        name => name,
    }
}

impl Hyp {
    /// A hyp file by its path, or a built-in one by its name.
    ///
    /// # Errors
    /// As [`Hyp::read`].
    pub fn find(name: &str) -> Result<Self, HypError> {
        match builtin::hyp(name).filter(|_| !Path::new(name).is_file()) {
            Some(source) => Self::parse(&source.text, &source.name),
            None if !Path::new(name).exists() => Err(HypError::NotThere(name.to_owned())),
            None => Self::read(Path::new(name)),
        }
    }

    /// Reads a hyp file; what it leaves out has the default of the low-augmentation file.
    ///
    /// # Errors
    /// Names the file, and the key that is unknown, no number or out of range.
    pub fn read(path: &Path) -> Result<Self, HypError> {
        let origin = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|why| HypError::Read { path: origin.clone(), why: why.to_string() })?;
        Self::parse(&text, &origin)
    }

    /// As [`Hyp::read`], from a text that `origin` names.
    ///
    /// # Errors
    /// As [`Hyp::read`].
    pub fn parse(text: &str, origin: &str) -> Result<Self, HypError> {
        let map: IndexMap<String, Value> = serde_yaml::from_str(text)
            .map_err(|why| HypError::Yaml { origin: origin.to_owned(), why: why.to_string() })?;
        let number = |(name, value): (String, Value)| {
            let number = match &value {
                Value::Number(n) => n.as_f64(),
                // YAML 1.1 readers know `1e-3` as a text.
                Value::String(text) => text.trim().parse().ok(),
                _ => None,
            };
            match number {
                Some(x) => Ok((name, x)),
                None => Err(HypError::NotANumber { value: shown(&value), name }),
            }
        };
        let numbers = map.into_iter().map(number).collect::<Result<Vec<_>, _>>();
        numbers
            .and_then(Self::from_numbers)
            .map_err(|why| HypError::In { origin: origin.to_owned(), why: Box::new(why) })
    }

    /// From names and numbers.
    ///
    /// # Errors
    /// As [`Hyp::read`].
    pub fn from_numbers(numbers: impl IntoIterator<Item = (String, f64)>) -> Result<Self, HypError> {
        let numbers: Vec<(String, f64)> = numbers.into_iter().collect();
        if let Some(mark) = of_another_recipe(&numbers) {
            return Err(HypError::Recipe(mark));
        }
        let mut hyp = Self::default();
        for (name, value) in numbers {
            if !value.is_finite() {
                return Err(HypError::NotANumber { name, value: value.to_string() });
            }
            if !hyp.set(spelled(&name), value) {
                return Err(HypError::Unknown(name));
            }
        }
        hyp.check()?;
        Ok(hyp)
    }

    /// Only what would make no sense at all; the searched bounds are narrower and not known here.
    fn check(&self) -> Result<(), HypError> {
        let probability = |x: f64| (0.0..=1.0).contains(&x);
        let not_negative = |x: f64| x >= 0.0;
        let anchors = |x: f64| (0.0..=64.0).contains(&x);
        for (name, value, range, ok) in [
            ("lr0", self.lr0, "0 or more", not_negative(self.lr0)),
            ("momentum", self.momentum, "0 to below 1", (0.0..1.0).contains(&self.momentum)),
            ("weight_decay", self.weight_decay, "0 or more", not_negative(self.weight_decay)),
            ("warmup_epochs", self.warmup_epochs, "0 or more", not_negative(self.warmup_epochs)),
            ("anchor_t", self.anchor_t, "above 1", self.anchor_t > 1.0),
            ("fl_gamma", self.fl_gamma, "0 or more", not_negative(self.fl_gamma)),
            ("flipud", self.flipud, "0 to 1", probability(self.flipud)),
            ("fliplr", self.fliplr, "0 to 1", probability(self.fliplr)),
            ("mosaic", self.mosaic, "0 to 1", probability(self.mosaic)),
            ("mixup", self.mixup, "0 to 1", probability(self.mixup)),
            ("copy_paste", self.copy_paste, "0 to 1", probability(self.copy_paste)),
            ("scale", self.scale, "0 to 1", probability(self.scale)),
            ("anchors", self.anchors.unwrap_or(0.0), "0 to 64", anchors(self.anchors.unwrap_or(0.0))),
        ] {
            if !ok {
                return Err(HypError::OutOfRange { name, value, range });
            }
        }
        Ok(())
    }

    /// What the loader needs of it.
    pub fn augment(&self) -> Augment {
        Augment {
            hsv_h: self.hsv_h,
            hsv_s: self.hsv_s,
            hsv_v: self.hsv_v,
            degrees: self.degrees,
            translate: self.translate,
            scale: self.scale,
            shear: self.shear,
            perspective: self.perspective,
            flipud: self.flipud,
            fliplr: self.fliplr,
            mosaic: self.mosaic,
            mixup: self.mixup,
            copy_paste: self.copy_paste,
        }
    }

    /// How many anchors a level AutoAnchor is asked for; `None` keeps the model's.
    pub fn anchors_per_level(&self) -> Option<i64> {
        self.anchors.map(|x| x.round_ties_even() as i64).filter(|n| *n > 0)
    }

    /// The loss gains as this training uses them: scaled to levels, classes and picture size.
    pub fn scaled_gains(&self, levels: usize, classes: i64, img: i64) -> [f64; 3] {
        let by_level = 3.0 / levels as f64;
        let by_size = (img as f64 / 640.0).powi(2);
        [self.box_ * by_level, self.obj * by_size * by_level, self.cls * classes as f64 / 80.0 * by_level]
    }
}

fn shown(value: &Value) -> String {
    serde_yaml::to_string(value).map_or_else(|_| "the value".to_owned(), |text| text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hyp_file_is_read_by_name_and_the_rest_has_defaults() {
        let hyp = Hyp::parse("lr0: 1e-3\nbox: 0.02\nanchors: 3\n", "mine.yaml").unwrap();
        assert_eq!((hyp.lr0, hyp.box_, hyp.anchors_per_level(), hyp.momentum), (0.001, 0.02, Some(3), 0.937));
        assert_eq!(Hyp::parse("anchors: 0", "mine.yaml").unwrap().anchors_per_level(), None);
        let anchors = |n: f64| Hyp { anchors: Some(n), ..Hyp::default() }.anchors_per_level();
        assert_eq!([2.5, 3.5, 0.4].map(anchors), [Some(2), Some(4), None], "halves to the even number");
        assert_eq!(Hyp::NAMES.len(), 29);
    }

    #[test]
    fn built_in_hyp_files_are_known_by_name() {
        assert_eq!(Hyp::find("scratch-low").unwrap(), Hyp::default());
        let digits = Hyp::find("digits").unwrap();
        assert_eq!((digits.cls, digits.fliplr), (2.0, 0.0));
        assert!(
            Hyp::find("scratch-lo")
                .unwrap_err()
                .to_string()
                .starts_with("scratch-lo: no such file, and no built-in one")
        );
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, expected) in [
            ("lr0: fast", "lr0: fast is not a number"),
            ("learning_rate: 1", "learning_rate: no such"),
            ("box_: 1", "no such"),
            ("giou: 3.54", "recipe"),
            ("momentum: 1.5", "momentum: 1.5 is out of range (0 to below 1)"),
            ("- 1", "mine.yaml"),
        ] {
            let said = Hyp::parse(text, "mine.yaml").unwrap_err().to_string();
            assert!(said.starts_with("mine.yaml: ") && said.contains(expected), "{said}");
        }
    }

    #[test]
    fn the_recipe_of_2020_is_refused_by_name_also_where_its_box_gain_is_left_out() {
        let whole = include_str!("../../hyp/yolov3-2020-01.yaml");
        let without: Vec<&str> = whole.lines().filter(|line| !line.starts_with("giou")).collect();
        let no_rate: Vec<&str> = without.iter().copied().filter(|line| !line.starts_with("lrf")).collect();
        for text in [
            whole.to_owned(),
            without.join("\n"),
            "giou: 3.54".to_owned(),
            "lr0: .005\nlrf: -4".to_owned(),
            no_rate.join("\n"),
        ] {
            let said = Hyp::parse(&text, "hyp.yaml").unwrap_err().to_string();
            assert!(said.contains("the YOLOv3 of 2020") && said.contains("another recipe"), "{said}");
        }
        for name in [
            "scratch-low",
            "scratch-2021-03",
            "finetune-2021-03",
            "voc",
            "objects365",
            "no-augmentation",
            "digits",
        ] {
            let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../hyp/{name}.yaml"));
            Hyp::read(&file).unwrap();
        }
    }

    #[test]
    fn gains_are_scaled_to_levels_classes_and_size() {
        let [box_, obj, cls] = Hyp::default().scaled_gains(3, 3, 64);
        crate::fixture::near(&[box_, obj, cls], &[0.05, 0.01, 0.01875], 1e-12);
        crate::fixture::near(&Hyp::default().scaled_gains(2, 80, 640), &[0.075, 1.5, 0.75], 1e-12);
    }
}
