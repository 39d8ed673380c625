//! HOW the next candidate is bred. Pure and seeded: the same question gets the same child on any machine.
//!
//! [`propose`] answers an [`Ask`]; `strategy.rs` is the trait, one file per strategy beside it; `parent.rs` and
//! `mutate.rs` are what they share; `settings.rs`, `rules.rs` and `edit.rs` are what a person can change mid-run, `fitness.rs`
//! `history.rs` and `ranking.rs` what is known of the trials so far, `importance.rs` and `hints.rs` what a person may
//! learn from it, `prune.rs` which running trials are hopeless. No files, clocks or processes here.

#[cfg(test)]
mod contract_tests;
mod edit;
mod fitness;
#[cfg(test)]
mod formula_tests;
mod hints;
mod history;
mod importance;
#[cfg(test)]
mod insight_tests;
mod mutate;
mod normal;
#[cfg(test)]
mod normal_tests;
mod parent;
mod population;
mod prune;
#[cfg(test)]
mod prune_tests;
mod ranking;
mod rng;
mod rules;
mod settings;
mod strategy;
mod yolov3;
mod yolov5;

pub use edit::{Edit, EditError, NextValues};
pub use fitness::Weights;
pub use hints::{Hint, hints};
pub use history::History;
pub use importance::{Importance, Share, importance};
pub use population::SIZE as ROUND;
pub use prune::{epochs, prune};
pub use ranking::Standing;
pub use rng::{RULES_VERSION, Rng, stream};
pub use rules::{Rule, Rules};
pub use settings::{ParentMode, Prune, Pruning, Settings, StrategyKind};
pub use strategy::{Ask, Bred, Knobs, Refusal, Strategy, propose, strategy};
