//! Where secrets are looked up: in the tenant's vault, then in the host's environment, but
//! there only under names that the operator gave to this tenant. Else any tenant could name
//! a variable of the host's, and have it sent as a token to an address of theirs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::Context as _;
use rota_crm::Secret;
use rota_domain::id::TenantId;
use rota_flow::ports::Vault;

use crate::compose::Secrets;
use crate::config::Loaded;
use crate::keys::Master;

/// What the operator says of keys and secrets.
#[derive(Clone, Debug, Default)]
pub struct Keeper {
    /// Where the host's key is; none means beside the database.
    pub master: Option<Master>,
    /// Names in the host's environment that a tenant may look up, besides those that its
    /// workspace names where the operator serves it from a directory.
    pub env: BTreeMap<TenantId, BTreeSet<String>>,
}

/// Finds tenants' secrets.
pub struct Custody {
    vault: Arc<dyn Vault>,
    environment: Secrets,
    allowed: BTreeMap<TenantId, BTreeSet<String>>,
}

impl Custody {
    /// A custody for the tenants of these directories, and for others that have a vault.
    #[must_use]
    pub fn new<'d>(
        vault: Arc<dyn Vault>,
        environment: Secrets,
        keeper: &Keeper,
        served: impl IntoIterator<Item = &'d Loaded>,
    ) -> Self {
        let mut allowed = keeper.env.clone();
        for Loaded { workspace, .. } in served {
            let named = workspace.secrets().map(|(secret, _)| secret.env.clone());
            allowed.entry(workspace.tenant.clone()).or_default().extend(named);
        }
        Self { vault, environment, allowed }
    }

    /// The secret of this name; `what` says what it is for.
    ///
    /// # Errors
    /// When it is not there, or the vault does not open: what to do.
    pub async fn secret(&self, tenant: &TenantId, name: &str, what: &str) -> anyhow::Result<Secret> {
        if let Some(value) = self.vault.secret(tenant, name).await? {
            return Ok(Secret::new(value.expose()));
        }
        let allowed = self.allowed.get(tenant).is_some_and(|names| names.contains(name));
        let text = allowed.then(|| (self.environment)(name)).flatten().filter(|text| !text.trim().is_empty());
        let text = text.with_context(|| {
            let operator = if allowed {
                format!("or set the environment variable {name} of the server")
            } else {
                format!("or let the operator add `{name}` to env of [tenants.{tenant}] in rota.toml")
            };
            format!("{what} is not there: set it with `rota secret set {name}`, {operator}")
        })?;
        Ok(Secret::new(&text))
    }
}
