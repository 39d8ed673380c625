//! `evotop service` and `evotop doctor`: a machine that is left alone, and whether it is fit for that.

use std::path::PathBuf;
use std::process::Command;

use clap::Args;

use super::exit::Exit;
use super::{find, leftovers, run, warn};
use crate::dir::{Registry, SessionDir};
use crate::process;
use crate::runner::gpus::{self, Asked, Gpu};
use crate::session::recover;
use crate::trial::Trainer;

/// Print a systemd user unit that keeps a session running, over reboots too
#[derive(Debug, Args)]
pub struct ServiceArgs {
    /// The session's name or directory
    pub name: String,
}

/// Prints a unit.
pub fn service(args: &ServiceArgs) -> anyhow::Result<Exit> {
    let dir = std::fs::canonicalize(find::dir(&args.name)?)?;
    let recovery = recover(&SessionDir::new(&dir).journal())?;
    let program = std::env::current_exe()?;
    let (name, spec) = (&recovery.state.name, &recovery.state.spec);
    let options = run::process_options(&dir)?;
    tell!("# systemctl --user enable --now evotop-{name}.service, with this text in");
    tell!("# ~/.config/systemd/user/evotop-{name}.service; once: loginctl enable-linger");
    tell!("[Unit]\nDescription=evotop session {name}\n");
    tell!("[Service]");
    tell!("WorkingDirectory={}", spec.cwd.display().to_string().replace('%', "%%"));
    // systemd knows nothing of what a shell's profile or an activated environment set.
    for (name, value) in recovery.state.program.iter().flat_map(|program| &program.env) {
        tell!("Environment={}", quoted(&format!("{name}={value}")));
    }
    let words = [program.display().to_string(), "run".into(), "--headless".into(), "--dir".into()];
    let words = words.into_iter().chain([dir.display().to_string()]).chain(options);
    tell!("ExecStart={}", words.map(|word| quoted(&word).replace('$', "$$")).collect::<Vec<_>>().join(" "));
    // 3: stopped in good order; 4: it cannot go on by itself. Trainers are ended by the session, which knows how.
    tell!("KillMode=mixed\nKillSignal=SIGTERM\nTimeoutStopSec={}", 2 * spec.grace + 30);
    tell!("Restart=on-failure\nRestartPreventExitStatus=2 3 4\nSuccessExitStatus=3\n");
    tell!("[Install]\nWantedBy=default.target");
    Ok(Exit::Done)
}

/// A word of a unit file: in quotes where it has to be, percent signs doubled.
fn quoted(word: &str) -> String {
    let escaped = word.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%");
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@".contains(c);
    if word.chars().all(plain) && !word.is_empty() { escaped } else { format!("\"{escaped}\"") }
}

/// Says whether this machine has what evotop needs, and what to do where it has not.
pub fn doctor() -> anyhow::Result<Exit> {
    let own = process::own_program();
    tell!("evotop     {} ({})", env!("CARGO_PKG_VERSION"), own.display());
    let yolo = own.with_file_name("evotop-yolo");
    match Command::new(&yolo).arg("--version").output() {
        Ok(said) if said.status.success() => {
            tell!("trainer    {} ({})", String::from_utf8_lossy(&said.stdout).trim(), yolo.display());
        }
        Ok(said) => tell!(
            "trainer    {} does not run: {}",
            yolo.display(),
            String::from_utf8_lossy(&said.stderr).trim()
        ),
        Err(_) => tell!("trainer    none: {} is not there; make demo builds it", yolo.display()),
    }
    match crate::wire::socket_of(&std::env::current_dir()?) {
        Ok(socket) => {
            tell!("sockets    {}", socket.parent().map_or_else(PathBuf::new, Into::into).display());
        }
        Err(error) => tell!("sockets    {error}"),
    }
    tell!("sessions   {} known", Registry::open().list().len());
    for left in leftovers::of_all() {
        tell!("left over  {left}");
    }
    match lingers() {
        Some(true) => tell!("logout     sessions go on (linger is enabled)"),
        Some(false) => {
            tell!("logout     systemd may end sessions with your last login: loginctl enable-linger");
        }
        None => tell!("logout     sessions go on (no systemd login manager here)"),
    }
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    tell!("cores      {cores}");
    for line in gpus_found(gpus::ask(gpus::PATIENCE)) {
        tell!("gpu        {line}");
    }
    Ok(Exit::Done)
}

/// What the driver says of GPUs, a line each. By its own numbers: `cuda:0` is the first of those that a process is given.
fn gpus_found(asked: Asked) -> Vec<String> {
    let none = match asked {
        Asked::Gpus(gpus) if !gpus.is_empty() => {
            let state = |gpu: &Gpu| gpu.busy_with().unwrap_or_else(|| "idle".into());
            return gpus.iter().map(|gpu| format!("{} {}, {}", gpu.index, gpu.name, state(gpu))).collect();
        }
        Asked::Gpus(_) => "an NVIDIA driver, and no GPU: trials run on the cpu".into(),
        asked => asked.trouble().map_or_else(
            || "no NVIDIA driver: trials run on the cpu".into(),
            |trouble| format!("{trouble}: nvidia-smi may tell more"),
        ),
    };
    vec![none]
}

/// Whether this user's processes outlive the last login; none where no login manager decides that.
pub fn lingers() -> Option<bool> {
    let managed = std::path::Path::new("/run/systemd/system").exists();
    managed.then(|| std::path::Path::new("/var/lib/systemd/linger").join(process::user()).exists())
}

/// A word of warning where logging out would end a session, for a trainer that takes long.
pub fn warn_of_logout(trainer: &Trainer) {
    if lingers() == Some(false) && !matches!(trainer, Trainer::Sim) {
        warn("logging out may end this session: loginctl enable-linger keeps it");
    }
}
