//! Tenants come into being here.

use async_trait::async_trait;
use rota_domain::id::{Seed, TenantId};
use sqlx::SqliteConnection;

use super::failure::Failure;
use super::writer::Unit;

/// A tenant to be made, unless it is there.
pub(super) struct NewTenant {
    pub(super) tenant: TenantId,
    pub(super) seed: Seed,
}

#[async_trait]
impl Unit for NewTenant {
    type Answer = ();

    fn weight(&self) -> usize {
        1
    }

    async fn write(self, connection: &mut SqliteConnection) -> Result<(), Failure> {
        sqlx::query("INSERT INTO tenants (tenant, seed) VALUES (?, ?) ON CONFLICT (tenant) DO NOTHING")
            .bind(self.tenant.as_str())
            .bind(self.seed.0.as_slice())
            .execute(connection)
            .await?;
        Ok(())
    }
}
