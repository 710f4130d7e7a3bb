//! The port to the plugins that tenants uploaded. Their bytes are among what the store keeps.

use async_trait::async_trait;
use jiff::Timestamp;
use rota_domain::id::{Digest, TenantId};
use rota_domain::library::{PluginName, Uploaded};

use super::StoreError;

/// What tenants uploaded. A tenant sees its own.
#[async_trait]
pub trait Library: Send + Sync {
    /// Adds a component whose bytes are kept already, with the JSON Schema of its settings.
    /// One that was withdrawn may be named again from then on. False if it was there and was
    /// not withdrawn.
    ///
    /// # Errors
    /// When the database fails, or the tenant is unknown; so for every method.
    async fn add(&self, tenant: &TenantId, uploaded: Uploaded, schema: Option<String>) -> Result<bool, StoreError>;

    /// All of a tenant, the oldest first, the withdrawn ones too.
    async fn uploaded(&self, tenant: &TenantId) -> Result<Vec<Uploaded>, StoreError>;

    /// The JSON Schema of a plugin's settings, if it has one.
    async fn settings_schema(&self, tenant: &TenantId, digest: &Digest) -> Result<Option<String>, StoreError>;

    /// Withdraws one; false if the tenant has none of this digest that is not withdrawn.
    async fn withdraw(&self, tenant: &TenantId, digest: &Digest, now: Timestamp) -> Result<bool, StoreError>;

    /// Whom a name means.
    async fn find(&self, tenant: &TenantId, name: &PluginName) -> Result<Option<Uploaded>, StoreError> {
        Ok(name.among(&self.uploaded(tenant).await?).cloned())
    }
}
