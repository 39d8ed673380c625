//! Words that start a run with the simulated trainer, and its end.

use crate::common::{World, wait_until};

/// `evotop run`: `how` is `--detach`, `--headless` or `--plain`; an epoch every so many milliseconds, on the CPU.
pub fn sim<'a>(how: &'a str, epoch_ms: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let words = ["run", how, "--trainer", "sim", "--sim-epoch-ms", epoch_ms, "--devices", "cpu"];
    [&words, more].concat()
}

impl World {
    /// Stops a session now, and waits until it has ended.
    pub fn stop(&self, name: &str) {
        self.good(&["stop", name, "--now"]);
        wait_until("the session has ended", || self.status(name)["state"] == "closed");
    }
}
