//! What prints itself: `evotop completions` and `evotop man` from the command line's own description, `evotop keys` and
//! `evotop theme` as the files to begin one's own with.

use clap::Args;
use clap_complete::Shell;

use super::exit::{Exit, Told};
use super::out;
use crate::app::keymap::{default_file, markdown};
use crate::view::Theme;

/// Print completions for a shell
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    pub shell: Shell,
}

/// Prints completions.
pub fn completions(args: &CompletionsArgs, command: &mut clap::Command) -> anyhow::Result<Exit> {
    // Into memory first: the generator has no way to say that nobody listens.
    let mut text = Vec::new();
    clap_complete::generate(args.shell, command, "evotop", &mut text);
    out(&String::from_utf8_lossy(&text))?;
    Ok(Exit::Done)
}

/// Prints the manual page.
pub fn man(command: clap::Command) -> anyhow::Result<Exit> {
    clap_mangen::Man::new(command).render(&mut std::io::stdout())?;
    Ok(Exit::Done)
}

/// Print the keys file with every default in it (for ~/.config/evotop/keys.yaml)
#[derive(Debug, Args)]
pub struct KeysArgs {
    /// The table of keys as Markdown
    #[arg(long)]
    pub markdown: bool,
}

/// Prints the keys file with every default in it, or the table of keys.
pub fn keys(args: &KeysArgs) -> anyhow::Result<Exit> {
    out(&if args.markdown { markdown() } else { default_file() })?;
    Ok(Exit::Done)
}

/// Print a theme that comes with evotop, to be changed: evotop theme dusk > mine.yaml, evotop run --theme mine.yaml
#[derive(Debug, Args)]
pub struct ThemeArgs {
    /// dusk (for terminals that show all colours) or terminal (its own sixteen)
    #[arg(default_value = "dusk")]
    pub name: String,
}

/// Prints a theme's file.
pub fn theme(args: &ThemeArgs) -> anyhow::Result<Exit> {
    out(Theme::file(&args.name).map_err(|error| Told::with(Exit::Usage, error.to_string()))?)?;
    Ok(Exit::Done)
}
