//! Settling: what became of claims, and what follows from it for the effects behind them.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use async_trait::async_trait;
use rota_flow::ports::{LaneState, Settle, Settlement};
use sqlx::QueryBuilder;

use super::dialect::{self, Connection, Pool};
use super::failure::Failure;
use super::held::{self, DecisionKey};
use super::inbox::Arrivals;
use super::keys::TenantKeys;
use super::lanes::{self, LaneKey};
use super::many::pieces;
use super::people::PersonLookup;
use super::private::{self, Kind, PersonColumns, PrivateRow};
use super::rows::{json, micros};
use super::unit::Unit;

/// One settlement as a row.
pub(super) struct Line {
    lane: LaneKey,
    fence: i64,
    effect: String,
    state: LaneState,
    /// Whether this was an attempt.
    counts: bool,
    /// When the effect's state was reached, or when it is tried next.
    at: i64,
    settled: i64,
    trouble: Option<String>,
    /// Why, in the CRM's words, sealed for the person.
    cause: Option<Vec<u8>>,
    /// Why, in the host's own.
    note: Option<String>,
    again: Option<Arrivals>,
    notifies: bool,
}

impl Line {
    /// Makes a row of a settlement; whom it concerns is looked up.
    pub(super) async fn new(
        (readers, persons): (&Pool, &PersonLookup),
        keys: &Arc<TenantKeys>,
        settlement: &Settlement,
    ) -> Result<Self, Failure> {
        let Settlement { claim, settle, at } = settlement;
        let settled = micros(*at);
        let mut line = Self {
            lane: (claim.tenant.to_string(), claim.effect.connection.to_string(), claim.lane.clone()),
            fence: claim.fence,
            effect: claim.effect.id.to_string(),
            state: LaneState::Done,
            counts: true,
            at: settled,
            settled,
            trouble: None,
            cause: None,
            note: None,
            again: None,
            notifies: claim.effect.act.notifies(),
        };
        let cause = match settle {
            Settle::Done => None,
            Settle::Superseded(cause) => {
                line.state = LaneState::Superseded;
                line.counts = false;
                Some(cause)
            }
            Settle::Retry { at, counts, trouble, cause } => {
                line.trouble = trouble
                    .as_ref()
                    .map(|trouble| json(trouble, format_args!("effect `{}`", line.effect)))
                    .transpose()?;
                line.state = LaneState::Waiting;
                line.counts = *counts;
                line.at = micros(*at);
                Some(cause)
            }
            Settle::Dead { trouble, cause, again } => {
                line.state = LaneState::Dead;
                line.trouble = Some(json(&trouble, format_args!("effect `{}`", line.effect))?);
                if let Some(arrival) = again {
                    let arrival = std::slice::from_ref(arrival);
                    line.again = Some(Arrivals::new(persons, keys.clone(), arrival, *at).await?);
                }
                Some(cause)
            }
        };
        if let Some(cause) = cause {
            line.cause = seal(readers, keys, &line.effect, cause).await?;
        }
        Ok(line)
    }

    /// The end of an effect that cannot be read.
    pub(super) fn unreadable(lane: LaneKey, fence: i64, effect: String, now: i64, note: String) -> Self {
        Self {
            lane,
            fence,
            effect,
            state: LaneState::Dead,
            counts: false,
            at: now,
            settled: now,
            trouble: Some(UNREADABLE.into()),
            cause: None,
            note: Some(note),
            again: None,
            notifies: false,
        }
    }
}

/// What an effect met that cannot be read, as a column has it.
const UNREADABLE: &str = "\"unreadable\"";

/// Seals what a CRM said of an effect; of an erased person's, nothing is kept.
async fn seal(readers: &Pool, keys: &TenantKeys, effect: &str, cause: &str) -> Result<Option<Vec<u8>>, Failure> {
    let columns: Option<PersonColumns> = sqlx::query_as(
        "SELECT people.person, people.key_digest, people.key FROM outbox JOIN people ON people.person = outbox.person
         WHERE outbox.tenant = $1 AND outbox.effect = $2 AND people.key IS NOT NULL",
    )
    .bind(keys.tenant.as_str())
    .bind(effect)
    .fetch_optional(readers)
    .await?;
    let Some(columns) = columns else { return Ok(None) };
    let person = private::person(keys, &columns, format_args!("the person of effect `{effect}`"))?;
    Ok(Some(private::seal(keys, &person.key, Kind::Cause, effect.as_bytes(), cause)))
}

/// Settlements ready to be written.
pub(super) struct Settlements(pub(super) Vec<Line>);

/// A line whose effect was waiting, with what the outbox knows of it.
struct Moved<'l> {
    line: &'l Line,
    id: i64,
    decision: i64,
    person: i64,
    owner: bool,
    with_owner: bool,
}

#[async_trait]
impl Unit for Settlements {
    type Answer = Vec<bool>;

    fn weight(&self) -> usize {
        4 * self.0.len()
    }

    async fn write(&self, connection: &mut Connection) -> Result<Vec<bool>, Failure> {
        let tenants: BTreeSet<&str> = self.0.iter().map(|line| line.lane.0.as_str()).collect();
        dialect::beside(connection, &tenants.into_iter().collect::<Vec<_>>()).await?;
        let held = release(connection, &self.0).await?;
        let lines: Vec<&Line> = self.0.iter().zip(&held).filter(|(_, held)| **held).map(|(line, _)| line).collect();
        let moved = transfer(connection, &lines).await?;
        remember(connection, &moved).await?;

        // Lanes that lost their lease and nothing else are named too, to be removed if empty.
        let mut left: BTreeMap<LaneKey, i64> = lines.iter().map(|line| (line.lane.clone(), 0)).collect();
        let finished = moved.iter().filter(|moved| moved.line.state != LaneState::Waiting);
        let mut gone: Vec<LaneKey> = finished.map(|moved| moved.line.lane.clone()).collect();
        for (of, fate) in FATES {
            let of: Vec<&Moved<'_>> = moved.iter().filter(|moved| of(moved)).collect();
            gone.extend(supersede(connection, &of, fate).await?);
        }
        let_go(connection, &moved).await?;
        for lane in gone {
            *left.entry(lane).or_default() += 1;
        }
        lanes::shrink(connection, left).await?;

        hurry(connection, &moved).await?;
        stages(connection, &moved).await?;
        for again in moved.iter().filter_map(|moved| moved.line.again.as_ref()) {
            again.insert(connection).await?;
        }
        Ok(held)
    }
}

/// Gives leases back; false for a line whose lease was lost.
async fn release(connection: &mut Connection, lines: &[Line]) -> Result<Vec<bool>, sqlx::Error> {
    type Leased = (String, String, String, i64);
    let mut released: HashSet<Leased> = HashSet::new();
    for piece in pieces(lines) {
        let mut sql = QueryBuilder::new("WITH line (tenant, connection, lane, fence, next_at) AS (");
        dialect::values(&mut sql, piece, |values, line| {
            let (tenant, connection, lane) = &line.lane;
            let next_at = if line.state == LaneState::Waiting { line.at } else { line.settled };
            values
                .push_bind(tenant.as_str())
                .push_bind(connection.as_str())
                .push_bind(lane.as_str())
                .push_bind(line.fence)
                .push_bind(next_at);
        });
        sql.push(
            ") UPDATE lanes SET lease_until = NULL, next_at = line.next_at FROM line
             WHERE lanes.tenant = line.tenant AND lanes.connection = line.connection
               AND lanes.lane = line.lane AND lanes.fence = line.fence AND lanes.lease_until IS NOT NULL
             RETURNING lanes.tenant, lanes.connection, lanes.lane, lanes.fence",
        );
        released.extend(sql.build_query_as::<Leased>().fetch_all(&mut *connection).await?);
    }
    let held = |line: &Line| {
        let (tenant, connection, lane) = line.lane.clone();
        released.remove(&(tenant, connection, lane, line.fence))
    };
    Ok(lines.iter().map(held).collect())
}

/// Moves effects to their new states. An effect that somebody dropped meanwhile stays
/// dropped, and is not among the answers. They stand as the lines do: a database gives changed
/// rows in any order, and what is decided again comes into the inbox in this one.
async fn transfer<'l>(connection: &mut Connection, lines: &[&'l Line]) -> Result<Vec<Moved<'l>>, sqlx::Error> {
    type Columns = (String, String, i64, i64, i64, String, i64);
    let lines_of: HashMap<(&str, &str), (usize, &'l Line)> = lines
        .iter()
        .enumerate()
        .map(|(place, line)| ((line.lane.0.as_str(), line.effect.as_str()), (place, *line)))
        .collect();
    let mut moved = Vec::with_capacity(lines.len());
    for piece in pieces(lines) {
        let mut sql = QueryBuilder::new("WITH line (tenant, effect, state, counts, at, trouble, note) AS (");
        dialect::values(&mut sql, piece, |values, line| {
            values
                .push_bind(line.lane.0.as_str())
                .push_bind(line.effect.as_str())
                .push_bind(line.state.as_str())
                .push_bind(i64::from(line.counts))
                .push_bind(line.at)
                .push_bind(line.trouble.as_deref())
                .push_bind(line.note.as_deref());
        });
        sql.push(
            ") UPDATE outbox
             SET state = line.state, attempts = attempts + line.counts, at = line.at, trouble = line.trouble,
                 note = coalesce(line.note, outbox.note)
             FROM line
             WHERE outbox.tenant = line.tenant AND outbox.effect = line.effect AND outbox.state = 'waiting'
             RETURNING outbox.tenant, outbox.effect, outbox.id, outbox.decision, outbox.person, outbox.kind,
                 outbox.with_owner",
        );
        let rows: Vec<Columns> = sql.build_query_as().fetch_all(&mut *connection).await?;
        for (tenant, effect, id, decision, person, kind, with_owner) in rows {
            if let Some(&(place, line)) = lines_of.get(&(tenant.as_str(), effect.as_str())) {
                let (owner, with_owner) = (kind == "owner", with_owner > 0);
                moved.push((place, Moved { line, id, decision, person, owner, with_owner }));
            }
        }
    }
    moved.sort_by_key(|(place, _)| *place);
    Ok(moved.into_iter().map(|(_, moved)| moved).collect())
}

/// Keeps causes: they may repeat what a CRM said of a person's data.
async fn remember(connection: &mut Connection, moved: &[Moved<'_>]) -> Result<(), sqlx::Error> {
    let causes = moved.iter().filter_map(|moved| {
        let body = moved.line.cause.as_deref()?;
        Some(PrivateRow { person: moved.person, kind: Kind::Cause, reference: moved.id, body })
    });
    private::write(connection, &causes.collect::<Vec<_>>()).await
}

/// Which waiting effects a settled one takes along, and the reason that they get.
struct Fate {
    condition: &'static str,
    note: &'static str,
}

/// What is said of effects that a dead owner took along. A repair of it brings them back.
pub(super) const OWNER_DIED: &str = "its decision's owner could not be delivered";

/// What is said of effects that waited for one that will not be sent.
pub(super) const NOT_NEEDED: &str = "what it waited for was not needed any more";

/// A question about a settled effect.
type Asked = fn(&Moved<'_>) -> bool;

const FATES: [(Asked, Fate); 3] = [
    (
        // What stands before an owner and is not needed takes the owner along, too.
        |moved| match moved.line.state {
            LaneState::Waiting => false,
            LaneState::Superseded => moved.with_owner,
            _ => moved.owner,
        },
        Fate {
            condition: "outbox.connection = cause.connection AND outbox.lane = cause.lane
                AND outbox.id < cause.id AND outbox.with_owner = 1 AND outbox.decision <> cause.decision",
            note: "a newer owner took its place",
        },
    ),
    (
        |moved| moved.line.state == LaneState::Superseded,
        Fate {
            condition: "outbox.connection = cause.connection AND outbox.lane = cause.lane
                AND outbox.id > cause.id AND outbox.decision = cause.decision",
            note: NOT_NEEDED,
        },
    ),
    (
        |moved| moved.owner && moved.line.state == LaneState::Dead,
        Fate { condition: "outbox.decision = cause.decision", note: OWNER_DIED },
    ),
];

/// Supersedes what waits and meets the fate's condition, and what the decisions hold back whose
/// owner is among it; gives the lane of each that waited.
async fn supersede(
    connection: &mut Connection,
    causes: &[&Moved<'_>],
    fate: Fate,
) -> Result<Vec<LaneKey>, sqlx::Error> {
    type Columns = (String, String, String, i64, String, i64);
    let mut lanes = Vec::new();
    for piece in pieces(causes) {
        let mut sql = QueryBuilder::new("WITH cause (tenant, connection, lane, id, decision, at) AS (");
        dialect::values(&mut sql, piece, |values, moved| {
            let (tenant, connection, lane) = &moved.line.lane;
            values
                .push_bind(tenant.as_str())
                .push_bind(connection.as_str())
                .push_bind(lane.as_str())
                .push_bind(moved.id)
                .push_bind(moved.decision)
                .push_bind(moved.line.settled);
        });
        sql.push(") UPDATE outbox SET state = 'superseded', at = cause.at, note = ").push_bind(fate.note);
        sql.push(" FROM cause WHERE outbox.tenant = cause.tenant AND outbox.state = 'waiting' AND ");
        sql.push(fate.condition)
            .push(" RETURNING outbox.tenant, outbox.connection, outbox.lane, outbox.decision, outbox.kind, outbox.at");
        let rows: Vec<Columns> = sql.build_query_as().fetch_all(&mut *connection).await?;
        for (tenant, crm, lane, decision, kind, at) in rows {
            if kind == "owner" {
                held::cancel(connection, &[(tenant.clone(), decision)], fate.note, at).await?;
            }
            lanes.push((tenant, crm, lane));
        }
    }
    Ok(lanes)
}

/// Lets go what waited for an owner that is confirmed now, and cancels what waited for one
/// that will not be.
async fn let_go(connection: &mut Connection, moved: &[Moved<'_>]) -> Result<(), sqlx::Error> {
    let of = |state: LaneState| {
        let owners = moved.iter().filter(move |moved| moved.owner && moved.line.state == state);
        owners.map(|moved| (moved.line.lane.0.clone(), moved.decision)).collect::<Vec<DecisionKey>>()
    };
    let Some(now) = moved.iter().map(|moved| moved.line.settled).max() else { return Ok(()) };
    held::release(connection, &of(LaneState::Done), now).await?;
    held::cancel(connection, &of(LaneState::Superseded), NOT_NEEDED, now).await?;
    held::cancel(connection, &of(LaneState::Dead), OWNER_DIED, now).await
}

/// Lets a newer owner go at once that came while an older effect, which it will cancel, was
/// under way and has to wait now.
async fn hurry(connection: &mut Connection, moved: &[Moved<'_>]) -> Result<(), sqlx::Error> {
    let retried: Vec<&Moved<'_>> =
        moved.iter().filter(|moved| moved.with_owner && moved.line.state == LaneState::Waiting).collect();
    for piece in pieces(&retried) {
        let mut sql = QueryBuilder::new("WITH tried (tenant, connection, lane, id, decision, at) AS (");
        dialect::values(&mut sql, piece, |values, moved| {
            let (tenant, connection, lane) = &moved.line.lane;
            values
                .push_bind(tenant.as_str())
                .push_bind(connection.as_str())
                .push_bind(lane.as_str())
                .push_bind(moved.id)
                .push_bind(moved.decision)
                .push_bind(moved.line.settled);
        });
        sql.push(
            ") UPDATE lanes SET next_at = tried.at FROM tried
             WHERE lanes.tenant = tried.tenant AND lanes.connection = tried.connection AND lanes.lane = tried.lane
               AND EXISTS (
                   SELECT 1 FROM sendable AS o
                   WHERE o.tenant = tried.tenant AND o.connection = tried.connection AND o.lane = tried.lane
                     AND o.kind = 'owner'
                     AND o.id > tried.id AND o.decision <> tried.decision)",
        );
        sql.build().execute(&mut *connection).await?;
    }
    Ok(())
}

/// Notes when an owner was confirmed and when a rep was told, the first time each.
async fn stages(connection: &mut Connection, moved: &[Moved<'_>]) -> Result<(), sqlx::Error> {
    let told = |moved: &&Moved<'_>| moved.line.state == LaneState::Done && (moved.owner || moved.line.notifies);
    let told: Vec<&Moved<'_>> = moved.iter().filter(told).collect();
    for piece in pieces(&told) {
        let mut sql = QueryBuilder::new("WITH told (tenant, seq, owner, task) AS (");
        dialect::values(&mut sql, piece, |values, moved| {
            values
                .push_bind(moved.line.lane.0.as_str())
                .push_bind(moved.decision)
                .push_bind(moved.owner.then_some(moved.line.settled))
                .push_bind(moved.line.notifies.then_some(moved.line.settled));
        });
        sql.push(
            ") UPDATE decisions
             SET owner_confirmed = coalesce(owner_confirmed, told.owner), notified = coalesce(notified, told.task)
             FROM told WHERE decisions.tenant = told.tenant AND decisions.seq = told.seq",
        );
        sql.build().execute(&mut *connection).await?;
    }
    Ok(())
}
