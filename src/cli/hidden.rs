//! What evotop runs of itself: the session behind a terminal, a trainer's guard, the simulated trainer, the
//! terminal's keeper.

use std::io::Read;

use clap::Args;

use super::block_on;
use super::exit::Exit;
use crate::dir::SessionDir;
use crate::engine::{self, Start};
use crate::runner;

/// Whatever words the program gave itself.
#[derive(Debug, Args)]
pub struct RestArgs {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub words: Vec<String>,
}

/// The session process: leaves the terminal's session, whose signals must not reach it, and reads how to start from
/// standard input.
pub fn session() -> anyhow::Result<Exit> {
    rustix::process::setsid()?;
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    let start: Start = serde_json::from_str(&text)?;
    foreground(start)
}

/// The guard of a trainer; its orders are one word of JSON.
pub fn guard(args: &RestArgs) -> anyhow::Result<Exit> {
    let orders = args.words.first().map(String::as_str).unwrap_or_default();
    runner::guard::guard(&serde_json::from_str(orders)?)?;
    Ok(Exit::Done)
}

/// Becomes the trainer.
pub fn guard_exec(args: &RestArgs) -> anyhow::Result<Exit> {
    runner::guard::exec(&args.words)?;
    Ok(Exit::Done)
}

/// The simulated trainer.
pub fn sim_worker() -> anyhow::Result<Exit> {
    crate::sim::serve(&mut std::io::stdout().lock()).map_err(anyhow::Error::msg)?;
    Ok(Exit::Done)
}

/// Gives the terminal back when the screen is killed.
pub fn give_back() -> anyhow::Result<Exit> {
    crate::term::give_back()?;
    Ok(Exit::Done)
}

/// Runs a session in this process until it ends.
pub fn foreground(start: Start) -> anyhow::Result<Exit> {
    // Before there is a second thread: what this process and its trainers make is for the same eyes as the journal.
    SessionDir::new(&start.dir).access().set_umask();
    let finish = block_on(engine::run(start))??;
    Ok(Exit::from(&finish))
}
