//! Time that went by, and time that a process computed: on a busy machine only the second says what a program costs.

use std::time::{Duration, Instant};

use criterion::Criterion;

/// The median over criterion's samples of the time of one call.
pub fn median_call<T>(criterion: &mut Criterion, name: &str, mut call: impl FnMut() -> T) -> Duration {
    let mut samples = Vec::new();
    criterion.bench_function(name, |bencher| {
        bencher.iter_custom(|times| {
            let began = Instant::now();
            for _ in 0..times {
                std::hint::black_box(call());
            }
            let took = began.elapsed();
            samples.push(took / u32::try_from(times).unwrap());
            took
        });
    });
    median(&mut samples)
}

/// How long one call takes.
pub fn timed<T>(call: impl FnOnce() -> T) -> Duration {
    let began = Instant::now();
    std::hint::black_box(call());
    began.elapsed()
}

/// The one in the middle.
pub fn median<T: Copy + Ord>(samples: &mut [T]) -> T {
    samples.sort();
    samples[samples.len() / 2]
}

/// Milliseconds of it.
pub fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// What the threads of a process have computed since they began.
pub fn computed(pid: u32) -> Duration {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let of = |task: std::fs::DirEntry| -> Option<u64> {
        let text = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split_ascii_whitespace().next()?.parse().ok()
    };
    Duration::from_nanos(tasks.filter_map(of).sum())
}

/// The same, with threads that have ended; in hundredths of a second.
pub fn computed_in_all(pid: u32) -> Duration {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields = text.rsplit_once(')').map_or("", |(_, rest)| rest).split_ascii_whitespace();
    Duration::from_millis(
        fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum::<u64>() * 10,
    )
}

/// A field of `/proc/PID/status` in MiB: `VmHWM` is the most memory it ever had, `VmRSS` what it has.
pub fn memory(pid: u32, field: &str) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    line.and_then(|rest| rest.split_ascii_whitespace().next()?.parse::<f64>().ok()).unwrap_or(f64::NAN)
        / 1024.0
}
