//! Hosts and leases in memory, as the port promises them.

use std::collections::BTreeMap;
use std::sync::{MutexGuard, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;
use rota_domain::id::{HostId, TenantId};
use rota_flow::ports::{Accepted, Leased, Leases, Posted, StoreError};

use super::MemoryStore;

/// Who is there, and who decides for whom.
#[derive(Default)]
pub(super) struct Hosts {
    until: BTreeMap<HostId, Timestamp>,
    holders: BTreeMap<TenantId, HostId>,
}

impl MemoryStore {
    fn among(&self) -> MutexGuard<'_, Hosts> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Leases for MemoryStore {
    async fn begin(&self, now: Timestamp) -> Result<(), StoreError> {
        self.among().until.retain(|_, until| *until > now);
        Ok(())
    }

    async fn stay(&self, host: &HostId, until: Timestamp) -> Result<(), StoreError> {
        self.among().until.insert(host.clone(), until);
        Ok(())
    }

    async fn hosts(&self) -> Result<BTreeMap<HostId, Timestamp>, StoreError> {
        Ok(self.among().until.clone())
    }

    async fn leased(&self) -> Result<Leased, StoreError> {
        let tenants = self.tenants();
        let waiting = tenants.iter().filter(|(_, tenant)| tenant.waiting(0).next().is_some());
        let waiting = waiting.map(|(id, _)| id.clone()).collect();
        Ok(Leased { holders: self.among().holders.clone(), waiting })
    }

    async fn take(&self, host: &HostId, tenant: &TenantId, now: Timestamp) -> Result<bool, StoreError> {
        self.with(tenant, |_| ())?;
        let mut hosts = self.among();
        let holder =
            hosts.holders.get(tenant).filter(|holder| hosts.until.get(*holder).is_some_and(|until| *until > now));
        let free = holder.is_none_or(|holder| holder == host);
        if free {
            hosts.holders.insert(tenant.clone(), host.clone());
        }
        Ok(free)
    }

    async fn give_up(&self, host: &HostId, tenants: &[TenantId]) -> Result<(), StoreError> {
        self.among().holders.retain(|tenant, holder| holder != host || !tenants.contains(tenant));
        Ok(())
    }

    async fn leave(&self, host: &HostId) -> Result<(), StoreError> {
        let mut hosts = self.among();
        hosts.holders.retain(|_, holder| holder != host);
        hosts.until.remove(host);
        Ok(())
    }

    async fn post(&self, tenant: &TenantId, calls: Vec<Posted>) -> Result<Vec<Accepted>, StoreError> {
        self.with(tenant, |tenant| calls.into_iter().map(|call| tenant.post(call)).collect())
    }
}
