//! A session's history as pictures: PNG and SVG.
//!
//! `data.rs` is what is taken from the state, cheap enough for the loop; `canvas.rs` a picture as shapes, `render.rs` the
//! shapes as bytes (the one file that knows plotters); `scale.rs` and `panel.rs` are axes, `colour.rs` colours. One file for
//! each kind of picture: `density.rs`, `fitness.rs`, `params.rs`, `pair.rs`, `importance.rs`, `lineage.rs`. What the screen
//! shows is not here: see `view`.

mod canvas;
mod colour;
mod data;
mod density;
mod fitness;
mod importance;
mod lineage;
mod pair;
mod panel;
mod params;
mod render;
mod scale;
#[cfg(test)]
mod tests;

use std::path::Path;

use thiserror::Error;

pub use data::Data;

/// What a picture shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One chart for each parameter: its value against fitness, coloured by how trials crowd.
    Density,
    /// Fitness over the generations.
    Fitness,
    /// Every parameter's value over the generations, coloured by fitness.
    Params,
    /// The parameters that matter most against each other.
    Pair,
    /// How much each parameter mattered.
    Importance,
    /// Who came from whom.
    Lineage,
}

impl Kind {
    pub const ALL: [Self; 6] =
        [Self::Density, Self::Fitness, Self::Params, Self::Pair, Self::Importance, Self::Lineage];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Density => "density",
            Self::Fitness => "fitness",
            Self::Params => "params",
            Self::Pair => "pair",
            Self::Importance => "importance",
            Self::Lineage => "lineage",
        }
    }

    /// The kind of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// How a picture is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Png,
    Svg,
}

impl Form {
    /// What a file's ending says.
    pub fn of_path(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()? {
            "png" => Some(Self::Png),
            "svg" => Some(Self::Svg),
            _ => None,
        }
    }
}

/// Why there is no picture.
#[derive(Debug, Error)]
pub enum PlotError {
    #[error("no trial has a fitness yet, so there is nothing to draw")]
    Nothing,
    #[error("too few trials to say what mattered: at least {needed} more with a fitness are needed")]
    TooFew { needed: usize },
    #[error("a pair needs two parameters that varied")]
    NoPair,
    #[error("the picture cannot be drawn: {0}")]
    Draw(String),
}

/// Draws a picture; its bytes.
///
/// # Errors
/// Where there is nothing to draw, or drawing fails.
pub fn draw(data: &Data, kind: Kind, form: Form) -> Result<Vec<u8>, PlotError> {
    let data = data.read().ok_or(PlotError::Nothing)?;
    let canvas = match kind {
        Kind::Density => density::sheet(&data),
        Kind::Fitness => fitness::chart(&data),
        Kind::Params => params::sheet(&data),
        Kind::Pair => pair::matrix(&data)?,
        Kind::Importance => importance::bars(&data)?,
        Kind::Lineage => lineage::tree(&data),
    };
    match form {
        Form::Png => render::png(&canvas),
        Form::Svg => render::svg(&canvas),
    }
}
