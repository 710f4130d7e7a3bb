//! Leads that reps were given, where that is counted: for capacities and caps.

use async_trait::async_trait;
use rota_domain::id::{RepId, TenantId};
use rota_domain::load::LeadKind;
use rota_flow::ports::Given;
use sqlx::QueryBuilder;

use super::dialect::{self, Connection};
use super::failure::Failure;
use super::many::pieces;
use super::rows::{time, unsigned};
use super::unit::Unit;

/// A lead that an entry gives to a rep.
pub(super) struct GivenRow {
    pub(super) entry: i64,
    pub(super) at: i64,
    pub(super) rep: RepId,
    pub(super) lead: String,
    /// The kinds that it was of, with a space between each.
    pub(super) kinds: String,
}

/// Writes who was given what, and then which leads are open no more: by the entries that gave them,
/// which may be among these.
pub(super) async fn change(
    connection: &mut Connection,
    given: &[(&TenantId, &GivenRow)],
    ended: &[(&TenantId, &i64)],
) -> Result<(), sqlx::Error> {
    for piece in pieces(given) {
        let mut sql = QueryBuilder::new("INSERT INTO given (tenant, entry, at, rep, lead, kinds, open) ");
        dialect::values(&mut sql, piece, |values, (tenant, row)| {
            values
                .push_bind(tenant.as_str())
                .push_bind(row.entry)
                .push_bind(row.at)
                .push_bind(row.rep.as_str())
                .push_bind(row.lead.as_str())
                .push_bind(row.kinds.as_str())
                .push_bind(1_i64);
        });
        sql.build().execute(&mut *connection).await?;
    }
    for piece in pieces(ended) {
        let mut sql = QueryBuilder::new("WITH ended (tenant, entry) AS (");
        dialect::values(&mut sql, piece, |values, (tenant, entry)| {
            values.push_bind(tenant.as_str()).push_bind(**entry);
        });
        sql.push(
            ") UPDATE given SET open = 0 FROM ended WHERE given.tenant = ended.tenant AND given.entry = ended.entry",
        );
        sql.build().execute(&mut *connection).await?;
    }
    Ok(())
}

/// What still counts of a tenant, oldest first.
pub(super) async fn read(connection: &mut Connection, tenant: &TenantId) -> Result<Vec<Given>, Failure> {
    let rows: Vec<(i64, i64, String, String, String, i64)> =
        sqlx::query_as("SELECT entry, at, rep, lead, kinds, open FROM given WHERE tenant = $1 ORDER BY entry")
            .bind(tenant.as_str())
            .fetch_all(connection)
            .await?;
    let given = |(entry, at, rep, lead, kinds, open): (i64, i64, String, String, String, i64)| {
        let at = time(at, format_args!("what entry {entry} of `{tenant}` gave"))?;
        let kinds = kinds.split_whitespace().map(LeadKind::from).collect();
        Ok(Given { entry: unsigned(entry), at, rep: rep.into(), lead: lead.into(), kinds, open: open != 0 })
    };
    rows.into_iter().map(given).collect()
}

/// What was given before a time, and is in nobody's hands any more, is to go.
pub(super) struct Uncounted {
    pub(super) tenant: TenantId,
    pub(super) before: i64,
}

#[async_trait]
impl Unit for Uncounted {
    type Answer = u64;

    fn weight(&self) -> usize {
        1
    }

    async fn write(&self, connection: &mut Connection) -> Result<u64, Failure> {
        let gone = sqlx::query("DELETE FROM given WHERE tenant = $1 AND open = 0 AND at < $2")
            .bind(self.tenant.as_str())
            .bind(self.before)
            .execute(connection)
            .await?;
        Ok(gone.rows_affected())
    }
}
