//! The log, the decisions in it, and the latest states that it leads to.

use rota_domain::id::TenantId;
use rota_domain::stages::Stages;
use sqlx::{QueryBuilder, SqliteConnection};

use super::many::pieces;
use super::rows::micros;

/// One entry.
pub(super) struct LogRow {
    pub(super) seq: i64,
    pub(super) at: i64,
    pub(super) kind: &'static str,
    pub(super) body: String,
}

/// What is looked up of a decision. The person is a place among the unit's.
pub(super) struct DecisionColumns {
    pub(super) seq: i64,
    pub(super) id: String,
    pub(super) lead: String,
    pub(super) person: usize,
    pub(super) at: i64,
    pub(super) joinable: bool,
    pub(super) decide_nanos: i64,
    pub(super) stages: Stages,
}

/// Appends entries.
pub(super) async fn append(
    connection: &mut SqliteConnection,
    rows: &[(&TenantId, &LogRow)],
) -> Result<(), sqlx::Error> {
    for piece in pieces(rows) {
        let mut sql = QueryBuilder::new("INSERT INTO log (tenant, seq, at, kind, body) ");
        sql.push_values(piece, |mut values, (tenant, row)| {
            values
                .push_bind(tenant.as_str())
                .push_bind(row.seq)
                .push_bind(row.at)
                .push_bind(row.kind)
                .push_bind(row.body.as_str());
        });
        sql.build().execute(&mut *connection).await?;
    }
    Ok(())
}

/// Writes what is looked up of decisions, each with the number of its person.
pub(super) async fn decisions(
    connection: &mut SqliteConnection,
    rows: &[(&TenantId, &DecisionColumns, i64)],
) -> Result<(), sqlx::Error> {
    for piece in pieces(rows) {
        let mut sql = QueryBuilder::new(
            "INSERT INTO decisions (tenant, seq, id, lead, person, at, joinable, decide_nanos, \
             occurred, received, enriched, decided, owner_confirmed, notified) ",
        );
        sql.push_values(piece, |mut values, (tenant, row, person)| {
            let Stages { occurred, received, enriched, decided, owner_confirmed, notified } = row.stages;
            values
                .push_bind(tenant.as_str())
                .push_bind(row.seq)
                .push_bind(row.id.as_str())
                .push_bind(row.lead.as_str())
                .push_bind(*person)
                .push_bind(row.at)
                .push_bind(row.joinable)
                .push_bind(row.decide_nanos);
            for time in [occurred, received, enriched, decided, owner_confirmed, notified] {
                values.push_bind(time.map(micros));
            }
        });
        sql.build().execute(&mut *connection).await?;
    }
    Ok(())
}

/// Replaces latest states, by name: `statement` is the text before and after the values.
pub(super) async fn latest(
    connection: &mut SqliteConnection,
    statement: [&'static str; 2],
    states: &[(&TenantId, &String, &String)],
) -> Result<(), sqlx::Error> {
    for piece in pieces(states) {
        let mut sql = QueryBuilder::new(statement[0]);
        sql.push_values(piece, |mut values, (tenant, name, state)| {
            values.push_bind(tenant.as_str()).push_bind(name.as_str()).push_bind(state.as_str());
        });
        sql.push(statement[1]).build().execute(&mut *connection).await?;
    }
    Ok(())
}
