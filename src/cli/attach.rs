//! `evotop attach`, and `evotop` alone: the screen on a session.

use std::path::Path;

use clap::Args;

use super::exit::{Exit, Told};
use super::{block_on, find};
use crate::wire::Client;

/// Watch and steer a session
#[derive(Debug, Args)]
pub struct AttachArgs {
    /// The session's name or directory [default: the one that runs]
    pub name: Option<String>,
    /// Only look
    #[arg(long)]
    pub read_only: bool,
}

/// Attaches to a session.
pub fn attach(args: &AttachArgs) -> anyhow::Result<Exit> {
    to(&find::dir_or_only(args.name.as_deref())?, args.read_only)
}

/// `evotop` without a command.
pub fn alone() -> anyhow::Result<Exit> {
    to(&find::dir_or_only(None)?, false)
}

/// The screen on the session in `dir`.
pub fn to(dir: &Path, read_only: bool) -> anyhow::Result<Exit> {
    block_on(async { Client::connect(dir, read_only).await })?.map_err(|error| find::told(&error))?;
    Err(Told::with(Exit::Failed, "the screen is not there yet"))
}
