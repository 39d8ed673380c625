//! Processes that a killed session left: its trainers' children in groups of their own, where guard and session were
//! killed at once. The next start of the session ends them, and so do `gc` and `rm`; `doctor` names them.

use std::path::Path;
use std::time::Duration;

use super::{block_on, find};
use crate::dir::Registry;
use crate::process::{self, ProcessId};
use crate::runner::survivors::{self, Left};

/// How long they have to end by themselves.
const GRACE: Duration = Duration::from_secs(10);

/// A line for each process of a session that nobody has open any more, of whatever session, with what ends it.
pub fn of_all() -> Vec<String> {
    let known = Registry::open().list().into_iter().map(|known| known.dir);
    survivors::all(known).into_iter().filter_map(told).collect()
}

fn told(Left { process, session }: Left) -> Option<String> {
    let what = called(process);
    Some(match session {
        Some(dir) if find::holder(&dir).is_some() => return None,
        Some(dir) if dir.exists() => {
            let dir = dir.display();
            format!(
                "{what}, of the session in {dir}, which was killed: its next start, or evotop gc, ends it"
            )
        }
        Some(dir) => {
            let dir = dir.display();
            format!("{what}, of the session in {dir}, which is gone: kill {} ends it", process.pid)
        }
        None => format!("{what}, of a session that is not known here: kill {} ends it", process.pid),
    })
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
