//! Trainers that an earlier session process left behind: ended before anything starts.

use std::time::Duration;

use rustix::process::Signal;

use super::guard::signal_group;
use crate::process::ProcessId;

/// Ends those of the recorded processes that live: their whole groups. Says how many lived.
pub async fn end(recorded: &[(ProcessId, u32)], grace: Duration) -> usize {
    let living: Vec<&(ProcessId, u32)> = recorded.iter().filter(|(process, _)| process.lives()).collect();
    for (_, group) in &living {
        signal_group(*group, Signal::CONT);
        signal_group(*group, Signal::TERM);
    }
    let end = tokio::time::Instant::now() + grace;
    while living.iter().any(|(process, _)| process.lives()) && tokio::time::Instant::now() < end {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for (_, group) in living.iter().filter(|(process, _)| process.lives()) {
        signal_group(*group, Signal::KILL);
    }
    living.len()
}
