//! The plugins that tenants uploaded.

use async_trait::async_trait;
use jiff::Timestamp;
use rota_domain::id::{Digest, TenantId};
use rota_domain::library::Uploaded;
use rota_flow::ports::{Library, StoreError};

use super::dialect::Connection;
use super::failure::Failure;
use super::rows::{json, micros, parse, signed, time, unsigned};
use super::store::SqlStore;
use super::unit::Unit;

/// A plugin to be added, as its columns have it.
struct NewPlugin {
    tenant: TenantId,
    uploaded: Uploaded,
    manifest: String,
    makeup: String,
    schema: Option<String>,
}

#[async_trait]
impl Unit for NewPlugin {
    type Answer = bool;

    fn weight(&self) -> usize {
        // A schema may take as long to write as many rows.
        2 + self.schema.as_ref().map_or(0, |schema| schema.len() >> 10)
    }

    async fn write(&self, connection: &mut Connection) -> Result<bool, Failure> {
        let Uploaded { digest, manifest, bytes, at, who, .. } = &self.uploaded;
        let added = sqlx::query(
            "INSERT INTO plugins (tenant, digest, name, version, bytes, manifest, makeup, settings_schema, at, who) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
             ON CONFLICT (tenant, digest) DO UPDATE SET withdrawn = NULL, at = excluded.at, who = excluded.who \
             WHERE plugins.withdrawn IS NOT NULL",
        )
        .bind(self.tenant.as_str())
        .bind(digest.as_str())
        .bind(manifest.name.as_str())
        .bind(manifest.version.as_str())
        .bind(signed(*bytes))
        .bind(self.manifest.as_str())
        .bind(self.makeup.as_str())
        .bind(self.schema.as_deref())
        .bind(micros(*at))
        .bind(who)
        .execute(connection)
        .await?;
        Ok(added.rows_affected() > 0)
    }
}

/// A plugin to be withdrawn.
struct Withdrawn {
    tenant: TenantId,
    digest: Digest,
    now: Timestamp,
}

#[async_trait]
impl Unit for Withdrawn {
    type Answer = bool;

    fn weight(&self) -> usize {
        1
    }

    async fn write(&self, connection: &mut Connection) -> Result<bool, Failure> {
        let done =
            sqlx::query("UPDATE plugins SET withdrawn = $1 WHERE tenant = $2 AND digest = $3 AND withdrawn IS NULL")
                .bind(micros(self.now))
                .bind(self.tenant.as_str())
                .bind(self.digest.as_str())
                .execute(connection)
                .await?;
        Ok(done.rows_affected() > 0)
    }
}

type Columns = (String, String, String, i64, i64, String, Option<i64>);

fn uploaded(row: Columns) -> Result<Uploaded, StoreError> {
    let (digest, manifest, makeup, bytes, at, who, withdrawn) = row;
    let row = format!("plugin `{digest}`");
    Ok(Uploaded {
        manifest: parse(&manifest, &row)?,
        makeup: parse(&makeup, &row)?,
        bytes: unsigned(bytes),
        at: time(at, &row)?,
        who,
        withdrawn: withdrawn.map(|withdrawn| time(withdrawn, &row)).transpose()?,
        digest: digest.into(),
    })
}

#[async_trait]
impl Library for SqlStore {
    async fn add(&self, tenant: &TenantId, uploaded: Uploaded, schema: Option<String>) -> Result<bool, StoreError> {
        self.read(self.tenant(tenant).await)?;
        let row = format!("plugin `{}`", uploaded.digest);
        let manifest = json(&uploaded.manifest, &row)?;
        let makeup = json(&uploaded.makeup, &row)?;
        self.writer.write(NewPlugin { tenant: tenant.clone(), uploaded, manifest, makeup, schema }).await
    }

    async fn uploaded(&self, tenant: &TenantId) -> Result<Vec<Uploaded>, StoreError> {
        let rows = sqlx::query_as(
            "SELECT digest, manifest, makeup, bytes, at, who, withdrawn FROM plugins WHERE tenant = $1 ORDER BY at, digest",
        )
        .bind(tenant.as_str())
        .fetch_all(&self.readers)
        .await;
        let rows: Vec<Columns> = self.read(rows.map_err(Failure::from))?;
        rows.into_iter().map(uploaded).collect()
    }

    async fn settings_schema(&self, tenant: &TenantId, digest: &Digest) -> Result<Option<String>, StoreError> {
        let schema = sqlx::query_scalar("SELECT settings_schema FROM plugins WHERE tenant = $1 AND digest = $2")
            .bind(tenant.as_str())
            .bind(digest.as_str())
            .fetch_optional(&self.readers)
            .await;
        Ok(self.read::<Option<Option<String>>>(schema.map_err(Failure::from))?.flatten())
    }

    async fn withdraw(&self, tenant: &TenantId, digest: &Digest, now: Timestamp) -> Result<bool, StoreError> {
        self.writer.write(Withdrawn { tenant: tenant.clone(), digest: digest.clone(), now }).await
    }
}
