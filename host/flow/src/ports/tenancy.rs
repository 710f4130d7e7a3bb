//! The port to the tenants as the host sees them.

use async_trait::async_trait;
use jiff::Timestamp;
use rota_domain::access::Standing;
use rota_domain::id::{Seed, TenantId};

use super::StoreError;

/// What is changed of how a tenant stands. What is none stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Restanding {
    /// Another plan; `Some(None)` for the usual one.
    pub plan: Option<Option<String>>,
    /// Whether the tenant is suspended.
    pub suspended: Option<bool>,
}

/// The tenants of a database, for the host's operator.
#[async_trait]
pub trait Tenancy: Send + Sync {
    /// Makes a tenant with this seed; false if there is one of this name.
    ///
    /// # Errors
    /// When the database fails; so for every method.
    async fn make(
        &self,
        tenant: &TenantId,
        seed: Seed,
        plan: Option<String>,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// How each tenant stands, by name.
    async fn standings(&self) -> Result<Vec<Standing>, StoreError>;

    /// Changes how a tenant stands; none if there is no such tenant.
    async fn restand(&self, tenant: &TenantId, change: Restanding) -> Result<Option<Standing>, StoreError>;
}
