//! The whole search space: the searched parameters, in the hyp file's order, and the keys that stay as they are.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::{Param, Scalar};

/// The search space of a session.
///
/// The names and the order of `params` never change while a session lives, so a candidate's genes are stored
/// as plain numbers in this order; everything that enters from outside is matched to it by name.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Space {
    pub params: Vec<Param>,
    /// Keys of the hyp file without an entry in the space: fixed, shown as such, and passed on.
    #[serde(default)]
    pub fixed: IndexMap<String, Scalar>,
}

impl Space {
    /// Where the parameter of this name stands.
    pub fn index(&self, name: &str) -> Option<usize> {
        self.params.iter().position(|p| p.name == name)
    }

    /// The parameter of this name.
    pub fn get(&self, name: &str) -> Option<&Param> {
        self.params.iter().find(|p| p.name == name)
    }

    /// The start candidate's genes: the hyp file's values, pins applied.
    pub fn start(&self) -> Box<[f64]> {
        self.params.iter().map(|p| p.pin.unwrap_or(p.value)).collect()
    }

    /// How many parameters breeding may change.
    pub fn free(&self) -> usize {
        self.params.iter().filter(|p| p.is_free()).count()
    }

    /// A candidate as the trainer gets it: every searched parameter, then every fixed key.
    pub fn hyp(&self, genes: &[f64]) -> IndexMap<String, Scalar> {
        let searched = self.params.iter().zip(genes).map(|(p, &x)| (p.name.clone(), p.scalar(x)));
        searched.chain(self.fixed.iter().map(|(k, v)| (k.clone(), v.clone()))).collect()
    }
}
