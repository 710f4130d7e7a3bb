//! The secrets that a workspace names: which there are, and those that came with it. Values
//! go to the vault and to nowhere else.

use std::collections::{BTreeMap, BTreeSet};

use rota_domain::id::TenantId;
use rota_domain::workspace::Workspace;
use rota_flow::ports::{SecretValue, StoreError};

use super::{Refusal, SecretNeed, Workspaces};

impl Workspaces {
    /// The secrets that a workspace needs, and whether the server has them.
    pub(super) async fn secrets_of(
        &self,
        tenant: &TenantId,
        workspace: &Workspace,
    ) -> Result<Vec<SecretNeed>, StoreError> {
        let kept: BTreeSet<String> = match &self.vault {
            Some(vault) => vault.secrets(tenant).await?.into_iter().map(|secret| secret.name).collect(),
            None => BTreeSet::new(),
        };
        let there = |name: &str| {
            kept.contains(name) || (self.tenants.secrets())(name).is_some_and(|value| !value.trim().is_empty())
        };
        let need = |connection: &rota_domain::workspace::Connection| {
            let name = connection.token.as_ref()?.env.clone();
            Some(SecretNeed { there: there(&name), name, connection: connection.id.to_string() })
        };
        Ok(workspace.connections.iter().filter_map(need).collect())
    }

    /// Keeps the secrets that came with a bundle; those that its workspace does not name are
    /// left out.
    pub(super) async fn keep_secrets(
        &self,
        tenant: &TenantId,
        workspace: &Workspace,
        given: &BTreeMap<String, SecretValue>,
        who: &str,
    ) -> Result<(), Refusal> {
        let needs = self.secrets_of(tenant, workspace).await?;
        for (name, value) in given.iter().filter(|(name, _)| needs.iter().any(|need| need.name == **name)) {
            let vault = self.vault.as_ref().ok_or(Refusal::NoVault)?;
            vault.set_secret(tenant, name, value, who, self.clock.now()).await?;
        }
        Ok(())
    }
}
