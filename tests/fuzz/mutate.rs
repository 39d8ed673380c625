//! Good examples, damaged. Knows nothing of evotop, so that other packages can take it as it is:
//! `#[path = ".../tests/fuzz/mutate.rs"] mod mutate;`.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::{Duration, Instant, SystemTime};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Cases of a target where no time is given: a second or two in a build for tests.
const CASES: u32 = 400;
/// Inputs are cut off here: what is slow is not what is looked for.
const LONGEST: usize = 1 << 16;
/// Accepted inputs that are kept to be damaged further.
const KEPT: usize = 256;

/// What readers stumble over.
const TOKENS: [&str; 40] = [
    "-1",
    "0",
    "1e999",
    "-1e999",
    "NaN",
    ".nan",
    "-.inf",
    "1e-400",
    "18446744073709551616",
    "-9223372036854775809",
    "0x1f",
    "1_000",
    "null",
    "~",
    "true",
    "\"",
    "'",
    "\\",
    "\\u0000",
    "\u{0}",
    "\u{feff}",
    "\r",
    "\r\n",
    "\n\n",
    "\t",
    " ",
    ",",
    ":",
    ": ",
    "- ",
    "#",
    "{",
    "}",
    "[",
    "]",
    "&a [*a]",
    "!!binary ",
    "<<: ",
    "\u{1b}[31m",
    "\u{e9}\u{301}\u{202e}",
];

/// Damages the examples for a while and hands each result over; `accepts` says whether it was accepted, and panics where
/// something is wrong. The input is told then, and how to get it again.
///
/// `EVOTOP_FUZZ` is the number of seconds for each target, `EVOTOP_FUZZ_SEED` where randomness begins.
pub fn damage(target: &str, examples: &[&[u8]], mut accepts: impl FnMut(&[u8]) -> bool) {
    let time = std::env::var("EVOTOP_FUZZ").ok().and_then(|s| s.parse().ok()).map(Duration::from_secs);
    let seed = std::env::var("EVOTOP_FUZZ_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        if time.is_some() { now.as_secs() } else { 1 }
    });
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut pool: Vec<Vec<u8>> = examples.iter().map(|example| example.to_vec()).collect();
    let (began, mut cases, mut accepted) = (Instant::now(), 0_u32, 0_u32);
    for example in examples {
        assert!(accepts(example), "{target}: an example is not accepted: {}", example.escape_ascii());
    }
    while time.map_or(cases < CASES, |time| began.elapsed() < time) {
        let input = damaged(&pool, &mut random);
        let tried = catch_unwind(AssertUnwindSafe(|| accepts(&input)));
        match tried {
            Ok(true) => {
                accepted += 1;
                if pool.len() < KEPT {
                    pool.push(input);
                } else {
                    let at = random.random_range(examples.len()..KEPT);
                    pool[at] = input;
                }
            }
            Ok(false) => {}
            Err(panic) => {
                eprintln!("{target}, EVOTOP_FUZZ_SEED={seed}, case {cases}: b\"{}\"", input.escape_ascii());
                resume_unwind(panic);
            }
        }
        cases += 1;
    }
    println!(
        "{target}: {cases} damaged inputs in {:.1} s, {accepted} of them accepted, EVOTOP_FUZZ_SEED={seed}",
        began.elapsed().as_secs_f64()
    );
}

fn damaged(pool: &[Vec<u8>], random: &mut ChaCha8Rng) -> Vec<u8> {
    let mut bytes = pool[random.random_range(0..pool.len())].clone();
    for _ in 0..random.random_range(1..5) {
        once(&mut bytes, &pool[random.random_range(0..pool.len())], random);
    }
    bytes.truncate(LONGEST);
    bytes
}

/// A stretch of these bytes, most often short.
fn stretch(length: usize, random: &mut ChaCha8Rng) -> std::ops::Range<usize> {
    let from = random.random_range(0..=length);
    let most = if random.random_bool(0.8) { 12 } else { length };
    from..(from + random.random_range(0..=most)).min(length)
}

fn once(bytes: &mut Vec<u8>, other: &[u8], random: &mut ChaCha8Rng) {
    let here = stretch(bytes.len(), random);
    match random.random_range(0..10) {
        0 => {
            if let Some(byte) = bytes.get_mut(here.start) {
                *byte ^= 1 << random.random_range(0..8);
            }
        }
        1 => {
            if let Some(byte) = bytes.get_mut(here.start) {
                *byte = random.random();
            }
        }
        2 => drop(bytes.drain(here)),
        3 => bytes.truncate(here.start),
        4 => {
            let copy = bytes[here.clone()].to_vec();
            bytes.splice(here.start..here.start, copy);
        }
        5 => {
            let there = stretch(other.len(), random);
            bytes.splice(here, other[there].iter().copied());
        }
        6 | 7 => {
            let token = TOKENS[random.random_range(0..TOKENS.len())];
            let times = if random.random_bool(0.95) { 1 } else { random.random_range(1..3000) };
            let at = if random.random_bool(0.5) { here } else { here.start..here.start };
            bytes.splice(at, token.repeat(times).into_bytes());
        }
        8 => number(bytes, random),
        _ => line(bytes, random),
    }
}

/// Another number in the place of one.
fn number(bytes: &mut Vec<u8>, random: &mut ChaCha8Rng) {
    let starts: Vec<usize> = (0..bytes.len())
        .filter(|i| bytes[*i].is_ascii_digit() && (*i == 0 || !bytes[*i - 1].is_ascii_digit()))
        .collect();
    if starts.is_empty() {
        return;
    }
    let from = starts[random.random_range(0..starts.len())];
    let length = bytes[from..].iter().take_while(|b| b.is_ascii_digit()).count();
    let new = match random.random_range(0..3) {
        0 => random.random::<u64>().to_string(),
        1 => random.random_range(0..20).to_string(),
        _ => TOKENS[random.random_range(0..11)].to_owned(),
    };
    bytes.splice(from..from + length, new.into_bytes());
}

/// A line twice, elsewhere or not at all.
fn line(bytes: &mut Vec<u8>, random: &mut ChaCha8Rng) {
    let mut lines: Vec<Vec<u8>> = bytes.split_inclusive(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
    if lines.is_empty() {
        return;
    }
    let taken = lines.remove(random.random_range(0..lines.len()));
    for _ in 0..random.random_range(0..3) {
        lines.insert(random.random_range(0..=lines.len()), taken.clone());
    }
    *bytes = lines.concat();
}
