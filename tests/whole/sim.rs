//! Words that start a run with the simulated trainer.

/// `evotop run`: `how` is `--detach`, `--headless` or `--plain`; an epoch every so many milliseconds, on the CPU.
pub fn sim<'a>(how: &'a str, epoch_ms: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let words = ["run", how, "--trainer", "sim", "--sim-epoch-ms", epoch_ms, "--devices", "cpu"];
    [&words, more].concat()
}
