//! The port to who may ask what, and to what they changed.

use async_trait::async_trait;
use jiff::Timestamp;
use rota_domain::access::{Change, Grant};
use rota_domain::id::{TenantId, TokenId};

use super::StoreError;

/// Tokens, and the log of changes. A tenant sees its own; without a tenant, a method is about
/// the host itself.
#[async_trait]
pub trait Access: Send + Sync {
    /// Keeps a new token under its digest.
    ///
    /// # Errors
    /// When the database fails; so for every method.
    async fn grant(&self, grant: Grant, digest: [u8; 32]) -> Result<(), StoreError>;

    /// The token with this digest, also one that is revoked or past its end.
    async fn granted(&self, digest: [u8; 32]) -> Result<Option<Grant>, StoreError>;

    /// The tokens of a tenant, the oldest first.
    async fn grants(&self, tenant: Option<&TenantId>) -> Result<Vec<Grant>, StoreError>;

    /// Ends a token; false if the tenant has none of that id that still holds.
    async fn revoke(&self, tenant: Option<&TenantId>, token: &TokenId, now: Timestamp) -> Result<bool, StoreError>;

    /// Notes when tokens were used last.
    async fn used(&self, uses: Vec<(TokenId, Timestamp)>) -> Result<(), StoreError>;

    /// Adds a change to the audit log.
    async fn changed(&self, tenant: Option<&TenantId>, change: Change) -> Result<(), StoreError>;

    /// The changes after this number, with their numbers, the oldest first.
    async fn changes(
        &self,
        tenant: Option<&TenantId>,
        after: u64,
        limit: u32,
    ) -> Result<Vec<(u64, Change)>, StoreError>;
}
