//! Whether the files that the built-in trainer is told of are there. A trainer would find out in its slot, after a session
//! was made for nothing. What is in the files is the trainer's to say.

use std::path::Path;

use super::args::TrainerArgs;
use crate::cli::exit::Told;

/// The models that the built-in trainer knows by name: those of `assets/models/`.
const MODELS: [&str; 9] =
    ["yolov5n", "yolov5s", "yolov5m", "yolov5l", "yolov5x", "yolov5p", "yolov3", "yolov3-spp", "yolov3-tiny"];

/// Refuses a file that is named and not there. Relative paths count from here, as they will for the trainer.
pub fn check(options: &TrainerArgs) -> anyhow::Result<()> {
    let TrainerArgs { data, weights, cfg, .. } = options;
    let given = |option: &'static str, text: &Option<String>| text.clone().map(|text| (option, text));
    let data = given("--data", data).filter(|(_, name)| name != "digits");
    let weights = given("--weights", weights).filter(|(_, name)| !name.is_empty());
    let cfg = given("--cfg", cfg).filter(|(_, name)| !is_model(name));
    for (option, name) in [data, weights, cfg].into_iter().flatten() {
        if !std::fs::metadata(&name).is_ok_and(|file| !file.is_dir()) {
            let other = match option {
                "--cfg" => format!(", and no built-in model of that name ({})", MODELS.join(", ")),
                _ => String::new(),
            };
            return Err(Told::usage(format!(
                "{option} {name}: no such file{other}; correct the path (nothing is downloaded)"
            )));
        }
    }
    Ok(())
}

/// As the trainer decides it: `yolov5s.yaml` is the built-in model where no file has that name.
fn is_model(cfg: &str) -> bool {
    Path::new(cfg).file_stem().is_some_and(|stem| MODELS.iter().any(|model| stem == *model))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_models_are_those_that_the_trainer_has() {
        let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/models");
        let stem = |file: std::io::Result<std::fs::DirEntry>| {
            file.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned()
        };
        let mut there: Vec<String> = std::fs::read_dir(dir).unwrap().map(stem).collect();
        there.sort();
        let mut known = MODELS;
        known.sort_unstable();
        assert_eq!(there, known);
    }

    #[test]
    fn files_that_are_there_and_names_that_need_none_are_taken() {
        let there = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        let options = |data: &str, weights: &str, cfg: &str| TrainerArgs {
            data: Some(data.into()),
            weights: Some(weights.into()),
            cfg: Some(cfg.into()),
            ..TrainerArgs::default()
        };
        check(&TrainerArgs::default()).unwrap();
        for good in [("digits", "", "yolov5s"), (there, there, there), (there, "", "models/yolov3-spp.yaml")]
        {
            check(&options(good.0, good.1, good.2)).unwrap();
        }
        for (bad, named) in [
            (("none.yaml", "", "yolov5s"), "--data none.yaml"),
            (("digits", "none.pt", "yolov5s"), "--weights none.pt"),
            (("digits", "", "yolov9s"), "--cfg yolov9s"),
            (("digits", env!("CARGO_MANIFEST_DIR"), "yolov5s"), "--weights /"),
        ] {
            let said = check(&options(bad.0, bad.1, bad.2)).unwrap_err().to_string();
            assert!(said.starts_with(named) && said.contains("correct the path"), "{said}");
        }
    }
}
