//! The shell's side of `evotop-yolo`: what can be typed, and one file for each subcommand that does more than call one function.

mod info;
mod surroundings;
mod train;
mod val;

use std::io::{BufReader, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use evotop::clean::clean_lines;
use evotop::cli::{broken_pipe, say, whole};

use crate::options::{self, Options};
use crate::{device, digits, failure, worker};

/// YOLOv5 and YOLOv3 training on libtorch, evotop's built-in trainer
#[derive(Parser)]
#[command(name = "evotop-yolo", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Train a model once
    Train {
        #[command(flatten)]
        options: Options,
        /// Hyperparameters: a file, or the name of a built-in one (evotop hyp list) [default: scratch-low; digits for the built-in
        /// data set]
        #[arg(long)]
        hyp: Option<String>,
    },
    /// Validate weights on a data set: one row for all classes, one for each
    Val(val::ValArgs),
    /// Serve evotop: its protocol on standard input and output
    Worker,
    /// Write the built-in data set: real handwritten digits in made-up scenes
    Digits {
        /// Folder to write into
        #[arg(long)]
        out: PathBuf,
        /// Training pictures
        #[arg(long, default_value_t = 128)]
        train: usize,
        /// Validation pictures
        #[arg(long, default_value_t = 64)]
        val: usize,
        #[arg(long, default_value_t = 0)]
        seed: u64,
    },
    /// Say what a model is: a YAML, a built-in name or a weights file
    Info { model: String },
    /// Say what there is to compute on, a line each
    Devices,
}

/// Runs the program. Output that nobody reads any more (`evotop-yolo info yolov5n | head`) ends it quietly.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    if matches!(cli.command, Command::Train { .. } | Command::Worker | Command::Val(_)) {
        surroundings::settle();
        failure::hush();
    }
    share_cores(&cli.command);
    match dispatch(cli.command) {
        Err(why) if !broken_pipe(&why) => {
            // Where nobody listens there either, nothing is left to say it to.
            let _ =
                writeln!(std::io::stderr(), "evotop-yolo: {}", clean_lines(&failure::plain(&whole(&why))));
            ExitCode::from(2)
        }
        _ => ExitCode::SUCCESS,
    }
}

fn dispatch(command: Command) -> Result<()> {
    match command {
        Command::Train { options, hyp } => in_words(|| train::train(&options, hyp.as_deref())),
        Command::Val(args) => in_words(|| val::val(&args)),
        Command::Worker => Ok(worker::serve(BufReader::new(std::io::stdin()), std::io::stdout().lock())?),
        Command::Digits { out, train, val, seed } => {
            Ok(say(&digits::write(&out, train, val, seed)?.display().to_string())?)
        }
        Command::Info { model } => info::info(&model),
        Command::Devices => Ok(say(&device::all().join("\n"))?),
    }
}

/// Data sets are listed and read, and validations counted, on as many threads as the training may use.
fn share_cores(command: &Command) {
    let threads = match command {
        Command::Train { options, .. } => options.threads(),
        _ => options::cores(),
    };
    // Where it fails the library's own threads do as well.
    let _ = rayon::ThreadPoolBuilder::new().num_threads(threads).build_global();
}

/// Runs what libtorch may panic in.
fn in_words(work: impl FnOnce() -> Result<()>) -> Result<()> {
    failure::catch(work).unwrap_or_else(|why| Err(anyhow::Error::msg(why)))
}
