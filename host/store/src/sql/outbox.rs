//! What has not reached the world yet, as a person looks at it.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use rota_domain::delivery::Trouble;
use rota_domain::id::{ConnectionId, TenantId};
use rota_flow::ports::{Cause, Group, LaneState, Letter, Letters, Load, Outbox, Repair, Sought, StoreError};
use sqlx::{FromRow, QueryBuilder, Row as _};

use super::dialect::{Connection, Db, DbRow, Pool};
use super::failure::Failure;
use super::keys::TenantKeys;
use super::mends::{BATCH, Mends};
use super::rows::{EffectRow, micros, parse, signed, time, unreadable, unsigned};
use super::store::SqlStore;
use super::unit::Unit;

/// The most effects in one answer.
const MOST: u32 = 1_000;

/// Narrows a statement to rows whose column of troubles has this kind.
pub(super) fn of_cause(sql: &mut QueryBuilder<Db>, column: &str, code: &str) {
    // A limit is stored with how long it lasts.
    if code == (Trouble::RateLimited { retry_after_ms: None }).code() {
        sql.push(" AND ").push(column).push(" LIKE '{\"rate-limited\"%'");
    } else {
        sql.push(" AND ").push(column).push(" = ").push_bind(format!("\"{code}\""));
    }
}

struct LetterRow {
    id: i64,
    trouble: Option<String>,
    row: EffectRow,
}

impl FromRow<'_, DbRow> for LetterRow {
    fn from_row(row: &DbRow) -> Result<Self, sqlx::Error> {
        Ok(Self { id: row.try_get("id")?, trouble: row.try_get("trouble")?, row: EffectRow::from_row(row)? })
    }
}

impl LetterRow {
    fn read(self, keys: &TenantKeys) -> Result<Letter, Failure> {
        let row = self.row.read(keys)?;
        let trouble = self.trouble.map(|text| parse(&text, format_args!("effect {}", self.id))).transpose()?;
        Ok(Letter { number: unsigned(self.id), row, trouble })
    }
}

/// Effects that wait for a connection, some of which shall be tried now; the lane behind which
/// to look.
struct Hurry {
    tenant: TenantId,
    connection: ConnectionId,
    now: Timestamp,
    after: String,
}

#[async_trait]
impl Unit for Hurry {
    type Answer = Option<String>;

    fn weight(&self) -> usize {
        usize::try_from(BATCH).unwrap_or(usize::MAX)
    }

    async fn write(&self, connection: &mut Connection) -> Result<Option<String>, Failure> {
        let lanes: Vec<String> = sqlx::query_scalar(
            "UPDATE lanes SET next_at = min(next_at, $3)
             WHERE tenant = $1 AND connection = $2 AND lane IN (
                 SELECT lane FROM lanes WHERE tenant = $1 AND connection = $2 AND lane > $4 ORDER BY lane LIMIT $5)
             RETURNING lane",
        )
        .bind(self.tenant.as_str())
        .bind(self.connection.as_str())
        .bind(micros(self.now))
        .bind(self.after.as_str())
        .bind(i64::from(BATCH))
        .fetch_all(connection)
        .await?;
        Ok(lanes.into_iter().max())
    }
}

/// Effects that are sought; one that cannot be read is left out and said in the log.
async fn letters(readers: &Pool, keys: &TenantKeys, sought: &Sought, sure: bool) -> Result<Letters, Failure> {
    let states: &[LaneState] = match &sought.state {
        Some(state) => std::slice::from_ref(state),
        None => &[LaneState::Waiting, LaneState::Held, LaneState::Dead],
    };
    let mut sql = QueryBuilder::new("SELECT * FROM outbox_rows WHERE id IN (SELECT id FROM (");
    for (n, state) in states.iter().enumerate() {
        // The state stands in the text, since an index over some serves only who names them.
        sql.push(if n > 0 { " UNION ALL " } else { "" });
        sql.push("SELECT id FROM outbox WHERE state = '").push(state.as_str()).push("' AND tenant = ");
        sql.push_bind(keys.tenant.as_str()).push(" AND id > ").push_bind(signed(sought.after));
        if let Some(connection) = &sought.connection {
            sql.push(" AND connection = ").push_bind(connection.as_str());
        }
        if let Some(cause) = &sought.cause {
            of_cause(&mut sql, "trouble", cause);
        }
    }
    sql.push(") AS sought ORDER BY id LIMIT ").push_bind(i64::from(sought.limit.min(MOST))).push(") ORDER BY id");
    let mut found = Letters::default();
    for row in sql.build_query_as::<LetterRow>().fetch_all(readers).await? {
        found.last = Some(unsigned(row.id));
        match row.read(keys) {
            Ok(letter) => found.letters.push(letter),
            Err(Failure::OtherKey) if !sure => return Err(Failure::OtherKey),
            Err(failure) => tracing::error!(error = %failure.of("of this host"), "An effect is left out"),
        }
    }
    Ok(found)
}

/// The effects of each state by connection and trouble.
type Grouped = (String, String, String, i64, i64);

#[async_trait]
impl Outbox for SqlStore {
    async fn list(&self, tenant: &TenantId, sought: &Sought) -> Result<Letters, StoreError> {
        let list = |keys: Arc<TenantKeys>, sure| async move { letters(&self.readers, &keys, sought, sure).await };
        self.keyed(tenant, list).await
    }

    async fn causes(&self, tenant: &TenantId) -> Result<Vec<Cause>, StoreError> {
        let rows = sqlx::query_as(
            "SELECT connection, state, trouble, count(*), min(at) FROM outbox
             WHERE tenant = $1 AND state = 'dead' AND trouble IS NOT NULL GROUP BY connection, state, trouble
             UNION ALL SELECT connection, state, trouble, count(*), min(at) FROM outbox
             WHERE tenant = $1 AND state = 'waiting' AND trouble IS NOT NULL GROUP BY connection, state, trouble",
        )
        .bind(tenant.as_str())
        .fetch_all(&self.readers)
        .await;
        let rows: Vec<Grouped> = self.read(rows.map_err(Failure::from))?;
        // Limits of different lengths are one cause.
        let mut causes: BTreeMap<(String, String, &'static str), Cause> = BTreeMap::new();
        for (connection, state, trouble, effects, oldest) in rows {
            let row = format_args!("the outbox of `{tenant}`").to_string();
            let trouble: Trouble = parse(&trouble, &row)?;
            let oldest = time(oldest, &row)?;
            let cause = causes.entry((connection.clone(), state.clone(), trouble.code()));
            let state = LaneState::named(&state).ok_or_else(|| unreadable(&row, "a state is none"))?;
            let connection = connection.into();
            let cause = cause.or_insert(Cause { connection, state, trouble, effects: 0, oldest });
            cause.effects += unsigned(effects);
            cause.oldest = cause.oldest.min(oldest);
        }
        let mut causes: Vec<Cause> = causes.into_values().collect();
        causes.sort_by_key(|cause| (cause.state != LaneState::Dead, std::cmp::Reverse(cause.effects)));
        Ok(causes)
    }

    async fn mend(&self, tenant: &TenantId, group: &Group, repair: Repair, now: Timestamp) -> Result<u64, StoreError> {
        let (mut mended, mut after) = (0, 0);
        loop {
            let batch = Mends { tenant: tenant.clone(), group: group.clone(), repair, now, after };
            let (number, last) = self.writer.write(batch).await?;
            mended += number;
            match last {
                Some(last) if number >= u64::from(BATCH) => after = last,
                _ => return Ok(mended),
            }
        }
    }

    async fn loads(&self, tenant: &TenantId) -> Result<Vec<Load>, StoreError> {
        let rows = sqlx::query_as(
            "SELECT connection, CAST(sum(waiting) AS BIGINT), CAST(sum(dead) AS BIGINT) FROM (
                 SELECT connection, sum(pending) AS waiting, 0 AS dead FROM lanes WHERE tenant = $1 GROUP BY connection
                 UNION ALL SELECT connection, 0, count(*) FROM outbox
                 WHERE tenant = $1 AND state = 'dead' GROUP BY connection) AS each
             GROUP BY connection ORDER BY connection",
        )
        .bind(tenant.as_str())
        .fetch_all(&self.readers)
        .await;
        let rows: Vec<(String, i64, i64)> = self.read(rows.map_err(Failure::from))?;
        let load = |(connection, waiting, dead): (String, i64, i64)| Load {
            connection: connection.into(),
            waiting: unsigned(waiting),
            dead: unsigned(dead),
        };
        Ok(rows.into_iter().map(load).collect())
    }

    async fn hurry(&self, tenant: &TenantId, connection: &ConnectionId, now: Timestamp) -> Result<(), StoreError> {
        let mut after = String::new();
        loop {
            let hurry = Hurry { tenant: tenant.clone(), connection: connection.clone(), now, after };
            match self.writer.write(hurry).await? {
                Some(last) => after = last,
                None => return Ok(()),
            }
        }
    }
}
