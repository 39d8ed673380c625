//! `evotop status`: how a session stands, from the session itself or, where none runs, from its journal.

use clap::Args;

use super::exit::Exit;
use super::find;
use crate::session::Status;

/// How a session stands
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// The session's name or directory [default: the one that runs]
    pub name: Option<String>,
    /// As JSON (docs/status.md)
    #[arg(long)]
    pub json: bool,
}

/// Prints how a session stands.
pub fn status(args: &StatusArgs) -> anyhow::Result<Exit> {
    let dir = find::dir_or_only(args.name.as_deref())?;
    let (status, _) = find::status(&dir)?;
    if args.json {
        tell!("{}", serde_json::to_string_pretty(&status)?);
    } else {
        print(&status)?;
    }
    Ok(Exit::Done)
}

fn print(s: &Status) -> anyhow::Result<()> {
    let why = s.why.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
    tell!("{}  {}{why}", s.name, s.state);
    tell!("trials    {} of {}", s.done, s.generations);
    let ends: Vec<String> = s.ends.iter().map(|(word, n)| format!("{n} {word}")).collect();
    if !ends.is_empty() {
        tell!("ended     {}", ends.join(", "));
    }
    if let Some(best) = &s.best {
        tell!("best      {:.5} at gen {}", best.fitness, best.generation);
    }
    tell!(
        "settings  {} {} of {}, sigma {}, mutation probability {}",
        s.settings.strategy.name(),
        s.settings.parent.name(),
        s.settings.top,
        s.settings.sigma,
        s.settings.probability
    );
    let pins: Vec<String> = s.params.iter().filter_map(|p| Some(format!("{}={}", p.name, p.pin?))).collect();
    if !pins.is_empty() {
        tell!("pinned    {}", pins.join(" "));
    }
    for slot in &s.slots {
        match slot.generation {
            Some(generation) => {
                let epoch = slot.epoch.zip(slot.epochs).filter(|(_, of)| *of > 0);
                let epoch = epoch.map(|(n, of)| format!(", epoch {n}/{of}")).unwrap_or_default();
                let frozen = if slot.frozen_since.is_some() { ", frozen" } else { "" };
                tell!("{:9} gen {generation}{epoch}{frozen}", slot.name);
            }
            None => tell!("{:9} {}", slot.name, if slot.health == "well" { "free" } else { &slot.health }),
        }
    }
    if let Some(left) = s.seconds_left.filter(|_| s.state == "running") {
        tell!("left      {}", crate::clock::duration(left));
    }
    Ok(())
}
