//! Hosts of this database, and which of them decides for whom. None of this is part of any record:
//! it is affinity only, and a tenant's log is right whoever holds its lease.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use rota_domain::id::{HostId, TenantId};
use rota_flow::ports::{Accepted, Leased, Leases, Posted, StoreError};
use sqlx::QueryBuilder;

use super::dialect::{self, Connection};
use super::failure::Failure;
use super::inbox::Arrivals;
use super::many::pieces;
use super::rows::{micros, time};
use super::store::SqlStore;
use super::unit::Unit;

/// Tenants in whose inbox something waits. Each step looks for the next name in the index over what
/// waits, so that this costs a look a tenant, however much waits for it.
const WAITING: &str = "WITH RECURSIVE found (tenant) AS (
         SELECT (SELECT tenant FROM inbox WHERE entry IS NULL ORDER BY tenant LIMIT 1)
         UNION ALL
         SELECT (SELECT i.tenant FROM inbox AS i WHERE i.entry IS NULL AND i.tenant > found.tenant
                 ORDER BY i.tenant LIMIT 1)
         FROM found WHERE found.tenant IS NOT NULL)
     SELECT tenant FROM found WHERE tenant IS NOT NULL";

/// One statement of a host about itself or its leases.
enum Said {
    /// Hosts that were there until then are forgotten.
    Forget(i64),
    /// It is there until then.
    Stay(HostId, i64),
    /// It gives these up.
    GiveUp(HostId, Vec<TenantId>),
    /// It goes.
    Leave(HostId),
}

#[async_trait]
impl Unit for Said {
    type Answer = ();

    fn weight(&self) -> usize {
        1
    }

    async fn write(&self, connection: &mut Connection) -> Result<(), Failure> {
        match self {
            Self::Forget(past) => {
                sqlx::query("DELETE FROM hosts WHERE until <= $1").bind(past).execute(connection).await?;
            }
            Self::Stay(host, until) => {
                sqlx::query(
                    "INSERT INTO hosts (host, until) VALUES ($1, $2) \
                     ON CONFLICT (host) DO UPDATE SET until = excluded.until",
                )
                .bind(host.as_str())
                .bind(until)
                .execute(connection)
                .await?;
            }
            Self::GiveUp(host, tenants) => {
                for piece in pieces(tenants) {
                    let mut sql = QueryBuilder::new("DELETE FROM leases WHERE host = ");
                    sql.push_bind(host.as_str()).push(" AND tenant IN (");
                    let mut names = sql.separated(", ");
                    for tenant in piece {
                        names.push_bind(tenant.as_str());
                    }
                    sql.push(")").build().execute(&mut *connection).await?;
                }
            }
            Self::Leave(host) => {
                for statement in ["DELETE FROM leases WHERE host = $1", "DELETE FROM hosts WHERE host = $1"] {
                    sqlx::query(statement).bind(host.as_str()).execute(&mut *connection).await?;
                }
            }
        }
        Ok(())
    }
}

/// A lease that a host wants.
struct Take {
    host: HostId,
    tenant: TenantId,
    now: i64,
}

#[async_trait]
impl Unit for Take {
    /// Whether it has it.
    type Answer = bool;

    fn weight(&self) -> usize {
        1
    }

    async fn write(&self, connection: &mut Connection) -> Result<bool, Failure> {
        let taken = sqlx::query(
            "INSERT INTO leases (tenant, host) VALUES ($1, $2) \
             ON CONFLICT (tenant) DO UPDATE SET host = excluded.host \
             WHERE leases.host = excluded.host \
                OR NOT EXISTS (SELECT 1 FROM hosts WHERE hosts.host = leases.host AND hosts.until > $3)",
        )
        .bind(self.tenant.as_str())
        .bind(self.host.as_str())
        .bind(self.now)
        .execute(connection)
        .await?;
        Ok(taken.rows_affected() > 0)
    }
}

#[async_trait]
impl Leases for SqlStore {
    async fn begin(&self, now: Timestamp) -> Result<(), StoreError> {
        self.writer.write(Said::Forget(dialect::past(micros(now)))).await
    }

    async fn stay(&self, host: &HostId, until: Timestamp) -> Result<(), StoreError> {
        self.writer.write(Said::Stay(host.clone(), micros(until))).await
    }

    async fn hosts(&self) -> Result<BTreeMap<HostId, Timestamp>, StoreError> {
        let rows = sqlx::query_as("SELECT host, until FROM hosts").fetch_all(&self.lookups).await;
        let rows: Vec<(String, i64)> = self.read(rows.map_err(Failure::from))?;
        rows.into_iter().map(|(host, until)| Ok((HostId::from(host), time(until, "a host")?))).collect()
    }

    async fn leased(&self) -> Result<Leased, StoreError> {
        let rows = sqlx::query_as("SELECT tenant, host FROM leases").fetch_all(&self.lookups).await;
        let holders: Vec<(String, String)> = self.read(rows.map_err(Failure::from))?;
        let rows = sqlx::query_scalar(WAITING).fetch_all(&self.lookups).await;
        let waiting: Vec<String> = self.read(rows.map_err(Failure::from))?;
        Ok(Leased {
            holders: holders.into_iter().map(|(tenant, host)| (tenant.into(), host.into())).collect(),
            waiting: waiting.into_iter().map(TenantId::from).collect(),
        })
    }

    async fn take(&self, host: &HostId, tenant: &TenantId, now: Timestamp) -> Result<bool, StoreError> {
        self.writer.write(Take { host: host.clone(), tenant: tenant.clone(), now: micros(now) }).await
    }

    async fn give_up(&self, host: &HostId, tenants: &[TenantId]) -> Result<(), StoreError> {
        self.writer.write(Said::GiveUp(host.clone(), tenants.to_vec())).await
    }

    async fn leave(&self, host: &HostId) -> Result<(), StoreError> {
        self.writer.write(Said::Leave(host.clone())).await
    }

    async fn post(&self, tenant: &TenantId, calls: Vec<Posted>) -> Result<Vec<Accepted>, StoreError> {
        let calls = &calls;
        let post =
            |keys, _| async move { self.writer.attempt(Arrivals::posted(&self.persons, keys, calls).await?).await };
        self.keyed(tenant, post).await
    }
}
