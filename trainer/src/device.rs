//! Devices by the names people give them, how numbers get there and in which precision they are computed with, and what a process holds.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use tch::{Cuda, Device, TchError, Tensor, utils};

/// The major number of the first NVIDIA driver that knows libtorch's CUDA.
pub const FIRST_DRIVER: u32 = 580;

/// `cpu`, `cuda:1`, `1`, `mps`; nothing or `auto` takes the first GPU, or the CPU.
///
/// # Errors
/// Where the name is none, or libtorch does not see the device.
pub fn named(name: &str) -> Result<Device, String> {
    let cuda = |n: usize| {
        let present = Cuda::device_count();
        if i64::try_from(n).is_ok_and(|n| n < present) {
            Ok(Device::Cuda(n))
        } else {
            Err(format!(
                "device {name}: libtorch sees {present} CUDA devices here; is a driver present that knows CUDA 13 ({FIRST_DRIVER} or newer), and was `make libtorch CUDA=1` run? Device cpu needs neither"
            ))
        }
    };
    match name.trim().to_ascii_lowercase().as_str() {
        "" | "auto" => Ok(Device::cuda_if_available()),
        "cpu" => Ok(Device::Cpu),
        "mps" if utils::has_mps() => Ok(Device::Mps),
        "mps" => Err("device mps: this libtorch has no Metal support".to_owned()),
        "cuda" => cuda(0),
        other => match other.strip_prefix("cuda:").unwrap_or(other).parse() {
            Ok(n) => cuda(n),
            Err(_) => Err(format!("device {name}: not one of cpu, cuda:N, mps, auto")),
        },
    }
}

/// The names of all that libtorch can compute on here.
pub fn all() -> Vec<String> {
    let gpus = (0..Cuda::device_count()).map(|n| format!("cuda:{n}"));
    let metal = utils::has_mps().then(|| "mps".to_owned());
    std::iter::once("cpu".to_owned()).chain(gpus).chain(metal).collect()
}

/// The name evotop uses.
pub fn spelled(device: Device) -> String {
    match device {
        Device::Cuda(n) => format!("cuda:{n}"),
        Device::Mps => "mps".to_owned(),
        Device::Cpu | Device::Vulkan => "cpu".to_owned(),
    }
}

/// A tensor of this process's memory on `device`. Nothing waits for the copy: to a GPU it goes from pinned memory, since from any other
/// the driver would first let all work that was given to it end.
pub fn sent(tensor: &Tensor, device: Device) -> Tensor {
    if device.is_cuda() {
        fetched(&tensor.internal_pin_memory(device), device)
    } else {
        fetched(tensor, device)
    }
}

/// As [`sent`], of a tensor that is [`pinned`] already.
pub fn fetched(tensor: &Tensor, device: Device) -> Tensor {
    match device {
        Device::Cpu => tensor.shallow_clone(),
        Device::Cuda(_) => tensor.to_device_(device, tensor.kind(), true, false),
        _ => tensor.to_device(device),
    }
}

/// The same numbers in memory from which a GPU fetches them by itself. (libtorch's `pin_memory` prints, each time, that its device
/// is not to be named any more; tch always names it.)
///
/// # Errors
/// Where there is no room for them.
pub fn pinned(tensor: Tensor, device: Device) -> Result<Tensor, TchError> {
    if device.is_cuda() { tensor.f_internal_pin_memory(device) } else { Ok(tensor) }
}

/// Runs `work`, on a GPU in half precision where it is `mixed`. libtorch's errors are panics, and one that left tch's own function would
/// leave that on in this thread, with the weights in half precision that are kept until its end: those of now, for all trainings to come.
pub fn autocast<T>(mixed: bool, work: impl FnOnce() -> T) -> T {
    let done = tch::autocast(mixed, || catch_unwind(AssertUnwindSafe(work)));
    done.unwrap_or_else(|panic| resume_unwind(panic))
}

/// Bytes of memory this process holds, where the system tells.
pub fn resident_bytes() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = text.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * rustix::param::page_size() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_people_give_are_understood() {
        assert_eq!(named("CPU").unwrap(), Device::Cpu);
        for far in ["cuda:77", "cuda:18446744073709551615"] {
            assert!(named(far).unwrap_err().contains("make libtorch CUDA=1"));
        }
        assert!(named("tpu").unwrap_err().contains("not one of"));
        assert_eq!(spelled(Device::Cuda(1)), "cuda:1");
    }
}
