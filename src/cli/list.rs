//! `evotop ls`: the sessions that are known, what they do, and what room they take.

use clap::Args;

use super::exit::Exit;
use super::find;
use crate::dir::{Registry, SessionDir};
use crate::size;

/// List sessions: running, interrupted, closed, complete
#[derive(Debug, Args)]
pub struct LsArgs {
    /// As JSON: an array of {name, dir, state, done, generations, best, bytes}
    #[arg(long)]
    pub json: bool,
}

/// One session, as it is listed.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Listed {
    pub name: String,
    pub dir: std::path::PathBuf,
    /// As in `evotop status`.
    pub state: String,
    pub done: u64,
    pub generations: u64,
    pub best: Option<f64>,
    /// What its directory takes on disk.
    pub bytes: u64,
    /// The host that it runs on, where it cannot be reached from here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
}

/// Lists the sessions.
pub fn ls(args: &LsArgs) -> anyhow::Result<Exit> {
    let listed = list();
    if args.json {
        tell!("{}", serde_json::to_string_pretty(&listed)?);
        return Ok(Exit::Done);
    }
    if listed.is_empty() {
        tell!("no sessions; evotop run starts one");
    }
    for s in &listed {
        let best = s.best.map(|best| format!("best {best:.4}")).unwrap_or_default();
        let trials = format!("{}/{}", s.done, s.generations);
        let size = size::taken(s.bytes);
        let host = s.host.as_ref().map(|host| format!(" (on {host})")).unwrap_or_default();
        tell!("{:20} {:12} {trials:>11}  {best:12} {size:>10}  {}{host}", s.name, s.state, s.dir.display());
    }
    Ok(Exit::Done)
}

/// Every session that is registered and still there.
pub fn list() -> Vec<Listed> {
    let mut listed = Vec::new();
    for known in Registry::open().list() {
        let Ok((status, at_rest)) = find::status(&known.dir) else { continue };
        let unanswered = at_rest.is_some_and(|state| state.open.is_some() && !state.is_complete());
        let holder = find::holder(&known.dir).filter(|_| unanswered);
        listed.push(Listed {
            name: status.name,
            state: status.state,
            done: status.done,
            generations: status.generations,
            best: status.best.map(|best| best.fitness),
            bytes: SessionDir::new(&known.dir).bytes(),
            host: holder.map(|holder| holder.host),
            dir: known.dir,
        });
    }
    listed
}
