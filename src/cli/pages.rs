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

/// Print the manual page of evotop, or of one of its commands
#[derive(Debug, Args)]
pub struct ManArgs {
    /// The command: `evotop man run`
    pub command: Option<String>,
}

/// Prints a manual page.
pub fn man(args: &ManArgs, evotop: clap::Command) -> anyhow::Result<Exit> {
    out(&page(args.command.as_deref(), evotop)?)?;
    Ok(Exit::Done)
}

fn page(command: Option<&str>, mut evotop: clap::Command) -> anyhow::Result<String> {
    // So that a command knows whose it is.
    evotop.build();
    let described = match command {
        None => evotop,
        Some(name) => {
            let known = evotop.find_subcommand(name).filter(|command| !command.is_hide_set());
            let none = || Told::usage(format!("there is no command {name}; evotop help lists them"));
            known.cloned().ok_or_else(none)?
        }
    };
    let mut text = Vec::new();
    clap_mangen::Man::new(described).render(&mut text)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
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

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::Cli;

    #[test]
    fn every_command_has_a_manual_page_that_names_its_options() {
        let evotop = Cli::command();
        for command in evotop.get_subcommands().filter(|command| !command.is_hide_set()) {
            let text = page(Some(command.get_name()), evotop.clone()).unwrap();
            assert!(text.contains(&format!("evotop\\-{}", command.get_name())), "{text}");
            for long in command.get_arguments().filter_map(clap::Arg::get_long) {
                let escaped = format!("\\-\\-{}", long.replace('-', "\\-"));
                assert!(text.contains(&escaped), "{} lacks --{long}", command.get_name());
            }
        }
        assert!(page(None, evotop.clone()).unwrap().contains("evotop\\-run(1)"));
        for unknown in ["runs", "sim-worker"] {
            assert!(page(Some(unknown), evotop.clone()).is_err(), "{unknown}");
        }
    }
}
