//! `evotop-yolo info`: what a model is, without training or validating it.

use std::path::Path;

use anyhow::Result;
use evotop::cli::say;

use crate::loss::anchor_sizes;
use crate::model::{Config, Model};
use crate::weights::{Purpose, Weights};

pub fn info(name: &str) -> Result<()> {
    let path = Path::new(name);
    let ends_in = |ends: [&str; 2]| ends.iter().any(|end| path.extension().is_some_and(|e| e == *end));
    // By its name also where it is missing, so that this is what is said.
    let is_weights = ends_in(["pt", "safetensors"]) || path.is_file() && !ends_in(["yaml", "yml"]);
    let weights = is_weights.then(|| Weights::read(path, Purpose::Validate)).transpose()?;
    let config = match &weights {
        Some(weights) => weights.described()?.clone(),
        None => Config::find(name)?,
    };
    let mut model = Model::new(&config, tch::Device::Cpu)?;
    if let Some(weights) = &weights {
        say(&weights.transfer(&mut model, false).to_string())?;
    }
    say(&format!("classes     {}", model.classes()))?;
    if let Some(weights) = weights.filter(|weights| !weights.names.is_empty()) {
        say(&format!("names       {}", weights.names.join(", ")))?;
    }
    say(&format!("parameters  {}", model.parameter_count()))?;
    say(&format!("state       {} entries", model.state().len()))?;
    for (stride, anchors) in
        model.detect().strides.iter().zip(anchor_sizes(&model.detect().anchors_in_pixels()))
    {
        let sizes: Vec<String> = anchors.iter().map(|[w, h]| format!("{w:.0}x{h:.0}")).collect();
        say(&format!("stride {stride:<4} anchors {}", sizes.join(" ")))?;
    }
    Ok(())
}
