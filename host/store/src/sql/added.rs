//! Rows that the log adds to dated tables: what they are now, and how the log changes them.

use std::collections::BTreeMap;

use rota_domain::id::TenantId;
use rota_domain::table::{Added, DatedRow, RowChange};
use sqlx::QueryBuilder;

use super::dialect::{self, Connection};
use super::many::pieces;

/// What rows are after a unit, by table and name; none where one is gone.
pub(super) type Changes = BTreeMap<(String, String), Option<DatedRow>>;

/// What rows are after these changes, too.
pub(super) fn extend(changes: &mut Changes, more: &[RowChange]) {
    for RowChange { table, id, row } in more {
        let row = row.clone().map(|row| DatedRow { key: plain(&row.key), ..row });
        changes.insert((plain(table), plain(id)), row);
    }
}

/// Text as columns can hold it.
fn plain(text: &str) -> String {
    dialect::plain(text).to_string()
}

/// Writes what rows are now.
pub(super) async fn change(
    connection: &mut Connection,
    changes: &[(&TenantId, &(String, String), &Option<DatedRow>)],
) -> Result<(), sqlx::Error> {
    let set = changes.iter().filter_map(|(tenant, name, row)| Some((tenant, name, row.as_ref()?))).collect::<Vec<_>>();
    for piece in pieces(&set) {
        let mut sql = QueryBuilder::new("INSERT INTO table_rows (tenant, name, id, key, at, value) ");
        dialect::values(&mut sql, piece, |values, (tenant, (table, id), row)| {
            values.push_bind(tenant.as_str()).push_bind(table.as_str()).push_bind(id.as_str());
            values.push_bind(row.key.as_str()).push_bind(row.at.as_str()).push_bind(row.value.as_str());
        });
        sql.push(" ON CONFLICT (tenant, name, id) DO UPDATE SET ");
        sql.push("key = excluded.key, at = excluded.at, value = excluded.value");
        sql.build().execute(&mut *connection).await?;
    }
    let gone: Vec<_> = changes.iter().filter(|(_, _, row)| row.is_none()).collect();
    for piece in pieces(&gone) {
        let mut sql = QueryBuilder::new("DELETE FROM table_rows WHERE (tenant, name, id) IN (");
        dialect::values(&mut sql, piece, |values, (tenant, (table, id), _)| {
            values.push_bind(tenant.as_str()).push_bind(table.as_str()).push_bind(id.as_str());
        });
        sql.push(")").build().execute(&mut *connection).await?;
    }
    Ok(())
}

/// The tenant's rows.
pub(super) async fn read(connection: &mut Connection, tenant: &TenantId) -> Result<Added, sqlx::Error> {
    let rows: Vec<(String, String, String, String, String)> =
        sqlx::query_as("SELECT name, id, key, at, value FROM table_rows WHERE tenant = $1")
            .bind(tenant.as_str())
            .fetch_all(connection)
            .await?;
    let mut added = Added::default();
    for (table, id, key, at, value) in rows {
        added.change(RowChange { table, id, row: Some(DatedRow { key, at, value }) });
    }
    Ok(added)
}
