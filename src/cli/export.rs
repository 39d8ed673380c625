//! `evotop export`: a session's history in a file that other tools read.

use std::path::PathBuf;

use clap::Args;

use super::exit::{Exit, Told};
use super::find;
use crate::dir;
use crate::journal::Access;
use crate::transfer::{self, Format};

/// Write a session's history as other tools read it
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// The session's name or directory
    pub name: String,
    /// The file; its ending says the format: .csv, .txt, .yaml, .json, .log (Optuna)
    #[arg(long, value_name = "FILE")]
    pub to: PathBuf,
    /// evolve-csv, evolve-txt, hyp, json, frame (a CSV file for data frames) or optuna
    #[arg(long)]
    pub format: Option<String>,
}

/// Writes the file, whole or not at all.
pub fn export(args: &ExportArgs) -> anyhow::Result<Exit> {
    let names = || Format::ALL.map(|(name, _)| name).join(", ");
    let format = match &args.format {
        Some(name) => Format::parse(name)
            .ok_or_else(|| Told::usage(format!("--format {name}: there are {}", names())))?,
        None => Format::of_path(&args.to).ok_or_else(|| {
            Told::usage(format!("{}: its ending says no format; --format {}", args.to.display(), names()))
        })?,
    };
    let state = find::state(&find::dir(&args.name)?)?;
    let text = transfer::write(&state, format).map_err(Told::usage)?;
    dir::replace(&args.to, text.as_bytes(), Access::Private)?;
    tell!("{}: {}", args.to.display(), transfer::held(&state, format, &text));
    Ok(Exit::Done)
}
