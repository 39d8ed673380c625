//! What a training wants to find in its environment. Its libraries read it as they are loaded, so it cannot be set later.

/// libgomp's threads spin for milliseconds while they wait by default: where something else wants the cores, a training takes four times
/// as long by that. Where they sleep at once, it takes 1.8 times as long on idle cores. So they spin for some tens of microseconds, as
/// long as the operations of a small network leave between them.
///
/// glibc gives the memory of large tensors back to the system and asks for it again in every step, page by page, which is a tenth; kept,
/// and in large pages, that costs nothing. It also puts the small pieces in order each time a large one is freed, which is some
/// hundredths; without its fast bins it has none to put in order. What keeps a worker from growing: one heap for all threads, since each
/// takes what its busiest moment so far took, and none of it for the few largest tensors, around which holes were left.
#[cfg(unix)]
const SURROUNDINGS: [(&str, &str); 2] = [
    ("GOMP_SPINCOUNT", "4000"),
    (
        "GLIBC_TUNABLES",
        "glibc.malloc.arena_max=1:glibc.malloc.mxfast=0:glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=4194304:glibc.malloc.trim_threshold=4294967296:glibc.malloc.top_pad=67108864",
    ),
];

/// Starts the program again, in its own place, in the surroundings it wants. What somebody has set stays as it is.
#[cfg(unix)]
pub fn settle() {
    use std::os::unix::process::CommandExt as _;
    let set = |name: &str| std::env::var_os(name).is_some();
    let waits = set("OMP_WAIT_POLICY");
    let missing: Vec<_> = SURROUNDINGS
        .into_iter()
        .filter(|(name, _)| !(set(name) || waits && *name == "GOMP_SPINCOUNT"))
        .collect();
    if missing.is_empty() {
        return;
    }
    if let Ok(program) = std::env::current_exe() {
        // Comes back only where it fails; then it goes on as it is.
        let _ = std::process::Command::new(program).args(std::env::args_os().skip(1)).envs(missing).exec();
    }
}

#[cfg(not(unix))]
pub fn settle() {}
