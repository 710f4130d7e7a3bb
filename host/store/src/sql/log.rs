//! The log, and the latest states that it leads to.

use rota_domain::id::TenantId;
use sqlx::QueryBuilder;

use super::dialect::{self, Connection, Db};
use super::many::pieces;

/// One entry.
pub(super) struct LogRow {
    pub(super) seq: i64,
    pub(super) at: i64,
    pub(super) kind: &'static str,
    pub(super) body: String,
}

/// Appends entries.
pub(super) async fn append(connection: &mut Connection, rows: &[(&TenantId, &LogRow)]) -> Result<(), sqlx::Error> {
    for piece in pieces(rows) {
        let mut sql = QueryBuilder::new("");
        insert(&mut sql, piece);
        sql.build().execute(&mut *connection).await?;
    }
    Ok(())
}

/// Puts down the statement that appends these entries.
pub(super) fn insert(sql: &mut QueryBuilder<Db>, rows: &[(&TenantId, &LogRow)]) {
    sql.push("INSERT INTO log (tenant, seq, at, kind, body) ");
    dialect::values(sql, rows, |values, (tenant, row)| {
        values
            .push_bind(tenant.as_str())
            .push_bind(row.seq)
            .push_bind(row.at)
            .push_bind(row.kind)
            .push_bind(row.body.as_str());
    });
}

/// Replaces latest states, by name: `statement` is the text before and after the values.
pub(super) async fn latest(
    connection: &mut Connection,
    statement: [&'static str; 2],
    states: &[(&TenantId, &String, &String)],
) -> Result<(), sqlx::Error> {
    for piece in pieces(states) {
        let mut sql = QueryBuilder::new(statement[0]);
        dialect::values(&mut sql, piece, |values, (tenant, name, state)| {
            values.push_bind(tenant.as_str()).push_bind(name.as_str()).push_bind(state.as_str());
        });
        sql.push(statement[1]).build().execute(&mut *connection).await?;
    }
    Ok(())
}

/// The numbers of the first entry since then and of the last one there is. Times follow the order
/// of the log, so it is found by halving, and no index has to hold them; where the clocks of
/// several hosts differ, an entry may be on the other side by as much.
pub(super) async fn since(
    connection: &mut Connection,
    tenant: &TenantId,
    since: i64,
) -> Result<(i64, i64), sqlx::Error> {
    let last: Option<i64> = sqlx::query_scalar("SELECT seq FROM tenants WHERE tenant = $1")
        .bind(tenant.as_str())
        .fetch_optional(&mut *connection)
        .await?;
    let last = last.unwrap_or_default();
    let (mut low, mut high) = (1, last + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        let next: Option<(i64, i64)> =
            sqlx::query_as("SELECT seq, at FROM decisions WHERE tenant = $1 AND seq >= $2 ORDER BY seq LIMIT 1")
                .bind(tenant.as_str())
                .bind(middle)
                .fetch_optional(&mut *connection)
                .await?;
        match next {
            Some((seq, at)) if at < since => low = seq + 1,
            Some(_) | None => high = middle,
        }
    }
    Ok((low, last))
}
