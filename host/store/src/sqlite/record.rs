//! Entries of a tenant's log, with everything that commits with them.
//!
//! Rows are made in the caller's task, so that the writer only binds and steps; `records`
//! writes them.

use std::collections::BTreeMap;

use async_trait::async_trait;
use rota_domain::id::{Seed, TenantId};
use rota_domain::transcript::shared::share;
use rota_flow::decide::is_joinable;
use rota_flow::ports::{Entry, EntryBody, Recorded, StoreError};
use serde_json::json;
use sqlx::SqliteConnection;

use super::counters::Changes;
use super::failure::Failure;
use super::lanes::{self, QueuedEffect};
use super::log::{DecisionColumns, LogRow};
use super::people::People;
use super::private::Kind;
use super::records;
use super::rows::{CounterBody, DecisionBody, Why, json, micros, signed};
use super::shared::Texts;
use super::turns::TurnBody;
use super::writer::Unit;

/// Entries ready to be written after the number `expected`.
pub(super) struct Record {
    pub(super) tenant: TenantId,
    pub(super) expected: i64,
    pub(super) revision: Option<i64>,
    /// Rows of the inbox, each with the entry that settles it.
    pub(super) settled: BTreeMap<i64, i64>,
    pub(super) people: People,
    pub(super) log: Vec<LogRow>,
    pub(super) decisions: Vec<DecisionColumns>,
    /// Words of decisions; the person is a place in `people` until the unit is written.
    pub(super) words: Vec<(usize, Kind, i64, String)>,
    pub(super) statuses: BTreeMap<String, String>,
    pub(super) rotations: BTreeMap<String, String>,
    pub(super) counters: Changes,
    /// Large texts that the decisions name. Those that are known to be written may be left out.
    pub(super) shared: Texts,
    pub(super) effects: Vec<QueuedEffect>,
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
        for placed in lanes::placed(effects) {
            self.effects.push(QueuedEffect::new(&placed, seq, place, at)?);
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
}

#[async_trait]
impl Unit for Record {
    type Answer = ();

    fn weight(&self) -> usize {
        let states = self.counters.len() + self.shared.len();
        self.log.len() + 4 * self.decisions.len() + 3 * self.effects.len() + states
    }

    async fn write(self, connection: &mut SqliteConnection) -> Result<(), Failure> {
        records::write(connection, &[&self]).await
    }
}
