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

/// A built-in file, by the name that [`list`] gives; a space's without `space/` as well, where no hyp file has that name.
pub fn get(name: &str) -> Option<Source> {
    hyp(name).or_else(|| space(name))
}

/// A built-in hyp file.
pub fn hyp(name: &str) -> Option<Source> {
    found(HYPS, name, "hyp")
}

/// A built-in space file, with or without the `space/` of [`list`].
pub fn space(name: &str) -> Option<Source> {
    found(SPACES, name.strip_prefix("space/").unwrap_or(name), "hyp/space")
}

fn found(files: &[File], name: &str, dir: &str) -> Option<Source> {
    let (.., text) = files.iter().find(|(known, ..)| *known == name)?;
    Some(Source { name: format!("{dir}/{name}.yaml"), text: (*text).into() })
}
