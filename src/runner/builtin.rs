//! The built-in trainer as a program: where it lies, and whether it can compute on a GPU. How it is spoken to is in `worker.rs`.

use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Its path, beside this evotop.
///
/// # Errors
/// Where it was not built.
pub(super) fn program(evotop: &Path) -> io::Result<String> {
    let path = evotop.with_file_name("evotop-yolo");
    if path.exists() {
        return Ok(path.to_string_lossy().into_owned());
    }
    let remedy =
        format!("{} is not there: build it with `make demo`, or choose another --trainer", path.display());
    Err(io::Error::new(io::ErrorKind::NotFound, remedy))
}

/// Whether its libtorch sees an NVIDIA GPU: one without CUDA does not, nor one that the driver is too old for. None where it does not
/// say so in this time. Blocks: not for the engine's loop.
pub fn sees_gpu(evotop: &Path, within: Duration) -> Option<bool> {
    let mut command = Command::new(program(evotop).ok()?);
    command.arg("devices").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().ok()?;
    let end = Instant::now() + within;
    while child.try_wait().ok()?.is_none() {
        if Instant::now() >= end {
            let _ = child.kill();
            // One that hangs in the kernel ends only when that lets it.
            std::thread::spawn(move || child.wait());
            return None;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    // A few lines: they were in the pipe before it ended.
    let said = child.wait_with_output().ok().filter(|said| said.status.success())?;
    Some(String::from_utf8_lossy(&said.stdout).lines().any(|device| device.starts_with("cuda:")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::ProcessId;

    #[test]
    fn one_that_does_not_say_what_it_sees_is_ended() {
        let dir = tempfile::tempdir().unwrap();
        let script =
            r#"printf '#!/bin/sh\necho $$ >"$0.pid"\nexec sleep 60\n' >evotop-yolo; chmod +x evotop-yolo"#;
        // Not written by this process: others that it starts meanwhile would have it open, and then it cannot be run.
        assert!(Command::new("sh").args(["-c", script]).current_dir(dir.path()).status().unwrap().success());
        assert_eq!(sees_gpu(&dir.path().join("evotop"), Duration::from_millis(500)), None);
        let Ok(pid) = std::fs::read_to_string(dir.path().join("evotop-yolo.pid")) else { return };
        let pid = pid.trim().parse().unwrap();
        let end = Instant::now() + Duration::from_secs(20);
        while ProcessId::living(pid).is_some() {
            assert!(Instant::now() < end, "process {pid} was left behind");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}
