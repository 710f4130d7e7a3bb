//! What kind of world a seed gives: how many hosts, how much traffic, how much goes wrong.

use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};

/// The terms of one simulation. Chances are in thousandths.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// Hosts that serve the tenant, each with a sequencer of its own.
    pub(super) hosts: usize,
    /// How long things go wrong; afterwards all is calm.
    pub(super) storm: Duration,
    /// Records that events are about.
    pub(super) records: u64,
    /// Messages of the CRM, with one to five events each.
    pub(super) webhooks: u64,
    /// Calls.
    pub(super) calls: u64,
    /// What people do meanwhile.
    pub(super) people: u64,
    /// How often a read or write of the store fails.
    pub(super) store_fails: u32,
    /// How often a write is done and its answer lost.
    pub(super) answer_lost: u32,
    /// How often the store takes long.
    pub(super) store_slow: u32,
    /// How often a request to the CRM comes to nothing.
    pub(super) crm_fails: u32,
    /// How often the CRM did it and its answer is lost.
    pub(super) crm_lost: u32,
    /// How often the CRM says that it is asked too much.
    pub(super) crm_limits: u32,
    /// How often the CRM takes long.
    pub(super) crm_slow: u32,
    /// A host dies after so many steps at most; 0 where none dies.
    pub(super) dies_within: u32,
    /// When the store is out of reach for a while, and for how long.
    pub(super) outage: Option<(Duration, Duration)>,
    /// How much fuel rules may use on a host in a minute; each decision uses a thousand.
    pub(super) fuel: u64,
    /// How far the hosts' clocks may be off, in milliseconds.
    pub(super) skew_ms: i64,
}

impl Plan {
    /// The plan of a seed.
    pub(super) fn of(seed: u64) -> Self {
        let mut dice = SmallRng::seed_from_u64(seed ^ 0x0051_e4a5);
        let mut up_to = |most: u32| if dice.random_bool(0.6) { dice.random_range(0..=most) } else { 0 };
        let (store_fails, answer_lost, store_slow) = (up_to(80), up_to(80), up_to(60));
        let (crm_fails, crm_lost, crm_limits, crm_slow) = (up_to(150), up_to(150), up_to(100), up_to(100));
        let dies_within = up_to(400);
        let storm = dice.random_range(10..40);
        let outage = dice.random_bool(0.3).then(|| {
            let begins = dice.random_range(3..storm);
            (Duration::from_secs(begins), Duration::from_secs(dice.random_range(1..20)))
        });
        Self {
            hosts: dice.random_range(1..=3),
            storm: Duration::from_secs(storm),
            records: dice.random_range(1..12),
            webhooks: dice.random_range(1..16),
            calls: dice.random_range(0..16),
            people: dice.random_range(0..10),
            store_fails,
            answer_lost,
            store_slow,
            crm_fails,
            crm_lost,
            crm_limits,
            crm_slow,
            dies_within,
            outage,
            fuel: if dice.random_bool(0.2) { dice.random_range(5_000..40_000) } else { u64::MAX },
            skew_ms: dice.random_range(0..1_500),
        }
    }
}
