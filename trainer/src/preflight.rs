//! What should be known before the first training: the data, what it takes of the machine, and, once some batches are done, how long a
//! training will take. Nothing is refused here; what makes a training impossible is an error elsewhere.

use std::collections::HashSet;
use std::path::Path;

use evotop::trial::device::is_uuid;
use evotop::{clock, size};
use tch::{Cuda, Device, utils};

use crate::data::{Cache, Dataset};
use crate::device::FIRST_DRIVER;
use crate::machine;

/// Free disk space below which a run is warned about.
const LITTLE_DISK: u64 = 1_000_000_000;
/// Kinds of label problems are many, the files few; more than this many lines nobody reads.
const MOST_WARNINGS: usize = 20;

/// What was found of the data, one line each, for people.
pub fn report(train: &Dataset, val: &Dataset) -> Vec<String> {
    let mut lines = vec![train.summary(), val.summary()];
    lines.extend(self::lines(train.warnings()));
    // Where both splits have the same pictures, each is told of once.
    let told: HashSet<&String> = train.warnings().iter().collect();
    let others: Vec<String> = val.warnings().iter().filter(|line| !told.contains(line)).cloned().collect();
    lines.extend(self::lines(&others));
    lines
}

/// What is wrong with a data set, as many lines as a person reads.
pub fn lines(warnings: &[String]) -> Vec<String> {
    let mut lines: Vec<String> = warnings.iter().take(MOST_WARNINGS).cloned().collect();
    if warnings.len() > MOST_WARNINGS {
        lines.push(format!("and {} more such problems", warnings.len() - MOST_WARNINGS));
    }
    lines
}

/// One line about the memory that the pictures will take, for whoever is about to read them.
pub fn room(train: &Dataset, val: &Dataset) -> String {
    memory(train, val, machine::slots(), machine::memory().map(|memory| memory.free))
}

fn memory(train: &Dataset, val: &Dataset, slots: usize, free: Option<u64>) -> String {
    if train.options().cache == Cache::None {
        return "pictures are read from disk for every epoch (--cache none)".to_owned();
    }
    let each = train.cache_bytes() + val.cache_bytes();
    let all = each.saturating_mul(slots.max(1) as u64);
    let mut line = format!("memory: {} of pictures", size::short(each));
    if slots > 1 {
        line = format!("{line} a slot, {} for {slots} slots", size::short(all));
    }
    match free {
        Some(free) if all > free => format!(
            "{line}, but only {} are free; use fewer slots, a smaller --img or --cache none",
            size::short(free)
        ),
        Some(free) => format!("{line}, {} free", size::short(free)),
        None => line,
    }
}

/// What a training is given: device, threads and the disk that results are written to. A worker hears of them with its first job.
pub fn place(device: Device, threads: usize, results: &Path) -> Vec<String> {
    std::iter::once(device_line(device, threads)).chain(disk(results)).collect()
}

/// One line about the disk that results are written to, where the system tells.
fn disk(folder: &Path) -> Option<String> {
    let free = machine::free_disk(folder)?;
    let line = format!("disk: {} free at {}", size::short(free), folder.display());
    Some(if free < LITTLE_DISK {
        format!("{line}, which is little; the run pauses when it is full")
    } else {
        line
    })
}

fn device_line(device: Device, threads: usize) -> String {
    let cpu = format!("device: cpu, {threads} thread{}", if threads == 1 { "" } else { "s" });
    match device {
        Device::Cuda(number) => {
            let driver = machine::nvidia_driver().unwrap_or_else(|| "unknown".to_owned());
            format!("device: cuda:{number} of {}, driver {driver}", Cuda::device_count())
        }
        Device::Mps => "device: mps".to_owned(),
        _ if Cuda::is_available() => cpu,
        _ => {
            let mask = std::env::var("CUDA_VISIBLE_DEVICES").ok();
            let driver = machine::nvidia_driver();
            match driver.and_then(|driver| unused_gpu(&driver, utils::has_cudart(), mask.as_deref())) {
                Some(why) => format!("{cpu}; {why}"),
                None => cpu,
            }
        }
    }
}

/// Why libtorch sees no GPU where there is a driver, unless the mask hides them all: a slot that is to compute on the CPU is shown none.
fn unused_gpu(driver: &str, has_cuda: bool, mask: Option<&str>) -> Option<String> {
    let first = mask.map(|mask| mask.split(',').next().unwrap_or_default().trim());
    let hidden = first.is_some_and(|word| !is_uuid(word) && word.parse::<u32>().is_err());
    let is_old = driver.split('.').next()?.parse::<u32>().is_ok_and(|major| major < FIRST_DRIVER);
    match (has_cuda, is_old) {
        // A slot on the CPU is shown no GPU; that another build could use one is told all the same.
        (false, false) => {
            Some("there is an NVIDIA driver, but this build has no CUDA (make libtorch CUDA=1)".to_owned())
        }
        (_, true) if !hidden => Some(format!(
            "NVIDIA driver {driver} is too old for libtorch's CUDA 13, which needs {FIRST_DRIVER} or newer"
        )),
        _ => None,
    }
}

/// How many batches are timed before a training's length is told.
pub const TIMED: usize = 4;

/// The time that a training will take, from the seconds per training batch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outlook {
    pub seconds_per_batch: f64,
    /// Per epoch.
    pub batches: usize,
    /// Pictures validated per training, as multiples of the pictures in a batch; each costs about a third of training on it.
    pub val_batches: usize,
    pub epochs: u32,
}

impl Outlook {
    /// Seconds of one training, hence of one generation.
    pub fn generation(&self) -> f64 {
        let epoch = self.batches as f64 * self.seconds_per_batch;
        epoch * f64::from(self.epochs) + self.val_batches as f64 * self.seconds_per_batch / 3.0
    }
}

/// What is to be expected where a generation takes so many seconds: that, hence the run of so many on so many slots.
pub fn expected(generation: f64, generations: Option<u64>, slots: usize) -> String {
    let mut line = format!("a generation will take about {}", clock::duration(generation));
    if let Some(count) = generations.filter(|count| *count > 1) {
        let slots = slots.max(1);
        let run = generation * count.div_ceil(slots as u64) as f64;
        let on = if slots > 1 { format!(" on {slots} slots") } else { String::new() };
        line = format!("{line}, the run's {count}{on} about {}", clock::duration(run));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{DataYaml, Options, Split};

    fn digits(cache: Cache) -> (Dataset, Dataset, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let file = crate::digits::write(&folder.path().join("d"), 4, 2, 0).unwrap();
        std::fs::write(folder.path().join("d/labels/train/000001.txt"), "0 .5\n").unwrap();
        let yaml = DataYaml::read(&file).unwrap();
        let options = Options { img: 160, single_class: false, cache };
        let open = |split| Dataset::open(&yaml, split, options).unwrap();
        (open(Split::Train), open(Split::Val), folder)
    }

    #[test]
    fn the_report_names_images_problems_memory_disk_and_device() {
        let (train, val, folder) = digits(Cache::Ram);
        let mut lines = report(&train, &val);
        lines.push(memory(&train, &val, 2, None));
        lines.extend(place(Device::Cpu, 3, folder.path()));
        let text = lines.join("\n");
        for word in [
            "train: 3 images",
            "1 corrupt",
            "val: 2 images",
            "000001.txt: line 1: 2 columns",
            "384 KB of pictures a slot, 768 KB for 2 slots",
            "disk: ",
            "device: cpu, 3 threads",
        ] {
            assert!(text.contains(word), "{word} is not in:\n{text}");
        }
    }

    #[test]
    fn a_gpu_that_is_not_used_is_told_of_unless_it_is_hidden_on_purpose() {
        assert!(unused_gpu("580.95.05", false, Some("")).unwrap().contains("make libtorch CUDA=1"));
        for mask in [None, Some("0"), Some("GPU-1b,2")] {
            for has_cuda in [true, false] {
                let why = unused_gpu("525.60", has_cuda, mask).unwrap();
                assert!(why.contains("driver 525.60 is too old") && !why.contains("make"), "{why}");
            }
            assert_eq!(unused_gpu("580.95.05", true, mask), None);
        }
        for mask in ["", "-1", "NoDevFiles"] {
            assert_eq!(
                [true, false].map(|has_cuda| unused_gpu("525.60", has_cuda, Some(mask))),
                [None, None]
            );
        }
    }

    #[test]
    fn a_picture_that_is_in_both_splits_is_told_of_once() {
        let (train, _, _folder) = digits(Cache::Ram);
        let told = report(&train, &train);
        assert_eq!(told.iter().filter(|line| line.contains("000001.txt")).count(), 1, "{told:?}");
    }

    #[test]
    fn of_many_problems_the_first_are_told_and_how_many_more_there_are() {
        let problems: Vec<String> = (0..25).map(|i| format!("problem {i}")).collect();
        let told = lines(&problems);
        assert_eq!(told[..20], problems[..20]);
        assert_eq!(told[20..], ["and 5 more such problems"]);
        assert_eq!(lines(&problems[..20]), problems[..20]);
    }

    #[test]
    fn too_little_memory_comes_with_a_remedy() {
        let (train, val, _folder) = digits(Cache::Ram);
        assert!(memory(&train, &val, 2, Some(1000)).contains("--cache none"));
        assert!(!memory(&train, &val, 2, Some(10_000_000)).contains("--cache none"));
        let (train, val, _folder) = digits(Cache::None);
        assert!(memory(&train, &val, 1, None).contains("read from disk"));
    }

    #[test]
    fn the_outlook_tells_how_long_a_generation_takes() {
        let outlook = Outlook { seconds_per_batch: 0.5, batches: 100, val_batches: 60, epochs: 3 };
        assert!((outlook.generation() - 160.0).abs() < 1e-9);
        let expected = |generations, slots| expected(outlook.generation(), generations, slots);
        assert_eq!(expected(None, 1), "a generation will take about 2m 40s");
        assert_eq!(
            expected(Some(300), 1),
            "a generation will take about 2m 40s, the run's 300 about 13h 20m"
        );
        assert!(
            expected(Some(301), 4).ends_with("the run's 301 on 4 slots about 3h 22m"),
            "{}",
            expected(Some(301), 4)
        );
    }
}
