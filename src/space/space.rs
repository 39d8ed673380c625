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

    /// What another space has otherwise than this one, in words; bounds that it has wider do not count where `widened`.
    pub fn differences(&self, other: &Self, widened: bool) -> Vec<String> {
        let mut differs = Vec::new();
        let mut say = |what: &str, was: String, is: String| {
            if was != is {
                differs.push(format!("{what} was {was}, is {is}"));
            }
        };
        for p in &self.params {
            let name = &p.name;
            let Some(q) = other.get(name) else {
                say(name, "searched".into(), "not".into());
                continue;
            };
            say(name, p.scalar(p.value).to_string(), q.scalar(q.value).to_string());
            say(&format!("the gain of {name}"), p.gain.to_string(), q.gain.to_string());
            if p.kind != q.kind {
                say(&format!("the kind of {name}"), format!("{:?}", p.kind), format!("{:?}", q.kind));
            } else if !(widened && p.low <= q.low && p.high >= q.high) {
                let bounds = |p: &Param| format!("{} to {}", p.low, p.high);
                say(&format!("the range of {name}"), bounds(p), bounds(q));
            }
        }
        let shown =
            |space: &Self, name: &str| space.fixed.get(name).map_or("not there".into(), ToString::to_string);
        let names =
            self.fixed.keys().chain(other.fixed.keys().filter(|name| !self.fixed.contains_key(*name)));
        for name in names.filter(|name| self.get(name).is_none()) {
            say(name, shown(self, name), shown(other, name));
        }
        for q in
            other.params.iter().filter(|q| self.get(&q.name).is_none() && !self.fixed.contains_key(&q.name))
        {
            say(&q.name, "not searched".into(), "searched".into());
        }
        differs
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
