//! What leads wait for after their decisions.

use rota_domain::agenda::Wait;
use rota_domain::id::{LeadId, TenantId};
use rota_flow::ports::{LogEnd, WaitChange};
use sqlx::QueryBuilder;

use super::dialect::{self, Connection, Pool};
use super::failure::Failure;
use super::many::pieces;
use super::rows::{json, parse, signed, unsigned};

/// A lead that waits for something: since which entry, and for what.
pub(super) type Row = (i64, String);

/// What an entry changes, as a row; none where it changes nothing, and nothing in it where the lead
/// waits no more.
pub(super) fn row(change: &WaitChange, of: &str) -> Result<Option<Option<Row>>, rota_flow::ports::StoreError> {
    Ok(match change {
        WaitChange::AsBefore => None,
        WaitChange::Ended => Some(None),
        WaitChange::For(wait) => Some(Some(waiting(wait, of)?)),
    })
}

/// What a lead waits for, as a row.
pub(super) fn waiting(wait: &Wait, of: &str) -> Result<Row, rota_flow::ports::StoreError> {
    Ok((signed(wait.entry), json(wait, of)?))
}

/// Writes what leads wait for now, each once.
pub(super) async fn change(
    connection: &mut Connection,
    changes: &[(&TenantId, &String, &Option<Row>)],
) -> Result<(), sqlx::Error> {
    let waiting: Vec<(&TenantId, &String, &Row)> =
        changes.iter().filter_map(|(tenant, lead, row)| Some((*tenant, *lead, row.as_ref()?))).collect();
    for piece in pieces(&waiting) {
        let mut sql = QueryBuilder::new("INSERT INTO waits (tenant, lead, entry, body) ");
        dialect::values(&mut sql, piece, |values, (tenant, lead, (entry, body))| {
            values.push_bind(tenant.as_str()).push_bind(lead.as_str()).push_bind(*entry).push_bind(body.as_str());
        });
        sql.push(" ON CONFLICT (tenant, lead) DO UPDATE SET entry = excluded.entry, body = excluded.body");
        sql.build().execute(&mut *connection).await?;
    }
    let ended: Vec<_> = changes.iter().filter(|(_, _, row)| row.is_none()).collect();
    for piece in pieces(&ended) {
        let mut sql = QueryBuilder::new("WITH ended (tenant, lead) AS (");
        dialect::values(&mut sql, piece, |values, (tenant, lead, _)| {
            values.push_bind(tenant.as_str()).push_bind(lead.as_str());
        });
        sql.push(") DELETE FROM waits WHERE (tenant, lead) IN (SELECT tenant, lead FROM ended)");
        sql.build().execute(&mut *connection).await?;
    }
    Ok(())
}

/// What a tenant's leads wait for, the longest first, or what this one waits for.
pub(super) async fn read(
    connection: &mut Connection,
    tenant: &TenantId,
    lead: Option<&LeadId>,
) -> Result<Vec<(LeadId, Wait)>, Failure> {
    let mut sql = QueryBuilder::new("SELECT lead, entry, body FROM waits WHERE tenant = ");
    sql.push_bind(tenant.as_str());
    if let Some(lead) = lead {
        sql.push(" AND lead = ").push_bind(dialect::plain(lead.as_str()).to_string());
    }
    let rows: Vec<(String, i64, String)> = sql.push(" ORDER BY entry").build_query_as().fetch_all(connection).await?;
    let wait = |(lead, entry, body): (String, i64, String)| {
        let wait: Wait = parse(&body, format_args!("what a lead of `{tenant}` waits for since entry {entry}"))?;
        Ok((LeadId::from(lead), Wait { entry: unsigned(entry), ..wait }))
    };
    rows.into_iter().map(wait).collect()
}

/// How far a tenant's log is, and whether any lead waits.
pub(super) async fn progress(readers: &Pool, tenant: &TenantId) -> Result<LogEnd, Failure> {
    let (seq, waits): (i64, i64) = sqlx::query_as(
        "SELECT seq, (SELECT count(*) FROM (SELECT 1 FROM waits WHERE waits.tenant = tenants.tenant LIMIT 1) AS first)
         FROM tenants WHERE tenant = $1",
    )
    .bind(tenant.as_str())
    .fetch_one(readers)
    .await?;
    Ok(LogEnd { seq: unsigned(seq), waits: waits > 0 })
}
