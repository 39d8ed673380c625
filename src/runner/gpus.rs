//! What NVML knows of the GPUs: who holds their memory, how warm they are. Absent without a driver. A static evotop asks
//! `nvidia-smi` (`nvidia_smi.rs`).
//!
//! A driver can hang in the kernel for minutes, so it is asked on a thread of its own, with a deadline.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use nvml_wrapper::enum_wrappers::device::TemperatureSensor;
use nvml_wrapper::enums::device::UsedGpuMemory;
use nvml_wrapper::error::NvmlError;
use nvml_wrapper::{Device, Nvml};
use serde::Deserialize;

use crate::size::gibibytes;
use crate::trial::device::is_uuid;

/// How long an answer is waited for.
pub const PATIENCE: Duration = Duration::from_secs(3);

/// How long the first one of a run is: a driver that nothing keeps awake takes seconds to start each GPU.
pub const STARTUP: Duration = Duration::from_secs(30);

/// A GPU with more of its memory taken than this part is not idle, whoever took it.
const IDLE_MEMORY: f64 = 0.1;

/// For tests: a file with the GPUs there are, as JSON; `"late"` for a driver that did not answer, and a pipe that nobody
/// writes to for one that hangs. Builds for use know nothing of it.
const GPUS_FOR_TESTS: &str = "EVOTOP_GPUS";

/// One GPU.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Gpu {
    /// Its number by PCI bus.
    pub index: u32,
    pub uuid: String,
    pub name: String,
    /// Percent.
    pub utilisation: Option<u32>,
    /// Bytes taken, and bytes there are.
    pub memory: Option<(u64, u64)>,
    /// Degrees Celsius.
    pub temperature: Option<u32>,
    /// Power drawn.
    pub milliwatts: Option<u32>,
    /// Who computes on it: process id, and bytes it holds (0 where the driver does not say).
    pub processes: Vec<(u32, u64)>,
}

/// What came of asking.
#[derive(Debug, Clone, PartialEq)]
pub enum Asked {
    /// There is no NVIDIA driver.
    NoDriver,
    /// It did not answer in time, or still has not answered an earlier question.
    Late,
    /// There is one and it fails: its words.
    Failed(String),
    Gpus(Vec<Gpu>),
}

impl Asked {
    /// What is wrong with the driver, in words; none where it answers, or where there is none.
    pub fn trouble(&self) -> Option<String> {
        match self {
            Self::Late => Some("the NVIDIA driver does not answer".into()),
            Self::Failed(why) => Some(format!("the NVIDIA driver fails ({why})")),
            Self::NoDriver | Self::Gpus(_) => None,
        }
    }
}

impl Gpu {
    /// Why it is not idle.
    pub fn busy_with(&self) -> Option<String> {
        if let Some((pid, bytes)) = self.processes.iter().max_by_key(|(_, bytes)| *bytes) {
            let others = self.processes.len() - 1;
            let more = if others > 0 { format!(" and {others} more") } else { String::new() };
            return Some(format!("process {pid}{more} computes on it, holding {}", gibibytes(*bytes)));
        }
        let (used, total) = self.memory?;
        (used as f64 > total as f64 * IDLE_MEMORY)
            .then(|| format!("{} of its memory are taken", gibibytes(used)))
    }

    /// Whether this number or UUID is its.
    pub fn is(&self, mask: &str) -> bool {
        // CUDA takes a UUID's beginning for it.
        self.index.to_string() == mask || is_uuid(mask) && self.uuid.starts_with(mask)
    }

    /// Which GPU it is, and nothing of what it does.
    #[must_use]
    pub fn without_figures(self) -> Self {
        let (utilisation, memory, temperature, milliwatts) = (None, None, None, None);
        Self { utilisation, memory, temperature, milliwatts, processes: Vec::new(), ..self }
    }
}

/// Who holds the memory of the GPU with this number or UUID, in words.
pub fn held(asked: &Asked, mask: &str) -> Option<String> {
    let Asked::Gpus(gpus) = asked else { return None };
    let gpu = gpus.iter().find(|gpu| gpu.is(mask))?;
    let (used, total) = gpu.memory?;
    let holders = gpu.processes.iter().map(|(pid, bytes)| format!("process {pid} {}", gibibytes(*bytes)));
    let holders = holders.collect::<Vec<_>>().join(", ");
    let by = if holders.is_empty() { String::new() } else { format!(", by {holders}") };
    Some(format!("{} of {} are held{by}", gibibytes(used), gibibytes(total)))
}

/// Asks the driver, and waits so long. Blocks: not for the engine's loop.
pub fn ask(within: Duration) -> Asked {
    // A thread that hangs in the kernel stays there; there is never more than one.
    static ASKING: AtomicBool = AtomicBool::new(false);
    if ASKING.swap(true, Ordering::AcqRel) {
        return Asked::Late;
    }
    let (tell, answer) = mpsc::channel();
    std::thread::spawn(move || {
        let _ = tell.send(all());
        ASKING.store(false, Ordering::Release);
    });
    answer.recv_timeout(within).unwrap_or(Asked::Late)
}

/// As [`ask`], but where another question is under way, that one is waited for.
pub fn ask_in_turn(within: Duration) -> Asked {
    let end = Instant::now() + within;
    loop {
        let asked = ask(end.saturating_duration_since(Instant::now()));
        if asked != Asked::Late || Instant::now() >= end {
            return asked;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// What a file says instead of a driver.
fn in_file(file: &std::path::Path) -> Asked {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    if text.trim() == "\"late\"" {
        return Asked::Late;
    }
    serde_json::from_str(&text).map_or(Asked::NoDriver, Asked::Gpus)
}

fn all() -> Asked {
    if cfg!(debug_assertions)
        && let Some(file) = std::env::var_os(GPUS_FOR_TESTS)
    {
        return in_file(file.as_ref());
    }
    if cfg!(target_feature = "crt-static") {
        return super::nvidia_smi::ask();
    }
    Nvml::init().and_then(|nvml| told(&nvml)).map_or_else(|error| unknown(&error), Asked::Gpus)
}

/// What an error of NVML says of the driver: that there is none, or that it fails, as after an upgrade without a restart.
fn unknown(error: &NvmlError) -> Asked {
    match error {
        NvmlError::LibloadingError(_) | NvmlError::DriverNotLoaded => Asked::NoDriver,
        error => Asked::Failed(error.to_string()),
    }
}

fn told(nvml: &Nvml) -> Result<Vec<Gpu>, NvmlError> {
    let count = nvml.device_count()?;
    Ok((0..count).filter_map(|index| one(&nvml.device_by_index(index).ok()?, index).ok()).collect())
}

fn one(device: &Device, index: u32) -> Result<Gpu, NvmlError> {
    let processes = device.running_compute_processes().unwrap_or_default();
    let bytes = |memory: UsedGpuMemory| match memory {
        UsedGpuMemory::Used(bytes) => bytes,
        UsedGpuMemory::Unavailable => 0,
    };
    Ok(Gpu {
        index,
        uuid: device.uuid()?,
        name: device.name()?,
        utilisation: device.utilization_rates().ok().map(|rates| rates.gpu),
        memory: device.memory_info().ok().map(|memory| (memory.used, memory.total)),
        temperature: device.temperature(TemperatureSensor::Gpu).ok(),
        milliwatts: device.power_usage().ok(),
        processes: processes.into_iter().map(|p| (p.pid, bytes(p.used_gpu_memory))).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_driver_that_fails_is_no_machine_without_one() {
        assert_eq!(unknown(&NvmlError::DriverNotLoaded), Asked::NoDriver);
        let Asked::Failed(why) = unknown(&NvmlError::LibRmVersionMismatch) else { panic!("no failure") };
        assert!(why.contains("version mismatch"), "{why}");
    }

    #[test]
    fn who_holds_the_memory_is_told_with_how_much() {
        let gpu = Gpu {
            index: 1,
            uuid: "GPU-b".into(),
            name: "H100".into(),
            utilisation: None,
            memory: Some((70 << 30, 80 << 30)),
            temperature: None,
            milliwatts: None,
            processes: vec![(77, 60 << 30), (78, 10 << 30)],
        };
        let asked = Asked::Gpus(vec![gpu]);
        let told = "70.0 GiB of 80.0 GiB are held, by process 77 60.0 GiB, process 78 10.0 GiB";
        assert_eq!(held(&asked, "1").as_deref(), Some(told));
        assert_eq!(held(&asked, "GPU-b").as_deref(), Some(told));
        assert_eq!((held(&asked, "0"), held(&Asked::Late, "1")), (None, None));
    }

    #[test]
    fn a_machine_without_a_driver_is_told_so_in_time() {
        // On a machine with GPUs there is another answer; none may hang.
        assert!(!matches!(ask(PATIENCE), Asked::Gpus(gpus) if gpus.iter().any(|gpu| gpu.uuid.is_empty())));
    }
}
