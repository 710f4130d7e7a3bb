//! A whole tenant in one process and one thread, on virtual time: real sequencers, couriers and
//! inboxes of one or several hosts, on a store, a CRM and a destination that hold their state in
//! memory and fail by chance. Hosts die at any place where they wait, and start again on what
//! was committed.
//!
//! Everything follows from one number, the seed. The same seed gives the same trace, so that a
//! failure can be looked at as often as need be: `ROTA_SEED=… cargo test --release simulation`.

mod crm;
mod host;
mod life;
mod message;
mod plan;
mod replay;
mod rule;
mod storm;
mod traffic;
mod truth;
mod world;

use std::sync::Arc;
use std::time::Duration;

pub use world::Counts;
use world::World;

use rota_flow::ports::Store as _;
use tokio::task::JoinSet;

/// After this much calm, in virtual time, everything has to be at rest.
const REST_WITHIN: Duration = Duration::from_mins(20);

/// What a simulation came to.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What of the promises was not kept, in words; nothing if all were.
    pub broken: Vec<String>,
    /// SHA-256 over the trace.
    pub digest: String,
    /// What happened, a line each.
    pub trace: Vec<String>,
    /// How much happened.
    pub counts: Counts,
}

/// Simulates what follows from this seed.
///
/// # Panics
/// When there is no runtime to be had.
#[must_use]
pub fn simulate(seed: u64) -> Outcome {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
    let world = World::new(seed);
    let broken = runtime.block_on(live(&world));
    let (digest, trace) = world.trace();
    Outcome { broken, digest, trace, counts: world.counts() }
}

async fn live(world: &Arc<World>) -> Vec<String> {
    let mut hosts = JoinSet::new();
    for number in 0..world.plan.hosts {
        hosts.spawn(host::live(world.clone(), number));
    }
    let mut senders = traffic::begin(world);
    let senders_end = async { while senders.join_next().await.is_some() {} };
    let deadline = world.plan.storm + REST_WITHIN;
    let (mut broken, answered) = match tokio::time::timeout(deadline, senders_end).await {
        Ok(()) => (Vec::new(), true),
        Err(_) => (vec!["somebody waits for an answer for ever".to_owned()], false),
    };
    if answered && !comes_to_rest(world, deadline).await {
        let backlog = world.store.backlog(&world.tenant).await;
        broken.push(format!("it does not come to rest: {backlog:?} arrivals and effects wait"));
    }
    // Nothing runs any more when the books are looked at.
    hosts.abort_all();
    while hosts.join_next().await.is_some() {}
    broken.extend(truth::check(world).await);
    broken
}

/// Waits until nothing waits any more; false if that does not come.
async fn comes_to_rest(world: &World, deadline: Duration) -> bool {
    while world.elapsed() < deadline {
        if world.elapsed() > world.plan.storm && world.store.backlog(&world.tenant).await.is_ok_and(|b| b == (0, 0)) {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    false
}
