//! Tenants' secrets, sealed under the tenant's key.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use rota_domain::id::TenantId;
use rota_flow::ports::{SecretName, SecretValue, StoreError, Vault};
use sqlx::SqliteConnection;

use super::SqliteStore;
use super::failure::Failure;
use super::keys::TenantKeys;
use super::rows::{micros, time, unreadable};
use super::writer::Unit;

/// What a secret is sealed as.
pub(super) const SECRET: &str = "secret";

/// A secret to be set.
struct NewSecret {
    keys: Arc<TenantKeys>,
    name: String,
    sealed: Vec<u8>,
    who: String,
    at: i64,
}

#[async_trait]
impl Unit for NewSecret {
    type Answer = ();

    fn weight(&self) -> usize {
        1
    }

    async fn write(self, connection: &mut SqliteConnection) -> Result<(), Failure> {
        // Under the tenant's key of today: another process may have changed it.
        let done = sqlx::query(
            "INSERT INTO secrets (tenant, name, sealed, at, who)
             SELECT tenant, ?, ?, ?, ? FROM tenants WHERE tenant = ? AND key = ?
             ON CONFLICT (tenant, name) DO UPDATE SET sealed = excluded.sealed, at = excluded.at, who = excluded.who",
        )
        .bind(self.name)
        .bind(self.sealed)
        .bind(self.at)
        .bind(self.who)
        .bind(self.keys.tenant.as_str())
        .bind(self.keys.sealed.as_slice())
        .execute(connection)
        .await?;
        if done.rows_affected() == 0 { Err(Failure::Stale) } else { Ok(()) }
    }
}

/// A secret to be removed.
struct Removed {
    tenant: TenantId,
    name: String,
}

#[async_trait]
impl Unit for Removed {
    type Answer = bool;

    fn weight(&self) -> usize {
        1
    }

    async fn write(self, connection: &mut SqliteConnection) -> Result<bool, Failure> {
        let done = sqlx::query("DELETE FROM secrets WHERE tenant = ? AND name = ?")
            .bind(self.tenant.as_str())
            .bind(self.name)
            .execute(connection)
            .await?;
        Ok(done.rows_affected() > 0)
    }
}

#[async_trait]
impl Vault for SqliteStore {
    async fn set_secret(
        &self,
        tenant: &TenantId,
        name: &str,
        value: &SecretValue,
        who: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let set = |keys: Arc<TenantKeys>, _| async move {
            let sealed = keys.seal(keys.key(), SECRET, name.as_bytes(), value.expose().as_bytes());
            let new = NewSecret { keys, name: name.to_owned(), sealed, who: who.to_owned(), at: micros(now) };
            self.writer.attempt(new).await
        };
        self.keyed(tenant, set).await
    }

    async fn secret(&self, tenant: &TenantId, name: &str) -> Result<Option<SecretValue>, StoreError> {
        let sealed = || {
            sqlx::query_scalar("SELECT sealed FROM secrets WHERE tenant = ? AND name = ?")
                .bind(tenant.as_str())
                .bind(name)
                .fetch_optional(&self.readers)
        };
        // A tenant that is still to be made has no keys, and no secrets either.
        let there: Option<Vec<u8>> = self.read(sealed().await.map_err(Failure::from))?;
        if there.is_none() {
            return Ok(None);
        }
        let open = |keys: Arc<TenantKeys>, _| async move {
            let sealed: Option<Vec<u8>> = sealed().await?;
            let Some(sealed) = sealed else { return Ok(None) };
            let row = format_args!("the secret `{name}` of `{tenant}`").to_string();
            let opened = keys.open(keys.key(), SECRET, name.as_bytes(), &sealed);
            let opened = opened.map_err(|why| Failure::sealed(why, &row))?;
            let text = String::from_utf8(opened).map_err(|_| unreadable(&row, "it is no text"))?;
            Ok(Some(SecretValue::new(text)))
        };
        self.keyed(tenant, open).await
    }

    async fn secrets(&self, tenant: &TenantId) -> Result<Vec<SecretName>, StoreError> {
        let rows = sqlx::query_as("SELECT name, at, who FROM secrets WHERE tenant = ? ORDER BY name")
            .bind(tenant.as_str())
            .fetch_all(&self.readers)
            .await;
        let rows: Vec<(String, i64, String)> = self.read(rows.map_err(Failure::from))?;
        let told = |(name, at, who): (String, i64, String)| {
            let at = time(at, format_args!("the secret `{name}` of `{tenant}`"))?;
            Ok(SecretName { name, at, who })
        };
        rows.into_iter().map(told).collect()
    }

    async fn remove_secret(&self, tenant: &TenantId, name: &str) -> Result<bool, StoreError> {
        self.writer.write(Removed { tenant: tenant.clone(), name: name.to_owned() }).await
    }
}
