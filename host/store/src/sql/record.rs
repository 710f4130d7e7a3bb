//! Entries of a tenant's log, with everything that commits with them.
//!
//! Rows are made in the caller's task, so that the writer only binds and steps; `records`
//! writes them.

use std::collections::BTreeMap;

use async_trait::async_trait;
use rota_domain::decision::Outcome;
use rota_domain::effect::Act;
use rota_domain::fairness::Rotation;
use rota_domain::id::{RotationId, TenantId};
use rota_domain::load::LeadKind;
use rota_domain::person::PersonKey;
use rota_domain::transcript::shared::share;
use rota_flow::decide::is_joinable;
use rota_flow::ports::{Entry, EntryBody, Recorded, Settles, StoreError};
use serde_json::json;

use super::added;
use super::answered::CallRow;
use super::counters::Changes;
use super::decisions::{DecisionColumns, DecisionRows};
use super::dialect::{self, Connection};
use super::failure::Failure;
use super::given::GivenRow;
use super::lanes::{self, QueuedEffect};
use super::log::LogRow;
use super::people::People;
use super::private::Kind;
use super::records;
use super::revisions::OriginRow;
use super::rows::{CounterBody, DecisionBody, Why, json, micros, signed, unreadable};
use super::shared::Texts;
use super::turns::{Before, TurnBody};
use super::unit::Unit;
use super::waits;

/// Entries ready to be written after the number `expected`.
pub(super) struct Record {
    pub(super) tenant: TenantId,
    pub(super) expected: i64,
    pub(super) revision: Option<i64>,
    /// Whence the revisions among the entries came.
    pub(super) origins: Vec<OriginRow>,
    /// Rows of the inbox, each with the entry that settles it.
    pub(super) settled: BTreeMap<i64, i64>,
    pub(super) people: People,
    /// Entries that are no decisions.
    pub(super) log: Vec<LogRow>,
    pub(super) decisions: Vec<DecisionRows>,
    pub(super) statuses: BTreeMap<String, String>,
    pub(super) rotations: BTreeMap<String, String>,
    pub(super) counters: Changes,
    pub(super) added: added::Changes,
    /// Leads that were given to reps, where that is counted; and entries whose lead is open no more.
    pub(super) given: Vec<GivenRow>,
    pub(super) ended: Vec<i64>,
    /// By lead: what it waits for after these entries, if they change that.
    pub(super) waits: BTreeMap<String, Option<waits::Row>>,
    /// Large texts that the decisions name. Those that are known to be written may be left out.
    pub(super) shared: Texts,
    pub(super) effects: Vec<QueuedEffect>,
}

/// What entry after entry replaces, so that only the last of it is written out.
#[derive(Default)]
struct Latest {
    rotations: BTreeMap<RotationId, Rotation>,
    turn: Before,
}

impl Record {
    /// Makes rows of entries about these people.
    pub(super) fn new(people: People, expected: u64, entries: Vec<Entry>) -> Result<Self, StoreError> {
        let mut record = Self {
            tenant: people.keys().tenant.clone(),
            expected: signed(expected),
            revision: None,
            origins: Vec::new(),
            settled: BTreeMap::new(),
            people,
            log: Vec::new(),
            decisions: Vec::with_capacity(entries.len()),
            statuses: BTreeMap::new(),
            rotations: BTreeMap::new(),
            counters: Changes::new(),
            added: added::Changes::new(),
            given: Vec::new(),
            ended: Vec::new(),
            waits: BTreeMap::new(),
            shared: Texts::new(),
            effects: Vec::new(),
        };
        let mut latest = Latest::default();
        for (seq, entry) in (record.expected.saturating_add(1)..).zip(entries) {
            record.add(seq, entry, &mut latest)?;
        }
        for (id, rotation) in latest.rotations {
            let row = format_args!("the rotation of pool `{id}` of `{}`", record.tenant).to_string();
            record.rotations.insert(id.to_string(), json(&rotation, row)?);
        }
        Ok(record)
    }

    fn add(&mut self, seq: i64, entry: Entry, latest: &mut Latest) -> Result<(), StoreError> {
        let row = format_args!("entry {seq} of `{}`", self.tenant).to_string();
        let at = micros(entry.at);
        let call = match entry.inbox {
            Some(Settles::Row(id)) => {
                self.settled.entry(id).or_insert(seq);
                None
            }
            Some(Settles::Call(call)) => Some(CallRow::new(&self.people.keys().seed, &call, seq)),
            None => None,
        };
        let (kind, body) = match entry.body {
            EntryBody::Workspace { workspace, rotations, origin } => {
                self.revision = Some(seq);
                self.origins.extend(origin.map(|origin| OriginRow { seq, at, origin }));
                latest.rotations.extend(rotations);
                ("workspace", json(&*workspace, &row)?)
            }
            EntryBody::Rep { rep, status } => {
                self.statuses.insert(rep.to_string(), json(&status, &row)?);
                ("rep", json(&json!({"rep": rep, "status": status}), &row)?)
            }
            EntryBody::Counter { flow, name, value } => {
                let body = json(&json!({"flow": flow, "name": name, "value": value}), &row)?;
                self.counters.insert((flow, name), value);
                ("counter", body)
            }
            EntryBody::Rows(changes) => {
                added::extend(&mut self.added, &changes);
                ("rows", json(&json!({"rows": changes}), &row)?)
            }
            EntryBody::Closed { lead, given } => {
                self.ended.extend(given.map(signed));
                self.waits.insert(dialect::plain(lead.as_str()).to_string(), None);
                ("closed", json(&json!({"lead": lead, "given": given}), &row)?)
            }
            EntryBody::Responded { lead } => {
                self.waits.insert(dialect::plain(lead.as_str()).to_string(), None);
                ("responded", json(&json!({"lead": lead}), &row)?)
            }
            EntryBody::Declined { lead, rep, wait } => {
                let waiting = waits::waiting(&wait, &row)?;
                self.waits.insert(dialect::plain(lead.as_str()).to_string(), Some(waiting));
                ("declined", json(&json!({"lead": lead, "rep": rep}), &row)?)
            }
            EntryBody::Lapsed { lead, what } => ("lapsed", json(&json!({"lead": lead, "what": what}), &row)?),
            EntryBody::Decision(recorded) => return self.decision((seq, at), call, *recorded, latest),
        };
        self.log.push(LogRow { seq, at, kind, body });
        Ok(())
    }

    fn decision(
        &mut self,
        (seq, at): (i64, i64),
        call: Option<CallRow>,
        recorded: Recorded,
        latest: &mut Latest,
    ) -> Result<(), StoreError> {
        let row = format_args!("decision {seq} of `{}`", self.tenant).to_string();
        let Recorded {
            mut decision,
            person,
            mut private,
            turn,
            counters,
            rows,
            in_hand,
            waits,
            effects,
            stages,
            decide_nanos,
        } = recorded;
        if let Some(change) = waits::row(&waits, &row)? {
            self.waits.insert(dialect::plain(decision.lead.as_str()).to_string(), change);
        }
        self.ended.extend(in_hand.ended.map(signed));
        if let Some((rep, kinds)) = decision.rep.clone().zip(in_hand.given) {
            let lead = dialect::plain(decision.lead.as_str()).to_string();
            let kinds = kinds.iter().map(LeadKind::as_str).collect::<Vec<_>>().join(" ");
            self.given.push(GivenRow { entry: seq, at, rep, lead, kinds });
        }
        let place = self.people.place(&person).ok_or_else(|| unreadable(&row, "its person was not looked up"))?;
        let why = Why::take(&mut decision, &person);
        let why = self.word(place, Kind::Why, seq, &json(&why, &row)?);
        let answers;
        (private.transcript, answers) = share(&private.transcript);
        self.shared.extend(answers);
        let lead = self.word(place, Kind::Lead, seq, &json(&private, &row)?);
        let turn = match turn {
            Some((turn, rotation)) => {
                latest.rotations.insert(turn.rotation(), rotation);
                Some(TurnBody::new(turn, &mut latest.turn, &mut self.shared, &row)?)
            }
            None => None,
        };
        let counters: Vec<CounterBody> =
            counters.into_iter().map(|(flow, name, value)| CounterBody { flow, name, value }).collect();
        let changes = counters.iter().map(|now| ((now.flow.clone(), now.name.clone()), Some(now.value)));
        self.counters.extend(changes);
        added::extend(&mut self.added, &rows);
        let due =
            decision.response_due.filter(|_| effects.iter().any(|effect| matches!(effect.act, Act::Owner { .. })));
        for placed in lanes::placed(effects) {
            self.effects.push(QueuedEffect::new(&placed, seq, &self.people, place, at)?);
        }
        let columns = DecisionColumns {
            id: decision.id.to_string(),
            lead: dialect::plain(decision.lead.as_str()).to_string(),
            person: place,
            at: micros(decision.at),
            joinable: is_joinable(&decision),
            decide_nanos: signed(decide_nanos),
            unassigned: decision.queue.is_some() && matches!(decision.outcome, Outcome::Queue | Outcome::Pass),
            due: due.map(micros),
            stages,
        };
        let body = json(&DecisionBody { decision, turn, counters, rows }, &row)?;
        let entry = LogRow { seq, at, kind: "decision", body };
        self.decisions.push(DecisionRows { entry, columns, words: [why, lead], call });
        Ok(())
    }

    fn word(&self, place: usize, kind: Kind, seq: i64, text: &str) -> (Kind, Vec<u8>) {
        (kind, self.people.seal(place, kind, &seq.to_be_bytes(), text))
    }
}

/// Whom entries are about.
pub(super) fn persons(entries: &[Entry]) -> impl Iterator<Item = &PersonKey> {
    entries.iter().filter_map(|entry| match &entry.body {
        EntryBody::Decision(recorded) => Some(&recorded.person),
        _ => None,
    })
}

#[async_trait]
impl Unit for Record {
    type Answer = ();

    fn weight(&self) -> usize {
        let states = self.counters.len()
            + self.added.len()
            + self.shared.len()
            + self.given.len()
            + self.ended.len()
            + self.waits.len();
        self.log.len() + 6 * self.decisions.len() + 3 * self.effects.len() + states
    }

    async fn write(&self, connection: &mut Connection) -> Result<(), Failure> {
        records::write(connection, &[self]).await
    }
}
