//! The inbox and the log: what arrives, what is entered, and the state that entries lead to.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use rota_domain::agenda::Wait;
use rota_domain::decision::Apply;
use rota_domain::desk::Counters;
use rota_domain::event::Status;
use rota_domain::fairness::Rotation;
use rota_domain::id::{DecisionId, Digest, LeadId, RepId, RotationId};
use rota_domain::person::PersonKey;
use rota_domain::table::Added;
use rota_domain::workspace::Workspace;
use rota_flow::decide::is_joinable;
use rota_flow::ports::{
    Accepted, Arrival, Earlier, Entry, EntryBody, Given, Keyed, LogEnd, OutboxRow, Posted, Private, Recalled, Recent,
    Recorded, Settles, Snapshot, StoreError, Stored, WaitChange, Waiting,
};

use super::Tenant;
use super::lanes::Row;

/// The state at the end of a log.
#[derive(Default)]
pub(super) struct State {
    workspace: Option<(u64, Workspace)>,
    statuses: BTreeMap<RepId, Status>,
    rotations: BTreeMap<RotationId, Rotation>,
    counters: Counters,
    added: Added,
    given: Vec<Given>,
    waits: BTreeMap<LeadId, Wait>,
}

impl State {
    /// The lead that this entry gave is open no more.
    fn end(&mut self, entry: Option<u64>) {
        self.given.iter_mut().filter(|given| Some(given.entry) == entry).for_each(|given| given.open = false);
    }
}

/// A row of the inbox.
pub(super) struct Inboxed {
    waiting: Waiting,
    /// Whether an entry settled it.
    settled: bool,
}

/// A call by its key: answered by an entry, or waiting in a row of the inbox.
pub(super) struct Called {
    asked: Digest,
    row: Option<i64>,
    entry: Option<u64>,
}

/// A decision as it was entered.
pub(super) struct Decided {
    pub(super) stored: Stored,
    person: PersonKey,
    private: Private,
}

impl Tenant {
    pub(super) fn accept(&mut self, arrival: Arrival, now: Timestamp) -> Accepted {
        let id = i64::try_from(self.inbox.len()).unwrap_or(i64::MAX) + 1;
        let Arrival { dedupe_key, occurred, payload } = arrival;
        if self.arrived.contains_key(&dedupe_key) {
            return Accepted::Duplicate;
        }
        self.arrived.insert(dedupe_key, id);
        let waiting = Waiting { id, occurred, received: now, payload };
        self.inbox.insert(id, Inboxed { waiting, settled: false });
        Accepted::New
    }

    pub(super) fn post(&mut self, Posted { call, payload }: Posted) -> Accepted {
        if self.calls.contains_key(&call.key) {
            return Accepted::Duplicate;
        }
        let id = i64::try_from(self.inbox.len()).unwrap_or(i64::MAX) + 1;
        let waiting = Waiting { id, occurred: call.received, received: call.received, payload };
        self.inbox.insert(id, Inboxed { waiting, settled: false });
        self.calls.insert(call.key, Called { asked: call.asked, row: Some(id), entry: None });
        Accepted::New
    }

    pub(super) fn waiting(&self, after: i64) -> impl Iterator<Item = Waiting> {
        let later = self.inbox.range(after.saturating_add(1)..).map(|(_, row)| row);
        later.filter(|row| !row.settled).map(|row| row.waiting.clone())
    }

    /// Enters all of these, or none.
    pub(super) fn record(&mut self, expected: u64, entries: Vec<Entry>) -> Result<(), StoreError> {
        let seq = self.log.len() as u64;
        let settled = |row: &i64| self.inbox.get(row).is_none_or(|row| row.settled);
        let mut keys = BTreeSet::new();
        let stale = entries.iter().any(|entry| match &entry.inbox {
            Some(Settles::Row(row)) => settled(row),
            Some(Settles::Call(call)) => self.calls.contains_key(&call.key) || !keys.insert(&call.key),
            None => false,
        });
        if seq != expected || stale {
            return Err(StoreError::Conflict { tenant: self.id.clone(), seq });
        }
        let mut effects = Vec::new();
        for (seq, entry) in (expected + 1..).zip(entries) {
            self.log.push(entry.clone());
            self.enter(seq, entry, &mut effects);
        }
        self.enqueue(effects);
        Ok(())
    }

    fn enter(&mut self, seq: u64, entry: Entry, effects: &mut Vec<Row>) {
        match entry.inbox {
            Some(Settles::Row(row)) => {
                if let Some(row) = self.inbox.get_mut(&row) {
                    row.settled = true;
                }
                if let Some(call) = self.calls.values_mut().find(|call| call.row == Some(row)) {
                    call.entry = Some(seq);
                }
            }
            Some(Settles::Call(call)) => {
                self.calls.insert(call.key, Called { asked: call.asked, row: None, entry: Some(seq) });
            }
            None => {}
        }
        match entry.body {
            EntryBody::Workspace { workspace, rotations, .. } => {
                self.state.workspace = Some((seq, (*workspace).clone()));
                self.state.rotations.extend(rotations);
            }
            EntryBody::Rep { rep, status } => {
                self.state.statuses.insert(rep, status);
            }
            EntryBody::Counter { flow, name, value } => {
                let counters = self.state.counters.entry(flow.clone()).or_default();
                match value {
                    Some(value) => drop(counters.insert(name, value)),
                    None => drop(counters.remove(&name)),
                }
                if counters.is_empty() {
                    self.state.counters.remove(&flow);
                }
            }
            EntryBody::Rows(changes) => changes.into_iter().for_each(|change| self.state.added.change(change)),
            EntryBody::Closed { lead, given } => {
                self.state.end(given);
                self.state.waits.remove(&lead);
            }
            EntryBody::Responded { lead } => drop(self.state.waits.remove(&lead)),
            EntryBody::Declined { lead, wait, .. } => drop(self.state.waits.insert(lead, *wait)),
            EntryBody::Lapsed { .. } => {}
            EntryBody::Decision(recorded) => {
                let Recorded {
                    decision,
                    person,
                    private,
                    turn,
                    counters,
                    rows,
                    in_hand,
                    waits,
                    effects: acts,
                    stages,
                    decide_nanos,
                } = *recorded;
                self.state.end(in_hand.ended);
                if let Some((rep, kinds)) = decision.rep.clone().zip(in_hand.given) {
                    let (at, lead) = (entry.at, decision.lead.clone());
                    self.state.given.push(Given { entry: seq, at, rep, lead, kinds, open: true });
                }
                match waits {
                    WaitChange::AsBefore => {}
                    WaitChange::Ended => drop(self.state.waits.remove(&decision.lead)),
                    WaitChange::For(wait) => drop(self.state.waits.insert(decision.lead.clone(), *wait)),
                }
                rows.into_iter().for_each(|change| self.state.added.change(change));
                for (flow, name, value) in counters {
                    self.state.counters.entry(flow).or_default().insert(name, value);
                }
                let turn = turn.map(|(turn, rotation)| {
                    self.state.rotations.insert(turn.rotation(), rotation);
                    turn
                });
                effects.extend(Row::of_decision(seq, acts, entry.at));
                let stored = Stored { seq, decision, turn, stages, decide_nanos };
                self.decisions.insert(seq, Decided { stored, person, private });
            }
        }
    }

    pub(super) fn snapshot(&self, since: Timestamp) -> Snapshot {
        let mut recent: BTreeMap<&PersonKey, &Decided> = BTreeMap::new();
        for known in self.decisions.values() {
            let decision = &known.stored.decision;
            if decision.at >= since && is_joinable(decision) {
                recent.insert(&known.person, known);
            }
        }
        let mut recent: Vec<_> = recent.into_values().collect();
        recent.sort_by_key(|known| known.stored.seq);
        let remembered =
            |known: &Decided| Recent { person: known.person.clone(), decision: known.stored.decision.clone() };
        Snapshot {
            seed: self.seed,
            seq: self.log.len() as u64,
            workspace: self.state.workspace.clone(),
            statuses: self.state.statuses.clone(),
            rotations: self.state.rotations.clone(),
            counters: self.state.counters.clone(),
            added: self.state.added.clone(),
            given: self.state.given.clone(),
            waits: self.waits(),
            recent: recent.into_iter().map(remembered).collect(),
            departed: Vec::new(),
        }
    }

    /// What leads wait for, the longest first.
    pub(super) fn waits(&self) -> Vec<(LeadId, Wait)> {
        let mut waits: Vec<_> = self.state.waits.iter().map(|(lead, wait)| (lead.clone(), wait.clone())).collect();
        waits.sort_by_key(|(_, wait)| wait.entry);
        waits
    }

    pub(super) fn log_end(&self) -> LogEnd {
        LogEnd { seq: self.log.len() as u64, waits: !self.state.waits.is_empty() }
    }

    pub(super) fn earlier(&self, call: &Keyed) -> Option<Earlier> {
        let known = self.calls.get(&call.key)?;
        if known.asked == call.asked && known.entry.is_none() {
            return Some(Earlier::Waiting);
        }
        let answered = known.entry.and_then(|entry| self.decisions.get(&entry)).filter(|_| known.asked == call.asked);
        Some(answered.map_or(Earlier::OtherQuestion, |answered| {
            let decision = answered.stored.decision.clone();
            let acts = if decision.apply == Apply::Caller { answered.private.acts.clone() } else { Vec::new() };
            Earlier::Answered(Box::new(decision), acts)
        }))
    }

    pub(super) fn decided(&self, after: u64) -> impl Iterator<Item = &Stored> {
        self.decisions.range(after + 1..).map(|(_, known)| &known.stored)
    }

    pub(super) fn recall(&self, id: &DecisionId) -> Option<Recalled> {
        let known = self.decisions.values().find(|known| known.stored.decision.id == *id)?;
        let revision = known.stored.decision.revision;
        let seen = usize::try_from(revision).ok().and_then(|revision| self.log.get(revision.checked_sub(1)?));
        let EntryBody::Workspace { workspace, .. } = &seen?.body else { return None };
        Some(Recalled {
            stored: known.stored.clone(),
            private: Some(known.private.clone()),
            erased: None,
            effects: self.rows(|row| row.decision == known.stored.seq).collect(),
            workspace: (**workspace).clone(),
            calendar_files: Default::default(),
        })
    }

    pub(super) fn rows(&self, which: impl Fn(&Row) -> bool) -> impl Iterator<Item = OutboxRow> {
        self.outbox.iter().filter(move |row| which(row)).filter_map(|row| {
            let decision = &self.decisions.get(&row.decision)?.stored.decision;
            Some(row.shown(self.id.clone(), decision))
        })
    }

    /// Notes when an owner was confirmed and when a rep was told, the first time each.
    pub(super) fn stage(&mut self, decision: u64, owner: bool, told: bool, at: Timestamp) {
        let Some(known) = self.decisions.get_mut(&decision) else { return };
        let stages = &mut known.stored.stages;
        stages.owner_confirmed = stages.owner_confirmed.or(owner.then_some(at));
        stages.notified = stages.notified.or(told.then_some(at));
    }
}
