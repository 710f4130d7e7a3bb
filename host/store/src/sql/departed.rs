//! Who was erased lately, by the digest that their row had. It is kept only as long as something
//! may wait that was taken in before: who decides such a thing has to know that it is about them.

use async_trait::async_trait;
use jiff::Timestamp;
use rota_domain::id::TenantId;
use rota_flow::ports::Departed;
use sqlx::QueryBuilder;

use super::dialect::{self, Connection};
use super::failure::Failure;
use super::many::pieces;
use super::people::KeyDigest;
use super::rows::{micros, time, unreadable};
use super::unit::Unit;

/// Notes that these were erased now.
pub(super) async fn add(
    connection: &mut Connection,
    tenant: &TenantId,
    digests: &[KeyDigest],
    now: i64,
) -> Result<(), sqlx::Error> {
    let newest: i64 = sqlx::query_scalar("SELECT coalesce(max(id), 0) FROM inbox").fetch_one(&mut *connection).await?;
    for piece in pieces(digests) {
        let mut sql = QueryBuilder::new("INSERT INTO departed (tenant, digest, at, newest) ");
        dialect::values(&mut sql, piece, |values, digest| {
            values.push_bind(tenant.as_str()).push_bind(digest.as_slice()).push_bind(now).push_bind(newest);
        });
        sql.push(
            " ON CONFLICT (tenant, digest) DO UPDATE SET at = max(departed.at, excluded.at), newest = excluded.newest",
        );
        sql.build().execute(&mut *connection).await?;
    }
    Ok(())
}

/// Who was erased lately.
pub(super) async fn read(connection: &mut Connection, tenant: &TenantId) -> Result<Vec<Departed>, Failure> {
    let rows: Vec<(KeyDigest, i64, i64)> =
        sqlx::query_as("SELECT digest, at, newest FROM departed WHERE tenant = $1 ORDER BY at")
            .bind(tenant.as_str())
            .fetch_all(connection)
            .await?;
    let name = format_args!("an erasure of `{tenant}`").to_string();
    let departed = |(digest, at, row): (KeyDigest, i64, i64)| {
        let digest = digest.as_slice().try_into().map_err(|_| unreadable(&name, "its digest has not 32 bytes"))?;
        Ok(Departed { digest, at: time(at, &name)?, row })
    };
    rows.into_iter().map(departed).collect()
}

/// Forgets who was erased before this time, unless something waits that came before.
pub(super) struct Forget {
    pub(super) tenant: TenantId,
    pub(super) before: Timestamp,
}

#[async_trait]
impl Unit for Forget {
    type Answer = ();

    fn weight(&self) -> usize {
        1
    }

    async fn write(&self, connection: &mut Connection) -> Result<(), Failure> {
        sqlx::query(
            "DELETE FROM departed WHERE tenant = $1 AND at < $2 AND NOT EXISTS (
                 SELECT 1 FROM inbox WHERE inbox.tenant = $1 AND inbox.entry IS NULL AND inbox.id <= departed.newest)",
        )
        .bind(self.tenant.as_str())
        .bind(micros(self.before))
        .execute(connection)
        .await?;
        Ok(())
    }
}
