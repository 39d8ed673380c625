//! What stays the same for all trainings of a worker: the data set, the model's plan and the weights it starts from.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::data::{self, Cache, DataError, DataYaml, Dataset, Library};
use crate::digits::{self, DigitsError};
use crate::model::{Anchors, Config, Model, ModelError, plan, stride};
use crate::options::{Cached, DIGITS, Options};
use crate::preflight;
use crate::weights::{Purpose, Weights, WeightsError};

/// Why no training can start.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    #[error(transparent)]
    Data(#[from] DataError),
    #[error("the built-in data set: {0}; XDG_CACHE_HOME names a folder for it that can be written")]
    Digits(DigitsError),
    #[error("{0}")]
    BuiltIn(DigitsError),
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error(transparent)]
    Weights(#[from] WeightsError),
    #[error("no folder for the built-in data set: set HOME or XDG_CACHE_HOME")]
    NoCache,
}

/// Everything a training needs but its hyperparameters.
#[derive(Debug)]
pub struct Setup {
    pub options: Options,
    pub train: Arc<Dataset>,
    pub val: Arc<Dataset>,
    /// With the data set's number of classes.
    pub config: Config,
    /// The model's: what the sides of pictures are multiples of.
    pub stride: usize,
    /// The longer side of pictures in pixels.
    pub img: usize,
    pub weights: Option<Weights>,
    /// A cfg was named, so that anchors of the weights do not count.
    pub own_anchors: bool,
}

impl Setup {
    /// Opens data and weights; pictures that `library` has are not read again. `say` gets what people should know.
    ///
    /// # Errors
    /// Names the file and what is wrong with it.
    pub fn prepare(
        options: &Options,
        library: &Library,
        say: &mut dyn FnMut(String),
    ) -> Result<Self, SetupError> {
        // First what is read at once: a mistyped name shall not be told only after all pictures were decoded.
        let weights = weights(options)?;
        let mut config = config(options, weights.as_ref())?;
        let yaml = DataYaml::read(&data_yaml(&options.data, options.digits)?)?;
        config.nc = if options.single_cls { 1 } else { yaml.names.len() as i64 };
        // As early a layer that cannot be built: every candidate would fail by it.
        let stride = stride(&plan(&config)?);
        let img = options.img(stride);
        let opened = data::Options {
            img,
            single_class: options.single_cls,
            cache: if options.cache == Cached::Ram { Cache::Ram } else { Cache::None },
        };
        let [train, val] = library.open(&yaml, opened, &mut |train, val| say(preflight::room(train, val)))?;
        for line in preflight::report(&train, &val) {
            say(line);
        }
        let own_anchors = options.cfg.is_some();
        Ok(Self { options: options.clone(), train, val, config, stride, img, weights, own_anchors })
    }

    /// A network with first values: random ones, then what the weights have for it. Says what was and was not taken over.
    ///
    /// # Errors
    /// Where the model's YAML cannot be built.
    pub fn model(
        &self,
        anchors: Option<i64>,
        device: tch::Device,
        say: &mut dyn FnMut(String),
    ) -> Result<Model, ModelError> {
        let mut config = self.config.clone();
        if let Some(n) = anchors {
            config.anchors = Anchors::PerLevel(n);
        }
        let mut model = Model::with_frozen(&config, device, &|name| self.options.freezes(name))?;
        if let Some(weights) = &self.weights {
            let transfer = weights.transfer(&mut model, self.own_anchors || anchors.is_some());
            say(transfer.to_string());
        }
        Ok(model)
    }
}

/// The file that a data option names; the built-in set is written first, with so many pictures to train on and to validate.
///
/// # Errors
/// Where the built-in set cannot be written.
pub fn data_yaml(data: &str, [train, val]: [usize; 2]) -> Result<PathBuf, SetupError> {
    if data != DIGITS {
        return Ok(PathBuf::from(data));
    }
    // As the standard has it, a relative one does not count.
    let set = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache")));
    let folder = cache.ok_or(SetupError::NoCache)?.join("evotop").join(digits_folder(train, val));
    digits::write(&folder, train, val, 0).map_err(SetupError::Digits)
}

/// A folder for each edition: a newer program neither trains on an older one's scenes nor stumbles over them.
fn digits_folder(train: usize, val: usize) -> String {
    format!("digits-{}-{train}-{val}", digits::EDITION)
}

fn weights(options: &Options) -> Result<Option<Weights>, SetupError> {
    match options.weights.as_deref() {
        None if options.is_digits() && options.cfg.is_none() && !options.single_cls => {
            Ok(Some(digits::weights().map_err(SetupError::BuiltIn)?))
        }
        None | Some("") => Ok(None),
        Some(file) => Ok(Some(Weights::read(Path::new(file), Purpose::Train)?)),
    }
}

/// The model that was named, or the one that the weights are of: of another one they would fit nowhere.
fn config(options: &Options, weights: Option<&Weights>) -> Result<Config, SetupError> {
    Ok(match (&options.cfg, weights) {
        (Some(cfg), _) => Config::find(cfg)?,
        (None, Some(weights)) => weights.described()?.clone(),
        (None, None) => Config::find(if options.is_digits() { "yolov5p" } else { "yolov5n" })?,
    })
}

#[cfg(test)]
mod tests {
    use tch::Device;

    use super::*;

    const TINY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/tiny.pt");

    /// Two scenes of digits, and these options more.
    fn prepared(folder: &Path, more: &[(&str, &str)]) -> Result<Setup, SetupError> {
        let data = digits::write(&folder.join("d"), 2, 1, 0).unwrap();
        let usual = [("data", data.to_str().unwrap()), ("img", "64")];
        let words = usual.iter().chain(more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Setup::prepare(&Options::from_map(&words.collect()).unwrap(), &Library::new(), &mut |_| {})
    }

    #[test]
    fn weights_bring_their_model_and_the_data_set_its_classes() {
        let folder = tempfile::tempdir().unwrap();
        let own = prepared(folder.path(), &[("weights", TINY)]).unwrap();
        let described = own.weights.as_ref().unwrap().described().unwrap();
        assert_eq!(described.nc, 3);
        assert_eq!(own.config, Config { nc: 10, ..described.clone() });
        let named = prepared(folder.path(), &[("weights", TINY), ("cfg", "yolov5p")]).unwrap();
        assert_eq!(named.config, Config { nc: 10, ..Config::find("yolov5p").unwrap() });
        let one = prepared(folder.path(), &[("weights", TINY), ("single-cls", "true")]).unwrap();
        assert_eq!(one.config.nc, 1);
    }

    #[test]
    fn anchors_of_the_weights_count_unless_a_model_or_a_number_of_anchors_was_named() {
        let folder = tempfile::tempdir().unwrap();
        let moved = |more: &[(&str, &str)], anchors| {
            let setup = prepared(folder.path(), &[&[("weights", TINY)], more].concat()).unwrap();
            let mut said = String::new();
            let model = setup.model(anchors, Device::Cpu, &mut |text| said = text).unwrap();
            let first = model.detect().anchors_in_pixels().double_value(&[0, 0, 0]);
            let entries = said.split_once(" entries").unwrap().0;
            (first, entries.rsplit_once(": ").unwrap().1.to_owned())
        };
        assert_eq!(moved(&[], None), (10.0, "343 of 349".to_owned()));
        assert_eq!(moved(&[], Some(3)), (0.0, "342 of 349".to_owned()));
        let cfg = folder.path().join("mine.yaml");
        let own = prepared(folder.path(), &[("weights", TINY)]).unwrap().config;
        let Anchors::Pixels(mut anchors) = own.anchors.clone() else { panic!("{own:?}") };
        anchors[0][0] = 11.0;
        let mine = Config { anchors: Anchors::Pixels(anchors), ..own };
        std::fs::write(&cfg, serde_yaml::to_string(&mine).unwrap()).unwrap();
        assert_eq!(moved(&[("cfg", cfg.to_str().unwrap())], None), (11.0, "342 of 349".to_owned()));
    }

    #[test]
    fn weights_of_no_known_model_are_refused_where_none_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let bare = folder.path().join("bare.safetensors");
        let nothing: [(&str, safetensors::tensor::TensorView); 0] = [];
        std::fs::write(&bare, safetensors::serialize(nothing, None).unwrap()).unwrap();
        let weights = ("weights", bare.to_str().unwrap());
        let said = prepared(folder.path(), &[weights]).unwrap_err().to_string();
        assert!(said.contains("bare.safetensors") && said.contains("--cfg"), "{said}");
        prepared(folder.path(), &[weights, ("cfg", "yolov5p")]).unwrap();
    }

    #[test]
    fn scenes_of_another_edition_lie_in_another_folder() {
        let name = digits_folder(128, 64);
        assert!(
            name.starts_with(&format!("digits-{}-", digits::EDITION)) && name.ends_with("-128-64"),
            "{name}"
        );
    }
}
