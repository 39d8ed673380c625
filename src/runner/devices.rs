//! Which slots there are: `auto`, `cpu*2`, `cuda:0,cuda:1*2`, `mps`, a GPU's UUID.

use super::gpus::{self, Asked, Gpu};
use crate::journal::SlotSpec;
pub use crate::trial::device::is_uuid;
use crate::trial::device::{DEVICES, is_device};

/// The GPUs that a process was given.
pub const VISIBLE: &str = "CUDA_VISIBLE_DEVICES";

/// The slots that `--devices` asks for, and what is to be said about the choice. `wait` is told where a driver takes its time.
///
/// # Errors
/// Says which word is not a device.
pub fn slots(text: &str, wait: &dyn Fn(&str)) -> Result<(Vec<SlotSpec>, Vec<String>), String> {
    if text.trim() == "auto" {
        let mut asked = gpus::ask(gpus::PATIENCE);
        if asked == Asked::Late {
            wait(
                "the NVIDIA driver has not answered yet, as where it has to start its GPUs first: waiting up to 30 s",
            );
            asked = gpus::ask_in_turn(gpus::STARTUP);
        }
        return Ok(idle(&asked, given().as_deref()));
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
        if let Some(why) = refused(device) {
            return Err(why);
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
        Asked::Gpus(gpus) => gpus,
        asked => {
            let remedy = "trials run on the cpu; name GPUs by --devices cuda:0; nvidia-smi may tell more";
            let notices = asked.trouble().map(|trouble| format!("{trouble}: {remedy}"));
            return (vec![slot("cpu", 0)], notices.into_iter().collect());
        }
    };
    // None for a share of a GPU: of that the driver's list tells nothing.
    let given: Vec<Option<&Gpu>> = match visible {
        None => gpus.iter().map(Some).collect(),
        Some(mask) => {
            let named = |word: &str| match gpus.iter().find(|gpu| gpu.is(word)) {
                None if word.starts_with("MIG-") => Some(None),
                found => found.map(Some),
            };
            mask.split(',').map(str::trim).map_while(named).collect()
        }
    };
    let (mut slots, mut notices) = (Vec::new(), Vec::new());
    for (n, gpu) in given.into_iter().enumerate() {
        match gpu.and_then(|gpu| Some((gpu, gpu.busy_with()?))) {
            None => slots.push(slot(&format!("cuda:{n}"), 0)),
            Some((gpu, why)) => notices.push(format!(
                "cuda:{n} ({}) is left alone: {why}; --devices cuda:{n} takes it all the same",
                gpu.name
            )),
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
///
/// None where that is no GPU, or none that this process was given.
pub fn mask(device: &str) -> Option<String> {
    among(device, given().as_deref()).ok()?
}

/// Why no trial can be given to this device: this process was not given it.
pub fn refused(device: &str) -> Option<String> {
    among(device, given().as_deref()).err()
}

fn given() -> Option<String> {
    std::env::var(VISIBLE).ok()
}

/// The mask for a device among those of `visible`, the mask of this process. None for what is no GPU.
fn among(device: &str, visible: Option<&str>) -> Result<Option<String>, String> {
    let n = device.strip_prefix("cuda:").and_then(|n| n.parse::<usize>().ok());
    if n.is_none() && !is_uuid(device) {
        return Ok(None);
    }
    let Some(visible) = visible else { return Ok(Some(n.map_or(device.to_owned(), |n| n.to_string()))) };
    // As CUDA reads it: what follows a word that is no GPU is not given either.
    let is_gpu = |word: &&str| is_uuid(word) || word.parse::<u32>().is_ok();
    let given: Vec<&str> = visible.split(',').map(str::trim).take_while(is_gpu).collect();
    // Numbers do not say which UUIDs they are.
    let may_be = |word: &str| !is_uuid(word) || word.starts_with(device) || device.starts_with(word);
    let found = match n {
        Some(n) => given.get(n).copied(),
        None => given.iter().any(|word| may_be(word)).then_some(device),
    };
    found.map(|word| Some(word.to_owned())).ok_or_else(|| match given.len() {
        0 => format!("{device} is not there: {VISIBLE} is {visible:?}, so that this process has no GPU"),
        1 => format!("{device} is not there: {VISIBLE}={visible} gives this process one GPU, cuda:0"),
        count => format!(
            "{device} is not there: {VISIBLE}={visible} gives this process {count} GPUs, cuda:0 to cuda:{}",
            count - 1
        ),
    })
}

/// The device's number as a program takes it that sets the mask itself: among all GPUs of the machine. `cpu` for none.
///
/// A GPU that is known by its UUID has the number that the driver has for it. Blocks while that is asked: not for the
/// engine's loop.
pub fn number(device: &str) -> Option<String> {
    if matches!(device, "cpu" | "mps") {
        return Some(device.to_owned());
    }
    let mask = mask(device)?;
    if mask.parse::<u32>().is_ok() {
        return Some(mask);
    }
    let Asked::Gpus(gpus) = gpus::ask_in_turn(gpus::PATIENCE) else { return None };
    // CUDA takes the beginning of a UUID as well, where only one begins so.
    let mut named = gpus.iter().filter(|gpu| gpu.uuid.starts_with(&mask));
    named.next().filter(|_| named.next().is_none()).map(|gpu| gpu.index.to_string())
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
        assert_eq!(
            names(Some("0,MIG-7c3a/1/0,MIG-8")).0,
            ["cuda:1", "cuda:2"],
            "shares are taken as they are given"
        );
        assert!(names(None).1.contains("--devices cuda:0 takes it all the same"));
        assert_eq!(names(Some("")).0, ["cpu"]);
        assert_eq!(names(Some("0")).0, ["cpu"]);
        assert_eq!(idle(&Asked::NoDriver, None), (vec![slot("cpu", 0)], Vec::new()));
        assert!(idle(&Asked::Late, None).1[0].contains("does not answer"));
        assert!(
            idle(&Asked::Failed("version mismatch".into()), None).1[0].contains("fails (version mismatch)")
        );
    }

    #[test]
    fn a_gpu_that_this_process_was_not_given_is_refused_with_the_mask() {
        let is = |device, visible, wanted: &str| assert_eq!(among(device, visible), Ok(Some(wanted.into())));
        is("cuda:5", None, "5");
        is("cuda:0", Some("2,0"), "2");
        is("cuda:1", Some("2, GPU-b"), "GPU-b");
        is("GPU-b", None, "GPU-b");
        is("GPU-b", Some("2"), "GPU-b");
        is("GPU-bbbb", Some("GPU-b"), "GPU-bbbb");
        for (device, visible) in
            [("cuda:5", "2,0"), ("cuda:2", "2,0"), ("cuda:1", "2,-1,0"), ("GPU-b", "GPU-a"), ("cuda:1", "3")]
        {
            let why = among(device, Some(visible)).unwrap_err();
            assert!(
                why.contains(device) && why.contains(&format!("CUDA_VISIBLE_DEVICES={visible}")),
                "{why}"
            );
        }
        for (device, visible) in [("cuda:0", ""), ("GPU-b", ""), ("cuda:0", "-1")] {
            assert!(among(device, Some(visible)).unwrap_err().contains("no GPU"));
        }
        for device in ["cpu", "mps"] {
            assert_eq!(among(device, Some("")), Ok(None));
        }
    }

    #[test]
    fn devices_are_read_as_people_write_them() {
        let names = |text| slots(text, &|_| ()).unwrap().0.into_iter().map(|s| s.name).collect::<Vec<_>>();
        assert_eq!(names("cpu*2"), ["cpu", "cpu#2"]);
        assert_eq!(names("cuda:0, cuda:1*2"), ["cuda:0", "cuda:1", "cuda:1#2"]);
        for bad in ["gpu", "cuda", "cpu*0", "cpu*x", "", "cuda:-1"] {
            assert!(slots(bad, &|_| ()).is_err(), "{bad}");
        }
    }
}
