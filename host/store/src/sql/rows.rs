//! What stands in columns, as domain values; no row's shape is known outside this file's
//! callers, and nothing that cannot be read is guessed.

use std::fmt::Display;
use std::sync::Arc;

use jiff::Timestamp;
use rota_domain::decision::Decision;
use rota_domain::id::{DecisionId, Digest, FlowId, LeadId, TenantId};
use rota_domain::person::PersonKey;
use rota_domain::stages::Stages;
use rota_domain::table::RowChange;
use rota_flow::ports::{Erasure, LaneState, OutboxRow, StoreError, Stored};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sqlx::{FromRow, Row as _};

use super::dialect::DbRow;
use super::failure::Failure;
use super::keys::{Person, TenantKeys};
use super::private::{self, Kind, PersonColumns};
use super::turns::{Lists, TurnBody};

/// What stands where an erased person's words stood.
const ERASED: &str = "erased";

/// What stands for words that were kept as long as the tenant's plan says.
const PAST: &str = "no longer kept";

/// A time as a column holds it.
pub(super) fn micros(time: Timestamp) -> i64 {
    time.as_microsecond()
}

/// A column's time.
pub(super) fn time(micros: i64, row: impl Display) -> Result<Timestamp, StoreError> {
    Timestamp::from_microsecond(micros).map_err(|error| unreadable(row, error))
}

/// A number as a column holds it. Ours stay far below the largest.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A column's number, which is never negative.
pub(super) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// A value as a column holds it.
pub(super) fn json(value: &impl Serialize, row: impl Display) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| unreadable(row, error))
}

/// A column's value.
pub(super) fn parse<T: DeserializeOwned>(text: &str, row: impl Display) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| unreadable(row, error))
}

/// An effect's row in the outbox, as errors name it: so that a person can retry or drop it.
pub(super) fn effect_row(effect: &str, tenant: &TenantId) -> String {
    format!("effect `{effect}` in the outbox of `{tenant}`")
}

/// This row cannot be read.
pub(super) fn unreadable(row: impl Display, detail: impl Display) -> StoreError {
    StoreError::Inconsistent { what: row.to_string(), detail: detail.to_string() }
}

/// The body of a decision's log entry. The words of its reason are not in it.
#[derive(Serialize, Deserialize)]
pub(super) struct DecisionBody {
    pub(super) decision: Decision,
    pub(super) turn: Option<TurnBody>,
    /// What counters it changed, so that they can be worked out again from the log.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) counters: Vec<CounterBody>,
    /// And what rows of dated tables.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) rows: Vec<RowChange>,
}

/// What a decision made of a flow's counter.
#[derive(Serialize, Deserialize)]
pub(super) struct CounterBody {
    pub(super) flow: FlowId,
    pub(super) name: String,
    pub(super) value: i32,
}

/// The private words of a decision.
#[derive(Serialize, Deserialize)]
pub(super) struct Why {
    pub(super) person: PersonText,
    pub(super) detail: String,
    pub(super) error: Option<String>,
}

/// What identifies a person.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct PersonText(pub(super) String);

impl Why {
    /// Takes the words out of a decision.
    pub(super) fn take(decision: &mut Decision, person: &PersonKey) -> Self {
        Self {
            person: PersonText(person.as_str().into()),
            detail: std::mem::take(&mut decision.reason.detail),
            error: decision.error_detail.as_mut().map(std::mem::take),
        }
    }

    /// Puts them back, and says whose they are; of an erased person, and of what was
    /// kept long enough, nothing is known.
    fn put_back(why: Option<Self>, erased: bool, decision: &mut Decision) -> Option<PersonKey> {
        let erased = || if erased { ERASED } else { PAST }.to_owned();
        let Some(why) = why else {
            decision.reason.detail = erased();
            decision.error_detail = decision.error_detail.take().map(|_| erased());
            return None;
        };
        decision.reason.detail = why.detail;
        decision.error_detail = why.error;
        Some(PersonKey::from_text(why.person.0))
    }
}

/// A row of the view `decision_rows`.
pub(super) struct DecisionRow {
    seq: i64,
    pub(super) person: i64,
    body: String,
    why: Option<Vec<u8>>,
    key: Option<(Vec<u8>, Vec<u8>)>,
    erased: Option<(i64, String)>,
    decide_nanos: i64,
    stages: [Option<i64>; 6],
}

impl<'r> FromRow<'r, DbRow> for DecisionRow {
    fn from_row(row: &'r DbRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            seq: row.try_get("seq")?,
            person: row.try_get("person")?,
            body: row.try_get("body")?,
            why: row.try_get("why")?,
            key: row.try_get::<Option<Vec<u8>>, _>("person_digest")?.zip(row.try_get("person_key")?),
            erased: row.try_get::<Option<i64>, _>("erased")?.zip(row.try_get("erased_by")?),
            decide_nanos: row.try_get("decide_nanos")?,
            stages: [
                row.try_get("occurred")?,
                row.try_get("received")?,
                row.try_get("enriched")?,
                row.try_get("decided")?,
                row.try_get("owner_confirmed")?,
                row.try_get("notified")?,
            ],
        })
    }
}

impl DecisionRow {
    /// The row, read but for what stands elsewhere.
    pub(super) fn read(self, keys: &TenantKeys) -> Result<DecisionRead, Failure> {
        let row = format_args!("decision {} of `{}`", self.seq, keys.tenant).to_string();
        let DecisionBody { mut decision, turn, counters: _, rows: _ } = parse(&self.body, &row)?;
        let known =
            self.key.map(|(digest, key)| private::person(keys, &(self.person, digest, key), &row)).transpose()?;
        let why = match (&known, self.why) {
            (Some(known), Some(why)) => {
                Some(private::value::<Why>(keys, known, Kind::Why, &self.seq.to_be_bytes(), &why, &row)?)
            }
            _ => None,
        };
        let person = Why::put_back(why, self.erased.is_some(), &mut decision);
        let erased =
            self.erased.map(|(at, who)| Ok::<_, StoreError>(Erasure { at: time(at, &row)?, who })).transpose()?;
        let mut times = [None; 6];
        for (time_of, column) in times.iter_mut().zip(self.stages) {
            *time_of = column.map(|micros| time(micros, &row)).transpose()?;
        }
        let [occurred, received, enriched, decided, owner_confirmed, notified] = times;
        let stages = Stages { occurred, received, enriched, decided, owner_confirmed, notified };
        let decide_nanos = unsigned(self.decide_nanos);
        let stored = Stored { seq: unsigned(self.seq), decision, turn: None, stages, decide_nanos };
        Ok(DecisionRead { stored, person, known, erased, turn, row })
    }
}

/// A decision that is read but for its turn.
pub(super) struct DecisionRead {
    /// The decision, without its turn.
    pub(super) stored: Stored,
    /// Whose it is, unless they were erased.
    pub(super) person: Option<PersonKey>,
    /// Their key, unless they were erased.
    pub(super) known: Option<Arc<Person>>,
    /// Their erasure.
    pub(super) erased: Option<Erasure>,
    turn: Option<TurnBody>,
    row: String,
}

impl DecisionRead {
    /// The digest of a list that its turn names.
    pub(super) fn named(&self) -> Option<&Digest> {
        self.turn.as_ref().and_then(TurnBody::named)
    }

    /// The decision whole, with lists that were read for it.
    pub(super) fn whole(mut self, lists: &Lists) -> Result<Stored, StoreError> {
        self.stored.turn = self.turn.map(|turn| turn.whole(lists, &self.row)).transpose()?;
        Ok(self.stored)
    }
}

/// A row of the view `outbox_rows`.
pub(super) struct EffectRow {
    effect: String,
    body: Vec<u8>,
    person: PersonColumns,
    decision: String,
    lead: String,
    state: String,
    attempts: i64,
    at: i64,
    note: Option<String>,
    cause: Option<Vec<u8>>,
}

impl<'r> FromRow<'r, DbRow> for EffectRow {
    fn from_row(row: &'r DbRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            effect: row.try_get("effect")?,
            body: row.try_get("body")?,
            person: (row.try_get("person")?, row.try_get("person_digest")?, row.try_get("person_key")?),
            decision: row.try_get("decision_id")?,
            lead: row.try_get("lead")?,
            state: row.try_get("state")?,
            attempts: row.try_get("attempts")?,
            at: row.try_get("at")?,
            note: row.try_get("note")?,
            cause: row.try_get("cause")?,
        })
    }
}

impl EffectRow {
    /// The effect on its way.
    pub(super) fn read(self, keys: &TenantKeys) -> Result<OutboxRow, Failure> {
        let row = effect_row(&self.effect, &keys.tenant);
        let (person, effect) = (private::person(keys, &self.person, &row)?, self.effect.as_bytes());
        let open = |cause: Vec<u8>| private::text(keys, &person, Kind::Cause, effect, &cause, &row);
        let cause = self.cause.map(open).transpose()?;
        let state = LaneState::named(&self.state)
            .ok_or_else(|| unreadable(&row, format_args!("`{}` is no state", self.state)))?;
        Ok(OutboxRow {
            tenant: keys.tenant.clone(),
            effect: private::value(keys, &person, Kind::Effect, effect, &self.body, &row)?,
            decision: DecisionId::from(self.decision),
            lead: LeadId::from(self.lead),
            state,
            attempts: u32::try_from(self.attempts).unwrap_or(u32::MAX),
            // What was delivered at last failed for no reason.
            cause: if state == LaneState::Done { None } else { self.note.or(cause) },
            at: time(self.at, &row)?,
        })
    }
}
