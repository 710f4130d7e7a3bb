//! The double's only randomness. Two streams from one seed: one decides (faults, delays), one
//! names (event ids, correlation ids), so that reading more records does not change which fault
//! strikes next.

use std::ops::RangeInclusive;
use std::sync::Mutex;

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use crate::lock::lock;

/// Seeded randomness, shared by all requests.
pub(crate) struct Chance {
    deciding: Mutex<SmallRng>,
    naming: Mutex<SmallRng>,
}

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self { deciding: Mutex::new(SmallRng::seed_from_u64(seed)), naming: Mutex::new(SmallRng::seed_from_u64(!seed)) }
    }

    /// True with this probability; anything outside 0 to 1 counts as the nearer end.
    pub(crate) fn strikes(&self, probability: f64) -> bool {
        lock(&self.deciding).random_bool(probability.clamp(0.0, 1.0))
    }

    /// A number of the range, ends included.
    pub(crate) fn between(&self, range: RangeInclusive<u64>) -> u64 {
        lock(&self.deciding).random_range(range)
    }

    /// An event id: 31 bits, and like the CRM's own not promised to be unique.
    pub(crate) fn event_id(&self) -> u64 {
        lock(&self.naming).random_range(1..=0x7fff_ffff)
    }

    /// A random UUID as correlation and request ids have it.
    pub(crate) fn uuid(&self) -> String {
        let bits: u128 = lock(&self.naming).random();
        let hex = format!("{bits:032x}");
        format!("{}-{}-4{}-8{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_decides_the_same() {
        let draw = |chance: &Chance| (0..64).map(|_| chance.strikes(0.5)).collect::<Vec<_>>();
        let (one, two) = (Chance::new(7), Chance::new(7));
        two.uuid();
        assert_eq!(draw(&one), draw(&two), "naming must not disturb deciding");
        assert_ne!(draw(&Chance::new(7)), draw(&Chance::new(8)));
    }
}
