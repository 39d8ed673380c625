//! Processes that a killed session left: its trainers' children in groups of their own, where guard and session were
//! killed at once. The next start of the session ends them; `doctor` and `gc` name them.

use std::path::Path;
use std::time::Duration;

use super::{block_on, find};
use crate::process::{self, ProcessId};
use crate::runner::survivors;

/// How long they have to end by themselves.
const GRACE: Duration = Duration::from_secs(10);

/// A line for each process of a session that nobody has open any more, of whatever session.
pub fn of_all() -> Vec<String> {
    let left = survivors::all().into_iter().filter(|(_, dir)| find::holder(dir).is_none());
    left.map(|(process, dir)| format!("{}, of the session in {}", called(process), dir.display())).collect()
}

/// Names the processes of this session, unless somebody has it open, and ends them where `end` says so.
pub fn of(dir: &Path, end: bool) -> anyhow::Result<()> {
    let left = if find::holder(dir).is_some() { Vec::new() } else { survivors::of(dir) };
    for process in &left {
        tell!("{} was left by a session that was killed", called(*process));
    }
    if end && !left.is_empty() {
        let ended = block_on(survivors::end(dir, &[], GRACE))?;
        tell!("ended {ended} of them");
    }
    Ok(())
}

fn called(process: ProcessId) -> String {
    format!("process {} ({})", process.pid, process::words(process.pid))
}
