//! The hyp and space files that are built in, by name; the same as in `hyp/`.

use super::yaml::Source;

/// Name, what it is, text.
type File = (&'static str, &'static str, &'static str);

const HYPS: &[File] = &[
    ("digits", "the built-in digits, from scratch", include_str!("../../hyp/digits.yaml")),
    ("scratch-low", "YOLOv5 v7.0, small models from scratch", include_str!("../../hyp/scratch-low.yaml")),
    ("scratch-med", "YOLOv5 v7.0, medium models from scratch", include_str!("../../hyp/scratch-med.yaml")),
    ("scratch-high", "YOLOv5 v7.0, large models from scratch", include_str!("../../hyp/scratch-high.yaml")),
    ("voc", "YOLOv5 v7.0, fine-tuned for VOC", include_str!("../../hyp/voc.yaml")),
    ("objects365", "YOLOv5 v7.0, Objects365", include_str!("../../hyp/objects365.yaml")),
    ("no-augmentation", "YOLOv5 today, without augmentation", include_str!("../../hyp/no-augmentation.yaml")),
    ("scratch-2021-03", "YOLOv5 2021-03, from scratch", include_str!("../../hyp/scratch-2021-03.yaml")),
    ("finetune-2021-03", "YOLOv5 2021-03, fine-tuning", include_str!("../../hyp/finetune-2021-03.yaml")),
    (
        "ultralytics",
        "Ultralytics (YOLOv8 and later), its defaults",
        include_str!("../../hyp/ultralytics.yaml"),
    ),
    ("yolov3-2020-01", "yolov3 2020-01, 18 parameters", include_str!("../../hyp/yolov3-2020-01.yaml")),
];

const SPACES: &[File] = &[
    ("digits", "gains and bounds for the built-in digits", include_str!("../../hyp/space/digits.yaml")),
    ("yolov5", "gains and bounds of YOLOv5", include_str!("../../hyp/space/yolov5.yaml")),
    (
        "yolov5-population",
        "the augmentation alone, as today's YOLOv5 evolves it",
        include_str!("../../hyp/space/yolov5-population.yaml"),
    ),
    ("yolov3", "gains and bounds of yolov3 2020-01", include_str!("../../hyp/space/yolov3.yaml")),
    (
        "ultralytics",
        "gains and bounds for Ultralytics (YOLOv8 and later)",
        include_str!("../../hyp/space/ultralytics.yaml"),
    ),
];

/// Every built-in file: its name (a space's begins with `space/`) and what it is.
pub fn list() -> impl Iterator<Item = (String, &'static str)> {
    let hyps = HYPS.iter().map(|(name, about, _)| ((*name).to_owned(), *about));
    hyps.chain(SPACES.iter().map(|(name, about, _)| (format!("space/{name}"), *about)))
}

/// The text of a built-in file, by the name that [`list`] gives.
pub fn get(name: &str) -> Option<&'static str> {
    let found = |files: &'static [File], name: &str| files.iter().find(|f| f.0 == name).map(|f| f.2);
    name.strip_prefix("space/").map_or_else(|| found(HYPS, name), |name| found(SPACES, name))
}

/// A built-in hyp file.
pub fn hyp(name: &str) -> Option<Source> {
    get(name).map(|text| Source { name: format!("hyp/{name}.yaml"), text: text.into() })
}

/// A built-in space file.
pub fn space(name: &str) -> Option<Source> {
    get(&format!("space/{name}"))
        .map(|text| Source { name: format!("hyp/space/{name}.yaml"), text: text.into() })
}
