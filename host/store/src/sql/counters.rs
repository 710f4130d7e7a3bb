//! The counters of flows: what they are now, and how the log changes them.

use std::collections::BTreeMap;

use rota_domain::desk::Counters;
use rota_domain::id::{FlowId, TenantId};
use sqlx::QueryBuilder;

use super::dialect::{self, Connection};
use super::many::pieces;

/// What counters are after a unit, by flow and name; without a value, one is gone.
pub(super) type Changes = BTreeMap<(FlowId, String), Option<i32>>;

/// Writes what counters are now.
pub(super) async fn change(
    connection: &mut Connection,
    changes: &[(&TenantId, &(FlowId, String), &Option<i32>)],
) -> Result<(), sqlx::Error> {
    let (set, gone): (Vec<_>, Vec<_>) = changes.iter().partition(|(_, _, value)| value.is_some());
    for piece in pieces(&set) {
        let mut sql = QueryBuilder::new("INSERT INTO counters (tenant, flow, name, value) ");
        dialect::values(&mut sql, piece, |values, (tenant, (flow, name), value)| {
            values.push_bind(tenant.as_str()).push_bind(flow.as_str()).push_bind(name.as_str()).push_bind(**value);
        });
        sql.push(" ON CONFLICT (tenant, flow, name) DO UPDATE SET value = excluded.value");
        sql.build().execute(&mut *connection).await?;
    }
    for piece in pieces(&gone) {
        let mut sql = QueryBuilder::new("DELETE FROM counters WHERE (tenant, flow, name) IN (");
        dialect::values(&mut sql, piece, |values, (tenant, (flow, name), _)| {
            values.push_bind(tenant.as_str()).push_bind(flow.as_str()).push_bind(name.as_str());
        });
        sql.push(")").build().execute(&mut *connection).await?;
    }
    Ok(())
}

/// The tenant's counters.
pub(super) async fn read(connection: &mut Connection, tenant: &TenantId) -> Result<Counters, sqlx::Error> {
    let rows: Vec<(String, String, i32)> = sqlx::query_as("SELECT flow, name, value FROM counters WHERE tenant = $1")
        .bind(tenant.as_str())
        .fetch_all(connection)
        .await?;
    let mut counters = Counters::new();
    for (flow, name, value) in rows {
        counters.entry(FlowId::from(flow)).or_default().insert(name, value);
    }
    Ok(counters)
}
