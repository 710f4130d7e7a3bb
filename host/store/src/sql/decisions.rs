//! Decisions as they are written: the entry, what is looked up of it, its words, and the call
//! that it answers. They go
//! to the database in one message, since every message waits for the way there and back.

use rota_domain::id::TenantId;
use rota_domain::stages::Stages;
use sqlx::QueryBuilder;

use super::answered::{self, CallRow};
use super::dialect::{self, Connection, Db, Statements};
use super::log::{self, LogRow};
use super::many::pieces;
use super::private::{self, Kind, PrivateRow};
use super::rows::micros;

/// One decision.
pub(super) struct DecisionRows {
    pub(super) entry: LogRow,
    pub(super) columns: DecisionColumns,
    /// Sealed for the person.
    pub(super) words: [(Kind, Vec<u8>); 2],
    /// The call that it answers, which becomes a row of the inbox only now.
    pub(super) call: Option<CallRow>,
}

/// What is looked up of a decision. The person is a place among the unit's.
pub(super) struct DecisionColumns {
    pub(super) id: String,
    pub(super) lead: String,
    pub(super) person: usize,
    pub(super) at: i64,
    pub(super) joinable: bool,
    pub(super) decide_nanos: i64,
    /// Whether it put the lead into a queue.
    pub(super) unassigned: bool,
    /// By when the rep should have responded, where an owner is to be confirmed.
    pub(super) due: Option<i64>,
    pub(super) stages: Stages,
}

/// A decision with its tenant and the number of its person.
pub(super) type Placed<'a> = (&'a TenantId, &'a DecisionRows, i64);

/// Writes decisions; false if one of them answers a call whose key is there already.
pub(super) async fn write(connection: &mut Connection, decisions: Vec<Placed<'_>>) -> Result<bool, sqlx::Error> {
    let (called, others): (Vec<_>, Vec<_>) = decisions.into_iter().partition(|(_, rows, _)| rows.call.is_some());
    for piece in pieces(&called).chain(pieces(&others)) {
        let mut statements = Statements::default();
        let rows = insert(&mut statements, piece);
        let written = statements.execute(connection).await?;
        if usize::try_from(written) != Ok(rows) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Puts down the statements that write these, which answer calls, all or none; gives the
/// number of their rows.
fn insert(sql: &mut Statements, piece: &[Placed<'_>]) -> usize {
    let entries: Vec<_> = piece.iter().map(|(tenant, rows, _)| (*tenant, &rows.entry)).collect();
    log::insert(sql.next(), &entries);
    columns(sql.next(), piece);
    let words: Vec<_> = piece.iter().flat_map(words).collect();
    private::insert(sql.next(), &words);
    let calls: Vec<_> = piece.iter().filter_map(|(tenant, rows, _)| Some((*tenant, rows.call.as_ref()?))).collect();
    if !calls.is_empty() {
        answered::insert(sql.next(), &calls);
    }
    entries.len() + piece.len() + words.len() + calls.len()
}

fn columns(sql: &mut QueryBuilder<Db>, piece: &[Placed<'_>]) {
    sql.push(
        "INSERT INTO decisions (tenant, seq, id, lead, person, at, joinable, decide_nanos, unassigned, due, \
         occurred, received, enriched, decided, owner_confirmed, notified) ",
    );
    dialect::values(sql, piece, |values, (tenant, DecisionRows { entry, columns, .. }, person)| {
        let Stages { occurred, received, enriched, decided, owner_confirmed, notified } = columns.stages;
        values
            .push_bind(tenant.as_str())
            .push_bind(entry.seq)
            .push_bind(columns.id.as_str())
            .push_bind(columns.lead.as_str())
            .push_bind(*person)
            .push_bind(columns.at)
            .push_bind(i64::from(columns.joinable))
            .push_bind(columns.decide_nanos)
            .push_bind(i64::from(columns.unassigned))
            .push_bind(columns.due);
        for time in [occurred, received, enriched, decided, owner_confirmed, notified] {
            values.push_bind(time.map(micros));
        }
    });
}

fn words<'a>((_, rows, person): &Placed<'a>) -> impl Iterator<Item = PrivateRow<'a>> {
    let (person, reference) = (*person, rows.entry.seq);
    rows.words.iter().map(move |(kind, body)| PrivateRow { person, kind: *kind, reference, body })
}
