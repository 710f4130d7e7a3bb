//! Lanes: how effects come in, and how a lane's counter follows those that leave.
//!
//! A lane is written before its effects: on a database with row locks that makes the order
//! of ids the order of commits. A lane goes when its counter reaches 0, and never because
//! no effect is seen, which a concurrent commit could make wrong.

use std::collections::{BTreeMap, BTreeSet};

use rota_domain::effect::{Act, Effect};
use rota_domain::id::TenantId;
use rota_flow::ports::StoreError;
use sqlx::QueryBuilder;

use super::dialect::{self, Connection};
use super::many::pieces;
use super::people::People;
use super::private::{self, Kind, PrivateRow};
use super::rows::json;

/// A lane's key: tenant, connection, lane.
pub(super) type LaneKey = (String, String, String);

/// An effect on its way into the outbox. The person is a place among the unit's.
pub(super) struct QueuedEffect {
    connection: String,
    lane: String,
    effect: String,
    decision: i64,
    pub(super) person: usize,
    kind: &'static str,
    with_owner: bool,
    held: bool,
    at: i64,
    body: Vec<u8>,
}

impl QueuedEffect {
    /// Makes a row of an effect of the decision with this number.
    pub(super) fn new(
        Placed { effect, with_owner, held }: &Placed,
        decision: i64,
        people: &People,
        person: usize,
        at: i64,
    ) -> Result<Self, StoreError> {
        let body = json(effect, format_args!("effect `{}`", effect.id))?;
        Ok(Self {
            connection: effect.connection.to_string(),
            lane: dialect::plain(&effect.lane()).to_string(),
            effect: effect.id.to_string(),
            decision,
            person,
            kind: effect.act.kind(),
            with_owner: *with_owner,
            held: *held,
            at,
            body: people.seal(person, Kind::Effect, effect.id.as_str().as_bytes(), &body),
        })
    }
}

/// An effect, and how it stands to the owners that its decision sets.
pub(super) struct Placed {
    effect: Effect,
    /// The decision also sets the owner of its record.
    with_owner: bool,
    /// It is a message about an owner who is not confirmed yet.
    held: bool,
}

/// The effects of one decision, in their places.
pub(super) fn placed(effects: Vec<Effect>) -> impl Iterator<Item = Placed> {
    let lane = |effect: &Effect| (effect.connection.clone(), effect.lane());
    let owned: BTreeSet<_> =
        effects.iter().filter(|effect| matches!(effect.act, Act::Owner { .. })).map(lane).collect();
    effects.into_iter().map(move |effect| {
        let with_owner = owned.contains(&lane(&effect));
        let held = matches!(effect.act, Act::Notify { .. }) && !owned.is_empty();
        Placed { effect, with_owner, held }
    })
}

/// Puts effects into their lanes, in this order; each comes with the number of its person.
pub(super) async fn enqueue(
    connection: &mut Connection,
    effects: &[(&TenantId, &QueuedEffect, i64)],
) -> Result<(), sqlx::Error> {
    grow(connection, effects).await?;
    let mut ids: Vec<i64> = Vec::with_capacity(effects.len());
    for piece in pieces(effects) {
        let mut sql = QueryBuilder::new(
            "INSERT INTO outbox (tenant, connection, lane, effect, decision, person, kind, with_owner, state, at) ",
        );
        dialect::values(&mut sql, piece, |values, (tenant, effect, person)| {
            values
                .push_bind(tenant.as_str())
                .push_bind(effect.connection.as_str())
                .push_bind(effect.lane.as_str())
                .push_bind(effect.effect.as_str())
                .push_bind(effect.decision)
                .push_bind(*person)
                .push_bind(effect.kind)
                .push_bind(i64::from(effect.with_owner))
                .push_bind(if effect.held { "held" } else { "waiting" })
                .push_bind(effect.at);
        });
        ids.extend(dialect::insert(connection, sql, "id", piece.len()).await?);
    }
    let bodies: Vec<PrivateRow<'_>> = ids
        .into_iter()
        .zip(effects)
        .map(|(reference, (_, effect, person))| PrivateRow {
            person: *person,
            kind: Kind::Effect,
            reference,
            body: &effect.body,
        })
        .collect();
    private::write(connection, &bodies).await
}

/// Counts effects into their lanes. A new owner may be tried at once, however long an older
/// one that it replaces has to wait.
async fn grow(connection: &mut Connection, effects: &[(&TenantId, &QueuedEffect, i64)]) -> Result<(), sqlx::Error> {
    // By lane: how many, since when, and whether there is an owner among them.
    let mut lanes: BTreeMap<(&str, &str, &str), (i64, i64, bool)> = BTreeMap::new();
    for (tenant, effect, _) in effects.iter().filter(|(_, effect, _)| !effect.held) {
        let (pending, _, owner) =
            lanes.entry((tenant.as_str(), &effect.connection, &effect.lane)).or_insert((0, effect.at, false));
        *pending += 1;
        *owner |= effect.kind == "owner";
    }
    for urgent in [false, true] {
        let rows: Vec<_> = lanes.iter().filter(|(_, (_, _, owner))| *owner == urgent).collect();
        for piece in pieces(&rows) {
            let mut sql = QueryBuilder::new("INSERT INTO lanes (tenant, connection, lane, pending, next_at) ");
            dialect::values(&mut sql, piece, |values, (lane, (pending, at, _))| {
                values.push_bind(lane.0).push_bind(lane.1).push_bind(lane.2).push_bind(*pending).push_bind(*at);
            });
            sql.push(
                " ON CONFLICT (tenant, connection, lane) DO UPDATE SET pending = lanes.pending + excluded.pending",
            );
            if urgent {
                sql.push(", next_at = min(lanes.next_at, excluded.next_at)");
            }
            sql.build().execute(&mut *connection).await?;
        }
    }
    Ok(())
}

/// Counts effects into lanes that they come back to or are let go into, to be tried from this
/// time on.
pub(super) async fn add(
    connection: &mut Connection,
    back: &BTreeMap<LaneKey, i64>,
    at: i64,
) -> Result<(), sqlx::Error> {
    let back: Vec<(&LaneKey, &i64)> = back.iter().collect();
    for piece in pieces(&back) {
        let mut sql = QueryBuilder::new("INSERT INTO lanes (tenant, connection, lane, pending, next_at) ");
        dialect::values(&mut sql, piece, |values, (lane, number)| {
            values.push_bind(lane.0.as_str()).push_bind(lane.1.as_str()).push_bind(lane.2.as_str());
            values.push_bind(**number).push_bind(at);
        });
        sql.push(
            " ON CONFLICT (tenant, connection, lane)
             DO UPDATE SET pending = lanes.pending + excluded.pending, next_at = min(lanes.next_at, excluded.next_at)",
        );
        sql.build().execute(&mut *connection).await?;
    }
    Ok(())
}

/// Counts effects out of their lanes, and removes lanes that nothing waits in and nobody
/// holds. A lane may be named with 0, to be removed now that nobody holds it.
pub(super) async fn shrink(connection: &mut Connection, left: BTreeMap<LaneKey, i64>) -> Result<(), sqlx::Error> {
    let left: Vec<(LaneKey, i64)> = left.into_iter().collect();
    for piece in pieces(&left) {
        let mut sql = QueryBuilder::new("WITH gone (tenant, connection, lane, number) AS (");
        dialect::values(&mut sql, piece, |values, (lane, number)| {
            values.push_bind(lane.0.as_str()).push_bind(lane.1.as_str()).push_bind(lane.2.as_str());
            values.push_bind(*number);
        });
        sql.push(") UPDATE lanes SET pending = pending - gone.number FROM gone WHERE lanes.tenant = gone.tenant");
        sql.push(" AND lanes.connection = gone.connection AND lanes.lane = gone.lane");
        sql.build().execute(&mut *connection).await?;

        let mut sql = QueryBuilder::new("DELETE FROM lanes WHERE (tenant, connection, lane) IN (");
        dialect::values(&mut sql, piece, |values, (lane, _)| {
            values.push_bind(lane.0.as_str()).push_bind(lane.1.as_str()).push_bind(lane.2.as_str());
        });
        sql.push(") AND pending <= 0 AND lease_until IS NULL");
        sql.build().execute(&mut *connection).await?;
    }
    Ok(())
}
