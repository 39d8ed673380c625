//! What the user sees, without drawing and without sockets.
//!
//! [`Model`] is fed with [`News`] and [`Input`] and answers with [`Effect`]s. `news.rs` takes news in, `update.rs` input,
//! `dialogue.rs` input where something lies over the page; `find.rs` filters and searches, `take.rs` is what a person takes
//! along, `leaving.rs` how the screen is left, `mouse.rs` what the mouse does; `steering.rs` is what keys ask of the session, `status.rs` what the run does
//! in a few words, `insight.rs` which parameters mattered; `action.rs` is THE table of keys, `keymap.rs` the keys in force.
//! Cells are not made here: see `view`. Bytes neither: see `term`.

pub mod action;
pub mod columns;
pub mod command_line;
pub mod density;
mod dialogue;
pub mod edit_form;
pub mod estimate;
mod find;
pub mod help;
pub mod history;
pub mod insight;
pub mod key;
pub mod keymap;
mod leaving;
pub mod line;
pub mod link;
pub mod live;
pub mod log;
pub mod measure;
mod model;
mod mouse;
mod news;
pub mod overlay;
pub mod params;
mod pending;
pub mod picker;
pub mod replay;
mod status;
mod steering;
mod take;
pub mod toast;
mod update;

pub use key::{Input, Key};
pub use keymap::Keymap;
pub use link::{Effect, News, ReplayAt, ReplayStep, Request};
pub use model::{Connection, Model, Options, Page};
pub use mouse::{Mouse, Target};
pub use status::Status;
pub use steering::{choice_name, choices, knobs};
