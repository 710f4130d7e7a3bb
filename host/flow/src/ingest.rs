//! In: events become rows of the inbox, and only then are they acknowledged.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use rota_domain::id::TenantId;
use tokio::sync::Notify;

use crate::journal;
use crate::ports::{Accepted, Arrival, Clock, Store, StoreError};

/// Where events come in, for all tenants of this host.
pub struct Inbox {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    bells: RwLock<HashMap<TenantId, Arc<Notify>>>,
}

impl Inbox {
    /// An inbox over this store.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock, bells: RwLock::default() }
    }

    /// What rings when something arrived for a tenant.
    #[must_use]
    pub fn bell(&self, tenant: &TenantId) -> Arc<Notify> {
        let mut bells = self.bells.write().unwrap_or_else(PoisonError::into_inner);
        bells.entry(tenant.clone()).or_default().clone()
    }

    /// Rings a tenant's bell, if anybody listens to it here.
    pub(crate) fn ring(&self, tenant: &TenantId) {
        let bells = self.bells.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(bell) = bells.get(tenant) {
            bell.notify_one();
        }
    }

    /// Stores arrivals durably. When this returns, they may be acknowledged.
    ///
    /// # Errors
    /// When they could not be stored; then none was.
    pub async fn accept(&self, tenant: &TenantId, arrivals: Vec<Arrival>) -> Result<Vec<Accepted>, StoreError> {
        let told = if journal::is_read() { arrivals.clone() } else { Vec::new() };
        let accepted = self.store.accept(tenant, arrivals, self.clock.now()).await?;
        for (arrival, accepted) in told.iter().zip(&accepted) {
            if *accepted == Accepted::New {
                journal::arrived(tenant, &arrival.payload, "event");
            }
        }
        if accepted.contains(&Accepted::New) {
            self.bell(tenant).notify_one();
        }
        Ok(accepted)
    }
}
