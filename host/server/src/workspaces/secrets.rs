//! The secrets that a workspace names: which there are, and those that came with it. Values
//! go to the vault and to nowhere else.

use std::collections::BTreeMap;

use rota_domain::id::TenantId;
use rota_domain::workspace::Workspace;
use rota_flow::ports::SecretValue;

use super::{Refusal, SecretNeed, Workspaces};

impl Workspaces {
    /// The secrets that a workspace needs, and whether the server has them.
    pub(super) async fn secrets_of(&self, tenant: &TenantId, workspace: &Workspace) -> Vec<SecretNeed> {
        let mut needs = Vec::new();
        for (secret, connection) in workspace.secrets() {
            let there = self.tenants.has_secret(tenant, &secret.env).await;
            needs.push(SecretNeed { name: secret.env.clone(), connection: connection.to_string(), there });
        }
        needs
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
        let needs = self.secrets_of(tenant, workspace).await;
        for (name, value) in given.iter().filter(|(name, _)| needs.iter().any(|need| need.name == **name)) {
            self.vault.set_secret(tenant, name, value, who, self.clock.now()).await?;
        }
        Ok(())
    }
}
