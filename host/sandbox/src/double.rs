//! The parts of the double that every request can reach, and how a change becomes webhooks.

use std::sync::{Arc, Mutex, MutexGuard};

use jiff::Timestamp;
use tokio::sync::watch;

use crate::api::Edition;
use crate::calls::Calls;
use crate::catalogue::Catalogue;
use crate::chance::Chance;
use crate::checks::Checks;
use crate::clock::Clock;
use crate::events;
use crate::faults::Faults;
use crate::limits::Limiter;
use crate::lock::lock;
use crate::seed::Seed;
use crate::state::State;
use crate::webhooks::Webhooks;
use crate::writes::{Actor, Change};

/// One double of the CRM.
pub(crate) struct Double {
    pub(crate) seed: Seed,
    pub(crate) catalogue: Catalogue,
    state: Mutex<State>,
    pub(crate) clock: Arc<Clock>,
    pub(crate) chance: Arc<Chance>,
    pub(crate) faults: Arc<Faults>,
    pub(crate) limiter: Limiter,
    pub(crate) calls: Calls,
    pub(crate) webhooks: Arc<Webhooks>,
    pub(crate) stop: watch::Receiver<bool>,
}

impl Double {
    pub(crate) fn new(seed: Seed, client_secret: String, stop: watch::Receiver<bool>) -> anyhow::Result<Self> {
        for subscription in &seed.subscriptions {
            events::check(subscription).map_err(|wrong| anyhow::anyhow!("seed: subscriptions: {wrong}"))?;
        }
        let clock = Arc::new(Clock::new());
        let chance = Arc::new(Chance::new(seed.random_seed));
        let faults = Arc::new(Faults::new(Arc::clone(&clock), Arc::clone(&chance)));
        let shared = (Arc::clone(&clock), Arc::clone(&chance));
        let webhooks = Webhooks::new(seed.webhooks.clone(), client_secret, Arc::clone(&faults), shared, stop.clone())?;
        let catalogue = Catalogue::new(&seed);
        Ok(Self {
            state: Mutex::new(State::from_seed(&seed, &catalogue, clock.now())?),
            limiter: Limiter::new(seed.limits.clone()),
            calls: Calls::default(),
            webhooks: Arc::new(webhooks),
            seed,
            catalogue,
            clock,
            chance,
            faults,
            stop,
        })
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    pub(crate) fn checks<'a>(&'a self, state: &'a State, edition: Edition) -> Checks<'a> {
        Checks { seed: &self.seed, catalogue: &self.catalogue, state, edition }
    }

    /// The actor behind requests to the API.
    pub(crate) fn integration(&self) -> Actor {
        Actor::integration(self.seed.app_id)
    }

    /// Sends the webhooks that these changes cause.
    pub(crate) fn announce(&self, changes: &[Change], actor: &Actor, at: Timestamp) {
        self.webhooks.send(events::of(changes, actor, at, &self.seed, &self.chance));
    }
}
