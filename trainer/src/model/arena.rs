//! Every parameter of a network in one piece of memory, and every averaged buffer in another, so that a step of the optimiser,
//! of the EMA or a rounding is a few operations on one long tensor instead of hundreds of short ones.

use std::ops::Range;

use tch::{Device, Kind, Tensor};

use super::conv::{Role, Visitor};

/// The optimiser's groups, in the order their parameters lie in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    Biases,
    Decayed,
    NormWeights,
    /// Not trained.
    Frozen,
}

impl Group {
    /// The groups that are trained.
    pub const TRAINED: [Self; 3] = [Self::Biases, Self::Decayed, Self::NormWeights];
}

/// The memory of one network.
#[derive(Debug)]
pub struct Arena {
    /// All parameters, group by group.
    pub params: Tensor,
    /// All averaged buffers: batch norm statistics and anchors.
    pub buffers: Tensor,
    /// In state order.
    entries: Vec<Entry>,
    /// The leaves to take gradients for, as they lie in memory; without the frozen ones.
    leaves: Vec<Leaf>,
    ends: [i64; 4],
}

/// A parameter that is trained, and zeros as many as there are unused numbers before it.
#[derive(Debug)]
struct Leaf {
    view: Tensor,
    gap: Tensor,
}

/// A tensor of the state.
#[derive(Debug)]
pub struct Entry {
    pub name: String,
    pub role: Role,
    /// `None` for a buffer.
    pub group: Option<Group>,
    /// A window on the arena.
    pub view: Tensor,
    from: i64,
}

/// Where a GPU's windows begin is a multiple of this: cuDNN reads and writes the vectors of a batch norm 16 bytes at a time, and any
/// other address is an error there (<https://github.com/pytorch/pytorch/issues/195186>). The CPU reads what lies close together.
const GPU_STEP: i64 = 64;

impl Arena {
    /// Moves all tensors that `visit` shows into an arena on `device`; the windows on it take their place.
    pub fn adopt(visit: &mut dyn FnMut(&mut Visitor), frozen: &dyn Fn(&str) -> bool, device: Device) -> Self {
        Self::spaced(visit, frozen, device, if device == Device::Cpu { 1 } else { GPU_STEP })
    }

    /// As [`Arena::adopt`]; each window begins at a multiple of `step` numbers.
    fn spaced(
        visit: &mut dyn FnMut(&mut Visitor),
        frozen: &dyn Fn(&str) -> bool,
        device: Device,
        step: i64,
    ) -> Self {
        let mut entries = Vec::new();
        visit(&mut |name, role, tensor| {
            let group = match role {
                Role::Buffer => None,
                _ if frozen(name) => Some(Group::Frozen),
                Role::Bias => Some(Group::Biases),
                Role::Weight => Some(Group::Decayed),
                Role::NormWeight => Some(Group::NormWeights),
            };
            let view = tensor.detach();
            entries.push(Entry { name: name.to_owned(), role, group, view, from: 0 });
        });
        let options = (Kind::Float, device);
        let mut order: Vec<usize> = (0..entries.len()).filter(|i| entries[*i].group.is_some()).collect();
        order.sort_by_key(|i| entries[*i].group);
        let place = |entry: &mut Entry, free: i64| {
            entry.from = (free + step - 1) / step * step;
            entry.from + entry.view.numel() as i64
        };
        let mut ends = [0; 4];
        let mut gaps = Vec::with_capacity(order.len());
        for i in &order {
            let (entry, free) = (&mut entries[*i], ends[Group::Frozen as usize]);
            let end = place(entry, free);
            gaps.push(entry.from - free);
            if let Some(group) = entry.group {
                ends[group as usize..].fill(end);
            }
        }
        let params = Tensor::zeros([ends[Group::Frozen as usize]], options);
        let buffered = entries.iter_mut().filter(|entry| entry.group.is_none());
        let length = buffered.fold(0, |free, entry| place(entry, free));
        let buffers = Tensor::zeros([length], options);
        let _guard = tch::no_grad_guard();
        for entry in &mut entries {
            let memory = if entry.group.is_some() { &params } else { &buffers };
            let mut view = window(memory, entry.from, &entry.view.size());
            view.copy_(&entry.view);
            let trained = entry.group.is_some_and(|group| group != Group::Frozen);
            entry.view = view.detach().set_requires_grad(trained);
        }
        let leaves = order
            .iter()
            .zip(gaps)
            .filter(|(i, _)| entries[**i].group != Some(Group::Frozen))
            .map(|(i, gap)| Leaf {
                view: entries[*i].view.shallow_clone(),
                gap: Tensor::zeros([gap], options),
            })
            .collect();
        let mut views = entries.iter();
        visit(&mut |_, _, tensor| {
            if let Some(entry) = views.next() {
                *tensor = entry.view.shallow_clone();
            }
        });
        Self { params, buffers, entries, leaves, ends }
    }

    /// The state in order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Where a group lies in [`Arena::params`].
    pub fn range(&self, group: Group) -> Range<i64> {
        let at = group as usize;
        (if at == 0 { 0 } else { self.ends[at - 1] })..self.ends[at]
    }

    /// The length of what is trained, which lies first.
    pub fn trained(&self) -> i64 {
        self.ends[Group::NormWeights as usize]
    }

    /// The gradient of `loss` for everything trained, laid out as [`Arena::params`] is.
    pub fn gradient(&self, loss: &Tensor) -> Tensor {
        let views: Vec<&Tensor> = self.leaves.iter().map(|leaf| &leaf.view).collect();
        let gradients = Tensor::run_backward(&[loss], &views, false, false);
        let _guard = tch::no_grad_guard();
        let laid = |(gradient, leaf): (&Tensor, &Leaf)| {
            // What feeds no head has no gradient.
            let own = if gradient.defined() { flatten(gradient) } else { flatten(&leaf.view.zeros_like()) };
            [leaf.gap.shallow_clone(), own]
        };
        let flat: Vec<Tensor> = gradients.iter().zip(&self.leaves).flat_map(laid).collect();
        Tensor::cat(&flat, 0)
    }

    /// Takes over the numbers of an arena of the same network.
    pub fn copy_from(&mut self, other: &Self) {
        let _guard = tch::no_grad_guard();
        self.params.copy_(&other.params);
        self.buffers.copy_(&other.buffers);
    }

    /// Rounds every number to what half precision can hold.
    pub fn round_to_half(&mut self) {
        let _guard = tch::no_grad_guard();
        for memory in [&mut self.params, &mut self.buffers] {
            let rounded = memory.to_kind(Kind::Half).to_kind(Kind::Float);
            memory.copy_(&rounded);
        }
    }
}

/// A window of this shape; kernels `[o, i, h, w]` lie in memory as `[o, h, w, i]` (channels last).
fn window(memory: &Tensor, from: i64, shape: &[i64]) -> Tensor {
    let length: i64 = shape.iter().product();
    let piece = memory.narrow(0, from, length);
    match *shape {
        [o, i, h, w] => piece.view([o, h, w, i]).permute([0, 3, 1, 2]),
        _ => piece.view(shape),
    }
}

/// The numbers of a tensor in the order of its window.
fn flatten(tensor: &Tensor) -> Tensor {
    if tensor.dim() == 4 { tensor.permute([0, 2, 3, 1]).reshape([-1]) } else { tensor.reshape([-1]) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optim::{Optimizer, Rule, clip};
    use crate::schedule::Rates;

    /// An arena of a head's bias of an odd length, a kernel, a frozen one and the vectors of a batch norm, after two steps.
    fn trained(step: i64, rule: Rule) -> Arena {
        let numbers = |shape: &[i64]| {
            let length = shape.iter().product::<i64>();
            (Tensor::arange(length, (Kind::Float, Device::Cpu)) + 1.0).view(shape)
        };
        let mut tensors = [
            ("model.9.bias", Role::Bias, numbers(&[15])),
            ("model.1.conv.weight", Role::Weight, numbers(&[5, 3, 2, 2])),
            ("model.0.conv.weight", Role::Weight, numbers(&[3])),
            ("model.1.bn.weight", Role::NormWeight, numbers(&[5])),
            ("model.1.bn.bias", Role::Bias, numbers(&[5])),
            ("model.1.bn.running_mean", Role::Buffer, numbers(&[5])),
            ("model.1.bn.running_var", Role::Buffer, numbers(&[5])),
        ];
        let visit = &mut |see: &mut Visitor| {
            for (name, role, tensor) in &mut tensors {
                see(name, *role, tensor);
            }
        };
        let mut arena = Arena::spaced(visit, &|name| name.starts_with("model.0."), Device::Cpu, step);
        let mut optimizer = Optimizer::new(rule, &arena, 0.9, 0.1);
        for _ in 0..2 {
            let loss: Tensor = arena.entries.iter().map(|entry| entry.view.square().sum(Kind::Float)).sum();
            let gradient = clip(arena.gradient(&(loss * 0.01)));
            assert_eq!(gradient.size(), [arena.trained()]);
            let rates = Rates { accumulate: 1, bias_lr: 0.5, lr: 0.1, momentum: 0.9 };
            optimizer.step(&mut arena, gradient, rates, None);
        }
        arena
    }

    #[test]
    fn windows_of_a_gpu_begin_at_whole_steps_and_learn_the_same() {
        for rule in [Rule::Sgd, Rule::AdamW] {
            let (close, spaced) = (trained(1, rule), trained(GPU_STEP, rule));
            assert_eq!((close.params.size(), close.buffers.size()), (vec![15 + 60 + 3 + 5 + 5], vec![10]));
            for (a, b) in close.entries.iter().zip(&spaced.entries) {
                let memory = if b.group.is_some() { &spaced.params } else { &spaced.buffers };
                let bytes = b.view.data_ptr() as usize - memory.data_ptr() as usize;
                assert_eq!(bytes % 256, 0, "{}", b.name);
                assert!(a.view.allclose(&b.view, 1e-6, 1e-6, false), "{}: {:?} {:?}", a.name, a.view, b.view);
            }
        }
    }
}
