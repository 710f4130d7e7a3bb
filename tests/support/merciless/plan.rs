//! The plan of a run, drawn from its seed: what is done to the hosts, the CRM and the ways between,
//! in which order and with which pauses. The same seed draws the same plan; what the processes
//! make of it depends on the machine.

use rand::rngs::SmallRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};
use serde_json::{Value, json};

use super::proxy::Mood;

/// The longest lease that anything has, in milliseconds; what lasts longer than this finds that
/// others took over.
pub const LEASE_MS: u64 = 30_000;

/// From so many kills on, a run has two stalls of a way to the database that outlast a lease; else one.
const LONG_FROM: usize = 40;

/// What a plan is drawn for.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    /// How often a host is killed.
    pub kills: usize,
    /// How many hosts there are.
    pub hosts: usize,
    /// Whether there is a way to the database that can be cut.
    pub base: bool,
    /// Whether the disk of the database may be filled.
    pub disk: bool,
}

/// Something that is done, after a pause.
#[derive(Clone, Debug)]
pub struct Step {
    /// How long nothing is done before, in milliseconds.
    pub pause_ms: u64,
    /// What is done.
    pub act: Act,
}

/// What is done.
#[derive(Clone, Debug)]
pub enum Act {
    /// So many contacts appear in the CRM.
    Contacts(usize),
    /// So many leads are asked about by calls.
    Calls(usize),
    /// Calls that were answered are made again, so many.
    Again(usize),
    /// A person moves a contact to the next stage of its life.
    Edit(Pick),
    /// A person gives a contact to the owner of this number.
    Take(Pick, usize),
    /// A host is killed, and started again after so long.
    Kill {
        /// Which.
        host: usize,
        /// How long it is away, in milliseconds.
        away_ms: u64,
    },
    /// A host is killed so long after it was started, before or after it listens.
    KillYoung {
        /// Which.
        host: usize,
        /// How long it lives, in milliseconds.
        age_ms: u64,
    },
    /// Contacts appear, the CRM's answers are held back, and a host is killed while at least one is
    /// on its way: between inbox and record, or between what was sent and its settlement.
    KillWaiting {
        /// Which.
        host: usize,
        /// How many contacts appear.
        contacts: usize,
        /// Whether only the answers to writes are held back.
        writes: bool,
    },
    /// A host stands still for so long, in milliseconds, in which all else goes on; then it goes on,
    /// too, as if nothing had been.
    Still {
        /// Which.
        host: usize,
        /// How long.
        ms: u64,
    },
    /// The way to the CRM is so for so long, in milliseconds.
    Crm(Mood, u64),
    /// The way of a host to the database is so for a while, in which all else goes on.
    Base {
        /// Which host's.
        host: usize,
        /// How it is.
        mood: Mood,
        /// How long, in milliseconds.
        ms: u64,
    },
    /// The CRM's double fails so from now on.
    Faults(Value),
    /// The double's clock goes so far from the right time, in milliseconds.
    Clock(i64),
    /// The database's disk is full for so long, in milliseconds.
    Full(u64),
}

/// One of the contacts that are there by then: the place among them, from 0 to 1.
#[derive(Clone, Copy, Debug)]
pub struct Pick(pub f64);

/// The plan of a seed.
#[must_use]
pub fn draw(seed: u64, scale: Scale) -> Vec<Step> {
    let mut random = SmallRng::seed_from_u64(seed);
    let mut steps = Vec::new();
    // The first starts find an older database, and are killed while they take it over.
    let young = (scale.kills / 8).min(12);
    for _ in 0..young {
        steps.push(Step { pause_ms: 0, act: Act::Contacts(2) });
        let (host, age_ms) = (random.random_range(0..scale.hosts), random.random_range(5..220));
        steps.push(Step { pause_ms: 0, act: Act::KillYoung { host, age_ms } });
    }
    let long = [young + 1, young + (scale.kills - young) / 2];
    for number in young..scale.kills {
        if scale.base && scale.hosts > 1 && long[..if scale.kills < LONG_FROM { 1 } else { 2 }].contains(&number) {
            let (host, ms) = (random.random_range(0..scale.hosts), random.random_range(LEASE_MS + 1_000..36_000));
            // Once what it asks comes late, and once what it is answered.
            let mood = if number == long[0] { Mood::Held } else { Mood::Stalled };
            steps.push(Step { pause_ms: 0, act: Act::Base { host, mood, ms } });
        }
        for _ in 0..random.random_range(2..6) {
            let act = between(&mut random, scale);
            steps.push(Step { pause_ms: random.random_range(0..80), act });
        }
        let act = kill(&mut random, scale.hosts);
        steps.push(Step { pause_ms: random.random_range(0..150), act });
    }
    steps
}

fn kill(random: &mut SmallRng, hosts: usize) -> Act {
    let host = random.random_range(0..hosts);
    match random.random_range(0..10) {
        0..5 => Act::Kill { host, away_ms: random.random_range(0..250) },
        5 => Act::KillYoung { host, age_ms: random.random_range(20..400) },
        _ => Act::KillWaiting { host, contacts: random.random_range(1..6), writes: random.random_bool(0.6) },
    }
}

fn between(random: &mut SmallRng, scale: Scale) -> Act {
    // Rather one of the newest, about which something is still under way.
    let pick = Pick(random.random_range(0.0_f64..1.0).powf(0.1));
    match random.random_range(0..100) {
        0..25 => Act::Contacts(random.random_range(1..12)),
        25..45 => Act::Calls(random.random_range(1..12)),
        45..51 => Act::Again(random.random_range(1..6)),
        51..64 => Act::Edit(pick),
        64..77 => Act::Take(pick, random.random_range(0..10)),
        77..80 => still(random, scale.hosts),
        80..87 => Act::Crm(mood(random), random.random_range(50..500)),
        87..93 => Act::Faults(faults(random)),
        93..95 => Act::Clock(random.random_range(-150_000..150_000)),
        _ if scale.base => base(random, scale.hosts),
        _ if scale.disk => Act::Full(random.random_range(100..1_500)),
        _ => Act::Faults(json!([])),
    }
}

/// Where others can take over meanwhile, some stand still for longer than their leases last.
fn still(random: &mut SmallRng, hosts: usize) -> Act {
    let host = random.random_range(0..hosts);
    let long = hosts > 1 && random.random_bool(0.1);
    let ms = if long { random.random_range(LEASE_MS + 1_000..36_000) } else { random.random_range(50..800) };
    Act::Still { host, ms }
}

fn base(random: &mut SmallRng, hosts: usize) -> Act {
    let mood = if random.random_bool(0.25) { Mood::Held } else { mood(random) };
    Act::Base { host: random.random_range(0..hosts), mood, ms: random.random_range(50..2_500) }
}

fn mood(random: &mut SmallRng) -> Mood {
    *[Mood::Stalled, Mood::Cut, Mood::Reset].choose(random).unwrap_or(&Mood::Cut)
}

/// Some faults at once, each for a while; webhooks come twice and in disorder all the time.
fn faults(random: &mut SmallRng) -> Value {
    let kinds = [
        json!({ "kind": "status", "status": 500 }),
        json!({ "kind": "status", "status": 503 }),
        json!({ "kind": "status", "status": 502, "retry_after_s": 1 }),
        json!({ "kind": "rate_limit" }),
        json!({ "kind": "rate_limit", "body": "category" }),
        json!({ "kind": "rate_limit", "retry_after_s": 1 }),
        json!({ "kind": "latency", "latency_ms": 400 }),
        json!({ "kind": "drop_before" }),
        json!({ "kind": "drop_after" }),
        json!({ "kind": "hang", "count": 1 }),
        json!({ "kind": "partial", "count": 3 }),
    ];
    let mut chosen: Vec<Value> = webhooks();
    for fault in kinds.choose_multiple(random, 2) {
        let mut fault = fault.clone();
        fault["probability"] = json!(random.random_range(0.05..0.5));
        fault["for_ms"] = json!(random.random_range(200..1_000));
        chosen.push(fault);
    }
    chosen.into()
}

/// What befalls webhooks all the time.
#[must_use]
pub fn webhooks() -> Vec<Value> {
    ["webhook_duplicate", "webhook_disorder", "webhook_lost_ack"]
        .map(|kind| json!({ "kind": kind, "probability": 0.15 }))
        .to_vec()
}
