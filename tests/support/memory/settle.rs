//! Settling: what became of claims, and what follows from it for the effects behind them.

use jiff::Timestamp;
use rota_domain::effect::Act;
use rota_flow::ports::{Arrival, LaneState, Settle, Settlement};

use super::Tenant;
use super::lanes::Row;

/// What is said of effects that a dead owner took along. A repair of it brings them back.
pub(super) const OWNER_DIED: &str = "its decision's owner could not be delivered";
/// What is said of effects that waited for one that will not be sent.
pub(super) const NOT_NEEDED: &str = "what it waited for was not needed any more";
/// What is said of effects that a newer decision replaces.
pub(super) const REPLACED: &str = "a newer owner took its place";

/// What a settlement says, as the outbox keeps it.
struct Said {
    state: LaneState,
    counts: bool,
    at: Timestamp,
    cause: Option<String>,
    again: Option<Arrival>,
}

impl Said {
    fn of(settle: Settle, settled: Timestamp) -> Self {
        let plain = |state, cause| Self { state, counts: true, at: settled, cause, again: None };
        match settle {
            Settle::Done => plain(LaneState::Done, None),
            Settle::Superseded(cause) => Self { counts: false, ..plain(LaneState::Superseded, Some(cause)) },
            Settle::Retry { at, counts, cause, .. } => Self { counts, at, ..plain(LaneState::Waiting, Some(cause)) },
            Settle::Dead { cause, again, .. } => Self { again, ..plain(LaneState::Dead, Some(cause)) },
        }
    }
}

impl Tenant {
    pub(super) fn settle(&mut self, settlements: Vec<Settlement>) -> Vec<bool> {
        let held = settlements.into_iter().map(|settlement| self.settle_one(settlement)).collect();
        self.sweep();
        held
    }

    fn settle_one(&mut self, Settlement { claim, settle, at: settled }: Settlement) -> bool {
        let said = Said::of(settle, settled);
        let key = (claim.effect.connection.clone(), claim.lane);
        match self.lanes.get_mut(&key) {
            Some(lane) if lane.fence == claim.fence && lane.lease.is_some() => {
                lane.lease = None;
                lane.next_at = if said.state == LaneState::Waiting { said.at } else { settled };
            }
            _ => return false,
        }
        let waits = |row: &Row| row.effect.id == claim.effect.id && row.waits();
        // One that somebody dropped meanwhile stays dropped.
        let Some(id) = self.outbox.iter().position(waits) else { return true };
        let row = &mut self.outbox[id];
        (row.state, row.at) = (said.state, said.at);
        row.attempts += u32::from(said.counts);
        row.cause = said.cause.or(row.cause.take());
        let row = row.clone();
        self.follow(id, &row, settled);
        if let Some(again) = said.again {
            self.accept(again, settled);
        }
        true
    }

    /// What follows from this row's new state.
    fn follow(&mut self, id: usize, row: &Row, settled: Timestamp) {
        let in_lane = |other: &Row| other.key() == row.key();
        let other = |other: &Row| other.decision != row.decision;
        let owner = row.is_owner();
        // What stands before an owner and is not needed takes the owner along, too.
        let replaces = match row.state {
            LaneState::Waiting => false,
            LaneState::Superseded => row.with_owner,
            _ => owner,
        };
        if replaces {
            self.supersede(settled, REPLACED, |n, one| in_lane(one) && n < id && one.with_owner && other(one));
        }
        if row.state == LaneState::Superseded {
            self.supersede(settled, NOT_NEEDED, |n, one| in_lane(one) && n > id && !other(one));
        }
        if owner && row.state == LaneState::Dead {
            self.supersede(settled, OWNER_DIED, |_, one| !other(one));
        }
        match row.state {
            LaneState::Done => {
                self.stage(row.decision, owner, matches!(row.effect.act, Act::Task { .. }), settled);
                if owner {
                    self.release(row.decision, settled);
                }
            }
            LaneState::Superseded if owner => self.cancel(row.decision, settled, NOT_NEEDED),
            LaneState::Dead if owner => self.cancel(row.decision, settled, OWNER_DIED),
            // A newer owner that came while this was under way need not wait for it.
            LaneState::Waiting if row.with_owner => {
                let newer =
                    |(n, one): (usize, &Row)| one.waits() && in_lane(one) && one.is_owner() && n > id && other(one);
                if self.outbox.iter().enumerate().any(newer)
                    && let Some(lane) = self.lanes.get_mut(&row.key())
                {
                    lane.next_at = settled;
                }
            }
            _ => {}
        }
    }

    /// Supersedes what waits and is so, and what decisions hold back whose owner is among it.
    fn supersede(&mut self, at: Timestamp, note: &str, which: impl Fn(usize, &Row) -> bool) {
        let mut owners = Vec::new();
        for (n, row) in self.outbox.iter_mut().enumerate() {
            if row.waits() && which(n, row) {
                row.becomes(LaneState::Superseded, at, note);
                owners.extend(row.is_owner().then_some(row.decision));
            }
        }
        for decision in owners {
            self.cancel(decision, at, note);
        }
    }

    /// Lets go what a decision holds back.
    fn release(&mut self, decision: u64, at: Timestamp) {
        let mut lanes = Vec::new();
        for row in self.held_of(decision) {
            (row.state, row.at) = (LaneState::Waiting, at);
            lanes.push(row.key());
        }
        for lane in lanes {
            self.back(lane, at);
        }
    }

    /// Supersedes what a decision holds back.
    pub(super) fn cancel(&mut self, decision: u64, at: Timestamp, note: &str) {
        for row in self.held_of(decision) {
            row.becomes(LaneState::Superseded, at, note);
        }
    }

    fn held_of(&mut self, decision: u64) -> impl Iterator<Item = &mut Row> {
        self.outbox.iter_mut().filter(move |row| row.decision == decision && row.state == LaneState::Held)
    }
}
