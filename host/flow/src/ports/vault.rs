//! The port to a tenant's secrets: tokens of CRM accounts, keys of destinations. They are
//! sealed where they are kept, and a value comes out for the host alone, never for a caller.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use async_trait::async_trait;
use jiff::Timestamp;
use rota_domain::id::TenantId;

use super::StoreError;

/// The value of a secret. It prints as dots.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretValue(String);

impl SecretValue {
    /// A value.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The value itself, for whoever signs or authenticates with it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretValue(…)")
    }
}

/// A secret as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptSecret {
    /// Its value.
    pub value: SecretValue,
    /// Whom it may be sent to besides the CRM itself: scheme, host and port of each, as in
    /// `https://crm.acme.example`. Only whoever sets the value, and so knows it, says so.
    pub sent_to: BTreeSet<String>,
}

/// What may be told of a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretName {
    /// What the workspace calls it, such as `ACME_HUBSPOT_TOKEN`.
    pub name: String,
    /// Whom it may be sent to besides the CRM itself.
    pub sent_to: BTreeSet<String>,
    /// When it was set last.
    pub at: Timestamp,
    /// Who set it.
    pub who: String,
}

/// Tenants' secrets, each under a name of its workspace.
#[async_trait]
pub trait Vault: Send + Sync {
    /// Sets a secret; one that was there is replaced, with all that was said of it. False if
    /// it is a new one and the tenant has `most` or more, and nothing is set.
    ///
    /// # Errors
    /// When the database fails, or what is sealed in it cannot be opened; so for every method.
    async fn set_secret(
        &self,
        tenant: &TenantId,
        name: &str,
        secret: &KeptSecret,
        most: u32,
        who: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// The secret of this name, and when it was set.
    async fn secret(&self, tenant: &TenantId, name: &str) -> Result<Option<(KeptSecret, Timestamp)>, StoreError>;

    /// What may be told of a tenant's secrets, by name.
    async fn secrets(&self, tenant: &TenantId) -> Result<Vec<SecretName>, StoreError>;

    /// When each secret was set last, of all tenants.
    async fn set_when(&self) -> Result<BTreeMap<(TenantId, String), Timestamp>, StoreError>;

    /// Removes a secret; false if there was none.
    async fn remove_secret(&self, tenant: &TenantId, name: &str) -> Result<bool, StoreError>;
}
