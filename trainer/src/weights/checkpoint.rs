//! The `.pt` files of the Python originals: a zip of a pickle and of plain memory. The pickle is read as data (`pickle.rs`), so nothing
//! in a file is ever run; names of classes do not matter, only how parameters hang together.

use std::borrow::Cow;
use std::io::{Cursor, Read};

use tch::{Kind, Tensor};
use zip::{CompressionMethod, ZipArchive};

use super::pickle;
use super::tree::{Id, Node, Tree};
use super::{Purpose, Weights, brief};
use crate::model::Config;

/// A pickle longer than this is no checkpoint's.
const LONGEST_PICKLE: u64 = 16 << 20;
/// Modules within modules.
const DEEPEST: usize = 64;
/// Values looked at, texts included, on the way through a checkpoint's modules or its description. What refers to one value from many
/// places costs each time, so that a short file cannot stand for endless work.
const MOST_LOOKED_AT: usize = 1_000_000;

/// Reads a file's bytes; no byte of them can do more than make this fail.
///
/// # Errors
/// Says what is wrong with the file.
pub fn parse(bytes: &[u8], origin: &str, purpose: Purpose) -> Result<Weights, String> {
    read(bytes, origin, purpose).map_err(|why| brief(&why))
}

fn read(bytes: &[u8], origin: &str, purpose: Purpose) -> Result<Weights, String> {
    let mut file = File::open(bytes)?;
    let tree = pickle::read(&file.entry("data.pkl", LONGEST_PICKLE)?)?;
    let keys: &[&str] = match purpose {
        Purpose::Train => &["model"],
        Purpose::Validate => &["ema", "model"],
    };
    let kept = |key: &&str| tree.get(tree.root, key).filter(|id| !matches!(tree.node(*id), Node::None));
    let model = keys.iter().find_map(kept).unwrap_or(tree.root);
    let mut found = Vec::new();
    let mut looks = MOST_LOOKED_AT;
    gather(&tree, model, &mut String::new(), 0, &mut looks, &mut found)?;
    if found.is_empty() {
        return Err("it holds no model: no parameters were found under `model`".to_owned());
    }
    let mut left = Left { numbers: bytes.len() as u64, bytes: 2 * bytes.len() as u64 };
    let mut tensors = Vec::with_capacity(found.len());
    for (name, id) in found {
        let tensor = file.tensor(&tree, id, &mut left).map_err(|why| format!("{name}: {why}"))?;
        tensors.push((name, tensor));
    }
    let attribute = |name: &str| attributes(&tree, model).and_then(|state| tree.get(state, name));
    let config = attribute("yaml").and_then(|id| json(&tree, id, 0, &mut looks));
    let config: Option<Config> = match config {
        Some(value) => {
            Some(serde_json::from_value(value).map_err(|why| format!("its model description: {why}"))?)
        }
        None => None,
    };
    let names =
        attribute("names").map(|id| class_names(&tree, id, &mut looks)).transpose()?.unwrap_or_default();
    // The description keeps the number of classes of its YAML; the model was built for its names.
    let config = config.map(|config| match names.len() as i64 {
        0 => config,
        nc => Config { nc, ..config },
    });
    Ok(Weights { origin: origin.to_owned(), tensors, config, names })
}

/// What all tensors together may still have: a file does not hold more numbers than it has bytes, and is not read over and over.
struct Left {
    numbers: u64,
    bytes: u64,
}

struct File<'a> {
    zip: ZipArchive<Cursor<&'a [u8]>>,
    /// The one folder everything is in, with its slash.
    root: String,
}

impl<'a> File<'a> {
    fn open(bytes: &'a [u8]) -> Result<Self, String> {
        if bytes.starts_with(&[0x80]) {
            return Err("it was written by a PyTorch older than 1.6 (or in its format); load and save it once with a newer one".to_owned());
        }
        if !bytes.starts_with(b"PK") {
            return Err("it is no zip file, which checkpoints are".to_owned());
        }
        let zip = ZipArchive::new(Cursor::new(bytes))
            .map_err(|why| format!("its zip is broken or cut off, copy or download it again: {why}"))?;
        let has =
            |end: &str| zip.file_names().flatten().find(|name| name.ends_with(end)).map(Cow::into_owned);
        if has("/constants.pkl").is_some() {
            return Err("it is a TorchScript program, not a checkpoint; use the checkpoint it was made from"
                .to_owned());
        }
        let pickle = has("/data.pkl").ok_or("there is no data.pkl in it")?;
        let root = pickle.trim_end_matches("data.pkl").to_owned();
        let mut file = Self { zip, root };
        if let Ok(order) = file.entry("byteorder", 16)
            && order != b"little"
        {
            return Err("it was written on a big-endian machine".to_owned());
        }
        Ok(file)
    }

    fn entry(&mut self, name: &str, longest: u64) -> Result<Vec<u8>, String> {
        let full = format!("{}{name}", self.root);
        let entry = self.zip.by_name(&full).map_err(|why| format!("{full}: {why}"))?;
        if entry.compression() != CompressionMethod::Stored {
            return Err(format!("{full} is compressed, which no checkpoint is"));
        }
        if entry.size() > longest {
            return Err(format!("{full} has {} bytes, more than the {longest} expected", entry.size()));
        }
        let mut bytes = Vec::new();
        entry.take(longest).read_to_end(&mut bytes).map_err(|why| format!("{full}: {why}"))?;
        Ok(bytes)
    }

    /// A tensor in single precision (whole numbers stay whole).
    fn tensor(&mut self, tree: &Tree, id: Id, left: &mut Left) -> Result<Tensor, String> {
        let Node::Tensor { storage, offset, size, stride } = tree.node(id) else {
            return Err("no tensor".to_owned());
        };
        let Node::Storage { kind, key, length } = tree.node(*storage) else {
            return Err("no storage".to_owned());
        };
        let (kind, width) = number_type(kind).ok_or_else(|| format!("numbers of type {kind}"))?;
        let count = size.iter().try_fold(1_u64, |n, side| n.checked_mul(*side)).ok_or("far too large")?;
        let last = size.iter().zip(stride).try_fold(*offset, |at, (side, step)| {
            side.saturating_sub(1).checked_mul(*step).and_then(|far| at.checked_add(far))
        });
        let inside = count == 0 || last.is_some_and(|last| last < *length);
        if size.len() != stride.len() || !inside || count > *length || count > left.numbers {
            return Err(format!("shape {size:?} does not fit into {length} numbers"));
        }
        left.numbers -= count;
        let bytes_wanted = length.checked_mul(width).ok_or("far too large")?;
        left.bytes =
            left.bytes.checked_sub(bytes_wanted).ok_or("its memory is used by far too many tensors")?;
        let bytes = self.entry(&format!("data/{key}"), bytes_wanted)?;
        if bytes.len() as u64 != bytes_wanted {
            return Err(format!("{} bytes instead of {bytes_wanted}", bytes.len()));
        }
        let signed = |numbers: &[u64]| numbers.iter().map(|n| *n as i64).collect::<Vec<i64>>();
        let build = || -> Result<Tensor, tch::TchError> {
            let memory = Tensor::f_from_data_size(&bytes, &[*length as i64], kind)?;
            let window = memory.f_as_strided(signed(size), signed(stride), *offset as i64)?;
            let whole =
                matches!(kind, Kind::Int64 | Kind::Int | Kind::Int16 | Kind::Int8 | Kind::Uint8 | Kind::Bool);
            window.f_to_kind(if whole { Kind::Int64 } else { Kind::Float })?.f_contiguous()
        };
        build().map_err(|why| why.to_string())
    }
}

/// A storage's numbers and their width in bytes.
fn number_type(storage: &str) -> Option<(Kind, u64)> {
    Some(match storage {
        "HalfStorage" => (Kind::Half, 2),
        "BFloat16Storage" => (Kind::BFloat16, 2),
        "FloatStorage" => (Kind::Float, 4),
        "DoubleStorage" => (Kind::Double, 8),
        "LongStorage" => (Kind::Int64, 8),
        "IntStorage" => (Kind::Int, 4),
        "ShortStorage" => (Kind::Int16, 2),
        "CharStorage" => (Kind::Int8, 1),
        "ByteStorage" => (Kind::Uint8, 1),
        "BoolStorage" => (Kind::Bool, 1),
        _ => return None,
    })
}

/// The dict of an object's attributes.
fn attributes(tree: &Tree, object: Id) -> Option<Id> {
    match tree.node(object) {
        Node::Object(Some(state)) => match tree.node(*state) {
            Node::Dict(_) => Some(*state),
            // (attributes, slots)
            Node::Tuple(parts) => parts.first().copied().filter(|id| matches!(tree.node(*id), Node::Dict(_))),
            _ => None,
        },
        _ => None,
    }
}

/// All tensors below a module, in state order. A mere dict of tensors counts too.
fn gather(
    tree: &Tree,
    module: Id,
    path: &mut String,
    depth: usize,
    looks: &mut usize,
    found: &mut Vec<(String, Id)>,
) -> Result<(), String> {
    let mut look = |bytes: usize| match looks.checked_sub(1 + bytes) {
        Some(left) if depth <= DEEPEST => {
            *looks = left;
            Ok(())
        }
        _ => Err("its modules have no end".to_owned()),
    };
    look(path.len())?;
    let named =
        |path: &str, name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    let Some(state) = attributes(tree, module) else {
        if depth == 0 {
            for (name, id) in entries(tree, Some(module)) {
                look(name.len())?;
                if matches!(tree.node(id), Node::Tensor { .. }) {
                    found.push((name.to_owned(), id));
                }
            }
        }
        return Ok(());
    };
    let passing = tree.get(state, "_non_persistent_buffers_set");
    let passes = |name: &str| {
        matches!(passing.map(|id| tree.node(id)), Some(Node::List(names))
            if names.iter().any(|id| matches!(tree.node(*id), Node::Text(text) if text == name)))
    };
    for (group, skip) in [("_parameters", false), ("_buffers", true)] {
        for (name, id) in entries(tree, tree.get(state, group)) {
            look(name.len())?;
            if matches!(tree.node(id), Node::Tensor { .. }) && !(skip && passes(name)) {
                found.push((named(path, name), id));
            }
        }
    }
    for (name, id) in entries(tree, tree.get(state, "_modules")) {
        let length = path.len();
        *path = named(path, name);
        gather(tree, id, path, depth + 1, looks, found)?;
        path.truncate(length);
    }
    Ok(())
}

/// A dict's entries that have texts for keys.
fn entries(tree: &Tree, dict: Option<Id>) -> impl Iterator<Item = (&str, Id)> {
    let pairs = match dict.map(|id| tree.node(id)) {
        Some(Node::Dict(pairs)) => pairs.as_slice(),
        _ => &[],
    };
    pairs.iter().filter_map(|(key, value)| match tree.node(*key) {
        Node::Text(text) => Some((text.as_str(), *value)),
        _ => None,
    })
}

/// Class names from a list, or from a dict by number.
fn class_names(tree: &Tree, id: Id, looks: &mut usize) -> Result<Vec<String>, String> {
    let mut text = |id: &Id| {
        let text = match tree.node(*id) {
            Node::Text(text) => text.as_str(),
            _ => "",
        };
        *looks = looks.checked_sub(1 + text.len()).ok_or("its class names have no end")?;
        Ok(match tree.node(*id) {
            Node::Int(n) => n.to_string(),
            _ => text.to_owned(),
        })
    };
    match tree.node(id) {
        Node::List(items) | Node::Tuple(items) => items.iter().map(text).collect(),
        Node::Dict(pairs) => {
            let mut numbered: Vec<(i64, String)> = pairs
                .iter()
                .filter_map(|(key, value)| match tree.node(*key) {
                    Node::Int(n) => Some(text(value).map(|text| (*n, text))),
                    _ => None,
                })
                .collect::<Result<_, String>>()?;
            numbered.sort();
            Ok(numbered.into_iter().map(|(_, name)| name).collect())
        }
        _ => Ok(Vec::new()),
    }
}

/// Plain values as JSON; what is not plain is left out.
fn json(tree: &Tree, id: Id, depth: usize, looks: &mut usize) -> Option<serde_json::Value> {
    use serde_json::Value;
    if depth > 8 {
        return None;
    }
    *looks = looks.checked_sub(1 + if let Node::Text(text) = tree.node(id) { text.len() } else { 0 })?;
    Some(match tree.node(id) {
        Node::None => Value::Null,
        Node::Bool(flag) => Value::Bool(*flag),
        Node::Int(n) => Value::from(*n),
        Node::Float(x) => Value::from(*x),
        Node::Text(text) => Value::from(text.as_str()),
        Node::List(items) | Node::Tuple(items) => {
            Value::Array(items.iter().map(|id| json(tree, *id, depth + 1, looks)).collect::<Option<_>>()?)
        }
        Node::Dict(_) => Value::Object(
            entries(tree, Some(id))
                .filter_map(|(key, value)| {
                    *looks = looks.checked_sub(key.len())?;
                    Some((key.to_owned(), json(tree, value, depth + 1, looks)?))
                })
                .collect(),
        ),
        _ => return None,
    })
}
