//! A network that can be run: built from a [`Config`], with its state by name.

use std::cell::Cell;

use tch::{Device, Kind, Tensor};

use super::arena::{Arena, Group};
use super::blocks::Block;
use super::config::{Anchors, Config};
use super::conv::{Activation, Pass, Visitor};
use super::detect::Detect;
use super::limits::PROBE;
use super::plan::{LayerPlan, Module, plan};
use super::{ModelError, init};

/// A network with its parameters.
#[derive(Debug)]
pub struct Model {
    config: Config,
    layers: Vec<Layer>,
    detect: Detect,
    detect_inputs: Vec<usize>,
    arena: Arena,
    /// Batches the batch norms have seen.
    batches: Cell<i64>,
}

#[derive(Debug)]
struct Layer {
    inputs: Vec<Option<usize>>,
    block: Block,
    /// A later layer other than the next wants the output.
    kept: bool,
}

/// While strides are found, batch norms have their library's defaults; the network's own values are set last.
const BUILD: Pass = Pass { train: true, momentum: 0.1, eps: 1e-5 };
const TRAIN: Pass = Pass { train: true, momentum: 0.03, eps: 1e-3 };
const EVAL: Pass = Pass { train: false, momentum: 0.03, eps: 1e-3 };

impl Model {
    /// Builds a network with random first values from libtorch's generator (seed it first).
    ///
    /// # Errors
    /// Names the layer that cannot be built.
    pub fn new(config: &Config, device: Device) -> Result<Self, ModelError> {
        Self::with_frozen(config, device, &|_| false)
    }

    /// As [`Model::new`]; parameters whose name `frozen` accepts are not trained.
    ///
    /// # Errors
    /// As [`Model::new`].
    pub fn with_frozen(
        config: &Config,
        device: Device,
        frozen: &dyn Fn(&str) -> bool,
    ) -> Result<Self, ModelError> {
        let _guard = tch::no_grad_guard();
        let (layers, mut detect, detect_inputs) = build(config)?;
        let probe = Tensor::zeros([1, config.ch, PROBE, PROBE], init::OPTIONS);
        let heads = run(&layers, &detect_inputs, &probe, BUILD);
        let strides = heads.iter().map(|x| PROBE as f64 / x.size()[2] as f64).collect();
        detect.finish(strides);
        Ok(Self::assemble(config.clone(), layers, detect, detect_inputs, frozen, device))
    }

    /// A second network with the same numbers.
    ///
    /// # Errors
    /// As [`Model::new`].
    pub fn duplicate(&self) -> Result<Self, ModelError> {
        let (layers, mut detect, detect_inputs) = build(&self.config)?;
        detect.strides.clone_from(&self.detect.strides);
        let device = self.device();
        // The same layout, so that the two arenas can be averaged as they lie.
        let frozen = |name: &str| {
            self.arena.entries().iter().any(|entry| entry.name == name && entry.group == Some(Group::Frozen))
        };
        let mut copy = Self::assemble(self.config.clone(), layers, detect, detect_inputs, &frozen, device);
        copy.arena.copy_from(&self.arena);
        copy.batches.set(self.batches.get());
        Ok(copy)
    }

    fn assemble(
        config: Config,
        mut layers: Vec<Layer>,
        mut detect: Detect,
        detect_inputs: Vec<usize>,
        frozen: &dyn Fn(&str) -> bool,
        device: Device,
    ) -> Self {
        let visit = &mut |see: &mut Visitor| {
            for (i, layer) in layers.iter_mut().enumerate() {
                layer.block.visit(&format!("model.{i}"), see);
            }
            let last = layers.len();
            detect.visit(&format!("model.{last}"), see);
        };
        let arena = Arena::adopt(visit, frozen, device);
        Self { config, layers, detect, detect_inputs, arena, batches: Cell::new(1) }
    }

    /// The YAML it was built from, as overridden.
    pub fn config(&self) -> &Config {
        &self.config
    }

    pub fn classes(&self) -> i64 {
        self.config.nc
    }

    pub fn device(&self) -> Device {
        self.arena.params.device()
    }

    /// The memory of all parameters.
    pub fn arena(&self) -> &Arena {
        &self.arena
    }

    pub fn arena_mut(&mut self) -> &mut Arena {
        &mut self.arena
    }

    pub fn detect(&self) -> &Detect {
        &self.detect
    }

    /// Logits of each level for pictures `[n, c, h, w]` in 0..1; batch norms learn from them.
    pub fn train_forward(&self, pictures: &Tensor) -> Vec<Tensor> {
        // A file may have said any number.
        self.batches.set(self.batches.get().saturating_add(1));
        self.detect.forward(&refs(&run(&self.layers, &self.detect_inputs, &channels_last(pictures), TRAIN)))
    }

    /// Decoded predictions `[n, rows, 5 + classes]` in pixels, and the logits of each level. No gradients.
    pub fn eval_forward(&self, pictures: &Tensor) -> (Tensor, Vec<Tensor>) {
        let _guard = tch::no_grad_guard();
        let inputs = run(&self.layers, &self.detect_inputs, &channels_last(pictures), EVAL);
        let logits = self.detect.forward(&refs(&inputs));
        (self.detect.decode(&logits), logits)
    }

    /// Replaces the anchors: `[levels, anchors, 2]` in grid cells.
    pub fn set_anchors(&mut self, grid: &Tensor) {
        let _guard = tch::no_grad_guard();
        self.detect.anchors.copy_(&grid.to_device(self.device()));
    }

    /// The state by name, in order.
    pub fn state(&self) -> Vec<(String, Tensor)> {
        let mut state = Vec::with_capacity(self.arena.entries().len() * 6 / 5);
        for entry in self.arena.entries() {
            state.push((entry.name.clone(), entry.view.detach()));
            if let Some(norm) = entry.name.strip_suffix(".running_var") {
                state.push((format!("{norm}.num_batches_tracked"), Tensor::from(self.batches.get())));
            }
        }
        state
    }

    /// Puts one tensor of the state in place if name and shape fit; says whether it did.
    pub fn load_entry(&mut self, name: &str, tensor: &Tensor) -> bool {
        let _guard = tch::no_grad_guard();
        if name.ends_with(".num_batches_tracked") {
            let known = tensor.numel() == 1
                && self
                    .state_names()
                    .any(|mine| mine.strip_suffix("running_var") == name.strip_suffix("num_batches_tracked"));
            if known {
                self.batches.set(tensor.to_kind(Kind::Int64).reshape([1]).int64_value(&[0]));
            }
            return known;
        }
        match self.arena.entries().iter().find(|entry| entry.name == name) {
            Some(entry) if entry.view.size() == tensor.size() => {
                entry.view.detach().copy_(tensor);
                true
            }
            _ => false,
        }
    }

    fn state_names(&self) -> impl Iterator<Item = &str> {
        self.arena.entries().iter().map(|entry| entry.name.as_str())
    }

    /// How many numbers can be trained, the frozen ones included.
    pub fn parameter_count(&self) -> i64 {
        self.arena.entries().iter().filter(|entry| entry.group.is_some()).map(|e| e.view.numel() as i64).sum()
    }
}

type Built = (Vec<Layer>, Detect, Vec<usize>);

fn build(config: &Config) -> Result<Built, ModelError> {
    let plans = plan(config)?;
    let activation = match &config.activation {
        None => Activation::Silu,
        Some(name) => Activation::named(name).ok_or_else(|| ModelError::Yaml {
            origin: "activation".to_owned(),
            why: format!("{name} is not one of SiLU, ReLU, LeakyReLU(slope), Identity"),
        })?,
    };
    let wanted = |i: usize| plans.iter().enumerate().any(|(j, p)| j != i + 1 && p.inputs.contains(&Some(i)));
    let mut layers = Vec::new();
    let mut head = None;
    for (i, LayerPlan { inputs, module, repeats, .. }) in plans.iter().enumerate() {
        match Block::new(module, *repeats, activation) {
            Some(block) => layers.push(Layer { inputs: inputs.clone(), block, kept: wanted(i) }),
            None => head = Some((inputs, module)),
        }
    }
    let Some((inputs, Module::Detect { from })) = head else {
        let why = "is missing".to_owned();
        return Err(ModelError::Layer { layer: plans.len(), module: "Detect".to_owned(), why });
    };
    let anchors = pixels(&config.anchors, from.len());
    if anchors.len() != from.len() {
        let why = format!("{} inputs, but anchors for {} levels", from.len(), anchors.len());
        return Err(ModelError::Layer { layer: plans.len() - 1, module: "Detect".to_owned(), why });
    }
    let detect_inputs = inputs.iter().flatten().copied().collect();
    Ok((layers, Detect::new(config.nc, &anchors, from), detect_inputs))
}

/// Pixel anchors of each level; a mere count gives placeholders that AutoAnchor replaces.
fn pixels(anchors: &Anchors, levels: usize) -> Vec<Vec<f64>> {
    match anchors {
        Anchors::Pixels(pixels) => pixels.clone(),
        Anchors::PerLevel(n) => vec![(0..2 * n).map(|x| x as f64).collect(); levels],
    }
}

/// The inputs of Detect.
fn run(layers: &[Layer], detect_inputs: &[usize], pictures: &Tensor, pass: Pass) -> Vec<Tensor> {
    let mut outputs: Vec<Option<Tensor>> = Vec::with_capacity(layers.len());
    for (i, layer) in layers.iter().enumerate() {
        let inputs: Vec<&Tensor> =
            layer.inputs.iter().filter_map(|n| n.map_or(Some(pictures), |n| outputs[n].as_ref())).collect();
        let output = layer.block.forward(&inputs, pass);
        outputs.push(Some(output));
        if i > 0 && !layers[i - 1].kept && !detect_inputs.contains(&(i - 1)) {
            outputs[i - 1] = None;
        }
    }
    detect_inputs.iter().filter_map(|n| outputs[*n].take()).collect()
}

fn refs(tensors: &[Tensor]) -> Vec<&Tensor> {
    tensors.iter().collect()
}

/// The same picture with channels last in memory, the layout convolutions run fastest in.
fn channels_last(x: &Tensor) -> Tensor {
    x.permute([0, 2, 3, 1]).contiguous().permute([0, 3, 1, 2])
}
