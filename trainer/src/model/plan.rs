//! From rows to layers: inputs resolved to numbers, repeats and channels scaled. Pure; no tensors. How much a model may ask for is in
//! `limits.rs`.

use super::ModelError;
use super::config::{Argument, Config, From};
use super::limits::{Asked, MOST_CHANNELS, MOST_INPUTS, MOST_REPEATS, MOST_ROWS, PROBE, Size};

/// A layer to be built.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerPlan {
    /// Earlier layers that feed it; `None` is the model's own input.
    pub inputs: Vec<Option<usize>>,
    pub module: Module,
    /// Copies in a row, for everything but C3.
    pub repeats: i64,
}

/// A layer's kind with its scaled sizes.
#[derive(Debug, Clone, PartialEq)]
pub enum Module {
    Conv { from: i64, to: i64, kernel: i64, stride: i64, padding: Option<i64>, groups: i64 },
    Bottleneck { from: i64, to: i64, shortcut: bool },
    C3 { from: i64, to: i64, bottlenecks: i64, shortcut: bool },
    Spp { from: i64, to: i64, kernels: Vec<i64> },
    Sppf { from: i64, to: i64, kernel: i64 },
    Focus { from: i64, to: i64, kernel: i64 },
    Upsample { factor: i64 },
    Concat,
    MaxPool { kernel: i64, stride: i64, padding: i64 },
    ZeroPad { left: i64, right: i64, top: i64, bottom: i64 },
    Detect { from: Vec<i64> },
}

impl Module {
    /// The same module, fed by its own output.
    pub fn chained(&self) -> Self {
        let mut next = self.clone();
        match &mut next {
            Self::Conv { from, to, .. }
            | Self::Bottleneck { from, to, .. }
            | Self::C3 { from, to, .. }
            | Self::Spp { from, to, .. }
            | Self::Sppf { from, to, .. }
            | Self::Focus { from, to, .. } => *from = *to,
            _ => {}
        }
        next
    }
}

/// `n` repeats under a depth multiple: 1 stays 1.
pub fn repeats(n: i64, depth_multiple: f64) -> i64 {
    if n > 1 { ((n as f64 * depth_multiple).round_ties_even() as i64).max(1) } else { n }
}

/// `c` channels under a width multiple, up to the next multiple of 8.
pub fn channels(c: i64, width_multiple: f64) -> i64 {
    (c as f64 * width_multiple / 8.0).ceil() as i64 * 8
}

/// All layers of a model.
pub fn plan(config: &Config) -> Result<Vec<LayerPlan>, ModelError> {
    config.check("the model's description")?;
    let head = config.anchors.per_level() * (config.nc + 5);
    let mut asked = Asked::default();
    // What each layer hands on: channels, and the size for a picture of the probe.
    let mut widths: Vec<i64> = Vec::new();
    let mut sizes: Vec<Size> = Vec::new();
    let mut layers = Vec::new();
    for (i, row) in config.rows().enumerate() {
        let fault = |why: String| ModelError::Layer { layer: i, module: row.2.clone(), why };
        if i >= MOST_ROWS {
            return Err(fault(format!("more than {MOST_ROWS} layers")));
        }
        let inputs = inputs(&row.0, i).map_err(fault)?;
        let from: Vec<i64> = inputs.iter().map(|n| n.map_or(config.ch, |n| widths[n])).collect();
        let seen: Vec<Size> = inputs.iter().map(|n| n.map_or([PROBE; 2], |n| sizes[n])).collect();
        let single = *from.first().ok_or_else(|| fault("no input".to_owned()))?;
        let arguments = Arguments(&row.3);
        let out = || -> Result<i64, ModelError> {
            let c = arguments.integer(0, None).map_err(fault)?;
            if !(1..=MOST_CHANNELS).contains(&c) {
                return Err(fault(format!("{c} channels")));
            }
            Ok(if c == head { c } else { channels(c, config.width_multiple) })
        };
        let integer = |at, default| arguments.integer(at, default).map_err(fault);
        if !(1..=MOST_REPEATS).contains(&row.1) {
            return Err(fault(format!("{} repeats", row.1)));
        }
        let n = repeats(row.1, config.depth_multiple);
        let (module, width, repeats) = match row.2.as_str() {
            "Conv" => {
                let (to, kernel, stride) = (out()?, integer(1, Some(1))?, integer(2, Some(1))?);
                let padding = arguments.optional(3).map_err(fault)?;
                let groups = integer(4, Some(1))?;
                if kernel < 1 || stride < 1 || groups < 1 || single % groups != 0 || to % groups != 0 {
                    return Err(fault(format!("kernel {kernel}, stride {stride}, groups {groups}")));
                }
                (Module::Conv { from: single, to, kernel, stride, padding, groups }, to, n)
            }
            "Bottleneck" => {
                let to = out()?;
                let shortcut = arguments.flag(1, true).map_err(fault)?;
                (Module::Bottleneck { from: single, to, shortcut }, to, n)
            }
            "C3" => {
                let to = out()?;
                let shortcut = arguments.flag(1, true).map_err(fault)?;
                (Module::C3 { from: single, to, bottlenecks: n, shortcut }, to, 1)
            }
            "SPP" => {
                let to = out()?;
                let kernels = arguments.integers(1, &[5, 9, 13]).map_err(fault)?;
                (Module::Spp { from: single, to, kernels }, to, n)
            }
            "SPPF" => {
                let to = out()?;
                (Module::Sppf { from: single, to, kernel: integer(1, Some(5))? }, to, n)
            }
            "Focus" => {
                let to = out()?;
                (Module::Focus { from: single, to, kernel: integer(1, Some(1))? }, to, n)
            }
            "Upsample" | "nn.Upsample" => (Module::Upsample { factor: integer(1, Some(2))? }, single, n),
            "Concat" => (Module::Concat, from.iter().sum(), 1),
            "MaxPool2d" | "nn.MaxPool2d" => {
                let kernel = integer(0, None)?;
                let (stride, padding) = (integer(1, Some(kernel))?, integer(2, Some(0))?);
                (Module::MaxPool { kernel, stride, padding }, single, n)
            }
            "ZeroPad2d" | "nn.ZeroPad2d" => {
                let sides = arguments.integers(0, &[]).map_err(fault)?;
                let [left, right, top, bottom] = sides[..] else {
                    return Err(fault("needs [left, right, top, bottom]".to_owned()));
                };
                (Module::ZeroPad { left, right, top, bottom }, single, n)
            }
            "Detect" => {
                if inputs.iter().enumerate().any(|(at, n)| n.is_none() || inputs[..at].contains(n)) {
                    return Err(fault("each of its levels needs a layer of its own".to_owned()));
                }
                (Module::Detect { from }, head, 1)
            }
            other => {
                return Err(fault(format!(
                    "{other} is not a known module (Conv, Bottleneck, C3, SPP, SPPF, Focus, Upsample, Concat, MaxPool2d, ZeroPad2d, Detect)"
                )));
            }
        };
        sizes.push(asked.add(&module, repeats, width, &seen).map_err(fault)?);
        widths.push(width);
        layers.push(LayerPlan { inputs, module, repeats });
    }
    let detects = layers.iter().filter(|layer| matches!(layer.module, Module::Detect { .. })).count();
    if detects != 1 || !matches!(layers.last().map(|layer| &layer.module), Some(Module::Detect { .. })) {
        let last = layers.len().saturating_sub(1);
        let why = "a model ends with its one and only Detect".to_owned();
        return Err(ModelError::Layer { layer: last, module: "Detect".to_owned(), why });
    }
    Ok(layers)
}

fn inputs(from: &From, layer: usize) -> Result<Vec<Option<usize>>, String> {
    let list = match from {
        From::One(n) => std::slice::from_ref(n),
        From::Several(list) => list,
    };
    let resolve = |n: i64| {
        let at = if n < 0 { layer as i64 + n } else { n };
        if at >= layer as i64 || at < -1 {
            return Err(format!("from {n} is no earlier layer"));
        }
        // Before layer 0 there is the picture itself.
        Ok(usize::try_from(at).ok())
    };
    if list.len() > MOST_INPUTS {
        return Err(format!("{} inputs, {MOST_INPUTS} are the most", list.len()));
    }
    list.iter().map(|n| resolve(*n)).collect()
}

struct Arguments<'a>(&'a [Argument]);

impl Arguments<'_> {
    fn integer(&self, at: usize, default: Option<i64>) -> Result<i64, String> {
        match (self.0.get(at), default) {
            (Some(argument), _) => {
                argument.integer().ok_or_else(|| format!("argument {at} is no whole number"))
            }
            (None, Some(default)) => Ok(default),
            (None, None) => Err(format!("argument {at} is missing")),
        }
    }

    fn optional(&self, at: usize) -> Result<Option<i64>, String> {
        match self.0.get(at) {
            None | Some(Argument::Nothing(())) => Ok(None),
            Some(Argument::Text(text)) if text == "None" => Ok(None),
            Some(_) => self.integer(at, None).map(Some),
        }
    }

    fn flag(&self, at: usize, default: bool) -> Result<bool, String> {
        self.0.get(at).map_or(Ok(default), |argument| {
            argument.flag().ok_or_else(|| format!("argument {at} is neither true nor false"))
        })
    }

    fn integers(&self, at: usize, default: &[i64]) -> Result<Vec<i64>, String> {
        self.0.get(at).map_or(Ok(default.to_vec()), |argument| {
            argument.integers().ok_or_else(|| format!("argument {at} is no list of whole numbers"))
        })
    }
}
