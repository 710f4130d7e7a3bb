//! What a decision holds back until its owner is confirmed: let go then, or cancelled with the
//! owner. Held effects stand in no lane, so that nobody claims them and no counter has them.

use std::collections::BTreeMap;

use sqlx::{QueryBuilder, SqliteConnection};

use super::lanes::{self, LaneKey};
use super::many::pieces;

/// A decision: tenant, number.
pub(super) type DecisionKey = (String, i64);

/// Lets go what these decisions hold back.
pub(super) async fn release(
    connection: &mut SqliteConnection,
    decisions: &[DecisionKey],
    now: i64,
) -> Result<(), sqlx::Error> {
    let mut back: BTreeMap<LaneKey, i64> = BTreeMap::new();
    for piece in pieces(decisions) {
        let mut sql = of(piece);
        sql.push(") UPDATE outbox SET state = 'waiting', at = ").push_bind(now);
        sql.push(HELD).push(" RETURNING tenant, connection, lane");
        let lanes: Vec<LaneKey> = sql.build_query_as().fetch_all(&mut *connection).await?;
        for lane in lanes {
            *back.entry(lane).or_default() += 1;
        }
    }
    lanes::add(connection, &back, now).await
}

/// Supersedes what these decisions hold back, for this reason.
pub(super) async fn cancel(
    connection: &mut SqliteConnection,
    decisions: &[DecisionKey],
    note: &str,
    now: i64,
) -> Result<(), sqlx::Error> {
    for piece in pieces(decisions) {
        let mut sql = of(piece);
        sql.push(") UPDATE outbox SET state = 'superseded', note = ").push_bind(note);
        sql.push(", at = ").push_bind(now).push(HELD);
        sql.build().execute(&mut *connection).await?;
    }
    Ok(())
}

const HELD: &str = " FROM cause WHERE outbox.tenant = cause.tenant AND outbox.decision = cause.decision
     AND outbox.state = 'held'";

fn of(decisions: &[DecisionKey]) -> QueryBuilder<sqlx::Sqlite> {
    let mut sql = QueryBuilder::new("WITH cause (tenant, decision) AS (");
    sql.push_values(decisions, |mut values, (tenant, decision)| {
        values.push_bind(tenant.clone()).push_bind(*decision);
    });
    sql
}
