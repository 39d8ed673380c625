//! `evotop completions` and `evotop man`: made from the command line's own description.

use clap::Args;
use clap_complete::Shell;

use super::exit::Exit;

/// Print completions for a shell
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    pub shell: Shell,
}

/// Prints completions.
pub fn completions(args: &CompletionsArgs, command: &mut clap::Command) -> Exit {
    clap_complete::generate(args.shell, command, "evotop", &mut std::io::stdout());
    Exit::Done
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
pub fn keys(args: &KeysArgs) -> Exit {
    use crate::app::keymap::{default_file, markdown};
    print!("{}", if args.markdown { markdown() } else { default_file() });
    Exit::Done
}
