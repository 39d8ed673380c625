//! Who gives the terminal back where the screen itself cannot: a process of its own, which is left when the screen is
//! killed. Ending in good order is not its business: see `guard.rs`.

use std::fs::File;
use std::io::{self, Read, Write};
use std::process::{Child, Command, Stdio};

use rustix::process::getpgrp;
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcgetpgrp, tcsetattr};

use super::guard::LEAVE;
use crate::process;

/// The keeper, as the screen sees it. It waits for the end of a pipe, which no way of dying leaves open.
pub(super) struct Keeper(Child);

impl Keeper {
    /// Starts it, before the terminal is taken. The screen does without where that fails.
    pub fn start() -> Option<Self> {
        let mut command = Command::new(process::this_program());
        command.arg("give-back").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut keeper = Self(command.spawn().ok()?);
        // It says so when it has seen the modes as they are.
        let ready = keeper.0.stdout.take()?.read_exact(&mut [0]);
        ready.is_ok().then_some(keeper)
    }
}

/// The terminal is given back already.
impl Drop for Keeper {
    fn drop(&mut self) {
        if let Some(mut pipe) = self.0.stdin.take() {
            let _ = pipe.write_all(b".");
        }
        let _ = self.0.wait();
    }
}

/// What the keeper does.
///
/// # Errors
/// Where there is no terminal, or it is gone.
pub fn give_back() -> io::Result<()> {
    let mut tty = File::options().read(true).write(true).open("/dev/tty")?;
    let before = tcgetattr(&tty)?;
    io::stdout().write_all(b".")?;
    io::stdout().flush()?;
    let mut said = Vec::new();
    io::stdin().read_to_end(&mut said)?;
    if !said.is_empty() {
        return Ok(());
    }
    // Behind a shell that has its terminal back this process may write, and what it may not would stop it for ever.
    // That shell sets its own modes.
    let in_front = tcgetpgrp(&tty).is_ok_and(|group| group == getpgrp());
    if in_front || !before.local_modes.contains(LocalModes::TOSTOP) {
        tty.write_all(LEAVE)?;
    }
    if in_front {
        tcsetattr(&tty, OptionalActions::Now, &before)?;
    }
    Ok(())
}
