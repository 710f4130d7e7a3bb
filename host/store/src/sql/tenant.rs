//! Tenants come into being here, each with a key of its own under the host's, and stand with
//! the host as its operator says.

use async_trait::async_trait;
use jiff::Timestamp;
use rota_domain::access::Standing;
use rota_domain::id::{Seed, TenantId};
use rota_flow::ports::{Restanding, StoreError, Tenancy};

use super::dialect::{self, Connection};
use super::failure::Failure;
use super::rows::{micros, time, unsigned};
use super::store::SqlStore;
use super::unit::Unit;

/// A tenant to be made, unless it is there.
pub(super) struct NewTenant {
    pub(super) tenant: TenantId,
    /// Its key, under the host's; and its seed, under that key.
    pub(super) sealed: (Vec<u8>, Vec<u8>),
    /// The check of the host's key, which has to be the database's still.
    pub(super) under: Vec<u8>,
    /// The plan that its operator named, and when.
    pub(super) plan: Option<String>,
    pub(super) made: Option<Timestamp>,
}

#[async_trait]
impl Unit for NewTenant {
    /// Whether it is new.
    type Answer = bool;

    fn weight(&self) -> usize {
        1
    }

    async fn write(&self, connection: &mut Connection) -> Result<bool, Failure> {
        let (key, seed) = &self.sealed;
        let made = sqlx::query(dialect::NEW_TENANT)
            .bind(self.tenant.as_str())
            .bind(seed)
            .bind(key)
            .bind(self.plan.as_deref())
            .bind(self.made.map(micros))
            .bind(self.under.as_slice())
            .execute(&mut *connection)
            .await?;
        let there: i64 = sqlx::query_scalar("SELECT count(*) FROM tenants WHERE tenant = $1")
            .bind(self.tenant.as_str())
            .fetch_one(connection)
            .await?;
        if there == 0 { Err(Failure::Stale) } else { Ok(made.rows_affected() > 0) }
    }
}

/// A tenant that stands differently from now on.
struct Changed {
    tenant: TenantId,
    change: Restanding,
}

#[async_trait]
impl Unit for Changed {
    type Answer = Option<Standing>;

    fn weight(&self) -> usize {
        1
    }

    async fn write(&self, connection: &mut Connection) -> Result<Option<Standing>, Failure> {
        let Restanding { plan, suspended } = self.change.clone();
        let (changes, plan) = (plan.is_some(), plan.flatten());
        let row: Option<StandingColumns> = sqlx::query_as(
            "UPDATE tenants SET plan = CASE WHEN $1 THEN $2 ELSE plan END, suspended = coalesce($3, suspended) WHERE tenant = $4 \
             RETURNING tenant, plan, made, revision, suspended",
        )
        .bind(changes)
        .bind(plan)
        .bind(suspended.map(i64::from))
        .bind(self.tenant.as_str())
        .fetch_optional(connection)
        .await?;
        Ok(row.map(standing).transpose()?)
    }
}

type StandingColumns = (String, Option<String>, Option<i64>, Option<i64>, i64);

fn standing((tenant, plan, made, revision, suspended): StandingColumns) -> Result<Standing, StoreError> {
    let made = made.map(|made| time(made, format_args!("tenant `{tenant}`"))).transpose()?;
    Ok(Standing { tenant: tenant.into(), plan, made, revision: revision.map(unsigned), suspended: suspended != 0 })
}

#[async_trait]
impl Tenancy for SqlStore {
    async fn make(
        &self,
        tenant: &TenantId,
        seed: Seed,
        plan: Option<String>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.make_tenant(tenant, &seed, plan, Some(now)).await
    }

    async fn standings(&self) -> Result<Vec<Standing>, StoreError> {
        let rows = sqlx::query_as("SELECT tenant, plan, made, revision, suspended FROM tenants ORDER BY tenant");
        let rows: Vec<StandingColumns> = self.read(rows.fetch_all(&self.readers).await.map_err(Failure::from))?;
        rows.into_iter().map(standing).collect()
    }

    async fn restand(&self, tenant: &TenantId, change: Restanding) -> Result<Option<Standing>, StoreError> {
        self.writer.write(Changed { tenant: tenant.clone(), change }).await
    }
}
