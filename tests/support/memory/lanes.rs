//! Effects on their way, and the lanes in which they wait: leases and fences.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use rota_domain::decision::Decision;
use rota_domain::effect::{Act, Effect, lane};
use rota_domain::id::{ConnectionId, HostId, RepId, TenantId};
use rota_flow::ports::{Claim, LaneState, OutboxRow, RecordRef};

use super::Tenant;

/// A lane's key: connection and name.
pub(super) type LaneKey = (ConnectionId, String);

/// A lane in which something waits, or that somebody holds.
pub(super) struct Lane {
    pub(super) next_at: Timestamp,
    pub(super) lease: Option<Timestamp>,
    pub(super) fence: i64,
    pub(super) holder: Option<HostId>,
}

/// An effect on its way. Its place in the outbox is its number.
#[derive(Clone)]
pub(super) struct Row {
    pub(super) effect: Effect,
    /// The number of its decision in the log.
    pub(super) decision: u64,
    /// Whether its decision sets the owner of its record.
    pub(super) with_owner: bool,
    pub(super) state: LaneState,
    pub(super) attempts: u32,
    pub(super) at: Timestamp,
    /// What the CRM said.
    pub(super) cause: Option<String>,
    /// What the store says.
    pub(super) note: Option<String>,
}

impl Row {
    /// The rows of a decision's effects.
    pub(super) fn of_decision(seq: u64, effects: Vec<Effect>, at: Timestamp) -> Vec<Self> {
        let lane = |effect: &Effect| (effect.connection.clone(), effect.lane());
        let owned: BTreeSet<LaneKey> =
            effects.iter().filter(|effect| matches!(effect.act, Act::Owner { .. })).map(lane).collect();
        let row = |effect: Effect| {
            let held = matches!(effect.act, Act::Notify { .. }) && !owned.is_empty();
            Self {
                with_owner: owned.contains(&lane(&effect)),
                effect,
                decision: seq,
                state: if held { LaneState::Held } else { LaneState::Waiting },
                attempts: 0,
                at,
                cause: None,
                note: None,
            }
        };
        effects.into_iter().map(row).collect()
    }

    pub(super) fn key(&self) -> LaneKey {
        (self.effect.connection.clone(), self.effect.lane())
    }

    pub(super) fn is_owner(&self) -> bool {
        matches!(self.effect.act, Act::Owner { .. })
    }

    pub(super) fn waits(&self) -> bool {
        self.state == LaneState::Waiting
    }

    /// It is in this state since then, and the store says why.
    pub(super) fn becomes(&mut self, state: LaneState, at: Timestamp, note: &str) {
        (self.state, self.at, self.note) = (state, at, Some(note.into()));
    }

    /// The row as the port shows it.
    pub(super) fn shown(&self, tenant: TenantId, decision: &Decision) -> OutboxRow {
        let cause = self.note.clone().or_else(|| self.cause.clone());
        OutboxRow {
            tenant,
            effect: self.effect.clone(),
            decision: decision.id.clone(),
            lead: decision.lead.clone(),
            state: self.state,
            attempts: self.attempts,
            cause: cause.filter(|_| self.state != LaneState::Done),
            at: self.at,
        }
    }
}

impl Tenant {
    /// Puts effects into their lanes. A new owner may be tried at once, however long an older
    /// one that it replaces has to wait.
    pub(super) fn enqueue(&mut self, rows: Vec<Row>) {
        for row in rows {
            if row.waits() {
                let urgent = row.is_owner();
                let lane = self.lane(row.key(), row.at);
                if urgent {
                    lane.next_at = lane.next_at.min(row.at);
                }
            }
            self.outbox.push(row);
        }
    }

    fn lane(&mut self, key: LaneKey, at: Timestamp) -> &mut Lane {
        self.lanes.entry(key).or_insert(Lane { next_at: at, lease: None, fence: 0, holder: None })
    }

    /// Something comes back to a lane, to be tried from this time on.
    pub(super) fn back(&mut self, key: LaneKey, at: Timestamp) {
        let lane = self.lane(key, at);
        lane.next_at = lane.next_at.min(at);
    }

    /// Removes lanes that nothing waits in and nobody holds.
    pub(super) fn sweep(&mut self) {
        let waiting: BTreeSet<LaneKey> = self.outbox.iter().filter(|row| row.waits()).map(Row::key).collect();
        self.lanes.retain(|key, lane| lane.lease.is_some() || waiting.contains(key));
    }

    /// Whom the newest owner that waits for this record makes its owner.
    pub(super) fn owner_on_its_way(&self, connection: &ConnectionId, record: &RecordRef) -> Option<RepId> {
        let key = (connection.clone(), lane(&record.object, &record.id));
        let newest = self.outbox.iter().rev().find(|row| row.waits() && row.is_owner() && row.key() == key)?;
        match &newest.effect.act {
            Act::Owner { rep, .. } => Some(rep.clone()),
            _ => None,
        }
    }

    pub(super) fn claim(
        &mut self,
        (connection, holder): (&ConnectionId, &HostId),
        now: Timestamp,
        lease: SignedDuration,
        limit: usize,
    ) -> Vec<Claim> {
        let free = |lane: &Lane| lane.next_at <= now && lane.lease.is_none_or(|until| until <= now);
        let mut due: Vec<(Timestamp, LaneKey)> = self
            .lanes
            .iter()
            .filter(|((of, _), lane)| of == connection && free(lane))
            .map(|(key, lane)| (lane.next_at, key.clone()))
            .collect();
        due.sort_unstable();
        due.truncate(limit);
        if due.is_empty() {
            return Vec::new();
        }
        self.fence += 1;
        due.into_iter().filter_map(|(_, key)| self.lease(key, holder, now + lease)).collect()
    }

    /// Leases a lane; gives its head.
    fn lease(&mut self, key: LaneKey, holder: &HostId, until: Timestamp) -> Option<Claim> {
        let head = self.head(&key);
        let (Some(lane), Some(head)) = (self.lanes.get_mut(&key), head) else {
            self.lanes.remove(&key);
            return None;
        };
        let abandoned = lane.lease.replace(until).is_some();
        (lane.fence, lane.holder) = (self.fence, Some(holder.clone()));
        let row = &mut self.outbox[head];
        if abandoned {
            // Whoever held it may have sent the head, and died.
            row.attempts = row.attempts.max(1);
        }
        let (effect, attempt) = (row.effect.clone(), row.attempts + 1);
        Some(Claim { tenant: self.id.clone(), lane: key.1, fence: self.fence, attempt, effect })
    }

    /// The first effect of a lane that no newer owner is about to cancel.
    fn head(&self, key: &LaneKey) -> Option<usize> {
        let waiting = || self.outbox.iter().enumerate().filter(|(_, row)| row.waits() && row.key() == *key);
        let newest = waiting().rfind(|(_, row)| row.is_owner());
        let goes = |(id, row): &(usize, &Row)| {
            newest.is_none_or(|(owner, of)| *id >= owner || !row.with_owner || row.decision == of.decision)
        };
        waiting().find(goes).map(|(id, _)| id)
    }
}
