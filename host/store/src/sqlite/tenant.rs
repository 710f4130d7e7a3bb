//! Tenants come into being here, each with a key of its own under the host's.

use async_trait::async_trait;
use rota_domain::id::TenantId;
use sqlx::SqliteConnection;

use super::failure::Failure;
use super::writer::Unit;

/// A tenant to be made, unless it is there.
pub(super) struct NewTenant {
    pub(super) tenant: TenantId,
    /// Its key, under the host's; and its seed, under that key.
    pub(super) sealed: (Vec<u8>, Vec<u8>),
    /// The check of the host's key, which has to be the database's still.
    pub(super) under: Vec<u8>,
}

#[async_trait]
impl Unit for NewTenant {
    type Answer = ();

    fn weight(&self) -> usize {
        1
    }

    async fn write(self, connection: &mut SqliteConnection) -> Result<(), Failure> {
        let (key, seed) = self.sealed;
        sqlx::query(
            "INSERT INTO tenants (tenant, seed, key) SELECT ?, ?, ? FROM host_key WHERE sealed = ?
             ON CONFLICT (tenant) DO NOTHING",
        )
        .bind(self.tenant.as_str())
        .bind(seed)
        .bind(key)
        .bind(self.under)
        .execute(&mut *connection)
        .await?;
        let there: i64 = sqlx::query_scalar("SELECT count(*) FROM tenants WHERE tenant = ?")
            .bind(self.tenant.as_str())
            .fetch_one(connection)
            .await?;
        if there == 0 { Err(Failure::Stale) } else { Ok(()) }
    }
}
