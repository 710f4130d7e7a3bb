//! Ending what waits for connections that the workspace no longer has: nobody would ever
//! come for it.

use async_trait::async_trait;
use jiff::Timestamp;
use rota_domain::id::{ConnectionId, TenantId};
use sqlx::QueryBuilder;

use super::dialect::{self, Connection, Db};
use super::failure::Failure;
use super::held;
use super::rows::micros;
use super::settle::OWNER_DIED;
use super::unit::Unit;

/// A tenant's connections; what waits for others is to end.
pub(super) struct Strand {
    tenant: TenantId,
    connections: Vec<ConnectionId>,
    now: i64,
}

impl Strand {
    /// Ends what waits for none of these, at this time.
    pub(super) fn new(tenant: TenantId, connections: Vec<ConnectionId>, now: Timestamp) -> Self {
        Self { tenant, connections, now: micros(now) }
    }

    /// Narrows a statement to rows of the tenant whose connection is gone.
    fn of_others(&self, sql: &mut QueryBuilder<Db>) {
        sql.push(" WHERE tenant = ").push_bind(self.tenant.to_string()).push(" AND connection NOT IN (''");
        for connection in &self.connections {
            sql.push(", ").push_bind(connection.to_string());
        }
        sql.push(")");
    }
}

#[async_trait]
impl Unit for Strand {
    type Answer = u64;

    fn weight(&self) -> usize {
        64
    }

    async fn write(&self, connection: &mut Connection) -> Result<u64, Failure> {
        dialect::alone(connection, self.tenant.as_str()).await?;
        // Where somebody holds the lane, what they sent may come through, and they cannot say so
        // any more: should it be retried, it is looked for.
        // Which connections those are is asked once, and not again for each effect that waits, as
        // PostgreSQL might where it knows nothing of how many there are. By way of the lanes, since
        // those of what was delivered are gone.
        let mut sql =
            QueryBuilder::new("WITH gone (connection) AS MATERIALIZED (SELECT DISTINCT connection FROM lanes");
        self.of_others(&mut sql);
        sql.push(
            ") UPDATE outbox
             SET state = 'dead', trouble = '\"no-connection\"', note = 'the workspace has no connection `' || connection || '` any more',
                 attempts = max(attempts, CASE WHEN EXISTS (
                     SELECT 1 FROM lanes
                     WHERE lanes.tenant = outbox.tenant AND lanes.connection = outbox.connection
                       AND lanes.lane = outbox.lane AND lanes.lease_until IS NOT NULL) THEN 1 ELSE 0 END),
                 at = ",
        );
        sql.push_bind(self.now).push(" WHERE state = 'waiting' AND tenant = ").push_bind(self.tenant.as_str());
        sql.push(" AND connection IN (SELECT connection FROM gone");
        let dead: Vec<(i64, String)> =
            sql.push(") RETURNING decision, kind").build_query_as().fetch_all(&mut *connection).await?;
        // What an owner held back goes with it, as wherever one dies.
        let owners: Vec<_> = dead
            .iter()
            .filter(|(_, kind)| kind == "owner")
            .map(|(decision, _)| (self.tenant.to_string(), *decision))
            .collect();
        held::cancel(connection, &owners, OWNER_DIED, self.now).await?;

        // What is held stands in no lane.
        let mut sql = QueryBuilder::new(
            "UPDATE outbox
             SET state = 'dead', trouble = '\"no-connection\"',
                 note = 'the workspace has no destination `' || connection || '` any more', at = ",
        );
        sql.push_bind(self.now);
        self.of_others(&mut sql);
        let held = sql.push(" AND state = 'held'").build().execute(&mut *connection).await?.rows_affected();

        let mut sql = QueryBuilder::new("DELETE FROM lanes");
        self.of_others(&mut sql);
        sql.build().execute(connection).await?;
        Ok(dead.len() as u64 + held)
    }
}
