//! `evotop hyp`: the built-in hyp and space files, and a space for any hyp file.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::exit::{Exit, Told};
use super::out;
use crate::space::{self, Source, builtin};

/// The built-in hyp files, and a space with proposed bounds for any other
#[derive(Debug, Args)]
pub struct HypArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// List the built-in hyp and space files
    List,
    /// Print a built-in file
    Show { name: String },
    /// Print a space file with proposed bounds for a hyp file
    Init { file: PathBuf },
}

/// Lists, shows, proposes.
pub fn hyp(args: &HypArgs) -> anyhow::Result<Exit> {
    match &args.what {
        What::List => {
            for (name, about) in builtin::list() {
                tell!("{name:24} {about}");
            }
        }
        What::Show { name } => {
            let file = builtin::get(name).ok_or_else(|| {
                Told::usage(format!("there is no built-in file {name}; evotop hyp list lists them"))
            })?;
            out(&file.text)?;
        }
        What::Init { file } => out(&space::propose(&Source::read(file)?)?)?,
    }
    Ok(Exit::Done)
}
