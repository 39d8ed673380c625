//! Simulated runs to which everything happens that can: processes killed or stopped, the journal's tail torn, the disk
//! full, the socket gone, garbage from a worker, a clock that steps. Afterwards each run has exactly its generations,
//! nothing that was told is lost, nothing is twice, `verify` passes and no process is left.
//!
//! `fault.rs` is what can happen, `run.rs` a run that goes on in spite of it, `whole.rs` what has to hold in the end.
//! `make chaos` asks for a thousand faults and prints the table; `EVOTOP_CHAOS_SEED` makes the same ones again.

mod fault;
mod run;
mod whole;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Instant, SystemTime};

use fault::Fault;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use run::{GENERATIONS, Run};

/// Faults of `make test`; `make chaos` asks for more.
const FEW: usize = 24;
/// Of one run.
const FAULTS: usize = 5;

/// What happened, over all runs.
#[derive(Debug, Default)]
struct Tally {
    faults: BTreeMap<&'static str, usize>,
    runs: u64,
    /// Ends that a session told of, every one of which has to be in its journal.
    told: usize,
}

#[test]
fn after_random_faults_a_run_has_exactly_its_generations() {
    let asked = std::env::var("EVOTOP_CHAOS").ok().and_then(|n| n.parse::<usize>().ok());
    let seed = std::env::var("EVOTOP_CHAOS_SEED").ok().and_then(|n| n.parse().ok()).unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        if asked.is_some() { now.as_secs() } else { 7 }
    });
    let faults = asked.unwrap_or(FEW);
    println!("chaos: {faults} faults, EVOTOP_CHAOS_SEED={seed}");
    let (tally, left, next, began) =
        (Mutex::new(Tally::default()), AtomicUsize::new(faults), AtomicU64::new(0), Instant::now());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while left.load(Ordering::Relaxed) > 0 {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let mut random = ChaCha8Rng::seed_from_u64(seed);
                    random.set_stream(number);
                    one(&mut random, number, &left, &tally);
                }
            });
        }
    });
    print(&tally.into_inner().unwrap(), began);
}

/// Where one run fails, the others end soon.
struct EndsAll<'a>(&'a AtomicUsize);

impl Drop for EndsAll<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.store(0, Ordering::Relaxed);
        }
    }
}

/// One run, and what happens to it.
fn one(random: &mut ChaCha8Rng, number: u64, left: &AtomicUsize, tally: &Mutex<Tally>) {
    let _ends_all = EndsAll(left);
    let mut run = Run::new(number);
    let mut happened = Vec::new();
    while happened.len() < FAULTS && !run.is_over() {
        if left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)).is_err() {
            break;
        }
        run.go_on();
        let fault = Fault::random(random);
        if fault.happen(&mut run, random) {
            happened.push(fault);
        } else {
            // It had nobody to happen to: it is not counted.
            left.fetch_add(1, Ordering::Relaxed);
        }
    }
    run.finish(&happened);
    let told = whole::check(&run, &happened);
    let mut tally = tally.lock().unwrap();
    tally.runs += 1;
    tally.told += told;
    for fault in happened {
        *tally.faults.entry(fault.name()).or_default() += 1;
    }
}

fn print(tally: &Tally, began: Instant) {
    println!("\n| what happened | times |\n|---|---|");
    for (fault, times) in &tally.faults {
        println!("| {fault} | {times} |");
    }
    println!("| **faults in all** | **{}** |", tally.faults.values().sum::<usize>());
    println!("\n| in the end | |\n|---|---|");
    println!("| runs, each complete and verified | {} |", tally.runs);
    println!("| generations asked for, and there | {} |", tally.runs * GENERATIONS);
    println!("| ends that were told of, all of them in the journal | {} |", tally.told);
    println!("| generations lost, or there twice | 0 |");
    println!("| processes left | 0 |");
    println!("\nin {:.0} s", began.elapsed().as_secs_f64());
}
