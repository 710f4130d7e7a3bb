//! Erasing persons. Their key goes, and so does whatever only it opened; what waited for them
//! is over; the facts of their decisions stay.
//!
//! That the key is dropped is what counts, for nobody can make sure that every copy of every
//! row is gone: not in backups, not in what a disk keeps of pages that were written anew. The
//! rows are deleted all the same, pages are overwritten, and the log of the database is emptied.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use rota_domain::id::{LeadId, TenantId};
use rota_domain::person::PersonKey;
use rota_flow::ports::{Erased, StoreError, Whom};
use serde_json::json;
use sqlx::QueryBuilder;

use super::dialect::{self, Connection};
use super::failure::Failure;
use super::keys::TenantKeys;
use super::lanes::{self, LaneKey};
use super::log::{self, LogRow};
use super::people::{KeyDigest, person_digest};
use super::rows::unsigned;
use super::unit::Unit;
use super::whom::{self, Found, among};
use super::{departed, inbox};

/// What is said of effects that were not sent because of this.
const NOTE: &str = "the person was erased";

/// A person to be erased.
pub(super) struct Erase {
    pub(super) keys: Arc<TenantKeys>,
    pub(super) whom: Whom,
    /// Persons of leads that wait and are meant.
    pub(super) waiting: Vec<KeyDigest>,
    pub(super) who: String,
    pub(super) now: i64,
    /// The row of the inbox that asked for it.
    pub(super) settles: Option<i64>,
}

#[async_trait]
impl Unit for Erase {
    type Answer = Erased;

    fn weight(&self) -> usize {
        64
    }

    async fn write(&self, connection: &mut Connection) -> Result<Erased, Failure> {
        let tenant = &self.keys.tenant;
        dialect::alone(connection, tenant.as_str()).await?;
        let found = whom::find(connection, &self.keys, &self.whom, &self.waiting).await?;
        // Entered even where nobody is found: a call may be on its way that would bring them.
        let seq = self.enter(connection, &found).await?;
        if let Some(id) = self.settles
            && !inbox::settle(connection, &[(tenant, id, seq)]).await?
        {
            return Err(StoreError::Conflict { tenant: tenant.clone(), seq: unsigned(seq - 1) }.into());
        }
        let digests = self.digests(connection, &found).await?;
        departed::add(connection, tenant, &digests, self.now).await?;
        let arrivals = self.arrivals(connection, &found, seq).await?;
        self.waits(connection, &found).await?;
        if found.persons.is_empty() {
            return Ok(Erased { arrivals, ..Erased::default() });
        }
        let mut sql = QueryBuilder::new("DELETE FROM private WHERE ");
        among(&mut sql, &found.persons);
        sql.build().execute(&mut *connection).await?;
        let effects = self.effects(connection, &found).await?;
        // Nobody joins what is told of nobody any more.
        let mut sql = QueryBuilder::new("UPDATE decisions SET joinable = 0 WHERE ");
        among(&mut sql, &found.persons);
        let decisions = sql.build().execute(&mut *connection).await?.rows_affected();
        let mut sql = QueryBuilder::new("UPDATE people SET key = NULL, key_digest = ");
        sql.push(dialect::NOBODY).push(", erased = ");
        sql.push_bind(self.now).push(", erased_by = ").push_bind(self.who.as_str()).push(" WHERE key IS NOT NULL AND ");
        among(&mut sql, &found.persons);
        let persons = sql.build().execute(&mut *connection).await?.rows_affected();
        Ok(Erased { persons, decisions, effects, arrivals })
    }
}

impl Erase {
    /// Enters the erasure into the log: whoever decides in memory has to read anew then, and
    /// meets nobody who was erased.
    async fn enter(&self, connection: &mut Connection, found: &Found) -> Result<i64, Failure> {
        let tenant: &TenantId = &self.keys.tenant;
        let seq: i64 = sqlx::query_scalar("UPDATE tenants SET seq = seq + 1 WHERE tenant = $1 RETURNING seq")
            .bind(tenant.as_str())
            .fetch_one(&mut *connection)
            .await?;
        let body = json!({ "persons": found.persons, "who": self.who }).to_string();
        log::append(connection, &[(tenant, &LogRow { seq, at: self.now, kind: "erased", body })]).await?;
        Ok(seq)
    }

    /// By what they are known, whether they have a row or not.
    async fn digests(&self, connection: &mut Connection, found: &Found) -> Result<Vec<KeyDigest>, Failure> {
        let seed = &self.keys.seed;
        let mut digests: BTreeSet<KeyDigest> = self.waiting.iter().cloned().collect();
        if let Whom::Email(email) = &self.whom {
            digests.insert(person_digest(seed, &PersonKey::of_email(email)));
        }
        let of_lead = |lead: &String| person_digest(seed, &PersonKey::of_lead(&LeadId::from(lead.as_str())));
        digests.extend(found.leads.iter().map(of_lead));
        if found.persons.is_empty() {
            return Ok(digests.into_iter().collect());
        }
        let mut sql = QueryBuilder::new("SELECT key_digest FROM people WHERE key IS NOT NULL AND ");
        among(&mut sql, &found.persons);
        digests.extend(sql.build_query_scalar::<KeyDigest>().fetch_all(connection).await?);
        Ok(digests.into_iter().collect())
    }

    /// Ends what waits to be decided; says how much.
    async fn arrivals(&self, connection: &mut Connection, found: &Found, seq: i64) -> Result<u64, Failure> {
        let mut ended = 0;
        if !found.persons.is_empty() {
            let mut sql = QueryBuilder::new("UPDATE inbox SET entry = ");
            sql.push_bind(seq).push(" WHERE entry IS NULL AND ");
            among(&mut sql, &found.persons);
            ended += sql.build().execute(&mut *connection).await?.rows_affected();
        }
        for lead in &found.leads {
            let done = sqlx::query(dialect::SETTLE_RECORD)
                .bind(seq)
                .bind(self.keys.tenant.as_str())
                .bind(dialect::plain(lead))
                .execute(&mut *connection)
                .await?;
            ended += done.rows_affected();
        }
        Ok(ended)
    }

    /// Their leads wait for nothing any more.
    async fn waits(&self, connection: &mut Connection, found: &Found) -> Result<(), Failure> {
        for lead in &found.leads {
            sqlx::query("DELETE FROM waits WHERE tenant = $1 AND lead = $2")
                .bind(self.keys.tenant.as_str())
                .bind(dialect::plain(lead))
                .execute(&mut *connection)
                .await?;
        }
        if !found.persons.is_empty() {
            let mut sql = QueryBuilder::new(
                "DELETE FROM waits WHERE (tenant, lead) IN (SELECT tenant, lead FROM decisions WHERE ",
            );
            among(&mut sql, &found.persons);
            sql.push(")").build().execute(&mut *connection).await?;
        }
        Ok(())
    }

    /// Drops what waits to be sent, is held back or is dead; says how much.
    async fn effects(&self, connection: &mut Connection, found: &Found) -> Result<u64, Failure> {
        let mut left: BTreeMap<LaneKey, i64> = BTreeMap::new();
        let mut dropped = 0;
        for state in ["waiting", "held", "dead"] {
            let mut sql = QueryBuilder::new("UPDATE outbox SET state = 'dropped', at = ");
            sql.push_bind(self.now).push(", note = ").push_bind(NOTE);
            sql.push(" WHERE state = ").push_bind(state).push(" AND state IN ('waiting', 'held', 'dead') AND ");
            among(&mut sql, &found.persons);
            sql.push(" RETURNING tenant, connection, lane");
            let lanes: Vec<LaneKey> = sql.build_query_as().fetch_all(&mut *connection).await?;
            dropped += lanes.len();
            if state == "waiting" {
                for lane in lanes {
                    *left.entry(lane).or_default() += 1;
                }
            }
        }
        lanes::shrink(connection, left).await?;
        Ok(u64::try_from(dropped).unwrap_or(u64::MAX))
    }
}
