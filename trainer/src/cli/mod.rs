//! The program `evotop-yolo`.

use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use clap::{Parser, Subcommand};
use evotop::trial::YOLO_METRICS;
use evotop_yolo::data::{self, Cache, DataYaml, Dataset, Library, Split, ValLoader};
use evotop_yolo::hyp::Hyp;
use evotop_yolo::loss::anchor_sizes;
use evotop_yolo::model::{Config, Model};
use evotop_yolo::options::{self, Options};
use evotop_yolo::setup::{self, Setup};
use evotop_yolo::threads;
use evotop_yolo::train::{BatchReport, End, EpochReport, Flow, Run, Watch, evaluate, train};
use evotop_yolo::weights::{Purpose, Weights};
use evotop_yolo::{device, digits, failure, preflight, worker};

/// YOLOv5 and YOLOv3 training on libtorch, evotop's built-in trainer
#[derive(Parser)]
#[command(version)]
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
        /// Hyperparameters
        #[arg(long)]
        hyp: Option<PathBuf>,
    },
    /// Validate weights on a data set: one row for all classes, one for each
    Val {
        #[arg(long)]
        weights: PathBuf,
        /// Data set YAML, or `digits`
        #[arg(long, default_value = options::DIGITS)]
        data: String,
        #[arg(long, visible_aliases = ["imgsz", "img-size"], default_value_t = 640)]
        img: u32,
        #[arg(long, visible_aliases = ["batch-size"], default_value_t = 32)]
        batch: u32,
        #[arg(long, default_value = "auto")]
        device: String,
        /// All classes count as one
        #[arg(long)]
        single_cls: bool,
    },
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
}

/// What a training wants to find in its environment. Its libraries read it as they are loaded, so it cannot be set later.
///
/// libgomp's threads spin for milliseconds while they wait by default: where something else wants the cores, a training takes four times
/// as long by that. Where they sleep at once, it takes 1.8 times as long on idle cores. So they spin for some tens of microseconds, as
/// long as the operations of a small network leave between them. glibc gives the memory of large tensors back to the system and asks for
/// it again in every step, page by page, which is a tenth; kept, and in large pages, that costs nothing. It also puts the small pieces in
/// order each time a large one is freed, which is some hundredths; without its fast bins it has none to put in order. Two heaps instead of
/// one a thread keep what a worker holds from growing training after training.
#[cfg(unix)]
const SURROUNDINGS: [(&str, &str); 2] = [
    ("GOMP_SPINCOUNT", "4000"),
    (
        "GLIBC_TUNABLES",
        "glibc.malloc.arena_max=2:glibc.malloc.mxfast=0:glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=33554432:glibc.malloc.trim_threshold=4294967296:glibc.malloc.top_pad=67108864",
    ),
];

/// Starts the program again, in its own place, in the surroundings it wants. What somebody has set stays as it is.
#[cfg(unix)]
fn settle() {
    use std::os::unix::process::CommandExt as _;
    let set = |name: &str| std::env::var_os(name).is_some();
    let waits = set("OMP_WAIT_POLICY");
    let missing: Vec<_> = SURROUNDINGS
        .into_iter()
        .filter(|(name, _)| !(set(name) || waits && *name == "GOMP_SPINCOUNT"))
        .collect();
    if missing.is_empty() {
        return;
    }
    if let Ok(program) = std::env::current_exe() {
        // Comes back only where it fails; then it goes on as it is.
        let _ = std::process::Command::new(program).args(std::env::args_os().skip(1)).envs(missing).exec();
    }
}

#[cfg(not(unix))]
fn settle() {}

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

fn main() -> ExitCode {
    let cli = Cli::parse();
    if matches!(cli.command, Command::Train { .. } | Command::Worker | Command::Val { .. }) {
        settle();
        failure::hush();
    }
    share_cores(&cli.command);
    let result = match cli.command {
        Command::Train { options, hyp } => in_words(|| train_once(&options, hyp.as_deref())),
        Command::Val { weights, data, img, batch, device, single_cls } => {
            in_words(|| validate(&weights, &data, img, batch, &device, single_cls))
        }
        Command::Worker => {
            worker::serve(BufReader::new(std::io::stdin()), std::io::stdout().lock()).map_err(Into::into)
        }
        Command::Digits { out, train, val, seed } => write_digits(&out, train, val, seed),
        Command::Info { model } => info(&model),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("evotop-yolo: {why:#}");
            ExitCode::from(2)
        }
    }
}

fn train_once(options: &Options, hyp: Option<&Path>) -> Result<()> {
    let hyp = hyp.map_or_else(|| Ok(Hyp::default()), Hyp::read)?;
    let device = device::named(&options.device).map_err(anyhow::Error::msg)?;
    let setup = Setup::prepare(options, &Library::new(), &mut |text| println!("{text}"))?;
    let dir = fresh_dir(&options.project, &options.name)?;
    if let Some(line) = preflight::disk(&dir) {
        println!("{line}");
    }
    let run = Run {
        hyp,
        epochs: options.epochs.unwrap_or(100),
        seed: options.seed,
        device,
        threads: options.threads(),
        results: Some(dir.clone()),
        keep: Some(dir.clone()),
    };
    println!("{}: {} epochs on {}", dir.display(), run.epochs, device::spelled(run.device));
    match train(&setup, &run, &mut Printed)? {
        End::Finished { metrics } => {
            for (name, x) in YOLO_METRICS.iter().zip(metrics) {
                println!("{name:>22} {x:.6}");
            }
            Ok(())
        }
        End::Diverged { epoch, what } => bail!("diverged in epoch {epoch}: {what}"),
        End::Cancelled => Ok(()),
    }
}

fn validate(path: &Path, data: &str, img: u32, batch: u32, device: &str, single_cls: bool) -> Result<()> {
    let device = device::named(device).map_err(anyhow::Error::msg)?;
    let weights = Weights::read(path, Purpose::Validate)?;
    let yaml = DataYaml::read(&setup::data_yaml(data, [128, 64])?)?;
    let img = options::round_img(img);
    let opened = data::Options { img, single_class: single_cls, cache: Cache::None };
    let val = Arc::new(Dataset::open(&yaml, Split::Val, opened)?);
    println!("{}", val.summary());
    for line in preflight::problems(&val) {
        println!("{line}");
    }
    let config = weights.config.clone().context("the weights do not say which model they are for")?;
    // Where all classes count as one, whatever number of them the weights know do.
    if !single_cls && config.nc != val.classes() as i64 {
        bail!(
            "{}: these weights know {} classes, {data} has {}; validate on the data they were trained for, or with --single-cls",
            path.display(),
            config.nc,
            val.classes()
        );
    }
    let mut model = Model::new(&config, device)?;
    let transfer = weights.transfer(&mut model, false);
    println!("{transfer}");
    if transfer.moved < transfer.total {
        bail!(
            "{}: these are not all of this model's weights, so there is nothing to measure",
            path.display()
        );
    }
    let threads = options::cores();
    threads::compute_with(threads);
    let loader = ValLoader::new(Arc::clone(&val), img, batch as usize, threads);
    print!("{}", evaluate(&model, None, &loader, single_cls, &mut || Flow::Continue)?.table(val.names()));
    Ok(())
}

/// `exp`, `exp2`, `exp3`, ...: the first that is not there.
fn fresh_dir(project: &Path, name: &str) -> Result<PathBuf> {
    let names = std::iter::once(name.to_owned()).chain((2..10_000).map(|n| format!("{name}{n}")));
    let dir = names.map(|name| project.join(name)).find(|dir| !dir.exists());
    let dir = dir.with_context(|| format!("{}: no free name like {name}", project.display()))?;
    std::fs::create_dir_all(&dir).with_context(|| dir.display().to_string())?;
    Ok(dir)
}

fn write_digits(out: &Path, train: usize, val: usize, seed: u64) -> Result<()> {
    let yaml = digits::write(out, train, val, seed)?;
    println!("{}", yaml.display());
    Ok(())
}

fn info(name: &str) -> Result<()> {
    let path = Path::new(name);
    let ends_in = |ends: [&str; 2]| ends.iter().any(|end| path.extension().is_some_and(|e| e == *end));
    // By its name also where it is missing, so that this is what is said.
    let is_weights = ends_in(["pt", "safetensors"]) || path.is_file() && !ends_in(["yaml", "yml"]);
    let weights = is_weights.then(|| Weights::read(path, Purpose::Validate)).transpose()?;
    let config = match &weights {
        Some(weights) => weights.config.clone().context("the file does not say which model it is for")?,
        None => Config::find(name)?,
    };
    let mut model = Model::new(&config, tch::Device::Cpu)?;
    if let Some(weights) = &weights {
        println!("{}", weights.transfer(&mut model, false));
    }
    println!("classes     {}", model.classes());
    if let Some(weights) = weights.filter(|weights| !weights.names.is_empty()) {
        println!("names       {}", weights.names.join(", "));
    }
    println!("parameters  {}", model.parameter_count());
    println!("state       {} entries", model.state().len());
    for (stride, anchors) in
        model.detect().strides.iter().zip(anchor_sizes(&model.detect().anchors_in_pixels()))
    {
        let sizes: Vec<String> = anchors.iter().map(|[w, h]| format!("{w:.0}x{h:.0}")).collect();
        println!("stride {stride:<4} anchors {}", sizes.join(" "));
    }
    Ok(())
}

/// A training on a terminal: one line an epoch.
struct Printed;

impl Watch for Printed {
    fn flow(&mut self) -> Flow {
        Flow::Continue
    }

    fn batch(&mut self, _: &BatchReport) {}

    fn epoch(&mut self, report: &EpochReport) {
        let [box_, obj, cls] = report.losses;
        let metrics = report.metrics.map_or_else(String::new, |m| {
            format!("  P {:.4}  R {:.4}  mAP50 {:.4}  mAP {:.4}", m[0], m[1], m[2], m[3])
        });
        println!(
            "epoch {}/{}  box {box_:.4}  obj {obj:.4}  cls {cls:.4}{metrics}  {:.1} s (training {:.1}, of it waiting for pictures {:.1})",
            report.epoch, report.epochs, report.seconds, report.shares.total, report.shares.waiting
        );
    }

    fn say(&mut self, text: String) {
        println!("{text}");
    }
}
