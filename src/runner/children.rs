//! The children of a session's process: those that it started itself, those that it had already (a shell that became it
//! left them, or it is the first process of a container), and those that came to it because their guard was killed. The
//! latter are found whatever they did to their environment and group.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::process::{Pid, WaitOptions, getpid, set_child_subreaper, waitpid};

use super::marks;
use crate::process::{self, ProcessId};

/// In the environment of what a session runs for the user, not for a trial: whatever that leaves behind stays.
pub const HOOK: &str = "EVOTOP_HOOK";

/// None until this process takes in the children of others.
static FAMILY: Mutex<Option<Family>> = Mutex::new(None);

#[derive(Debug)]
struct Family {
    /// The children that this process started.
    own: BTreeSet<u32>,
    /// Those that it had before.
    before: Vec<ProcessId>,
    /// The session's number, where trainers have it here and this process has another limit.
    number: Option<u64>,
}

impl Family {
    /// Whether a child that this process did not start came from a guard.
    fn is_of_guard(&self, process: ProcessId) -> bool {
        // Others may have limits of their own: only the number tells.
        if self.number.is_some() {
            return process::lock_limit(process.pid) == self.number;
        }
        !self.before.contains(&process) && process::variable(process.pid, HOOK).is_none()
    }
}

fn family() -> MutexGuard<'static, Option<Family>> {
    FAMILY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From now on, what a killed guard of the session in this directory leaves comes to this process.
///
/// # Errors
/// Where the system has no such thing.
pub fn take_in(session: &Path) -> io::Result<()> {
    let number = marks::number(&marks::directory(session));
    family().get_or_insert_with(|| Family {
        own: BTreeSet::new(),
        before: process::children().into_iter().filter_map(ProcessId::living).collect(),
        // Where this process has it already, so has all that it begins.
        number: (marks::number_of(std::process::id()) != Some(number) && process::may_limit_locks(number))
            .then_some(number),
    });
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
        let mut family = family();
        let child = start()?;
        let pid = pid(&child);
        if let Some(family) = &mut *family {
            family.own.insert(pid);
        }
        Ok((child, Self(pid)))
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        if let Some(family) = &mut *family() {
            family.own.remove(&self.0);
        }
    }
}

/// The living children that came from guards. The dead that this process did not start are buried, wherever they came
/// from.
pub fn taken_in() -> Vec<ProcessId> {
    let family = family();
    let Some(family) = &*family else { return Vec::new() };
    let others = process::children().into_iter().filter(|pid| !family.own.contains(pid));
    let living = others.filter(|pid| {
        let pid = i32::try_from(*pid).ok().and_then(Pid::from_raw);
        pid.and_then(|pid| waitpid(Some(pid), WaitOptions::NOHANG).ok().flatten()).is_none()
    });
    living.filter_map(ProcessId::living).filter(|process| family.is_of_guard(*process)).collect()
}

/// Buries the dead that this process did not start: what a hook left behind and has ended since.
pub fn bury() {
    taken_in();
}
