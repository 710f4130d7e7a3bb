//! Leasing lanes: SQLite knows no row locks, and needs none, since one writes at a time.

use std::collections::HashSet;

use super::dialect::Connection;

/// Which lanes are wished for, at what time, for how long, and how many at most.
pub(super) struct Wish<'a> {
    pub(super) tenant: &'a str,
    pub(super) connection: &'a str,
    pub(super) now: i64,
    pub(super) until: i64,
    pub(super) limit: i64,
    /// Who leases.
    pub(super) holder: &'a str,
}

/// Lanes that are leased now, those first that have waited longest.
#[derive(Default)]
pub(super) struct Leased {
    pub(super) fence: i64,
    pub(super) lanes: Vec<String>,
    /// Those among them that had a lease that ran out.
    pub(super) abandoned: HashSet<String>,
}

/// Leases lanes.
pub(super) async fn lease(connection: &mut Connection, wish: &Wish<'_>) -> Result<Leased, sqlx::Error> {
    let abandoned = abandoned(connection, wish).await?;
    let mut lanes: Vec<(i64, String, i64)> = sqlx::query_as(
        "UPDATE lanes
         SET lease_until = $4, holder = $6, fence = (SELECT fence + 1 FROM tenants WHERE tenant = $1)
         WHERE tenant = $1 AND connection = $2 AND lane IN (
             SELECT lane FROM lanes
             WHERE tenant = $1 AND connection = $2 AND next_at <= $3
               AND (lease_until IS NULL OR lease_until <= $3)
             ORDER BY next_at, lane LIMIT $5)
         RETURNING next_at, lane, fence",
    )
    .bind(wish.tenant)
    .bind(wish.connection)
    .bind(wish.now)
    .bind(wish.until)
    .bind(wish.limit)
    .bind(wish.holder)
    .fetch_all(&mut *connection)
    .await?;
    let Some((_, _, fence)) = lanes.first() else {
        return Ok(Leased::default());
    };
    let fence = *fence;
    sqlx::query("UPDATE tenants SET fence = $1 WHERE tenant = $2")
        .bind(fence)
        .bind(wish.tenant)
        .execute(connection)
        .await?;
    lanes.sort_unstable();
    Ok(Leased { fence, lanes: lanes.into_iter().map(|(_, lane, _)| lane).collect(), abandoned })
}

/// Which of the lanes that `lease` takes had a lease that ran out.
async fn abandoned(connection: &mut Connection, wish: &Wish<'_>) -> Result<HashSet<String>, sqlx::Error> {
    let lanes: Vec<String> = sqlx::query_scalar(
        "SELECT lane FROM (
             SELECT lane, lease_until FROM lanes
             WHERE tenant = $1 AND connection = $2 AND next_at <= $3
               AND (lease_until IS NULL OR lease_until <= $3)
             ORDER BY next_at, lane LIMIT $4)
         WHERE lease_until IS NOT NULL",
    )
    .bind(wish.tenant)
    .bind(wish.connection)
    .bind(wish.now)
    .bind(wish.limit)
    .fetch_all(connection)
    .await?;
    Ok(lanes.into_iter().collect())
}
