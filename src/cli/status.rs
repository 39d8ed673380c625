//! `evotop status`: how a session stands, from the session itself or, where none runs, from its journal.

use clap::Args;

use super::exit::Exit;
use super::find;
use crate::clock;
use crate::evolve::{Prune, Rule};
use crate::session::Status;
use crate::view::text;

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
        let error = best.standard_error.filter(|_| best.trials > 1);
        let error = error.map_or_else(String::new, |e| format!(" ± {e:.5} ({} trials)", best.trials));
        tell!("best      {:.5}{error} at gen {}", best.fitness, best.generation);
    }
    tell!(
        "settings  {} {} of {}, sigma {}, mutation probability {}",
        s.settings.strategy.name(),
        s.settings.parent.name(),
        s.settings.top,
        s.settings.sigma,
        s.settings.probability
    );
    let rules = Rule::ALL.iter().filter_map(|rule| Some((rule, s.settings.rules.get(*rule)?)));
    let prune = Some(s.settings.prune).filter(|prune| *prune != Prune::Off);
    let prune = prune.map(|prune| format!("prune {}", prune.name()));
    let rules = prune.into_iter().chain(rules.map(|(rule, x)| format!("{} {x}", rule.name())));
    let rules: Vec<String> = rules.collect();
    if !rules.is_empty() {
        tell!("rules     {}", rules.join(", "));
    }
    let pins: Vec<String> = s.params.iter().filter_map(|p| Some(format!("{}={}", p.name, p.pin?))).collect();
    if !pins.is_empty() {
        tell!("pinned    {}", pins.join(" "));
    }
    for hint in &s.hints {
        tell!("hint      {hint}");
    }
    for slot in &s.slots {
        match slot.generation {
            Some(generation) => {
                let epoch = slot.epoch.zip(slot.epochs).and_then(|(n, of)| text::epoch(n, of));
                let epoch = epoch.map(|epoch| format!(", {epoch}")).unwrap_or_default();
                let frozen = if slot.frozen_since.is_some() { ", frozen" } else { "" };
                tell!("{:9} gen {generation}{epoch}{frozen}", slot.name);
            }
            None => tell!("{:9} {}", slot.name, if slot.health == "well" { "free" } else { &slot.health }),
        }
    }
    if s.cost.used > 0.0 {
        tell!("hours     {}", s.cost);
    }
    if let Some(left) = s.seconds_left.filter(|_| s.state == "running") {
        tell!("left      {}", clock::duration(left));
    }
    Ok(())
}
