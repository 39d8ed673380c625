//! The built-in trainer as a program: where it lies, and whether it can compute on a GPU. How it is spoken to is in `worker.rs`.

use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;

use super::gpus;

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
/// say so in time. Blocks: not for the engine's loop.
pub fn sees_gpu(evotop: &Path) -> Option<bool> {
    let program = program(evotop).ok()?;
    let (tell, answer) = mpsc::channel();
    std::thread::spawn(move || {
        let said = Command::new(program).arg("devices").stdin(Stdio::null()).stderr(Stdio::null()).output();
        let _ = tell.send(said);
    });
    let said = answer.recv_timeout(gpus::STARTUP).ok()?.ok().filter(|said| said.status.success())?;
    Some(String::from_utf8_lossy(&said.stdout).lines().any(|device| device.starts_with("cuda:")))
}
