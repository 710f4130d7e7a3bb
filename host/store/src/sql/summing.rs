//! The facts of decisions go, too, once their words and effects are gone and they were kept long
//! enough: the entry of the log, what is looked up of it, and the person about whom nothing else is
//! left. The turns that they took are summed up first, in the order of the log, so that fairness is
//! reckoned on from there and stays exact.
//!
//! Sums and rows change in one commit, and only if the sums still stand where they stood: of two
//! hosts that sweep at once, one does. A decision of which something waits or is dead is summed
//! up in its place all the same, and its rows go when that is over.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use jiff::Timestamp;
use rota_domain::fairness::Reckoning;
use rota_domain::id::{DecisionId, TenantId};
use rota_flow::ports::{Summed, Swept};
use sqlx::QueryBuilder;

use super::dialect::{self, Connection, Pool};
use super::failure::Failure;
use super::many::pieces;
use super::retention::numbers;
use super::rows::{DecisionBody, json, micros, parse, signed, time, unsigned};
use super::turns;
use super::unit::Unit;

/// Decisions that are looked at for one piece, whose sums are written once.
const MOST: i64 = 256;

/// Facts that go in one commit, and the sums with them.
pub(super) struct Sums {
    tenant: TenantId,
    /// Up to where turns were summed up before, and up to where they are now.
    upto: (i64, i64),
    /// The time of the newest decision that goes.
    at: i64,
    fairness: String,
    /// Decisions that may go, as far as the reader saw.
    past: Vec<i64>,
}

/// A decision that is looked at.
struct Row {
    seq: i64,
    id: String,
    at: i64,
    body: String,
    /// Whether something of it is left besides the facts.
    held: bool,
}

/// What past decisions were summed up to.
pub(super) async fn read(readers: &Pool, tenant: &TenantId) -> Result<Option<Summed>, Failure> {
    let row: Option<(i64, i64, String)> = sqlx::query_as("SELECT upto, at, fairness FROM summed WHERE tenant = $1")
        .bind(tenant.as_str())
        .fetch_optional(readers)
        .await?;
    let name = format_args!("the sums of `{tenant}`").to_string();
    let Some((upto, at, fairness)) = row else { return Ok(None) };
    Ok(Some(Summed { upto: unsigned(upto), at: time(at, &name)?, fairness: parse(&fairness, &name)? }))
}

/// Looks for one piece, and where the next one begins.
pub(super) async fn find(
    readers: &Pool,
    tenant: &TenantId,
    before: Timestamp,
    from: Swept,
) -> Result<(Option<Sums>, Option<Swept>), Failure> {
    let summed = read(readers, tenant).await?;
    let rows: Vec<(i64, String, i64, String, i64)> = sqlx::query_as(
        "SELECT d.seq, d.id, d.at, log.body, CAST(CASE
             WHEN EXISTS (SELECT 1 FROM outbox AS o WHERE o.tenant = d.tenant AND o.decision = d.seq)
               OR EXISTS (SELECT 1 FROM private AS p
                   WHERE p.person = d.person AND p.kind IN ('lead', 'why') AND p.ref = d.seq)
             THEN 1 ELSE 0 END AS BIGINT) AS held
         FROM decisions AS d JOIN log ON log.tenant = d.tenant AND log.seq = d.seq
         WHERE d.tenant = $1 AND d.seq > $2 ORDER BY d.seq LIMIT $3",
    )
    .bind(tenant.as_str())
    .bind(signed(from.entry))
    .bind(MOST)
    .fetch_all(readers)
    .await?;
    let row = |(seq, id, at, body, held)| Row { seq, id, at, body, held: held != 0 };
    let mut rows: Vec<Row> = rows.into_iter().map(row).collect();
    let full = i64::try_from(rows.len()).is_ok_and(|number| number == MOST);
    // What comes after the first that is too young is younger, but for the clocks of several hosts.
    let past = rows.iter().position(|row| row.at >= micros(before)).unwrap_or(rows.len());
    let next = (full && past == rows.len()).then(|| rows.last().map(|row| unsigned(row.seq))).flatten();
    rows.truncate(past);
    let next = next.map(|entry| Swept { entry, ..from });
    Ok((Sums::of(readers, tenant, summed, rows).await?, next))
}

impl Sums {
    /// Enters turns on top of these sums; none where there is nothing to do.
    async fn of(
        readers: &Pool,
        tenant: &TenantId,
        summed: Option<Summed>,
        rows: Vec<Row>,
    ) -> Result<Option<Self>, Failure> {
        let before = summed.as_ref().map_or(0, |summed| signed(summed.upto));
        let mut fairness: Reckoning = summed.map(|summed| summed.fairness).unwrap_or_default();
        let past: Vec<i64> = rows.iter().filter(|row| !row.held).map(|row| row.seq).collect();
        let at = rows.iter().filter(|row| !row.held).map(|row| row.at).max().unwrap_or(0);
        let upto = rows.last().map_or(before, |row| row.seq.max(before));
        if past.is_empty() && upto == before {
            return Ok(None);
        }
        let mut taken = BTreeMap::new();
        for row in rows.into_iter().filter(|row| row.seq > before) {
            let name = format_args!("decision {} of `{tenant}`", row.seq).to_string();
            let body: DecisionBody = parse(&row.body, &name)?;
            if let Some(turn) = body.turn {
                taken.insert(row.seq, (DecisionId::from(row.id), turn, name));
            }
        }
        let named: BTreeSet<_> = taken.values().filter_map(|(_, turn, _)| turn.named()).cloned().collect();
        let lists = turns::lists(&mut *readers.acquire().await?, tenant, named).await?;
        for (id, turn, name) in taken.into_values() {
            fairness.enter(&id, &turn.whole(&lists, &name)?);
        }
        fairness.condense();
        let fairness = json(&fairness, format_args!("the sums of `{tenant}`"))?;
        Ok(Some(Self { tenant: tenant.clone(), upto: (before, upto), at, fairness, past }))
    }

    /// Writes the sums; false if they do not stand where they stood.
    async fn set(&self, connection: &mut Connection) -> Result<bool, sqlx::Error> {
        let (before, upto) = self.upto;
        let written = sqlx::query(
            "INSERT INTO summed (tenant, upto, at, fairness) VALUES ($1, $2, $3, $4)
             ON CONFLICT (tenant) DO UPDATE SET upto = excluded.upto, at = max(summed.at, excluded.at),
                 fairness = excluded.fairness WHERE summed.upto = $5",
        )
        .bind(self.tenant.as_str())
        .bind(upto)
        .bind(self.at)
        .bind(self.fairness.as_str())
        .bind(before)
        .execute(connection)
        .await?;
        Ok(written.rows_affected() == 1)
    }

    /// Removes decisions with their entries; gives how many they were, and whom they were about.
    async fn remove(&self, connection: &mut Connection) -> Result<(u64, BTreeSet<i64>), sqlx::Error> {
        let (mut gone, mut persons) = (0, BTreeSet::new());
        for piece in pieces(&self.past) {
            // Asked again: the reader saw an earlier commit.
            let mut sql = QueryBuilder::new("DELETE FROM decisions WHERE tenant = ");
            sql.push_bind(self.tenant.as_str()).push(" AND seq IN (");
            numbers(&mut sql, piece.iter().copied());
            sql.push(
                ") AND NOT EXISTS (SELECT 1 FROM outbox AS o
                     WHERE o.tenant = decisions.tenant AND o.decision = decisions.seq)
                 AND NOT EXISTS (SELECT 1 FROM private AS p
                     WHERE p.person = decisions.person AND p.kind IN ('lead', 'why') AND p.ref = decisions.seq)
                 RETURNING person, seq",
            );
            let rows: Vec<(i64, i64)> = sql.build_query_as().fetch_all(&mut *connection).await?;
            persons.extend(rows.iter().map(|(person, _)| *person));
            let mut sql = QueryBuilder::new("DELETE FROM log WHERE kind = 'decision' AND tenant = ");
            sql.push_bind(self.tenant.as_str()).push(" AND seq IN (");
            numbers(&mut sql, rows.iter().map(|(_, seq)| *seq));
            if !rows.is_empty() {
                gone += sql.push(")").build().execute(&mut *connection).await?.rows_affected();
            }
        }
        Ok((gone, persons))
    }
}

/// Removes those of these persons about whom nothing is left. Who was erased stays, and so does the
/// newest: numbers are given once.
async fn depart(connection: &mut Connection, persons: BTreeSet<i64>) -> Result<(), sqlx::Error> {
    let persons: Vec<i64> = persons.into_iter().collect();
    for piece in pieces(&persons) {
        let mut sql = QueryBuilder::new("DELETE FROM people WHERE person IN (");
        numbers(&mut sql, piece.iter().copied());
        sql.push(
            ") AND key IS NOT NULL AND person < (SELECT max(person) FROM people)
             AND NOT EXISTS (SELECT 1 FROM decisions AS d WHERE d.person = people.person)
             AND NOT EXISTS (SELECT 1 FROM outbox AS o WHERE o.person = people.person)
             AND NOT EXISTS (SELECT 1 FROM private AS p WHERE p.person = people.person)
             AND NOT EXISTS (SELECT 1 FROM inbox AS i WHERE i.person = people.person)",
        );
        sql.build().execute(&mut *connection).await?;
    }
    Ok(())
}

#[async_trait]
impl Unit for Sums {
    type Answer = u64;

    fn weight(&self) -> usize {
        4 * self.past.len()
    }

    async fn write(&self, connection: &mut Connection) -> Result<u64, Failure> {
        dialect::alone(connection, self.tenant.as_str()).await?;
        if !self.set(connection).await? {
            // Another host sweeps; the next sweep meets what it leaves.
            return Ok(0);
        }
        let (gone, persons) = self.remove(connection).await?;
        depart(connection, persons).await?;
        Ok(gone)
    }
}
