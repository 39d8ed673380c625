//! Every parameter of a network in one piece of memory, and every averaged buffer in another, so that a step of the optimiser,
//! of the EMA or a rounding is a few operations on one long tensor instead of hundreds of short ones.

use std::ops::Range;

use tch::{Device, Kind, Tensor};

use super::blocks::{Role, Visitor};

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
    leaves: Vec<Tensor>,
    ends: [i64; 4],
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

impl Arena {
    /// Moves all tensors that `visit` shows into an arena on `device`; the windows on it take their place.
    pub fn adopt(visit: &mut dyn FnMut(&mut Visitor), frozen: &dyn Fn(&str) -> bool, device: Device) -> Self {
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
        let mut ends = [0; 4];
        let mut from = 0;
        for i in &order {
            let entry = &mut entries[*i];
            entry.from = from;
            from += entry.view.numel() as i64;
            if let Some(group) = entry.group {
                ends[group as usize..].fill(from);
            }
        }
        let params = Tensor::zeros([from], options);
        let mut length = 0;
        for entry in entries.iter_mut().filter(|entry| entry.group.is_none()) {
            entry.from = length;
            length += entry.view.numel() as i64;
        }
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
            .filter(|i| entries[**i].group != Some(Group::Frozen))
            .map(|i| entries[*i].view.shallow_clone())
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

    /// How many numbers are trained.
    pub fn trained(&self) -> i64 {
        self.ends[Group::NormWeights as usize]
    }

    /// The gradient of `loss` for everything trained, laid out as [`Arena::params`] is.
    pub fn gradient(&self, loss: &Tensor) -> Tensor {
        let gradients = Tensor::run_backward(&[loss], &self.leaves, false, false);
        let _guard = tch::no_grad_guard();
        // What no head is fed by has no gradient.
        let of = |(gradient, leaf): (&Tensor, &Tensor)| {
            if gradient.defined() { flatten(gradient) } else { leaf.zeros_like().reshape([-1]) }
        };
        let flat: Vec<Tensor> = gradients.iter().zip(&self.leaves).map(of).collect();
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
