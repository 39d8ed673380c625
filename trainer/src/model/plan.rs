//! From rows to layers: inputs resolved to numbers, repeats and channels scaled. Pure; no tensors. How much a model may ask for is in
//! `limits.rs`.

use super::ModelError;
use super::config::{Argument, Config, From, Row};
use super::limits::{Asked, MOST_CHANNELS, MOST_INPUTS, MOST_REPEATS, MOST_ROWS, PROBE, Size};

/// A layer to be built.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerPlan {
    /// Earlier layers that feed it; `None` is the model's own input.
    pub inputs: Vec<Option<usize>>,
    pub module: Module,
    /// Copies in a row, for everything but C3.
    pub repeats: i64,
    /// Pixels of a picture to a cell of what feeds it, at the coarsest.
    pub stride: i64,
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

    /// The channels it hands on, fed by so many.
    fn channels(&self, from: &[i64], config: &Config) -> i64 {
        match self {
            Self::Conv { to, .. }
            | Self::Bottleneck { to, .. }
            | Self::C3 { to, .. }
            | Self::Spp { to, .. }
            | Self::Sppf { to, .. }
            | Self::Focus { to, .. } => *to,
            Self::Concat => from.iter().sum(),
            Self::Detect { .. } => head(config),
            Self::Upsample { .. } | Self::MaxPool { .. } | Self::ZeroPad { .. } => {
                from.first().copied().unwrap_or_default()
            }
        }
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
///
/// # Errors
/// Names the layer that cannot be built, and why.
pub fn plan(config: &Config) -> Result<Vec<LayerPlan>, ModelError> {
    config.check("the model's description")?;
    let mut plan = Plan::default();
    for (layer, row) in config.rows().enumerate() {
        let fault = |why: String| ModelError::Layer { layer, module: row.2.clone(), why };
        plan.add(row, config).map_err(fault)?;
    }
    plan.finished()
}

/// What the sides of pictures have to be multiples of: the coarsest level's cell, but 32 at least, as in the originals.
pub fn stride(layers: &[LayerPlan]) -> usize {
    layers.last().map_or(0, |detect| detect.stride as usize).max(32)
}

/// The layers so far.
#[derive(Default)]
struct Plan {
    layers: Vec<LayerPlan>,
    /// What each layer hands on: channels, and the size for a picture of the probe.
    handed_on: Vec<(i64, Size)>,
    asked: Asked,
}

impl Plan {
    fn add(&mut self, row: &Row, config: &Config) -> Result<(), String> {
        if self.layers.len() >= MOST_ROWS {
            return Err(format!("more than {MOST_ROWS} layers"));
        }
        let inputs = inputs(&row.0, self.layers.len())?;
        let picture = (config.ch, [PROBE; 2]);
        let (from, seen): (Vec<i64>, Vec<Size>) =
            inputs.iter().map(|n| n.map_or(picture, |n| self.handed_on[n])).unzip();
        let (module, repeats) = scaled(row, &from, config)?;
        let shared = |(at, n): (usize, &Option<usize>)| n.is_none() || inputs[..at].contains(n);
        if matches!(module, Module::Detect { .. }) && inputs.iter().enumerate().any(shared) {
            return Err("each of its levels needs a layer of its own".to_owned());
        }
        let channels = module.channels(&from, config);
        let size = self.asked.add(&module, repeats, channels, &seen)?;
        self.handed_on.push((channels, size));
        let stride = PROBE / seen.iter().flatten().fold(PROBE, |least, side| least.min(*side)).max(1);
        self.layers.push(LayerPlan { inputs, module, repeats, stride });
        Ok(())
    }

    fn finished(self) -> Result<Vec<LayerPlan>, ModelError> {
        let is_detect = |layer: &LayerPlan| matches!(layer.module, Module::Detect { .. });
        let detects = self.layers.iter().filter(|layer| is_detect(layer)).count();
        if detects == 1 && self.layers.last().is_some_and(is_detect) {
            return Ok(self.layers);
        }
        let why = "a model ends with its one and only Detect".to_owned();
        let layer = self.layers.len().saturating_sub(1);
        Err(ModelError::Layer { layer, module: "Detect".to_owned(), why })
    }
}

/// Channels of each level's head.
fn head(config: &Config) -> i64 {
    config.anchors.per_level() * (config.nc + 5)
}

/// A row's module with its sizes, fed by so many channels, and how many copies of it there are.
fn scaled(row: &Row, from: &[i64], config: &Config) -> Result<(Module, i64), String> {
    let Row(_, repeated, name, arguments) = row;
    let all_from = from;
    let from = *from.first().ok_or("no input")?;
    if !(1..=MOST_REPEATS).contains(repeated) {
        return Err(format!("{repeated} repeats"));
    }
    let n = repeats(*repeated, config.depth_multiple);
    let arguments = Arguments(arguments);
    let to = || arguments.channels(config);
    Ok(match name.as_str() {
        "Conv" => (conv(from, to()?, &arguments)?, n),
        "Bottleneck" => {
            arguments.at_most(2)?;
            (Module::Bottleneck { from, to: to()?, shortcut: arguments.flag(1, true)? }, n)
        }
        "C3" => {
            arguments.at_most(2)?;
            (Module::C3 { from, to: to()?, bottlenecks: n, shortcut: arguments.flag(1, true)? }, 1)
        }
        "SPP" => {
            arguments.at_most(2)?;
            (Module::Spp { from, to: to()?, kernels: arguments.integers(1, &[5, 9, 13])? }, n)
        }
        "SPPF" => {
            arguments.at_most(2)?;
            (Module::Sppf { from, to: to()?, kernel: arguments.integer(1, Some(5))? }, n)
        }
        "Focus" => {
            arguments.at_most(2)?;
            (Module::Focus { from, to: to()?, kernel: arguments.integer(1, Some(1))? }, n)
        }
        "Upsample" | "nn.Upsample" => (upsample(&arguments)?, n),
        "Concat" => (concat(&arguments)?, 1),
        "MaxPool2d" | "nn.MaxPool2d" => (max_pool(&arguments)?, n),
        "ZeroPad2d" | "nn.ZeroPad2d" => (zero_pad(&arguments)?, n),
        "Detect" => (Module::Detect { from: all_from.to_vec() }, 1),
        other => {
            return Err(format!(
                "{other} is not a known module (Conv, Bottleneck, C3, SPP, SPPF, Focus, Upsample, Concat, MaxPool2d, ZeroPad2d, Detect)"
            ));
        }
    })
}

/// `[channels, kernel, stride, padding, groups]`.
fn conv(from: i64, to: i64, arguments: &Arguments) -> Result<Module, String> {
    arguments.at_most(5)?;
    let (kernel, stride) = (arguments.integer(1, Some(1))?, arguments.integer(2, Some(1))?);
    let (padding, groups) = (arguments.optional(3)?, arguments.integer(4, Some(1))?);
    if kernel < 1 || stride < 1 || groups < 1 || from % groups != 0 || to % groups != 0 {
        return Err(format!("kernel {kernel}, stride {stride}, groups {groups}"));
    }
    Ok(Module::Conv { from, to, kernel, stride, padding, groups })
}

/// `[None, factor, nearest]`.
fn upsample(arguments: &Arguments) -> Result<Module, String> {
    arguments.at_most(3)?;
    if arguments.optional(0)?.is_some() {
        return Err("a fixed size is not known here, only a factor: [None, 2, nearest]".to_owned());
    }
    match arguments.0.get(2) {
        None => {}
        Some(Argument::Text(mode)) if mode == "nearest" => {}
        Some(_) => return Err("only `nearest` is known: [None, 2, nearest]".to_owned()),
    }
    Ok(Module::Upsample { factor: arguments.integer(1, Some(2))? })
}

/// `[1]`, the dimension of channels.
fn concat(arguments: &Arguments) -> Result<Module, String> {
    arguments.at_most(1)?;
    match arguments.integer(0, Some(1))? {
        1 => Ok(Module::Concat),
        other => Err(format!("along dimension {other}; only channels can be put side by side: [1]")),
    }
}

/// `[kernel, stride, padding]`.
fn max_pool(arguments: &Arguments) -> Result<Module, String> {
    arguments.at_most(3)?;
    let kernel = arguments.integer(0, None)?;
    let (stride, padding) = (arguments.integer(1, Some(kernel))?, arguments.integer(2, Some(0))?);
    Ok(Module::MaxPool { kernel, stride, padding })
}

/// `[[left, right, top, bottom]]`.
fn zero_pad(arguments: &Arguments) -> Result<Module, String> {
    arguments.at_most(1)?;
    match arguments.integers(0, &[])?[..] {
        [left, right, top, bottom] => Ok(Module::ZeroPad { left, right, top, bottom }),
        _ => Err("needs [left, right, top, bottom]".to_owned()),
    }
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
    /// The first one: channels of the output, scaled unless they are those of a head.
    fn channels(&self, config: &Config) -> Result<i64, String> {
        let c = self.integer(0, None)?;
        if !(1..=MOST_CHANNELS).contains(&c) {
            return Err(format!("{c} channels"));
        }
        Ok(if c == head(config) { c } else { channels(c, config.width_multiple) })
    }

    /// Refuses a further one: left without effect, it would give another model than the one described.
    fn at_most(&self, known: usize) -> Result<(), String> {
        if self.0.len() > known {
            return Err(format!("argument {known} is not known here"));
        }
        Ok(())
    }

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
