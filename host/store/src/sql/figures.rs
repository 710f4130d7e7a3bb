//! What is watched, read from indexes over what waits or failed alone: a scrape costs the same
//! however long the log is.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use rota_domain::delivery::Trouble;
use rota_domain::id::TenantId;
use rota_flow::ports::{Failing, Health, LOOKED_AT, LaneState, Queue, StoreError, Waits, Watch, Writing};
use sqlx::{FromRow, Row as _};

use super::dialect::{self, DbRow, Pool};
use super::failure::Failure;
use super::log;
use super::rows::{micros, parse, time, unreadable, unsigned};
use super::store::SqlStore;

/// What waits of each tenant. That a connection has a name leads SQLite to the index over what
/// waits, and away from the one over all effects.
pub(super) const WAITS: &str = "SELECT t.tenant, \
     (SELECT count(*) FROM inbox AS i WHERE i.tenant = t.tenant AND i.entry IS NULL) AS arrivals, \
     (SELECT i.received FROM inbox AS i WHERE i.tenant = t.tenant AND i.entry IS NULL ORDER BY i.id LIMIT 1) AS arrived, \
     (SELECT CAST(coalesce(sum(l.pending), 0) AS BIGINT) FROM lanes AS l WHERE l.tenant = t.tenant) AS effects, \
     (SELECT d.at FROM decisions AS d WHERE d.tenant = t.tenant AND d.seq = (SELECT w.decision FROM outbox AS w \
      WHERE w.id = (SELECT min(o.id) FROM outbox AS o \
      WHERE o.tenant = t.tenant AND o.connection > '' AND o.state = 'waiting'))) AS decided, \
     (SELECT count(*) FROM outbox AS o WHERE o.tenant = t.tenant AND o.state = 'dead') AS dead \
     FROM tenants AS t ORDER BY t.tenant";

/// Leads of a tenant that wait in a queue: how many, and since when. A later decision about the
/// lead makes an earlier one a thing of the past.
pub(super) const UNASSIGNED: &str = "SELECT count(*), min(q.at) FROM (SELECT d.tenant, d.seq, d.lead, d.at FROM decisions AS d \
     WHERE d.tenant = $1 AND d.unassigned = 1 ORDER BY d.seq DESC LIMIT $2) AS q \
     WHERE NOT EXISTS (SELECT 1 FROM decisions AS n WHERE n.tenant = q.tenant AND n.lead = q.lead AND n.seq > q.seq)";

/// Decisions of a tenant whose target passed before $3, and whose owner is to be confirmed
/// still: it waits, or died on its way.
pub(super) const OVERDUE: &str = "SELECT count(*), min(q.due) FROM (SELECT d.tenant, d.seq, d.lead, d.due FROM decisions AS d \
     WHERE d.tenant = $1 AND d.due IS NOT NULL AND d.owner_confirmed IS NULL AND d.due < $3 ORDER BY d.due DESC LIMIT $2) AS q \
     WHERE EXISTS (SELECT 1 FROM outbox AS o WHERE o.tenant = q.tenant AND o.decision = q.seq AND o.kind = 'owner' \
         AND o.state IN ('waiting', 'dead')) \
     AND NOT EXISTS (SELECT 1 FROM decisions AS n WHERE n.tenant = q.tenant AND n.lead = q.lead AND n.seq > q.seq)";

/// What effects met, by connection.
pub(super) const FAILING: &str = "SELECT o.tenant, o.connection, 'dead', o.trouble, count(*) FROM outbox AS o \
     WHERE o.state = 'dead' GROUP BY o.tenant, o.connection, o.trouble \
     UNION ALL SELECT o.tenant, o.connection, 'waiting', o.trouble, count(*) FROM outbox AS o \
     WHERE o.state = 'waiting' AND o.trouble IS NOT NULL GROUP BY o.tenant, o.connection, o.trouble";

/// At most so many decisions are counted one by one; beyond that the entries of the log are,
/// of which few are anything else.
const COUNTED: i64 = 100_000;

struct WaitsRow {
    tenant: String,
    arrivals: (i64, Option<i64>),
    effects: (i64, Option<i64>),
    dead: i64,
}

impl FromRow<'_, DbRow> for WaitsRow {
    fn from_row(row: &DbRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            tenant: row.try_get("tenant")?,
            arrivals: (row.try_get("arrivals")?, row.try_get("arrived")?),
            effects: (row.try_get("effects")?, row.try_get("decided")?),
            dead: row.try_get("dead")?,
        })
    }
}

/// A number and a time as a queue.
fn queue((number, since): (i64, Option<i64>), tenant: &str) -> Result<Queue, StoreError> {
    let since = since.map(|since| time(since, format_args!("what waits for `{tenant}`"))).transpose()?;
    Ok(Queue { number: unsigned(number), since })
}

/// How many decisions there are since then.
async fn decided_since(readers: &Pool, tenant: &TenantId, since: i64) -> Result<i64, sqlx::Error> {
    let mut one_commit = dialect::one_commit(readers).await?;
    let (first, last) = log::since(&mut one_commit, tenant, since).await?;
    let counted: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM (SELECT 1 FROM decisions WHERE tenant = $1 AND seq >= $2 AND at >= $3 LIMIT $4) AS since",
    )
    .bind(tenant.as_str())
    .bind(first)
    .bind(since)
    .bind(COUNTED)
    .fetch_one(&mut *one_commit)
    .await?;
    Ok(if counted < COUNTED { counted } else { last + 1 - first })
}

impl SqlStore {
    /// A number and a time of one tenant; `before` is the statement's third parameter, if it has one.
    async fn queue_of(&self, sql: &'static str, tenant: &str, before: Option<Timestamp>) -> Result<Queue, StoreError> {
        let mut asked = sqlx::query_as(sql).bind(tenant).bind(i64::from(LOOKED_AT));
        if let Some(before) = before {
            asked = asked.bind(micros(before));
        }
        queue(self.read(asked.fetch_one(&self.readers).await.map_err(Failure::from))?, tenant)
    }
}

#[async_trait]
impl Watch for SqlStore {
    async fn waits(&self, now: Timestamp) -> Result<Vec<Waits>, StoreError> {
        let rows = sqlx::query_as(WAITS).fetch_all(&self.readers).await;
        let rows: Vec<WaitsRow> = self.read(rows.map_err(Failure::from))?;
        let mut waits = Vec::with_capacity(rows.len());
        for WaitsRow { tenant, arrivals, effects, dead } in rows {
            waits.push(Waits {
                arrivals: queue(arrivals, &tenant)?,
                effects: queue(effects, &tenant)?,
                dead: unsigned(dead),
                unassigned: self.queue_of(UNASSIGNED, &tenant, None).await?,
                overdue: self.queue_of(OVERDUE, &tenant, Some(now)).await?,
                tenant: tenant.into(),
            });
        }
        Ok(waits)
    }

    async fn failing(&self) -> Result<Vec<Failing>, StoreError> {
        let rows = sqlx::query_as(FAILING).fetch_all(&self.readers).await;
        let rows: Vec<(String, String, String, Option<String>, i64)> = self.read(rows.map_err(Failure::from))?;
        // Limits of different lengths are one kind.
        let mut kinds: BTreeMap<(String, String, &'static str, &'static str), u64> = BTreeMap::new();
        for (tenant, connection, state, trouble, effects) in rows {
            let row = format!("the outbox of `{tenant}`");
            let trouble: Trouble = parse(trouble.as_deref().unwrap_or("\"unknown\""), &row)?;
            let state = LaneState::named(&state).ok_or_else(|| unreadable(&row, "a state is none"))?;
            *kinds.entry((tenant, connection, state.as_str(), trouble.code())).or_default() += unsigned(effects);
        }
        let failing = kinds.into_iter().map(|((tenant, connection, state, trouble), effects)| Failing {
            tenant: tenant.into(),
            connection: connection.into(),
            state: LaneState::named(state).unwrap_or(LaneState::Dead),
            trouble,
            effects,
        });
        Ok(failing.collect())
    }

    async fn decided_since(&self, tenant: &TenantId, since: Timestamp) -> Result<u64, StoreError> {
        let decided = decided_since(&self.readers, tenant, micros(since)).await;
        Ok(unsigned(self.read(decided.map_err(Failure::from))?))
    }

    async fn health(&self) -> Result<Health, StoreError> {
        let row = sqlx::query_as(dialect::HEALTH).fetch_one(&self.readers).await;
        let row: (i64, i64) = self.read(row.map_err(Failure::from))?;
        let schema = u32::try_from(row.1).unwrap_or_default();
        Ok(Health { kind: dialect::KIND, bytes: unsigned(row.0), schema })
    }

    fn writing(&self) -> Writing {
        self.writer.writing()
    }
}
