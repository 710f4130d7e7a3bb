//! Owners that are decided and that a CRM has not been told yet.

use std::collections::HashMap;

use rota_domain::effect::lane;
use rota_domain::id::{ConnectionId, RepId, TenantId};
use rota_flow::ports::RecordRef;
use sqlx::QueryBuilder;

use super::dialect::{self, Pool};
use super::failure::Failure;
use super::many::pieces;
use super::rows::{DecisionBody, parse};

/// For each of these records, the rep whom the newest owner that waits is.
pub(super) async fn owners(
    readers: &Pool,
    tenant: &TenantId,
    connection: &ConnectionId,
    records: &[RecordRef],
) -> Result<Vec<Option<RepId>>, Failure> {
    let lanes: Vec<String> =
        records.iter().map(|record| dialect::plain(&lane(&record.object, &record.id)).to_string()).collect();
    let mut coming: HashMap<String, RepId> = HashMap::new();
    for piece in pieces(&lanes) {
        let mut sql = QueryBuilder::new("WITH asked (tenant, connection, lane) AS (");
        dialect::values(&mut sql, piece, |values, lane| {
            values.push_bind(tenant.as_str()).push_bind(connection.as_str()).push_bind(lane.as_str());
        });
        sql.push(
            ") SELECT o.lane, l.seq, l.body FROM asked \
             JOIN outbox AS o ON o.tenant = asked.tenant AND o.connection = asked.connection AND o.lane = asked.lane \
             JOIN log AS l ON l.tenant = o.tenant AND l.seq = o.decision \
             WHERE o.state = 'waiting' AND o.kind = 'owner' ORDER BY o.id",
        );
        let rows: Vec<(String, i64, String)> = sql.build_query_as().fetch_all(readers).await?;
        for (lane, seq, body) in rows {
            let body: DecisionBody = parse(&body, format_args!("entry {seq} of `{tenant}`"))?;
            coming.extend(body.decision.rep.map(|rep| (lane, rep)));
        }
    }
    Ok(lanes.iter().map(|lane| coming.get(lane).cloned()).collect())
}
