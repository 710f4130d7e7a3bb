//! Revisions of workspaces: whence each came, written beside its entry in the log.

use std::collections::BTreeMap;

use async_trait::async_trait;
use rota_domain::id::{Digest, TenantId};
use rota_domain::workspace::Workspace;
use rota_flow::ports::{Kept, Origin, Past, Revisions, StoreError};
use sqlx::QueryBuilder;

use super::dialect::{self, Connection};
use super::failure::Failure;
use super::many::pieces;
use super::rows::{parse, signed, time, unsigned};
use super::store::SqlStore;

/// Where a revision that somebody applied came from, with its number and time.
pub(super) struct OriginRow {
    pub(super) seq: i64,
    pub(super) at: i64,
    pub(super) origin: Origin,
}

/// Writes whence revisions came. They are rare, so each is a statement of its own.
pub(super) async fn write(connection: &mut Connection, rows: &[(&TenantId, &OriginRow)]) -> Result<(), sqlx::Error> {
    for (tenant, OriginRow { seq, at, origin }) in rows {
        sqlx::query("INSERT INTO revisions (tenant, seq, at, who, note, source) VALUES ($1, $2, $3, $4, $5, $6)")
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
impl Revisions for SqlStore {
    async fn revisions(&self, tenant: &TenantId, before: Option<u64>, limit: u32) -> Result<Vec<Past>, StoreError> {
        let mut sql = QueryBuilder::new(PAST);
        sql.push_bind(tenant.as_str()).push(" AND log.seq < ").push_bind(before.map_or(i64::MAX, signed));
        sql.push(" ORDER BY log.seq DESC LIMIT ").push_bind(i64::from(limit));
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
            sqlx::query_scalar("SELECT body FROM log WHERE tenant = $1 AND seq = $2 AND kind = 'workspace'")
                .bind(tenant.as_str())
                .bind(signed(number))
                .fetch_one(&self.readers)
                .await;
        let body = self.read(body.map_err(Failure::from))?;
        let workspace = parse(&body, format_args!("revision {number} of `{tenant}`"))?;
        Ok(Some((past(tenant, row)?, workspace)))
    }

    async fn had_component(&self, tenant: &TenantId, component: &Digest) -> Result<bool, StoreError> {
        let had = sqlx::query_scalar(dialect::HAD_COMPONENT)
            .bind(tenant.as_str())
            .bind(component.as_str())
            .fetch_one(&self.readers)
            .await;
        self.read(had.map_err(Failure::from))
    }

    async fn bytes_with(&self, tenant: &TenantId, things: &BTreeMap<Digest, u64>) -> Result<Kept, StoreError> {
        let kept: Result<i64, _> = sqlx::query_scalar(
            "SELECT CAST(coalesce(sum(kept.bytes), 0) AS BIGINT) FROM keepers JOIN kept ON kept.digest = keepers.digest
             WHERE keepers.tenant = $1 AND NOT EXISTS
                 (SELECT 1 FROM plugins WHERE plugins.tenant = keepers.tenant AND plugins.digest = keepers.digest)",
        )
        .bind(tenant.as_str())
        .fetch_one(&self.readers)
        .await;
        let bytes = unsigned(self.read(kept.map_err(Failure::from))?);
        let mut new = things.clone();
        let digests: Vec<&Digest> = things.keys().collect();
        for piece in pieces(&digests) {
            let mut sql = QueryBuilder::new("SELECT digest FROM keepers WHERE tenant = ");
            sql.push_bind(tenant.as_str()).push(" AND digest IN (");
            let mut names = sql.separated(", ");
            for digest in piece {
                names.push_bind(digest.as_str());
            }
            sql.push(")");
            let known: Result<Vec<String>, _> = sql.build_query_scalar().fetch_all(&self.readers).await;
            for digest in self.read(known.map_err(Failure::from))? {
                new.remove(&Digest::from(digest));
            }
        }
        Ok(Kept { bytes, more: new.values().sum() })
    }
}
