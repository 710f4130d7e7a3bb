//! Claiming: which lanes may be worked on, and what is at the head of each.
//!
//! The head of a lane is the first effect that no newer owner is about to cancel. An owner
//! is state, so an older one is not sent when a newer one waits; and the tasks, notes and
//! properties of a decision whose owner is about to be replaced are not sent either.
//!
//! Where a lease ran out, whoever held it may have sent the head and died. The head counts
//! as tried from then on, so that it is looked for before it is sent.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use rota_domain::effect::Effect;
use rota_domain::id::{ConnectionId, HostId, TenantId};
use rota_flow::ports::Claim;
use sqlx::QueryBuilder;

use super::dialect::{self, Connection, Leased, Pool, Wish};
use super::failure::Failure;
use super::keys::TenantKeys;
use super::many::pieces;
use super::private::{self, Kind, PersonColumns};
use super::rows::{effect_row, micros};
use super::settle::{Line, Settlements};
use super::unit::Unit;

/// A wish to work on lanes of one connection.
pub(super) struct Lease {
    tenant: TenantId,
    connection: ConnectionId,
    now: i64,
    until: i64,
    limit: u32,
    holder: HostId,
    keys: Arc<TenantKeys>,
    /// Whether the keys were read anew: what is sealed under another one is damaged then.
    sure: bool,
}

/// A leased lane's head: lane, effect's number in the outbox, effect, attempts so far, body,
/// person.
type Head = (String, i64, String, i64, Vec<u8>, i64, Vec<u8>, Vec<u8>);

/// What one round of leasing brought.
struct Round {
    claims: Vec<Claim>,
    unreadable: Vec<Line>,
}

impl Lease {
    /// A wish for up to `limit` lanes of a connection, for this process.
    pub(super) fn new(
        keys: Arc<TenantKeys>,
        (connection, holder): (ConnectionId, HostId),
        now: Timestamp,
        lease: SignedDuration,
        limit: u32,
        sure: bool,
    ) -> Self {
        let until = now.checked_add(lease).unwrap_or(Timestamp::MAX);
        let tenant = keys.tenant.clone();
        Self { tenant, connection, now: micros(now), until: micros(until), limit, holder, keys, sure }
    }

    /// Whether there is a lane to be had. Most questions find none, and those do not trouble
    /// the writer.
    pub(super) async fn promises(&self, readers: &Pool) -> Result<bool, Failure> {
        let ready: bool = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM lanes WHERE tenant = $1 AND connection = $2 AND next_at <= $3
             AND (lease_until IS NULL OR lease_until <= $3))",
        )
        .bind(self.tenant.as_str())
        .bind(self.connection.as_str())
        .bind(self.now)
        .fetch_one(readers)
        .await?;
        Ok(ready)
    }

    async fn heads(&self, connection: &mut Connection, lanes: &[String]) -> Result<Vec<Head>, sqlx::Error> {
        let mut heads = Vec::with_capacity(lanes.len());
        for piece in pieces(lanes) {
            let mut sql = QueryBuilder::new("WITH claimed (tenant, connection, lane) AS (");
            dialect::values(&mut sql, piece, |values, lane| {
                values.push_bind(self.tenant.as_str()).push_bind(self.connection.as_str()).push_bind(lane.as_str());
            });
            sql.push(
                "), newest AS MATERIALIZED (
                    SELECT claimed.*, (
                        SELECT id FROM sendable AS s
                        WHERE s.tenant = claimed.tenant AND s.connection = claimed.connection
                          AND s.lane = claimed.lane AND s.kind = 'owner'
                        ORDER BY id DESC LIMIT 1) AS owner
                    FROM claimed)
                 SELECT newest.lane, head.id, head.effect, head.attempts, head.body,
                     head.person, head.person_digest, head.person_key
                 FROM newest JOIN sendable AS head ON head.id = (
                    SELECT s.id FROM sendable AS s
                    WHERE s.tenant = newest.tenant AND s.connection = newest.connection
                      AND s.lane = newest.lane
                      AND (owner IS NULL OR s.id >= owner OR s.with_owner = 0
                           OR s.decision = (SELECT decision FROM outbox WHERE id = owner))
                    ORDER BY s.id LIMIT 1)",
            );
            heads.extend(sql.build_query_as::<Head>().fetch_all(&mut *connection).await?);
        }
        Ok(heads)
    }

    /// Counts heads as tried: nobody knows whether they were.
    async fn doubt(&self, connection: &mut Connection, heads: &[i64]) -> Result<(), sqlx::Error> {
        for piece in pieces(heads) {
            let mut sql = QueryBuilder::new("UPDATE outbox SET attempts = max(attempts, 1) WHERE id IN (");
            dialect::list(&mut sql, piece);
            sql.push(")").build().execute(&mut *connection).await?;
        }
        Ok(())
    }

    /// Leases lanes once, and reads their heads.
    async fn round(&self, connection: &mut Connection, limit: u32) -> Result<Round, Failure> {
        let (tenant, of) = (self.tenant.as_str(), self.connection.as_str());
        let holder = self.holder.as_str();
        let wish = Wish { tenant, connection: of, now: self.now, until: self.until, limit: i64::from(limit), holder };
        let Leased { fence, lanes, abandoned } = dialect::lease(connection, &wish).await?;
        let heads = self.heads(connection, &lanes).await?;
        let mut heads: BTreeMap<String, Head> = heads.into_iter().map(|head| (head.0.clone(), head)).collect();
        let mut round = Round { claims: Vec::with_capacity(lanes.len()), unreadable: Vec::new() };
        let (mut doubtful, mut empty) = (Vec::new(), Vec::new());
        for lane in lanes {
            let Some((_, id, effect, attempts, body, number, digest, key)) = heads.remove(&lane) else {
                empty.push(lane);
                continue;
            };
            let mut attempts = u32::try_from(attempts).unwrap_or(u32::MAX);
            if abandoned.contains(&lane) {
                doubtful.push(id);
                attempts = attempts.max(1);
            }
            match self.open(&effect, &body, &(number, digest, key)) {
                Ok(effect) => {
                    let (tenant, attempt) = (self.tenant.clone(), attempts.saturating_add(1));
                    round.claims.push(Claim { tenant, lane, fence, attempt, effect });
                }
                Err(Failure::OtherKey) if !self.sure => return Err(Failure::OtherKey),
                Err(failure) => {
                    let error = failure.of("of this host");
                    tracing::error!(tenant = %self.tenant, effect, %error, "An effect is dead, since it cannot be read");
                    let lane = (self.tenant.to_string(), self.connection.to_string(), lane);
                    round.unreadable.push(Line::unreadable(lane, fence, effect, self.now, error.to_string()));
                }
            }
        }
        self.doubt(connection, &doubtful).await?;
        self.end(connection, &empty).await?;
        Ok(round)
    }

    /// Opens an effect, under the key of the person whom it is about.
    fn open(&self, effect: &str, body: &[u8], person: &PersonColumns) -> Result<Effect, Failure> {
        let row = effect_row(effect, &self.tenant);
        let person = private::person(&self.keys, person, &row)?;
        private::value(&self.keys, &person, Kind::Effect, effect.as_bytes(), body, &row)
    }

    /// Ends lanes in which nothing can be sent, since the persons were erased.
    async fn end(&self, connection: &mut Connection, lanes: &[String]) -> Result<(), sqlx::Error> {
        for lane in lanes {
            sqlx::query(
                "UPDATE outbox SET state = 'superseded', at = $1, note = 'the person was erased'
                 WHERE tenant = $2 AND connection = $3 AND lane = $4 AND state = 'waiting'",
            )
            .bind(self.now)
            .bind(self.tenant.as_str())
            .bind(self.connection.as_str())
            .bind(lane)
            .execute(&mut *connection)
            .await?;
            sqlx::query("DELETE FROM lanes WHERE tenant = $1 AND connection = $2 AND lane = $3")
                .bind(self.tenant.as_str())
                .bind(self.connection.as_str())
                .bind(lane)
                .execute(&mut *connection)
                .await?;
        }
        Ok(())
    }
}

#[async_trait]
impl Unit for Lease {
    type Answer = Vec<Claim>;

    fn weight(&self) -> usize {
        usize::try_from(self.limit).unwrap_or(usize::MAX)
    }

    async fn write(&self, connection: &mut Connection) -> Result<Vec<Claim>, Failure> {
        dialect::beside(connection, &[self.tenant.as_str()]).await?;
        let mut claims = Vec::new();
        let mut limit = self.limit;
        loop {
            let Round { claims: more, unreadable } = self.round(connection, limit).await?;
            limit = limit.saturating_sub(u32::try_from(more.len()).unwrap_or(u32::MAX));
            claims.extend(more);
            if unreadable.is_empty() {
                return Ok(claims);
            }
            // Their lanes are free again, and have one less to be asked for.
            Settlements(unreadable).write(connection).await?;
        }
    }
}
