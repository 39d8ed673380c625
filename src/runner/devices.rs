//! Which slots there are: `auto`, `cpu*2`, `cuda:0,cuda:1*2`, `mps`, a GPU's UUID.

use super::gpus::{self, Asked, Gpu};
use crate::journal::SlotSpec;
pub use crate::trial::device::is_uuid;
use crate::trial::device::{DEVICES, is_device};

/// The slots that `--devices` asks for, and what is to be said about the choice.
///
/// # Errors
/// Says which word is not a device.
pub fn slots(text: &str) -> Result<(Vec<SlotSpec>, Vec<String>), String> {
    if text.trim() == "auto" {
        let visible = std::env::var("CUDA_VISIBLE_DEVICES").ok();
        return Ok(idle(&gpus::ask(gpus::PATIENCE), visible.as_deref()));
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
                "{device} is not a device; write auto, {DEVICES}, with *2 for two slots on it"
            ));
        }
        for _ in 0..count {
            let there = slots.iter().filter(|slot| slot.device == device).count();
            slots.push(slot(device, there));
        }
    }
    Ok((slots, Vec::new()))
}

/// A slot for each idle GPU of those that this process was given, and what was left and why; the cpu where none is.
fn idle(asked: &Asked, visible: Option<&str>) -> (Vec<SlotSpec>, Vec<String>) {
    let gpus = match asked {
        Asked::NoDriver => return (vec![slot("cpu", 0)], Vec::new()),
        Asked::Late => {
            let notice =
                "the NVIDIA driver does not answer: trials run on the cpu; name GPUs by --devices cuda:0"
                    .into();
            return (vec![slot("cpu", 0)], vec![notice]);
        }
        Asked::Gpus(gpus) => gpus,
    };
    let given: Vec<&Gpu> = match visible {
        None => gpus.iter().collect(),
        Some(mask) => {
            let named =
                |word: &str| gpus.iter().find(|gpu| gpu.index.to_string() == word || gpu.uuid == word);
            mask.split(',').map(str::trim).map_while(named).collect()
        }
    };
    let (mut slots, mut notices) = (Vec::new(), Vec::new());
    for (n, gpu) in given.iter().enumerate() {
        match gpu.busy_with() {
            None => slots.push(slot(&format!("cuda:{n}"), 0)),
            Some(why) => notices.push(format!("cuda:{n} ({}) is left alone: {why}", gpu.name)),
        }
    }
    if slots.is_empty() {
        notices.push("no idle GPU: trials run on the cpu".into());
        slots.push(slot("cpu", 0));
    }
    (slots, notices)
}

/// The slot for the n-th share of a device.
fn slot(device: &str, n: usize) -> SlotSpec {
    let name = if n == 0 { device.to_owned() } else { format!("{device}#{}", n + 1) };
    SlotSpec { name, device: device.to_owned() }
}

/// The value of `CUDA_VISIBLE_DEVICES` under which this device is `cuda:0`: the N-th of what this process was given.
pub fn mask(device: &str) -> Option<String> {
    if is_uuid(device) {
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

    fn gpu(index: u32, held: &[(u32, u64)], used: u64) -> Gpu {
        Gpu {
            index,
            uuid: format!("GPU-{index}"),
            name: "H100".into(),
            utilisation: Some(0),
            memory: Some((used, 80 << 30)),
            temperature: Some(40),
            milliwatts: None,
            processes: held.to_vec(),
        }
    }

    #[test]
    fn auto_takes_idle_gpus_only_and_says_which_it_left() {
        let gpus = Asked::Gpus(vec![
            gpu(0, &[(77, 40 << 30)], 41 << 30),
            gpu(1, &[], 1 << 20),
            gpu(2, &[], 30 << 30),
        ]);
        let names = |visible: Option<&str>| {
            let (slots, notices) = idle(&gpus, visible);
            (slots.into_iter().map(|s| s.name).collect::<Vec<_>>(), notices.join("\n"))
        };
        let (slots, notices) = names(None);
        assert_eq!(slots, ["cuda:1"]);
        assert!(notices.contains("cuda:0") && notices.contains("process 77"), "{notices}");
        assert!(notices.contains("cuda:2") && notices.contains("30.0 GiB"), "{notices}");
        // cuda:N is the N-th of what this process was given.
        assert_eq!(names(Some("GPU-1,0")).0, ["cuda:0"]);
        assert_eq!(names(Some("")).0, ["cpu"]);
        assert_eq!(names(Some("0")).0, ["cpu"]);
        assert_eq!(idle(&Asked::NoDriver, None), (vec![slot("cpu", 0)], Vec::new()));
        assert!(idle(&Asked::Late, None).1[0].contains("does not answer"));
    }

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
