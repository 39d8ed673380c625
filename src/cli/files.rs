//! `evotop fork`, `rm` and `gc`: sessions as directories.

use std::io::{BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::Args;

use super::exit::{Exit, Told};
use super::{block_on, find, leftovers, out};
use crate::clock;
use crate::dir::{self, Keep, Plan, Registry, SessionDir};
use crate::journal::Access;
use crate::shell;
use crate::size;
use crate::trial;
use crate::wire::Client;

/// Begin a session with another one's past, up to a generation
#[derive(Debug, Args)]
pub struct ForkArgs {
    /// The session's name or directory
    pub name: String,
    /// The last generation that is taken over
    #[arg(long, value_name = "GEN")]
    pub at: u64,
    /// The new session's name [default: NAME-GEN]
    #[arg(long)]
    pub to: Option<String>,
    /// Its directory [default: beside the other one]
    #[arg(long)]
    pub dir: Option<PathBuf>,
}

/// Remove a session: its directory, and everything in it
#[derive(Debug, Args)]
pub struct RmArgs {
    /// The session's name or directory
    pub name: String,
    /// Do not ask
    #[arg(long, short)]
    pub yes: bool,
}

/// Remove trials' directories, and end what a killed session left running; the journal keeps every result
#[derive(Debug, Args)]
pub struct GcArgs {
    /// The session's name or directory
    pub name: String,
    /// What is kept: best:5,last:3,failed
    #[arg(long, default_value = "best:5,last:3,failed")]
    pub keep: Keep,
    /// Only say what would be removed
    #[arg(long, short = 'n')]
    pub dry_run: bool,
}

/// Makes a fork.
pub fn fork(args: &ForkArgs) -> anyhow::Result<Exit> {
    let from = find::dir(&args.name)?;
    let last = from.file_name().map_or_else(|| "exp".into(), |name| name.to_string_lossy().into_owned());
    let name = args.to.clone().unwrap_or_else(|| format!("{last}-{}", args.at));
    let to = args.dir.clone().unwrap_or_else(|| from.with_file_name(&name));
    let (from, fork) = (SessionDir::new(&from), SessionDir::new(&to));
    let last = dir::fork(&from, &fork, &name, args.at, clock::now(), Access::Private)?;
    Registry::open().add(&name, &to)?;
    tell!("{name} begins after gen {last}; go on with: evotop run --dir {}", shell::path(&to));
    Ok(Exit::Done)
}

/// Removes a session that does not run.
pub fn rm(args: &RmArgs) -> anyhow::Result<Exit> {
    let dir = find::dir(&args.name)?;
    not_running(&dir)?;
    let session = SessionDir::new(&dir);
    let size = size::taken(session.bytes());
    if !args.yes && !confirmed(&format!("remove {} ({size}) and all its results?", dir.display()))? {
        return Err(Told::usage("nothing was removed"));
    }
    leftovers::of(&dir, true)?;
    let full = std::fs::canonicalize(&dir)?;
    std::fs::remove_dir_all(&full)?;
    Registry::open().remove(&full)?;
    tell!("removed {}", dir.display());
    Ok(Exit::Done)
}

/// Removes trials' directories.
pub fn gc(args: &GcArgs) -> anyhow::Result<Exit> {
    let dir = find::dir(&args.name)?;
    let plan = Plan::of(&args.keep, &find::state(&dir)?);
    let session = SessionDir::new(&dir);
    let collected = if args.dry_run { plan.preview(&session)? } else { plan.collect(&session)? };
    leftovers::of(&dir, !args.dry_run)?;
    let word = if args.dry_run { "would remove" } else { "removed" };
    tell!(
        "{word} the directories of {}, {}",
        trial::count(collected.trials.len()),
        size::taken(collected.bytes)
    );
    Ok(Exit::Done)
}

fn not_running(dir: &Path) -> anyhow::Result<()> {
    let holder = find::holder(dir);
    if holder.is_some() || block_on(Client::connect(dir, true))?.is_ok() {
        let host = holder.map(|holder| format!(" on {}", holder.host)).unwrap_or_default();
        return Err(Told::usage(format!("{} runs{host}: stop it first (evotop stop)", dir.display())));
    }
    Ok(())
}

fn confirmed(question: &str) -> anyhow::Result<bool> {
    if !std::io::stdin().is_terminal() {
        return Err(Told::usage(format!("{question} say so with --yes")));
    }
    out(&format!("{question} [y/N] "))?;
    std::io::stdout().flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
