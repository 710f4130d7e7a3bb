//! How much of the server one caller may have: requests at once, bytes of bodies at once, leads
//! a minute. Whoever is over it is told to come again, before anything of the request is read
//! or stored.

mod bodies;
mod hooks;
mod layers;
mod lobby;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use rota_domain::id::TenantId;
use rota_domain::plan::Quotas;
use rota_domain::rate::{Bucket, whole_seconds};

pub(super) use hooks::hooked;
pub(super) use layers::{Bounds, bounded};

use self::lobby::Lobby;
use super::problem::Problem;
use super::serve::Serving;

/// Bytes of bodies that a host holds at once, as they were announced; one tenant or app may
/// have half of them.
const BODIES_MAX: u64 = 256 << 20;
/// Requests of one app's webhooks at once, those whose signature is not known yet not counted.
/// HubSpot sends at most as many as its app says, which is ten unless somebody raised it.
const HOOKS_MAX: u32 = 256;

/// Who is under way here, and what tenants took lately.
pub(crate) struct Limits {
    serving: Serving,
    state: Mutex<State>,
    /// Where webhooks wait for their bodies.
    lobby: Arc<Lobby>,
}

#[derive(Default)]
struct State {
    uses: HashMap<Whose, Use>,
    leads: HashMap<TenantId, Bucket>,
}

/// What is under way.
#[derive(Clone, Copy, Default)]
struct Use {
    requests: u32,
    bytes: u64,
}

/// Whose requests they are.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Whose {
    /// Everybody's.
    Host,
    /// A tenant's.
    Tenant(TenantId),
    /// A CRM app's webhooks.
    App(String),
}

/// A request under way, until it is dropped.
struct Leave {
    limits: Arc<Limits>,
    whose: Whose,
    bytes: u64,
}

impl Limits {
    /// Nobody is under way.
    pub(crate) fn new(serving: Serving) -> Self {
        Self { serving, state: Mutex::default(), lobby: Arc::new(Lobby::of(serving.requests)) }
    }

    /// Lets one more request in, whose body may have so many bytes.
    fn enter(self: &Arc<Self>, whose: Whose, most: u32, bytes: u64) -> Result<Leave, Problem> {
        let mut state = self.lock();
        let bytes_max = if whose == Whose::Host { BODIES_MAX } else { BODIES_MAX / 2 };
        let under_way = state.uses.entry(whose.clone()).or_default();
        if under_way.requests >= most {
            let detail = format!("{most} requests {} are under way, which is the most at once.", of(&whose));
            return Err(Problem::busy(detail, 1));
        }
        if bytes > 0 && under_way.bytes + bytes > bytes_max {
            let detail =
                format!("The bodies of the requests {} that are under way fill the memory for them.", of(&whose));
            return Err(Problem::busy(detail, 1));
        }
        under_way.requests += 1;
        under_way.bytes += bytes;
        drop(state);
        Ok(Leave { limits: self.clone(), whose, bytes })
    }

    /// Takes a lead of a call into account.
    fn lead(&self, tenant: &TenantId, quotas: &Quotas, now: Timestamp) -> Result<(), Problem> {
        self.bucket(tenant, quotas, now, |bucket| bucket.take(1, now)).map_err(|wait| over_rate(tenant, quotas, wait))
    }

    /// Whether so many leads of a tenant may come in by webhook.
    ///
    /// # Errors
    /// When they may not, and when they may.
    pub(super) fn has_room(
        &self,
        tenant: &TenantId,
        quotas: &Quotas,
        leads: u64,
        now: Timestamp,
    ) -> Result<(), Problem> {
        self.bucket(tenant, quotas, now, |bucket| bucket.waits(leads, now))
            .map_err(|wait| over_rate(tenant, quotas, wait))
    }

    /// So many leads of a tenant came in by webhook, repeats not counted.
    pub(super) fn came(&self, tenant: &TenantId, quotas: &Quotas, leads: u64, now: Timestamp) {
        self.bucket(tenant, quotas, now, |bucket| bucket.charge(leads, now));
    }

    /// Waits until no request is under way.
    pub(crate) async fn idle(&self) {
        while self.lock().uses.get(&Whose::Host).is_some_and(|host| host.requests > 0) {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    fn bucket<T>(&self, tenant: &TenantId, quotas: &Quotas, now: Timestamp, ask: impl FnOnce(&mut Bucket) -> T) -> T {
        let per_minute = u64::from(quotas.leads_per_minute);
        let mut state = self.lock();
        let bucket = state.leads.entry(tenant.clone()).or_insert_with(|| Bucket::full(per_minute, now));
        // Nothing changes where the plan is the same as before.
        bucket.regrant(per_minute, now);
        ask(bucket)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Leave {
    fn drop(&mut self) {
        let mut state = self.limits.lock();
        let Some(under_way) = state.uses.get_mut(&self.whose) else { return };
        under_way.requests = under_way.requests.saturating_sub(1);
        under_way.bytes = under_way.bytes.saturating_sub(self.bytes);
        if under_way.requests == 0 {
            state.uses.remove(&self.whose);
        }
    }
}

fn of(whose: &Whose) -> String {
    match whose {
        Whose::Host => "to this server".into(),
        Whose::Tenant(tenant) => format!("of the tenant `{tenant}`"),
        Whose::App(app) => format!("of the app `{app}`"),
    }
}

fn over_rate(tenant: &TenantId, quotas: &Quotas, wait: SignedDuration) -> Problem {
    let most = quotas.leads_per_minute;
    Problem::busy(
        format!("The plan of the tenant `{tenant}` grants {most} leads a minute, and they are used."),
        whole_seconds(wait),
    )
}
