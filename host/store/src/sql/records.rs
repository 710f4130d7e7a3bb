//! Records of many tenants, written by the same statements: a hundred tenants with a decision
//! each cost the writer about what one tenant with a hundred costs.

use rota_domain::id::TenantId;
use rota_flow::ports::StoreError;
use sqlx::QueryBuilder;

use super::decisions::{self, Placed};
use super::dialect::{self, Connection};
use super::failure::Failure;
use super::many::pieces;
use super::record::Record;
use super::rows::unsigned;
use super::store::unknown_tenant;
use super::{added, counters, given, inbox, lanes, log, people, revisions, shared, waits};

/// Writes records, each of another tenant. Where one of them fails, the caller undoes all.
pub(super) async fn write(connection: &mut Connection, records: &[&Record]) -> Result<(), Failure> {
    advance(connection, records).await?;
    let settled = |record: &Record| record.settled.iter().map(|(id, entry)| (*id, *entry)).collect::<Vec<_>>();
    let settled: Vec<_> =
        records.iter().flat_map(|r| settled(r).into_iter().map(|(id, entry)| (&r.tenant, id, entry))).collect();
    if !inbox::settle(connection, &settled).await? {
        // What was moved is undone with it, so the log stands where it stood.
        return Err(stands(records[0], records[0].expected));
    }
    let everybody: Vec<_> = records.iter().map(|r| &r.people).collect();
    let numbers = people::numbers(connection, &everybody).await?;
    let with_numbers = || records.iter().zip(&numbers);

    shared::write(connection, &flat(records, |r| r.shared.iter().map(|(digest, text)| (&r.tenant, digest, text))))
        .await?;
    log::append(connection, &flat(records, |r| r.log.iter().map(|row| (&r.tenant, row)))).await?;
    revisions::write(connection, &flat(records, |r| r.origins.iter().map(|row| (&r.tenant, row)))).await?;
    let mut placed: Vec<Placed<'_>> = Vec::new();
    for (record, numbers) in with_numbers() {
        placed.extend(record.decisions.iter().map(|rows| (&record.tenant, rows, numbers[rows.columns.person])));
    }
    if !decisions::write(connection, placed).await? {
        return Err(stands(records[0], records[0].expected));
    }
    let statuses = flat(records, |r| r.statuses.iter().map(|(rep, status)| (&r.tenant, rep, status)));
    log::latest(connection, LATEST_STATUS, &statuses).await?;
    let rotations = flat(records, |r| r.rotations.iter().map(|(pool, rotation)| (&r.tenant, pool, rotation)));
    log::latest(connection, LATEST_ROTATION, &rotations).await?;
    counters::change(connection, &flat(records, |r| r.counters.iter().map(|(name, value)| (&r.tenant, name, value))))
        .await?;
    added::change(connection, &flat(records, |r| r.added.iter().map(|(name, row)| (&r.tenant, name, row)))).await?;
    let given = flat(records, |r| r.given.iter().map(|row| (&r.tenant, row)));
    let ended = flat(records, |r| r.ended.iter().map(|entry| (&r.tenant, entry)));
    given::change(connection, &given, &ended).await?;
    let waits = flat(records, |r| r.waits.iter().map(|(lead, row)| (&r.tenant, lead, row)));
    waits::change(connection, &waits).await?;
    let effects: Vec<_> = with_numbers()
        .flat_map(|(r, numbers)| r.effects.iter().map(|effect| (&r.tenant, effect, numbers[effect.person])))
        .collect();
    lanes::enqueue(connection, &effects).await?;
    Ok(())
}

/// The rows of all records, in their order.
fn flat<'a, T, I: Iterator<Item = T>>(records: &[&'a Record], rows: impl Fn(&'a Record) -> I) -> Vec<T> {
    records.iter().flat_map(|record| rows(record)).collect()
}

/// Moves logs on; a conflict if one does not stand where it was expected.
async fn advance(connection: &mut Connection, records: &[&Record]) -> Result<(), Failure> {
    for piece in pieces(records) {
        let mut sql = QueryBuilder::new("WITH moved (tenant, expected, entries, revision) AS (");
        dialect::values(&mut sql, piece, |values, record| {
            values
                .push_bind(record.tenant.as_str())
                .push_bind(record.expected)
                .push_bind(i64::try_from(record.log.len() + record.decisions.len()).unwrap_or(i64::MAX))
                .push_bind(record.revision);
        });
        sql.push(") UPDATE tenants SET seq = seq + moved.entries, ");
        sql.push("revision = coalesce(moved.revision, tenants.revision) FROM moved ");
        sql.push("WHERE tenants.tenant = moved.tenant AND tenants.seq = moved.expected");
        let moved = sql.build().execute(&mut *connection).await?.rows_affected();
        if usize::try_from(moved) != Ok(piece.len()) {
            return Err(conflict(connection, piece[0]).await?);
        }
    }
    Ok(())
}

async fn conflict(connection: &mut Connection, record: &Record) -> Result<Failure, sqlx::Error> {
    let seq: Option<i64> = sqlx::query_scalar("SELECT seq FROM tenants WHERE tenant = $1")
        .bind(record.tenant.as_str())
        .fetch_optional(connection)
        .await?;
    Ok(seq.map_or_else(|| unknown_tenant(&record.tenant).into(), |seq| stands(record, seq)))
}

fn stands(record: &Record, seq: i64) -> Failure {
    let tenant: TenantId = record.tenant.clone();
    StoreError::Conflict { tenant, seq: unsigned(seq) }.into()
}

const LATEST_STATUS: [&str; 2] = [
    "INSERT INTO rep_statuses (tenant, rep, status) ",
    " ON CONFLICT (tenant, rep) DO UPDATE SET status = excluded.status",
];

const LATEST_ROTATION: [&str; 2] =
    ["INSERT INTO rotations (tenant, pool, body) ", " ON CONFLICT (tenant, pool) DO UPDATE SET body = excluded.body"];
