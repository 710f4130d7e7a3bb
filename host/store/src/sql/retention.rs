//! What is past goes. What there is to go is looked for by those who read, and the writer gets
//! pieces of a few hundred rows, which it joins with what others write: nobody waits for more.
//!
//! Pages that become free are used again by what is written next, so the file grows no further;
//! it does not shrink.

use async_trait::async_trait;
use jiff::Timestamp;
use rota_domain::id::TenantId;
use rota_flow::ports::{LetGo, Retention, StoreError, Swept};
use sqlx::QueryBuilder;

use super::dialect::{Connection, Db, Pool};
use super::failure::Failure;
use super::given::Uncounted;
use super::many::pieces;
use super::private::{self, Kind};
use super::rows::{micros, signed, unsigned};
use super::store::SqlStore;
use super::summing;
use super::unit::Unit;

/// Rows that are looked at for one piece: reading them takes some milliseconds.
const WINDOW: i64 = 2_048;

/// Decisions or arrivals that go in one piece.
const MOST: i64 = 128;

/// What goes, and how far one has looked for it.
struct Found {
    past: Past,
    next: Option<Swept>,
}

/// What goes in one commit.
struct Past {
    tenant: TenantId,
    /// Decisions: the person's number, and the decision's.
    decisions: Vec<(i64, i64)>,
    /// Rows of the inbox.
    arrivals: Vec<i64>,
}

#[async_trait]
impl Retention for SqlStore {
    async fn let_go(
        &self,
        tenant: &TenantId,
        decisions: Option<Timestamp>,
        arrivals: Option<Timestamp>,
        from: Swept,
    ) -> Result<LetGo, StoreError> {
        let found = find(&self.readers, tenant, decisions, arrivals, from).await;
        let Found { past, next } = self.read(found)?;
        if past.decisions.is_empty() && past.arrivals.is_empty() {
            return Ok(LetGo { next, ..LetGo::default() });
        }
        let gone = self.writer.write(past).await?;
        Ok(LetGo { next, ..gone })
    }

    async fn forget(&self, tenant: &TenantId, before: Timestamp, from: Swept) -> Result<LetGo, StoreError> {
        let found = summing::find(&self.readers, tenant, before, from).await;
        let (sums, next) = self.read(found)?;
        let Some(sums) = sums else { return Ok(LetGo { next, ..LetGo::default() }) };
        let facts = self.writer.write(sums).await?;
        Ok(LetGo { facts, next, ..LetGo::default() })
    }

    async fn uncount(&self, tenant: &TenantId, before: Timestamp) -> Result<u64, StoreError> {
        self.writer.write(Uncounted { tenant: tenant.clone(), before: micros(before) }).await
    }
}

/// Looks for one piece.
async fn find(
    readers: &Pool,
    tenant: &TenantId,
    decisions: Option<Timestamp>,
    arrivals: Option<Timestamp>,
    from: Swept,
) -> Result<Found, Failure> {
    let (mut entry, mut arrival) = (signed(from.entry), signed(from.arrival));
    let mut past = Past { tenant: tenant.clone(), decisions: Vec::new(), arrivals: Vec::new() };
    let mut more = false;
    if let Some(before) = decisions {
        let newest: i64 = sqlx::query_scalar("SELECT seq FROM tenants WHERE tenant = $1")
            .bind(tenant.as_str())
            .fetch_one(readers)
            .await?;
        let end = newest.min(entry.saturating_add(WINDOW));
        past.decisions = of_log(readers, tenant, (entry, end), before).await?;
        entry = far(past.decisions.iter().map(|(_, seq)| *seq), end);
        let next: Option<i64> =
            sqlx::query_scalar("SELECT at FROM decisions WHERE tenant = $1 AND seq > $2 ORDER BY seq LIMIT 1")
                .bind(tenant.as_str())
                .bind(entry)
                .fetch_optional(readers)
                .await?;
        // What comes later is younger, but for the clocks of several hosts.
        more |= next.is_some_and(|at| at < micros(before));
    }
    if let Some(before) = arrivals {
        let newest: i64 = sqlx::query_scalar("SELECT coalesce(max(id), 0) FROM inbox").fetch_one(readers).await?;
        let end = newest.min(arrival.saturating_add(WINDOW));
        past.arrivals = of_inbox(readers, tenant, (arrival, end), before).await?;
        arrival = far(past.arrivals.iter().copied(), end);
        let next: Option<i64> = sqlx::query_scalar("SELECT received FROM inbox WHERE id > $1 ORDER BY id LIMIT 1")
            .bind(arrival)
            .fetch_optional(readers)
            .await?;
        more |= next.is_some_and(|at| at < micros(before));
    }
    let next = more.then(|| Swept { entry: unsigned(entry), arrival: unsigned(arrival) });
    Ok(Found { past, next })
}

/// How far one has looked: to the end of the window, unless there may be more in it.
fn far(found: impl ExactSizeIterator<Item = i64>, end: i64) -> i64 {
    let full = i64::try_from(found.len()).is_ok_and(|number| number >= MOST);
    if full { found.last().unwrap_or(end) } else { end }
}

/// Decisions with personal words that nothing waits for any more.
async fn of_log(
    readers: &Pool,
    tenant: &TenantId,
    (after, end): (i64, i64),
    before: Timestamp,
) -> Result<Vec<(i64, i64)>, sqlx::Error> {
    sqlx::query_as(
        "SELECT d.person, d.seq FROM decisions AS d
         WHERE d.tenant = $1 AND d.seq > $2 AND d.seq <= $3 AND d.at < $4
           AND (EXISTS (SELECT 1 FROM private AS p
                WHERE p.person = d.person AND p.kind IN ('lead', 'why') AND p.ref = d.seq)
             OR EXISTS (SELECT 1 FROM outbox AS o WHERE o.tenant = d.tenant AND o.decision = d.seq))
           AND NOT EXISTS (SELECT 1 FROM outbox AS o WHERE o.tenant = d.tenant AND o.decision = d.seq
                AND o.state IN ('waiting', 'held', 'dead'))
         ORDER BY d.seq LIMIT $5",
    )
    .bind(tenant.as_str())
    .bind(after)
    .bind(end)
    .bind(micros(before))
    .bind(MOST)
    .fetch_all(readers)
    .await
}

/// Rows of the inbox that are settled.
async fn of_inbox(
    readers: &Pool,
    tenant: &TenantId,
    (after, end): (i64, i64),
    before: Timestamp,
) -> Result<Vec<i64>, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT id FROM inbox WHERE id > $2 AND id <= $3 AND tenant = $1 AND entry IS NOT NULL AND received < $4
         ORDER BY id LIMIT $5",
    )
    .bind(tenant.as_str())
    .bind(after)
    .bind(end)
    .bind(micros(before))
    .bind(MOST)
    .fetch_all(readers)
    .await
}

#[async_trait]
impl Unit for Past {
    type Answer = LetGo;

    fn weight(&self) -> usize {
        self.decisions.len() * 4 + self.arrivals.len()
    }

    async fn write(&self, connection: &mut Connection) -> Result<LetGo, Failure> {
        let mut effects: Vec<(i64, i64)> = Vec::new();
        for piece in pieces(&self.decisions) {
            // A state is asked again: the reader saw an earlier commit.
            let mut sql = QueryBuilder::new("DELETE FROM outbox WHERE tenant = ");
            sql.push_bind(self.tenant.as_str());
            sql.push(" AND state IN ('done', 'superseded', 'dropped') AND decision IN (");
            numbers(&mut sql, piece.iter().map(|(_, seq)| *seq));
            sql.push(") RETURNING person, id");
            effects.extend(sql.build_query_as::<(i64, i64)>().fetch_all(&mut *connection).await?);
        }
        private::remove(connection, Kind::Effect, &effects).await?;
        private::remove(connection, Kind::Cause, &effects).await?;
        private::remove(connection, Kind::Lead, &self.decisions).await?;
        private::remove(connection, Kind::Why, &self.decisions).await?;
        let mut arrivals = 0;
        for piece in pieces(&self.arrivals) {
            let mut sql = QueryBuilder::new("DELETE FROM inbox WHERE entry IS NOT NULL AND id IN (");
            numbers(&mut sql, piece.iter().copied());
            arrivals += sql.push(")").build().execute(&mut *connection).await?.rows_affected();
        }
        let decisions = u64::try_from(self.decisions.len()).unwrap_or(u64::MAX);
        let effects = u64::try_from(effects.len()).unwrap_or(u64::MAX);
        Ok(LetGo { decisions, effects, arrivals, ..LetGo::default() })
    }
}

/// Numbers with commas between them.
pub(super) fn numbers(sql: &mut QueryBuilder<Db>, numbers: impl Iterator<Item = i64>) {
    let mut list = sql.separated(", ");
    for number in numbers {
        list.push_bind(number);
    }
}
