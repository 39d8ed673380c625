//! `evotop replay`: the screen over a journal alone, whether somebody writes it or not, or its lines.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::sync::oneshot;

use super::attach::{ScreenArgs, WAITING, options};
use super::exit::Exit;
use super::{block_on, find, say};
use crate::app::replay::Replay;
use crate::app::{Keymap, News, Request, help};
use crate::clock;
use crate::dir::SessionDir;
use crate::journal::{self, JournalError};
use crate::term::{self, Link};
use crate::view::Plain;

/// Play a session back on the screen, running or not, from its journal alone
#[derive(Debug, Args)]
#[command(after_help = keys())]
pub struct ReplayArgs {
    /// The session's name or directory
    pub name: String,
    #[command(flatten)]
    pub screen: ScreenArgs,
}

/// Plays a session back.
pub fn replay(args: &ReplayArgs) -> anyhow::Result<Exit> {
    of(&find::dir(&args.name)?, &args.screen)
}

/// Plays the session in `dir` back.
pub fn of(dir: &Path, screen: &ScreenArgs) -> anyhow::Result<Exit> {
    let journal = SessionDir::new(dir).journal();
    if screen.plain || !std::io::stdout().is_terminal() {
        return lines(&journal);
    }
    let options = options(screen)?;
    block_on(async {
        let (tell, news) = mpsc::channel(WAITING);
        let (requests, asked) = mpsc::channel(WAITING);
        tokio::select! {
            left = term::run(Link { news, requests }, options) => left.map(|_| Exit::Done).context("the terminal"),
            // The screen is taken away first: an error is read where the person looks.
            Err(error) = play(dir.to_owned(), journal, tell, asked) => Err(error),
        }
    })?
}

/// What a replay's keys and words do, as its own help on the screen has it.
fn keys() -> String {
    let keymap = Keymap::default();
    let keys = help::REPLAY.iter().map(|(actions, _, what)| {
        let keys: Vec<String> = actions.iter().map(|action| keymap.hint(*action)).collect();
        (keys.join(" "), *what)
    });
    let words = help::REPLAY_WORDS.iter().map(|(word, what)| (format!(":{word}"), *what));
    let lines = keys.chain(words).map(|(key, what)| format!("  {key:18} {what}"));
    format!("Keys:\n{}", lines.collect::<Vec<_>>().join("\n"))
}

/// Says a line for each event.
fn lines(journal: &Path) -> anyhow::Result<Exit> {
    let mut plain = Plain::new(jiff::tz::TimeZone::system());
    let mut said = Ok(());
    journal::read(journal, |entry| {
        for line in plain.lines(News::Entry(Arc::new(entry))) {
            if said.is_ok() {
                said = say(&line);
            }
        }
    })?;
    said?;
    Ok(Exit::Done)
}

/// Reads a journal while the screen stands there already, and plays it.
async fn play(
    dir: PathBuf,
    journal: PathBuf,
    news: Sender<News>,
    requests: Receiver<Request>,
) -> anyhow::Result<()> {
    let _ = news.send(News::Connected { read_only: true, dir: dir.clone(), demo: false }).await;
    let (read, entries) = oneshot::channel();
    // A thread that nobody waits for: the screen can be left before the end is read.
    let from = journal.clone();
    std::thread::spawn(move || read.send(entries_of(&from)));
    let entries = entries.await.context("the journal was not read to its end")??;
    let replay = Replay::new(entries, dir, clock::now())
        .with_context(|| format!("{}: the journal does not say how the run began", journal.display()))?;
    term::play(replay, news, requests).await;
    Ok(())
}

fn entries_of(journal: &Path) -> Result<Vec<journal::Entry>, JournalError> {
    let mut entries = Vec::new();
    journal::read(journal, |entry| entries.push(entry))?;
    Ok(entries)
}
