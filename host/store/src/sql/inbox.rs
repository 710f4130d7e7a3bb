//! The inbox: arrivals are stored once each, wait in order, and are settled by the log.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use rota_domain::id::TenantId;
use rota_domain::person::PersonKey;
use rota_flow::ports::{Accepted, Arrival, Payload, Posted, StoreError, Waiting};
use sqlx::{FromRow, QueryBuilder, Row as _};

use super::answered;
use super::dialect::{self, Connection, DbRow, Pool};
use super::failure::Failure;
use super::keys::TenantKeys;
use super::many::pieces;
use super::people::{self, KeyDigest, People, PersonLookup, digest};
use super::private::{self, Kind, PrivateRow};
use super::rows::{json, micros, parse, time, unreadable};
use super::unit::Unit;

/// Arrivals of one tenant, ready to be written.
pub(super) struct Arrivals {
    tenant: TenantId,
    rows: Vec<Row>,
    people: People,
}

struct Row {
    dedupe_key: KeyDigest,
    occurred: i64,
    received: i64,
    /// The payload, where it is not personal.
    payload: Option<String>,
    /// The person's place and the sealed payload, where it is.
    person: Option<(usize, Vec<u8>)>,
    /// What a call asked.
    asked: Option<KeyDigest>,
}

/// What is to wait, before it is a row.
struct New<'a> {
    dedupe_key: KeyDigest,
    asked: Option<KeyDigest>,
    occurred: Timestamp,
    received: Timestamp,
    payload: &'a Payload,
}

impl Arrivals {
    /// Makes rows of arrivals; who they are about is looked up.
    pub(super) async fn new(
        lookup: &PersonLookup,
        keys: Arc<TenantKeys>,
        arrivals: &[Arrival],
        now: Timestamp,
    ) -> Result<Self, Failure> {
        let new = arrivals.iter().map(|Arrival { dedupe_key, occurred, payload }| {
            let dedupe_key = digest(&keys.seed, "arrival", dedupe_key);
            New { dedupe_key, asked: None, occurred: *occurred, received: now, payload }
        });
        Self::rows(lookup, keys.clone(), new.collect()).await
    }

    /// Makes rows of calls for whoever decides.
    pub(super) async fn posted(
        lookup: &PersonLookup,
        keys: Arc<TenantKeys>,
        calls: &[Posted],
    ) -> Result<Self, Failure> {
        let new = calls.iter().map(|Posted { call, payload }| {
            let (dedupe_key, asked) = answered::digests(&keys.seed, call);
            New { dedupe_key, asked: Some(asked), occurred: call.received, received: call.received, payload }
        });
        Self::rows(lookup, keys.clone(), new.collect()).await
    }

    async fn rows(lookup: &PersonLookup, keys: Arc<TenantKeys>, all: Vec<New<'_>>) -> Result<Self, Failure> {
        let persons: Vec<Option<PersonKey>> = all.iter().map(|new| personal(new.payload)).collect();
        let people = People::meet(lookup, keys, persons.iter().flatten()).await?;
        let tenant = people.keys().tenant.clone();
        let mut rows = Vec::with_capacity(all.len());
        for (New { dedupe_key, asked, occurred, received, payload }, person) in all.into_iter().zip(&persons) {
            let payload = json(payload, format_args!("an arrival for `{tenant}`"))?;
            let place = person.as_ref().and_then(|person| people.place(person));
            let person = place.map(|place| (place, people.seal(place, Kind::Arrival, &dedupe_key, &payload)));
            rows.push(Row {
                dedupe_key,
                occurred: micros(occurred),
                received: micros(received),
                payload: person.is_none().then_some(payload),
                person,
                asked,
            });
        }
        Ok(Self { tenant, rows, people })
    }

    /// Writes those that are new; answers for each, in order.
    pub(super) async fn insert(&self, connection: &mut Connection) -> Result<Vec<Accepted>, Failure> {
        dialect::beside(connection, &[self.tenant.as_str()]).await?;
        let numbers = people::numbers(connection, &[&self.people]).await?.remove(0);
        let mut ids: HashMap<KeyDigest, i64> = HashMap::new();
        for piece in pieces(&self.rows) {
            let mut sql = QueryBuilder::new(
                "INSERT INTO inbox (tenant, dedupe_key, occurred, received, payload, person, asked) ",
            );
            dialect::values(&mut sql, piece, |values, row| {
                values
                    .push_bind(self.tenant.as_str())
                    .push_bind(row.dedupe_key.as_slice())
                    .push_bind(row.occurred)
                    .push_bind(row.received)
                    .push_bind(row.payload.as_deref())
                    .push_bind(row.person.as_ref().map(|(place, _)| numbers[*place]))
                    .push_bind(row.asked.as_deref());
            });
            sql.push(" ON CONFLICT (tenant, dedupe_key) DO NOTHING RETURNING dedupe_key, id");
            let new: Vec<(KeyDigest, i64)> = sql.build_query_as().fetch_all(&mut *connection).await?;
            ids.extend(new);
        }
        let mut answers = Vec::with_capacity(self.rows.len());
        let mut leads = Vec::new();
        for row in &self.rows {
            // The first of several with one key is the new one.
            let Some(id) = ids.remove(&row.dedupe_key) else {
                answers.push(Accepted::Duplicate);
                continue;
            };
            answers.push(Accepted::New);
            if let Some((place, body)) = &row.person {
                leads.push(PrivateRow { person: numbers[*place], kind: Kind::Arrival, reference: id, body });
            }
        }
        private::write(connection, &leads).await?;
        Ok(answers)
    }
}

#[async_trait]
impl Unit for Arrivals {
    type Answer = Vec<Accepted>;

    fn weight(&self) -> usize {
        self.rows.len()
    }

    async fn write(&self, connection: &mut Connection) -> Result<Vec<Accepted>, Failure> {
        self.insert(connection).await
    }
}

/// Settles waiting rows by id, each by a log entry; false if one of them does not wait. Leads
/// that came with everything are dropped: the decision keeps the lead.
pub(super) async fn settle(
    connection: &mut Connection,
    entries: &[(&TenantId, i64, i64)],
) -> Result<bool, sqlx::Error> {
    for piece in pieces(entries) {
        let mut sql = QueryBuilder::new("WITH settled (tenant, id, entry) AS (");
        dialect::values(&mut sql, piece, |values, (tenant, id, entry)| {
            values.push_bind(tenant.as_str()).push_bind(*id).push_bind(*entry);
        });
        sql.push(") UPDATE inbox SET entry = settled.entry FROM settled");
        sql.push(" WHERE inbox.id = settled.id AND inbox.entry IS NULL AND inbox.tenant = settled.tenant");
        sql.push(" RETURNING inbox.person, inbox.id");
        let rows: Vec<(Option<i64>, i64)> = sql.build_query_as().fetch_all(&mut *connection).await?;
        if rows.len() < piece.len() {
            return Ok(false);
        }
        let leads: Vec<(i64, i64)> = rows.into_iter().filter_map(|(person, id)| Some((person?, id))).collect();
        private::remove(connection, Kind::Arrival, &leads).await?;
    }
    Ok(true)
}

/// What waits for a tenant, whose name is to follow. Leads of erased persons wait for nothing
/// any more.
pub(super) const WAITING: &str = "inbox
    LEFT JOIN private AS lead
      ON lead.person = inbox.person AND lead.kind = 'arrival' AND lead.ref = inbox.id
    LEFT JOIN people ON people.person = inbox.person
    WHERE inbox.entry IS NULL AND (inbox.payload IS NOT NULL OR lead.body IS NOT NULL) AND inbox.tenant = ";

/// Arrivals that wait, and the ids of those that cannot be read, with the reason.
#[derive(Default)]
pub(super) struct Page {
    pub(super) waiting: Vec<Waiting>,
    pub(super) unreadable: Vec<(i64, StoreError)>,
}

/// The oldest that wait after this id. Those that cannot be read do not count; whether they
/// can is `sure` once keys were read anew.
pub(super) async fn waiting(
    readers: &Pool,
    keys: &TenantKeys,
    mut after: i64,
    limit: u32,
    sure: bool,
) -> Result<Page, Failure> {
    let mut page = Page::default();
    let mut wanted = limit;
    loop {
        let rows = rows(readers, &keys.tenant, after, wanted).await?;
        let more = u32::try_from(rows.len()).is_ok_and(|number| number == wanted);
        for row in rows {
            after = row.id;
            match read(row, keys) {
                Ok(waiting) => page.waiting.push(waiting),
                Err(Failure::OtherKey) if !sure => return Err(Failure::OtherKey),
                Err(failure) => page.unreadable.push((after, failure.of("of this host"))),
            }
        }
        wanted = limit.saturating_sub(u32::try_from(page.waiting.len()).unwrap_or(u32::MAX));
        if !more || wanted == 0 {
            return Ok(page);
        }
    }
}

struct Columns {
    id: i64,
    occurred: i64,
    received: i64,
    dedupe_key: KeyDigest,
    payload: Option<String>,
    body: Option<Vec<u8>>,
    person: Option<i64>,
    key_digest: Option<KeyDigest>,
    key: Option<Vec<u8>>,
}

impl FromRow<'_, DbRow> for Columns {
    fn from_row(row: &DbRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            occurred: row.try_get("occurred")?,
            received: row.try_get("received")?,
            dedupe_key: row.try_get("dedupe_key")?,
            payload: row.try_get("payload")?,
            body: row.try_get("body")?,
            person: row.try_get("person")?,
            key_digest: row.try_get("key_digest")?,
            key: row.try_get("key")?,
        })
    }
}

async fn rows(readers: &Pool, tenant: &TenantId, after: i64, limit: u32) -> Result<Vec<Columns>, sqlx::Error> {
    let mut sql = QueryBuilder::new(
        "SELECT inbox.id, inbox.occurred, inbox.received, inbox.dedupe_key, inbox.payload, lead.body, \
         people.person, people.key_digest, people.key FROM ",
    );
    sql.push(WAITING).push_bind(tenant.as_str());
    sql.push(" AND inbox.id > ").push_bind(after).push(" ORDER BY inbox.id LIMIT ").push_bind(i64::from(limit));
    sql.build_query_as().fetch_all(readers).await
}

fn read(columns: Columns, keys: &TenantKeys) -> Result<Waiting, Failure> {
    let Columns { id, occurred, received, dedupe_key, payload, body, person, key_digest, key } = columns;
    let row = format_args!("arrival {id} of `{}`", keys.tenant).to_string();
    let payload: Payload = match (payload, body, person.zip(key_digest).zip(key)) {
        (Some(text), ..) => parse(&text, &row)?,
        (None, Some(body), Some(((number, digest), sealed))) => {
            let person = private::person(keys, &(number, digest, sealed), &row)?;
            private::value(keys, &person, Kind::Arrival, &dedupe_key, &body, &row)?
        }
        (None, ..) => return Err(unreadable(&row, "it has no payload").into()),
    };
    Ok(Waiting { id, occurred: time(occurred, &row)?, received: time(received, &row)?, payload })
}

/// Whom a payload tells of, where it tells anything personal.
fn personal(payload: &Payload) -> Option<PersonKey> {
    match payload.subject() {
        Payload::Lead { lead, .. } => Some(PersonKey::of(lead)),
        _ => None,
    }
}
