//! Calls in the inbox: written with the entry that answers them, and found again by their key.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use rota_domain::decision::Apply;
use rota_domain::id::{Seed, TenantId};
use rota_flow::ports::{Earlier, Keyed, Private};
use sqlx::QueryBuilder;

use super::dialect::{self, Db, Pool};
use super::failure::Failure;
use super::keys::TenantKeys;
use super::lookups::Lookup;
use super::people::{KeyDigest, digest};
use super::private::{self, Kind};
use super::rows::{DecisionRow, micros, signed, unreadable};

/// A call as its row has it. Its key and what it asked may be anybody's words, so both are kept
/// as digests that nobody else can repeat.
pub(super) struct CallRow {
    key: KeyDigest,
    asked: KeyDigest,
    received: i64,
    entry: i64,
}

impl CallRow {
    /// The row of a call that is answered by the entry of this number.
    pub(super) fn new(seed: &Seed, call: &Keyed, entry: i64) -> Self {
        let (key, asked) = digests(seed, call);
        Self { key, asked, received: micros(call.received), entry }
    }
}

/// The digests of a call's key and of what it asks.
pub(super) fn digests(seed: &Seed, call: &Keyed) -> (KeyDigest, KeyDigest) {
    (digest(seed, "call", &call.key), digest(seed, "asked", call.asked.as_str()))
}

/// Finds calls: the digest of what they asked, and the entry that answered it, if one did.
pub(super) type CallLookup = Lookup<Option<KeyDigest>, Option<i64>>;

/// How calls are found.
pub(super) const FIND: &str = "SELECT asked.n, inbox.asked, inbox.entry FROM asked
    JOIN inbox ON inbox.tenant = asked.tenant AND inbox.dedupe_key = asked.digest";

/// Puts down the statement that writes calls; a key that is there already is left out.
pub(super) fn insert(sql: &mut QueryBuilder<Db>, calls: &[(&TenantId, &CallRow)]) {
    sql.push("INSERT INTO inbox (tenant, dedupe_key, occurred, received, asked, entry) ");
    dialect::values(sql, calls, |values, (tenant, call)| {
        values
            .push_bind(tenant.as_str())
            .push_bind(call.key.as_slice())
            .push_bind(call.received)
            .push_bind(call.received)
            .push_bind(call.asked.as_slice())
            .push_bind(call.entry);
    });
    sql.push(" ON CONFLICT (tenant, dedupe_key) DO NOTHING");
}

/// What became of each of these keys before.
pub(super) async fn read(
    readers: &Pool,
    lookup: &CallLookup,
    keys: &TenantKeys,
    calls: &[Keyed],
) -> Result<Vec<Option<Earlier>>, Failure> {
    let asked: Vec<(KeyDigest, KeyDigest)> = calls.iter().map(|call| digests(&keys.seed, call)).collect();
    let found = lookup.find(&keys.tenant, asked.iter().map(|(key, _)| key.clone()).collect()).await?;
    let mut answers: HashMap<i64, Earlier> = HashMap::new();
    let mut earlier = Vec::with_capacity(asked.len());
    for (key, question) in &asked {
        earlier.push(match found.get(key) {
            None => None,
            Some((asked, _)) if asked.as_ref() != Some(question) => Some(Earlier::OtherQuestion),
            Some((_, None)) => Some(Earlier::Waiting),
            Some((_, Some(entry))) => Some(match answers.entry(*entry) {
                Entry::Occupied(read) => read.get().clone(),
                Entry::Vacant(unread) => unread.insert(answer(readers, keys, *entry).await?).clone(),
            }),
        });
    }
    Ok(earlier)
}

/// The answer that the entry of this number gave. Of an erased person, what is left of it.
async fn answer(readers: &Pool, keys: &TenantKeys, entry: i64) -> Result<Earlier, Failure> {
    let row: Option<DecisionRow> = sqlx::query_as("SELECT * FROM decision_rows WHERE tenant = $1 AND seq = $2")
        .bind(keys.tenant.as_str())
        .bind(entry)
        .fetch_optional(readers)
        .await?;
    let name = format_args!("decision {entry} of `{}`", keys.tenant).to_string();
    let Some(row) = row else {
        let kind: Option<String> = sqlx::query_scalar("SELECT kind FROM log WHERE tenant = $1 AND seq = $2")
            .bind(keys.tenant.as_str())
            .bind(entry)
            .fetch_optional(readers)
            .await?;
        return match kind.as_deref() {
            Some("erased") => Ok(Earlier::Erased),
            Some("lapsed") => Ok(Earlier::Late),
            _ => Err(unreadable(&name, "it is not in the log").into()),
        };
    };
    let person = row.person;
    let read = row.read(keys)?;
    let (stored, known) = (read.stored, read.known);
    let acts = match known.filter(|_| stored.decision.apply == Apply::Caller) {
        Some(known) => {
            let body: Option<Vec<u8>> =
                sqlx::query_scalar("SELECT body FROM private WHERE person = $1 AND kind = 'lead' AND ref = $2")
                    .bind(person)
                    .bind(signed(stored.seq))
                    .fetch_optional(readers)
                    .await?;
            let opened =
                |body: Vec<u8>| private::value::<Private>(keys, &known, Kind::Lead, &entry.to_be_bytes(), &body, &name);
            body.map(opened).transpose()?.map(|private| private.acts).unwrap_or_default()
        }
        None => Vec::new(),
    };
    Ok(Earlier::Answered(Box::new(stored.decision), acts))
}
