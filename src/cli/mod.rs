//! The shell's side: one file per subcommand. Each parses, calls one function, and gives an exit code.
//!
//! What they share: `exit.rs` has the exit codes, `find.rs` goes from a name to a session, `leftovers.rs` names what a killed
//! session left. `link.rs`, `tail.rs`, `choices.rs` and `other_build.rs` are between sessions and the screen, which is not
//! here: see `term`. `hidden.rs` is what evotop runs of itself.

/// `println!` for whom nobody may listen any more (`evotop ls | head`): that is an error to return, not a panic.
macro_rules! tell {
    ($($words:tt)*) => {
        $crate::cli::say(&format!($($words)*))?
    };
}

/// Prints lines. They hold names from files and trainers, none of which may steer a terminal.
///
/// # Errors
/// Where nobody listens.
pub fn say(text: &str) -> std::io::Result<()> {
    out(&(clean_lines(text) + "\n"))
}

/// Says something beside what a command prints.
fn warn(text: &str) {
    // Where nobody listens there is nobody to be warned.
    let _ =
        std::io::Write::write_fmt(&mut std::io::stderr(), format_args!("evotop: {}\n", clean_lines(text)));
}

/// Prints a text as it is. As `tell!`, it fails where nobody listens.
fn out(text: &str) -> std::io::Result<()> {
    std::io::Write::write_all(&mut std::io::stdout(), text.as_bytes())
}

mod attach;
mod check;
mod choices;
mod exit;
mod export;
mod files;
mod find;
mod hidden;
mod hyp;
mod leftovers;
mod link;
mod list;
mod other_build;
mod pages;
mod plot;
mod replay;
mod run;
mod service;
mod status;
mod steer;
mod tail;
mod verify;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use exit::Exit;
use exit::Told;

use crate::clean::clean_lines;

/// htop for hyperparameter evolution.
#[derive(Debug, Parser)]
#[command(
    name = "evotop",
    version,
    about = "htop for hyperparameter evolution",
    long_about = "Evolves a model's hyperparameters while you watch and steer. Without a command, evotop attaches to \
                  the session that runs, or shows those there are.",
    after_help = "Exit codes: 0 done, 1 failed, 2 wrong command line or file, 3 stopped in good order with more to \
                  do, 4 paused and cannot go on by itself, 5 the journal does not verify, 6 no such session."
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(Box<run::RunArgs>),
    Attach(attach::AttachArgs),
    Replay(replay::ReplayArgs),
    Check(Box<check::CheckArgs>),
    Ls(list::LsArgs),
    Status(status::StatusArgs),
    Steer(steer::SteerArgs),
    Stop(steer::StopArgs),
    Export(export::ExportArgs),
    Plot(plot::PlotArgs),
    Verify(verify::VerifyArgs),
    Repair(verify::RepairArgs),
    Fork(files::ForkArgs),
    Rm(files::RmArgs),
    Gc(files::GcArgs),
    Service(service::ServiceArgs),
    /// Say whether this machine has what evotop needs
    Doctor,
    Hyp(hyp::HypArgs),
    /// Print the keys file with every default in it (for ~/.config/evotop/keys.yaml)
    Keys(pages::KeysArgs),
    Theme(pages::ThemeArgs),
    /// Print completions for a shell
    Completions(pages::CompletionsArgs),
    Man(pages::ManArgs),
    #[command(hide = true)]
    Session,
    #[command(hide = true, disable_help_flag = true)]
    Guard(hidden::RestArgs),
    #[command(hide = true, disable_help_flag = true)]
    GuardExec(hidden::RestArgs),
    #[command(hide = true)]
    SimWorker,
    #[command(hide = true)]
    GiveBack,
}

/// Runs the program. Output that nobody reads any more (`evotop ls | head`) ends it quietly.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage.into() } else { Exit::Done.into() };
        }
    };
    match dispatch(cli.command) {
        Ok(exit) => exit.into(),
        Err(error) => {
            if broken_pipe(&error) {
                return Exit::Done.into();
            }
            warn(&whole(&error));
            error.downcast_ref::<Told>().map_or(Exit::Failed, |told| told.exit).into()
        }
    }
}

fn dispatch(command: Option<Command>) -> anyhow::Result<Exit> {
    match command {
        None => attach::alone(),
        Some(Command::Run(args)) => run::run(*args),
        Some(Command::Attach(args)) => attach::attach(&args),
        Some(Command::Replay(args)) => replay::replay(&args),
        Some(Command::Check(args)) => check::check(&args),
        Some(Command::Ls(args)) => list::ls(&args),
        Some(Command::Status(args)) => status::status(&args),
        Some(Command::Steer(args)) => steer::steer(&args),
        Some(Command::Stop(args)) => steer::stop(&args),
        Some(Command::Export(args)) => export::export(&args),
        Some(Command::Plot(args)) => plot::plot(&args),
        Some(Command::Verify(args)) => verify::verify(&args),
        Some(Command::Repair(args)) => verify::repair(&args),
        Some(Command::Fork(args)) => files::fork(&args),
        Some(Command::Rm(args)) => files::rm(&args),
        Some(Command::Gc(args)) => files::gc(&args),
        Some(Command::Service(args)) => service::service(&args),
        Some(Command::Doctor) => service::doctor(),
        Some(Command::Hyp(args)) => hyp::hyp(&args),
        Some(Command::Keys(args)) => pages::keys(&args),
        Some(Command::Theme(args)) => pages::theme(&args),
        Some(Command::Completions(args)) => {
            pages::completions(&args, &mut <Cli as clap::CommandFactory>::command())
        }
        Some(Command::Man(args)) => pages::man(&args, <Cli as clap::CommandFactory>::command()),
        Some(Command::Session) => hidden::session(),
        Some(Command::Guard(args)) => hidden::guard(&args),
        Some(Command::GuardExec(args)) => hidden::guard_exec(&args),
        Some(Command::SimWorker) => hidden::sim_worker(),
        Some(Command::GiveBack) => hidden::give_back(),
    }
}

/// An error with its causes; one that tells its cause itself does not tell it twice.
pub fn whole(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

/// Whether it is that nobody reads what is printed any more, which is no fault.
pub fn broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|e| e.downcast_ref::<std::io::Error>())
        .any(|e| e.kind() == std::io::ErrorKind::BrokenPipe)
}

/// Runs a client's or a session's tasks on this thread.
fn block_on<T>(future: impl Future<Output = T>) -> anyhow::Result<T> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(future))
}
