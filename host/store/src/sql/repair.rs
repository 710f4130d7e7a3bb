//! What a person does to one effect: try it again, or give it up.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use jiff::Timestamp;
use rota_domain::id::{EffectId, TenantId};
use rota_flow::ports::Repair;

use super::dialect::{self, Connection};
use super::failure::Failure;
use super::private::{self, Kind};
use super::rows::micros;
use super::settle::OWNER_DIED;
use super::unit::Unit;
use super::{held, lanes};

/// What is said of effects whose owner a person gave up.
const GIVEN_UP: &str = "the owner was given up";

/// A repair of one effect.
pub(super) struct Mend {
    tenant: TenantId,
    effect: EffectId,
    repair: Repair,
    now: i64,
}

struct Found {
    id: i64,
    connection: String,
    lane: String,
    decision: i64,
    person: i64,
    owner: bool,
    with_owner: bool,
    waiting: bool,
    held: bool,
}

impl Mend {
    /// A repair at this time.
    pub(super) fn new(tenant: TenantId, effect: EffectId, repair: Repair, now: Timestamp) -> Self {
        Self { tenant, effect, repair, now: micros(now) }
    }

    async fn find(&self, connection: &mut Connection) -> Result<Option<Found>, sqlx::Error> {
        type Columns = (i64, String, String, i64, i64, String, i64, String);
        let row: Option<Columns> = sqlx::query_as(
            "SELECT id, connection, lane, decision, person, kind, with_owner, state FROM outbox
             WHERE tenant = $1 AND effect = $2 AND state IN ('waiting', 'held', 'dead')",
        )
        .bind(self.tenant.as_str())
        .bind(self.effect.as_str())
        .fetch_optional(connection)
        .await?;
        Ok(row.map(|(id, connection, lane, decision, person, kind, with_owner, state)| Found {
            id,
            connection,
            lane,
            decision,
            person,
            owner: kind == "owner",
            with_owner: with_owner > 0,
            waiting: state == "waiting",
            held: state == "held",
        }))
    }

    /// Whether a newer owner of the record was delivered, which sending this would undo. It
    /// is looked for by way of the lead's decisions, since delivered owners have no index.
    async fn outdated(&self, connection: &mut Connection, found: &Found) -> Result<bool, sqlx::Error> {
        let newer: bool = sqlx::query_scalar(
            "SELECT EXISTS (
                 SELECT 1 FROM decisions AS newer
                 JOIN outbox AS o ON o.tenant = newer.tenant AND o.decision = newer.seq
                 WHERE newer.tenant = $1 AND newer.seq > $2
                   AND newer.lead = (SELECT lead FROM decisions WHERE tenant = $1 AND seq = $2)
                   AND o.connection = $3 AND o.lane = $4
                   AND o.kind = 'owner' AND o.state = 'done')",
        )
        .bind(self.tenant.as_str())
        .bind(found.decision)
        .bind(&found.connection)
        .bind(&found.lane)
        .fetch_one(connection)
        .await?;
        Ok(found.with_owner && newer)
    }

    async fn retry(&self, connection: &mut Connection, found: &Found) -> Result<(), sqlx::Error> {
        private::remove(connection, Kind::Cause, &[(found.person, found.id)]).await?;
        sqlx::query(
            "UPDATE outbox SET state = 'waiting', attempts = min(attempts, 1), at = $1, note = NULL, trouble = NULL WHERE id = $2",
        )
        .bind(self.now)
        .bind(found.id)
        .execute(&mut *connection)
        .await?;
        if !found.waiting && !held::rejoin(connection, &[found.id]).await?.is_empty() {
            return Ok(());
        }
        let lane = |connection: String, lane: String| (self.tenant.to_string(), connection, lane);
        let own = lane(found.connection.clone(), found.lane.clone());
        let mut back = BTreeMap::from([(own, i64::from(!found.waiting))]);
        if !found.waiting {
            self.doubt(connection, found).await?;
        }
        if found.owner && !found.waiting {
            for (crm, name) in self.revive(connection, found).await? {
                *back.entry(lane(crm, name)).or_default() += 1;
            }
        }
        lanes::add(connection, &back, self.now).await
    }

    /// What comes back stands before what may be under way in the lane. Should that get lost,
    /// the lane is claimed again for something else first, and nobody would know: so it counts
    /// as tried already.
    async fn doubt(&self, connection: &mut Connection, found: &Found) -> Result<(), sqlx::Error> {
        sqlx::query(
            "UPDATE outbox SET attempts = max(attempts, 1)
             WHERE tenant = $1 AND connection = $2 AND lane = $3 AND state = 'waiting' AND id > $4
               AND EXISTS (
                   SELECT 1 FROM lanes
                   WHERE tenant = $1 AND connection = $2 AND lane = $3 AND lease_until IS NOT NULL)",
        )
        .bind(self.tenant.as_str())
        .bind(&found.connection)
        .bind(&found.lane)
        .bind(found.id)
        .execute(connection)
        .await?;
        Ok(())
    }

    /// Brings back what this owner took along when it died, and not what a newer one
    /// cancelled; gives the connection and lane of each that waits again.
    async fn revive(&self, connection: &mut Connection, found: &Found) -> Result<Vec<(String, String)>, sqlx::Error> {
        let back: Vec<(String, String, String)> = sqlx::query_as(
            "UPDATE outbox
             SET state = CASE kind WHEN 'notify' THEN 'held' ELSE 'waiting' END,
                 attempts = min(attempts, 1), at = $1, note = NULL
             WHERE tenant = $2 AND decision = $3 AND state = 'superseded' AND note = $4
             RETURNING connection, lane, state",
        )
        .bind(self.now)
        .bind(self.tenant.as_str())
        .bind(found.decision)
        .bind(OWNER_DIED)
        .fetch_all(connection)
        .await?;
        let waits = back.into_iter().filter(|(_, _, state)| state == "waiting");
        Ok(waits.map(|(connection, lane, _)| (connection, lane)).collect())
    }

    /// Ends the effect, and with a waiting owner what its decision has in the lane, since
    /// nobody shall be told of a lead that is not given to them, and what older decisions
    /// have there, since theirs would be out of date.
    async fn end(
        &self,
        connection: &mut Connection,
        found: &Found,
        state: &str,
        note: Option<&str>,
    ) -> Result<(), sqlx::Error> {
        sqlx::query("UPDATE outbox SET state = $1, at = $2, note = $3 WHERE id = $4")
            .bind(state)
            .bind(self.now)
            .bind(note)
            .bind(found.id)
            .execute(&mut *connection)
            .await?;
        let mut gone = i64::from(found.waiting);
        if found.owner && found.waiting {
            let rest: Vec<i64> = sqlx::query_scalar(
                "UPDATE outbox SET state = 'superseded', at = $1, note = $7
                 WHERE tenant = $2 AND connection = $3 AND lane = $4 AND state = 'waiting'
                   AND (decision = $5 OR (with_owner = 1 AND id < $6))
                 RETURNING decision",
            )
            .bind(self.now)
            .bind(self.tenant.as_str())
            .bind(&found.connection)
            .bind(&found.lane)
            .bind(found.decision)
            .bind(found.id)
            .bind(GIVEN_UP)
            .fetch_all(&mut *connection)
            .await?;
            gone += i64::try_from(rest.len()).unwrap_or(0);
            let ended: BTreeSet<i64> = rest.into_iter().chain([found.decision]).collect();
            let ended: Vec<_> = ended.into_iter().map(|decision| (self.tenant.to_string(), decision)).collect();
            held::cancel(connection, &ended, GIVEN_UP, self.now).await?;
        }
        let lane = (self.tenant.to_string(), found.connection.clone(), found.lane.clone());
        lanes::shrink(connection, BTreeMap::from([(lane, gone)])).await
    }
}

#[async_trait]
impl Unit for Mend {
    type Answer = bool;

    fn weight(&self) -> usize {
        4
    }

    async fn write(&self, connection: &mut Connection) -> Result<bool, Failure> {
        dialect::alone(connection, self.tenant.as_str()).await?;
        let Some(found) = self.find(connection).await? else {
            return Ok(false);
        };
        match self.repair {
            // It goes when its owner is confirmed; before that, nothing can be retried.
            Repair::Retry if found.held => return Ok(false),
            Repair::Drop => self.end(connection, &found, "dropped", None).await?,
            Repair::Retry if self.outdated(connection, &found).await? => {
                self.end(connection, &found, "superseded", Some("a newer owner took its place")).await?;
            }
            Repair::Retry => self.retry(connection, &found).await?,
        }
        Ok(true)
    }
}
