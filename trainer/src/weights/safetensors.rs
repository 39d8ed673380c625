//! Safetensors: the format weights are kept in. Numbers are written in half precision.

use std::collections::HashMap;
use std::path::Path;

use evotop::dir::{DirError, replace};
use evotop::journal::Access;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensorError, SafeTensors};
use tch::{Device, Kind, Tensor};

use super::{Weights, WeightsError, brief};
use crate::model::Model;

/// Metadata keys: the model as JSON, the class names as a JSON list.
const CONFIG: &str = "evotop.model";
const NAMES: &str = "evotop.names";

/// Reads a file's bytes.
///
/// # Errors
/// Says what is wrong with them.
pub fn parse(bytes: &[u8], origin: &str) -> Result<Weights, String> {
    read(bytes, origin).map_err(|why| brief(&why))
}

fn read(bytes: &[u8], origin: &str) -> Result<Weights, String> {
    let broken = |why: SafeTensorError| format!("it is broken or cut off, copy or download it again: {why}");
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(broken)?;
    let file = SafeTensors::deserialize(bytes).map_err(broken)?;
    let mut offsets: Vec<(usize, String, Tensor)> = Vec::new();
    for (name, view) in file.iter() {
        let kind = match view.dtype() {
            Dtype::F16 => Kind::Half,
            Dtype::BF16 => Kind::BFloat16,
            Dtype::F32 => Kind::Float,
            Dtype::F64 => Kind::Double,
            Dtype::I64 => Kind::Int64,
            other => return Err(format!("{name} has numbers of type {other:?}")),
        };
        let shape: Vec<i64> = view.shape().iter().map(|n| *n as i64).collect();
        let tensor = Tensor::f_from_data_size(view.data(), &shape, kind).map_err(|why| why.to_string())?;
        let tensor = if kind == Kind::Int64 { tensor } else { tensor.to_kind(Kind::Float) };
        let at = view.data().as_ptr() as usize - bytes.as_ptr() as usize;
        offsets.push((at, name.to_owned(), tensor));
    }
    offsets.sort_by_key(|(at, ..)| *at);
    let said = header.metadata().clone().unwrap_or_default();
    let config = said.get(CONFIG).map(|text| serde_json::from_str(text)).transpose();
    let names = said.get(NAMES).map(|text| serde_json::from_str(text)).transpose();
    Ok(Weights {
        origin: origin.to_owned(),
        tensors: offsets.into_iter().map(|(_, name, tensor)| (name, tensor)).collect(),
        config: config.map_err(|why| format!("{CONFIG}: {why}"))?,
        names: names.map_err(|why| format!("{NAMES}: {why}"))?.unwrap_or_default(),
    })
}

/// Writes a network's state, with what is needed to build it again.
///
/// # Errors
/// Names the file.
pub fn write(model: &Model, names: &[String], path: &Path) -> Result<(), WeightsError> {
    let fault = |why: String| WeightsError::Write { path: path.to_owned(), why };
    let mut blobs = Vec::new();
    for (name, tensor) in model.state() {
        let (kind, dtype, width) = match tensor.kind() {
            Kind::Int64 => (Kind::Int64, Dtype::I64, 8),
            _ => (Kind::Half, Dtype::F16, 2),
        };
        let shape: Vec<usize> = tensor.size().iter().map(|n| *n as usize).collect();
        let tensor = tensor.to_device(Device::Cpu).to_kind(kind).contiguous();
        let mut data = vec![0; tensor.numel() * width];
        tensor.f_copy_data_u8(&mut data, tensor.numel()).map_err(|why| fault(why.to_string()))?;
        blobs.push((name, dtype, shape, data));
    }
    let views = blobs
        .iter()
        .map(|(name, dtype, shape, data)| {
            TensorView::new(*dtype, shape.clone(), data).map(|view| (name.as_str(), view))
        })
        .collect::<Result<Vec<_>, _>>()
        .map_err(|why| fault(why.to_string()))?;
    let json = |text: serde_json::Result<String>| text.map_err(|why| fault(why.to_string()));
    let said = HashMap::from([
        (CONFIG.to_owned(), json(serde_json::to_string(model.config()))?),
        (NAMES.to_owned(), json(serde_json::to_string(names))?),
    ]);
    let bytes = safetensors::serialize(views, Some(said)).map_err(|why| fault(why.to_string()))?;
    replace(path, &bytes, Access::ShareRead).map_err(|error| match error {
        DirError::Io { source, .. } => fault(source.to_string()),
        other => fault(other.to_string()),
    })
}
