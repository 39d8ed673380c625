//! The children of a session's process: those that it started itself, and those that came to it because their guard was
//! killed. The latter are found whatever they did to their environment and group.

use std::collections::BTreeSet;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::process::{Pid, WaitOptions, getpid, set_child_subreaper, waitpid};

use crate::process::{self, ProcessId};

/// In the environment of what a session runs for the user, not for a trial: whatever that leaves behind stays.
pub const HOOK: &str = "EVOTOP_HOOK";

/// The children that this process started; none until it takes in those of others.
static OWN: Mutex<Option<BTreeSet<u32>>> = Mutex::new(None);

fn own() -> MutexGuard<'static, Option<BTreeSet<u32>>> {
    OWN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From now on, what a killed guard leaves comes to this process.
///
/// # Errors
/// Where the system has no such thing.
pub fn take_in() -> io::Result<()> {
    own().get_or_insert_default();
    Ok(set_child_subreaper(Some(getpid()))?)
}

/// Marks a child as one that this process started, until it is dropped.
#[derive(Debug)]
pub struct Own(u32);

impl Own {
    /// Starts a child. Nobody takes it for somebody else's meanwhile.
    ///
    /// # Errors
    /// Those of `start`.
    pub fn started<C>(
        start: impl FnOnce() -> io::Result<C>,
        pid: impl FnOnce(&C) -> u32,
    ) -> io::Result<(C, Self)> {
        let mut own = own();
        let child = start()?;
        let pid = pid(&child);
        if let Some(own) = &mut *own {
            own.insert(pid);
        }
        Ok((child, Self(pid)))
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        if let Some(own) = &mut *own() {
            own.remove(&self.0);
        }
    }
}

/// The living children that came from others, but for those of hooks. The dead are buried.
pub fn taken_in() -> Vec<ProcessId> {
    let own = own();
    let Some(own) = &*own else { return Vec::new() };
    let others = process::children().into_iter().filter(|pid| !own.contains(pid));
    let living = others.filter(|pid| {
        let buried = i32::try_from(*pid).ok().and_then(Pid::from_raw);
        let buried = buried.and_then(|pid| waitpid(Some(pid), WaitOptions::NOHANG).ok().flatten());
        buried.is_none() && process::variable(*pid, HOOK).is_none()
    });
    living.filter_map(ProcessId::living).collect()
}

/// Buries the dead that came from others: what a hook left behind and has ended since.
pub fn bury() {
    taken_in();
}
