//! How many workspaces are judged at once. Each may hold components and tables of hundreds of
//! MiB meanwhile and keeps a core busy, so that a host judges few at a time and a tenant one:
//! who sends many waits behind their own and lets others pass.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rota_domain::id::TenantId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// The most workspaces that a host judges at once.
const AT_ONCE: usize = 4;
/// How long one waits for its turn: less than its caller does.
const PATIENCE: Duration = Duration::from_secs(20);

/// The turns of those whose workspaces are judged.
#[derive(Debug)]
pub struct Turns {
    host: Arc<Semaphore>,
    /// One for each tenant that has asked.
    tenants: Mutex<HashMap<TenantId, Arc<Semaphore>>>,
}

/// A turn, until it is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    _of_host: OwnedSemaphorePermit,
    _of_tenant: OwnedSemaphorePermit,
}

impl Default for Turns {
    fn default() -> Self {
        Self { host: Arc::new(Semaphore::new(AT_ONCE)), tenants: Mutex::default() }
    }
}

impl Turns {
    /// A turn of this tenant's, when it comes; none if it does not come in time.
    pub(super) async fn take(&self, tenant: &TenantId) -> Option<Turn> {
        timeout(PATIENCE, self.wait(tenant)).await.ok().flatten()
    }

    async fn wait(&self, tenant: &TenantId) -> Option<Turn> {
        let own = {
            let mut tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
            tenants.entry(tenant.clone()).or_insert_with(|| Arc::new(Semaphore::new(1))).clone()
        };
        // Their own first: who waits for that takes no place of another tenant's.
        let of_tenant = own.acquire_owned().await.ok()?;
        let of_host = self.host.clone().acquire_owned().await.ok()?;
        Some(Turn { _of_host: of_host, _of_tenant: of_tenant })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A turn, if one is free at once.
    async fn take(turns: &Turns, tenant: &str) -> Option<Turn> {
        timeout(Duration::ZERO, turns.wait(&tenant.into())).await.ok().flatten()
    }

    #[tokio::test]
    async fn a_tenant_that_asks_often_has_one_turn_and_others_theirs_until_the_host_has_no_more() {
        let turns = Turns::default();
        let first = take(&turns, "acme").await;
        assert!(first.is_some() && take(&turns, "acme").await.is_none(), "one of its own at a time");
        let mut others = Vec::new();
        for tenant in ["birch", "cedar", "doe"] {
            others.push(take(&turns, tenant).await.expect("a turn"));
        }
        assert!(take(&turns, "elm").await.is_none(), "four of all together");
        drop(first);
        assert!(take(&turns, "acme").await.is_some());
    }
}
