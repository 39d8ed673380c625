//! `evotop completions` and `evotop man`: made from the command line's own description.

use clap::Args;
use clap_complete::Shell;

use super::exit::Exit;
use super::out;
use crate::app::keymap::{default_file, markdown};

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
