//! Which slots there are: `auto`, `cpu*2`, `cuda:0,cuda:1*2`, `mps`, a GPU's UUID.

use crate::journal::SlotSpec;

/// The slots that `--devices` asks for, and what is to be said about the choice.
///
/// # Errors
/// Says which word is not a device.
pub fn slots(text: &str) -> Result<(Vec<SlotSpec>, Vec<String>), String> {
    if text.trim() == "auto" {
        return Ok((vec![slot("cpu", 0)], vec!["no idle GPU was looked for: trials run on the cpu".into()]));
    }
    let mut slots: Vec<SlotSpec> = Vec::new();
    for word in text.split(',').map(str::trim) {
        let (device, count) = match word.split_once('*') {
            Some((device, count)) => (device, count.parse::<usize>().ok().filter(|n| (1..=64).contains(n))),
            None => (word, Some(1)),
        };
        let count = count.ok_or_else(|| format!("{word}: how many? write DEVICE*2, at most 64"))?;
        if !is_device(device) {
            return Err(format!(
                "{device} is not a device; write auto, cpu, cuda:0, mps or a GPU's UUID, with *2 for two slots on it"
            ));
        }
        for _ in 0..count {
            let there = slots.iter().filter(|slot| slot.device == device).count();
            slots.push(slot(device, there));
        }
    }
    Ok((slots, Vec::new()))
}

/// The slot for the n-th share of a device.
fn slot(device: &str, n: usize) -> SlotSpec {
    let name = if n == 0 { device.to_owned() } else { format!("{device}#{}", n + 1) };
    SlotSpec { name, device: device.to_owned() }
}

fn is_device(device: &str) -> bool {
    matches!(device, "cpu" | "mps")
        || device.strip_prefix("cuda:").is_some_and(|n| n.parse::<u32>().is_ok())
        || device.starts_with("GPU-")
        || device.starts_with("MIG-")
}

/// The value of `CUDA_VISIBLE_DEVICES` under which this device is `cuda:0`: the N-th of what this process was given.
pub fn mask(device: &str) -> Option<String> {
    if device.starts_with("GPU-") || device.starts_with("MIG-") {
        return Some(device.to_owned());
    }
    let n: usize = device.strip_prefix("cuda:")?.parse().ok()?;
    match std::env::var("CUDA_VISIBLE_DEVICES") {
        Ok(given) if !given.trim().is_empty() => given.split(',').nth(n).map(|d| d.trim().to_owned()),
        _ => Some(n.to_string()),
    }
}

/// The device's number as a program takes it that sets the mask itself: among all GPUs of the machine. `cpu` for none.
pub fn number(device: &str) -> Option<String> {
    if matches!(device, "cpu" | "mps") {
        return Some(device.to_owned());
    }
    mask(device).filter(|mask| mask.parse::<u32>().is_ok())
}

/// The device as its trainer is to name it.
pub fn as_seen(device: &str) -> &str {
    if matches!(device, "cpu" | "mps") { device } else { "cuda:0" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_read_as_people_write_them() {
        let names = |text| slots(text).unwrap().0.into_iter().map(|s| s.name).collect::<Vec<_>>();
        assert_eq!(names("cpu*2"), ["cpu", "cpu#2"]);
        assert_eq!(names("cuda:0, cuda:1*2"), ["cuda:0", "cuda:1", "cuda:1#2"]);
        for bad in ["gpu", "cuda", "cpu*0", "cpu*x", "", "cuda:-1"] {
            assert!(slots(bad).is_err(), "{bad}");
        }
    }
}
