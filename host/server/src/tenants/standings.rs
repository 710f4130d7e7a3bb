//! How tenants stand with the host: which plan each has, and who is suspended.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use rota_domain::access::Standing;
use rota_domain::id::TenantId;
use rota_domain::plan::{Plan, Plans};

/// What the host knows of its tenants, whether they are alive or not.
#[derive(Debug, Default)]
pub struct Standings {
    plans: Plans,
    known: RwLock<BTreeMap<TenantId, Standing>>,
}

impl Standings {
    /// The standings that the database has, with the plans of rota.toml.
    #[must_use]
    pub fn new(plans: Plans, known: Vec<Standing>) -> Self {
        let standings = Self { plans, known: RwLock::default() };
        standings.know(known);
        standings
    }

    /// Takes what the database has by now.
    pub fn know(&self, known: Vec<Standing>) {
        let known = known.into_iter().map(|standing| (standing.tenant.clone(), standing)).collect();
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = known;
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

    /// A tenant stands so from now on.
    pub fn put(&self, standing: Standing) {
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

    /// Whether a tenant takes nothing in.
    #[must_use]
    pub fn suspended(&self, tenant: &TenantId) -> bool {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.get(tenant).is_some_and(|standing| standing.suspended)
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
