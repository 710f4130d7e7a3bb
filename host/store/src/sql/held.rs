//! What a decision holds back until its owner is confirmed: let go then, or cancelled with the
//! owner. Held effects stand in no lane, so that nobody claims them and no counter has them.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::QueryBuilder;

use super::dialect::{self, Connection, Db};
use super::lanes::{self, LaneKey};
use super::many::pieces;
use super::settle::{NOT_NEEDED, OWNER_DIED};

/// A decision: tenant, number.
pub(super) type DecisionKey = (String, i64);

/// Lets go what these decisions hold back.
pub(super) async fn release(
    connection: &mut Connection,
    decisions: &[DecisionKey],
    now: i64,
) -> Result<(), sqlx::Error> {
    let mut back: BTreeMap<LaneKey, i64> = BTreeMap::new();
    for piece in pieces(decisions) {
        let mut sql = of(piece);
        sql.push(") UPDATE outbox SET state = 'waiting', at = ").push_bind(now);
        sql.push(HELD).push(" RETURNING outbox.tenant, outbox.connection, outbox.lane");
        let lanes: Vec<LaneKey> = sql.build_query_as().fetch_all(&mut *connection).await?;
        for lane in lanes {
            *back.entry(lane).or_default() += 1;
        }
    }
    lanes::add(connection, &back, now).await
}

/// Supersedes what these decisions hold back, for this reason.
pub(super) async fn cancel(
    connection: &mut Connection,
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

/// What has come back from the dead stands to its decision's owner as it did before: a message
/// is held until the owner is confirmed, and nothing goes whose owner will not be, until a
/// repair of the owner brings it back, too. Gives those of these effects that wait no more.
pub(super) async fn rejoin(connection: &mut Connection, effects: &[i64]) -> Result<BTreeSet<i64>, sqlx::Error> {
    let mut others = BTreeSet::new();
    for piece in pieces(effects) {
        let mut sql = QueryBuilder::new(
            "WITH owner AS (
                 SELECT o.id, max(CASE w.state WHEN 'done' THEN 1 ELSE 0 END) = 1 AS done,
                     max(CASE w.state WHEN 'waiting' THEN 1 ELSE 0 END) = 1 AS waits,
                     max(CASE w.state WHEN 'dead' THEN 1 ELSE 0 END) = 1 AS dead
                 FROM outbox AS o JOIN outbox AS w ON w.tenant = o.tenant AND w.decision = o.decision AND w.kind = 'owner'
                 WHERE o.state = 'waiting' AND o.kind <> 'owner' AND o.id IN (",
        );
        dialect::list(&mut sql, piece);
        sql.push(") GROUP BY o.id) UPDATE outbox SET state = CASE WHEN waits THEN 'held' ELSE 'superseded' END,");
        sql.push(" note = CASE WHEN waits THEN NULL WHEN dead THEN ").push_bind(OWNER_DIED);
        sql.push(" ELSE ").push_bind(NOT_NEEDED).push(" END FROM owner WHERE outbox.id = owner.id AND NOT done");
        sql.push(" AND (kind = 'notify' OR NOT waits) RETURNING outbox.id");
        others.extend(sql.build_query_scalar::<i64>().fetch_all(&mut *connection).await?);
    }
    Ok(others)
}

const HELD: &str = " FROM cause WHERE outbox.tenant = cause.tenant AND outbox.decision = cause.decision
     AND outbox.state = 'held'";

fn of(decisions: &[DecisionKey]) -> QueryBuilder<Db> {
    let mut sql = QueryBuilder::new("WITH cause (tenant, decision) AS (");
    dialect::values(&mut sql, decisions, |values, (tenant, decision)| {
        values.push_bind(tenant.as_str()).push_bind(*decision);
    });
    sql
}
