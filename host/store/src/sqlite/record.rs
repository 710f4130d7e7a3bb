//! Entries of a tenant's log, with everything that commits with them.
//!
//! Rows are made in the caller's task, so that the writer only binds and steps.

use std::collections::BTreeMap;

use async_trait::async_trait;
use rota_domain::id::{Seed, TenantId};
use rota_domain::transcript::shared::share;
use rota_flow::decide::is_joinable;
use rota_flow::ports::{Entry, EntryBody, Recorded, StoreError};
use serde_json::json;
use sqlx::SqliteConnection;

use super::counters::{self, Changes};
use super::failure::Failure;
use super::lanes::{self, QueuedEffect};
use super::log::{self, DecisionColumns, LogRow};
use super::people::People;
use super::private::{self, Kind, PrivateRow};
use super::rows::{CounterBody, DecisionBody, Why, json, micros, signed};
use super::shared::{self, Texts};
use super::turns::TurnBody;
use super::writer::Unit;
use super::{inbox, unknown_tenant};

/// Entries ready to be written after the number `expected`.
pub(super) struct Record {
    tenant: TenantId,
    expected: i64,
    revision: Option<i64>,
    settled: BTreeMap<i64, i64>,
    people: People,
    log: Vec<LogRow>,
    decisions: Vec<DecisionColumns>,
    /// Words of decisions; the person is a place in `people` until the unit is written.
    words: Vec<(usize, Kind, i64, String)>,
    statuses: BTreeMap<String, String>,
    rotations: BTreeMap<String, String>,
    counters: Changes,
    /// Large texts that the decisions name. Those that are known to be written may be left out.
    pub(super) shared: Texts,
    effects: Vec<QueuedEffect>,
}

impl Record {
    /// Makes rows of entries.
    pub(super) fn new(tenant: TenantId, seed: &Seed, expected: u64, entries: Vec<Entry>) -> Result<Self, StoreError> {
        let mut record = Self {
            tenant,
            expected: signed(expected),
            revision: None,
            settled: BTreeMap::new(),
            people: People::default(),
            log: Vec::with_capacity(entries.len()),
            decisions: Vec::new(),
            words: Vec::new(),
            statuses: BTreeMap::new(),
            rotations: BTreeMap::new(),
            counters: Changes::new(),
            shared: Texts::new(),
            effects: Vec::new(),
        };
        for (seq, entry) in (record.expected.saturating_add(1)..).zip(entries) {
            record.add(seed, seq, entry)?;
        }
        Ok(record)
    }

    fn add(&mut self, seed: &Seed, seq: i64, entry: Entry) -> Result<(), StoreError> {
        let row = format_args!("entry {seq} of `{}`", self.tenant).to_string();
        let at = micros(entry.at);
        if let Some(id) = entry.inbox {
            self.settled.entry(id).or_insert(seq);
        }
        let (kind, body) = match entry.body {
            EntryBody::Workspace { workspace, rotations } => {
                self.revision = Some(seq);
                for (pool, rotation) in rotations {
                    self.rotations.insert(pool.to_string(), json(&rotation, &row)?);
                }
                ("workspace", json(&*workspace, &row)?)
            }
            EntryBody::Rep { rep, status } => {
                self.statuses.insert(rep.to_string(), json(&status, &row)?);
                ("rep", json(&json!({"rep": rep, "status": status}), &row)?)
            }
            EntryBody::Counter { flow, name, value } => {
                let body = json(&json!({"flow": flow, "name": name, "value": value}), &row)?;
                self.counters.insert((flow, name), value);
                ("counter", body)
            }
            EntryBody::Decision(recorded) => ("decision", self.decision(seed, seq, at, *recorded)?),
        };
        self.log.push(LogRow { seq, at, kind, body });
        Ok(())
    }

    fn decision(&mut self, seed: &Seed, seq: i64, at: i64, recorded: Recorded) -> Result<String, StoreError> {
        let row = format_args!("decision {seq} of `{}`", self.tenant).to_string();
        let Recorded { mut decision, person, mut private, turn, counters, effects, stages, decide_nanos } = recorded;
        let place = self.people.place(seed, &person);
        let why = Why::take(&mut decision, &person);
        self.words.push((place, Kind::Why, seq, json(&why, &row)?));
        let answers;
        (private.transcript, answers) = share(&private.transcript);
        self.shared.extend(answers);
        self.words.push((place, Kind::Lead, seq, json(&private, &row)?));
        let turn = match turn {
            Some((turn, rotation)) => {
                // A later state of the same pool replaces an earlier one.
                self.rotations.insert(turn.pool.to_string(), json(&rotation, &row)?);
                Some(TurnBody::new(turn, &mut self.shared, &row)?)
            }
            None => None,
        };
        let counters: Vec<CounterBody> =
            counters.into_iter().map(|(flow, name, value)| CounterBody { flow, name, value }).collect();
        let changes = counters.iter().map(|now| ((now.flow.clone(), now.name.clone()), Some(now.value)));
        self.counters.extend(changes);
        for (effect, with_owner) in lanes::with_owners(effects) {
            self.effects.push(QueuedEffect::new(&effect, with_owner, seq, place, at)?);
        }
        self.decisions.push(DecisionColumns {
            seq,
            id: decision.id.to_string(),
            lead: decision.lead.to_string(),
            person: place,
            at: micros(decision.at),
            joinable: is_joinable(&decision),
            decide_nanos: signed(decide_nanos),
            stages,
        });
        json(&DecisionBody { decision, turn, counters }, &row)
    }

    /// Moves the log on; a conflict if it does not stand where it was expected.
    async fn advance(&self, connection: &mut SqliteConnection) -> Result<(), Failure> {
        let moved = sqlx::query(
            "UPDATE tenants SET seq = seq + ?, revision = coalesce(?, revision) WHERE tenant = ? AND seq = ?",
        )
        .bind(i64::try_from(self.log.len()).unwrap_or(i64::MAX))
        .bind(self.revision)
        .bind(self.tenant.as_str())
        .bind(self.expected)
        .execute(&mut *connection)
        .await?;
        if moved.rows_affected() == 0 {
            return Err(self.conflict(connection).await?);
        }
        Ok(())
    }

    async fn conflict(&self, connection: &mut SqliteConnection) -> Result<Failure, sqlx::Error> {
        let seq: Option<i64> = sqlx::query_scalar("SELECT seq FROM tenants WHERE tenant = ?")
            .bind(self.tenant.as_str())
            .fetch_optional(connection)
            .await?;
        Ok(Failure::Store(match seq {
            Some(seq) => StoreError::Conflict { tenant: self.tenant.clone(), seq: super::rows::unsigned(seq) },
            None => unknown_tenant(&self.tenant),
        }))
    }
}

#[async_trait]
impl Unit for Record {
    type Answer = ();

    fn weight(&self) -> usize {
        self.log.len() + 4 * self.decisions.len() + 3 * self.effects.len() + self.counters.len() + self.shared.len()
    }

    async fn write(self, connection: &mut SqliteConnection) -> Result<(), Failure> {
        self.advance(connection).await?;
        if !inbox::settle(connection, &self.tenant, &self.settled).await? {
            // What this unit moved is undone with it, so the log stands where it stood.
            let tenant = self.tenant.clone();
            return Err(StoreError::Conflict { tenant, seq: super::rows::unsigned(self.expected) }.into());
        }
        let numbers = self.people.numbers(connection, &self.tenant).await?;
        shared::write(connection, &self.tenant, &self.shared).await?;
        log::append(connection, &self.tenant, &self.log).await?;
        log::decisions(connection, &self.tenant, &self.decisions, &numbers).await?;
        let words: Vec<PrivateRow> = self
            .words
            .into_iter()
            .map(|(place, kind, reference, body)| PrivateRow { person: numbers[place], kind, reference, body })
            .collect();
        private::write(connection, &words).await?;
        log::latest(connection, &self.tenant, LATEST_STATUS, &self.statuses).await?;
        log::latest(connection, &self.tenant, LATEST_ROTATION, &self.rotations).await?;
        counters::change(connection, &self.tenant, &self.counters).await?;
        lanes::enqueue(connection, &self.tenant, self.effects, &numbers).await?;
        Ok(())
    }
}

const LATEST_STATUS: [&str; 2] = [
    "INSERT INTO rep_statuses (tenant, rep, status) ",
    " ON CONFLICT (tenant, rep) DO UPDATE SET status = excluded.status",
];

const LATEST_ROTATION: [&str; 2] =
    ["INSERT INTO rotations (tenant, pool, body) ", " ON CONFLICT (tenant, pool) DO UPDATE SET body = excluded.body"];
