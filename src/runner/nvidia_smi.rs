//! What `nvidia-smi` says of the GPUs: for a static evotop, which cannot load NVIDIA's library.

use std::process::{Command, Stdio};

use super::children::Own;
use super::gpus::{Asked, Gpu};

const GPUS: &str =
    "--query-gpu=index,uuid,name,utilization.gpu,memory.used,memory.total,temperature.gpu,power.draw";
const PROCESSES: &str = "--query-compute-apps=gpu_uuid,pid,used_memory";
const MIB: u64 = 1 << 20;

/// Asks it, and waits: as `gpus::ask`, on a thread of its own.
pub(super) fn ask() -> Asked {
    match said(GPUS).and_then(|gpus| Ok((gpus, said(PROCESSES)?))) {
        Ok((gpus, processes)) => Asked::Gpus(read(&gpus, &processes)),
        Err(asked) => asked,
    }
}

/// What it prints; where it cannot, what that means.
fn said(query: &str) -> Result<String, Asked> {
    let mut command = Command::new("nvidia-smi");
    command.args([query, "--format=csv,noheader,nounits"]).stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    let started = Own::started(|| command.spawn(), std::process::Child::id);
    let (child, _is_ours) = started.map_err(|_| Asked::NoDriver)?;
    let output = child.wait_with_output().map_err(|error| Asked::Failed(error.to_string()))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    match output.status.code() {
        Some(0) => Ok(text),
        // By its manual: no driver is loaded, or its library is not there.
        Some(9 | 12) => Err(Asked::NoDriver),
        _ => Err(Asked::Failed(text.lines().next().unwrap_or("nvidia-smi fails").to_owned())),
    }
}

/// The two tables. What is `[N/A]` is not known.
fn read(gpus: &str, processes: &str) -> Vec<Gpu> {
    let gpu = |line: &str| {
        let mut fields = line.split(',').map(str::trim);
        let index = fields.next()?.parse().ok()?;
        let (uuid, name) = (fields.next()?.to_owned(), fields.next()?.to_owned());
        let mut number = || fields.next()?.parse::<f64>().ok();
        let utilisation = number().map(|x| x as u32);
        let (used, total) = (number(), number());
        let (temperature, watts) = (number().map(|x| x as u32), number());
        let computes = processes.lines().filter_map(|line| process(line, &uuid)).collect();
        Some(Gpu {
            index,
            uuid,
            name,
            utilisation,
            memory: used.zip(total).map(|(used, total)| (used as u64 * MIB, total as u64 * MIB)),
            temperature,
            milliwatts: watts.map(|w| (w * 1000.0) as u32),
            processes: computes,
        })
    };
    gpus.lines().filter_map(gpu).collect()
}

fn process(line: &str, of: &str) -> Option<(u32, u64)> {
    let mut fields = line.split(',').map(str::trim);
    let (gpu, pid) = (fields.next()?, fields.next()?.parse().ok()?);
    let mebibytes: u64 = fields.next().and_then(|field| field.parse().ok()).unwrap_or(0);
    (gpu == of).then_some((pid, mebibytes * MIB))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gpus_and_who_computes_on_them_are_read() {
        let gpus = "0, GPU-a1, NVIDIA A100-SXM4-80GB, 93, 11000, 81920, 61, 240.50\n\
                    1, GPU-b2, NVIDIA T4, [N/A], 3, 15360, 30, [N/A]\nno such line\n";
        let processes = "GPU-a1, 4242, 10500\nGPU-a1, 4243, [N/A]\n";
        let read = read(gpus, processes);
        assert_eq!(read.len(), 2);
        assert_eq!((read[0].index, read[0].name.as_str()), (0, "NVIDIA A100-SXM4-80GB"));
        assert_eq!(
            (read[0].utilisation, read[0].temperature, read[0].milliwatts),
            (Some(93), Some(61), Some(240_500))
        );
        assert_eq!(read[0].memory, Some((11_000 << 20, 81_920 << 20)));
        assert_eq!(read[0].processes, [(4242, 10_500 << 20), (4243, 0)]);
        assert_eq!((read[1].utilisation, read[1].milliwatts), (None, None));
        assert!(read[1].busy_with().is_none() && read[0].busy_with().is_some());
    }
}
