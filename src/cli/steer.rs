//! `evotop steer` and `evotop stop`: a line of the steering grammar for a running session.

use clap::Args;

use super::exit::{Exit, Told};
use super::{block_on, find};
use crate::journal::How;

/// Change a running session: pin lr0, sigma 0.15, parent weighted, pause, undo, ... (docs/steering.md)
#[derive(Debug, Args)]
#[command(after_help = grammar())]
pub struct SteerArgs {
    /// The session's name or directory
    pub name: String,
    /// What to do
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "WORDS")]
    pub words: Vec<String>,
}

/// End a session: running trials finish first. The same `evotop run` goes on later
#[derive(Debug, Args)]
pub struct StopArgs {
    /// The session's name or directory
    pub name: String,
    /// Give running trials up; they start again on resume
    #[arg(long)]
    pub now: bool,
}

/// Says a line to a running session.
pub fn steer(args: &SteerArgs) -> anyhow::Result<Exit> {
    say(&args.name, &args.words.join(" "))
}

/// Ends a session in good order.
pub fn stop(args: &StopArgs) -> anyhow::Result<Exit> {
    say(&args.name, if args.now { "stop now" } else { "stop" })
}

fn say(name: &str, line: &str) -> anyhow::Result<Exit> {
    let dir = find::dir(name)?;
    let answer = block_on(async { find::connect(&dir).await?.say(line, How::Shell).await })?
        .map_err(|error| find::told(&error))?;
    match answer {
        Ok(text) => {
            tell!("{text}");
            Ok(Exit::Done)
        }
        Err(why) => Err(Told::usage(why)),
    }
}

fn grammar() -> String {
    let verbs = crate::session::steer::VERBS.iter();
    let lines = verbs.map(|verb| format!("  {:44} {}", format!("{} {}", verb.name, verb.takes), verb.doc));
    format!("What to do:\n{}", lines.collect::<Vec<_>>().join("\n"))
}
