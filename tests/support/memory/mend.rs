//! What a person does to an effect, and the end of what waits for a connection that is gone.

use std::collections::BTreeSet;

use jiff::Timestamp;
use rota_domain::id::{ConnectionId, EffectId};
use rota_flow::ports::{LaneState, Repair};

use super::Tenant;
use super::lanes::Row;
use super::settle::{NOT_NEEDED, OWNER_DIED, REPLACED};

/// What is said of effects whose owner a person gave up.
const GIVEN_UP: &str = "the owner was given up";

impl Tenant {
    pub(super) fn repair(&mut self, effect: &EffectId, repair: Repair, now: Timestamp) -> bool {
        let mendable = [LaneState::Waiting, LaneState::Held, LaneState::Dead];
        let found = |row: &Row| row.effect.id == *effect && mendable.contains(&row.state);
        let Some(id) = self.outbox.iter().position(found) else { return false };
        match repair {
            // It goes when its owner is confirmed; before that, nothing can be retried.
            Repair::Retry if self.outbox[id].state == LaneState::Held => return false,
            Repair::Drop => self.end(id, LaneState::Dropped, None, now),
            Repair::Retry if self.is_outdated(id) => self.end(id, LaneState::Superseded, Some(REPLACED), now),
            Repair::Retry => self.retry(id, now),
        }
        self.sweep();
        true
    }

    /// Whether a newer owner of the record was delivered, which sending this would undo.
    fn is_outdated(&self, id: usize) -> bool {
        let row = &self.outbox[id];
        let newer = |other: &Row| {
            let done = other.is_owner() && other.state == LaneState::Done;
            done && other.decision > row.decision && other.key() == row.key()
        };
        row.with_owner && self.outbox.iter().any(newer)
    }

    fn retry(&mut self, id: usize, now: Timestamp) {
        let before = self.outbox[id].state;
        let state = if before == LaneState::Waiting { LaneState::Waiting } else { self.rejoined(id) };
        let row = &mut self.outbox[id];
        (row.state, row.attempts, row.at) = (state, row.attempts.min(1), now);
        (row.cause, row.note) = (None, None);
        if state == LaneState::Superseded {
            let died = self.owner_states(id).contains(&LaneState::Dead);
            self.outbox[id].note = Some(if died { OWNER_DIED } else { NOT_NEEDED }.into());
        }
        if state != LaneState::Waiting {
            return;
        }
        let row = self.outbox[id].clone();
        if before != LaneState::Waiting {
            self.doubt(id, &row);
            if row.is_owner() {
                self.revive(row.decision, now);
            }
        }
        self.back(row.key(), now);
    }

    /// The states of the owners that an effect's decision sets.
    fn owner_states(&self, id: usize) -> Vec<LaneState> {
        let decision = self.outbox[id].decision;
        self.outbox.iter().filter(|row| row.decision == decision && row.is_owner()).map(|row| row.state).collect()
    }

    /// What has come back from the dead stands to its decision's owner as it did before.
    fn rejoined(&self, id: usize) -> LaneState {
        let (row, owners) = (&self.outbox[id], self.owner_states(id));
        if row.is_owner() || owners.is_empty() || owners.contains(&LaneState::Done) {
            return LaneState::Waiting;
        }
        match owners.contains(&LaneState::Waiting) {
            true if row.effect.act.kind() == "notify" => LaneState::Held,
            true => LaneState::Waiting,
            false => LaneState::Superseded,
        }
    }

    /// What is behind it in a lane that somebody holds may be under way: it counts as tried.
    fn doubt(&mut self, id: usize, row: &Row) {
        let key = row.key();
        if self.lanes.get(&key).is_some_and(|lane| lane.lease.is_some()) {
            for behind in self.outbox.iter_mut().skip(id + 1).filter(|behind| behind.waits() && behind.key() == key) {
                behind.attempts = behind.attempts.max(1);
            }
        }
    }

    /// Brings back what this decision's owner took along when it died.
    fn revive(&mut self, decision: u64, now: Timestamp) {
        let mut lanes = Vec::new();
        for row in self.outbox.iter_mut().filter(|row| row.decision == decision) {
            if row.state == LaneState::Superseded && row.note.as_deref() == Some(OWNER_DIED) {
                let held = row.effect.act.kind() == "notify";
                row.state = if held { LaneState::Held } else { LaneState::Waiting };
                (row.attempts, row.at, row.note) = (row.attempts.min(1), now, None);
                lanes.extend((!held).then(|| row.key()));
            }
        }
        for lane in lanes {
            self.back(lane, now);
        }
    }

    /// Ends an effect, and with a waiting owner what its decision and older ones have there.
    fn end(&mut self, id: usize, state: LaneState, note: Option<&str>, now: Timestamp) {
        let row = &mut self.outbox[id];
        let before = row.clone();
        (row.state, row.at, row.note) = (state, now, note.map(Into::into));
        if !(before.is_owner() && before.waits()) {
            return;
        }
        let mut ended = BTreeSet::from([before.decision]);
        for (n, row) in self.outbox.iter_mut().enumerate() {
            let along = row.decision == before.decision || (row.with_owner && n < id);
            if row.waits() && row.key() == before.key() && along {
                row.becomes(LaneState::Superseded, now, GIVEN_UP);
                ended.insert(row.decision);
            }
        }
        for decision in ended {
            self.cancel(decision, now, GIVEN_UP);
        }
    }

    pub(super) fn strand(&mut self, known: &[ConnectionId], now: Timestamp) -> u64 {
        let gone = |row: &Row| !known.contains(&row.effect.connection);
        let (mut dead, mut owners) = (0, Vec::new());
        for row in self.outbox.iter_mut().filter(|row| gone(row) && row.waits()) {
            // Who holds the lane cannot say any more what they sent: it is looked for.
            let held = self.lanes.get(&row.key()).is_some_and(|lane| lane.lease.is_some());
            row.attempts = row.attempts.max(u32::from(held));
            let note = format!("the workspace has no connection `{}` any more", row.effect.connection);
            row.becomes(LaneState::Dead, now, &note);
            owners.extend(row.is_owner().then_some(row.decision));
            dead += 1;
        }
        for decision in owners {
            self.cancel(decision, now, OWNER_DIED);
        }
        for row in self.outbox.iter_mut().filter(|row| gone(row) && row.state == LaneState::Held) {
            let note = format!("the workspace has no destination `{}` any more", row.effect.connection);
            row.becomes(LaneState::Dead, now, &note);
            dead += 1;
        }
        self.lanes.retain(|(connection, _), _| known.contains(connection));
        dead
    }
}
