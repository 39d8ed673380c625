//! `evotop-yolo val`: weights on a data set, one row for all classes and one for each.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Result, bail};
use clap::Args;
use evotop::cli::say;

use crate::data::{self, Cache, DataError, DataYaml, Dataset, Split, ValLoader, ValOptions};
use crate::model::{Model, plan, stride};
use crate::train::{Flow, evaluate};
use crate::weights::{Purpose, Weights};
use crate::{device, options, preflight, setup, threads};

#[derive(Args)]
pub struct ValArgs {
    /// Weights (.pt or .safetensors)
    #[arg(long)]
    weights: PathBuf,
    /// Data set YAML, or `digits`
    #[arg(long, default_value = options::DIGITS)]
    data: String,
    /// Picture side in pixels, made a multiple of the model's stride, 32 mostly [default: 640; 160 of the built-in data set]
    #[arg(long, visible_aliases = ["imgsz", "img-size"], value_parser = options::sides())]
    img: Option<u32>,
    /// Pictures a batch
    #[arg(long, visible_aliases = ["batch-size"], default_value_t = 32, value_parser = options::batches())]
    batch: u32,
    /// cpu, cuda:N, mps or auto
    #[arg(long, default_value = "auto")]
    device: String,
    /// All classes count as one
    #[arg(long)]
    single_cls: bool,
}

pub fn val(args: &ValArgs) -> Result<()> {
    let ValArgs { weights: path, data, single_cls, .. } = args;
    let device = device::named(&args.device).map_err(anyhow::Error::msg)?;
    let weights = Weights::read(path, Purpose::Validate)?;
    let yaml = DataYaml::read(&setup::data_yaml(data, [128, 64])?)?;
    let config = weights.described()?;
    let stride = stride(&plan(config)?);
    let img = options::round_img(args.img.unwrap_or(options::usual_img(data)), stride);
    let opened = data::Options { img, single_class: *single_cls, cache: Cache::None };
    // Listed only: every picture is wanted once, so none is read before it is.
    let val = Arc::new(Dataset::list(&yaml, Split::Val, opened)?);
    say(&val.summary())?;
    for line in preflight::lines(val.warnings()) {
        say(&line)?;
    }
    // Where all classes count as one, whatever number of them the weights know do.
    if !single_cls && config.nc != val.classes() as i64 {
        bail!(
            "{}: these weights know {} classes, {data} has {}; validate on the data they were trained for, or with --single-cls",
            path.display(),
            config.nc,
            val.classes()
        );
    }
    let mut model = Model::new(config, device)?;
    let transfer = weights.transfer(&mut model, false);
    say(&transfer.to_string())?;
    if transfer.moved < transfer.total {
        bail!(
            "{}: these are not all of this model's weights, so there is nothing to measure",
            path.display()
        );
    }
    let threads = options::cores();
    threads::compute_with(threads);
    let loader = ValLoader::new(
        Arc::clone(&val),
        ValOptions { img, stride, batch: args.batch as usize, threads, device },
    );
    let found = evaluate(&model, None, &loader, *single_cls, &mut || Flow::Continue)?;
    if let Some(first) = found.left_out.first().filter(|_| found.images == 0) {
        let (split, images, first) = (Split::Val.word(), found.left_out.len(), first.clone());
        bail!(DataError::Unusable { split, images, first });
    }
    for line in preflight::lines(&[found.left_out.as_slice(), &found.damaged].concat()) {
        say(&line)?;
    }
    Ok(say(found.table(val.names()).trim_end())?)
}
