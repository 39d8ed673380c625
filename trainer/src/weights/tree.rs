//! The values of a pickle. How they are read is in `pickle.rs`, what a checkpoint means by them in `checkpoint.rs`.

/// A value's place in the tree.
pub type Id = usize;

/// A value. Containers hold places, so that shared and circular values are no trouble.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    List(Vec<Id>),
    Tuple(Vec<Id>),
    Dict(Vec<(Id, Id)>),
    /// `module name` of a class or function.
    Global(String, String),
    /// An instance with what was attached to it.
    Object(Option<Id>),
    /// A piece of memory beside the pickle: type, key, length.
    Storage {
        kind: String,
        key: String,
        length: u64,
    },
    /// A window on a storage; offset and strides in elements.
    Tensor {
        storage: Id,
        offset: u64,
        size: Vec<u64>,
        stride: Vec<u64>,
    },
    /// Whatever else.
    Opaque,
}

/// Bytes of a pair of places.
pub(super) const PAIR: usize = size_of::<(Id, Id)>();

impl Node {
    /// Bytes beside the node itself, of the kinds that are made by copying.
    pub(super) fn length(&self) -> usize {
        match self {
            Self::Global(module, name) => module.len() + name.len(),
            Self::Storage { kind, key, .. } => kind.len() + key.len(),
            Self::Dict(pairs) => pairs.len() * PAIR,
            _ => 0,
        }
    }
}

/// The values of a pickle.
#[derive(Debug)]
pub struct Tree {
    pub(super) nodes: Vec<Node>,
    pub root: Id,
}

impl Tree {
    pub fn node(&self, id: Id) -> &Node {
        self.nodes.get(id).unwrap_or(&Node::Opaque)
    }

    /// The value of a text key in a dict.
    pub fn get(&self, dict: Id, key: &str) -> Option<Id> {
        let Node::Dict(pairs) = self.node(dict) else { return None };
        // The last one counts, as in Python.
        pairs
            .iter()
            .rev()
            .find(|(k, _)| matches!(self.node(*k), Node::Text(text) if text == key))
            .map(|(_, v)| *v)
    }
}
