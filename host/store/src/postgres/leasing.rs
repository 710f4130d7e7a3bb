//! Leasing lanes under row locks: those that another host leases just now are left out, and
//! nobody waits.

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

/// Leases lanes. The fence comes from a sequence, for which nobody has to hold the tenant's row;
/// the sub-select asks it once for all of them.
pub(super) async fn lease(connection: &mut Connection, wish: &Wish<'_>) -> Result<Leased, sqlx::Error> {
    let mut rows: Vec<(i64, String, i64, bool)> = sqlx::query_as(
        "WITH free AS MATERIALIZED (
             SELECT lane, next_at, lease_until IS NOT NULL AS abandoned FROM lanes
             WHERE tenant = $1 AND connection = $2 AND next_at <= $3
               AND (lease_until IS NULL OR lease_until <= $3)
             ORDER BY next_at, lane LIMIT $5
             FOR UPDATE SKIP LOCKED)
         UPDATE lanes SET lease_until = $4, holder = $6, fence = (SELECT nextval('fences')) FROM free
         WHERE lanes.tenant = $1 AND lanes.connection = $2 AND lanes.lane = free.lane
         RETURNING free.next_at, free.lane, lanes.fence, free.abandoned",
    )
    .bind(wish.tenant)
    .bind(wish.connection)
    .bind(wish.now)
    .bind(wish.until)
    .bind(wish.limit)
    .bind(wish.holder)
    .fetch_all(connection)
    .await?;
    rows.sort_unstable();
    let mut leased = Leased::default();
    for (_, lane, fence, abandoned) in rows {
        leased.fence = fence;
        if abandoned {
            leased.abandoned.insert(lane.clone());
        }
        leased.lanes.push(lane);
    }
    Ok(leased)
}
