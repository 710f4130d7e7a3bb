//! How tenants stand with the host: which plan each has, and who is suspended.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use jiff::Timestamp;
use rota_domain::access::Standing;
use rota_domain::id::{Seed, TenantId};
use rota_domain::plan::{Plan, Plans};
use rota_flow::ports::{Restanding, StoreError, Tenancy};
use tokio::sync::Mutex;

/// What the host knows of its tenants, whether they are alive or not.
#[derive(Debug, Default)]
pub struct Standings {
    plans: Plans,
    known: RwLock<BTreeMap<TenantId, Standing>>,
    /// Held from the database's word until it is known here, so that what was read before a
    /// change never comes after it.
    word: Mutex<()>,
}

impl Standings {
    /// The standings that the database has, with the plans of rota.toml.
    #[must_use]
    pub fn new(plans: Plans, known: Vec<Standing>) -> Self {
        Self { plans, known: RwLock::new(by_name(known)), word: Mutex::default() }
    }

    /// Takes what the database has by now.
    ///
    /// # Errors
    /// When the database fails; then what was known stays. So for every method.
    pub async fn read(&self, tenancy: &dyn Tenancy) -> Result<(), StoreError> {
        let _alone = self.word.lock().await;
        let known = tenancy.standings().await?;
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = by_name(known);
        Ok(())
    }

    /// Makes a tenant under this plan; none if there is one of this name.
    pub async fn make(
        &self,
        tenancy: &dyn Tenancy,
        tenant: &TenantId,
        plan: Option<String>,
        now: Timestamp,
    ) -> Result<Option<Standing>, StoreError> {
        let _alone = self.word.lock().await;
        if !tenancy.make(tenant, Seed(rand::random()), plan.clone(), now).await? {
            return Ok(None);
        }
        let standing = Standing { tenant: tenant.clone(), plan, made: Some(now), revision: None, suspended: false };
        self.put(standing.clone());
        Ok(Some(standing))
    }

    /// Changes how a tenant stands; none if there is no such tenant.
    pub async fn change(
        &self,
        tenancy: &dyn Tenancy,
        tenant: &TenantId,
        change: Restanding,
    ) -> Result<Option<Standing>, StoreError> {
        let _alone = self.word.lock().await;
        let standing = tenancy.restand(tenant, change).await?;
        standing.iter().cloned().for_each(|standing| self.put(standing));
        Ok(standing)
    }

    /// Says what rota.toml and the database do not agree on, which nobody may have meant.
    pub fn warn(&self) {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        for tenant in self.plans.tenants.keys().filter(|tenant| !known.contains_key(*tenant)) {
            tracing::warn!(
                "rota.toml has [tenants.{tenant}], and there is no such tenant yet: its plan holds for nobody"
            );
        }
        for Standing { tenant, plan, .. } in known.values() {
            let Some(plan) = plan.as_ref().filter(|plan| !self.plans.named.contains_key(*plan)) else { continue };
            tracing::warn!(
                "the tenant `{tenant}` was given the plan `{plan}`, which rota.toml does not have: the usual limits hold"
            );
        }
    }

    fn put(&self, standing: Standing) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(standing.tenant.clone(), standing);
    }

    /// What a tenant is granted.
    #[must_use]
    pub fn plan(&self, tenant: &TenantId) -> Plan {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        self.given(tenant, known.get(tenant).and_then(|standing| standing.plan.as_deref()))
    }

    /// What a tenant would be granted under the plan of this name.
    #[must_use]
    pub fn given(&self, tenant: &TenantId, plan: Option<&str>) -> Plan {
        self.plans.given(tenant, plan)
    }

    /// Whether a tenant is suspended: it calls for nothing, and what its CRMs send waits.
    #[must_use]
    pub fn suspended(&self, tenant: &TenantId) -> bool {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.get(tenant).is_some_and(|standing| standing.suspended)
    }

    /// The number of the newest revision of each tenant that has one.
    #[must_use]
    pub fn revisions(&self) -> BTreeMap<TenantId, u64> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.values().filter_map(|standing| Some((standing.tenant.clone(), standing.revision?))).collect()
    }

    /// Whether there is a tenant of this name.
    #[must_use]
    pub fn has(&self, tenant: &TenantId) -> bool {
        self.known.read().unwrap_or_else(PoisonError::into_inner).contains_key(tenant)
    }

    /// The names of the plans that there are.
    pub fn plans(&self) -> impl Iterator<Item = &str> {
        self.plans.named.keys().map(String::as_str)
    }
}

fn by_name(known: Vec<Standing>) -> BTreeMap<TenantId, Standing> {
    known.into_iter().map(|standing| (standing.tenant.clone(), standing)).collect()
}
