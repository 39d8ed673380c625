//! `evotop plot`: a session's history as a picture.

use std::path::PathBuf;

use clap::Args;

use super::exit::{Exit, Told};
use super::find;
use crate::dir;
use crate::plot::{self, Data, Form, Kind};
use crate::trial;

/// Draw a session's history: a PNG or SVG file
#[derive(Debug, Args)]
pub struct PlotArgs {
    /// The session's name or directory
    pub name: String,
    /// The file; its ending says the form: .png or .svg
    #[arg(short, long = "output", value_name = "FILE")]
    pub output: PathBuf,
    /// density (each parameter against fitness), fitness, params, pair, importance or lineage
    #[arg(long, default_value = "density")]
    pub kind: String,
}

/// Writes the picture, whole or not at all.
pub fn plot(args: &PlotArgs) -> anyhow::Result<Exit> {
    let names = || Kind::ALL.map(Kind::name).join(", ");
    let kind = Kind::parse(&args.kind)
        .ok_or_else(|| Told::usage(format!("--kind {}: there are {}", args.kind, names())))?;
    let form = Form::of_path(&args.output)
        .ok_or_else(|| Told::usage(format!("{}: a picture ends in .png or .svg", args.output.display())))?;
    let dir = find::dir(&args.name)?;
    let state = find::state(&dir)?;
    let bytes = plot::draw(&Data::of(&state), kind, form).map_err(|error| Told::usage(error.to_string()))?;
    dir::replace(&args.output, &bytes, dir::SessionDir::new(&dir).access())?;
    tell!("{}: {} of {}", args.output.display(), kind.name(), trial::count(state.history.trials().len()));
    Ok(Exit::Done)
}
