//! Revisions of workspaces: whence each came, written beside its entry in the log.

use async_trait::async_trait;
use rota_domain::id::{Digest, TenantId};
use rota_domain::workspace::Workspace;
use rota_flow::ports::{Origin, Past, Revisions, StoreError};
use sqlx::{QueryBuilder, SqliteConnection};

use super::SqliteStore;
use super::failure::Failure;
use super::rows::{parse, signed, time, unsigned};

/// Where a revision that somebody applied came from, with its number and time.
pub(super) struct OriginRow {
    pub(super) seq: i64,
    pub(super) at: i64,
    pub(super) origin: Origin,
}

/// Writes whence revisions came. They are rare, so each is a statement of its own.
pub(super) async fn write(
    connection: &mut SqliteConnection,
    rows: &[(&TenantId, &OriginRow)],
) -> Result<(), sqlx::Error> {
    for (tenant, OriginRow { seq, at, origin }) in rows {
        sqlx::query("INSERT INTO revisions (tenant, seq, at, who, note, source) VALUES (?, ?, ?, ?, ?, ?)")
            .bind(tenant.as_str())
            .bind(seq)
            .bind(at)
            .bind(origin.who.as_str())
            .bind(origin.note.as_deref())
            .bind(origin.source.as_str())
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// Number, time, who, note, source.
type Columns = (i64, i64, Option<String>, Option<String>, Option<String>);

/// `kind` is written out, since only then the index of workspace entries is used.
const PAST: &str = "SELECT log.seq, log.at, who, note, source FROM log \
     LEFT JOIN revisions ON revisions.tenant = log.tenant AND revisions.seq = log.seq \
     WHERE log.kind = 'workspace' AND log.tenant = ";

fn past(tenant: &TenantId, (seq, at, who, note, source): Columns) -> Result<Past, StoreError> {
    let at = time(at, format_args!("revision {seq} of `{tenant}`"))?;
    let origin = who.zip(source).map(|(who, source)| Origin { who, note, source: Digest::from(source) });
    Ok(Past { number: unsigned(seq), at, origin })
}

#[async_trait]
impl Revisions for SqliteStore {
    async fn revisions(&self, tenant: &TenantId, before: Option<u64>, limit: u32) -> Result<Vec<Past>, StoreError> {
        let mut sql = QueryBuilder::new(PAST);
        sql.push_bind(tenant.as_str()).push(" AND log.seq < ").push_bind(before.map_or(i64::MAX, signed));
        sql.push(" ORDER BY log.seq DESC LIMIT ").push_bind(limit);
        let rows = sql.build_query_as().fetch_all(&self.readers).await;
        let rows: Vec<Columns> = self.read(rows.map_err(Failure::from))?;
        rows.into_iter().map(|row| past(tenant, row)).collect()
    }

    async fn revision(&self, tenant: &TenantId, number: u64) -> Result<Option<(Past, Workspace)>, StoreError> {
        let mut sql = QueryBuilder::new(PAST);
        sql.push_bind(tenant.as_str()).push(" AND log.seq = ").push_bind(signed(number));
        let row = sql.build_query_as().fetch_optional(&self.readers).await;
        let row: Option<Columns> = self.read(row.map_err(Failure::from))?;
        let Some(row) = row else { return Ok(None) };
        let body: Result<String, _> =
            sqlx::query_scalar("SELECT body FROM log WHERE tenant = ? AND seq = ? AND kind = 'workspace'")
                .bind(tenant.as_str())
                .bind(signed(number))
                .fetch_one(&self.readers)
                .await;
        let body = self.read(body.map_err(Failure::from))?;
        let workspace = parse(&body, format_args!("revision {number} of `{tenant}`"))?;
        Ok(Some((past(tenant, row)?, workspace)))
    }
}
