//! The one table with personal text, sealed under the person's key. Whoever writes such a
//! text writes it through here.

use std::fmt::Display;

use rota_flow::ports::StoreError;
use serde::de::DeserializeOwned;
use sqlx::QueryBuilder;

use super::dialect::{self, Connection, Db};
use super::failure::Failure;
use super::keys::{Person, TenantKeys};
use super::many::pieces;
use super::rows::unreadable;
use crate::sealing::{Key, pack, unpack};

/// What a private row is about, and so what its `ref` counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The person's key and the words of a decision's reason.
    Why,
    /// The lead, transcript, notes and log of a decision.
    Lead,
    /// A whole effect.
    Effect,
    /// What a CRM said of an effect.
    Cause,
    /// A lead that waits in the inbox.
    Arrival,
}

impl Kind {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Why => "why",
            Self::Lead => "lead",
            Self::Effect => "effect",
            Self::Cause => "cause",
            Self::Arrival => "arrival",
        }
    }
}

/// One private row. Its body is sealed for what it is about: the number of a decision, the
/// name of an effect, the digest of an arrival's key. The numbers of effects and arrivals are
/// not known yet when it is sealed, and those names are theirs alone.
pub(super) struct PrivateRow<'a> {
    pub(super) person: i64,
    pub(super) kind: Kind,
    pub(super) reference: i64,
    pub(super) body: &'a [u8],
}

/// Writes private rows; one that is there already is replaced.
pub(super) async fn write(connection: &mut Connection, rows: &[PrivateRow<'_>]) -> Result<(), sqlx::Error> {
    for piece in pieces(rows) {
        let mut sql = QueryBuilder::new("");
        insert(&mut sql, piece);
        sql.build().execute(&mut *connection).await?;
    }
    Ok(())
}

/// Puts down the statement that writes these rows.
pub(super) fn insert(sql: &mut QueryBuilder<Db>, rows: &[PrivateRow<'_>]) {
    sql.push("INSERT INTO private (person, kind, ref, body) ");
    dialect::values(sql, rows, |values, row| {
        values.push_bind(row.person).push_bind(row.kind.as_str()).push_bind(row.reference).push_bind(row.body);
    });
    sql.push(" ON CONFLICT (person, kind, ref) DO UPDATE SET body = excluded.body");
}

/// Removes private rows of one kind, given by person and `ref`.
pub(super) async fn remove(connection: &mut Connection, kind: Kind, rows: &[(i64, i64)]) -> Result<(), sqlx::Error> {
    for piece in pieces(rows) {
        let mut sql = QueryBuilder::new("DELETE FROM private WHERE (person, kind, ref) IN (");
        dialect::values(&mut sql, piece, |values, (person, reference)| {
            values.push_bind(*person).push_bind(kind.as_str()).push_bind(*reference);
        });
        sql.push(")").build().execute(&mut *connection).await?;
    }
    Ok(())
}

/// A person's columns, as they stand beside a private row: number, digest and sealed key.
pub(super) type PersonColumns = (i64, Vec<u8>, Vec<u8>);

/// The person of these columns.
pub(super) fn person(
    keys: &TenantKeys,
    (number, digest, sealed): &PersonColumns,
    row: impl Display,
) -> Result<std::sync::Arc<Person>, Failure> {
    keys.person(*number, digest, sealed).map_err(|why| Failure::sealed(why, row))
}

/// A private body, sealed for what it is about.
pub(super) fn seal(keys: &TenantKeys, key: &Key, kind: Kind, reference: &[u8], text: &str) -> Vec<u8> {
    keys.seal(key, kind.as_str(), reference, &pack(text.as_bytes()))
}

/// A private body, opened as text.
pub(super) fn text(
    keys: &TenantKeys,
    person: &Person,
    kind: Kind,
    reference: &[u8],
    body: &[u8],
    row: impl Display,
) -> Result<String, Failure> {
    let opened = open(keys, person, kind, reference, body, &row)?;
    String::from_utf8(opened).map_err(|_| unreadable(row, "its private row is no text").into())
}

/// A private body, opened and read. Errors say where it fails, and not what stands there.
pub(super) fn value<T: DeserializeOwned>(
    keys: &TenantKeys,
    person: &Person,
    kind: Kind,
    reference: &[u8],
    body: &[u8],
    row: impl Display,
) -> Result<T, Failure> {
    let opened = open(keys, person, kind, reference, body, &row)?;
    let parsed = serde_json::from_slice(&opened);
    parsed.map_err(|error| {
        let what = format_args!("{:?} error at column {} of its private row", error.classify(), error.column());
        unreadable(row, what).into()
    })
}

fn open(
    keys: &TenantKeys,
    person: &Person,
    kind: Kind,
    reference: &[u8],
    body: &[u8],
    row: impl Display,
) -> Result<Vec<u8>, StoreError> {
    let opened = keys.open(&person.key, kind.as_str(), reference, body);
    // A body under another key than its person's was moved there: no other key is right.
    let packed = opened.map_err(|_| unsealed(&row))?;
    unpack(packed).ok_or_else(|| unreadable(row, "its private row was packed in a way that this Rota does not know"))
}

fn unsealed(row: impl Display) -> StoreError {
    unreadable(row, "its private row was changed, or stood in another place, or is another person's")
}
