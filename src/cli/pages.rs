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

/// Prints the keys file with every default in it.
pub fn keys() -> Exit {
    print!("{}", crate::app::keymap::default_file());
    Exit::Done
}
