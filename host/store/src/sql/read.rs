//! Reads. Each sees one commit whole, and waits for no writer.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rota_domain::fairness::Rotation;
use rota_domain::icalendar::CalendarFiles;
use rota_domain::id::{DecisionId, LeadId, RepId, RotationId, TenantId};
use rota_domain::transcript::shared::{named, restore};
use rota_domain::workspace::Workspace;
use rota_flow::ports::{OutboxRow, Private, Recalled, Recent, Snapshot, StoreError, Stored};
use sqlx::QueryBuilder;

use super::dialect::{self, Connection, Pool};
use super::failure::Failure;
use super::inbox::WAITING;
use super::keys::{Person, TenantKeys};
use super::private::{self, Kind};
use super::rows::{DecisionRead, DecisionRow, EffectRow, micros, parse, signed, unreadable, unsigned};
use super::{added, counters, departed, given, log, shared, turns, waits};

/// The tenants there are, by name.
pub(super) async fn tenants(readers: &Pool) -> Result<Vec<TenantId>, Failure> {
    let names: Vec<String> =
        sqlx::query_scalar("SELECT tenant FROM tenants ORDER BY tenant").fetch_all(readers).await?;
    Ok(names.into_iter().map(TenantId::from).collect())
}

/// The tenant's state at the end of its log.
pub(super) async fn load(readers: &Pool, keys: &TenantKeys, since: Timestamp) -> Result<Snapshot, Failure> {
    let tenant = &keys.tenant;
    let mut one_commit = dialect::one_commit(readers).await?;
    let (seq, revision): (i64, Option<i64>) = sqlx::query_as("SELECT seq, revision FROM tenants WHERE tenant = $1")
        .bind(tenant.as_str())
        .fetch_one(&mut *one_commit)
        .await?;
    let workspace = match revision {
        Some(revision) => Some((unsigned(revision), workspace(&mut one_commit, tenant, revision).await?)),
        None => None,
    };
    let mut statuses = BTreeMap::new();
    let rows: Vec<(String, String)> = sqlx::query_as("SELECT rep, status FROM rep_statuses WHERE tenant = $1")
        .bind(tenant.as_str())
        .fetch_all(&mut *one_commit)
        .await?;
    for (rep, status) in rows {
        let status = parse(&status, format_args!("the status of rep `{rep}` of `{tenant}`"))?;
        statuses.insert(RepId::from(rep), status);
    }
    let mut rotations = BTreeMap::new();
    let rows: Vec<(String, String)> = sqlx::query_as("SELECT pool, body FROM rotations WHERE tenant = $1")
        .bind(tenant.as_str())
        .fetch_all(&mut *one_commit)
        .await?;
    for (pool, body) in rows {
        let rotation: Rotation = parse(&body, format_args!("the rotation of pool `{pool}` of `{tenant}`"))?;
        rotations.insert(RotationId::from(pool), rotation);
    }
    let counters = counters::read(&mut one_commit, tenant).await?;
    let added = added::read(&mut one_commit, tenant).await?;
    let given = given::read(&mut one_commit, tenant).await?;
    let waits = waits::read(&mut one_commit, tenant, None).await?;
    let recent = recent(&mut one_commit, keys, since).await?;
    let departed = departed::read(&mut one_commit, tenant).await?;
    Ok(Snapshot {
        seed: keys.seed,
        seq: unsigned(seq),
        workspace,
        statuses,
        rotations,
        counters,
        added,
        given,
        waits,
        recent,
        departed,
    })
}

async fn recent(connection: &mut Connection, keys: &TenantKeys, since: Timestamp) -> Result<Vec<Recent>, Failure> {
    let (first, _) = log::since(connection, &keys.tenant, micros(since)).await?;
    let rows: Vec<DecisionRow> = sqlx::query_as(
        "SELECT * FROM decision_rows WHERE tenant = $1 AND seq IN (
             SELECT max(seq) FROM decisions WHERE tenant = $1 AND seq >= $2 AND at >= $3 AND joinable = 1
             GROUP BY person)
         ORDER BY seq",
    )
    .bind(keys.tenant.as_str())
    .bind(first)
    .bind(micros(since))
    .fetch_all(connection)
    .await?;
    let mut recent = Vec::with_capacity(rows.len());
    for row in rows {
        // Nobody joins the decision about an erased person: nothing says any more whose it is.
        if let DecisionRead { stored, person: Some(person), .. } = row.read(keys)? {
            recent.push(Recent { person, decision: stored.decision });
        }
    }
    Ok(recent)
}

async fn workspace(connection: &mut Connection, tenant: &TenantId, revision: i64) -> Result<Workspace, Failure> {
    let row = format_args!("revision {revision} of `{tenant}`").to_string();
    let body: Option<String> =
        sqlx::query_scalar("SELECT body FROM log WHERE tenant = $1 AND seq = $2 AND kind = 'workspace'")
            .bind(tenant.as_str())
            .bind(revision)
            .fetch_optional(connection)
            .await?;
    let body = body.ok_or_else(|| unreadable(&row, "it is not in the log"))?;
    Ok(parse(&body, &row)?)
}

/// One decision with everything about it.
pub(super) async fn decision(readers: &Pool, keys: &TenantKeys, id: &DecisionId) -> Result<Option<Recalled>, Failure> {
    let tenant = &keys.tenant;
    let mut one_commit = dialect::one_commit(readers).await?;
    let row: Option<DecisionRow> = sqlx::query_as("SELECT * FROM decision_rows WHERE tenant = $1 AND id = $2")
        .bind(tenant.as_str())
        .bind(id.as_str())
        .fetch_optional(&mut *one_commit)
        .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let person = row.person;
    let mut read = row.read(keys)?;
    let (known, erased) = (read.known.take(), read.erased.take());
    let lists = turns::lists(&mut one_commit, tenant, read.named().cloned().into_iter().collect()).await?;
    let stored = read.whole(&lists)?;
    let private: Option<Vec<u8>> =
        sqlx::query_scalar("SELECT body FROM private WHERE person = $1 AND kind = 'lead' AND ref = $2")
            .bind(person)
            .bind(signed(stored.seq))
            .fetch_optional(&mut *one_commit)
            .await?;
    let private = match (&known, private) {
        (Some(known), Some(body)) => Some(private_of(&mut one_commit, keys, known, id, stored.seq, &body).await?),
        _ => None,
    };
    let effects: Vec<EffectRow> =
        sqlx::query_as("SELECT * FROM outbox_rows WHERE tenant = $1 AND decision = $2 ORDER BY id")
            .bind(tenant.as_str())
            .bind(signed(stored.seq))
            .fetch_all(&mut *one_commit)
            .await?;
    let effects = effects.into_iter().map(|row| row.read(keys)).collect::<Result<_, Failure>>()?;
    let workspace = workspace(&mut one_commit, tenant, signed(stored.decision.revision)).await?;
    let calendar_files = CalendarFiles::default();
    Ok(Some(Recalled { stored, private, erased, effects, workspace, calendar_files }))
}

/// What only the person's own key opens, with its transcript made whole.
async fn private_of(
    connection: &mut Connection,
    keys: &TenantKeys,
    known: &Person,
    id: &DecisionId,
    seq: u64,
    body: &[u8],
) -> Result<Private, Failure> {
    let row = format_args!("decision `{id}` of `{}`", keys.tenant).to_string();
    let mut private: Private = private::value(keys, known, Kind::Lead, &signed(seq).to_be_bytes(), body, &row)?;
    let answers = shared::read(connection, &keys.tenant, named(&private.transcript)).await?;
    let whole = restore(&private.transcript, |digest| answers.get(digest).map(String::as_str));
    private.transcript = whole.map_err(|error| unreadable(&row, error))?;
    Ok(private)
}

/// The decisions about a lead, newest first.
pub(super) async fn decisions_of(readers: &Pool, tenant: &TenantId, lead: &LeadId) -> Result<Vec<DecisionId>, Failure> {
    let ids: Vec<String> =
        sqlx::query_scalar("SELECT id FROM decisions WHERE tenant = $1 AND lead = $2 ORDER BY seq DESC")
            .bind(tenant.as_str())
            .bind(dialect::plain(lead.as_str()))
            .fetch_all(readers)
            .await?;
    Ok(ids.into_iter().map(DecisionId::from).collect())
}

/// Decisions in the order of the log, after this number.
pub(super) async fn log(readers: &Pool, keys: &TenantKeys, after: u64, limit: u32) -> Result<Vec<Stored>, Failure> {
    let tenant = &keys.tenant;
    let mut connection = readers.acquire().await?;
    let rows: Vec<DecisionRow> =
        sqlx::query_as("SELECT * FROM decision_rows WHERE tenant = $1 AND seq > $2 ORDER BY seq LIMIT $3")
            .bind(tenant.as_str())
            .bind(signed(after))
            .bind(i64::from(limit))
            .fetch_all(&mut *connection)
            .await?;
    stored(&mut connection, keys, rows).await
}

/// Those of them that are about this lead.
pub(super) async fn log_of(
    readers: &Pool,
    keys: &TenantKeys,
    lead: &LeadId,
    after: u64,
    limit: u32,
) -> Result<Vec<Stored>, Failure> {
    let mut connection = readers.acquire().await?;
    let rows: Vec<DecisionRow> = sqlx::query_as(
        "SELECT * FROM decision_rows WHERE tenant = $1 AND lead = $2 AND seq > $3 ORDER BY seq LIMIT $4",
    )
    .bind(keys.tenant.as_str())
    .bind(dialect::plain(lead.as_str()))
    .bind(signed(after))
    .bind(i64::from(limit))
    .fetch_all(&mut *connection)
    .await?;
    stored(&mut connection, keys, rows).await
}

async fn stored(
    connection: &mut Connection,
    keys: &TenantKeys,
    rows: Vec<DecisionRow>,
) -> Result<Vec<Stored>, Failure> {
    let tenant = &keys.tenant;
    let read = rows.into_iter().map(|row| row.read(keys)).collect::<Result<Vec<_>, Failure>>()?;
    let digests = read.iter().filter_map(DecisionRead::named).cloned().collect();
    let lists = turns::lists(connection, tenant, digests).await?;
    read.into_iter().map(|read| read.whole(&lists)).collect::<Result<_, StoreError>>().map_err(Failure::Store)
}

/// Effects that wait or are dead, oldest first.
pub(super) async fn outbox(
    readers: &Pool,
    keys: &TenantKeys,
    dead: bool,
    limit: u32,
    sure: bool,
) -> Result<Vec<OutboxRow>, Failure> {
    // Two texts, since an index over some states serves only a query that names them.
    let sql = if dead {
        "SELECT * FROM outbox_rows WHERE id IN (
             SELECT id FROM outbox WHERE tenant = $1 AND state = 'dead' ORDER BY id LIMIT $2)
         ORDER BY id"
    } else {
        "SELECT * FROM outbox_rows WHERE id IN (
             SELECT id FROM (
                 SELECT id FROM outbox WHERE tenant = $1 AND state = 'dead'
                 UNION ALL SELECT id FROM outbox WHERE tenant = $1 AND state = 'waiting') AS either
             ORDER BY id LIMIT $2)
         ORDER BY id"
    };
    let rows: Vec<EffectRow> =
        sqlx::query_as(sql).bind(keys.tenant.as_str()).bind(i64::from(limit)).fetch_all(readers).await?;
    let mut read = Vec::with_capacity(rows.len());
    for row in rows {
        match row.read(keys) {
            Ok(row) => read.push(row),
            Err(Failure::OtherKey) if !sure => return Err(Failure::OtherKey),
            Err(failure) => tracing::error!(error = %failure.of("of this host"), "An effect is left out"),
        }
    }
    Ok(read)
}

/// How many arrivals and how many effects wait.
pub(super) async fn backlog(readers: &Pool, tenant: &TenantId) -> Result<(u64, u64), Failure> {
    let mut sql = QueryBuilder::new("SELECT (SELECT count(*) FROM ");
    sql.push(WAITING).push_bind(tenant.as_str());
    sql.push("), (SELECT CAST(coalesce(sum(pending), 0) AS BIGINT) FROM lanes WHERE tenant = ")
        .push_bind(tenant.as_str())
        .push(")");
    let (arrivals, effects): (i64, i64) = sql.build_query_as().fetch_one(readers).await?;
    Ok((unsigned(arrivals), unsigned(effects)))
}
