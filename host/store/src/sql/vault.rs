//! Tenants' secrets, sealed under the tenant's key, each with whom it may be sent to: who
//! writes in the file cannot have it sent elsewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use rota_domain::id::TenantId;
use rota_flow::ports::{KeptSecret, SecretName, SecretValue, StoreError, Vault};
use serde::{Deserialize, Serialize};

use super::dialect::{self, Connection};
use super::failure::Failure;
use super::keys::TenantKeys;
use super::rows::{json, micros, time, unreadable};
use super::store::SqlStore;
use super::unit::Unit;

/// What a secret is sealed as.
pub(super) const SECRET: &str = "secret";

/// What is sealed of a secret.
#[derive(Serialize, Deserialize)]
struct Body {
    value: String,
    sent_to: BTreeSet<String>,
}

/// A secret to be set.
struct NewSecret {
    keys: Arc<TenantKeys>,
    name: String,
    sealed: Vec<u8>,
    most: u32,
    who: String,
    at: i64,
}

#[async_trait]
impl Unit for NewSecret {
    type Answer = bool;

    fn weight(&self) -> usize {
        1
    }

    async fn write(&self, connection: &mut Connection) -> Result<bool, Failure> {
        dialect::alone(connection, self.keys.tenant.as_str()).await?;
        // One that is there is no further one, even where a plan grants fewer by now: a token
        // that is known to others has to be changed.
        let (there, same): (i64, i64) =
            sqlx::query_as("SELECT count(*), count(CASE name WHEN $1 THEN 1 END) FROM secrets WHERE tenant = $2")
                .bind(self.name.as_str())
                .bind(self.keys.tenant.as_str())
                .fetch_one(&mut *connection)
                .await?;
        if same == 0 && there >= i64::from(self.most) {
            return Ok(false);
        }
        // Under the tenant's key of today: another process may have changed it.
        let done = sqlx::query(
            "INSERT INTO secrets (tenant, name, sealed, at, who)
             SELECT tenant, $1, $2, $3, $4 FROM tenants WHERE tenant = $5 AND key = $6
             ON CONFLICT (tenant, name) DO UPDATE SET sealed = excluded.sealed, at = excluded.at, who = excluded.who",
        )
        .bind(self.name.as_str())
        .bind(self.sealed.as_slice())
        .bind(self.at)
        .bind(self.who.as_str())
        .bind(self.keys.tenant.as_str())
        .bind(self.keys.sealed.as_slice())
        .execute(connection)
        .await?;
        if done.rows_affected() == 0 { Err(Failure::Stale) } else { Ok(true) }
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

    async fn write(&self, connection: &mut Connection) -> Result<bool, Failure> {
        let done = sqlx::query("DELETE FROM secrets WHERE tenant = $1 AND name = $2")
            .bind(self.tenant.as_str())
            .bind(self.name.as_str())
            .execute(connection)
            .await?;
        Ok(done.rows_affected() > 0)
    }
}

#[async_trait]
impl Vault for SqlStore {
    async fn set_secret(
        &self,
        tenant: &TenantId,
        name: &str,
        secret: &KeptSecret,
        most: u32,
        who: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let body = Body { value: secret.value.expose().to_owned(), sent_to: secret.sent_to.clone() };
        let body = &json(&body, format_args!("the secret `{name}` of `{tenant}`"))?;
        let set = |keys: Arc<TenantKeys>, _| async move {
            let sealed = keys.seal(keys.key(), SECRET, name.as_bytes(), body.as_bytes());
            let (name, who) = (name.to_owned(), who.to_owned());
            let new = NewSecret { keys, name, sealed, most, who, at: micros(now) };
            self.writer.attempt(new).await
        };
        self.keyed(tenant, set).await
    }

    async fn secret(&self, tenant: &TenantId, name: &str) -> Result<Option<(KeptSecret, Timestamp)>, StoreError> {
        let sealed = || {
            sqlx::query_as("SELECT sealed, at FROM secrets WHERE tenant = $1 AND name = $2")
                .bind(tenant.as_str())
                .bind(name)
                .fetch_optional(&self.readers)
        };
        // A tenant that is still to be made has no keys, and no secrets either.
        let there: Option<(Vec<u8>, i64)> = self.read(sealed().await.map_err(Failure::from))?;
        if there.is_none() {
            return Ok(None);
        }
        let open = |keys: Arc<TenantKeys>, _| async move {
            let sealed: Option<(Vec<u8>, i64)> = sealed().await?;
            let Some((sealed, at)) = sealed else { return Ok(None) };
            let Body { value, sent_to } = opened(&keys, name, &sealed)?;
            let at = time(at, format_args!("the secret `{name}` of `{tenant}`"))?;
            Ok(Some((KeptSecret { value: SecretValue::new(value), sent_to }, at)))
        };
        self.keyed(tenant, open).await
    }

    async fn secrets(&self, tenant: &TenantId) -> Result<Vec<SecretName>, StoreError> {
        let rows = || {
            sqlx::query_as("SELECT name, sealed, at, who FROM secrets WHERE tenant = $1 ORDER BY name")
                .bind(tenant.as_str())
                .fetch_all(&self.readers)
        };
        let there: Vec<Row> = self.read(rows().await.map_err(Failure::from))?;
        if there.is_empty() {
            return Ok(Vec::new());
        }
        let told = |keys: Arc<TenantKeys>, _| async move {
            let rows: Vec<Row> = rows().await?;
            let told = |(name, sealed, at, who): Row| {
                let at = time(at, format_args!("the secret `{name}` of `{tenant}`"))?;
                let sent_to = opened(&keys, &name, &sealed)?.sent_to;
                Ok(SecretName { name, sent_to, at, who })
            };
            rows.into_iter().map(told).collect()
        };
        self.keyed(tenant, told).await
    }

    async fn set_when(&self) -> Result<BTreeMap<(TenantId, String), Timestamp>, StoreError> {
        let rows = sqlx::query_as("SELECT tenant, name, at FROM secrets").fetch_all(&self.readers).await;
        let rows: Vec<(String, String, i64)> = self.read(rows.map_err(Failure::from))?;
        let when = |(tenant, name, at): (String, String, i64)| {
            let at = time(at, format_args!("the secret `{name}` of `{tenant}`"))?;
            Ok(((tenant.into(), name), at))
        };
        rows.into_iter().map(when).collect()
    }

    async fn remove_secret(&self, tenant: &TenantId, name: &str) -> Result<bool, StoreError> {
        self.writer.write(Removed { tenant: tenant.clone(), name: name.to_owned() }).await
    }
}

/// Name, what is sealed, when it was set, who set it.
type Row = (String, Vec<u8>, i64, String);

/// What a row says that is opened.
fn opened(keys: &TenantKeys, name: &str, sealed: &[u8]) -> Result<Body, Failure> {
    let row = format!("the secret `{name}` of `{}`", keys.tenant);
    let text = keys.open(keys.key(), SECRET, name.as_bytes(), sealed);
    let text = text.map_err(|why| Failure::sealed(why, &row))?;
    // What does not read is not repeated: it may be the secret.
    serde_json::from_slice(&text).map_err(|_| unreadable(&row, "it is no secret of this version").into())
}
