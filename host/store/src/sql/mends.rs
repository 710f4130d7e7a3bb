//! What a person does to many dead effects: tried again or given up, some hundreds in a unit,
//! so that a hundred thousand of them keep nobody waiting.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use rota_domain::id::TenantId;
use rota_flow::ports::{Group, Repair};
use sqlx::{FromRow, QueryBuilder, Row as _};

use super::dialect::{self, Connection, Db, DbRow};
use super::failure::Failure;
use super::held;
use super::lanes::{self, LaneKey};
use super::many::pieces;
use super::outbox::of_cause;
use super::private::{self, Kind};
use super::rows::micros;
use super::settle::OWNER_DIED;
use super::unit::Unit;

/// How many effects one unit mends.
pub(super) const BATCH: u32 = 500;

/// A repair of up to `BATCH` dead effects behind the one of this number.
pub(super) struct Mends {
    pub(super) tenant: TenantId,
    pub(super) group: Group,
    pub(super) repair: Repair,
    pub(super) now: Timestamp,
    pub(super) after: i64,
}

/// What a unit came to: how many effects, and the number of the last one.
pub(super) type Mended = (u64, Option<i64>);

/// A dead effect.
struct Dead {
    id: i64,
    connection: String,
    lane: String,
    decision: i64,
    person: i64,
    kind: String,
    outdated: bool,
}

impl FromRow<'_, DbRow> for Dead {
    fn from_row(row: &DbRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            connection: row.try_get("connection")?,
            lane: row.try_get("lane")?,
            decision: row.try_get("decision")?,
            person: row.try_get("person")?,
            kind: row.try_get("kind")?,
            outdated: row.try_get("outdated")?,
        })
    }
}

impl Mends {
    /// The next ones of the group. Of each is asked whether a newer owner of its record was
    /// delivered, which sending it would undo.
    async fn find(&self, connection: &mut Connection) -> Result<Vec<Dead>, sqlx::Error> {
        let mut sql = QueryBuilder::new(
            "SELECT o.id, o.connection, o.lane, o.decision, o.person, o.kind,
                 o.with_owner = 1 AND EXISTS (
                     SELECT 1 FROM decisions AS newer
                     JOIN outbox AS n ON n.tenant = newer.tenant AND n.decision = newer.seq
                     WHERE newer.tenant = o.tenant AND newer.seq > o.decision
                       AND newer.lead = (SELECT lead FROM decisions WHERE tenant = o.tenant AND seq = o.decision)
                       AND n.connection = o.connection AND n.lane = o.lane
                       AND n.kind = 'owner' AND n.state = 'done') AS outdated
             FROM outbox AS o WHERE o.state = 'dead' AND o.tenant = ",
        );
        sql.push_bind(self.tenant.to_string()).push(" AND o.id > ").push_bind(self.after);
        if let Some(of) = &self.group.connection {
            sql.push(" AND o.connection = ").push_bind(of.to_string());
        }
        if let Some(cause) = &self.group.cause {
            of_cause(&mut sql, "o.trouble", cause);
        }
        sql.push(" ORDER BY o.id LIMIT ").push_bind(i64::from(BATCH));
        sql.build_query_as().fetch_all(connection).await
    }

    async fn retry(&self, connection: &mut Connection, dead: &[&Dead]) -> Result<(), sqlx::Error> {
        let causes: Vec<_> = dead.iter().map(|dead| (dead.person, dead.id)).collect();
        private::remove(connection, Kind::Cause, &causes).await?;
        let now = micros(self.now);
        let ids: Vec<i64> = dead.iter().map(|dead| dead.id).collect();
        let mut back: BTreeMap<LaneKey, i64> = BTreeMap::new();
        let lane = |connection: &str, lane: &str| (self.tenant.to_string(), connection.to_owned(), lane.to_owned());
        for piece in pieces(&ids) {
            let mut sql = QueryBuilder::new("UPDATE outbox SET state = 'waiting', attempts = min(attempts, 1), at = ");
            sql.push_bind(now).push(", note = NULL, trouble = NULL WHERE id IN ");
            among(&mut sql, piece);
            sql.build().execute(&mut *connection).await?;
        }
        let others = held::rejoin(connection, &ids).await?;
        let dead: Vec<&Dead> = dead.iter().filter(|dead| !others.contains(&dead.id)).copied().collect();
        for dead in &dead {
            *back.entry(lane(&dead.connection, &dead.lane)).or_default() += 1;
        }
        self.doubt(connection, &dead).await?;
        let owners: Vec<i64> = dead.iter().filter(|dead| dead.kind == "owner").map(|dead| dead.decision).collect();
        for (of, name) in self.revive(connection, &owners).await? {
            *back.entry(lane(&of, &name)).or_default() += 1;
        }
        lanes::add(connection, &back, now).await
    }

    /// What comes back stands before what may be under way in its lane, which counts as tried
    /// from then on: see `repair`.
    async fn doubt(&self, connection: &mut Connection, dead: &[&Dead]) -> Result<(), sqlx::Error> {
        for piece in pieces(dead) {
            let mut sql = QueryBuilder::new("WITH back (tenant, connection, lane, id) AS (");
            dialect::values(&mut sql, piece, |values, dead| {
                values
                    .push_bind(self.tenant.as_str())
                    .push_bind(dead.connection.as_str())
                    .push_bind(dead.lane.as_str())
                    .push_bind(dead.id);
            });
            sql.push(
                "), held AS MATERIALIZED (
                     SELECT back.* FROM back JOIN lanes ON lanes.tenant = back.tenant
                         AND lanes.connection = back.connection AND lanes.lane = back.lane
                     WHERE lanes.lease_until IS NOT NULL)
                 UPDATE outbox SET attempts = max(attempts, 1) FROM held
                 WHERE outbox.tenant = held.tenant AND outbox.connection = held.connection
                   AND outbox.lane = held.lane AND outbox.state = 'waiting' AND outbox.id > held.id",
            );
            sql.build().execute(&mut *connection).await?;
        }
        Ok(())
    }

    /// Brings back what these decisions' owners took along when they died; gives the
    /// connection and lane of each that waits again.
    async fn revive(
        &self,
        connection: &mut Connection,
        decisions: &[i64],
    ) -> Result<Vec<(String, String)>, sqlx::Error> {
        let mut waits = Vec::new();
        for piece in pieces(decisions) {
            let mut sql = QueryBuilder::new(
                "UPDATE outbox SET state = CASE kind WHEN 'notify' THEN 'held' ELSE 'waiting' END,
                     attempts = min(attempts, 1), note = NULL, at = ",
            );
            sql.push_bind(micros(self.now)).push(" WHERE tenant = ").push_bind(self.tenant.as_str());
            sql.push(" AND state = 'superseded' AND note = ").push_bind(OWNER_DIED).push(" AND decision IN ");
            among(&mut sql, piece);
            sql.push(" RETURNING connection, lane, state");
            let back: Vec<(String, String, String)> = sql.build_query_as().fetch_all(&mut *connection).await?;
            let back = back.into_iter().filter(|(_, _, state)| state == "waiting");
            waits.extend(back.map(|(connection, lane, _)| (connection, lane)));
        }
        Ok(waits)
    }

    /// Ends effects, which as dead ones stand in no lane.
    async fn end(
        &self,
        connection: &mut Connection,
        ids: &[i64],
        state: &str,
        note: Option<&str>,
    ) -> Result<(), sqlx::Error> {
        for piece in pieces(ids) {
            let mut sql = QueryBuilder::new("UPDATE outbox SET state = ");
            sql.push_bind(state).push(", note = ").push_bind(note).push(", at = ").push_bind(micros(self.now));
            sql.push(" WHERE id IN ");
            among(&mut sql, piece);
            sql.build().execute(&mut *connection).await?;
        }
        Ok(())
    }
}

fn among(sql: &mut QueryBuilder<Db>, numbers: &[i64]) {
    sql.push("(");
    let mut list = sql.separated(", ");
    for number in numbers {
        list.push_bind(*number);
    }
    sql.push(")");
}

#[async_trait]
impl Unit for Mends {
    type Answer = Mended;

    fn weight(&self) -> usize {
        4 * usize::try_from(BATCH).unwrap_or(usize::MAX)
    }

    async fn write(&self, connection: &mut Connection) -> Result<Mended, Failure> {
        dialect::alone(connection, self.tenant.as_str()).await?;
        let found = self.find(connection).await?;
        let last = found.last().map(|dead| dead.id);
        let (outdated, sound): (Vec<&Dead>, Vec<&Dead>) = match self.repair {
            Repair::Retry => found.iter().partition(|dead| dead.outdated),
            Repair::Drop => (Vec::new(), found.iter().collect()),
        };
        match self.repair {
            Repair::Retry => self.retry(connection, &sound).await?,
            Repair::Drop => {
                let ids: Vec<i64> = sound.iter().map(|dead| dead.id).collect();
                self.end(connection, &ids, "dropped", None).await?;
            }
        }
        let outdated: Vec<i64> = outdated.iter().map(|dead| dead.id).collect();
        self.end(connection, &outdated, "superseded", Some("a newer owner took its place")).await?;
        Ok((u64::try_from(found.len()).unwrap_or(u64::MAX), last))
    }
}
