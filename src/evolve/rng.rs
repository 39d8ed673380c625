//! The random stream of a proposal.
//!
//! `ChaCha8` keyed by (session seed, generation, rules version): no state is carried from one proposal to the
//! next, so `verify` can derive any of them alone. Generator and distributions are pinned versions; golden draws
//! in the tests hold them still.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// The generator every strategy draws from.
pub type Rng = ChaCha8Rng;

/// Raised whenever a strategy would answer the same question differently.
pub const RULES_VERSION: u32 = 1;

/// The stream of this generation's proposal.
pub fn stream(seed: u64, generation: u64) -> Rng {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&generation.to_le_bytes());
    key[16..20].copy_from_slice(&RULES_VERSION.to_le_bytes());
    Rng::from_seed(key)
}
