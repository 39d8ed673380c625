//! `evotop attach`, and `evotop` alone: the screen on a session.

use std::io::IsTerminal;
use std::path::Path;

use anyhow::Context;
use clap::Args;
use tokio::sync::mpsc;

use super::exit::{Exit, Told};
use super::{block_on, choices, find, link, other_build, replay, run};
use crate::app::picker::Picked;
use crate::app::{Keymap, Options};
use crate::dir::Registry;
use crate::term::{self, Link, TermOptions, ThemeChoice};
use crate::wire::{Client, ClientError};

/// News on its way to the screen.
pub(super) const WAITING: usize = 1024;

/// Watch and steer a session
#[derive(Debug, Args)]
pub struct AttachArgs {
    /// The session's name or directory [default: the one that runs]
    pub name: Option<String>,
    /// Only look
    #[arg(long)]
    pub read_only: bool,
    #[command(flatten)]
    pub screen: ScreenArgs,
}

/// How the screen looks.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Screen")]
pub struct ScreenArgs {
    /// One line per event, no screen (also where standard output is no terminal)
    #[arg(long)]
    pub plain: bool,
    /// No characters outside ASCII
    #[arg(long)]
    pub ascii: bool,
    /// auto, dusk, terminal, or a theme file (evotop theme prints one)
    #[arg(long, value_name = "NAME|FILE")]
    pub theme: Option<String>,
    /// Take the mouse: wheel and clicks select here (also by a key, mid-way) [default: it is the terminal's]
    #[arg(long)]
    pub mouse: bool,
    /// For a light background [default: the terminal is asked]
    #[arg(long, conflicts_with = "dark")]
    pub light: bool,
    /// For a dark background
    #[arg(long)]
    pub dark: bool,
}

/// Attaches to a session.
pub fn attach(args: &AttachArgs) -> anyhow::Result<Exit> {
    to(&find::dir_or_only(args.name.as_deref())?, args.read_only, false, &args.screen)
}

/// `evotop` without a command: the one session that runs, or a choice of all.
pub fn alone() -> anyhow::Result<Exit> {
    let screen = ScreenArgs::default();
    if let [one] = &find::running()?[..] {
        return to(one, false, false, &screen);
    }
    if Registry::open().list().is_empty() {
        return Err(Told::with(
            Exit::NoSession,
            "no session yet; evotop run starts one, evotop run --help says how",
        ));
    }
    match block_on(term::pick(choices::watch(), &options(&screen)?))?.context("the terminal")? {
        Ok(Picked::Attach(dir)) => to(&dir, false, false, &screen),
        Ok(Picked::Resume(dir)) => run::resumed(&dir),
        Ok(Picked::Replay(dir)) => replay::of(&dir, &screen),
        Ok(Picked::Nothing) | Err(_) => Ok(Exit::Done),
    }
}

/// The screen on the session in `dir`.
pub fn to(dir: &Path, read_only: bool, demo: bool, screen: &ScreenArgs) -> anyhow::Result<Exit> {
    let options = options(screen)?;
    // Once before the terminal is taken, so that an error is read where the person looks.
    match block_on(Client::connect(dir, true))? {
        Ok(client) => {
            if let Err(error) = client.same_protocol() {
                return Err(other_build::attach(&error, dir, read_only, screen));
            }
        }
        // It runs and cannot be reached: its journal is followed.
        Err(ClientError::NoSession { .. }) if find::holder(dir).is_some() => {}
        Err(error) => return Err(find::told(&error)),
    }
    block_on(async {
        let (tell, news) = mpsc::channel(WAITING);
        let (requests, asked) = mpsc::channel(WAITING);
        let keeping = tokio::spawn(link::keep(dir.to_owned(), read_only, demo, tell, asked));
        if screen.plain || !std::io::stdout().is_terminal() {
            term::run_plain(Link { news, requests }, jiff::tz::TimeZone::system(), std::io::stdout()).await?;
            return Ok(Exit::Done);
        }
        let left = term::run(Link { news, requests }, options).await;
        // What was asked last (to stop the run, say) is to reach the session.
        let _ = tokio::time::timeout(std::time::Duration::from_secs(1), keeping).await;
        left.context("the terminal")?;
        Ok(Exit::Done)
    })?
}

/// How the screen is started, with the person's own keys and theme.
pub(super) fn options(screen: &ScreenArgs) -> anyhow::Result<TermOptions> {
    let theme = match &screen.theme {
        Some(file) if Path::new(file).is_file() => {
            ThemeChoice::File(std::fs::read_to_string(file).with_context(|| file.clone())?)
        }
        named => ThemeChoice::Named(named.clone().unwrap_or_else(|| "auto".into())),
    };
    let (keymap, warnings) = keys();
    let app = Options {
        keymap,
        warnings,
        zone: jiff::tz::TimeZone::system(),
        save_to: std::env::current_dir().unwrap_or_else(|_| ".".into()),
        mouse: screen.mouse,
    };
    let light = if screen.light { Some(true) } else { screen.dark.then_some(false) };
    Ok(TermOptions { app, theme, ascii: screen.ascii, no_color: false, light })
}

/// The keys in force: the user's file over the defaults. A bad file is said, and blocks nothing.
fn keys() -> (Keymap, Vec<String>) {
    let home = |name: &str| std::env::var_os(name).map(std::path::PathBuf::from);
    let config = home("XDG_CONFIG_HOME").or_else(|| home("HOME").map(|home| home.join(".config")));
    let Some(path) = config.map(|config| config.join("evotop/keys.yaml")) else {
        return (Keymap::default(), Vec::new());
    };
    match std::fs::read_to_string(&path) {
        Ok(text) => match Keymap::with(&text) {
            Ok(keymap) => (keymap, Vec::new()),
            Err(error) => (
                Keymap::default(),
                vec![format!("{}: {error}; the default keys are in force", path.display())],
            ),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => (Keymap::default(), Vec::new()),
        Err(error) => (Keymap::default(), vec![format!("{}: {error}", path.display())]),
    }
}
